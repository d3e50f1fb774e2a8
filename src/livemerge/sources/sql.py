"""Customer data from a database: one statement for a whole batch, its keys bound as `:keys`."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Engine, TextClause, bindparam, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from livemerge import config
from livemerge.catalog import Field
from livemerge.errors import ConfigError, SourceError
from livemerge.sources.credential import ReadSecret
from livemerge.sources.rows import key_text, match_rows
from livemerge.sources.source import unaskable
from livemerge.values import Answer, Key, Row

MAX_ROWS: Final = 20_000  # of one call; more means that the query does not ask for :keys
MAX_INTEGER: Final = 2**63 - 1  # what a bigint column holds
DRIVERS: Final = {"sqlite": "sqlite3", "postgresql": "psycopg"}
# Result codes of SQLite that pass by themselves: BUSY, LOCKED, INTERRUPT, IOERR. https://www.sqlite.org/rescode.html
_PASSING: Final = frozenset({5, 6, 9, 10})
# Classes of SQLSTATE that pass by themselves: connection, rollback, resources, object in use, operator, system error.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_PASSING_CLASSES: Final = frozenset({"08", "40", "53", "55", "57", "58"})


class _Database(Protocol):
    """Runs the statement; where it waits, it can be cancelled."""

    async def rows(self, keys: Sequence[str | int]) -> list[dict[str, Any]]:
        """At most MAX_ROWS + 1 rows."""

    async def close(self) -> None: ...


class SqlSource:
    """One query of one database."""

    def __init__(self, name: str, section: config.SqlSource, database: _Database) -> None:
        self.name = name
        self.max_batch = section.size
        self.connections = section.connections
        self._where = f"source.{name}"
        self._is_integer = section.key_type == "integer"
        self._database = database

    async def fetch(self, keys: Sequence[Key], fields: Sequence[Field]) -> Answer:
        refused = unaskable(keys)
        wanted = [key for key in dict.fromkeys(keys) if key not in refused]
        bound: list[str | int] = [*_integers(wanted)] if self._is_integer else [*_texts(wanted)]
        if not bound:
            return Answer({}, row_errors=refused)
        try:
            rows = await self._database.rows(bound)
        except SQLAlchemyError as error:
            raise failure(error, self._where) from None  # the cause's text holds the statement's parameters
        matched = match_rows(wanted, self._keyed(rows))
        return Answer(matched.rows, None, matched.foreign_rows, {**refused, **matched.row_errors})

    async def close(self) -> None:
        await self._database.close()

    def _keyed(self, rows: list[dict[str, Any]]) -> Iterable[tuple[Key | None, Row]]:
        if len(rows) > MAX_ROWS:
            what = f"the query gave more than {MAX_ROWS} rows"
            raise SourceError(what, where=self._where, advice="Give one row for each of :keys.", retryable=False)
        if rows and "key" not in rows[0]:
            what = "the query gives no column `key`"
            raise SourceError(what, where=self._where, advice="Write: select customer_id as key, …", retryable=False)
        return [(key_text(row["key"]), row) for row in rows]


def make_sql(name: str, section: config.SqlSource, *, root: Path, read_secret: ReadSecret) -> SqlSource:
    """The source that a section declares. Opens nothing yet. Raises ConfigError."""
    where = f"source.{name}"
    query = _read_query(section.query, f"{where}.query")
    url = read_url(section.url, root, where=f"{where}.url", read_secret=read_secret)
    timeout_s = section.timeout_ms / 1000
    if url.get_backend_name() == "sqlite":
        return SqlSource(name, section, _Threaded(url, query, section.connections, timeout_s))
    return SqlSource(name, section, _Async(url, query, section.connections, timeout_s))


def read_url(text_or_secret: str, root: Path, *, where: str, read_secret: ReadSecret) -> URL:
    """A database's address, opened read-only where it is a SQLite file. Raises ConfigError that never shows it."""
    written = text_or_secret
    if written.startswith(("env:", "file:")):
        written = read_secret(written, where)
    try:
        url = make_url(written)
    except ArgumentError:
        advice = "sqlite:///shop.db or postgresql://host/database"
        raise ConfigError("is not the address of a database", where=where, advice=advice) from None
    driver = DRIVERS.get(url.get_backend_name())
    if driver is None:
        known = ", ".join(DRIVERS)
        raise ConfigError(
            f"`{url.get_backend_name()}` databases are not read yet", where=where, advice=f"Known: {known}."
        )
    if importlib.util.find_spec(driver) is None:
        raise ConfigError(f"needs the driver {driver}", where=where, advice="pip install 'psycopg[binary]'")
    return _sqlite_file(url, root, where) if driver == "sqlite3" else url.set(drivername="postgresql+psycopg")


def _sqlite_file(url: URL, root: Path, where: str) -> URL:
    """The file as SQLite's own URI, for reading only."""
    if not url.database or url.database == ":memory:":
        raise ConfigError("names no file", where=where, advice='Write url = "sqlite:///shop.db".')
    path = (root / url.database).absolute()
    return URL.create("sqlite", database=path.as_uri(), query={"mode": "ro", "uri": "true"})


