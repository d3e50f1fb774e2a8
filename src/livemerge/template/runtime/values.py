"""Kinds of values: the words that are compared by what a value is, truth, emptiness, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final


class Special:
    """One of Liquid's two words that are compared by what a value is, not by equality."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


EMPTY: Final = Special("empty")
BLANK: Final = Special("blank")
MISSING: Final = Special("missing")  # the data has no such name

# A tuple made once: `isinstance` with a union that is made anew costs more than ten times as much.
LISTS: Final = (list, tuple)
SEQUENCES: Final = (list, tuple, range)
MAPPINGS: Final = (dict, Mapping)
NUMBERS: Final = (int, float, Decimal)


def is_true(value: object) -> bool:
    """Liquid's truth: everything but nil and false."""
    return value is not None and value is not False


def is_blank(value: object) -> bool:
    """Whether a value is nil, false, white space, or empty."""
    if value is None or value is False or value is BLANK:
        return True
    if isinstance(value, str):
        return not value.strip()
    return is_empty(value)


def is_empty(value: object) -> bool:
    """Whether a text, list or mapping has nothing in it."""
    if isinstance(value, (str, list, tuple, dict, Mapping)):
        return len(value) == 0
    return value is EMPTY


def is_number(value: object) -> bool:
    return isinstance(value, NUMBERS) and not isinstance(value, bool)
