"""AMPscript's functions on numbers and dates, and the formats of both."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from livemerge.template.ampscript.date_format import DATE_LETTERS, format_date, format_in_parts
from livemerge.template.ampscript.dates import boundaries, moved, unit_of
from livemerge.template.ampscript.number_format import MAX_MAGNITUDE, format_money, format_number
from livemerge.template.ampscript.texts import flag
from livemerge.template.ampscript.values import (
    ARITHMETIC,
    MAX_WHOLE,
    as_date,
    as_number,
    environment,
    local,
    number,
    result,
    text,
    whole,
)
from livemerge.template.authored import plain
from livemerge.template.cultures import Culture, culture_of
from livemerge.template.dates import MONTHS
from livemerge.template.runtime import Context, Fault

_US = culture_of("en-US") or Culture()
_MAX_MONEY_DIGITS = 20
_SEEDED_VALUES = 1_000  # of the data, that a rendering's random numbers come from
_UTC_AHEAD_H = 6


# --- numbers ---------------------------------------------------------------------------------------


def _exactly(one: int | Decimal, other: int | Decimal, found: int) -> int | Decimal:
    return found if abs(found) <= MAX_WHOLE else result(ARITHMETIC.plus(Decimal(found)))


def add(left: Any, right: Any) -> int | Decimal:
    one, other = number(left), number(right)
    if isinstance(one, int) and isinstance(other, int):
        return _exactly(one, other, one + other)
    return result(ARITHMETIC.add(Decimal(one), Decimal(other)))


def subtract(left: Any, right: Any) -> int | Decimal:
    one, other = number(left), number(right)
    if isinstance(one, int) and isinstance(other, int):
        return _exactly(one, other, one - other)
    return result(ARITHMETIC.subtract(Decimal(one), Decimal(other)))


def multiply(left: Any, right: Any) -> int | Decimal:
    return result(ARITHMETIC.multiply(Decimal(number(left)), Decimal(number(right))))


def divide(left: Any, right: Any) -> int | Decimal:
    """A quotient; by 0 it is infinite, 0 by 0 no number."""
    one, other = Decimal(number(left)), Decimal(number(right))
    if other == 0:
        return Decimal("NaN") if one == 0 or one.is_nan() else Decimal("Infinity").copy_sign(one)
    return result(ARITHMETIC.divide(one, other))


def mod(left: Any, right: Any) -> int | Decimal:
    """What is left of a division, with the sign of what was divided."""
    one, other = number(left), number(right)
    if other == 0:
        return Decimal("NaN")
    if isinstance(one, int) and isinstance(other, int):
        return abs(one) % abs(other) * (-1 if one < 0 else 1)
    return result(ARITHMETIC.remainder(Decimal(one), Decimal(other)))


def random_number(context: Context, least: Any, most: Any) -> int:
    """A whole number between two, both included; the same each time the same data is rendered at the same moment."""
    low, high = whole(least), whole(most)
    if high < low:
        raise Fault("the second number is smaller than the first", "give the smaller number first")
    return _chance(context).randint(low, high)


def guid(context: Context, _nothing: Any = None) -> str:
    """A new identifier; the same each time the same data is rendered at the same moment."""
    return str(uuid.UUID(int=_chance(context).getrandbits(128), version=4))


def _chance(context: Context) -> random.Random:
    """The rendering's source of random numbers, which every part of a message draws from alike."""
    memory = environment(context).memory
    found = memory.get("chance")
    if not isinstance(found, random.Random):
        found = memory["chance"] = random.Random(_seed(context))  # no secret comes of it
    return found


def _seed(context: Context) -> bytes:
    values = environment(context).scope.data
    shown = (f"{name}={_scalar(values[name])}" for name, _ in zip(sorted(values), range(_SEEDED_VALUES), strict=False))
    seed = "\0".join((now(context).isoformat(), *shown))
    return hashlib.sha256(seed.encode("utf-8", "replace")).digest()


def _scalar(value: object) -> str:
    return "" if isinstance(value, (list, tuple, Mapping)) else plain(text(value))[:200]


# --- formats ---------------------------------------------------------------------------------------


def _culture(context: Context, name: Any) -> Culture:
    """The culture of a name; where none is given, that of the message."""
    return culture_of(plain(text(name)).strip() or context.locale) or _US


def format_number_(context: Context, value: Any, pattern: Any, locale: Any = "") -> str:
    return format_number(number(value), plain(text(pattern)), _culture(context, locale))


