"""A store in one SQLite file, on one connection.

Called directly, without a thread: a point read takes some 17 µs, a hop to a thread eight times that.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

from livemerge.clock import SystemClock
from livemerge.errors import StoreError
from livemerge.store.file_lock import lock_beside
from livemerge.store.migration import refuse_newer, scripts, statements
from livemerge.store.store import Dialect, Parameters, T

BUSY_TIMEOUT_S: Final = 10.0  # other processes (serve beside send) hold the write lock for milliseconds
HASTY_TIMEOUT_S: Final = 0.005  # who serves many does not let all of them wait for one
LOG_PAGES: Final = (
    4_000  # of 4 KB, before a commit moves them into the file and waits for the disk; SQLite's own: 1,000
)
MIN_SQLITE: Final = (3, 35, 0)  # RETURNING
FAILURES: Final = (sqlite3.Error, OverflowError, UnicodeEncodeError)  # of the file, or of a value


class SqliteStore:
    """An open file. Every method raises StoreError when it cannot be read or written."""

    dialect: Dialect = "sqlite"

    def __init__(
        self, connection: sqlite3.Connection, path: Path | None, busy_timeout_s: float = BUSY_TIMEOUT_S
    ) -> None:
        self._connection = connection
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self.place = _place(path)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """All rows of one statement; outside a transaction a writing statement commits at once."""
        try:
            found: list[sqlite3.Row] = self._connection.execute(sql, parameters).fetchall()
        except FAILURES as error:
            self._explain(error)
        return found

    def row(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """The first row, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Runs one statement; gives how many rows it changed."""
        try:
            return self._connection.execute(sql, parameters).rowcount
        except FAILURES as error:
            self._explain(error)

    def run_many(self, sql: str, many: Iterable[Parameters]) -> int:
        """Runs one statement for each set of parameters, in one transaction."""
        with self.transaction():
            try:
                return self._connection.executemany(sql, many).rowcount
            except FAILURES as error:
                self._explain(error)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Inside another transaction it is part of that one."""
        if self._connection.in_transaction:
            yield
            return
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self._commit()
        except BaseException:
            with suppress(sqlite3.Error):  # SQLite itself may have rolled back; the first error is the one to tell
                self._connection.rollback()
            raise

    @contextmanager
    def hasty(self) -> Iterator[None]:
        """A transaction that neither waits for the disk nor long for its turn: for what may be lost, such as a cache.

        Committed, it outlives this process, but perhaps not a power cut.
        """
        if self._connection.in_transaction:
            yield
            return
        self._wait_at_most(HASTY_TIMEOUT_S)
        self.run("PRAGMA synchronous = NORMAL")
        try:
            with self.transaction():
                yield
        finally:
            # NORMAL may forget the last `sending` marks when the power goes, and then somebody is mailed twice.
            self.run("PRAGMA synchronous = FULL")
            self._wait_at_most(self._busy_timeout_s)

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """What is written here does not wait for other processes: StoreError with `is_busy`, to be tried again."""
        self._wait_at_most(HASTY_TIMEOUT_S)
        try:
            yield
        finally:
            self._wait_at_most(self._busy_timeout_s)

    async def apart(self, work: Callable[[], T]) -> T:
        """What `work` gives, on the spot: see the module's first lines."""
        return work()

    async def prepare(self) -> None:
        """Nothing: the one connection is open."""

    async def tidy(self) -> None:
        """Moves what was committed from SQLite's log into the file, so that no commit has to and wait for the disk.

        On a connection of its own: others read and write meanwhile.
        """
        if self._path is not None:
            await asyncio.to_thread(_checkpoint, self._path)

    def only_one(self, name: str) -> AbstractContextManager[bool]:
        """Whether this process alone holds `name`: a lock on a file beside the store, for who shares the file."""
        return lock_beside(self.place, name)

    def close(self) -> None:
        """Gives the file back. Every later call raises StoreError."""
        self._connection.close()

    def _commit(self) -> None:
        if not self._connection.in_transaction:  # somebody caught the error of a statement that ended it
            raise StoreError("the transaction was undone by a failure inside it", where=self.place)
        try:
            self._connection.commit()
        except FAILURES as error:
            self._explain(error)

    def _wait_at_most(self, seconds: float) -> None:
        self.run(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")

    def _explain(self, error: Exception) -> NoReturn:
        if isinstance(error, sqlite3.Error):
            raise _store_error(error, self.place) from error
        # The text of the others shows the value.
        raise StoreError(f"a value cannot be kept: {type(error).__name__}", where=self.place) from None


def open_sqlite(path: Path | None, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> SqliteStore:
    """The store in `path`, made and migrated where needed; in memory where path is None."""
    if sqlite3.sqlite_version_info < MIN_SQLITE:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old", advice="Version 3.35 or newer is needed.")
    place = _place(path)
    _make_private(path)
    try:
        connection = sqlite3.connect(path or ":memory:", timeout=busy_timeout_s, isolation_level=None)
    except sqlite3.Error as error:
        raise _store_error(error, place) from error
    try:
        connection.row_factory = sqlite3.Row
        store = SqliteStore(connection, path, busy_timeout_s)
        _share(store)
        store.run("PRAGMA foreign_keys = ON")
        store.run(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        store.run("PRAGMA synchronous = FULL")  # see hasty: NORMAL may forget
        _migrate(store)
    except BaseException:
        connection.close()
        raise
    return store


def _place(path: Path | None) -> str:
    return str(path) if path else "memory"


def _checkpoint(path: Path) -> None:
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as own:
        own.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _share(store: SqliteStore) -> None:
    """Readers and a writer at once. Turning it on does not wait its turn as statements do: several may try it."""
    clock = SystemClock()
    until_s = clock.monotonic_s() + BUSY_TIMEOUT_S
    while True:
        try:
            store.run("PRAGMA journal_mode = WAL")
            return
        except StoreError as error:
            if not error.is_busy or clock.monotonic_s() >= until_s:
                raise
        time.sleep(HASTY_TIMEOUT_S)


def _make_private(path: Path | None) -> None:
    """Makes the file, readable by its owner only: addresses and what people did stand in it."""
    if path is not None and not path.exists():
        with suppress(OSError):  # then opening it says why
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def _migrate(store: SqliteStore) -> None:
    """Applies each migration once, in the order of their numbers, each whole or not at all."""
    known = scripts()
    if _version(store) == len(known):  # the usual case takes no lock: looking goes on while others write
        return
    with store.transaction():
        version = _version(store)
        refuse_newer(version, len(known), store.place)
        for script in known[version:]:
            for statement in statements(script, store.dialect):  # executescript would commit the transaction
                store.run(statement)
        store.run(f"PRAGMA user_version = {len(known)}")


def _version(store: SqliteStore) -> int:
    version: int = store.rows("PRAGMA user_version")[0][0]
    return version


def _store_error(error: sqlite3.Error, place: str) -> StoreError:
    text = str(error)
    advice = "Check that the folder exists and can be written."
    if "full" in text:
        advice = "The disk is full. Make room and run the same command again: it goes on where it stopped."
    elif "locked" in text:
        advice = "Another process holds the store. Wait for it, or stop it."
    elif "malformed" in text or "not a database" in text:
        advice = "The file is damaged or no SQLite file. Restore it from a backup."
    return StoreError(f"the store failed: {text}", where=place, advice=advice, is_busy="locked" in text)
