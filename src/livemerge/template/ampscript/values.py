"""AMPscript's values: how each prints, counts, compares and is tested.

Numbers are whole or Decimal, as .NET's double prints them; dates are naive datetimes of the account's clock.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from datetime import date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Final

from livemerge.template.ampscript.dates import MIN_DATE, date_from_text
from livemerge.template.authored import plain
from livemerge.template.limits import ROUND_WORK
from livemerge.template.runtime import LISTS, MAPPINGS, NUMBERS, Environment, Fault
from livemerge.template.runtime import Context as RenderContext
from livemerge.template.runtime import charge as charge_units

ACCOUNT_ZONE: Final = timezone(timedelta(hours=-6))  # Central Standard Time without daylight saving, as SFMC runs
MAX_WHOLE: Final = 2**63 - 1
SIGNIFICANT: Final = 15  # digits a double prints with
MAX_NUMBER_CHARACTERS: Final = 400

# A double's range; overflow is infinity and what has no value NaN, as in .NET.
ARITHMETIC: Final = Context(
    prec=28, rounding=ROUND_HALF_UP, Emin=-324, Emax=308, capitals=1, clamp=0, flags=[], traps=[]
)

_SINGLE: Final = (str, *NUMBERS)  # tuples made once: a union that is made anew costs ten times as much
_SIZED: Final = (str, *LISTS, *MAPPINGS)
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*")
_GROUPED = re.compile(r"\s*[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?\s*")


def environment(context: RenderContext) -> Environment:
    """What surrounds a rendering."""
    if context.environment is None:
        raise Fault("this cannot be rendered here")
    return context.environment


def charge(context: RenderContext, rounds: int) -> None:
    """Counts work as rounds of a loop. Raises Fault where a rendering has done too much of it."""
    charge_units(context, rounds * ROUND_WORK)


class Null(str):
    """What a data extension has no value for: prints as nothing, and IsNull says so."""

    __slots__ = ()


NULL: Final = Null("")


# --- numbers ---------------------------------------------------------------------------------------


def number_from_text(value: str) -> int | Decimal | None:
    """The number a text is, None where it is none; groups of thousands may have commas."""
    text = plain(value)
    if len(text) > MAX_NUMBER_CHARACTERS or text[:1].isalpha():
        return None
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    elif not _NUMBER.fullmatch(text):
        return None
    return _whole_or_decimal(Decimal(text.strip()))


def _of_double(value: Decimal) -> Decimal:
    """A number of the data as .NET's double holds it, endless beyond 309 digits.

    Texts have no exponents here; Python takes more than half a minute for the digits of the Decimal 1e999999.
    """
    return Decimal("Infinity").copy_sign(value) if value.adjusted() > sys.float_info.max_10_exp else value


def _whole_or_decimal(value: Decimal) -> int | Decimal:
    if value.is_finite() and value == value.to_integral_value() and -MAX_WHOLE - 1 <= value <= MAX_WHOLE:
        return int(value)
    return value


def as_number(value: Any) -> int | Decimal | None:
    """The number a value is or reads as, None where it is none (true and false are not)."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return Decimal("NaN") if value.is_nan() else _of_double(value)
    if isinstance(value, float):
        return _whole_or_decimal(Decimal(repr(value)))
    return number_from_text(value) if isinstance(value, str) else None


def number(value: Any) -> int | Decimal:
    """A value as a number. Raises Fault for what is none."""
    found = as_number(value)
    if found is None:
        raise Fault("a number is needed here", "give a number, or a text that is one; test it with Empty() before")
    return found


def whole(value: Any) -> int:
    """A value as a whole number. Raises Fault for what is none."""
    found = number(value)
    if isinstance(found, Decimal) and (not found.is_finite() or found != found.to_integral_value()):
        raise Fault("a whole number is needed here", "give a number without a fraction")
    return int(found)


def result(value: Decimal) -> int | Decimal:
    """What a calculation gives: whole where it is, else with the digits a double prints."""
    if not value.is_finite():
        return value
    return _whole_or_decimal(_rounded(value).normalize(ARITHMETIC))


def _rounded(value: Decimal) -> Decimal:
    return Context(prec=SIGNIFICANT, rounding=ROUND_HALF_UP).plus(value)


def number_text(value: int | Decimal) -> str:
    """A number as .NET prints a double: at most 15 digits, 1E+15 and 1E-05 from there on."""
    if isinstance(value, int):
        if value.bit_length() > 1400:
            raise Fault("a whole number has more digits than can be printed")
        return str(value)
    if value.is_nan():
        return "NaN"
    if value.is_infinite():
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if -5 < value.adjusted() < SIGNIFICANT and len(value.as_tuple().digits) <= SIGNIFICANT:
        return format(value, "f")
    short = _rounded(value).normalize()
    return format(short, "f") if -5 < short.adjusted() < SIGNIFICANT else _scientific(short)


