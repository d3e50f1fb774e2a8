"""Filters of Customer.io beside Liquid's own (docs.customer.io, "Liquid syntax list"), in its version since 2023."""

from __future__ import annotations

import base64
import calendar
import math
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import quote, quote_plus

from livemerge.template.cultures import Culture, culture_of
from livemerge.template.dates import strftime
from livemerge.template.filters import LIQUID_FILTERS, lists, numbers
from livemerge.template.filters.braze import BRAZE_FILTERS, in_zone, parsed_json
from livemerge.template.filters.coded import to_json
from livemerge.template.filters.filter import make_filter
from livemerge.template.filters.text import bounded, like, moment_of, plain, shown
from livemerge.template.limits import MAX_ITERATIONS
from livemerge.template.runtime import LISTS, MAPPINGS, Context, Fault, is_number, strict_number

MAX_PERIODS = 100_000  # days, months or years that a date is moved by
_WORD_START = re.compile(r"(^|[\s_-])([^\W\d_])")
_CURRENCIES = {  # code → symbol, as English writes it
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "CHF": "CHF\u00a0",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "NZD": "NZ$",
    "PHP": "₱",
    "TWD": "NT$",
    "USD": "$",
    "VND": "₫",
}
_WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND"})


def must_exist(value: Any) -> Any:
    """The value. Raises Fault where there is none: Customer.io sends no such message."""
    if value is None:
        raise Fault("there is no value here, and nothing stands in for it", "add `| default: …`, or test it with `if`")
    return value


# --- numbers and money -----------------------------------------------------------------------------


def currency(context: Context, value: Any, locale: Any = None, code: Any = None) -> Any:
    """An amount with the locale's currency, or the one of a code; what is no number as it is."""
    return _money(value, _locale(context, locale), code, 2)


def rounded_currency(context: Context, value: Any, locale: Any = None, code: Any = None) -> Any:
    """The same without cents."""
    return _money(value, _locale(context, locale), code, 0)


def _locale(context: Context, locale: Any) -> str:
    """The locale that is named here, else the message's, else American English."""
    return (context.locale or "en-us") if locale is None else plain(locale)


def _money(value: Any, locale: str, code: Any, digits: int) -> Any:
    exact = _exact(value)
    if exact is None:
        return value
    culture = _culture(locale)
    name = plain(code).upper() if code is not None else ""
    culture = replace(culture, symbol=_CURRENCIES.get(name, f"{name}\u00a0")) if name else culture
    places = 0 if name in _WITHOUT_CENTS else min(digits, 2 if name else culture.money_digits)
    shown_digits = _grouped(exact, places, culture)
    text = culture.money.replace("n", "\0").replace("$", culture.symbol).replace("\0", shown_digits)
    return f"-{text}" if exact < 0 else text


def format_number(context: Context, value: Any, locale: Any = None) -> Any:
    """A number with the locale's separators and at most three decimals; what is no number as it is."""
    exact = _exact(value)
    if exact is None:
        return value
    rounded = exact.quantize(Decimal("0.001"), ROUND_HALF_UP).normalize()
    exponent = rounded.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return ("-" if exact < 0 else "") + _grouped(exact, places, _culture(_locale(context, locale)))


def _culture(locale: str) -> Culture:
    found = culture_of(locale)
    if found is None:
        raise Fault("there is no such locale", "use one like en-us, de or fr-fr")
    return found


def _exact(value: Any) -> Decimal | None:
    """A number, or a text that is one, as a Decimal of a size that can be written."""
    text = plain(value).strip() if isinstance(value, str) else value
    if isinstance(text, str) and not re.fullmatch(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?", text):
        return None
    if not isinstance(text, str) and not is_number(text):
        return None
    exact = Decimal(str(text))
    return exact if exact.is_finite() and exact.adjusted() < 24 else None


def _grouped(exact: Decimal, places: int, culture: Culture) -> str:
    text = format(abs(exact).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), ",f")
    whole, _, rest = text.partition(".")
    return whole.replace(",", culture.group) + (culture.decimal + rest if places else "")


