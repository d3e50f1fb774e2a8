"""The functions behind helpers: SendGrid's, Mandrill's, Mailgun's, Iterable's and Handlebars' own.

What is compared is compared as JavaScript does: `3` equals `"3"`. Iterable's texts follow the Java library its
helpers come from.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from html import unescape
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from livemerge.template.dates import as_datetime, php_date, strftime
from livemerge.template.filters import Filter, make_filter
from livemerge.template.filters.coded import base64_encode, to_json, url_encode
from livemerge.template.filters.html import strip_html
from livemerge.template.filters.text import bounded, like
from livemerge.template.handlebars import values
from livemerge.template.handlebars.patterns import matches_whole
from livemerge.template.limits import MAX_TEXT_CHARACTERS
from livemerge.template.runtime import Context, Fault, is_number, too_long

MAX_FORMAT_CHARACTERS = 300  # of a date's form
MAX_SECONDS = 100_000_000_000  # an epoch beyond it counts milliseconds

# --- values ----------------------------------------------------------------------------------------


def _plain(value: Any) -> str:
    return str.__str__(values.show(value))


def _as_written(value: Any) -> Any:
    """The text that captured HTML shows: what a function changes is not escaped yet."""
    return unescape(str.__str__(value)) if isinstance(value, Markup) else value


def _default(value: Any, instead: Any = "") -> Any:
    """The value, or another where it is nothing or an empty text or list."""
    return instead if value is None or value is False or (not is_number(value) and not values.is_true(value)) else value


def _size(value: Any) -> int:
    """Characters or items; nothing else has a length."""
    return len(value) if isinstance(value, str | list | tuple | range) else 0


def _either(is_first: Any, first: Any, second: Any) -> Any:
    return first if is_first else second


def _refused(what: Any, advice: Any) -> None:
    raise Fault(str(what), str(advice))


# --- comparison ------------------------------------------------------------------------------------


def _number(value: Any) -> Decimal | None:
    """The number a value is for JavaScript; None for none."""
    if isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, datetime):
        return Decimal(value.replace(tzinfo=value.tzinfo or UTC).timestamp())
    if not isinstance(value, str | int | float | Decimal):
        return None
    if isinstance(value, int):
        return Decimal(value) if value.bit_length() < 1400 else None
    text = _plain(value).strip()
    if not text:
        return Decimal(0)
    try:
        found = Decimal(text) if len(text) <= 100 else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and abs(found.adjusted()) < 400 else None


def _equals(value: Any, other: Any) -> bool:
    """Whether two values are equal where numbers and their texts are the same."""
    if value is None or other is None:
        return value is other
    if isinstance(value, str) and isinstance(other, str):
        return str.__str__(value) == str.__str__(other)
    if isinstance(value, list | tuple | Mapping) or isinstance(other, list | tuple | Mapping):
        has_text = isinstance(value, str) or isinstance(other, str)
        return _plain(value) == _plain(other) if has_text else value is other
    one, two = _number(value), _number(other)
    return one == two if one is not None and two is not None else _plain(value) == _plain(other)


def _differs(value: Any, other: Any) -> bool:
    return not _equals(value, other)


def _same_text(value: Any, other: Any) -> bool:
    """Mailgun's `equal`: whether two values are the same text."""
    return _plain(value) == _plain(other)


def _order(value: Any, other: Any) -> int | None:
    """How two values order: texts as texts, all else as numbers; None where one is none."""
    one: Any
    two: Any
    if isinstance(value, str) and isinstance(other, str):
        one, two = str.__str__(value), str.__str__(other)
        numbers = _number(value), _number(other)
        if one.strip() and two.strip() and None not in numbers:
            one, two = numbers
    else:
        one, two = _number(value), _number(other)
        if one is None or two is None:
            return None
    return int(one > two) - int(one < two)


def _above(value: Any, other: Any) -> bool:
    return _order(value, other) == 1


def _below(value: Any, other: Any) -> bool:
    return _order(value, other) == -1


def _not_below(value: Any, other: Any) -> bool:
    return _order(value, other) in (0, 1)


def _not_above(value: Any, other: Any) -> bool:
    return _order(value, other) in (0, -1)


def _all_true(*given: Any) -> bool:
    return all(values.is_true(each) for each in given)


def _any_true(*given: Any) -> bool:
    return any(values.is_true(each) for each in given)


def _none_true(value: Any) -> bool:
    return not values.is_true(value)


def _contains_text(value: Any, part: Any) -> bool:
    return _plain(part) in _plain(value)


def _matches(value: Any, expression: Any) -> bool:
    return matches_whole(_plain(value), _plain(expression))


# --- text ------------------------------------------------------------------------------------------


def _changed(value: Any, change: Callable[[str], str]) -> str:
    """A value's text, changed; Markup stays Markup."""
    text = values.show(value)
    return like(text, bounded(change(str.__str__(text))))


def _upper(value: Any) -> str:
    return _changed(value, str.upper)


