"""Numbers as Java writes them: java.text.NumberFormat's styles and DecimalFormat's patterns, by locale."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)

from livemerge.template.cultures import Culture, culture_of
from livemerge.template.runtime import Fault

MAX_DIGITS = 100  # before or behind the decimal sign
_MAX_PATTERN = 100
_ROUNDING = {
    "up": ROUND_UP,
    "down": ROUND_DOWN,
    "ceiling": ROUND_CEILING,
    "floor": ROUND_FLOOR,
    "half_up": ROUND_HALF_UP,
    "half_down": ROUND_HALF_DOWN,
    "half_even": ROUND_HALF_EVEN,
}
_WIDE = Context(prec=500)
_PATTERN = re.compile(r"([^#0,.]*)([#0,]*)(?:\.([0#]*))?([^#0,.]*)")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a number is written; `before` and `after` stand around its digits."""

    before: str = ""
    after: str = ""
    scale: int = 0  # a percentage moves the decimal sign by 2
    group: int = 3  # digits of a group; 0: none
    least_whole: int = 1
    least_places: int = 0
    most_places: int = 3
    rounding: str = ROUND_HALF_EVEN


def java_number(value: Decimal, style: str, locale: str, changes: dict[str, object]) -> str:
    """A number by a style (integer, percent, currency), a pattern or neither. Raises Fault."""
    culture = culture_of(locale) or Culture()
    shape = changed(_shape(style, culture), changes)
    if not value.is_finite() or abs(value.adjusted()) > 300:
        raise Fault("this number cannot be formatted", "test it before")
    exact = value.scaleb(shape.scale, context=_WIDE)
    rounded = exact.quantize(Decimal(1).scaleb(-shape.most_places), rounding=shape.rounding, context=_WIDE)
    digits = _digits(rounded, shape, culture)
    sign = "-" if rounded < 0 else ""
    return f"{sign}{shape.before}{digits}{shape.after}"


def _digits(number: Decimal, shape: Shape, culture: Culture) -> str:
    whole, _, rest = format(abs(number), "f").partition(".")
    rest = rest.rstrip("0").ljust(shape.least_places, "0")
    whole = ("" if whole == "0" else whole).rjust(shape.least_whole, "0")
    if shape.group:
        whole = culture.group.join(re.findall(rf"\d{{1,{shape.group}}}(?=(?:\d{{{shape.group}}})*$)", whole))
    return whole + (culture.decimal + rest if rest else "")


def _shape(style: str, culture: Culture) -> Shape:
    low = style.strip().lower()
    if low == "currency":
        before, _, after = culture.money.replace("$", culture.symbol).partition("n")
        return Shape(before, after, least_places=culture.money_digits, most_places=culture.money_digits)
    if low == "percent":
        before, _, after = culture.percent.partition("n")
        return Shape(before, after, scale=2, most_places=0)
    if low == "integer":
        return Shape(most_places=0)
    return _read(style) if "#" in style or "0" in style else Shape()


def _read(pattern: str) -> Shape:
    """A pattern like `#,##0.00`; a second one for debts, after `;`, is passed over."""
    found = _PATTERN.match(pattern.partition(";")[0][:_MAX_PATTERN])
    assert found is not None
    before, whole, rest, after = found[1], found[2], found[3] or "", found[4]
    return Shape(
        before.replace("'", ""),
        after.replace("'", ""),
        scale=2 if "%" in before + after else 0,
        group=len(whole.rpartition(",")[2]) if "," in whole else 0,
        least_whole=whole.count("0"),
        least_places=rest.count("0"),
        most_places=len(rest),
    )


def changed(shape: Shape, changes: dict[str, object]) -> Shape:
    """A shape with the helper's options done to it. Raises Fault."""
    if (grouped := changes.get("groupingused")) is not None:
        shape = replace(shape, group=3 if grouped is True else 0)
    if (most := changes.get("maximumfractiondigits")) is not None:
        shape = replace(shape, most_places=_count(most))
        shape = replace(shape, least_places=min(shape.least_places, shape.most_places))
    if (least := changes.get("minimumfractiondigits")) is not None:
        shape = replace(shape, least_places=_count(least))
        shape = replace(shape, most_places=max(shape.most_places, shape.least_places))
    if (whole := changes.get("minimumintegerdigits")) is not None:
        shape = replace(shape, least_whole=_count(whole))
    if (rounding := changes.get("roundingmode")) is not None:
        if str(rounding).strip().lower() not in _ROUNDING:
            raise Fault("there is no such rounding mode", f"modes: {', '.join(_ROUNDING)}")
        shape = replace(shape, rounding=_ROUNDING[str(rounding).strip().lower()])
    return shape


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_DIGITS:
        raise Fault("this is no count of digits", f"write a whole number up to {MAX_DIGITS}")
    return value
