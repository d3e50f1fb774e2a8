"""A cache tier outside this process, kept at arm's length: it may be slow, hang or be gone, and nobody waits for it.

What is read comes within READ_WITHIN_S (and READ_A_KEY_S for each key) or counts as unknown. What is written waits in
a bounded queue and goes out behind the answer. After a failure nobody asks for a while, each time longer, so that a
tier that is gone costs nothing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Final, Protocol, TypeAlias

import structlog

from livemerge.clock import Clock
from livemerge.values import Key

READ_WITHIN_S: Final = 0.03  # of the 150 ms an answer may take; a healthy one needs 1 to 3
READ_A_KEY_S: Final = 0.0002  # more for each: the 500 customers of a chunk take 1 to 6 ms, and are in no hurry
WRITE_WITHIN_S: Final = 1.0
REST_S: Final = 0.5  # after a failure; doubled with each further one
MAX_REST_S: Final = 10.0
MAX_WAITING_ROWS: Final = 20_000  # not yet written; past that the oldest are forgotten
ROWS_AT_ONCE: Final = 500
MAX_ROW_BYTES: Final = 256 * 1024  # a larger one is asked for again instead

log = structlog.get_logger(__name__)

Place: TypeAlias = tuple[str, Key]
"""What names a row: its source's cache name, and the key there."""

Row: TypeAlias = tuple[bytes, datetime]
"""A row's octets, and when to forget it."""


class Tier(Protocol):
    """Where rows are kept. What it raises counts as a failure, whatever it is."""

    async def read(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """The rows that are known."""

    async def write(self, rows: Mapping[Place, Row]) -> None:
        """Keeps rows."""

    async def close(self) -> None:
        """Gives connections back."""


class Remote:
    """A tier that cannot hurt: reads give nothing and writes are dropped while it fails."""

    def __init__(self, tier: Tier, clock: Clock, *, called: str) -> None:
        self._tier = tier
        self._clock = clock
        self._called = called
        self._waiting: OrderedDict[Place, Row] = OrderedDict()
        self._writing: asyncio.Task[None] | None = None
        self._rests_until_s = 0.0  # monotonic
        self._failures = 0  # in a row
        self.lost = 0  # rows that were never written

    @property
    def is_resting(self) -> bool:
        """Whether it failed a moment ago, and is left alone."""
        return self._clock.monotonic_s() < self._rests_until_s

    async def read(self, places: Sequence[Place], *, within_s: float = inf) -> Mapping[Place, bytes]:
        """What is known of these; nothing where the tier does not say so in time.

        within_s: where whoever asks has less time than a healthy tier may take. That is no failure of the tier.
        """
        if not places or self.is_resting:
            return {}
        fair_s = READ_WITHIN_S + len(places) * READ_A_KEY_S
        try:
            async with asyncio.timeout(min(within_s, fair_s)):
                found = await self._tier.read(places)
        except Exception as error:
            if within_s >= fair_s or not isinstance(error, TimeoutError):
                self._failed(error)
            return {}
        self._failures = 0
        return found

    def write(self, rows: Mapping[Place, Row]) -> None:
        """Has the rows written soon. Without a running event loop they wait for `flush`."""
        for place, row in rows.items():
            if len(row[0]) <= MAX_ROW_BYTES:
                self._waiting[place] = row
                self._waiting.move_to_end(place)
        while len(self._waiting) > MAX_WAITING_ROWS:
            self._waiting.popitem(last=False)
            self.lost += 1
        if self._waiting and (self._writing is None or self._writing.done()):
            self._start_writing()

    async def flush(self) -> None:
        """Writes what waits; what cannot be written is forgotten."""
        while self._waiting:
            part = dict(self._waiting.popitem(last=False) for _ in range(min(ROWS_AT_ONCE, len(self._waiting))))
            if self.is_resting:
                self.lost += len(part)
                continue
            try:
                async with asyncio.timeout(WRITE_WITHIN_S):
                    await self._tier.write(part)
            except Exception as error:
                self.lost += len(part)
                self._failed(error)

    async def close(self) -> None:
        """Writes what waits, and lets go of the tier."""
        if self._writing is not None and not self._writing.done():
            await self._writing
        await self.flush()
        try:
            async with asyncio.timeout(WRITE_WITHIN_S):
                await self._tier.close()
        except Exception as error:
            self._failed(error)

    def _start_writing(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._writing = loop.create_task(self.flush())

    def _failed(self, error: Exception) -> None:
        rest_s = min(MAX_REST_S, REST_S * 2.0 ** min(self._failures, 10))
        if self._failures == 0:  # told once, not for each request
            log.warning("the shared cache failed", cache=self._called, error=type(error).__name__)
        self._failures += 1
        self._rests_until_s = self._clock.monotonic_s() + rest_s
