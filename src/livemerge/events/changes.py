"""Who changed: told by the process that learns it, heeded by every process that remembers something older."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from livemerge.clock import Clock
from livemerge.store import Store
from livemerge.values import Key

EVERY_SOURCE: Final = ""
EVERYBODY: Final[Key] = ""
MOST_APART: Final = 1_000  # customers told of one by one; more at once are the whole source
MOST_READ: Final = 10_000  # of one look; beyond it the older ones are the whole source
OVERLAP_S: Final = 10.0  # looked at again: a transaction that ends late, another machine's clock

TELL: Final = """
INSERT INTO changed (source, key, changed_at) VALUES (:source, :key, :at)
ON CONFLICT (source, key) DO UPDATE SET changed_at = excluded.changed_at
"""
SINCE: Final = "SELECT source, key, changed_at FROM changed WHERE changed_at >= ? ORDER BY changed_at DESC LIMIT ?"
FORGET: Final = "DELETE FROM changed WHERE changed_at < ?"


@dataclass(frozen=True, slots=True)
class Change:
    """What this source (or EVERY_SOURCE) said of this key (or of EVERYBODY) before counts no more."""

    source: str
    key: Key
    at: datetime


class Changes:
    """The table of changes, and those that this process told and has not heeded yet."""

    def __init__(self, store: Store, clock: Clock, *, keep_s: float) -> None:
        """keep_s: for which anything is remembered at most."""
        self._store = store
        self._clock = clock
        self._keep = timedelta(seconds=keep_s + OVERLAP_S)
        self._looked_at: datetime | None = None
        self._news: deque[Change] = deque()  # told in any thread, heeded in the event loop's

    def tell(self, sources: Iterable[str], keys: Sequence[Key]) -> None:
        """Tells of them, as part of the transaction that makes the change. Raises StoreError."""
        if not keys:
            return
        now = self._clock.now()
        named = keys if len(keys) <= MOST_APART else [EVERYBODY]
        told = [Change(source, key, now) for source in sources for key in sorted(named)]  # one order: no deadlocks
        rows = [{"source": one.source, "key": one.key, "at": one.at.timestamp()} for one in told]
        with self._store.transaction():
            self._store.run(FORGET, ((now - self._keep).timestamp(),))
            self._store.run_many(TELL, rows)
        self._news.extend(told)

    def look(self) -> Sequence[Change]:
        """What all processes told since the last look; some of it may be known. Raises StoreError."""
        now = self._clock.now()
        last = self._looked_at if self._looked_at is not None and self._looked_at <= now else now - self._keep
        since_s = (last - timedelta(seconds=OVERLAP_S)).timestamp()
        found = [
            Change(row["source"], row["key"], datetime.fromtimestamp(row["changed_at"], UTC))
            for row in self._store.rows(SINCE, (since_s, MOST_READ))
        ]
        if len(found) == MOST_READ:  # who knows which others there are
            found.append(Change(EVERY_SOURCE, EVERYBODY, found[-1].at))
        self._looked_at = now
        return found

    def told_here(self) -> Sequence[Change]:
        """What this process told since this was last called."""
        return [self._news.popleft() for _ in range(len(self._news))]
