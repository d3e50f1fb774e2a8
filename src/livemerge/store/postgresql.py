"""A store in PostgreSQL, for several processes on several machines. The same schema and statements as in SQLite."""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from psycopg import pq

from livemerge.errors import StoreError
from livemerge.store.connections import MAX_CONNECTIONS, Connection, Connections, NamedRow
from livemerge.store.migration import refuse_newer, scripts, statements
from livemerge.store.store import Dialect, Parameters, T

_MIGRATING: Final = 0x6C697665  # the advisory lock under which one process migrates
PREPARED: Final = 4  # of MAX_CONNECTIONS: the event loop's, the access log's, the cache's, what changed
_PLACEHOLDER: Final = re.compile(r"'(?:[^']|'')*'|::|\?|:([A-Za-z_]\w*)|%")
_BUSY: Final = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)


class PostgresqlStore:
    """An open database. Every method raises StoreError when it cannot be read or written.

    A transaction belongs to the thread that began it; other threads have connections of their own.
    """

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, place: str) -> None:
        self.place = place
        self._connections = Connections(url, place)
        self._threads = ThreadPoolExecutor(MAX_CONNECTIONS - 2, "store")
        self._of_thread = threading.local()
        self._connects = threading.Event()

    def rows(self, sql: str, parameters: Parameters = ()) -> Sequence[NamedRow]:
        """All rows of one statement; outside a transaction a writing statement commits at once."""
        with self._connection() as connection:
            cursor = connection.execute(_said(sql), parameters)
            return cursor.fetchall() if cursor.description else []

    def row(self, sql: str, parameters: Parameters = ()) -> NamedRow | None:
        """The first row, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Runs one statement; gives how many rows it changed."""
        with self._connection() as connection:
            return connection.execute(_said(sql), parameters).rowcount

    def run_many(self, sql: str, many: Iterable[Parameters]) -> int:
        """Runs one statement for each set of parameters, in one transaction and few round trips."""
        with self.transaction(), self._connection() as connection:
            cursor = connection.cursor()
            cursor.executemany(_said(sql), many)
            return max(cursor.rowcount, 0)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Inside another transaction it is part of that one."""
        with self._held() as connection:
            if connection.info.transaction_status is not pq.TransactionStatus.IDLE and not connection.closed:
                yield
                return
            with self._explained():
                connection.execute("BEGIN")
            try:
                yield
                self._commit(connection)
            except BaseException:
                with suppress(psycopg.Error):  # the first error is the one to tell
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def hasty(self) -> Iterator[None]:
        """A transaction that does not wait for the disk: for what may be lost, such as a cache."""
        with self.transaction():
            self.run("SET LOCAL synchronous_commit = off")
            yield

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """What is done here waits HASTY_ANSWER_S at most, and for no connection: StoreError instead.

        The connection it lacks is made in a thread, for the next one who asks.
        """
        before = getattr(self._of_thread, "is_hasty", False)
        self._of_thread.is_hasty = True
        try:
            yield
        finally:
            self._of_thread.is_hasty = before

    async def apart(self, work: Callable[[], T]) -> T:
        """What `work` gives, from a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def prepare(self) -> None:
        """Opens connections for the event loop and for the threads that may hold one meanwhile."""
        await self.apart(self._open_some)

    def _open_some(self) -> None:
        with ExitStack() as held:
            for _ in range(PREPARED):
                held.callback(self._connections.give, self._connections.take())

    async def tidy(self) -> None:
        """Nothing: the server does it itself."""

    @contextmanager
    def only_one(self, name: str) -> Iterator[bool]:
        """Whether this process alone holds `name`, by an advisory lock of the server.

        What this thread does meanwhile goes over the connection that holds the lock: where the server takes it
        away, the next statement fails, and nobody goes on without it.
        """
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with self._held():
            found = self.row("SELECT pg_try_advisory_lock(?) AS is_ours", (number,))
            is_ours = bool(found and found["is_ours"])
            try:
                yield is_ours
            finally:
                if is_ours:
                    with suppress(StoreError):  # the server lets go of it with the connection
                        self.run("SELECT pg_advisory_unlock(?)", (number,))

    def close(self) -> None:
        """Gives the connections back. Every later call raises StoreError."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._connections.close()

    @contextmanager
    def _held(self) -> Iterator[Connection]:
        """One connection for all that this thread does meanwhile."""
        held: Connection | None = getattr(self._of_thread, "held", None)
        if held is not None:
            yield held
            return
        connection = self._take()
        self._of_thread.held = connection
        try:
            yield connection
        finally:
            self._of_thread.held = None
            self._connections.give(connection)

    def _take(self) -> Connection:
        if not getattr(self._of_thread, "is_hasty", False):
            return self._connections.take()
        try:
            return self._connections.take(is_hasty=True)
        except StoreError:
            if not self._connects.is_set():
                self._connects.set()
                with suppress(RuntimeError):  # closed meanwhile
                    self._threads.submit(self._connect)
            raise

    def _connect(self) -> None:
        """Opens a connection, if that can be done now."""
        try:
            with suppress(StoreError):
                self._connections.give(self._connections.take())
        finally:
            self._connects.clear()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._held() as connection, self._explained():
            yield connection

    def _commit(self, connection: Connection) -> None:
        if connection.info.transaction_status is not pq.TransactionStatus.INTRANS:  # COMMIT would undo it in silence
            raise StoreError("the transaction was undone by a failure inside it", where=self.place)
        with self._explained():
            connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise _store_error(error, self.place) from None  # its text may show values
        except UnicodeEncodeError as error:
            raise StoreError(f"a value cannot be kept: {type(error).__name__}", where=self.place) from None


def open_postgresql(url: str) -> PostgresqlStore:
    """The store at `postgresql://user:password@host:port/database`, migrated where needed. Raises StoreError."""
    try:
        parts = urlsplit(url)
        place = f"postgresql://{parts.hostname or ''}:{parts.port or 5432}{parts.path}"
    except ValueError:
        raise StoreError("[store] url is no address of a database", advice="postgresql://user@host:5432/name") from None
    store = PostgresqlStore(url, place)
    try:
        _migrate(store)
    except BaseException:
        store.close()
        raise
    return store


def _migrate(store: PostgresqlStore) -> None:
    """Applies each migration once, one process at a time, all whole or not at all."""
    known = scripts()
    if _version(store) == len(known):
        return
    with store.transaction():
        store.run("SET LOCAL statement_timeout = 0")
        store.run("SET LOCAL lock_timeout = 0")
        store.rows("SELECT pg_advisory_xact_lock(?)", (_MIGRATING,))
        version = _version(store)
        refuse_newer(version, len(known), store.place)
        for script in known[version:]:
            for statement in statements(script, store.dialect):
                store.run(statement)
        store.run("CREATE TABLE IF NOT EXISTS livemerge_schema (version BIGINT NOT NULL)")
        store.run("DELETE FROM livemerge_schema")
        store.run("INSERT INTO livemerge_schema (version) VALUES (?)", (len(known),))


def _version(store: PostgresqlStore) -> int:
    # to_regclass would remember, while waiting for the lock, that there was none.
    if not store.rows("SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'livemerge_schema'"):
        return 0
    row = store.row("SELECT version FROM livemerge_schema")
    return int(row["version"]) if row else 0


@lru_cache(maxsize=2_048)
def _said(sql: str) -> Any:
    """A statement with its places as the driver writes them: `?` → `%s`, `:name` → `%(name)s`."""

    def place(match: re.Match[str]) -> str:
        found = match[0]
        if match[1]:
            return f"%({match[1]})s"
        return {"?": "%s", "%": "%%"}.get(found, found.replace("%", "%%"))

    return _PLACEHOLDER.sub(place, sql)


def _store_error(error: psycopg.Error, place: str) -> StoreError:
    is_busy = isinstance(error, _BUSY)
    state = error.sqlstate or "no state"
    what = f"the store failed: {type(error).__name__} ({state})"
    if isinstance(error, psycopg.errors.DiskFull):
        advice = "The disk is full. Make room and run the same command again: it goes on where it stopped."
    elif is_busy:
        advice = "Another process holds what this one needs. It is tried again, or run the command again."
    elif isinstance(error, psycopg.OperationalError):
        advice = "Check that PostgreSQL runs. What was committed stays; run the same command again."
    else:
        advice = "The server's log says more."
    return StoreError(what, where=place, advice=advice, is_busy=is_busy)
