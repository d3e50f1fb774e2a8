"""Liquid's equality, order and `contains`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from livemerge.template.limits import MAX_VALUE_NESTING
from livemerge.template.runtime.fault import Fault
from livemerge.template.runtime.texts import inspect, text_of
from livemerge.template.runtime.values import BLANK, LISTS, MAPPINGS, Special, is_blank, is_empty, is_number


def equal(left: Any, right: Any, depth: int = 0) -> bool:
    """Liquid's equality: numbers by value, no number equals true or false, lists item by item."""
    if type(left) is str and type(right) is str:
        return left == right
    if left.__class__ is Special or right.__class__ is Special:
        return _equal_special(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, LISTS) and isinstance(right, LISTS):
        if depth > MAX_VALUE_NESTING:
            raise Fault("lists are nested too deep to be compared")
        return len(left) == len(right) and all(
            equal(one, other, depth + 1) for one, other in zip(left, right, strict=True)
        )
    if isinstance(left, date) != isinstance(right, date):
        return _date_text(left) == _date_text(right)
    if is_number(left) and is_number(right):
        return _compare_numbers(left, right) == 0
    return bool(left == right)


def _equal_special(left: object, right: object) -> bool:
    if left.__class__ is Special and right.__class__ is Special:
        return False
    special, value = (left, right) if left.__class__ is Special else (right, left)
    return is_blank(value) if special is BLANK else is_empty(value)


def _date_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _compare_numbers(left: Any, right: Any) -> int:
    """-1, 0 or 1; Decimals and floats meet as Decimals of what the float prints as. 0 where one is no number (NaN)."""
    if isinstance(left, Decimal) and isinstance(right, float):
        right = Decimal(repr(right))
    elif isinstance(right, Decimal) and isinstance(left, float):
        left = Decimal(repr(left))
    try:
        return int(left > right) - int(left < right)
    except InvalidOperation:  # a Decimal's word for what a float answers with False
        return 0


def order(left: Any, right: Any) -> int | None:
    """How two values order, None where they do not (nil, lists). Raises Fault for text against number."""
    if is_number(left) and is_number(right):
        return _compare_numbers(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, date) or isinstance(right, date):
        return _order_dates(left, right)
    if (is_number(left) or isinstance(left, str)) and (is_number(right) or isinstance(right, str)):
        raise Fault(
            "a number and a text have no order",
            "compare values of one kind; `| plus: 0` makes a number of a text",
        )
    return None


def _order_dates(left: Any, right: Any) -> int | None:
    one, other = _date_text(left), _date_text(right)
    if not isinstance(one, str) or not isinstance(other, str):
        return None
    return (one > other) - (one < other)


def less(left: object, right: object) -> bool:
    return order(left, right) == -1


def less_equal(left: object, right: object) -> bool:
    return order(left, right) in (-1, 0)


def greater(left: object, right: object) -> bool:
    return order(left, right) == 1


def greater_equal(left: object, right: object) -> bool:
    return order(left, right) in (0, 1)


_PLAIN: Final = frozenset((str,))


def contains(left: Any, right: Any) -> bool:
    """Whether a text has a part, a list an equal item, a mapping a key, a range a number."""
    if right is None or left is None:
        return False
    if isinstance(left, str):
        return (inspect(right) if isinstance(right, LISTS) else text_of(right)) in left
    if isinstance(left, MAPPINGS):
        return isinstance(right, (str, int, float)) and right in left
    if type(left) is list and type(right) is str and _PLAIN.issuperset(map(type, left)):
        return right in left
    if isinstance(left, range):  # asked by its ends, as in Ruby, however long it is
        return is_number(right) and left.start <= right <= left.stop - 1
    if isinstance(left, LISTS):
        return any(equal(item, right) for item in left)
    return False
