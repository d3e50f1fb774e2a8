"""Data extensions, rows and rowsets: looking up, counting, taking apart. Rows and columns count from 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import accumulate
from typing import Any

from livemerge.template.ampscript.tables import LookupTable, places_of, table_of
from livemerge.template.ampscript.texts import flag
from livemerge.template.ampscript.values import NULL, Null, charge, order, text, whole
from livemerge.template.authored import cuts, plain
from livemerge.template.limits import MAX_ITERATIONS
from livemerge.template.runtime import Context, Fault

MAX_ROWS = 2_000  # that LookupRows and LookupOrderedRows give
ROWS_A_ROUND = 20  # looked through, that count as one round of a loop


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `places` are the numbers of its columns, counted from 0, by their names in small letters."""

    places: Mapping[str, int]
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RowSet:
    rows: tuple[Row, ...]


NO_ROWS = RowSet(())
VALUE_ALONE = places_of(("value",))  # of rows that have one value


# --- looking up ------------------------------------------------------------------------------------


def extension(tables: Any, name: Any) -> Any:
    """A data extension of a name that is known only while rendering."""
    return tables.get(plain(text(name))) if isinstance(tables, Mapping) else None


def lookup(context: Context, table: Any, column: Any, *pairs: Any) -> Any:
    """A column of the first row that matches, else Null."""
    found = _table(table)
    at = found.column(plain(text(column)))
    return next((row[at] for row in _matches(context, found, pairs, is_exact=False)), NULL)


def lookup_rows(context: Context, table: Any, *pairs: Any) -> RowSet:
    found = _table(table)
    return _rowset(found, _matches(context, found, pairs, is_exact=False))


def lookup_rows_cs(context: Context, table: Any, *pairs: Any) -> RowSet:
    found = _table(table)
    return _rowset(found, _matches(context, found, pairs, is_exact=True))


def lookup_ordered_rows(context: Context, table: Any, count: Any, by: Any, *pairs: Any) -> RowSet:
    return _ordered(context, _table(table), count, by, pairs, is_exact=False)


def lookup_ordered_rows_cs(context: Context, table: Any, count: Any, by: Any, *pairs: Any) -> RowSet:
    return _ordered(context, _table(table), count, by, pairs, is_exact=True)


def extension_row_count(context: Context, table: Any) -> int:
    charge(context, 1)
    return len(_table(table).rows)


def _rowset(table: LookupTable, rows: Sequence[tuple[Any, ...]]) -> RowSet:
    return RowSet(tuple(Row(table.places, row) for row in rows[:MAX_ROWS]))


def _ordered(
    context: Context, table: LookupTable, count: Any, by: Any, pairs: tuple[Any, ...], *, is_exact: bool
) -> RowSet:
    rows = _sorted(table, _matches(context, table, pairs, is_exact=is_exact), plain(text(by)))
    wanted = whole(count)
    return _rowset(table, rows[:wanted] if wanted > 0 else rows)


def _table(found: Any) -> LookupTable:
    if isinstance(found, LookupTable):
        return found
    if isinstance(found, (list, tuple)):
        return table_of(found)
    raise Fault("there is no such data extension", "declare it, or give it in the data's `data_extensions`")


def _matches(
    context: Context, table: LookupTable, pairs: tuple[Any, ...], *, is_exact: bool
) -> Sequence[tuple[Any, ...]]:
    """The rows in which every column has its value. What was looked at counts as work."""
    if len(pairs) % 2:
        raise Fault("a column has no value to match", "give columns and values in pairs")
    wanted = [(table.column(plain(text(pairs[at]))), pairs[at + 1]) for at in range(0, len(pairs), 2)]
    rows, looked_at = table.matches(wanted, is_exact=is_exact)
    charge(context, 1 + looked_at // ROWS_A_ROUND)
    return rows


def _sorted(table: LookupTable, rows: Sequence[tuple[Any, ...]], by: str) -> Sequence[tuple[Any, ...]]:
    """Rows by columns, the first one first: `Col ASC, Other DESC`."""
    found = list(rows)
    for each in reversed([part.split() for part in by.split(",") if part.split()]):
        column, is_down = " ".join(each), False
        if len(each) > 1 and each[-1].lower() in ("asc", "desc"):
            column, is_down = " ".join(each[:-1]), each[-1].lower() == "desc"
        at = table.column(column.strip("[]"))
        found.sort(key=lambda row, at=at: cmp_to_key(_compared)(row[at]), reverse=is_down)  # type: ignore[misc]  # a lambda's default has no annotation
    return found


def _compared(one: Any, other: Any) -> int:
    """Null stands before every value."""
    if isinstance(one, Null) or isinstance(other, Null):
        return isinstance(other, Null) - isinstance(one, Null)
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
    if found.__class__ is not Row:
        raise Fault("this is no row", "take one from a rowset with Row()")
    at = found.places.get(column) if isinstance(column, str) else None
    if at is None:
        at = _column(found, column)
    if at is not None:
        return found.values[at]
    if flag(is_strict):
        raise Fault("the row has no such column", "check its name, or give Field() a third argument of 0")
    return ""


def _column(found: Row, column: Any) -> int | None:
    if isinstance(column, int) and not isinstance(column, bool):
        return column - 1 if 1 <= column <= len(found.values) else None
    name = plain(text(column)).lower()
    if name in found.places:
        return found.places[name]
    return int(name) - 1 if name.isdecimal() and len(name) < 5 and 1 <= int(name) <= len(found.values) else None


def rows_of_text(value: Any, delimiter: Any) -> RowSet:
    """One row for each part of a text; a delimiter at its end adds an empty one."""
    found, by = text(value), plain(text(delimiter))
    if not found:
        return NO_ROWS
    if not by:
        return RowSet((Row(VALUE_ALONE, (found,)),))
    parts = plain(found).split(by)
    if len(parts) > MAX_ITERATIONS:
        raise Fault(f"a text is cut into more than {MAX_ITERATIONS} rows", "shorten it")
    ends = list(accumulate(len(part) + len(by) for part in parts))
    spans = zip([0, *ends[:-1]], (end - len(by) for end in ends), strict=True)
    return RowSet(tuple(Row(VALUE_ALONE, (piece,)) for piece in cuts(found, spans)))
