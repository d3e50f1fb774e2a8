"""Data extensions as Lookup and its family read them: rows found by what their columns hold, through an index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

from livemerge.template.ampscript.values import NULL, as_date, text
from livemerge.template.authored import plain
from livemerge.template.runtime import Fault

MAX_INDEXES: Final = 8  # of one table; what is looked for in other columns is looked for row by row
SHARED: Final = "ent."  # before the names of data extensions that belong to the whole enterprise

_Cells: TypeAlias = tuple[Any, ...]
_Index: TypeAlias = Mapping[str, Sequence[int]]
Wanted: TypeAlias = Sequence[tuple[int, Any]]
"""Columns by number, counted from 0, and what each must hold."""


class LookupTable:
    """The rows of one data extension. Columns are read by names of any case; a cell without a value holds Null."""

    __slots__ = ("_at", "_indexes", "names", "rows")

    def __init__(self, columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
        """Each row has a value, or None, for every column."""
        self.names = tuple(str(column).lower() for column in columns)
        self.rows: tuple[_Cells, ...] = tuple(tuple(NULL if value is None else value for value in row) for row in rows)
        self._at = {name: at for at, name in enumerate(self.names)}
        self._indexes: dict[tuple[int, bool], _Index | None] = {}

    def column(self, name: str) -> int:
        """A column's number, counted from 0. Raises Fault where there is none of this name."""
        at = self._at.get(name.strip().lower())
        if at is None:
            raise Fault("the data extension has no such column", "check the column's name")
        return at

    def matches(self, wanted: Wanted, *, is_exact: bool) -> tuple[list[_Cells], int]:
        """The rows in which every column holds its value, in their order, and how many rows were looked at."""
        rows = self._candidates(wanted, is_exact)
        return [row for row in rows if all(_is_equal(row[at], value, is_exact) for at, value in wanted)], len(rows)

    def _candidates(self, wanted: Wanted, is_exact: bool) -> Sequence[_Cells]:
        """The rows that may match: those of the shortest list an index has, else all."""
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


def _make_index(rows: Sequence[_Cells], at: int, is_exact: bool) -> _Index | None:
    found: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        if isinstance(row[at], date):
            return None
        found.setdefault(_key(row[at], is_exact), []).append(number)
    return found


def _key(value: Any, is_exact: bool) -> str:
    written = str.__str__(plain(text(value)))
    return written if is_exact else written.lower()


def _is_equal(cell: Any, value: Any, is_exact: bool) -> bool:
    if isinstance(cell, date) or isinstance(value, date):
        moment = as_date(cell)
        return moment is not None and moment == as_date(value)
    return _key(cell, is_exact) == _key(value, is_exact)


def table_of(rows: Sequence[Any]) -> LookupTable:
    """The table that a list of mappings is; what is no mapping is left out."""
    given = [row for row in rows if isinstance(row, Mapping)]
    columns = {str(name).lower(): None for row in given for name in row}
    folded = ({str(name).lower(): value for name, value in row.items()} for row in given)
    return LookupTable(columns, [[row.get(name) for name in columns] for row in folded])


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
        if isinstance(self._folded[known], list | tuple):
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
