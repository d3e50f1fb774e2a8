"""What sources said, remembered per source and key: in process first, then in one tier outside it.

That tier is the store's table, asked on the spot where the store is a file; where several processes work together it
is a server (PostgreSQL's table, or Redis), kept at arm's length. Holds only fields that declare `max_age` or
`stale_for`, and forgets them when both have passed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import inf
from typing import Final

import msgspec
import structlog

from livemerge.catalog import Catalog
from livemerge.clock import Clock
from livemerge.errors import StoreError
from livemerge.events import EVERY_SOURCE, EVERYBODY, Change
from livemerge.resolve.cached_rows import MAX_ROWS_IN_STORE, CachedRows, CachedRowsApart
from livemerge.resolve.changed import Changed
from livemerge.resolve.ladder import Known, is_fresh
from livemerge.resolve.remote import Place, Remote, Tier
from livemerge.resolve.row_codec import Remembered, decode, encode
from livemerge.store import Store
from livemerge.values import Key

__all__ = ["Cache", "Remembered"]

MAX_ROWS_IN_PROCESS: Final = 100_000  # some 100 MB at 1 KB a row
STRANGERS_ONE_IN: Final = 10  # of these rows: keys that a source has no row of

log = structlog.get_logger(__name__)


class Cache:
    """Two tiers that agree: every write goes to both, every miss in process is looked up in the other.

    A tier that cannot be read or written costs itself, never an answer.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        store: Store | None,
        *,
        shared: Tier | None = None,
        max_rows: int = MAX_ROWS_IN_PROCESS,
        max_stored_rows: int = MAX_ROWS_IN_STORE,
    ) -> None:
        """shared: the server that takes the place of the store's table."""
        self._catalog = catalog
        self._clock = clock
        self._max_rows = max_rows
        self._table = None if store is None else CachedRows(store, clock, max_rows=max_stored_rows)
        if shared is None and store is not None and self._table is not None and store.dialect != "sqlite":
            shared = CachedRowsApart(self._table, store)
        self._remote = None if shared is None else Remote(shared, clock, called=type(shared).__name__)
        self._rows: OrderedDict[tuple[str, Key], Remembered] = OrderedDict()
        self._strangers: OrderedDict[tuple[str, Key], None] = OrderedDict()  # remembered as having no row
        self._changed = Changed()
        self._names = {source: _cache_name(catalog, source) for source in catalog.sources}
        self._sources = {name: source for source, name in self._names.items()}
        self._keeps = {
            name: timedelta(seconds=field.max_age_s + field.stale_for_s)
            for name, field in catalog.fields.items()
            if field.max_age_s + field.stale_for_s
        }

    async def find_many(self, source: str, keys: Iterable[Key]) -> dict[Key, Remembered]:
        """What is remembered of these keys, fresh or stale; unknown keys are left out.

        A server is asked for what this process does not have fresh, and waited for some milliseconds at most.
        """
        return (await self.find_all({source: list(keys)}))[source]

    async def find_all(
        self, asked: Mapping[str, Sequence[Key]], *, within_s: float = inf
    ) -> dict[str, dict[Key, Remembered]]:
        """The same of several sources, in one look."""
        now = self._clock.now()
        found = self._find_here(asked, now)
        if self._remote is not None and not self._remote.is_resting:
            wanted = [
                (self._names[source], key)
                for source, keys in asked.items()
                for key in keys
                if (row := found[source].get(key)) is None or not self._is_fresh(row, now)
            ]
            self._learn(await self._remote.read(wanted, within_s=within_s), found, now)
        return found

    def forget(self, changes: Iterable[Change]) -> Sequence[Change]:
        """What was learned before a change counts no more, in any tier; gives the changes that are news."""
        news = [change for change in changes if self._changed.add(change)]
        for change in news:
            if change.key != EVERYBODY:
                sources = self._names if change.source == EVERY_SOURCE else [change.source]
                for source in sources:
                    self._rows.pop((source, change.key), None)
            else:
                outdated = [place for place in self._rows if change.source in (EVERY_SOURCE, place[0])]
                for place in outdated:
                    del self._rows[place]
        return news

    async def close(self) -> None:
        """Writes what waits to be written, and lets go of the server."""
        if self._remote is not None:
            await self._remote.close()

    def get_many(self, source: str, keys: Sequence[Key]) -> dict[Key, Remembered]:
        """The same, of this process and of the file beside it: no server is asked."""
        return self._find_here({source: keys}, self._clock.now())[source]

    def held(self, source: str, key: Key) -> Remembered | None:
        """What is remembered in this process, fresh or stale; None too where only another tier has it."""
        row = self._rows.get((source, key))
        if row is not None:
            self._rows.move_to_end((source, key))
        return row

    def put_many(self, source: str, learned: Mapping[Key, tuple[Mapping[str, Known], bool]]) -> None:
        """Remembers what a source just said: key → (fields, whether it has a row)."""
        rows = {
            key: self._merge(source, key, worth, has_row)
            for key, (fields, has_row) in learned.items()
            if (worth := {name: known for name, known in fields.items() if name in self._keeps})
        }
        for key, row in rows.items():
            self._keep(source, key, row)
        if rows:
            self._write(source, rows)

    def _merge(self, source: str, key: Key, fields: Mapping[str, Known], has_row: bool) -> Remembered:
        """The new fields over those known before, until the last of them may be forgotten."""
        before = self._rows.get((source, key))
        merged = {**before.fields, **fields} if before else fields
        expires_at = max([known.as_of + self._keeps[name] for name, known in merged.items()])
        return Remembered(merged, has_row, expires_at)

    def _keep(self, source: str, key: Key, row: Remembered) -> None:
        self._rows[(source, key)] = row
        self._rows.move_to_end((source, key))
        if not row.has_row:
            self._forget_oldest_stranger((source, key))
        if len(self._rows) > self._max_rows:
            self._rows.popitem(last=False)

    def _forget_oldest_stranger(self, newest: tuple[str, Key]) -> None:
        """Keys without a row have a share of their own: who tries one id after another pushes no customer out."""
        self._strangers[newest] = None
        self._strangers.move_to_end(newest)
        if len(self._strangers) > max(1, self._max_rows // STRANGERS_ONE_IN):
            oldest, _ = self._strangers.popitem(last=False)
            row = self._rows.get(oldest)
            if row is not None and not row.has_row:
                del self._rows[oldest]

    def _find_here(self, asked: Mapping[str, Sequence[Key]], now: datetime) -> dict[str, dict[Key, Remembered]]:
        """What is remembered in this process, and in the file where that is the other tier."""
        found = {source: self._in_process(source, keys, now) for source, keys in asked.items()}
        if self._remote is None:
            self._learn(self._in_file(asked, found), found, now)
        return found

    def _in_process(self, source: str, keys: Iterable[Key], now: datetime) -> dict[Key, Remembered]:
        """What this process remembers and may still use."""
        found: dict[Key, Remembered] = {}
        for key in keys:
            row = self._rows.get((source, key))
            if row is not None and row.expires_at >= now:
                self._rows.move_to_end((source, key))
                found[key] = row
        return found

    def _in_file(
        self, asked: Mapping[str, Iterable[Key]], found: Mapping[str, Mapping[Key, Remembered]]
    ) -> Mapping[Place, bytes]:
        """What the file beside this process has of what was not found yet."""
        missing = [(self._names[source], key) for source in asked for key in asked[source] if key not in found[source]]
        if not missing or self._table is None:
            return {}
        try:
            return self._table.find(missing)
        except StoreError as error:
            log.warning("the cache could not be read", error=error.what)
            return {}

    def _learn(self, bodies: Mapping[Place, bytes], found: dict[str, dict[Key, Remembered]], now: datetime) -> None:
        """Adds rows of the other tier to what was found; each is kept in process with what was newer there."""
        for (name, key), body in bodies.items():
            source = self._sources[name]
            row = decode(body, self._catalog, self._keeps)
            if row is None or row.expires_at < now or self._changed.since(source, key, row):
                continue
            before = self._rows.get((source, key))
            found[source][key] = _newest(before, row) if before is not None else row
            self._keep(source, key, found[source][key])

    def _is_fresh(self, row: Remembered | None, now: datetime) -> bool:
        """Whether asking anybody for more would be in vain. What is always asked live is not looked for."""
        return row is not None and all(
            is_fresh(declared, known, now)
            for name, known in row.fields.items()
            if (declared := self._catalog.fields[name]).max_age_s
        )

    def _write(self, source: str, rows: Mapping[Key, Remembered]) -> None:
        name = self._names[source]
        bodies = {(name, key): (encode(row), row.expires_at) for key, row in rows.items()}
        if self._remote is not None:
            self._remote.write(bodies)
        elif self._table is not None:
            try:
                self._table.keep(bodies)
            except StoreError as error:
                log.warning("the cache could not be written", source=source, error=error.what)

    def sweep(self) -> int:
        """Deletes rows of the store that are past their time; gives how many. Raises StoreError."""
        return 0 if self._table is None else self._table.sweep()


def _newest(one: Remembered, other: Remembered) -> Remembered:
    """Both, each field as it was learned last."""
    fields = dict(one.fields)
    for name, known in other.fields.items():
        if name not in fields or fields[name].fetched_at < known.fetched_at:
            fields[name] = known
    latest = max(one, other, key=lambda row: max(known.fetched_at for known in row.fields.values()))
    return Remembered(fields, latest.has_row, max(one.expires_at, other.expires_at))


def _cache_name(catalog: Catalog, source: str) -> str:
    """Another name as soon as source or fields are declared otherwise: old answers must not outlive an edit."""
    fields = sorted(
        (field.name, field.type, field.path, str(field.feature))
        for field in catalog.fields.values()
        if field.source == source
    )
    declared = msgspec.json.encode((catalog.sources[source], fields))
    return f"{source}:{hashlib.sha256(declared).hexdigest()[:12]}"
