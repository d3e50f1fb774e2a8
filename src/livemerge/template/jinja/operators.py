"""Jinja's operators: Python's, on plain values only, and bounded."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal, DecimalException
from typing import Any, Final

from markupsafe import Markup

from livemerge.template.jinja.formats import printf
from livemerge.template.jinja.values import MAX_BITS, Undefined, made, not_there, text
from livemerge.template.limits import MAX_ITERATIONS, MAX_TEXT_CHARACTERS
from livemerge.template.runtime import Context, Fault, charge, joined, size_of, too_long

_NUMBERS = (int, float, Decimal)
_ADVICE = "turn one of them into the other's kind, with `|int`, `|float` or `|string`"


def _kind(value: object) -> str:
    """What a value is called in an error."""
    if value is None:
        return "None"
    for kinds, name in (((str,), "a text"), (_NUMBERS, "a number"), ((Mapping,), "a mapping"), ((date,), "a date")):
        if isinstance(value, kinds):
            return name
    return "a list" if isinstance(value, (list, tuple, range)) else "this"


def _reckoned(sign: str, call: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """What Python's operator gives for plain values; a Decimal meets a float as what the float prints as."""
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        raise not_there()
    if isinstance(left, Decimal) and isinstance(right, float):
        right = Decimal(repr(right))
    elif isinstance(left, float) and isinstance(right, Decimal):
        left = Decimal(repr(left))
    try:
        return call(left, right)
    except TypeError:
        raise Fault(f"`{sign}` does not take {_kind(left)} and {_kind(right)}", _ADVICE) from None
    except ZeroDivisionError:
        raise Fault("this divides by zero", "test the number before") from None
    except (ArithmeticError, DecimalException, ValueError):
        raise Fault("a number grows too large", "use smaller numbers") from None


def _are(kinds: Any, left: object, right: object) -> bool:
    return isinstance(left, kinds) and isinstance(right, kinds)


def add(left: Any, right: Any) -> Any:
    """Numbers added, texts and lists one after the other, a date moved."""
    if _are(_NUMBERS, left, right):
        return _small(_reckoned("+", operator.add, left, right))
    if _are(str, left, right):
        if len(left) + len(right) > MAX_TEXT_CHARACTERS:
            raise too_long()
        return left + right
    if _are(list, left, right) or _are(tuple, left, right):
        return made(_short(left, len(right)) + right)
    if _are((date, timedelta), left, right):
        return _reckoned("+", operator.add, left, right)
    return _reckoned("+", _none, left, right)


def subtract(left: Any, right: Any) -> Any:
    is_known = _are(_NUMBERS, left, right) or _are((date, timedelta), left, right)
    return _small(_reckoned("-", operator.sub if is_known else _none, left, right))


def times(context: Context, left: Any, right: Any) -> Any:
    """Numbers multiplied, a text or list repeated."""
    found = _product(left, right)
    charge(context, size_of(found))
    return found


def _product(left: Any, right: Any) -> Any:
    if _are(_NUMBERS, left, right):
        if _are(int, left, right) and left.bit_length() + right.bit_length() > MAX_BITS + 1:
            raise Fault("a number grows too large", "use smaller numbers")
        return _reckoned("*", operator.mul, left, right)
    if isinstance(left, int) and isinstance(right, (str, list, tuple)):
        left, right = right, left
    if not isinstance(left, (str, list, tuple)) or not isinstance(right, int):
        return _reckoned("*", _none, left, right)
    if isinstance(left, str):
        if len(left) * right > MAX_TEXT_CHARACTERS:
            raise too_long()
        return left * right
    return made(_short(left, len(left) * (right - 1)) * right)


def divide(left: Any, right: Any) -> Any:
    return _reckoned("/", operator.truediv if _are(_NUMBERS, left, right) else _none, left, right)


def floor_divide(left: Any, right: Any) -> Any:
    return _reckoned("//", operator.floordiv if _are(_NUMBERS, left, right) else _none, left, right)


def modulo(left: Any, right: Any) -> Any:
    """The rest of a division; a text on the left is a format, as in `"%s of %s" % (1, 2)`."""
    if isinstance(left, str):
        return printf(left, right)
    return _reckoned("%", operator.mod if _are(_NUMBERS, left, right) else _none, left, right)


def power(left: Any, right: Any) -> Any:
    if not _are(_NUMBERS, left, right):
        return _reckoned("**", _none, left, right)
    if _are(int, left, right) and right > 0 and left.bit_length() * right > MAX_BITS:
        raise Fault("a number grows too large", "use smaller numbers")
    found = _reckoned("**", operator.pow, left, right)
    if isinstance(found, complex):
        raise Fault("this root is no number", "test the number before")
    return found


