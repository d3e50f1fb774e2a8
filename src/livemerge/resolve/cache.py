"""What sources said, remembered per source and key: in process first, then a table of the store.

Holds only fields that declare `max_age` or `stale_for`, and forgets them when both have passed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import orjson
import structlog

from livemerge.catalog import Catalog, WrongTypeError, admit
from livemerge.clock import Clock
from livemerge.errors import StoreError
from livemerge.resolve.ladder import Known
from livemerge.store import Store
from livemerge.values import Key, tagged, untagged

MAX_ROWS_IN_PROCESS: Final = 100_000  # some 100 MB at 1 KB a row
MAX_ROWS_IN_STORE: Final = 500_000
MAX_KEYS_A_STATEMENT: Final = 500  # bind values; SQLite's own limit was 999 for long
SWEEP_EVERY_ROWS: Final = 5_000  # written; a sweep looks through the index of expiry, some 10 ms at most
SWEPT_AT_ONCE: Final = 10_000  # twice what came since: the table shrinks, and nobody waits long

log = structlog.get_logger(__name__)

READ_ROWS: Final = "SELECT key, body FROM cached_row WHERE source = ? AND expires_at >= ? AND key IN ({})"
WRITE_ROW: Final = "INSERT OR REPLACE INTO cached_row (source, key, body, expires_at) VALUES (?, ?, ?, ?)"
SWEEP: Final = """
DELETE FROM cached_row WHERE (source, key) IN (
    SELECT source, key FROM cached_row
    WHERE expires_at <= max(:now, coalesce(
        (SELECT expires_at FROM cached_row ORDER BY expires_at DESC LIMIT 1 OFFSET :most), :now))
    ORDER BY expires_at LIMIT :at_once)
"""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one source said of one key."""

    fields: Mapping[str, Known]
    has_row: bool
    expires_at: datetime  # still good at this moment, forgotten after it


class Cache:
    """Two tiers that agree: every write goes to both, every miss in process is looked up in the store.

    A store that cannot be read or written costs its tier, never an answer.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        store: Store | None,
        *,
        max_rows: int = MAX_ROWS_IN_PROCESS,
        max_stored_rows: int = MAX_ROWS_IN_STORE,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._store = store
        self._max_rows = max_rows
        self._max_stored_rows = max_stored_rows
        self._rows: OrderedDict[tuple[str, Key], Remembered] = OrderedDict()
        self._names = {source: _cache_name(catalog, source) for source in catalog.sources}
        self._keeps = {
            name: timedelta(seconds=field.max_age_s + field.stale_for_s)
            for name, field in catalog.fields.items()
            if field.max_age_s + field.stale_for_s
        }
        self._unswept = 0

    def get_many(self, source: str, keys: Iterable[Key]) -> dict[Key, Remembered]:
        """What is remembered of these keys, fresh or stale; unknown keys are left out."""
        now = self._clock.now()
        found: dict[Key, Remembered] = {}
        missing: list[Key] = []
        for key in keys:
            row = self._rows.get((source, key))
            if row is None or row.expires_at < now:
                missing.append(key)
            else:
                self._rows.move_to_end((source, key))
                found[key] = row
        if missing and self._store is not None:
            stored = self._read(self._store, source, missing, now)
            for key, row in stored.items():
                self._keep(source, key, row)
            found |= stored
        return found

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
        if rows and self._store is not None:
            self._write(self._store, source, rows)

    def _merge(self, source: str, key: Key, fields: Mapping[str, Known], has_row: bool) -> Remembered:
        """The new fields over those known before, until the last of them may be forgotten."""
        before = self._rows.get((source, key))
        merged = {**before.fields, **fields} if before else fields
        expires_at = max([known.as_of + self._keeps[name] for name, known in merged.items()])
        return Remembered(merged, has_row, expires_at)

    def _keep(self, source: str, key: Key, row: Remembered) -> None:
        self._rows[(source, key)] = row
        self._rows.move_to_end((source, key))
        if len(self._rows) > self._max_rows:
            self._rows.popitem(last=False)

    def _read(self, store: Store, source: str, keys: Iterable[Key], now: datetime) -> dict[Key, Remembered]:
        found: dict[Key, Remembered] = {}
        storable = [key for key in keys if _is_storable(key)]
        try:
            for start in range(0, len(storable), MAX_KEYS_A_STATEMENT):
                part = storable[start : start + MAX_KEYS_A_STATEMENT]
                sql = READ_ROWS.format(", ".join("?" * len(part)))
                for key, body in store.rows(sql, (self._names[source], now.timestamp(), *part)):
                    if (row := self._decode(body)) is not None:
                        found[key] = row
        except StoreError as error:
            log.warning("the cache could not be read", source=source, error=error.what)
        return found

    def _write(self, store: Store, source: str, rows: Mapping[Key, Remembered]) -> None:
        name = self._names[source]
        try:
            with store.hasty():
                store.run_many(
                    WRITE_ROW, [(name, key, _encode(row), row.expires_at.timestamp()) for key, row in rows.items()]
                )
                self._unswept += len(rows)
                if self._unswept >= SWEEP_EVERY_ROWS:
                    self._unswept = 0
                    self.sweep()
        except StoreError as error:
            log.warning("the cache could not be written", source=source, error=error.what)

    def sweep(self) -> int:
        """Deletes rows of the store that are past their time, then the nearest to it where there are too many.

        Gives how many; SWEPT_AT_ONCE at most. Raises StoreError.
        """
        if self._store is None:
            return 0
        now_s = self._clock.now().timestamp()
        return self._store.run(SWEEP, {"now": now_s, "most": self._max_stored_rows, "at_once": SWEPT_AT_ONCE})

    def _decode(self, body: bytes) -> Remembered | None:
        """A row as it was written; None where nothing of it fits the catalog any more."""
        try:
            document: dict[str, Any] = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        fields: dict[str, Known] = {}
        for name, (value, fetched_at, as_of) in document["fields"].items():
            if name not in self._keeps:
                continue
            try:
                typed = None if value is None else admit(self._catalog.fields[name].type, untagged(value))
            except WrongTypeError:
                continue
            fields[name] = Known(typed, datetime.fromtimestamp(fetched_at, UTC), datetime.fromtimestamp(as_of, UTC))
        if not fields:
            return None
        return Remembered(fields, document["has_row"], datetime.fromtimestamp(document["expires_at"], UTC))


def _is_storable(key: Key) -> bool:
    """Whether the key has a UTF-8 form. One that has none must not cost the others their rows."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def _encode(row: Remembered) -> bytes:
    fields = {
        name: (known.value, known.fetched_at.timestamp(), known.as_of.timestamp()) for name, known in row.fields.items()
    }
    document = {"fields": fields, "has_row": row.has_row, "expires_at": row.expires_at.timestamp()}
    return orjson.dumps(document, default=tagged, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _cache_name(catalog: Catalog, source: str) -> str:
    """Another name as soon as source or fields are declared otherwise: old answers must not outlive an edit."""
    fields = sorted(
        (field.name, field.type, field.path, str(field.feature))
        for field in catalog.fields.values()
        if field.source == source
    )
    declared = msgspec.json.encode((catalog.sources[source], fields))
    return f"{source}:{hashlib.sha256(declared).hexdigest()[:12]}"
