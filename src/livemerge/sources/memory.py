"""Rows held in memory, with delay and failure to order: the fake for tests and rehearsals."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from livemerge.catalog import Field
from livemerge.clock import Clock
from livemerge.errors import SourceError
from livemerge.sources.source import unaskable
from livemerge.values import Answer, Key, Row

MAX_REMEMBERED_CALLS = 10_000


class MemorySource:
    """Answers from `rows`. `delay_s` and `error` may be changed at any time and hold for the next call."""

    def __init__(
        self,
        name: str,
        rows: Mapping[Key, Row],
        *,
        clock: Clock,
        max_batch: int = 500,
        connections: int = 10,
        delay_s: float = 0.0,
        error: SourceError | None = None,
    ) -> None:
        self.name = name
        self.max_batch = max_batch
        self.connections = connections
        self.rows = dict(rows)
        self.delay_s = delay_s
        self.error = error
        self.calls: deque[tuple[Key, ...]] = deque(maxlen=MAX_REMEMBERED_CALLS)  # the keys of each call, oldest first
        self._clock = clock

    async def fetch(self, keys: Sequence[Key], fields: Sequence[Field]) -> Answer:
        self.calls.append(tuple(keys))
        if self.delay_s:
            await self._clock.sleep(self.delay_s)
        if self.error is not None:
            raise self.error
        refused = unaskable(keys)
        rows = {key: self.rows[key] for key in keys if key in self.rows and key not in refused}
        return Answer(rows, row_errors=refused)

    async def close(self) -> None:
        """Nothing is held open."""
