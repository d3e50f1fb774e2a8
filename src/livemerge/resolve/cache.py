"""What sources said, remembered per source and key: in process first, then a table of the store.

Holds only fields that declare `max_age` or `stale_for`, and forgets them when both have passed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
import orjson

from livemerge.catalog import Catalog, Field, WrongTypeError, admit
from livemerge.clock import Clock
from livemerge.resolve.ladder import Known
from livemerge.store import Store
from livemerge.values import Key

MAX_ROWS_IN_PROCESS: Final = 100_000  # some 100 MB at 1 KB a row
MAX_KEYS_A_STATEMENT: Final = 500  # bind values; SQLite's own limit was 999 for long
SWEEP_EVERY_WRITES: Final = 200

READ_ROWS: Final = "SELECT key, body FROM cached_row WHERE source = ? AND expires_at > ? AND key IN ({})"
WRITE_ROW: Final = "INSERT OR REPLACE INTO cached_row (source, key, body, expires_at) VALUES (?, ?, ?, ?)"
SWEEP: Final = "DELETE FROM cached_row WHERE expires_at <= ?"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one source said of one key."""

    fields: Mapping[str, Known]
    has_row: bool
    expires_at: datetime


class Cache:
    """Two tiers that agree: every write goes to both, every miss in process is looked up in the store."""

    def __init__(self, catalog: Catalog, clock: Clock, store: Store | None) -> None:
        self._catalog = catalog
        self._clock = clock
        self._store = store
        self._rows: OrderedDict[tuple[str, Key], Remembered] = OrderedDict()
        self._names = {source: _cache_name(catalog, source) for source in catalog.sources}
        self._writes = 0

    def get_many(self, source: str, keys: Sequence[Key]) -> dict[Key, Remembered]:
        """What is remembered of these keys, fresh or stale; unknown keys are left out."""
        now = self._clock.now()
        found: dict[Key, Remembered] = {}
        missing: list[Key] = []
        for key in keys:
            row = self._rows.get((source, key))
            if row is None or row.expires_at <= now:
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

    def put_many(self, source: str, learned: Mapping[Key, tuple[Mapping[str, Known], bool]]) -> None:
        """Remembers what a source just said: key → (fields, whether it has a row)."""
        rows = {
            key: self._merge(source, key, fields, has_row)
            for key, (fields, has_row) in learned.items()
            if any(_keep_s(self._catalog.fields[name]) for name in fields)
        }
        for key, row in rows.items():
            self._keep(source, key, row)
        if rows and self._store is not None:
            self._write(self._store, source, rows)

    def _merge(self, source: str, key: Key, fields: Mapping[str, Known], has_row: bool) -> Remembered:
        """The new fields over those known before; only what may be kept, until the last may be forgotten."""
        before = self._rows.get((source, key))
        merged = dict(before.fields) if before else {}
        merged |= {name: known for name, known in fields.items() if _keep_s(self._catalog.fields[name])}
        expires = max(known.as_of.timestamp() + _keep_s(self._catalog.fields[name]) for name, known in merged.items())
        return Remembered(merged, has_row, datetime.fromtimestamp(expires, UTC))

    def _keep(self, source: str, key: Key, row: Remembered) -> None:
        self._rows[(source, key)] = row
        self._rows.move_to_end((source, key))
        if len(self._rows) > MAX_ROWS_IN_PROCESS:
            self._rows.popitem(last=False)

    def _read(self, store: Store, source: str, keys: Sequence[Key], now: datetime) -> dict[Key, Remembered]:
        found: dict[Key, Remembered] = {}
        for start in range(0, len(keys), MAX_KEYS_A_STATEMENT):
            part = keys[start : start + MAX_KEYS_A_STATEMENT]
            sql = READ_ROWS.format(", ".join("?" * len(part)))
            for key, body in store.rows(sql, (self._names[source], now.timestamp(), *part)):
                if (row := self._decode(body)) is not None:
                    found[key] = row
        return found

    def _write(self, store: Store, source: str, rows: Mapping[Key, Remembered]) -> None:
        name = self._names[source]
        store.run_many(WRITE_ROW, [(name, key, _encode(row), row.expires_at.timestamp()) for key, row in rows.items()])
        self._writes += 1
        if self._writes % SWEEP_EVERY_WRITES == 0:
            store.run(SWEEP, (self._clock.now().timestamp(),))

    def _decode(self, body: bytes) -> Remembered | None:
        """A row as it was written; None where nothing of it fits the catalog any more."""
        document: dict[str, Any] = orjson.loads(body)
        fields: dict[str, Known] = {}
        for name, (value, fetched_at, as_of) in document["fields"].items():
            field = self._catalog.fields.get(name)
            if field is None:
                continue
            try:
                typed = None if value is None else admit(field.type, value)
            except WrongTypeError:
                continue
            fields[name] = Known(typed, datetime.fromtimestamp(fetched_at, UTC), datetime.fromtimestamp(as_of, UTC))
        if not fields:
            return None
        return Remembered(fields, document["has_row"], datetime.fromtimestamp(document["expires_at"], UTC))


def _keep_s(field: Field) -> float:
    return field.max_age_s + field.stale_for_s


def _encode(row: Remembered) -> bytes:
    fields = {
        name: (known.value, known.fetched_at.timestamp(), known.as_of.timestamp()) for name, known in row.fields.items()
    }
    document = {"fields": fields, "has_row": row.has_row, "expires_at": row.expires_at.timestamp()}
    return orjson.dumps(document, default=_as_text)


def _as_text(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not go into the cache")


def _cache_name(catalog: Catalog, source: str) -> str:
    """Another name as soon as source or fields are declared otherwise: old answers must not outlive an edit."""
    fields = sorted((field.name, field.type, field.path, str(field.feature)) for field in catalog.fields.values())
    declared = msgspec.json.encode((catalog.sources[source], fields))
    return f"{source}:{hashlib.sha256(declared).hexdigest()[:12]}"
