"""Data extensions, rows and rowsets: looking up, counting, taking apart. Rows and columns count from 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cmp_to_key
from itertools import accumulate
from typing import Any

from livemerge.template.ampscript.texts import flag
from livemerge.template.ampscript.values import NULL, as_date, charge, order, text, whole
from livemerge.template.authored import cuts, plain
from livemerge.template.limits import MAX_ITERATIONS
from livemerge.template.runtime import Context, Fault

MAX_ROWS = 2_000  # that LookupRows and LookupOrderedRows give
ROWS_A_ROUND = 20  # looked through, that count as one round of a loop


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `names` in small letters, in the order of the columns."""

    names: tuple[str, ...]
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RowSet:
    rows: tuple[Row, ...]


NO_ROWS = RowSet(())


def row_of(row: Mapping[Any, Any]) -> Row:
    """A data extension's row; a column without a value holds Null."""
    names = tuple(str(name).lower() for name in row)
    return Row(names, tuple(NULL if value is None else value for value in row.values()))


# --- looking up ------------------------------------------------------------------------------------


def extension(tables: Any, name: Any) -> Any:
    """A data extension of a name that is known only while rendering."""
    return tables.get(plain(text(name))) if isinstance(tables, Mapping) else None


def lookup(context: Context, table: Any, column: Any, *pairs: Any) -> Any:
    """A column of the first row that matches, else Null."""
    for row in _matches(context, table, pairs, is_exact=False):
        value = _cell(row, plain(text(column)))
        return NULL if value is None else value
    return NULL


def lookup_rows(context: Context, table: Any, *pairs: Any) -> RowSet:
    return _rowset(_matches(context, table, pairs, is_exact=False))


def lookup_rows_cs(context: Context, table: Any, *pairs: Any) -> RowSet:
    return _rowset(_matches(context, table, pairs, is_exact=True))


def lookup_ordered_rows(context: Context, table: Any, count: Any, by: Any, *pairs: Any) -> RowSet:
    return _first(_sorted(_matches(context, table, pairs, is_exact=False), plain(text(by))), count)


def lookup_ordered_rows_cs(context: Context, table: Any, count: Any, by: Any, *pairs: Any) -> RowSet:
    return _first(_sorted(_matches(context, table, pairs, is_exact=True), plain(text(by))), count)


def extension_row_count(context: Context, table: Any) -> int:
    return len(_rows(context, table))


def _rowset(rows: Iterable[Mapping[Any, Any]]) -> RowSet:
    return RowSet(tuple(row_of(row) for row, _ in zip(rows, range(MAX_ROWS), strict=False)))


def _first(rows: list[Mapping[Any, Any]], count: Any) -> RowSet:
    wanted = whole(count)
    return _rowset(rows[:wanted] if wanted > 0 else rows)


def _rows(context: Context, table: Any) -> list[Mapping[Any, Any]]:
    if not isinstance(table, list | tuple):
        raise Fault("there is no such data extension", "declare it, or give it in the data's `data_extensions`")
    charge(context, 1 + len(table) // ROWS_A_ROUND)
    return [row for row in table if isinstance(row, Mapping)]


def _matches(context: Context, table: Any, pairs: tuple[Any, ...], *, is_exact: bool) -> Iterable[Mapping[Any, Any]]:
    """The rows in which every column has its value."""
    if len(pairs) % 2:
        raise Fault("a column has no value to match", "give columns and values in pairs")
    wanted = [(plain(text(pairs[at])), pairs[at + 1]) for at in range(0, len(pairs), 2)]
    rows = _rows(context, table)
    return (row for row in rows if all(_is_equal(_cell(row, name), value, is_exact) for name, value in wanted))


def _is_equal(cell: object, value: object, is_exact: bool) -> bool:
    if isinstance(cell, date) or isinstance(value, date):
        moment = as_date(cell)
        return moment is not None and moment == as_date(value)
    one, other = plain(text(cell)), plain(text(value))
    return one == other if is_exact else one.lower() == other.lower()


def _cell(row: Mapping[Any, Any], column: str) -> Any:
    if column in row:
        return row[column]
    low = column.lower()
    for name, value in row.items():
        if isinstance(name, str) and name.lower() == low:
            return value
    raise Fault("the data extension has no such column", "check the column's name")


def _sorted(rows: Iterable[Mapping[Any, Any]], by: str) -> list[Mapping[Any, Any]]:
    """Rows by columns, the first one first: `Col ASC, Other DESC`."""
    found = list(rows)
    for each in reversed([part.split() for part in by.split(",") if part.split()]):
        column, is_down = " ".join(each), False
        if len(each) > 1 and each[-1].lower() in ("asc", "desc"):
            column, is_down = " ".join(each[:-1]), each[-1].lower() == "desc"
        name = column.strip("[]")
        found.sort(key=lambda row, name=name: cmp_to_key(_compared)(_cell(row, name)), reverse=is_down)  # type: ignore[misc]  # a lambda's default has no annotation
    return found


def _compared(one: Any, other: Any) -> int:
    if one is None or other is None:
        return (one is not None) - (other is not None)
    _, is_less, is_greater = order(one, other)
    return is_greater - is_less


# --- taking apart ----------------------------------------------------------------------------------


def row_count(rows: Any) -> int:
    return len(rows.rows) if isinstance(rows, RowSet) else 0


def row(rows: Any, number: Any) -> Row:
    at = whole(number)
    if not isinstance(rows, RowSet) or not 1 <= at <= len(rows.rows):
        raise Fault("there is no such row", "compare with RowCount() before")
    return rows.rows[at - 1]


def field_of(found: Any, column: Any, is_strict: Any = True) -> Any:
    """A row's value by the column's name or number; `is_strict` 0 gives nothing where there is no such column."""
    if not isinstance(found, Row):
        raise Fault("this is no row", "take one from a rowset with Row()")
    at = _column(found, column)
    if at is not None:
        return found.values[at]
    if flag(is_strict):
        raise Fault("the row has no such column", "check its name, or give Field() a third argument of 0")
    return ""


def _column(found: Row, column: Any) -> int | None:
    if isinstance(column, int) and not isinstance(column, bool):
        return column - 1 if 1 <= column <= len(found.names) else None
    name = plain(text(column)).lower()
    if name in found.names:
        return found.names.index(name)
    return int(name) - 1 if name.isdecimal() and len(name) < 5 and 1 <= int(name) <= len(found.names) else None


def rows_of_text(value: Any, delimiter: Any) -> RowSet:
    """One row for each part of a text; a delimiter at its end adds an empty one."""
    found, by = text(value), plain(text(delimiter))
    if not found:
        return NO_ROWS
    if not by:
        return RowSet((Row(("value",), (found,)),))
    parts = plain(found).split(by)
    if len(parts) > MAX_ITERATIONS:
        raise Fault(f"a text is cut into more than {MAX_ITERATIONS} rows", "shorten it")
    ends = list(accumulate(len(part) + len(by) for part in parts))
    spans = zip([0, *ends[:-1]], (end - len(by) for end in ends), strict=True)
    return RowSet(tuple(Row(("value",), (piece,)) for piece in cuts(found, spans)))
