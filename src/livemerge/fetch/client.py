"""The one way from a template to the network: declared hosts, one attempt at a time, every wait and size bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from livemerge import config
from livemerge.clock import Clock
from livemerge.errors import SourceError
from livemerge.fetch.addresses import PublicAddresses
from livemerge.fetch.health import FAILING, Health
from livemerge.fetch.remembered import Remembered, key_of
from livemerge.fetch.rules import origin_of, read_rules
from livemerge.fetch.text import NOTHING, text_reply
from livemerge.sources.credential import Credential, ReadSecret, read_credential
from livemerge.sources.exchange import Peer, exchange
from livemerge.sources.exchange import Request as WireRequest
from livemerge.template import Reply, Request

MAX_RETRIES: Final = 5  # whatever a template asks for; Braze's own number
FIRST_PAUSE_S: Final = 0.1  # before a retry, twice as long before each further one


@dataclass(frozen=True, slots=True)
class Fetched:
    """One request of a message and what came of it. Holds no query, header or body of the request."""

    method: str
    host: str
    path: str
    status: int  # 0: no answer
    took_ms: int
    is_remembered: bool  # another customer's reply was young enough
    reply: Reply

    @property
    def has_failed(self) -> bool:
        """Whether the host gave no answer, or one that asks to come again."""
        return has_failed(self.status)

    @property
    def told_error(self) -> str:
        """What went wrong, empty where nothing did."""
        if not self.has_failed:
            return ""
        return f"answered with status {self.status}" if self.status else "gave no answer"

    @property
    def told(self) -> str:
        """Whom it asked, what came, and how long that took, in one line for people."""
        came = f"status {self.status}" if self.status else "no answer"
        took = "from another customer's" if self.is_remembered else f"in {self.took_ms} ms"
        return f"{self.method} {self.host or 'no address'}{self.path}: {came} {took}"


@dataclass(frozen=True, slots=True)
class _Shared:
    """A call that several may wait for."""

    task: asyncio.Task[Reply]
    begun: asyncio.Event  # it has a slot, or has ended


class FetchClient:
    """Asks what templates want to know. Failures of others are replies of status 0, never errors."""

    def __init__(
        self, section: config.Fetch, credentials: Mapping[str, Credential], clock: Clock, names: AbstractResolver | None
    ) -> None:
        self._section = section
        self._rules = read_rules(section)
        self._credentials = credentials
        self._clock = clock
        self._names = names
        self._remembered = Remembered(clock)
        self._health = Health(clock)
        self._slots = asyncio.Semaphore(section.connections)
        self._under_way: dict[Request, _Shared] = {}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        tasks = [shared.task for shared in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def fetch(self, request: Request, within_s: float) -> tuple[Fetched, float]:
        """What came of a request, and the seconds of the message's time it took; waiting for a slot takes none.

        Raises Refused for what is not allowed.
        """
        url = self._rules.admitted(request)
        if url is None:
            return Fetched(request.method, "", "", 0, 0, False, NOTHING), 0.0
        known = self._remembered.get(request)
        if known is not None:
            return _fetched(request, url, known, 0.0, is_remembered=True), 0.0
        if request.max_age_s:
            reply, took_s = await self._ask_together(request, url, within_s)
        else:
            reply, took_s = await self._ask_in_turn(request, url, within_s)
        return _fetched(request, url, reply, took_s, is_remembered=False), took_s

    async def _ask_together(self, request: Request, url: URL, within_s: float) -> tuple[Reply, float]:
        """Customers who ask the same at the same time share one call; each waits for it by their own time.

        Where nobody waits any more the call goes on, by its own time, for those who ask after.
        """
        key = key_of(request)
        shared = self._under_way.get(key)
        if shared is None:
            begun = asyncio.Event()
            shared = self._under_way[key] = _Shared(asyncio.create_task(self._ask_and_keep(request, url, begun)), begun)
            shared.task.add_done_callback(lambda task: self._end(key, task))
        await shared.begun.wait()  # for a slot, which takes nobody's time
        started_s, reply = self._clock.monotonic_s(), NOTHING
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                reply = await asyncio.shield(shared.task)
        return reply, self._clock.monotonic_s() - started_s

    def _end(self, key: Request, task: asyncio.Task[Reply]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waited has it; where nobody does, nobody misses it

    async def _ask_and_keep(self, request: Request, url: URL, begun: asyncio.Event) -> Reply:
        try:
            async with self._slots:
                begun.set()
                reply = await self._ask(request, url, inf)
        finally:
            begun.set()
        self._remembered.keep(request, reply)
        return reply

    async def _ask_in_turn(self, request: Request, url: URL, within_s: float) -> tuple[Reply, float]:
        async with self._slots:
            started_s = self._clock.monotonic_s()
            reply = await self._ask(request, url, within_s)
            return reply, self._clock.monotonic_s() - started_s

    async def _ask(self, request: Request, url: URL, within_s: float) -> Reply:
        """The reply, after as many attempts as the template asked for and the time allows."""
        ends_at_s = self._clock.monotonic_s() + within_s
        pause_s, reply = FIRST_PAUSE_S, NOTHING
        for attempt in range(min(request.retries, MAX_RETRIES) + 1):
            if attempt:
                await self._clock.sleep(pause_s)
                pause_s *= 2
            left_s = ends_at_s - self._clock.monotonic_s()
            if left_s <= 0 or self._health.is_resting(url.host or ""):
                return reply
            reply = await self._attempt(request, url, left_s)
            self._health.note(url.host or "", reply.status)
            has_time = ends_at_s - self._clock.monotonic_s() > pause_s
            if not has_failed(reply.status) or not has_time:
                return reply
        return reply

    async def _attempt(self, request: Request, url: URL, left_s: float) -> Reply:
        timeout_s = self._section.timeout_ms / 1000 if request.timeout_s is None else request.timeout_s
        try:
            async with asyncio.timeout(min(timeout_s, left_s)):
                return await self._exchange(request, url)
        except (TimeoutError, SourceError, ValueError):  # ValueError: aiohttp's word for what it cannot send
            return NOTHING

    async def _exchange(self, request: Request, url: URL) -> Reply:
        session = self._open()
        credential = self._credentials.get(request.credentials, Credential())
        proofs = dict(credential.headers)
        if credential.tokens is not None:
            proofs["Authorization"] = f"Bearer {await credential.tokens.token(session)}"
        wire = WireRequest(
            request.method,
            _with_query(url, credential.query),
            _headers(request, proofs),
            request.body.encode("utf-8", "replace") if request.method == "POST" else None,
        )
        peer = Peer("fetch", url.host or "", self._section.max_bytes)
        answer = await exchange(session, wire, peer)
        body = b"" if 300 <= answer.status < 400 else answer.body
        return text_reply(answer.status, answer.headers, body, is_html_trusted=origin_of(url) in self._rules.html)

    def _open(self) -> aiohttp.ClientSession:
        """The session, made at the first call because it belongs to the running loop."""
        if self._session is None:
            names = PublicAddresses(self._names or aiohttp.ThreadedResolver(), self._private())
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._section.connections, resolver=names),
                timeout=aiohttp.ClientTimeout(total=None),  # each attempt has a time of its own
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _private(self) -> frozenset[str]:
        """Hosts that may have internal addresses: declared ones, and those the project's own tokens come from."""
        declared = (each.auth.oauth2 for each in self._section.credential.values())
        return self._rules.private | {URL(each.token_url).raw_host or "" for each in declared if each}