def _read_query(query: str, where: str) -> TextClause:
    """The statement, with `:keys` that grows to as many values as are asked for."""
    statement = text(re.sub(r"\(\s*:keys\s*\)", ":keys", query))
    names = set(statement.compile().params)
    if names != {"keys"}:
        unknown = ", ".join(f":{name}" for name in sorted(names - {"keys"})) or "nothing"
        advice = "A colon that is none of ours is written \\:."
        raise ConfigError(f"wants {unknown}, and only :keys is given", where=where, advice=advice)
    return statement.bindparams(bindparam("keys", expanding=True))


def _integers(keys: Iterable[Key]) -> Iterable[int]:
    """Keys that are integers as written: `007` is not 7, or two customers would share a row."""
    for key in keys:
        if re.fullmatch(r"-?\d{1,19}", key, re.ASCII) and str(number := int(key)) == key and abs(number) <= MAX_INTEGER:
            yield number


def _texts(keys: Iterable[Key]) -> Iterable[str]:
    """Keys that a text column can hold: PostgreSQL refuses the whole statement for one NUL."""
    return (key for key in keys if "\x00" not in key)


class _Threaded:
    """A SQLite file: a few threads, a connection each from the pool; a call that nobody waits for is interrupted."""

    def __init__(self, url: URL, query: TextClause, connections: int, timeout_s: float) -> None:
        self._query = query
        self._engine: Engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=timeout_s,
            connect_args={"timeout": timeout_s, "check_same_thread": False},
        )
        event.listen(self._engine, "connect", read_any_text)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="sql-source")

    async def rows(self, keys: Sequence[str | int]) -> list[dict[str, Any]]:
        call = _Interruptible()
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._read, list(keys), call)
        try:
            return await work
        except asyncio.CancelledError:
            call.interrupt()
            raise

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _read(self, keys: Sequence[str | int], call: _Interruptible) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            try:
                if not call.begin(raw):
                    return []
                result = connection.execute(self._query, {"keys": keys})
                return [dict(row) for row in result.mappings().fetchmany(MAX_ROWS + 1)]
            finally:
                call.end()


def read_any_text(connection: sqlite3.Connection, record: object) -> None:
    """Text that is not UTF-8 comes as bytes, and so as a wrong type of that one value; else it would fail the batch."""
    connection.text_factory = _text_or_bytes


def _text_or_bytes(written: bytes) -> str | bytes:
    try:
        return written.decode()
    except UnicodeDecodeError:
        return written


class _Interruptible:
    """One call's hold on its connection, so that it is interrupted only while it is this call's own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._is_over = False

    def begin(self, connection: sqlite3.Connection) -> bool:
        """Whether the call is still wanted."""
        with self._lock:
            self._connection = connection
            return not self._is_over

    def end(self) -> None:
        with self._lock:
            self._connection = None

    def interrupt(self) -> None:
        with self._lock:
            self._is_over = True
            if self._connection is not None:
                self._connection.interrupt()


class _Async:
    """A PostgreSQL database through psycopg; SQLAlchemy drops the connection of a call that was cancelled."""

    def __init__(self, url: URL, query: TextClause, connections: int, timeout_s: float) -> None:
        self._query = query
        # The server itself ends what outlives its caller; libpq's connect_timeout is at least 2 seconds.
        limits = f"-c statement_timeout={max(1, int(timeout_s * 1000))} -c default_transaction_read_only=on"
        self._engine: AsyncEngine = create_async_engine(
            url,
            isolation_level="AUTOCOMMIT",  # one statement a call: BEGIN and ROLLBACK would be two more round trips
            pool_size=connections,
            max_overflow=0,
            pool_timeout=timeout_s,
            connect_args={"connect_timeout": max(2, int(timeout_s)), "options": limits},
        )

    async def rows(self, keys: Sequence[str | int]) -> list[dict[str, Any]]:
        async with self._engine.connect() as connection:
            result = await connection.execute(self._query, {"keys": list(keys)})
            return [dict(row) for row in result.mappings().fetchmany(MAX_ROWS + 1)]

    async def close(self) -> None:
        await self._engine.dispose()


def failure(error: SQLAlchemyError, where: str) -> SourceError:
    """The error without statement and parameters. What passes by itself is retryable, a wrong query is not."""
    if not isinstance(error, DBAPIError):
        return SourceError(f"gave no answer: {type(error).__name__}", where=where, retryable=True)
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_failure(error.orig, where)
    state = getattr(error.orig, "sqlstate", None) or ""
    retryable = error.connection_invalidated or not state or state[:2] in _PASSING_CLASSES
    what = f"the database refused the query (SQLSTATE {state})" if state else "the database cannot be reached"
    return SourceError(what, where=where, advice="" if retryable else _QUERY_ADVICE, retryable=retryable)


def _sqlite_failure(error: sqlite3.Error, where: str) -> SourceError:
    """SQLite's own sentence names tables and columns, never values."""
    code = (getattr(error, "sqlite_errorcode", None) or 1) & 0xFF
    advice = _QUERY_ADVICE if code == 1 else _FILE_ADVICE.get(code, "")
    return SourceError(f"the database answered: {error}", where=where, advice=advice, retryable=code in _PASSING)


_QUERY_ADVICE: Final = "Try the query by hand: tables and columns must exist as written, and keys be of `key_type`."
_FILE_ADVICE: Final[Mapping[int, str]] = {
    8: "The database is opened for reading only: the query must not write.",
    14: "Check that the file exists; relative paths start at the project folder.",
    26: "The file is no SQLite database.",
}
