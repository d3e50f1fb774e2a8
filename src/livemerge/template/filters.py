"""Liquid's standard filters (Shopify/liquid 5, lib/liquid/standardfilters.rb), as plain functions.

The first argument is the value, the rest what the template gives. Markup is kept where a filter keeps the text
as it is; where Markup and plain text are put together, the plain text is escaped (see runtime.joined).
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cmp_to_key
from inspect import Parameter, signature
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes

from markupsafe import Markup

from livemerge.template.dates import as_datetime, strftime
from livemerge.template.limits import (
    MAX_DIGITS,
    MAX_ITERATIONS,
    MAX_TEXT_CHARACTERS,
    MAX_VALUE_NESTING,
)
from livemerge.template.runtime import (
    Context,
    Fault,
    Special,
    equal,
    inspect,
    is_number,
    is_true,
    joined,
    order,
    strict_number,
    text_of,
    too_long,
)

_WORDS = re.compile(r"[^ \t\n\v\f\r]+")  # Ruby splits at ASCII white space only
WHITE = " \t\n\v\f\r\0"  # what Ruby's strip takes away

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter and what may be given to it, beside the value it is applied to."""

    call: Callable[..., Any]
    least: int  # positional arguments
    most: int
    options: frozenset[str]  # named arguments
    takes_context: bool


def make_filter(call: Callable[..., Any]) -> Filter:
    """A function's arity, read from its signature: `context` first, then the value, options after the star."""
    parameters = list(signature(call).parameters.values())
    takes_context = parameters[0].name == "context"
    given = parameters[2 if takes_context else 1 :]
    positional = [each for each in given if each.kind is Parameter.POSITIONAL_OR_KEYWORD]
    return Filter(
        call,
        sum(each.default is Parameter.empty for each in positional),
        len(positional),
        frozenset(each.name for each in given if each.kind is Parameter.KEYWORD_ONLY),
        takes_context,
    )


# --- text ------------------------------------------------------------------------------------------


def _like(model: str, text: str) -> str:
    """Text of the same kind as the one it was made from."""
    return Markup(text) if isinstance(model, Markup) else text


def _text(value: Any) -> str:
    """A value's text; a list as Ruby shows it, not joined as where it is printed."""
    return inspect(value) if isinstance(value, list | tuple) else text_of(value)


def _plain(value: Any) -> str:
    """A value's text without its Markup quality, for searching."""
    return str.__str__(_text(value))


def append(value: Any, text: Any) -> str:
    return joined((_text(value), _text(text)))


def prepend(value: Any, text: Any) -> str:
    return joined((_text(text), _text(value)))


def upcase(value: Any) -> str:
    text = _text(value)
    return _like(text, _plain(text).upper())


def downcase(value: Any) -> str:
    text = _text(value)
    return _like(text, _plain(text).lower())


def capitalize(value: Any) -> str:
    text = _text(value)
    return _like(text, text[:1].upper() + text[1:].lower())


def strip(value: Any) -> str:
    text = _text(value)
    return _like(text, _plain(text).strip(WHITE))


def lstrip(value: Any) -> str:
    text = _text(value)
    return _like(text, _plain(text).lstrip(WHITE))


def rstrip(value: Any) -> str:
    text = _text(value)
    return _like(text, _plain(text).rstrip(WHITE))


def squish(value: Any) -> str | None:
    """Text with its white space collapsed to single spaces."""
    if value is None:
        return None
    text = _text(value)
    return _like(text, " ".join(_plain(text).split()))


def strip_newlines(value: Any) -> str:
    text = _text(value)
    return _like(text, _plain(text).replace("\r\n", "").replace("\n", ""))


def strip_html(value: Any) -> str:
    """Text without scripts, styles, comments and tags; what is left of Markup stays Markup."""
    text = _text(value)
    return _like(text, _outside_tags(_plain(text)))


def _outside_tags(text: str) -> str:
    """Text without script, comment and style blocks, then without tags, as Ruby's two passes leave it."""
    blocks = (("<script", "</script>"), ("<!--", "-->"), ("<style", "</style>"))
    return _without(_without(text, blocks), (("<", ">"),))


