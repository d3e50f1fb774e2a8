"""Values pinned by a person: for one customer, or with the key `""` for all; each with author, reason and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson

from livemerge.catalog import Catalog, WrongTypeError, admit
from livemerge.clock import Clock
from livemerge.errors import ConfigError, StoreError, nearest_or_all
from livemerge.store import Store
from livemerge.values import Key, Value

EVERYBODY: Final[Key] = ""
SEEN_WITHIN_S: Final = 1.0  # reading the table for every request costs more than all the rest of a cached answer

LIVE_OVERRIDES: Final = "SELECT * FROM override WHERE ends_at IS NULL OR ends_at > ? ORDER BY customer, field"
SET_OVERRIDE: Final = """
INSERT INTO override (customer, field, value, author, reason, set_at, ends_at)
VALUES (:customer, :field, :value, :author, :reason, :set_at, :ends_at)
ON CONFLICT (customer, field) DO UPDATE SET
    value = excluded.value, author = excluded.author, reason = excluded.reason,
    set_at = excluded.set_at, ends_at = excluded.ends_at
"""
CLEAR_OVERRIDE: Final = "DELETE FROM override WHERE customer = ? AND field = ?"


@dataclass(frozen=True, slots=True)
class Override:
    """One pinned value."""

    customer: Key
    field: str
    value: Value
    author: str
    reason: str
    set_at: datetime
    ends_at: datetime | None


class Overrides:
    """The pinned values of a project."""

    def __init__(self, catalog: Catalog, clock: Clock, store: Store) -> None:
        self._catalog = catalog
        self._clock = clock
        self._store = store
        self._live: tuple[Override, ...] = ()
        self._live_until_s = -1.0  # monotonic; before any time: nothing was read yet

    def live(self) -> tuple[Override, ...]:
        """Those that count now. What another process pins counts after SEEN_WITHIN_S at the latest.

        The same object as long as they are the same, so that whoever used them sees whether they changed.
        """
        now_s = self._clock.monotonic_s()
        if not 0 < self._live_until_s - now_s <= SEEN_WITHIN_S:
            found = self._read()
            if found != self._live:
                self._live = found
            ends = [override.ends_at for override in found if override.ends_at is not None]
            left_s = min((end - self._clock.now()).total_seconds() for end in ends) if ends else SEEN_WITHIN_S
            self._live_until_s = now_s + max(0.0, min(left_s, SEEN_WITHIN_S))
        return self._live

    def _read(self) -> tuple[Override, ...]:
        """Those of the store. While it cannot be asked, what it said last goes on, but for those that ended."""
        try:
            with self._store.impatient():
                return tuple(self.ls())
        except StoreError:
            if self._live_until_s < 0:
                raise
            now = self._clock.now()
            return tuple(pin for pin in self._live if pin.ends_at is None or pin.ends_at > now)

    def ls(self) -> list[Override]:
        """Those that have not ended, whose field still exists with that type."""
        found = []
        for row in self._store.rows(LIVE_OVERRIDES, (self._clock.now().timestamp(),)):
            field = self._catalog.fields.get(row["field"])
            if field is None:
                continue
            try:
                value = admit(field.type, orjson.loads(row["value"]))
            except WrongTypeError:
                continue
            ends_at = datetime.fromtimestamp(row["ends_at"], UTC) if row["ends_at"] is not None else None
            set_at = datetime.fromtimestamp(row["set_at"], UTC)
            found.append(Override(row["customer"], field.name, value, row["author"], row["reason"], set_at, ends_at))
        return found

    def of(self, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, Override]]:
        """Per customer the pinned fields; a customer's own pin goes before one for everybody."""
        pinned = self.live()
        if not pinned:
            return {}
        everybody = {override.field: override for override in pinned if override.customer == EVERYBODY}
        own: dict[Key, dict[str, Override]] = {}
        for override in pinned:
            if override.customer != EVERYBODY:
                own.setdefault(override.customer, {})[override.field] = override
        return {key: everybody | own.get(key, {}) for key in keys if everybody or key in own}

    def set(self, customer: Key, field: str, text: str, *, author: str, reason: str, ends_at: datetime | None) -> None:
        """Pins a value. Raises ConfigError where the field does not exist or the text is not of its type."""
        declared = self._catalog.fields.get(field)
        if declared is None:
            raise ConfigError(f"there is no field `{field}`", advice=nearest_or_all(field, self._catalog.fields))
        try:
            value = admit(declared.type, text)
        except WrongTypeError as error:
            raise ConfigError(f"the value is not of type {declared.type}: {error}", where=field) from None
        row = {
            "customer": customer,
            "field": field,
            "value": orjson.dumps(value, default=str).decode(),
            "author": author,
            "reason": reason,
            "set_at": self._clock.now().timestamp(),
            "ends_at": ends_at.timestamp() if ends_at else None,
        }
        self._store.run(SET_OVERRIDE, row)
        self._live_until_s = -1.0

    def clear(self, customer: Key, field: str) -> bool:
        """Whether there was one."""
        self._live_until_s = -1.0
        return self._store.run(CLEAR_OVERRIDE, (customer, field)) > 0
