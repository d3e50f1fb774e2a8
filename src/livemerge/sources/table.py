"""Customer data from a file: CSV or JSON Lines, read whole, and again when the file changes."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson

from livemerge import config
from livemerge.catalog import Field
from livemerge.errors import ConfigError, SourceError, nearest
from livemerge.sources.rows import key_text
from livemerge.sources.source import unaskable
from livemerge.values import Answer, Key, Row

MAX_TABLE_BYTES: Final = 256_000_000  # some two million people; more belongs in a database
MAX_BATCH: Final = 500

_Numbered: TypeAlias = Iterator[tuple[int, Row]]
"""Rows with the line each begins on, counted from 1."""


@dataclass(frozen=True, slots=True)
class _Version:
    """The file as it was read: the rows, or what is wrong with them."""

    stamp: tuple[int, int]  # mtime in ns, bytes
    rows: Mapping[Key, Row]
    fault: ConfigError | None = None


class TableSource:
    """One file. While a changed file is faulty the source gives no answer, rather than yesterday's rows as today's."""

    connections = 1
    max_batch = MAX_BATCH

    def __init__(self, name: str, path: Path, *, shown: str, key: str) -> None:
        self.name = name
        self._path = path
        self._shown = shown
        self._key = key
        self._version = _Version((0, 0), {})
        self._turn = asyncio.Lock()

    def load(self) -> None:
        """Reads the file now. Raises ConfigError with file and line."""
        self._version = self._read()
        if self._version.fault is not None:
            raise self._version.fault

    async def fetch(self, keys: Sequence[Key], fields: Sequence[Field]) -> Answer:
        async with self._turn:
            if self._stamp() != self._version.stamp:
                self._version = await asyncio.to_thread(self._read)
        version = self._version
        if version.fault is not None:
            fault = version.fault
            raise SourceError(fault.what, where=fault.where, advice=fault.advice, retryable=False)
        return Answer({key: version.rows[key] for key in keys if key in version.rows}, row_errors=unaskable(keys))

    async def close(self) -> None:
        """Nothing is held open."""

    def _stamp(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except OSError:
            return (-1, -1)
        return (status.st_mtime_ns, status.st_size)

    def _read(self) -> _Version:
        stamp = self._stamp()  # before reading: a change in between is seen next time
        try:
            return _Version(stamp, read_table(self._path, shown=self._shown, key=self._key))
        except ConfigError as fault:
            return _Version(stamp, {}, fault)


def make_table(name: str, section: config.TableSource, *, root: Path) -> TableSource:
    """The source that a section declares, its file read. Raises ConfigError."""
    source = TableSource(name, root / section.path, shown=section.path, key=section.key)
    source.load()
    return source


def read_table(path: Path, *, shown: str, key: str) -> Mapping[Key, Row]:
    """All rows by their key; every key once. Raises ConfigError naming file:line for what is not so."""
    kind = READERS.get(path.suffix.lower())
    if kind is None:
        raise ConfigError(f"`{path.suffix}` is no kind of table", where=shown, advice=f"Known: {', '.join(READERS)}.")
    rows: dict[Key, Row] = {}
    lines: dict[Key, int] = {}
    for line, row in kind(read_text(path, shown), shown, key):
        name = _row_key(row.get(key), f"{shown}:{line}", key)
        if name in rows:
            raise ConfigError(
                f"the key `{name}` stands here and on line {lines[name]}",
                where=f"{shown}:{line}",
                advice="One row for each key: with two, nobody can say which is true.",
            )
        rows[name], lines[name] = row, line
    return rows


def _row_key(value: object, place: str, column: str) -> Key:
    key = key_text(value)
    if key is None or not key.strip():
        what = (
            f"`{column}` is empty" if value is None or isinstance(value, str) else f"`{column}` is no text or integer"
        )
        raise ConfigError(what, where=place, advice="Each row needs the key of one customer.")
    if reason := unaskable([key]).get(key):
        raise ConfigError(reason, where=place)
    return key


def read_text(
    path: Path, shown: str, max_bytes: int = MAX_TABLE_BYTES, if_larger: str = "Use a source of kind sql."
) -> str:
    """A file's text. Raises ConfigError for one that is too large, is not there, or is not UTF-8."""
    try:
        if path.stat().st_size > max_bytes:
            raise ConfigError(f"is larger than {max_bytes} bytes", where=shown, advice=if_larger)
        data = path.read_bytes()
    except OSError as error:
        advice = "Relative paths start at the project folder."
        raise ConfigError(f"cannot be read: {error.strerror}", where=shown, advice=advice) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", where=f"{shown}:{line}", advice="Export it again as UTF-8.") from None


def _csv_rows(text: str, shown: str, key: str) -> _Numbered:
    """Rows of text; a blank cell is a value the customer does not have."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            if cells and not header:
                header = _header(cells, f"{shown}:{line}", key)
            elif cells:
                yield line, _csv_row(header, cells, f"{shown}:{line}")
            line = reader.line_num + 1
    except csv.Error as error:
        advice = "A quote that opens must close; quotes inside are doubled."
        raise ConfigError(f"is not CSV: {error}", where=f"{shown}:{line}", advice=advice) from None
    if not header:
        advice = "The first line names the columns" + (f", one of them `{key}`." if key else ".")
        raise ConfigError("is empty", where=shown, advice=advice)


def _header(cells: Sequence[str], place: str, key: str) -> list[str]:
    names = [cell.strip() for cell in cells]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"two columns are named `{twice}`", where=place, advice="Each column needs its own name.")
    if key and key not in names:
        advice = f"{nearest(key, names)} The columns are: {', '.join(names)}.".strip()
        raise ConfigError(f"there is no column `{key}`", where=place, advice=advice)
    return names


def _csv_row(header: Sequence[str], cells: Sequence[str], place: str) -> Row:
    if len(cells) != len(header):
        what = f"has {len(cells)} cells, the first line has {len(header)}"
        raise ConfigError(what, where=place, advice="Put quotes around cells that contain a comma.")
    return {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()}


def _jsonl_rows(text: str, shown: str, key: str) -> _Numbered:
    """One JSON object a line; blank lines are skipped."""
    for line, written in enumerate(text.split("\n"), start=1):
        if written.strip():
            yield line, _json_row(written, f"{shown}:{line}", key)


def _json_row(written: str, place: str, key: str) -> Row:
    try:
        row: Any = orjson.loads(written)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise ConfigError("is not JSON", where=place, advice="Each line holds one JSON object.") from None
    if not isinstance(row, dict):
        raise ConfigError("is no JSON object", where=place, advice="Each line holds one JSON object.")
    if key and key not in row:
        raise ConfigError(f"has no `{key}`", where=place, advice=nearest(key, row))
    return row


READERS: Final[Mapping[str, Callable[[str, str, str], Iterable[tuple[int, Row]]]]] = {
    ".csv": _csv_rows,
    ".jsonl": _jsonl_rows,
}
"""By a file's ending: (text, file as it is shown, key column or "") → rows with the line each begins on."""
