"""Who read whose data, when: rows gathered in memory and written many at a time."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Final

import orjson

from livemerge.access.log_row import BETWEEN, MAX_LISTED, AccessRow, BatchRow, customers_in, kept, kept_together
from livemerge.access.unusual import Unusual
from livemerge.clock import Clock
from livemerge.errors import StoreError
from livemerge.store import Store
from livemerge.values import Key

FLUSH_ROWS: Final = 200  # written to a file at a time: half a millisecond
ROWS_APART: Final = 5_000  # written to a server at a time, in a second at most
TIDY_ROWS: Final = 2_000  # written to a file, before it is tidied
SOON_S: Final = 0.001  # after an answer was handed over: it is on its way then
FLUSH_EVERY_S: Final = 1.0  # what a crash may lose
MAX_WAITING: Final = 50_000  # customers' reads kept while the store cannot be written; past that the oldest go
ROTATE_EVERY_S: Final = 60.0
NEVER_S: Final = 1e12  # a moment that does not come
ROTATED_ROWS: Final = 5_000  # deleted at a time: readers and writers go on in between

ADD: Final = """
INSERT INTO access_log (at, key_prefix, customer, fields, outcome, remote) VALUES (?, ?, ?, ?, ?, ?)
"""
LIST: Final = """
SELECT at, key_prefix, customer, fields, outcome, remote FROM access_log
WHERE (:customer = '' OR customer = :customer OR customer LIKE :among ESCAPE '!')
AND (:prefix = '' OR key_prefix = :prefix) AND at >= :since
ORDER BY id DESC LIMIT :most
"""
OLDEST: Final = "SELECT id, at FROM access_log ORDER BY id LIMIT 1"
NEWEST: Final = "SELECT id FROM access_log ORDER BY id DESC LIMIT 1"
FORGET: Final = "DELETE FROM access_log WHERE id >= ? AND id < ? AND at < ?"


class AccessLog:
    """The access log of a store: rows are added, and go when they are old, but are never changed.

    keep_s: seconds a row is kept. keep_rows: how many at most. `lost` counts customers' reads not kept.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        unusual: Unusual | None = None,
        *,
        keep_s: float = 90 * 86_400.0,
        keep_rows: int = 5_000_000,
    ) -> None:
        self._store = store
        self._clock = clock
        self._unusual = unusual
        self._keep_s = keep_s
        self._keep_rows = keep_rows
        self._rotate_at_s = clock.monotonic_s()  # at the first flush
        self._is_apart = store.dialect != "sqlite"  # a server: written in a thread, so that no request waits for it
        self._waiting: deque[AccessRow | BatchRow] = deque()
        self._customers = 0  # in what waits
        self._is_due = False  # a flush comes in the loop's next turn
        self._is_blocked = False  # the last flush failed: wait for the next round, do not try at every row
        self._since_tidy = 0  # rows written
        self.lost = 0

    def append(self, row: AccessRow | BatchRow) -> None:
        """Notes the row; written at the latest with the next flush."""
        self._waiting.append(row)
        self._customers += _size(row)
        if len(self._waiting) >= FLUSH_ROWS or self._customers > MAX_WAITING:
            self._look()

    def flush(self) -> None:
        """Writes what waits. Raises StoreError, and keeps the rows, when the store cannot be written."""
        self._write(self._store.transaction)

    async def flush_until_cancelled(self) -> None:
        """Writes what waits every FLUSH_EVERY_S. Reading goes on while the store is full or locked."""
        while True:
            await self._clock.sleep(FLUSH_EVERY_S)
            if self._is_apart:
                while await self._flush_apart() == ROWS_APART:  # more may wait already
                    pass
            else:
                self._try()
                if self._since_tidy >= TIDY_ROWS:
                    self._since_tidy = 0
                    await self._store.tidy()
            await self._rotate_now_and_then()

    def ls(
        self, *, customer: Key = "", prefix: str = "", since: datetime | None = None, most: int = 100
    ) -> Sequence[AccessRow]:
        """The newest rows: of one customer or of all, of one key or of all, since a moment or ever."""
        self.flush()
        since_s = since.timestamp() if since else 0.0
        wanted, most = kept(customer), min(most, MAX_LISTED)
        escaped = re.sub("([!%_])", r"!\1", wanted)
        among = f"%{BETWEEN}{escaped}{BETWEEN}%"
        asked = {"customer": wanted, "among": among, "prefix": prefix, "since": since_s, "most": most}
        found = (
            AccessRow(
                datetime.fromtimestamp(row["at"], UTC),
                row["key_prefix"],
                one,
                tuple(orjson.loads(row["fields"])),
                row["outcome"],
                row["remote"],
            )
            for row in self._store.rows(LIST, asked)
            for one in customers_in(row["customer"])
            if not wanted or one == wanted
        )
        return list(islice(found, most))

    def forget_before(self, moment: datetime) -> int:
        """Deletes older rows, ROTATED_ROWS at a time; gives how many went."""
        gone = 0
        while went := self._forget_some(moment.timestamp(), 0):
            gone += went
        return gone

    def rotate(self) -> bool:
        """Deletes some of the rows that are too old or too many; whether there may be more. Raises StoreError."""
        newest = self._store.row(NEWEST)
        if newest is None:
            return False
        before = self._clock.now() - timedelta(seconds=self._keep_s)
        if self._unusual is not None:
            self._unusual.forget_before(before)
        return self._forget_some(before.timestamp(), newest["id"] - self._keep_rows) > 0

    def _forget_some(self, before_s: float, up_to_id: int) -> int:
        """Deletes from the oldest on, those before the moment or up to the number."""
        oldest = self._store.row(OLDEST)
        if oldest is None:
            return 0
        last = oldest["id"] + ROTATED_ROWS
        if oldest["id"] <= up_to_id:
            return self._store.run(FORGET, (oldest["id"], min(last, up_to_id + 1), NEVER_S))
        return self._store.run(FORGET, (oldest["id"], last, before_s))

    def _look(self) -> None:
        """Bounds what waits. What is enough for a flush is written when the answer is on its way."""
        while self._customers > MAX_WAITING:
            size = _size(self._waiting.popleft())
            self._customers -= size
            self.lost += size
        if self._is_blocked or self._is_apart or self._is_due:
            return
        try:
            asyncio.get_running_loop().call_later(SOON_S, self._try)
            self._is_due = True
        except RuntimeError:  # nobody waits for an answer
            self._try()

    def _write(self, transaction: Callable[[], AbstractContextManager[None]]) -> None:
        rows = list(self._waiting)
        if rows:
            self._is_blocked = True
            with transaction():
                self._store.run_many(ADD, [_encoded(row) for row in rows])
            self._waiting.clear()
            self._customers = 0
            self._since_tidy += len(rows)
        self._is_blocked = False
        if rows and self._unusual is not None:
            self._unusual.look(_each(rows))

    async def _flush_apart(self) -> int:
        """Writes what waits in a thread; keeps the rows when the store cannot be written. How many were written."""
        rows = [self._waiting.popleft() for _ in range(min(len(self._waiting), ROWS_APART))]
        if not rows:
            return 0
        self._customers -= sum(map(_size, rows))
        encoded = [_encoded(row) for row in rows]
        writing = asyncio.ensure_future(self._store.apart(lambda: self._store.run_many(ADD, encoded)))
        try:
            await asyncio.wait([writing])
        finally:  # also when we are cancelled: a row is written once, or waits
            error = (await asyncio.gather(writing, return_exceptions=True))[0]
            if isinstance(error, StoreError):
                self._put_back(rows)
        if isinstance(error, BaseException) and not isinstance(error, StoreError):
            raise error
        if self._unusual is not None and not isinstance(error, StoreError):
            with suppress(StoreError), self._store.impatient():
                self._unusual.look(_each(rows))
        return 0 if error else len(rows)

    def _put_back(self, rows: Sequence[AccessRow | BatchRow]) -> None:
        self._waiting.extendleft(reversed(rows))
        self._customers += sum(map(_size, rows))
        self._look()

    async def _rotate_now_and_then(self) -> None:
        """At once again while there is more to delete, else after ROTATE_EVERY_S."""
        if self._clock.monotonic_s() < self._rotate_at_s:
            return
        try:
            if self._is_apart:
                has_more = await self._store.apart(self.rotate)
            else:
                with self._store.impatient():
                    has_more = self.rotate()
        except StoreError:
            has_more = False
        if not has_more:
            self._rotate_at_s = self._clock.monotonic_s() + ROTATE_EVERY_S

    def _try(self) -> None:
        """Writes without waiting for other processes or the disk: requests would wait with us."""
        self._is_due = False
        try:
            self._write(self._store.hasty)
        except StoreError:
            self._is_blocked = True


def _size(row: AccessRow | BatchRow) -> int:
    """How many customers a row tells of."""
    return len(row.customers) if isinstance(row, BatchRow) else 1


def _each(rows: Iterable[AccessRow | BatchRow]) -> list[AccessRow]:
    """A row for each customer."""
    return [one for row in rows for one in (row.each() if isinstance(row, BatchRow) else (row,))]


def _encoded(row: AccessRow | BatchRow) -> tuple[float, str, str, str, str, str]:
    who = kept_together(row.customers) if isinstance(row, BatchRow) else kept(row.customer)
    return (row.at.timestamp(), row.key_prefix, who, _listed(row.fields), row.outcome, _remote(row.remote))


_remote: Final = lru_cache(maxsize=1_024)(kept)


@lru_cache(maxsize=256)  # callers ask for the same few all day
def _listed(fields: tuple[str, ...]) -> str:
    return orjson.dumps(fields).decode()
