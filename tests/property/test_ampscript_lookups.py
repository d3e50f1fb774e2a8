"""Whatever is in a table, an index finds what looking at each row finds, in the same order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from livemerge.template.ampscript import LookupTable
from livemerge.template.ampscript.values import as_date, text

CELLS = st.one_of(
    st.none(),
    st.sampled_from(["", "a", "A", "ß", "SS", "İ", "1", "1.0", "01", " 1", "2026-03-04", "3/4/2026", "True"]),
    st.integers(-2, 2),
    st.sampled_from([True, False, Decimal("1.0"), 1.0, 0.5, date(2026, 3, 4)]),
    st.text(max_size=3),
)
WANTED = st.lists(st.tuples(st.integers(0, 1), CELLS.filter(lambda value: value is not None)), min_size=1, max_size=3)


def is_match(cell: Any, value: Any, is_exact: bool) -> bool:
    """The rule itself, one cell at a time."""
    if isinstance(cell, date) or isinstance(value, date):
        return as_date(cell) is not None and as_date(cell) == as_date(value)
    one, other = text(cell), text(value)
    return one == other if is_exact else one.lower() == other.lower()


@given(st.lists(st.tuples(CELLS, CELLS), max_size=24), WANTED, st.booleans())
def test_an_index_finds_what_looking_at_each_row_finds(
    rows: list[tuple[Any, Any]], wanted: list[tuple[int, Any]], is_exact: bool
) -> None:
    table = LookupTable(("a", "b"), rows)
    found, looked_at = table.matches(wanted, is_exact=is_exact)
    expected = [row for row in table.rows if all(is_match(row[at], value, is_exact) for at, value in wanted)]
    assert found == expected
    assert looked_at <= len(rows)