def _scientific(value: Decimal) -> str:
    sign, digits, _ = value.as_tuple()
    first, rest = str(digits[0]), "".join(map(str, digits[1:]))
    exponent = value.adjusted()
    return f"{'-' if sign else ''}{first}{'.' if rest else ''}{rest}E{'+' if exponent >= 0 else '-'}{abs(exponent):02d}"


# --- dates -----------------------------------------------------------------------------------------


def local(moment: datetime) -> datetime:
    """A moment on the account's clock, naive; one without a zone is on it already."""
    if moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(ACCOUNT_ZONE).replace(tzinfo=None)
    except OverflowError:
        return moment.replace(tzinfo=None)


def as_date(value: Any, today: datetime | None = None) -> datetime | None:
    """The moment a value is or reads as, None where it is none."""
    if isinstance(value, datetime):
        return local(value)
    if isinstance(value, date):
        return datetime.combine(value, time())
    if not isinstance(value, str):
        return None
    found = date_from_text(plain(value), today)
    return None if found is None else local(found)


def date_text(moment: datetime) -> str:
    """A moment as the United States write it: 3/4/2026 1:05:07 PM."""
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"
    return f"{moment.month}/{moment.day}/{moment.year:04d} {hour}:{moment:%M:%S} {half}"


# --- text ------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """A value as it prints; a text stays of its kind."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "True" if value else "False"
    if isinstance(value, NUMBERS):
        found = as_number(value)
        return "" if found is None else number_text(found)
    if isinstance(value, date):
        found_date = as_date(value)
        return "" if found_date is None else date_text(found_date)
    if isinstance(value, LISTS) and all(isinstance(item, _SINGLE) for item in value):
        return ",".join(plain(text(item)) for item in value[:1000])
    return ""  # rows, rowsets and mappings print as nothing


# --- truth and comparison --------------------------------------------------------------------------


def is_true(value: Any) -> bool:
    """What a condition takes a value for: true, 1 and `true`; everything else is false."""
    if value is True or value is False:
        return bool(value)
    if isinstance(value, str):
        return plain(value).strip().lower() == "true"
    return isinstance(value, NUMBERS) and as_number(value) == 1


def is_empty(value: Any) -> bool:
    """Empty(): no value, or a text without characters; white space and 0 are values."""
    return value is None or (isinstance(value, _SIZED) and len(value) == 0)


def order(left: Any, right: Any) -> tuple[bool, bool, bool]:
    """(equal, less, greater) of two values, by the rules for the kinds they are of."""
    if left is None or right is None:
        same = left is None and right is None
        return same, not same, not same
    if isinstance(left, bool) or isinstance(right, bool):
        same = is_true(left) is is_true(right)
        return same, not same, not same
    if isinstance(left, date) or isinstance(right, date):
        return _ordered(as_date(left) or MIN_DATE, as_date(right) or MIN_DATE)
    one, other = as_number(left), as_number(right)
    if one is not None or other is not None:
        return _ordered(_comparable(one), _comparable(other))
    return _order_texts(plain(text(left)), plain(text(right)))


def _comparable(value: int | Decimal | None) -> int | Decimal:
    """A number that has an order; no number counts as 0."""
    return 0 if value is None or (isinstance(value, Decimal) and value.is_nan()) else value


def _ordered(one: Any, other: Any) -> tuple[bool, bool, bool]:
    return one == other, one < other, one > other


def _order_texts(left: str, right: str) -> tuple[bool, bool, bool]:
    """Equal ignoring case; ordered ignoring case and accents too."""
    one, other = _collated(left), _collated(right)
    return left.lower() == right.lower(), one < other, one > other


def _collated(value: str) -> str:
    apart = unicodedata.normalize("NFKD", value.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))


def equals(left: Any, right: Any) -> bool:
    """Whether two values are equal; of two texts that are no numbers, how they would order is not asked."""
    if isinstance(left, str) and isinstance(right, str):
        if left == right:
            return True
        one, other = number_from_text(left), number_from_text(right)
        if one is None and other is None:
            return plain(left).lower() == plain(right).lower()
        return bool(_comparable(one) == _comparable(other))
    return order(left, right)[0]


def differs(left: Any, right: Any) -> bool:
    return not equals(left, right)


def below(left: Any, right: Any) -> bool:
    return order(left, right)[1]


def above(left: Any, right: Any) -> bool:
    return order(left, right)[2]


def not_above(left: Any, right: Any) -> bool:
    """`<=`: neither null nor greater; true for texts that differ in accents only."""
    return _at_most(order(left, right), 2)


def not_below(left: Any, right: Any) -> bool:
    """`>=`."""
    return _at_most(order(left, right), 1)


def _at_most(found: tuple[bool, bool, bool], excluded: int) -> bool:
    same, less, greater = found
    return same or (not (less and greater) and not found[excluded])
