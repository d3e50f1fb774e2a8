"""Filters that compute."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from livemerge.template.limits import MAX_DIGITS
from livemerge.template.runtime import Fault, is_number, order, whole_number

Number = int | float | Decimal
SHORT = 10**18  # whole numbers below it are computed with as they are: no result has too many digits
_DECIMAL = re.compile(r"-?[0-9]{1,400}\.[0-9]{1,400}")
_WHOLE = re.compile(r"\s{0,100}([+-]?[0-9]{1,400})")


def number(value: Any) -> Number:
    """A value as a number; a text by the number it starts with, what is none is 0."""
    if is_number(value):
        return _comparable(value)
    if not isinstance(value, str):
        return 0
    text = value[: 4 * MAX_DIGITS].strip()
    if _DECIMAL.fullmatch(text):
        return float(text)
    found = _WHOLE.match(text)
    return int(found[1]) if found else 0


def _comparable(value: Any) -> Number:
    """A number; a Decimal that is none, endless or beyond all floats, as PostgreSQL has them, is the float of it.

    Python takes more than half a minute to make a whole number of a Decimal like 1e999999.
    """
    if isinstance(value, Decimal) and (not value.is_finite() or value.adjusted() > sys.float_info.max_10_exp):
        return math.nan if value.is_nan() else float(value)
    return value  # type: ignore[no-any-return]


def _exact(value: Number) -> Decimal:
    """A number as the Decimal it prints as, so that 10.1 + 2.2 is 12.3."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _sized(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > MAX_DIGITS * 3.33:
        raise Fault(f"a number grows over {MAX_DIGITS} digits")
    return value


def _computed(left: Any, right: Any, whole: Callable[[int, int], int], exact: Callable[..., Any]) -> Number:
    """`whole` over two whole numbers, else `exact` over Decimals; a float among them makes the result a float."""
    if type(left) is int and type(right) is int and -SHORT < left < SHORT and -SHORT < right < SHORT:
        return whole(left, right)
    one, other = _sized(number(left)), _sized(number(right))
    if isinstance(one, int) and isinstance(other, int):
        return _sized(whole(one, other))
    is_float = isinstance(one, float) or isinstance(other, float)
    try:
        if is_float and not (math.isfinite(one) and math.isfinite(other)):
            return float(exact(float(one), float(other)))
        result = exact(_exact(one), _exact(other))
        return float(result) if is_float else result
    except (ArithmeticError, AttributeError) as error:
        raise Fault("this cannot be computed") from error


def plus(value: Any, other: Any) -> Number:
    return _computed(value, other, lambda a, b: a + b, lambda a, b: a + b)


def minus(value: Any, other: Any) -> Number:
    return _computed(value, other, lambda a, b: a - b, lambda a, b: a - b)


def times(value: Any, other: Any) -> Number:
    return _computed(value, other, lambda a, b: a * b, lambda a, b: a * b)


def divided_by(value: Any, other: Any) -> Number:
    """Whole numbers divide to the whole number below; with a float the result is a float, also over zero."""
    dividend, divisor = number(value), number(other)
    if divisor == 0 and (isinstance(dividend, float) or isinstance(divisor, float)):
        return _over_zero(float(dividend), float(divisor))
    if divisor == 0:
        raise Fault("divided by 0", "test the divisor before dividing by it")
    return _computed(value, other, lambda a, b: a // b, lambda a, b: a / b)


def _over_zero(dividend: float, zero: float) -> float:
    """What IEEE 754 has for a division by zero, which keeps its sign."""
    if dividend == 0 or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1, zero)


def modulo(value: Any, other: Any) -> Number:
    if number(other) == 0:
        raise Fault("divided by 0", "test the divisor before dividing by it")
    return _computed(value, other, lambda a, b: a % b, lambda a, b: a - b * (a / b).to_integral_value(ROUND_FLOOR))


def absolute(value: Any) -> Number:
    one = number(value)
    return -one if one < 0 else one


def at_least(value: Any, other: Any) -> Number:
    one, two = number(value), number(other)
    return two if order(two, one) == 1 else one


def at_most(value: Any, other: Any) -> Number:
    one, two = number(value), number(other)
    return two if order(two, one) == -1 else one


def ceil(value: Any) -> int:
    return _rounded_whole(number(value), ROUND_CEILING)


def floor(value: Any) -> int:
    return _rounded_whole(number(value), ROUND_FLOOR)


def round_(value: Any, digits: Any = 0) -> Number:
    """Rounded half away from zero; a whole number where no digits are asked for."""
    places = whole_number(number(digits))
    one = number(value)
    if isinstance(one, int):
        return one if places >= 0 else _rounded_at(one, places)
    if places <= 0:
        return _rounded_whole(one, ROUND_HALF_UP) if places == 0 else _rounded_at(one, places)
    return _rounded_digits(one, places)


def _rounded_digits(value: float | Decimal, places: int) -> Number:
    if not math.isfinite(value) or places > 20:
        return value
    try:
        rounded = _exact(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    except InvalidOperation:
        return value
    return rounded if isinstance(value, Decimal) else float(rounded)


def _rounded_at(value: Number, places: int) -> int:
    unit = Decimal(10) ** min(-places, MAX_DIGITS)
    return int((_exact(value) / unit).to_integral_value(ROUND_HALF_UP) * unit)


def _rounded_whole(value: Number, how: str) -> int:
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise Fault("this is no finite number")
    return int(_exact(value).to_integral_value(how))
