"""What changed elsewhere, looked for in the background: nobody waits for it, and it is heeded within a second or so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from livemerge.clock import Clock
from livemerge.errors import StoreError
from livemerge.events import Change, Changes
from livemerge.store import Store

EVERY_S: Final = 1.0
FIRST_WITHIN_S: Final = 0.05  # of a process that just began: what it finds in a shared tier may be outdated

log = structlog.get_logger(__name__)


class Heeding:
    """Looks for changes, now and then while somebody resolves, and each second in a process that serves."""

    def __init__(self, changes: Changes, store: Store, clock: Clock) -> None:
        self._changes = changes
        self._store = store
        self._clock = clock
        self._looked_at_s = float("-inf")  # monotonic
        self._has_looked = False
        self._looking: asyncio.Task[None] | None = None

    async def heed(self, forget: Callable[[Sequence[Change]], None]) -> None:
        """Forgets what this process was told of changes; what others were told is looked for behind this."""
        if told := self._changes.told_here():
            forget(told)
        is_due = self._clock.monotonic_s() - self._looked_at_s >= EVERY_S
        if is_due and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self.look(forget))
        if not self._has_looked and self._looking is not None:
            await asyncio.wait({self._looking}, timeout=FIRST_WITHIN_S)
            self._has_looked = True

    async def look(self, forget: Callable[[Sequence[Change]], None]) -> None:
        """Forgets what changed anywhere since the last look. While the store cannot be read, nothing is news."""
        self._looked_at_s = self._clock.monotonic_s()
        try:
            found = await self._store.apart(self._changes.look)
        except StoreError as error:
            log.debug("changes cannot be read", error=error.what)
            return
        if found:
            forget(found)
