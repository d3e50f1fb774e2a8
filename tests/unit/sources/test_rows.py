from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from livemerge.sources.rows import TWO_ROWS, key_text, match_rows


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("c-1", "c-1"),
        (" c-1 ", " c-1 "),
        ("", None),
        (1001, "1001"),
        (-7, "-7"),
        (0, "0"),
        (10**30, "1" + "0" * 30),
        (Decimal("1001"), "1001"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (1001.0, None),
        (True, None),
        (None, None),
        (b"c-1", None),
        (["c-1"], None),
        ({"id": "c-1"}, None),
    ],
)
def test_a_key_is_text_or_an_exact_number(value: object, key: str | None) -> None:
    assert key_text(value) == key


def test_a_contradiction_stays_one_however_the_rows_are_ordered() -> None:
    one, two = {"n": 1}, {"n": 2}
    for rows in ([one, two], [two, one], [one, two, one], [one, one, two], [two, two, one]):
        matched = match_rows(["a"], [("a", row) for row in rows])
        assert matched.rows == {}
        assert matched.row_errors == {"a": TWO_ROWS}


def test_rows_of_others_are_counted_each() -> None:
    assert match_rows(["a"], [("b", {}), ("b", {}), (None, {})]).foreign_rows == 3