def _without(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    """Text without what stands between pairs, in one pass: an end that is not there is looked for only once."""
    at, pieces, absent = 0, list[str](), set[str]()
    low = text.lower() if len(text.lower()) == len(text) else text
    start = low.find("<")
    while start >= 0:
        end = _end_of_pair(low, start, pairs, absent)
        if end >= 0:
            pieces.append(text[at:start])
            at = end
        start = low.find("<", max(at, start + 1))
    return "".join((*pieces, text[at:]))


def _end_of_pair(text: str, start: int, pairs: tuple[tuple[str, str], ...], absent: set[str]) -> int:
    """Where what opens at `start` is over; -1 where nothing opens or it never ends."""
    for opening, closing in pairs:
        if closing not in absent and text.startswith(opening, start):
            end = text.find(closing, start + len(opening))
            if end >= 0:
                return end + len(closing)
            absent.add(closing)
    return -1


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_ESCAPE_ONCE = re.compile(r"[\"<>']|&(?!(?:[a-zA-Z]{1,40}|#[0-9]{1,10});)")


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _escaped_once(text: str) -> str:
    return _ESCAPE_ONCE.sub(lambda found: _escaped(found[0]), text)


def escape(value: Any) -> str | None:
    """Escaped HTML; Markup is escaped already."""
    text = _text(value)
    return None if value is None else text if isinstance(text, Markup) else Markup(_escaped(text))


def escape_once(value: Any) -> str | None:
    """Escaped HTML in which entities stay what they are."""
    return None if value is None else Markup(_escaped_once(_plain(value)))


def newline_to_br(value: Any) -> str:
    """HTML with `<br />` before each line end."""
    text = _text(value)
    html = text if isinstance(text, Markup) else _escaped(text)
    return Markup(_with_breaks(str.__str__(html)))


def _with_breaks(text: str) -> str:
    return _bounded(text.replace("\r\n", "\n").replace("\n", "<br />\n"))


def escape_as_text(value: Any) -> str | None:
    return None if value is None else _escaped(_plain(value))


def escape_once_as_text(value: Any) -> str | None:
    return None if value is None else _escaped_once(_plain(value))


def newline_to_br_as_text(value: Any) -> str:
    return _with_breaks(_plain(value))


def unchanged(value: Any) -> Any:
    return value


def _bounded(text: str) -> str:
    if len(text) > MAX_TEXT_CHARACTERS:
        raise too_long()
    return text


def replace(value: Any, search: Any, replacement: Any = "") -> str:
    return _replaced(value, search, replacement, -1)


def replace_first(value: Any, search: Any, replacement: Any = "") -> str:
    return _replaced(value, search, replacement, 1)


def replace_last(value: Any, search: Any, replacement: Any) -> str:
    text, sought = _text(value), _plain(search)
    at = _plain(text).rfind(sought)
    if at < 0:
        return text
    return joined((text[:at], _text(replacement), text[at + len(sought) :]))


def _replaced(value: Any, search: Any, replacement: Any, times: int) -> str:
    text, sought, instead = _text(value), _plain(search), _text(replacement)
    found = _plain(text).count(sought) if times < 0 else 1
    if len(text) + found * len(instead) > MAX_TEXT_CHARACTERS:
        raise too_long()
    if isinstance(instead, Markup) and not isinstance(text, Markup) and instead and sought:
        return Markup(instead).join(text.split(sought, times))
    instead = instead if isinstance(text, Markup) is isinstance(instead, Markup) else _escape_into(text, instead)
    return _like(text, _plain(text).replace(sought, str.__str__(instead), times))


def _escape_into(text: str, instead: str) -> str:
    return _escaped(instead) if isinstance(text, Markup) else instead


def remove(value: Any, search: Any) -> str:
    return _replaced(value, search, "", -1)


def remove_first(value: Any, search: Any) -> str:
    return _replaced(value, search, "", 1)


def remove_last(value: Any, search: Any) -> str:
    return replace_last(value, search, "")


def truncate(value: Any, length: Any = 50, ellipsis: Any = "...") -> str | None:
    if value is None:
        return None
    text, end, most = _text(value), _text(ellipsis), strict_number(length)
    if len(text) <= most:
        return text
    return joined((text[: max(most - len(end), 0)], end))


def truncatewords(value: Any, words: Any = 15, ellipsis: Any = "...") -> str | None:
    if value is None:
        return None
    text, most = _text(value), max(strict_number(words), 1)
    found = _WORDS.findall(_plain(text))
    if len(found) <= most:
        return text
    return joined((_like(text, " ".join(found[:most])), _text(ellipsis)))


def split(value: Any, separator: Any) -> list[str]:
    """The parts of a text; as in Ruby, empty parts at its end are dropped and `" "` splits at white space."""
    text, by = _plain(value), _plain(separator)
    if by == " ":
        parts = _WORDS.findall(text)
    else:
        parts = text.split(by) if by else list(text)
    while parts and not parts[-1]:
        parts.pop()
    model = _text(value)
    return [_like(model, part) for part in parts]


def url_encode(value: Any) -> str | None:
    if value is None:
        return None
    return quote_plus(_plain(value).encode("utf-8", "replace"), safe="*-._~")


def url_decode(value: Any) -> str | None:
    return None if value is None else _utf8(unquote_to_bytes(_plain(value).replace("+", " ")))


def _utf8(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise Fault("what is decoded here is not UTF-8 text") from error


def base64_encode(value: Any) -> str:
    return base64.b64encode(_plain(value).encode("utf-8", "replace")).decode()


def base64_decode(value: Any) -> str:
    return _from_base64(_plain(value), None)


def base64_url_safe_encode(value: Any) -> str:
    return base64.urlsafe_b64encode(_plain(value).encode("utf-8", "replace")).decode()


def base64_url_safe_decode(value: Any) -> str:
    text = _plain(value)
    return _from_base64(text + "=" * (-len(text) % 4), b"-_")


def _from_base64(text: str, altchars: bytes | None) -> str:
    try:
        octets = base64.b64decode(text.encode(), altchars, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Fault("what is decoded here is not base64") from error
    return octets.decode("utf-8", "replace")


def date(context: Context, value: Any, form: Any) -> Any:
    """A moment by strftime; what is no date, or an empty form, leaves the value as it is."""
    pattern = _plain(form)
    if not pattern:
        return value
    at = as_datetime(value, context.now)
    return value if at is None else strftime(at, pattern)


def to_json(value: Any) -> str:
    """The value as JSON text (not HTML-safe by itself)."""
    try:
        return _bounded(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_json_value))
    except (ValueError, RecursionError) as error:
        raise Fault("this value cannot be written as JSON") from error


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, range):
        return _text(value)
    return value.isoformat() if isinstance(value, datetime.date) else None


def default(value: Any, instead: Any = "", *, allow_false: Any = False) -> Any:
    """`instead` for nil, false and what is empty; with allow_false, false stays."""
    if value is None or (value is False and not is_true(allow_false)):
        return instead
    if isinstance(value, str | list | tuple | dict | Mapping | Special) and not _size(value):
        return instead
    return value


# --- numbers ---------------------------------------------------------------------------------------

_DECIMAL = re.compile(r"-?[0-9]{1,400}\.[0-9]{1,400}")
_WHOLE = re.compile(r"\s{0,100}([+-]?[0-9]{1,400})")


def number(value: Any) -> Number:
    """A value as a number; a text by the number it starts with, what is none is 0."""
    if is_number(value):
        return value  # type: ignore[no-any-return]  # is_number says so
    if not isinstance(value, str):
        return 0
    text = value.strip()
    if _DECIMAL.fullmatch(text):
        return float(text)
    found = _WHOLE.match(text)
    return int(found[1]) if found else 0


def _exact(value: Number) -> Decimal:
    """A number as the Decimal it prints as, so that 10.1 + 2.2 is 12.3."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _sized(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > MAX_DIGITS * 3.33:
        raise Fault(f"a number grows over {MAX_DIGITS} digits")
    return value


def _computed(left: Any, right: Any, whole: Callable[[int, int], int], exact: Callable[..., Any]) -> Number:
    """`whole` over two whole numbers, else `exact` over Decimals; a float among them makes the result a float."""
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
    places = number(digits)
    places = 0 if isinstance(places, float) and not math.isfinite(places) else int(places)
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


# --- lists -----------------------------------------------------------------------------------------


def _items(value: Any) -> list[Any]:
    """What a list filter goes over: lists flattened, a mapping as one item, nil as nothing."""
    if isinstance(value, list | tuple):
        return list(_flat(value, 0))
    if isinstance(value, range):
        if len(value) > MAX_ITERATIONS:
            raise Fault(f"a range has more than {MAX_ITERATIONS} numbers")
        return list(value)
    return [] if value is None or isinstance(value, Special) else [value]


def _flat(items: Iterable[Any], depth: int) -> Iterable[Any]:
    if depth > MAX_VALUE_NESTING:
        raise Fault("lists are nested too deep")
    for item in items:
        if isinstance(item, list | tuple):
            yield from _flat(item, depth + 1)
        else:
            yield item


class _NoProperties(Exception):
    """An item of a list has no properties at all (nil, true, false): the filter gives nil."""


def _property(item: Any, name: Any) -> Any:
    """A property of a list's item, as Ruby's `item[name]`. Raises Fault where such an item cannot have one."""
    if isinstance(item, dict | Mapping):
        return item.get(name) if isinstance(name, str | int | float | bool | None) else None
    if isinstance(item, str):
        return name if isinstance(name, str) and name in item else None
    if item is None or isinstance(item, bool):
        raise _NoProperties
    raise Fault("a list's item has no properties", "give this filter a list of objects")


def _matches(item: Any, name: Any, target: Any) -> bool:
    found = _property(item, name)
    return is_true(found) if target is None else equal(found, target)


def join(value: Any, glue: Any = " ") -> str:
    parts: list[str] = []
    between = _text(glue)
    for item in _items(value):
        parts += (text_of(item), between)
    return joined(parts[:-1])


def first(value: Any) -> Any:
    if isinstance(value, list | tuple | range | str):
        return value[0] if value else _nothing(value)
    if isinstance(value, dict | Mapping) and value:
        return list(next(iter(value.items())))
    return None


def last(value: Any) -> Any:
    if isinstance(value, list | tuple | range | str):
        return value[-1] if value else _nothing(value)
    return None


def _nothing(value: Any) -> str | None:
    """The end of an empty text is an empty text, that of an empty list is nil."""
    return "" if isinstance(value, str) else None


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple | range | dict | Mapping) else 0


def size(value: Any) -> int:
    """Characters, items, or pairs; a whole number has 8 bytes, as in Ruby."""
    return 8 if isinstance(value, int) and not isinstance(value, bool) else _size(value)


def flatten(value: Any) -> list[Any]:
    return _items(value)


def reverse(value: Any) -> list[Any]:
    return _items(value)[::-1]


def concat(value: Any, other: Any) -> list[Any]:
    if not isinstance(other, list | tuple | range):
        raise Fault("concat needs a list", "give it a list")
    both = _items(value) + _items(other)
    if len(both) > MAX_ITERATIONS:
        raise Fault(f"a list grows over {MAX_ITERATIONS} items")
    return both


def compact(value: Any, name: Any = None) -> list[Any]:
    if name is None:
        return [item for item in _items(value) if item is not None]
    return [item for item in _items(value) if _property(item, name) is not None]


def map_(value: Any, name: Any) -> list[Any]:
    """Each item's property."""
    return [None if item is None or isinstance(item, bool) else _property(item, name) for item in _items(value)]


def where(value: Any, name: Any, target: Any = None) -> list[Any] | None:
    return _kept(value, name, target, True)


def reject(value: Any, name: Any, target: Any = None) -> list[Any] | None:
    return _kept(value, name, target, False)


def _kept(value: Any, name: Any, target: Any, is_match: bool) -> list[Any] | None:
    if name is None:
        return []
    try:
        return [item for item in _items(value) if _matches(item, name, target) is is_match]
    except _NoProperties:
        return None


def has(value: Any, name: Any, target: Any = None) -> bool | None:
    try:
        return any(_matches(item, name, target) for item in _items(value))
    except _NoProperties:
        return None


def find(value: Any, name: Any, target: Any = None) -> Any:
    try:
        return next((item for item in _items(value) if _matches(item, name, target)), None)
    except _NoProperties:
        return None


def find_index(value: Any, name: Any, target: Any = None) -> int | None:
    try:
        return next((at for at, item in enumerate(_items(value)) if _matches(item, name, target)), None)
    except _NoProperties:
        return None


def uniq(value: Any, name: Any = None) -> list[Any]:
    kept: dict[Any, Any] = {}
    for item in _items(value):
        key = item if name is None else _property(item, name)
        kept.setdefault(_hashable(key, 0), item)
    return list(kept.values())


def _hashable(value: Any, depth: int) -> Any:
    """A key that is equal for equal values, of any shape."""
    if depth > MAX_VALUE_NESTING:
        raise Fault("values are nested too deep")
    if isinstance(value, dict | Mapping):
        return ("mapping", frozenset((_hashable(k, depth + 1), _hashable(v, depth + 1)) for k, v in value.items()))
    if isinstance(value, list | tuple):
        return ("list", tuple(_hashable(item, depth + 1) for item in value))
    return ("text", str.__str__(value)) if isinstance(value, str) else (type(value).__name__, value)


def _ordered(items: Sequence[Any], key: Callable[[Any], Any], compare: Callable[[Any, Any], int]) -> list[Any]:
    """Items in order of their keys, those whose key is nil at the end."""

    def by_key(left: Any, right: Any) -> int:
        one, other = key(left), key(right)
        if one is None or other is None:
            return (one is None) - (other is None)
        return compare(one, other)

    return sorted(items, key=cmp_to_key(by_key))


def _in_order(left: Any, right: Any) -> int:
    found = order(left, right)
    if found is None:
        if equal(left, right):
            return 0
        raise Fault("values of different kinds cannot be sorted")
    return found


def _ignoring_case(left: Any, right: Any) -> int:
    one, other = _plain(left).lower(), _plain(right).lower()
    return (one > other) - (one < other)


def sort(value: Any, name: Any = None) -> list[Any]:
    key = (lambda item: item) if name is None else (lambda item: _sort_key(item, name))
    return _ordered(_items(value), key, _in_order)


def sort_natural(value: Any, name: Any = None) -> list[Any]:
    key = (lambda item: item) if name is None else (lambda item: _sort_key(item, name))
    return _ordered(_items(value), key, _ignoring_case)


def _sort_key(item: Any, name: Any) -> Any:
    if not isinstance(item, dict | Mapping):
        raise Fault("a list's item has no properties", "give this filter a list of objects")
    return _property(item, name)


def sum_(value: Any, name: Any = None) -> Number:
    total: Number = 0
    for item in _items(value):
        found = item if name is None else _property(item, name)
        total = plus(total, found)
    return total


def slice_(value: Any, start: Any, length: Any = None) -> Any:
    """A part of a text or list, from a position that may count from the end; one item unless told."""
    at = strict_number(start)
    many = 1 if length is None else strict_number(length)
    whole = list(value) if isinstance(value, list | tuple | range) else _text(value)
    at = at + len(whole) if at < 0 else at
    if at < 0 or many < 0 or at > len(whole):
        return whole[:0] if isinstance(whole, list) else ""
    part = whole[at : at + many]
    return part if isinstance(part, list) else _like(_text(value), str.__str__(part))


_LIQUID: dict[str, Callable[..., Any]] = {
    "abs": absolute,
    "append": append,
    "at_least": at_least,
    "at_most": at_most,
    "base64_decode": base64_decode,
    "base64_encode": base64_encode,
    "base64_url_safe_decode": base64_url_safe_decode,
    "base64_url_safe_encode": base64_url_safe_encode,
    "capitalize": capitalize,
    "ceil": ceil,
    "compact": compact,
    "concat": concat,
    "date": date,
    "default": default,
    "divided_by": divided_by,
    "downcase": downcase,
    "escape": escape,
    "escape_once": escape_once,
    "find": find,
    "find_index": find_index,
    "first": first,
    "flatten": flatten,
    "floor": floor,
    "h": escape,
    "has": has,
    "join": join,
    "json": to_json,
    "last": last,
    "lstrip": lstrip,
    "map": map_,
    "minus": minus,
    "modulo": modulo,
    "newline_to_br": newline_to_br,
    "plus": plus,
    "prepend": prepend,
    "reject": reject,
    "remove": remove,
    "remove_first": remove_first,
    "remove_last": remove_last,
    "replace": replace,
    "replace_first": replace_first,
    "replace_last": replace_last,
    "reverse": reverse,
    "round": round_,
    "rstrip": rstrip,
    "size": size,
    "slice": slice_,
    "sort": sort,
    "sort_natural": sort_natural,
    "split": split,
    "squish": squish,
    "strip": strip,
    "strip_html": strip_html,
    "strip_newlines": strip_newlines,
    "sum": sum_,
    "times": times,
    "truncate": truncate,
    "truncatewords": truncatewords,
    "uniq": uniq,
    "upcase": upcase,
    "url_decode": url_decode,
    "url_encode": url_encode,
    "where": where,
}

LIQUID_FILTERS = {name: make_filter(call) for name, call in _LIQUID.items()}

# Without escaping, the filters that write HTML give plain text: nothing is escaped a second time.
UNESCAPED_FILTERS = {
    "escape": make_filter(escape_as_text),
    "h": make_filter(escape_as_text),
    "escape_once": make_filter(escape_once_as_text),
    "newline_to_br": make_filter(newline_to_br_as_text),
}

# In a text part derived from HTML the same filters have nothing to do.
PLAIN_TEXT_FILTERS = dict.fromkeys(("escape", "h", "escape_once", "newline_to_br"), make_filter(unchanged))

ESCAPING_FILTERS = frozenset({"escape", "h", "escape_once", "newline_to_br"})
