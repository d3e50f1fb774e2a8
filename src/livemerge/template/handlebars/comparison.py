"""How helpers compare: as JavaScript does, so that `3` equals `"3"`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from livemerge.template.handlebars import values
from livemerge.template.handlebars.patterns import matches_whole
from livemerge.template.runtime import Context, charge

STEP_WORK = 4  # units of a step of a regular expression


def plain(value: Any) -> str:
    """A value's text as an exact str."""
    return str.__str__(values.show(value))


def number_of(value: Any) -> Decimal | None:
    """The number a value is for JavaScript; None for none."""
    if isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, datetime):
        return Decimal(value.replace(tzinfo=value.tzinfo or UTC).timestamp())
    if not isinstance(value, (str, int, float, Decimal)):
        return None
    if isinstance(value, int):
        return Decimal(value) if value.bit_length() < 1400 else None
    text = plain(value).strip()
    if not text:
        return Decimal(0)
    try:
        found = Decimal(text) if len(text) <= 100 else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and abs(found.adjusted()) < 400 else None


def equals(value: Any, other: Any) -> bool:
    """Whether two values are equal where numbers and their texts are the same."""
    if value is None or other is None:
        return value is other
    if isinstance(value, str) and isinstance(other, str):
        return str.__str__(value) == str.__str__(other)
    if isinstance(value, (list, tuple, Mapping)) or isinstance(other, (list, tuple, Mapping)):
        has_text = isinstance(value, str) or isinstance(other, str)
        return plain(value) == plain(other) if has_text else value is other
    one, two = number_of(value), number_of(other)
    return one == two if one is not None and two is not None else plain(value) == plain(other)


def differs(value: Any, other: Any) -> bool:
    return not equals(value, other)


def same_text(value: Any, other: Any) -> bool:
    """Mailgun's `equal`: whether two values are the same text."""
    return plain(value) == plain(other)


def order(value: Any, other: Any) -> int | None:
    """How two values order: texts as texts, all else as numbers; None where one is none."""
    one: Any
    two: Any
    if isinstance(value, str) and isinstance(other, str):
        one, two = str.__str__(value), str.__str__(other)
        numbers = number_of(value), number_of(other)
        if one.strip() and two.strip() and None not in numbers:
            one, two = numbers
    else:
        one, two = number_of(value), number_of(other)
        if one is None or two is None:
            return None
    return int(one > two) - int(one < two)


def above(value: Any, other: Any) -> bool:
    return order(value, other) == 1


def below(value: Any, other: Any) -> bool:
    return order(value, other) == -1


def not_below(value: Any, other: Any) -> bool:
    return order(value, other) in (0, 1)


def not_above(value: Any, other: Any) -> bool:
    return order(value, other) in (0, -1)


def all_true(*given: Any) -> bool:
    return all(values.is_true(each) for each in given)


def any_true(*given: Any) -> bool:
    return any(values.is_true(each) for each in given)


def none_true(value: Any) -> bool:
    return not values.is_true(value)


def contains_text(value: Any, part: Any) -> bool:
    return plain(part) in plain(value)


def matches(context: Context, value: Any, expression: Any) -> bool:
    """Whether a whole text matches a regular expression."""
    found, steps = matches_whole(plain(value), plain(expression))
    charge(context, STEP_WORK * steps)
    return found