def format_currency(value: Any, locale: Any, digits: Any = None, symbol: Any = None) -> str:
    """An amount as a culture writes it; an unknown culture's symbol is ¤."""
    amount = number(value)
    places = None if digits is None or plain(text(digits)).strip() == "" else whole(digits)
    if places is not None and not 0 <= places <= _MAX_MONEY_DIGITS:
        raise Fault("this many decimals are out of reach", f"give 0 to {_MAX_MONEY_DIGITS}")
    exact = Decimal(amount)
    if not exact.is_finite() or abs(exact.adjusted()) > MAX_MAGNITUDE:
        raise Fault("this number cannot be formatted", "test it before")
    own = plain(text(symbol)) if symbol is not None else ""
    culture = culture_of(plain(text(locale))) or replace(_US, symbol="¤")
    return format_money(amount, replace(culture, symbol=own) if own else culture, places)


def format_(context: Context, value: Any, pattern: Any, kind: Any = "", locale: Any = "") -> str:
    """A number or date by a .NET pattern; `kind` Date or Numeric says which it is.

    A date has whole seconds here, and is given back as it is by a single letter that is no pattern.
    """
    wanted = plain(text(kind)).strip().lower()
    if wanted not in ("", "date", "numeric"):
        raise Fault("the third argument of Format is Date or Numeric", 'leave it empty, or write "Date"')
    shape, culture = plain(text(pattern)), _culture(context, locale)
    found = None if wanted == "date" else as_number(value)
    if found is not None:
        return format_number(found, shape, culture)
    if wanted == "numeric":
        return format_number(number(value), shape, culture)
    moment = as_date(value, now(context))
    if moment is None or (len(shape) == 1 and shape.isalpha() and shape not in DATE_LETTERS):
        return plain(text(value))
    return format_date(moment.replace(microsecond=0), shape, culture)


def format_date_(context: Context, value: Any, day: Any = "", clock: Any = "", locale: Any = "") -> str:
    """A date by a pattern for its day and one for its time; empty where the value is no date."""
    moment = as_date(value, now(context)) if isinstance(value, (str, date)) else None
    if moment is None:
        return ""
    return format_in_parts(moment, plain(text(day)), plain(text(clock)), _culture(context, locale))


# --- dates -----------------------------------------------------------------------------------------


def now(context: Context, _at_send: Any = None) -> datetime:
    """The moment of rendering, on the account's clock; one for the whole rendering."""
    memory = environment(context).memory
    found = memory.get("now")
    if not isinstance(found, datetime):
        found = memory["now"] = local(context.now()).replace(microsecond=0)
    return found


def _date(context: Context, value: Any) -> datetime:
    found = None if isinstance(value, (bool, int, float, Decimal)) else as_date(value, now(context))
    if found is None:
        raise Fault("a date is needed here", "give a date, or a text that is one; test it with Empty() before")
    return found


def date_add(context: Context, value: Any, count: Any, unit: Any) -> datetime:
    moment = _date(context, value)
    return moved(moment, whole(count), unit_of(plain(text(unit))))


def date_diff(context: Context, start: Any, end: Any, unit: Any) -> int:
    return boundaries(_date(context, start), _date(context, end), unit_of(plain(text(unit))))


def date_part(context: Context, value: Any, part: Any) -> str:
    """A part of a date: month and day have two digits, the hour is that of a clock face."""
    moment = _date(context, value)
    found = _PARTS.get(plain(text(part)).strip().lower())
    if found is None:
        raise Fault("this is no part of a date", "write Y, M, monthName, D, H or MI")
    return found(moment)


_PARTS: dict[str, Callable[[datetime], str]] = {
    "y": lambda moment: str(moment.year),
    "m": lambda moment: f"{moment.month:02d}",
    "monthname": lambda moment: MONTHS[moment.month - 1],
    "d": lambda moment: f"{moment.day:02d}",
    "h": lambda moment: str(moment.hour % 12 or 12),
    "mi": lambda moment: str(moment.minute),
}
_PARTS |= {"year": _PARTS["y"], "month": _PARTS["m"], "day": _PARTS["d"], "hour": _PARTS["h"], "minute": _PARTS["mi"]}


def date_parse(context: Context, value: Any, as_utc: Any = False) -> datetime:
    """The moment a text means, on the account's clock or as UTC."""
    found = _date(context, value)
    return moved(found, _UTC_AHEAD_H, "H") if flag(as_utc) else found


def string_to_date(context: Context, value: Any) -> datetime:
    return _date(context, value)


def same_date(context: Context, value: Any) -> datetime:
    """A date between the system's clock and the account's, which are the same here."""
    return _date(context, value)
