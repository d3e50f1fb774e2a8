"""The demo's CRM: an HTTP/JSON service behind a bearer token, as moody as a real one.

    GET  /customers/{key}                     one customer, 404 for a stranger
    POST /customers/read  {"ids": [...]}      those it knows, in no order

It answers in 20 to 80 ms. Some calls meet a fault: 500, 429 with Retry-After, or an answer that takes 2 s.
"""

from __future__ import annotations

import hmac
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from aiohttp import web

from livemerge.clock import Clock
from livemerge.demo.people import Person

FASTEST_S: Final = 0.020
SLOWEST_S: Final = 0.080
SLOW_S: Final = 2.0  # a slow answer
RETRY_AFTER_S: Final = 1
MOST_IDS: Final = 100
MOST_BODY_BYTES: Final = 64_000
MOST_LASTING: Final = 1_000  # calls remembered that will fail once more
STOP_WITHIN_S: Final = 0.5  # answers under way get this long when the service stops

CrmRow = Mapping[str, Any]


class Fault(StrEnum):
    """What a call may meet."""

    ERROR = "error"  # 500
    BUSY = "busy"  # 429
    SLOW = "slow"


# What one retry does not mend: asked again, the same customers meet it once more.
LASTING: Final = frozenset({Fault.ERROR, Fault.SLOW})

# Dealt like cards, so that the shares hold in every run of some 200 calls, in which a lasting fault counts twice:
# 1 % answered with 500, 2 % with 429, 2 % slowly.
DECK: Final[tuple[Fault | None, ...]] = (
    Fault.ERROR,
    *[Fault.BUSY] * 4,
    *[Fault.SLOW] * 2,
    *[None] * 193,
)


@dataclass(slots=True)
class CrmFaults:
    """What the person at the demo turns. Changes act on the next call."""

    is_down: bool = False  # connections are dropped without an answer
    extra_delay_s: float = 0.0
    error_share: float = 0.0  # of the calls, on top of the deck
    has_moods: bool = True  # False: every call is healthy


@dataclass(slots=True)
class CrmStats:
    """What the CRM has seen since it started."""

    calls: int = 0
    customers: int = 0
    errors: int = 0
    busy: int = 0
    slow: int = 0
    dropped: int = 0
    unauthorised: int = 0


def crm_rows(customers: Iterable[Person], *, seed: int, now: datetime) -> dict[str, CrmRow]:
    """What the CRM knows, by customer key; updated within the six hours before `now`."""
    draw = random.Random(f"{seed}/crm")
    return {person.key: _row(person, draw, now) for person in customers if person.is_in_crm}


def _row(person: Person, draw: random.Random, now: datetime) -> CrmRow:
    updated_at = now - timedelta(seconds=draw.randrange(6 * 3600))
    return {
        "id": person.key,
        "name": {"first": person.first_name, "last": person.last_name},
        "tier": person.tier,
        "points": person.order_count * 120 + draw.randrange(0, 200, 5),
        "city": person.city,
        "updated_at": updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


class Crm:
    """The service, from `start` to `stop`."""

    def __init__(self, rows: Mapping[str, CrmRow], *, token: str, seed: int, clock: Clock) -> None:
        self.faults = CrmFaults()
        self.stats = CrmStats()
        self.url = ""  # known once it has started
        self._rows = rows
        self._expected = f"Bearer {token}".encode()
        self._draw = random.Random(f"{seed}/moods")
        self._clock = clock
        self._deck: list[Fault | None] = []
        self._lasting: dict[str, Fault] = {}  # first key of a call → what it meets once more
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listens on a free port of loopback."""
        app = web.Application(client_max_size=MOST_BODY_BYTES)
        app.router.add_get("/customers/{key}", self._one)
        app.router.add_post("/customers/read", self._many)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_WITHIN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _one(self, request: web.Request) -> web.Response:
        self._admit(request)
        key = request.match_info["key"]
        await self._weather(request, [key])
        row = self._rows.get(key)
        if row is None:
            raise _refusal(404, "no such customer")
        return web.json_response(row)

    async def _many(self, request: web.Request) -> web.Response:
        self._admit(request)
        keys = await _ids(request)
        await self._weather(request, keys)
        rows = [self._rows[key] for key in keys if key in self._rows]
        self._draw.shuffle(rows)
        return web.json_response(rows)

    def _admit(self, request: web.Request) -> None:
        presented = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(presented, self._expected):
            self.stats.unauthorised += 1
            raise _refusal(401, "wrong or missing token", {"WWW-Authenticate": "Bearer"})

    async def _weather(self, request: web.Request, keys: Sequence[str]) -> None:
        """Waits as long as this call takes. Raises what the call meets instead of an answer."""
        self.stats.calls += 1
        self.stats.customers += len(keys)
        if self.faults.is_down:
            self._drop(request)
        fault = self._fault(keys)
        self._count(fault)
        await self._clock.sleep(self._latency_s(fault))
        if self.faults.is_down:  # switched off while the call was under way
            self._drop(request)
        if fault is Fault.ERROR:
            raise _refusal(500, "internal error")
        if fault is Fault.BUSY:
            raise _refusal(429, "too many requests", {"Retry-After": str(RETRY_AFTER_S)})

    def _drop(self, request: web.Request) -> None:
        self.stats.dropped += 1
        if request.transport is not None:
            request.transport.abort()
        raise _refusal(503, "down")  # reaches nobody: the connection is gone

    def _fault(self, keys: Sequence[str]) -> Fault | None:
        first = keys[0] if keys else ""
        if again := self._lasting.pop(first, None):
            return again
        fault = self._dealt()
        if fault in LASTING and len(self._lasting) < MOST_LASTING:
            self._lasting[first] = fault
        return fault

    def _dealt(self) -> Fault | None:
        if self.faults.error_share and self._draw.random() < self.faults.error_share:
            return Fault.ERROR
        if not self.faults.has_moods:
            return None
        if not self._deck:
            self._deck = self._draw.sample(DECK, len(DECK))
        return self._deck.pop()

    def _latency_s(self, fault: Fault | None) -> float:
        own_s = SLOW_S if fault is Fault.SLOW else self._draw.uniform(FASTEST_S, SLOWEST_S)
        return own_s + self.faults.extra_delay_s

    def _count(self, fault: Fault | None) -> None:
        self.stats.errors += fault is Fault.ERROR
        self.stats.busy += fault is Fault.BUSY
        self.stats.slow += fault is Fault.SLOW


async def _ids(request: web.Request) -> list[str]:
    try:
        ids = (await request.json())["ids"]
    except (ValueError, KeyError, TypeError):
        raise _refusal(400, 'the body is no JSON object {"ids": [...]}') from None
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise _refusal(400, "ids is no list of text")
    if len(ids) > MOST_IDS:
        raise _refusal(400, f"more than {MOST_IDS} ids")
    return ids


def _refusal(status: int, what: str, headers: Mapping[str, str] | None = None) -> web.HTTPException:
    """An answer without a customer, as JSON."""
    kinds: dict[int, type[web.HTTPException]] = {
        400: web.HTTPBadRequest,
        401: web.HTTPUnauthorized,
        404: web.HTTPNotFound,
        429: web.HTTPTooManyRequests,
        500: web.HTTPInternalServerError,
        503: web.HTTPServiceUnavailable,
    }
    return kinds[status](text=json.dumps({"error": what}), content_type="application/json", headers=headers)
