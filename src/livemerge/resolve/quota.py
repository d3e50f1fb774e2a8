"""How many calls a source allows per second and per day: a turn for each call, soon, or none."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

from livemerge.clock import Clock
from livemerge.errors import StoreError
from livemerge.store import Store

LEASES_A_SECOND: Final = 20  # looks into the store, at most, for a second's or a day's turns
KEPT_FOR_S: Final = 2 * 86_400  # counts of past days and seconds

log = structlog.get_logger(__name__)

TAKE: Final = """
INSERT INTO source_quota (source, span, used, ends_at) VALUES (:source, :span, :turns, :ends_at)
ON CONFLICT (source, span) DO UPDATE SET used = source_quota.used + excluded.used
RETURNING used
"""
FORGET: Final = "DELETE FROM source_quota WHERE ends_at < :before"


class Quota(Protocol):
    """What one source allows."""

    async def turn(self, most_wait_s: float) -> float | None:
        """Seconds to wait before the call, 0 for none; None, and nothing taken, where no turn comes in that time."""


class ProcessQuota:
    """Counted in this process alone: never more than `per_s` calls in any one second."""

    def __init__(self, clock: Clock, *, per_s: int | None = None, per_day: int | None = None) -> None:
        self._clock = clock
        self._per_day = per_day
        self._today: tuple[str, int] = ("", 0)
        self._turns_at_s: deque[float] | None = (
            deque(maxlen=per_s) if per_s else None
        )  # the last second's, oldest first

    async def turn(self, most_wait_s: float) -> float | None:
        now_s, day = self._clock.monotonic_s(), self._clock.now().date().isoformat()
        used = self._today[1] if self._today[0] == day else 0
        if self._per_day is not None and used >= self._per_day:
            return None
        turns = self._turns_at_s
        is_full = turns is not None and len(turns) == turns.maxlen
        wait_s = max(0.0, turns[0] + 1.0 - now_s) if turns is not None and is_full else 0.0
        if wait_s > most_wait_s:
            return None
        self._today = (day, used + 1)
        if turns is not None:
            turns.append(now_s + wait_s)
        return wait_s


@dataclass(slots=True)
class _Lease:
    """Turns taken from the store for one span, not yet used."""

    span: str = ""
    turns: int = 0


class StoreQuota:
    """Counted in the store, for all processes that share it; whole seconds and days in UTC.

    Turns are leased some at a time; those of a process that dies count as used. Without its store a source is asked
    all the same: calling too often is mended by a 429, not calling is seen by customers.
    """

    def __init__(
        self, source: str, store: Store, clock: Clock, *, per_s: int | None = None, per_day: int | None = None
    ) -> None:
        self._source = source
        self._store = store
        self._clock = clock
        self._per_s = per_s
        self._per_day = per_day
        self._second, self._day = _Lease(), _Lease()
        self._one_at_a_time = asyncio.Lock()

    async def turn(self, most_wait_s: float) -> float | None:
        async with self._one_at_a_time:
            return await self._turn(most_wait_s)

    async def _turn(self, most_wait_s: float) -> float | None:
        now = self._clock.now()
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if self._per_day is not None and not await self._has(self._day, self._per_day, day, timedelta(days=1)):
            return None
        wait_s = await self._second_with_a_turn(now, most_wait_s)
        if wait_s is None:
            return None
        self._day.turns -= self._per_day is not None
        self._second.turns -= self._per_s is not None
        return wait_s

    async def _second_with_a_turn(self, now: datetime, most_wait_s: float) -> float | None:
        """Seconds until the first second, from this one on, that has turns left."""
        if self._per_s is None:
            return 0.0
        second = now.replace(microsecond=0)
        while (wait_s := max(0.0, (second - now).total_seconds())) <= most_wait_s:
            if await self._has(self._second, self._per_s, second, timedelta(seconds=1)):
                return wait_s
            second += timedelta(seconds=1)
        return None

    async def _has(self, lease: _Lease, most: int, begins_at: datetime, lasts: timedelta) -> bool:
        """Whether the span has a turn for this process; leases some where it can."""
        span = f"{begins_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}/{lasts.total_seconds():.0f}"
        if lease.span == span and lease.turns > 0:
            return True
        wanted = max(1, most // LEASES_A_SECOND // (100 if lasts.days else 1))
        try:
            used = await self._store.apart(lambda: self._take(span, wanted, begins_at + lasts))
        except StoreError as error:
            log.warning("a source's quota could not be counted", source=self._source, error=error.what)
            lease.span, lease.turns = span, 1
            return True
        lease.span, lease.turns = span, max(0, wanted - max(0, used - most))
        return lease.turns > 0

    def _take(self, span: str, turns: int, ends_at: datetime) -> int:
        """How many turns of the span are used, with these. Raises StoreError."""
        row = {"source": self._source, "span": span, "turns": turns, "ends_at": ends_at.timestamp()}
        with self._store.hasty():
            used = int(self._store.rows(TAKE, row)[0][0])
            if used == turns:  # the first of its span: a good moment to forget older ones
                self._store.run(FORGET, {"before": self._clock.now().timestamp() - KEPT_FOR_S})
        return used