def _lower(value: Any) -> str:
    return _changed(value, str.lower)


_SMALL_WORDS = frozenset(  # small in titles
    {"a", "an", "and", "as", "at", "but", "by", "en", "for", "from", "if", "in", "is", "nor", "of", "on", "or", "the"}
    | {"to", "v", "via", "vs", "with"}
)


def _mandrill_title(value: Any) -> str:
    """Every word with a capital, but for the small ones between the first and the last."""
    return _changed(value, _titled)


def _titled(text: str) -> str:
    words = re.split(r"(\s+)", text)
    last = len(words) - 1
    return "".join(
        word if at not in (0, last) and word.lower() in _SMALL_WORDS else word[:1].upper() + word[1:]
        for at, word in enumerate(words)
    )


def _capitalize_words(value: Any, *, fully: Any = False) -> str:
    def change(text: str) -> str:
        text = text.lower() if values.is_true(fully) else text
        return re.sub(r"(^|\s)(\S)", lambda found: found[1] + found[2].upper(), text)

    return _changed(value, change)


def _capitalize_first(value: Any) -> str:
    return _changed(value, lambda text: text[:1].upper() + text[1:])


def _whole(value: Any, what: str) -> int:
    number = _number(value)
    if number is None or abs(number) > MAX_TEXT_CHARACTERS:
        raise Fault(f"{what} is no whole number", "write a number")
    return int(number)


def _substring(value: Any, start: Any, end: Any = None) -> str:
    """The characters from `start` up to but not with `end`."""
    first = max(_whole(start, "the start of a substring"), 0)
    last = None if end is None else max(_whole(end, "the end of a substring"), 0)
    return _plain(value)[first:last]


def _abbreviate(value: Any, width: Any) -> str:
    """A text of at most so many characters, the last three of which are dots where it was longer."""
    most = max(_whole(width, "the width"), 4)
    text = _plain(value)
    return text if len(text) <= most else text[: most - 3] + "..."


def _replace(value: Any, search: Any, replacement: Any) -> str:
    text, sought, instead = _plain(value), _plain(search), _plain(replacement)
    if len(text) + text.count(sought) * len(instead) > MAX_TEXT_CHARACTERS:
        raise too_long()
    return text.replace(sought, instead)


def _cut(value: Any, part: Any = " ") -> str:
    return _plain(value).replace(_plain(part), "") if _plain(part) else _plain(value)


def _slugify(value: Any) -> str:
    kept = re.sub(r"[^\w\s-]", "", _plain(value))
    return re.sub(r"\s+", "-", kept.strip()).lower()


