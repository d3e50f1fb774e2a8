"""Connections to PostgreSQL: a bounded number of them, each call bounded in time, replaced where the server left.

While the server is gone nobody waits for it more than once in RETRY_EVERY_S: the others are told at once.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from typing import Any, Final, TypeVar

import psycopg
from psycopg import pq
from psycopg.abc import PQGen

from livemerge.clock import SystemClock
from livemerge.errors import StoreError

MAX_CONNECTIONS: Final = 6  # of one process: one for the event loop, the others for its threads
TAKE_WITHIN_S: Final = 5.0  # for a free connection
CONNECT_WITHIN_S: Final = 3
ANSWER_WITHIN_S: Final = 12.0  # our own patience: a server that hangs does not end its statements itself
HASTY_ANSWER_S: Final = 0.05  # who serves many does not let all of them wait for one
STATEMENT_WITHIN_MS: Final = 10_000  # the server's
LOCK_WITHIN_MS: Final = 5_000
RETRY_EVERY_S: Final = 1.0  # while the server is gone
_LIMITS: Final = (
    f"SET statement_timeout = {STATEMENT_WITHIN_MS}; SET lock_timeout = {LOCK_WITHIN_MS}; "
    "SET client_min_messages = warning; SET timezone = 'UTC'"
)
_CLOCK: Final = SystemClock()
_RV = TypeVar("_RV")


class NamedRow:
    """A row by place and by name."""

    __slots__ = ("_places", "_values")

    def __init__(self, values: tuple[Any, ...], places: dict[str, int]) -> None:
        self._values = values
        self._places = places

    def __getitem__(self, place: int | str) -> Any:
        return self._values[self._places[place] if isinstance(place, str) else place]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._places)


class Connection(psycopg.Connection[NamedRow]):
    """A connection that waits for an answer no longer than `answer_within_s`."""

    answer_within_s = ANSWER_WITHIN_S

    def wait(self, gen: PQGen[_RV], interval: float = 0.1, timeout: float | None = None) -> _RV:
        """What the server says. Closes the connection of a server that says nothing in time, and raises."""
        try:
            return super().wait(gen, interval, self.answer_within_s if timeout is None else timeout)
        except psycopg.Error:
            if self.pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
                self.close()  # what comes later would be taken for the answer to the next statement
            raise


class Connections:
    """The connections of one process to one database."""

    def __init__(self, url: str, place: str) -> None:
        self._url = url
        self._place = place
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._idle: list[Connection] = []  # append and pop are atomic
        self._gone_until_s = 0.0  # monotonic; no connection could be made
        self._doubted_until_s = 0.0  # one was lost: who is in a hurry does not try
        self._is_closed = False

    def take(self, *, is_hasty: bool = False) -> Connection:
        """A connection that the server has not left. Raises StoreError where there is none.

        is_hasty: neither waits for a free one nor connects anew.
        """
        if self._is_closed:
            raise StoreError("the store is closed", where=self._place)
        if _CLOCK.monotonic_s() < (max(self._gone_until_s, self._doubted_until_s) if is_hasty else self._gone_until_s):
            raise _gone("it did not answer a moment ago", self._place)
        if not self._free.acquire(timeout=0 if is_hasty else TAKE_WITHIN_S):
            raise StoreError("all connections to the store are busy", where=self._place, is_busy=True)
        try:
            connection = self._idle_one() or (None if is_hasty else self._connect())
            if connection is None:
                raise _gone("no connection is open now", self._place)
        except BaseException:
            self._free.release()
            raise
        connection.answer_within_s = HASTY_ANSWER_S if is_hasty else ANSWER_WITHIN_S
        return connection

    def give(self, connection: Connection) -> None:
        """Takes a connection back; one that is broken or in the middle of something is closed."""
        if connection.closed and not self._is_closed:  # the server left, or hangs: the others are told at once
            self._doubted_until_s = _CLOCK.monotonic_s() + RETRY_EVERY_S
        is_idle = connection.info.transaction_status is pq.TransactionStatus.IDLE
        if self._is_closed or connection.closed or not is_idle:
            connection.close()
        else:
            self._idle.append(connection)
        self._free.release()

    def close(self) -> None:
        """Ends the idle connections now, the others when they are given back."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _idle_one(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            # An idle server says nothing, unless it goes: then a statement would be lost on it.
            if not connection.closed and not _has_word(connection.pgconn.socket):
                return connection
            connection.close()
        return None

    def _connect(self) -> Connection:
        try:
            connection = Connection.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_WITHIN_S,
                tcp_user_timeout=int(ANSWER_WITHIN_S * 1000),
                application_name="livemerge",
                row_factory=_row_factory,
            )
            connection.execute(_LIMITS)
        except psycopg.Error as error:
            self._gone_until_s = _CLOCK.monotonic_s() + RETRY_EVERY_S
            raise _gone(_first_line(error), self._place) from None
        self._gone_until_s = 0.0
        return connection


def _row_factory(cursor: psycopg.Cursor[Any]) -> Any:
    places = {column.name: place for place, column in enumerate(cursor.description or ())}
    return lambda values: NamedRow(tuple(values), places)


def _has_word(socket: int) -> bool:
    """Whether the server said something unasked."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _gone(why: str, place: str) -> StoreError:
    advice = "Check that PostgreSQL runs, takes connections from here, and that the address in [store] is right."
    return StoreError(f"the store cannot be reached: {why}", where=place, advice=advice)