def times(value: Any, other: Any) -> Any:
    return _without_zeros(numbers.times(value, other))


def divided_by(value: Any, other: Any) -> Any:
    return _without_zeros(numbers.divided_by(value, other))


def _without_zeros(found: Any) -> Any:
    """A whole number where the decimals are zero."""
    if isinstance(found, (float, Decimal)) and -1e15 < found < 1e15 and found == int(found):
        return int(found)
    return found


# --- texts -----------------------------------------------------------------------------------------


def titlecase(value: Any) -> str:
    """Each word with a capital."""
    text = shown(value)
    return like(text, _WORD_START.sub(lambda found: found[1] + found[2].upper(), plain(text)))


def pluralize(value: Any, one: Any, many: Any) -> str:
    """The number and the word for it."""
    return f"{plain(value)} {plain(one if numbers.number(value) == 1 else many)}"


def number_of_words(value: Any) -> int:
    return len(plain(value).split())


def array_to_sentence_string(value: Any, word: Any = "and") -> str:
    """A list as a person says it: `a, b, and c`."""
    items = [plain(item) for item in value] if isinstance(value, LISTS) else [plain(value)]
    if len(items) < 3:
        return f" {plain(word)} ".join(items)
    return bounded(f"{', '.join(items[:-1])}, {plain(word)} {items[-1]}")


def normalize_whitespace(value: Any) -> str:
    text = shown(value)
    return like(text, re.sub(r"\s+", " ", plain(text)))


def slugify(value: Any) -> str:
    return re.sub(r"[\W_]+", "-", plain(value).lower()).strip("-")


def cgi_escape(value: Any) -> str:
    return quote_plus(plain(value).encode("utf-8", "replace"))


def uri_escape(value: Any) -> str:
    return quote(plain(value).encode("utf-8", "replace"), safe="-_.!~*'();/?:@&=+$,[]")


def hex_base64(value: Any) -> str:
    """The octets of a hexadecimal text in base64."""
    try:
        return base64.b64encode(bytes.fromhex(plain(value))).decode()
    except ValueError as error:
        raise Fault("this is no hexadecimal text", "apply hex_base64 to a hash") from error


def contains(value: Any, part: Any) -> bool:
    return plain(part) in (
        [plain(item) for item in value] if isinstance(value, LISTS) else plain(value)  # a text, or its items
    )


def from_json(value: Any) -> Any:
    """The value of a JSON text, nil for what is none."""
    return parsed_json(plain(value))[0]


# --- lists -----------------------------------------------------------------------------------------


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, LISTS) else [] if value is None else [value]


def limit(value: Any, count: Any) -> list[Any]:
    return _list(value)[: max(strict_number(count), 0)]


def pop(value: Any) -> list[Any]:
    return _list(value)[:-1]


def shift(value: Any) -> list[Any]:
    return _list(value)[1:]


def push(value: Any, item: Any) -> list[Any]:
    return _bounded_list([*_list(value), item])


def unshift(value: Any, item: Any) -> list[Any]:
    return _bounded_list([item, *_list(value)])


def _bounded_list(items: list[Any]) -> list[Any]:
    if len(items) > MAX_ITERATIONS:
        raise Fault(f"a list grows over {MAX_ITERATIONS} items")
    return items


def group_by(value: Any, name: Any) -> list[dict[str, Any]]:
    """Groups with a `name` and `items`, in the order of their first items."""
    groups: dict[str, list[Any]] = {}
    for item in _list(value):
        key = plain(item.get(plain(name))) if isinstance(item, MAPPINGS) else ""
        groups.setdefault(key, []).append(item)
    return [{"name": key, "items": items} for key, items in groups.items()]


def json_array_uniq(value: Any, name: Any = None) -> list[Any] | None:
    return lists.uniq(value, name)


# --- dates -----------------------------------------------------------------------------------------