def make_fetch_client(
    section: config.Fetch, *, read_secret: ReadSecret, clock: Clock, names: AbstractResolver | None = None
) -> FetchClient:
    """The client a project declares. Raises ConfigError for a secret that is missing."""
    credentials = {
        name: read_credential(each.auth, where=f"fetch.credential.{name}.auth", read_secret=read_secret, clock=clock)
        for name, each in section.credential.items()
    }
    return FetchClient(section, credentials, clock, names)


def _fetched(request: Request, url: URL, reply: Reply, took_s: float, *, is_remembered: bool) -> Fetched:
    took_ms = round(took_s * 1000)
    return Fetched(request.method, url.host or "", url.raw_path, reply.status, took_ms, is_remembered, reply)


def has_failed(status: int) -> bool:
    """Whether there was no answer, or one that asks to come again."""
    return status in FAILING or status >= 500


def _headers(request: Request, proofs: Mapping[str, str]) -> Mapping[str, str]:
    """What the template sends, but who asks, with which proof, and that nothing is packed is ours to say.

    Nothing in a packed body tells that its end is missing, once it is unpacked piece by piece.
    """
    own = {"User-Agent": "livemerge", "Accept-Encoding": "identity", **proofs}
    taken = {name.lower() for name in own}
    return {**{name: value for name, value in request.headers if name.lower() not in taken}, **own}


def _with_query(url: URL, query: str) -> URL:
    """The address with a piece of query added."""
    return URL(f"{url}{'&' if url.query_string else '?'}{query}", encoded=True) if query else url
