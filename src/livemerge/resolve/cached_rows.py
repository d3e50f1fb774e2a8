"""The table of the store that remembers rows: beside the project in SQLite, shared by all processes in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

from livemerge.clock import Clock
from livemerge.resolve.remote import Place, Row
from livemerge.store import Store
from livemerge.values import Key

MAX_ROWS_IN_STORE: Final = 500_000
MAX_ROWS_A_STATEMENT: Final = 500  # bind values; SQLite's own limit was 999 for long
SWEEP_EVERY_ROWS: Final = 5_000  # written; a sweep looks through the index of expiry, some 10 ms at most
SWEPT_AT_ONCE: Final = 10_000  # twice what came since: the table shrinks, and nobody waits long

READ_ROWS: Final = "SELECT source, key, body FROM cached_row WHERE expires_at >= ? AND ({})"
OF_SOURCE: Final = "source = ? AND key IN ({})"
WRITE_ROW: Final = """
INSERT INTO cached_row (source, key, body, expires_at) VALUES (?, ?, ?, ?)
ON CONFLICT (source, key) DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at
"""
SWEEP: Final = """
DELETE FROM cached_row WHERE (source, key) IN (
    SELECT source, key FROM cached_row
    WHERE expires_at <= (
        SELECT CASE WHEN nth.expires_at > :now THEN nth.expires_at ELSE :now END FROM (
            SELECT (SELECT expires_at FROM cached_row ORDER BY expires_at DESC LIMIT 1 OFFSET :most) AS expires_at
        ) AS nth)
    ORDER BY expires_at LIMIT :at_once)
"""


class CachedRows:
    """The table `cached_row`. Every method raises StoreError."""

    def __init__(self, store: Store, clock: Clock, *, max_rows: int = MAX_ROWS_IN_STORE) -> None:
        self._store = store
        self._clock = clock
        self._max_rows = max_rows
        self._unswept = 0

    def find(self, places: Iterable[Place]) -> dict[Place, bytes]:
        """The rows that are known and not expired."""
        found: dict[Place, bytes] = {}
        storable = [place for place in places if _is_storable(place[1])]
        now_s = self._clock.now().timestamp()
        for start in range(0, len(storable), MAX_ROWS_A_STATEMENT):
            of_source: dict[str, list[Key]] = {}
            for name, key in storable[start : start + MAX_ROWS_A_STATEMENT]:
                of_source.setdefault(name, [name]).append(key)
            sql = _reading(tuple(map(len, of_source.values())))
            for name, key, body in self._store.rows(sql, (now_s, *chain.from_iterable(of_source.values()))):
                found[name, key] = bytes(body)
        return found

    def keep(self, rows: Mapping[Place, Row]) -> None:
        """Writes rows; now and then forgets those that are past their time."""
        with self._store.hasty():
            self._store.run_many(
                WRITE_ROW,
                [
                    (name, key, body, expires_at.timestamp())
                    for (name, key), (body, expires_at) in sorted(rows.items())  # one order: writers never deadlock
                    if _is_storable(key)
                ],
            )
            self._unswept += len(rows)
            if self._unswept >= SWEEP_EVERY_ROWS:
                self._unswept = 0
                self.sweep()

    def sweep(self) -> int:
        """Deletes rows that are past their time, then the nearest to it where there are too many.

        Gives how many; SWEPT_AT_ONCE at most.
        """
        now_s = self._clock.now().timestamp()
        return self._store.run(SWEEP, {"now": now_s, "most": self._max_rows, "at_once": SWEPT_AT_ONCE})


class CachedRowsApart:
    """The same table where a server keeps it: asked in threads. Fit to be kept at arm's length."""

    def __init__(self, rows: CachedRows, store: Store) -> None:
        self._rows = rows
        self._store = store

    async def read(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """The rows that are known."""
        return await self._store.apart(lambda: self._rows.find(places))

    async def write(self, rows: Mapping[Place, Row]) -> None:
        """Keeps rows."""
        await self._store.apart(lambda: self._rows.keep(rows))

    async def close(self) -> None:
        """The store is closed by who opened it."""


@lru_cache(maxsize=64)
def _reading(lengths: tuple[int, ...]) -> str:
    """The statement that reads so many names and keys of each source."""
    return READ_ROWS.format(" OR ".join(OF_SOURCE.format(", ".join("?" * (length - 1))) for length in lengths))


def _is_storable(key: Key) -> bool:
    """Whether the key can be kept as text. One that cannot must not cost the others their rows."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in key