def _centered(value: Any, width: Any = None, filling: Any = " ", *, size: Any = None, pad: Any = None) -> str:
    """A text in the middle of so many characters; an odd one stands behind."""
    wanted = min(_whole(width if size is None else size, "the size"), 10_000)
    text, fill = _plain(value), _plain(filling if pad is None else pad)[:1] or " "
    missing = max(wanted - len(text), 0)
    return fill * (missing // 2) + text + fill * (missing - missing // 2)


def _without_tags(value: Any) -> str:
    return str.__str__(strip_html(_plain(value)))


# --- codes -----------------------------------------------------------------------------------------


def _url(value: Any) -> str:
    return quote(_plain(value).encode("utf-8", "replace"), safe="-._~")


def _form_url(value: Any) -> str:
    """As Java encodes for URLs: a space is a plus."""
    return url_encode(_plain(value)) or ""


def _json(value: Any) -> str:
    return to_json(value)


def _url_json(value: Any) -> str:
    return _form_url(to_json(value))


def _base64(value: Any) -> str:
    return base64_encode(_plain(value))


def _octets(value: Any) -> bytes:
    return _plain(value).encode("utf-8", "replace")


def _sha1(value: Any) -> str:
    return hashlib.sha1(_octets(value), usedforsecurity=False).hexdigest()


def _md5(value: Any) -> str:
    return hashlib.md5(_octets(value), usedforsecurity=False).hexdigest()


def _sha256(value: Any) -> str:
    return hashlib.sha256(_octets(value)).hexdigest()


def _hmac_sha1(value: Any, key: Any) -> str:
    return hmac.new(_octets(key), _octets(value), "sha1").hexdigest()


# --- dates -----------------------------------------------------------------------------------------

_SENDGRID_LETTERS = re.compile(r"\[([^\]]{0,50})\]|YYYY|YY|M{1,4}|DD?|dddd?|hh?|HH?|mm?|ss?|A|a|ZZ?")
_SENDGRID_DATES = {
    "YYYY": "%Y",
    "YY": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%-m",
    "DD": "%d",
    "D": "%-d",
    "dddd": "%A",
    "ddd": "%a",
    "hh": "%I",
    "h": "%-I",
    "HH": "%H",
    "H": "%-H",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "A": "%p",
    "a": "%P",
    "ZZ": "%z",
    "Z": "%:z",
}
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")


def _format_date(context: Context, value: Any, form: Any, offset: Any = None) -> str:
    """A moment in SendGrid's letters; what is no moment stays as it is."""
    at = _moment(context, value)
    if at is None:
        return _plain(value)
    at = at.astimezone(_zone(offset))

    def written(found: re.Match[str]) -> str:
        return found[1] if found[1] is not None else strftime(at, _SENDGRID_DATES[found[0]])

    return _SENDGRID_LETTERS.sub(written, _plain(form)[:MAX_FORMAT_CHARACTERS])


def _moment(context: Context, value: Any) -> datetime | None:
    if is_number(value) or (isinstance(value, str) and value.strip().isdecimal()):
        seconds = _number(value)
        if seconds is None:
            return None
        value = float(seconds / 1000 if abs(seconds) > MAX_SECONDS else seconds)
    return as_datetime(value, context.now)


def _zone(offset: Any) -> tzinfo:
    found = _OFFSET.fullmatch(_plain(offset).strip())
    if found is None:
        return UTC
    minutes = min(int(found[2]) * 60 + int(found[3]), 24 * 60 - 1)
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def _send_date(context: Context, _value: Any, form: Any = "d/m/Y") -> str:
    """The moment of sending in PHP's letters, as Mandrill writes it."""
    return php_date(context.now(), _plain(form))


_JAVA_LETTERS = re.compile(r"'((?:[^']|''){0,50})'|y+|M+|d+|E+|H+|h+|m+|s+|S+|a|Z|z|X{1,3}|D+")
_JAVA_FORMS = {
    "full": "EEEE, MMMM d, yyyy",
    "long": "MMMM d, yyyy",
    "medium": "MMM d, yyyy",
    "short": "M/d/yy",
}


def _now(context: Context, _value: Any, form: Any = "medium", *, tz: Any = None, locale: Any = None) -> str:
    """The moment of sending in Java's letters; `locale` other than English is not known."""
    at = context.now()
    if tz is not None:
        try:
            at = at.astimezone(ZoneInfo(_plain(tz)))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Fault("there is no such time zone", 'write it as tz="Europe/Berlin"') from error
    letters = _plain(form)[:MAX_FORMAT_CHARACTERS]
    return _JAVA_LETTERS.sub(lambda found: _java_date(at, found), _JAVA_FORMS.get(letters, letters))


def _java_date(at: datetime, found: re.Match[str]) -> str:
    if found[1] is not None:
        return found[1].replace("''", "'") or "'"
    letter, width = found[0][0], len(found[0])
    if letter in "ME" and width > 2:
        return strftime(at, {"M": "%B" if width > 3 else "%b", "E": "%A" if width > 3 else "%a"}[letter])
    if letter == "y":
        return strftime(at, "%y" if width == 2 else "%Y")
    if letter == "S":
        return f"{at.microsecond // 1000:0{min(width, 9)}d}"
    if letter in _JAVA_NUMBERS:
        return strftime(at, f"%{_JAVA_NUMBERS[letter]}").lstrip("0").zfill(min(width, 9)) or "0"
    return strftime(at, {"a": "%p", "Z": "%z", "z": "%Z", "X": "%:z", "E": "%a"}[letter])


_JAVA_NUMBERS = {"M": "m", "d": "d", "H": "H", "h": "I", "m": "M", "s": "S", "D": "j"}


# --- the table -------------------------------------------------------------------------------------

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abbreviate": _abbreviate,
    "above": _above,
    "as_written": _as_written,
    "base64": _base64,
    "below": _below,
    "capitalize_first": _capitalize_first,
    "capitalize_words": _capitalize_words,
    "center": _centered,
    "contains_text": _contains_text,
    "cut": _cut,
    "date": _format_date,
    "default": _default,
    "differs": _differs,
    "either": _either,
    "equals": _equals,
    "form_url": _form_url,
    "hmac_sha1": _hmac_sha1,
    "is_true_or_zero": values.is_true_or_zero,
    "item": values.item,
    "json": _json,
    "lower": _lower,
    "mandrill_title": _mandrill_title,
    "matches": _matches,
    "md5": _md5,
    "none_true": _none_true,
    "not_above": _not_above,
    "not_below": _not_below,
    "now": _now,
    "refused": _refused,
    "replace": _replace,
    "same_text": _same_text,
    "send_date": _send_date,
    "sha1": _sha1,
    "sha256": _sha256,
    "size": _size,
    "slugify": _slugify,
    "substring": _substring,
    "upper": _upper,
    "url": _url,
    "url_json": _url_json,
    "without_tags": _without_tags,
}
_MANY = 100  # values one `and` or `or` may have

HANDLEBARS_FILTERS: dict[str, Filter] = {name: make_filter(call) for name, call in _FUNCTIONS.items()} | {
    "all_true": Filter(_all_true, 0, _MANY, frozenset(), takes_context=False),
    "any_true": Filter(_any_true, 0, _MANY, frozenset(), takes_context=False),
}
