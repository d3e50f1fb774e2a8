"""Data extensions as Lookup and its family read them: rows found by what their columns hold, through an index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

from livemerge.template.ampscript.values import NULL, as_date, text
from livemerge.template.authored import plain
from livemerge.template.runtime import MAPPINGS, Fault

MAX_INDEXES: Final = 8  # of one table; what is looked for in other columns is looked for row by row
FEW_ROWS: Final = 8  # of a table, to look through them is quicker than to make an index
SHARED: Final = "ent."  # before the names of data extensions that belong to the whole enterprise

_Cells: TypeAlias = tuple[Any, ...]
_Index: TypeAlias = Mapping[str, Sequence[int]]
Wanted: TypeAlias = Sequence[tuple[int, Any]]
"""Columns by number, counted from 0, and what each must hold."""


class LookupTable:
    """The rows of one data extension. Columns are read by names of any case; a cell without a value holds Null."""

    __slots__ = ("_indexes", "places", "rows")

    def __init__(self, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
        """Each row has a value, or None, for every column."""
        self.places = places_of(str(column).lower() for column in columns)
        self.rows: tuple[_Cells, ...] = tuple(map(_cells, rows))
        self._indexes: dict[tuple[int, bool], _Index | None] = {}

    def column(self, name: str) -> int:
        """A column's number, counted from 0. Raises Fault where there is none of this name."""
        at = self.places.get(name.strip().lower())
        if at is None:
            raise Fault("the data extension has no such column", "check the column's name")
        return at

    def matches(self, wanted: Wanted, *, is_exact: bool) -> tuple[list[_Cells], int]:
        """The rows in which every column holds its value, in their order, and how many rows were looked at."""
        rows = self._candidates(wanted, is_exact)
        found = rows
        for at, value in wanted:
            found = _matching(found, at, value, is_exact)
        return list(found), len(rows)

    def _candidates(self, wanted: Wanted, is_exact: bool) -> Sequence[_Cells]:
        """The rows that may match: those of the shortest list an index has, else all."""
        if len(self.rows) <= FEW_ROWS:
            return self.rows
        lists = [
            index.get(_key(value, is_exact), ())
            for at, value in wanted
            if not isinstance(value, date) and (index := self._index(at, is_exact)) is not None
        ]
        return [self.rows[number] for number in min(lists, key=len)] if lists else self.rows

    def _index(self, at: int, is_exact: bool) -> _Index | None:
        """Rows by what a column holds; None for columns with dates, which are compared as such."""
        slot = (at, is_exact)
        if slot not in self._indexes and len(self._indexes) < MAX_INDEXES:
            self._indexes[slot] = _make_index(self.rows, at, is_exact)
        return self._indexes.get(slot)


def _cells(row: Iterable[Any]) -> _Cells:
    found = tuple(row)
    return tuple(NULL if value is None else value for value in found) if None in found else found


def _make_index(rows: Sequence[_Cells], at: int, is_exact: bool) -> _Index | None:
    found: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        if isinstance(row[at], date):
            return None
        found.setdefault(_key(row[at], is_exact), []).append(number)
    return found


def _key(value: Any, is_exact: bool) -> str:
    written = value if type(value) is str else plain(text(value))
    return written if is_exact else written.lower()


def _matching(rows: Sequence[_Cells], at: int, value: Any, is_exact: bool) -> Sequence[_Cells]:
    """The rows whose column holds a value; moments are compared where one of the two is a date."""
    key, is_date = _key(value, is_exact), isinstance(value, date)
    return [
        row
        for row in rows
        if (_is_same_moment(row[at], value) if is_date or isinstance(row[at], date) else _key(row[at], is_exact) == key)
    ]


def _is_same_moment(cell: Any, value: Any) -> bool:
    moment = as_date(cell)
    return moment is not None and moment == as_date(value)


def places_of(names: Iterable[str]) -> Mapping[str, int]:
    """The numbers of columns, counted from 0, by their names; the first of two that have the same."""
    found: dict[str, int] = {}
    for at, name in enumerate(names):
        found.setdefault(name, at)
    return found


def table_of(rows: Sequence[Any]) -> LookupTable:
    """The table that a list of mappings is; what is no mapping is left out."""
    given = [row for row in rows if isinstance(row, MAPPINGS)]
    names = [str(name).lower() for name in given[0]] if given else []
    if len(set(names)) == len(names) and _have_same_columns(given):
        return LookupTable(names, [row.values() for row in given])
    columns = {str(name).lower(): None for row in given for name in row}
    folded = ({str(name).lower(): value for name, value in row.items()} for row in given)
    return LookupTable(columns, [[row.get(name) for name in columns] for row in folded])


def _have_same_columns(rows: Sequence[Mapping[Any, Any]]) -> bool:
    first = list(rows[0]) if rows else []
    return all(list(row) == first for row in rows)


class LookupTables(Mapping[str, Any]):
    """Data extensions by names of any case, with or without `ENT.` before them; each made a table when first read."""

    __slots__ = ("_folded", "_given")

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._folded: dict[str, Any] = {name.lower(): each for name, each in given.items() if isinstance(name, str)}

    def get(self, name: Any, default: Any = None) -> Any:
        low = str(name).strip().lower()
        known = next((each for each in (low, low.removeprefix(SHARED)) if each in self._folded), None)
        if known is None:
            return default
        if isinstance(self._folded[known], (list, tuple)):
            self._folded[known] = table_of(self._folded[known])
        return self._folded[known]

    def __contains__(self, name: object) -> bool:
        return self.get(name) is not None

    def __getitem__(self, name: str) -> Any:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Any:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)
