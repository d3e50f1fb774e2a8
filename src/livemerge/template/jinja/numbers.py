"""Jinja's filters on numbers."""

from __future__ import annotations

import math
from decimal import Decimal, DecimalException
from typing import Any, Final

from livemerge.template.jinja.values import Undefined, not_there, plain
from livemerge.template.runtime import Fault

_MAX_DIGITS: Final = 400  # of a text that is read as a number
_MAX_PLACES: Final = 300  # a double ends at 308
_UNITS: Final = ("kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_BINARY_UNITS: Final = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")


def absolute(value: Any) -> Any:
    return abs(_number(value, "abs"))


def _number(value: Any, name: str) -> Any:
    if isinstance(value, Undefined):
        raise not_there()
    if not isinstance(value, (int, float, Decimal)):
        raise Fault(f"`{name}` takes a number", "turn the value into one with `|int` or `|float`")
    return value


def int_(value: Any, default: Any = 0, base: Any = 10) -> Any:
    """The value as a whole number, also of a text like "42.7"; `default` where it is none."""
    if isinstance(value, Undefined):
        raise not_there()
    try:
        return _whole(value, base)
    except (TypeError, ValueError, ArithmeticError):
        pass
    try:
        return int(_double(value))
    except (TypeError, ValueError, ArithmeticError):
        return default


def _whole(value: Any, base: Any) -> int:
    if isinstance(value, str):
        if len(value) > _MAX_DIGITS:
            raise ValueError
        return int(plain(value), base)
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() > _MAX_DIGITS:
        raise Fault("a number grows too large", "use smaller numbers")
    if not isinstance(value, (int, float, Decimal)):
        raise TypeError
    return int(value)


def _double(value: Any) -> float:
    if not isinstance(value, (str, int, float, Decimal)) or (isinstance(value, str) and len(value) > _MAX_DIGITS):
        raise TypeError
    return float(plain(value) if isinstance(value, str) else value)


def float_(value: Any, default: Any = 0.0) -> Any:
    """The value as a decimal number; `default` where it is none."""
    if isinstance(value, Undefined):
        raise not_there()
    try:
        return _double(value)
    except (TypeError, ValueError):
        return default
    except ArithmeticError:
        raise Fault("a number grows too large", "use smaller numbers") from None


def round_(value: Any, precision: Any = 0, method: Any = "common") -> Any:
    """Rounded to so many places, half to even as Python has it; `ceil` and `floor` always up and down."""
    number, places = _number(value, "round"), _number(precision, "round")
    if not isinstance(places, int) or abs(places) > _MAX_PLACES:
        raise Fault(f"a number is rounded to at most {_MAX_PLACES} places", "use fewer places")
    if method not in ("common", "ceil", "floor"):
        raise Fault("`round` rounds by `common`, `ceil` or `floor`", "write one of the three")
    try:
        if method == "common":
            return round(number, places)
        scale = 10**places if places >= 0 else 10.0**places
        found = number * (Decimal(repr(scale)) if isinstance(number, Decimal) else scale)
        return (math.ceil(found) if method == "ceil" else math.floor(found)) / scale
    except (ArithmeticError, DecimalException, ValueError):
        raise Fault("a number grows too large", "use smaller numbers") from None


def filesizeformat(value: Any, binary: Any = False) -> str:
    """A number of octets as people write it: 4.1 MB."""
    size = float_(value, None)
    if size is None or size != size or math.isinf(size):
        raise Fault("`filesizeformat` takes a number", "turn the value into one with `|float`")
    base = 1024 if binary else 1000
    if size == 1:
        return "1 Byte"
    if size < base:
        return f"{int(size)} Bytes"
    units = _BINARY_UNITS if binary else _UNITS
    at = next((at for at in range(len(units)) if size < base ** (at + 2)), len(units) - 1)
    return f"{base * size / base ** (at + 2):.1f} {units[at]}"