def date(context: Context, value: Any, form: Any = "%A, %B %-d, %Y at %-I:%M %P %z", zone: Any = None) -> Any:
    """A moment by strftime, on the clocks of a zone: its name, or minutes behind UTC."""
    at = moment_of(value, context)
    if at is None or not plain(form):
        return value
    return strftime(at if zone is None else _on_clocks(at, zone), plain(form))


def timezone_of(context: Context, value: Any, zone: Any) -> Any:
    """A moment on the clocks of a zone, for `date` to format."""
    at = moment_of(value, context)
    return value if at is None else _on_clocks(at, zone)


def _on_clocks(at: datetime, zone: Any) -> datetime:
    minutes = zone if is_number(zone) else int(plain(zone)) if re.fullmatch(r"-?[0-9]{1,4}", plain(zone)) else None
    if minutes is None:
        return in_zone(at, plain(zone))
    if not math.isfinite(minutes) or abs(minutes) >= 24 * 60:
        raise Fault("an offset from UTC is less than a day", "give minutes")
    return at.astimezone(timezone(timedelta(minutes=-int(minutes))))


def _moved(months: int, days: int) -> Callable[..., Any]:
    """A filter that moves a moment by so many months or days a step, and gives seconds since 1970."""

    def moved(context: Context, value: Any, count: Any = 1) -> Any:
        at, steps = moment_of(value, context), strict_number(count)
        if at is None:
            return value
        if abs(steps) > MAX_PERIODS:
            raise Fault(f"a date moves at most {MAX_PERIODS} steps")
        try:
            found = _by_months(at, months * steps) + timedelta(days=days * steps)
        except (ValueError, OverflowError) as error:
            raise Fault("there is no such date") from error
        return int(found.timestamp())

    return moved


def _by_months(at: datetime, months: int) -> datetime:
    """The same day so many months on, or the month's last."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError("no year of the calendar")
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


def _dated(form: str) -> Callable[..., Any]:
    def dated(context: Context, value: Any) -> Any:
        at = moment_of(value, context)
        return value if at is None else strftime(at.astimezone(UTC), form)

    return dated


_CUSTOMERIO: dict[str, Callable[..., Any]] = {
    "add_day": _moved(0, 1),
    "add_month": _moved(1, 0),
    "add_year": _moved(12, 0),
    "array_to_sentence_string": array_to_sentence_string,
    "cgi_escape": cgi_escape,
    "contains": contains,
    "currency": currency,
    "date": date,
    "date_to_rfc822": _dated("%a, %d %b %Y %H:%M:%S %z"),
    "date_to_string": _dated("%d %b %Y"),
    "date_to_long_string": _dated("%d %B %Y"),
    "date_to_xmlschema": _dated("%Y-%m-%dT%H:%M:%S%:z"),
    "divided_by": divided_by,
    "format_number": format_number,
    "from_json": from_json,
    "group_by": group_by,
    "hex_base64": hex_base64,
    "json_array_uniq": json_array_uniq,
    "limit": limit,
    "must_exist": must_exist,
    "normalize_whitespace": normalize_whitespace,
    "number_of_words": number_of_words,
    "pluralize": pluralize,
    "pop": pop,
    "push": push,
    "rounded_currency": rounded_currency,
    "shift": shift,
    "slugify": slugify,
    "subtract_day": _moved(0, -1),
    "subtract_month": _moved(-1, 0),
    "subtract_year": _moved(-12, 0),
    "times": times,
    "timezone": timezone_of,
    "titlecase": titlecase,
    "to_json": to_json,
    "unshift": unshift,
    "uri_escape": uri_escape,
    "where_not": lists.reject,
    "xml_escape": LIQUID_FILTERS["escape"].call,
}
_SHARED = ("base64", "hmac_sha1", "hmac_sha256", "md5", "sha1", "sha256")

CUSTOMERIO_FILTERS = {
    **LIQUID_FILTERS,
    **{name: BRAZE_FILTERS[name] for name in _SHARED},
    **{name: make_filter(call) for name, call in _CUSTOMERIO.items()},
}
