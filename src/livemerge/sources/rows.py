"""Rows as a source sent them → rows by the keys that were asked. By key, never by position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from livemerge.values import Key, Row

TWO_ROWS = "the source gave two different rows for this key"


@dataclass(frozen=True, slots=True)
class MatchedRows:
    """The rows that belong to asked keys, how many belong to nobody, and the keys whose rows contradict."""

    rows: Mapping[Key, Row]
    foreign_rows: int
    row_errors: Mapping[Key, str]


def match_rows(keys: Sequence[Key], found: Iterable[tuple[Key | None, Row]]) -> MatchedRows:
    """Each asked key with its own row. Order, gaps and rows of others change nothing.

    The same row twice is one row. Two different ones for one key: neither is believed, as nobody can say which is true.
    """
    asked = frozenset(keys)
    rows: dict[Key, Row] = {}
    row_errors: dict[Key, str] = {}
    foreign_rows = 0
    for key, row in found:
        if key is None or key not in asked:
            foreign_rows += 1
        elif _differ(rows.setdefault(key, row), row):
            row_errors[key] = TWO_ROWS
    return MatchedRows({key: row for key, row in rows.items() if key not in row_errors}, foreign_rows, row_errors)


def _differ(one: Row, other: Row) -> bool:
    try:
        return one != other
    except RecursionError:  # JSON may be nested deeper than Python compares; nobody's data is
        return True


def key_text(value: object) -> Key | None:
    """The key a source wrote, as exact text; None for what is no key.

    1001 is "1001". Floats are no keys: 1001.0 and 1e3 have no one spelling, and past 2**53 neighbours are equal.
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | Decimal | UUID) and not isinstance(value, bool):
        return str(value)
    return None