def negative(value: Any) -> Any:
    if isinstance(value, Undefined):
        raise not_there()
    if not isinstance(value, (*_NUMBERS, timedelta)):
        raise Fault(f"`-` does not take {_kind(value)}", _ADVICE)
    return -value


def positive(value: Any) -> Any:
    return negative(negative(value))


def _none(left: Any, right: Any) -> Any:
    raise TypeError


def _small(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise Fault("a number grows too large", "use smaller numbers")
    return value


def _short(value: Any, more: int) -> Any:
    if len(value) + more > MAX_ITERATIONS:
        raise Fault(f"a list grows over {MAX_ITERATIONS} items", "make it shorter")
    return value


# --- comparison ------------------------------------------------------------------------------------


def equal(left: Any, right: Any) -> bool:
    """Python's equality; a Decimal equals the float that prints as it does."""
    if isinstance(left, Decimal) and isinstance(right, float):
        right = Decimal(repr(right))
    elif isinstance(left, float) and isinstance(right, Decimal):
        left = Decimal(repr(left))
    return bool(left == right)


def differs(left: Any, right: Any) -> bool:
    return not equal(left, right)


def _ordered(sign: str, call: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    def order(left: Any, right: Any) -> bool:
        is_known = isinstance(left, (*_NUMBERS, str, list, tuple, date, timedelta, Undefined))
        return bool(_reckoned(sign, call if is_known else _none, left, right))

    return order


less = _ordered("<", operator.lt)
less_equal = _ordered("<=", operator.le)
greater = _ordered(">", operator.gt)
greater_equal = _ordered(">=", operator.ge)


def within(left: Any, right: Any) -> bool:
    """Whether a text has a part, a list an item, a mapping a key."""
    if isinstance(right, str):
        if not isinstance(left, str):
            raise (
                not_there()
                if isinstance(left, Undefined)
                else Fault(f"{_kind(left)} is not looked for in a text", "turn it into a text with `|string`")
            )
        return left in right
    if isinstance(right, (dict, Mapping, list, tuple, range)):
        try:
            return left in right
        except TypeError:
            raise Fault(f"{_kind(left)} is no key of a mapping", "use a text or a number") from None
    if isinstance(right, Undefined):
        return False
    raise Fault(f"nothing can be in {_kind(right)}", "look in a list, a mapping or a text")


def not_within(left: Any, right: Any) -> bool:
    return not within(left, right)


_BY_SIGN: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": equal,
    "!=": differs,
    "<": less,
    "<=": less_equal,
    ">": greater,
    ">=": greater_equal,
    "in": within,
    "not in": not_within,
}


def chained(first: Any, *others: Any) -> bool:
    """Whether each value compares with the next as the sign between them says."""
    left = first
    for sign, right in zip(others[::2], others[1::2], strict=True):
        if not _BY_SIGN[sign](left, right):
            return False
        left = right
    return True


# --- making values ---------------------------------------------------------------------------------


def concatenated(first: Any, *others: Any) -> str:
    """Values as one text; where one is Markup the others are escaped."""
    return joined([text(each) for each in (first, *others)])


def made_list(_: object, *items: Any) -> list[Any]:
    found: list[Any] = made(list(items))
    return found


def made_tuple(_: object, *items: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = made(items)
    return found


def made_dict(_: object, *pairs: Any) -> dict[Any, Any]:
    """A mapping of keys and values in turn."""
    try:
        found: dict[Any, Any] = made(dict(zip(pairs[::2], pairs[1::2], strict=True)))
    except TypeError:
        raise Fault("a list or mapping is no key of a mapping", "use a text or a number") from None
    return found


def part(value: Any, start: Any, end: Any, step: Any) -> Any:
    """What `value[start:end:step]` is."""
    if isinstance(value, Undefined):
        raise not_there()
    bounds = (start, end, step)
    if not isinstance(value, (str, list, tuple, range)) or any(
        not (each is None or isinstance(each, int)) for each in bounds
    ):
        raise Fault(f"{_kind(value)} has no such part", "take parts of a text or a list, by whole numbers")
    if step == 0:
        raise Fault("a slice's step is zero", "write 1 or -1")
    return value[start:end:step]


def unpacked(value: Any, count: int) -> tuple[Any, ...]:
    """The parts of a value that is taken apart into `count` names."""
    if isinstance(value, Undefined):
        raise not_there()
    if not isinstance(value, (list, tuple, str, range, dict, Mapping)):
        raise Fault(f"{_kind(value)} cannot be taken apart", f"it needs {count} parts")
    parts = tuple(value)
    if len(parts) != count:
        raise Fault(f"a value of {len(parts)} parts is taken apart into {count} names", "name as many as there are")
    return parts


def as_safe(value: Any) -> Markup:
    """A text that is written as it is."""
    return Markup(text(value))
