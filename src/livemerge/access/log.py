"""Who read whose data, when: rows gathered in memory and written many at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson

from livemerge.clock import Clock
from livemerge.errors import StoreError
from livemerge.store import Store
from livemerge.values import MAX_KEY_CHARACTERS, Key

FLUSH_ROWS: Final = 500
FLUSH_EVERY_S: Final = 1.0  # what a crash may lose
MAX_WAITING: Final = 50_000  # rows kept while the store cannot be written; past that the oldest go, counted
MAX_LISTED: Final = 1_000

ADD: Final = """
INSERT INTO access_log (at, key_prefix, customer, fields, outcome, remote) VALUES (?, ?, ?, ?, ?, ?)
"""
LIST: Final = """
SELECT at, key_prefix, customer, fields, outcome, remote FROM access_log
WHERE (:customer = '' OR customer = :customer) ORDER BY at DESC, id DESC LIMIT :most
"""
FORGET: Final = "DELETE FROM access_log WHERE at < ?"


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One reading of one customer's fields."""

    at: datetime
    key_prefix: str
    customer: Key
    fields: tuple[str, ...]
    outcome: str  # ok, refused, error
    remote: str  # address of the caller


class AccessLog:
    """The access log of a store. `lost` counts rows that could not be kept."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: deque[AccessRow] = deque()
        self._is_blocked = False  # the last flush failed: wait for the next round, do not try at every row
        self.lost = 0

    def append(self, row: AccessRow) -> None:
        """Notes the row; written at the latest with the next flush."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(row)
        if len(self._waiting) >= FLUSH_ROWS and not self._is_blocked:
            self._try()

    def flush(self) -> None:
        """Writes what waits. Raises StoreError, and keeps the rows, when the store cannot be written."""
        rows = list(self._waiting)
        if rows:
            self._is_blocked = True
            self._store.run_many(ADD, [_encoded(row) for row in rows])
            for _ in rows:
                self._waiting.popleft()
        self._is_blocked = False

    async def flush_until_cancelled(self) -> None:
        """Writes what waits every FLUSH_EVERY_S. Reading goes on while the store is full or locked."""
        while True:
            await self._clock.sleep(FLUSH_EVERY_S)
            self._try()

    def ls(self, *, customer: Key = "", most: int = 100) -> Sequence[AccessRow]:
        """The newest rows, of one customer or of all."""
        self.flush()
        found = self._store.rows(LIST, {"customer": customer, "most": min(most, MAX_LISTED)})
        return [
            AccessRow(
                datetime.fromtimestamp(row["at"], UTC),
                row["key_prefix"],
                row["customer"],
                tuple(orjson.loads(row["fields"])),
                row["outcome"],
                row["remote"],
            )
            for row in found
        ]

    def forget_before(self, moment: datetime) -> int:
        """Deletes older rows; gives how many."""
        return self._store.run(FORGET, (moment.timestamp(),))

    def _try(self) -> None:
        """Writes without waiting for other processes: requests would wait with us."""
        try:
            with self._store.impatient():
                self.flush()
        except StoreError:
            self._is_blocked = True


def _encoded(row: AccessRow) -> tuple[float, str, str, str, str, str]:
    fields = orjson.dumps(row.fields).decode()
    return (row.at.timestamp(), row.key_prefix, _kept(row.customer), fields, row.outcome, _kept(row.remote))


def _kept(text: str) -> str:
    """What a caller sent, so that it can be kept: one odd character must not hold up all rows behind it."""
    return text[:MAX_KEY_CHARACTERS].encode("utf-8", "replace").decode()
