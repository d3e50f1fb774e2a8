"""The type rule: `admit` says whether a source's value is a value of a field's type. What is not, is never rendered."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

import orjson

from livemerge.clean import clean_html
from livemerge.values import Scalar, Value

MAX_TEXT_CHARACTERS: Final = 100_000  # a longer text is no piece of an email; Gmail clips a whole one at 102 KB

MAX_LIST_ITEMS: Final = 500

MAX_INTEGER: Final = 2**63 - 1  # what SQL, JSON encoders and our own cache hold


class WrongTypeError(ValueError):
    """A value is not of the type its field declares. The text names types, never the value."""


def admit(kind: str, value: object) -> Value:
    """The value as the type has it, converted only where nothing is lost. Raises WrongTypeError."""
    return _ADMIT[kind](value)


def zero(kind: str) -> Value:
    """What a field of this type shows in the API when nothing is known."""
    return [] if kind == "list" else {"integer": 0, "number": 0, "money": 0, "boolean": False}.get(kind, "")


def is_empty(value: object) -> bool:
    """None and blank text: the source has no such value."""
    return value is None or (isinstance(value, str) and not value.strip())


def _wrong(wanted: str, value: object) -> WrongTypeError:
    return WrongTypeError(f"wanted {wanted}, got {type(value).__name__}")


def _too_long() -> WrongTypeError:
    return WrongTypeError(f"text longer than {MAX_TEXT_CHARACTERS} characters")


_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


def _text(value: object) -> Value:
    if not isinstance(value, str):
        raise _wrong("text", value)
    if len(value) > MAX_TEXT_CHARACTERS:
        raise _too_long()
    if value.isprintable():
        return value
    if _HALF_CHARACTER.search(value):
        raise WrongTypeError("wanted text, got half a character in it")
    kept = clean_html(value)  # a CRM's stray control character must not cost a customer their name
    if len(kept) > MAX_TEXT_CHARACTERS:  # what turned the direction of writing is turned back at the end
        raise _too_long()
    if not kept and not value.isspace():
        raise WrongTypeError("wanted text, got nothing but control characters")
    return kept


_NUMBER: Final = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?\s*", re.ASCII)


def _decimal(wanted: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _wrong(wanted, value)
    if isinstance(value, str) and (len(value) > 40 or not _NUMBER.fullmatch(value)):
        raise _wrong(wanted, value)
    number = Decimal(value) if isinstance(value, int | Decimal) else Decimal(str(value).strip())
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise WrongTypeError(f"wanted {wanted}, got a number out of range")
    return number


def _integer(value: object) -> Value:
    if type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER:
        return value
    number = _decimal("an integer", value)
    if number != number.to_integral_value():
        raise WrongTypeError("wanted an integer, got a fraction")
    if abs(number) > MAX_INTEGER:
        raise WrongTypeError("wanted an integer, got a number out of range")
    return int(number)


def _number(value: object) -> Value:
    if isinstance(value, float) and math.isfinite(value):
        return value
    number = _decimal("a number", value)
    return int(number) if number == number.to_integral_value() and abs(number) <= MAX_INTEGER else float(number)


def _money(value: object) -> Value:
    return _decimal("money", value)


_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "t": True, "y": True} | dict.fromkeys(
    ("false", "no", "0", "f", "n"), False
)


def _boolean(value: object) -> Value:
    if isinstance(value, bool):
        return value
    known = None
    if isinstance(value, int):
        known = {0: False, 1: True}.get(value)
    elif isinstance(value, str):
        known = _BOOLEANS.get(value.strip().lower())
    if known is None:
        raise _wrong("true or false", value)
    return known


def _datetime(value: object) -> Value:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise WrongTypeError("wanted a date and time as ISO 8601 writes it") from None
    if not isinstance(value, datetime):
        raise _wrong("a date and time", value)
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        moment.astimezone(UTC)
    except OverflowError:  # its UTC lies outside the calendar, and every comparison would fail
        raise WrongTypeError("wanted a date and time, got one out of range") from None
    return moment


def _date(value: object) -> Value:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and len(value.strip()) == 10:
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            raise WrongTypeError("wanted a date as ISO 8601 writes it") from None
    moment = _datetime(value)
    assert isinstance(moment, datetime)
    return moment.date()


_NOT_IN_URL: Final = re.compile(r"[\s<>\"\u202a-\u202e\u2066-\u2069]")


def _url(value: object) -> Value:
    text = _text(value)
    assert isinstance(text, str)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise WrongTypeError("wanted an http or https address") from None
    if parts.scheme not in ("http", "https") or not parts.netloc or _NOT_IN_URL.search(str(value)):
        raise WrongTypeError("wanted an http or https address")
    return text


def _list(value: object) -> Value:
    if isinstance(value, str) and value[:1] == "[":  # how SQL gives a list: json_group_array, json_agg::text
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise _wrong("a list", value) from None
    if not isinstance(value, list | tuple):
        raise _wrong("a list", value)
    if len(value) > MAX_LIST_ITEMS:
        raise WrongTypeError(f"a list longer than {MAX_LIST_ITEMS} items")
    items = []
    for item in value:
        flat = item if isinstance(item, Mapping) else {"value": item}
        items.append({str(_text(str(name))): _scalar(inner) for name, inner in flat.items()})
    return items


def _scalar(value: object) -> Scalar:
    """A value inside an item: as it is, where templates, JSON and the cache can hold it."""
    if isinstance(value, Mapping | list | tuple):
        raise WrongTypeError("wanted a list of flat objects, got a nested one")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(_text(value))
    if isinstance(value, date):  # and datetime, which is one
        return value
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise WrongTypeError("a number out of range in a list")
    if isinstance(value, int | float | Decimal):
        _decimal("a number in a list", value)
        return value
    raise WrongTypeError(f"wanted a list of flat objects, got {type(value).__name__} in one")


_ADMIT: Final[Mapping[str, Callable[[object], Value]]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "money": _money,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "url": _url,
    "html": _text,
    "list": _list,
}
