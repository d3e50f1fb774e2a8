"""All rows of a file or of a query, read at once: what templates look up by other columns than the customer's key."""

from __future__ import annotations

import csv
import io
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from livemerge.catalog import DataExtension
from livemerge.errors import ConfigError
from livemerge.sources.credential import ReadSecret
from livemerge.sources.sql import failure, read_any_text, read_url
from livemerge.sources.table import READERS, read_text
from livemerge.values import Row

MAX_TABLE_ROWS: Final = 200_000
MAX_TABLE_BYTES: Final = 64_000_000  # of a file, or of the texts a query gives; held twice while it is read again
STEPS_BETWEEN_QUESTIONS: Final = 10_000  # of SQLite's machine: less than a millisecond
TOO_LARGE: Final = (
    "The whole table is held in memory. Take fewer rows or columns, or declare fields of a source of kind sql: "
    "those are asked for one batch of customers at a time."
)


@dataclass(frozen=True, slots=True)
class WholeTable:
    """Rows in their natural order; each has a value for every column, None where there is none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def read_whole(extension: DataExtension, *, root: Path, read_secret: ReadSecret) -> WholeTable:
    """The table as it is now. Raises ConfigError for what cannot be one, SourceError where there is no answer."""
    if extension.path:
        return _read_file(root / extension.path, extension.path)
    where = f"data_extension.{extension.name}"
    url = read_url(extension.url, root, where=where, read_secret=read_secret)
    return _read_query(url, extension.query, where, extension.timeout_s)


def file_stamp(path: Path) -> tuple[int, int]:
    """What changes when a file does: when it was written, in ns, and its bytes. (-1, -1) for none."""
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_mtime_ns, status.st_size)


# --- files -----------------------------------------------------------------------------------------


def _read_file(path: Path, shown: str) -> WholeTable:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(f"`{path.suffix}` is no kind of table", where=shown, advice=f"Known: {', '.join(READERS)}.")
    written = read_text(path, shown, MAX_TABLE_BYTES, TOO_LARGE)
    return _table((row for _, row in reader(written, shown, "")), shown, _csv_columns(path, written))


def _csv_columns(path: Path, written: str) -> Sequence[str]:
    """The columns that a CSV names, also those for which no row has a value."""
    if path.suffix.lower() != ".csv":
        return ()
    cells = next(filter(None, csv.reader(io.StringIO(written, newline=""))), [])
    return [cell.strip() for cell in cells]


def _table(rows: Iterable[Row], shown: str, columns: Sequence[str]) -> WholeTable:
    known = dict.fromkeys(columns)
    found: list[Row] = []
    for row in rows:
        if len(found) >= MAX_TABLE_ROWS:
            raise ConfigError(f"has more than {MAX_TABLE_ROWS:,} rows", where=shown, advice=TOO_LARGE)
        known.update(dict.fromkeys(row))
        found.append(row)
    names = tuple(known)
    if twice := next((name for name in names if [*map(str.lower, names)].count(name.lower()) > 1), ""):
        what = f"two columns are named `{twice}`, as templates write names in any case"
        raise ConfigError(what, where=shown, advice="Rename one of them.")
    return WholeTable(names, tuple(tuple(row.get(name) for name in names) for row in found))


# --- queries ---------------------------------------------------------------------------------------


def _read_query(url: URL, query: str, where: str, timeout_s: float) -> WholeTable:
    statement = text(query)
    if names := sorted(statement.compile().params):
        advice = "A colon that is none of ours is written \\:."
        raise ConfigError(f"wants :{names[0]}, and nothing is given", where=f"{where}.query", advice=advice)
    engine = _engine(url, timeout_s)
    try:
        with engine.connect() as connection, _interrupted_after(connection, timeout_s):
            result = connection.execution_options(stream_results=True).execute(statement)
            columns = tuple(result.keys())
            rows = _bounded((tuple(map(_as_template_data, row)) for row in result), where)
    except SQLAlchemyError as error:
        raise failure(error, where) from None  # the cause's text may hold values
    finally:
        engine.dispose()
    return _table((dict(zip(columns, row, strict=True)) for row in rows), where, columns)


def _bounded(rows: Iterable[tuple[Any, ...]], where: str) -> list[tuple[Any, ...]]:
    """The rows. Raises ConfigError where they are more than a process should hold."""
    found: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        size += sum(len(value) for value in row if isinstance(value, str))
        if len(found) >= MAX_TABLE_ROWS or size > MAX_TABLE_BYTES:
            what = f"the query gives more than {MAX_TABLE_ROWS:,} rows or {MAX_TABLE_BYTES:,} characters"
            raise ConfigError(what, where=where, advice=TOO_LARGE)
        found.append(row)
    return found


def _engine(url: URL, timeout_s: float) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": timeout_s, "check_same_thread": False})
        event.listen(engine, "connect", read_any_text)
        return engine
    limits = f"-c statement_timeout={max(1, int(timeout_s * 1000))} -c default_transaction_read_only=on"
    connect = {"connect_timeout": max(2, min(10, int(timeout_s))), "options": limits}
    return create_engine(url, poolclass=NullPool, connect_args=connect)


@contextmanager
def _interrupted_after(connection: Connection, timeout_s: float) -> Iterator[None]:
    """SQLite has no limit of its own for a statement: it asks now and then whether it should go on."""
    raw = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        yield
        return
    is_late = threading.Event()
    timer = threading.Timer(timeout_s, is_late.set)
    timer.daemon = True
    timer.start()
    raw.set_progress_handler(is_late.is_set, STEPS_BETWEEN_QUESTIONS)
    try:
        yield
    finally:
        timer.cancel()


def _as_template_data(value: object) -> object:
    """A value as templates take it: bytes are none of theirs."""
    if isinstance(value, UUID):
        return str(value)
    return None if isinstance(value, bytes | memoryview) else value
