"""The functions behind helpers: SendGrid's, Mandrill's, Mailgun's, Iterable's and Handlebars' own.

What is compared is compared as JavaScript does: `3` equals `"3"`. Iterable's texts follow the Java library its
helpers come from.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from livemerge.template.filters import Filter, make_filter
from livemerge.template.filters.coded import base64_encode, to_json, url_encode
from livemerge.template.filters.html import strip_html
from livemerge.template.filters.text import bounded, like
from livemerge.template.handlebars import comparison, values
from livemerge.template.handlebars.comparison import number_of, plain
from livemerge.template.handlebars.iterable import ITERABLE_FUNCTIONS
from livemerge.template.handlebars.moments import send_date, sendgrid_date
from livemerge.template.limits import MAX_TEXT_CHARACTERS
from livemerge.template.runtime import Fault, is_number, size_of, too_long, whole_size

# --- values ----------------------------------------------------------------------------------------


def _as_written(value: Any) -> Any:
    """The text that captured HTML shows: what a function changes is not escaped yet."""
    return unescape(str.__str__(value)) if isinstance(value, Markup) else value


def _default(value: Any, instead: Any = "") -> Any:
    """The value, or another where it is nothing or an empty text or list."""
    return instead if value is None or value is False or (not is_number(value) and not values.is_true(value)) else value


def _size(value: Any) -> int:
    """Characters or items; nothing else has a length."""
    return len(value) if isinstance(value, (str, list, tuple, range)) else 0


def _either(is_first: Any, first: Any, second: Any) -> Any:
    return first if is_first else second


def _demanded(value: Any, name: Any) -> Any:
    """A value that must be there."""
    if value is None:
        raise Fault(f"there is no `{name}` here", "take it away, or send it")
    return value


def _refused(what: Any, advice: Any) -> None:
    raise Fault(str(what), str(advice))


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
    number = number_of(value)
    if number is None or abs(number) > MAX_TEXT_CHARACTERS:
        raise Fault(f"{what} is no whole number", "write a number")
    return int(number)


def _substring(value: Any, start: Any, end: Any = None) -> str:
    """The characters from `start` up to but not with `end`."""
    first = max(_whole(start, "the start of a substring"), 0)
    last = None if end is None else max(_whole(end, "the end of a substring"), 0)
    return plain(value)[first:last]


def _abbreviate(value: Any, width: Any) -> str:
    """A text of at most so many characters, the last three of which are dots where it was longer."""
    most = max(_whole(width, "the width"), 4)
    text = plain(value)
    return text if len(text) <= most else text[: most - 3] + "..."


def _replace(value: Any, search: Any, replacement: Any) -> str:
    text, sought, instead = plain(value), plain(search), plain(replacement)
    if len(text) + text.count(sought) * len(instead) > MAX_TEXT_CHARACTERS:
        raise too_long()
    return text.replace(sought, instead)


def _cut(value: Any, part: Any = " ") -> str:
    return plain(value).replace(plain(part), "") if plain(part) else plain(value)


def _slugify(value: Any) -> str:
    kept = re.sub(r"[^\w\s-]", "", plain(value))
    return re.sub(r"\s+", "-", kept.strip()).lower()


def _centered(value: Any, width: Any = None, filling: Any = " ", *, size: Any = None, pad: Any = None) -> str:
    """A text in the middle of so many characters; an odd one stands behind."""
    wanted = min(_whole(width if size is None else size, "the size"), 10_000)
    text, fill = plain(value), plain(filling if pad is None else pad)[:1] or " "
    missing = max(wanted - len(text), 0)
    return fill * (missing // 2) + text + fill * (missing - missing // 2)


def _without_tags(value: Any) -> str:
    return str.__str__(strip_html(plain(value)))


# --- codes -----------------------------------------------------------------------------------------


def _url(value: Any) -> str:
    return quote(plain(value).encode("utf-8", "replace"), safe="-._~")


def _form_url(value: Any) -> str:
    """As Java encodes for URLs: a space is a plus."""
    return url_encode(plain(value)) or ""


def _json(value: Any) -> str:
    return to_json(value)


def _url_json(value: Any) -> str:
    return _form_url(to_json(value))


def _base64(value: Any) -> str:
    return base64_encode(plain(value))


def _octets(value: Any) -> bytes:
    return plain(value).encode("utf-8", "replace")


def _sha1(value: Any) -> str:
    return hashlib.sha1(_octets(value), usedforsecurity=False).hexdigest()


def _md5(value: Any) -> str:
    return hashlib.md5(_octets(value), usedforsecurity=False).hexdigest()


def _sha256(value: Any) -> str:
    return hashlib.sha256(_octets(value)).hexdigest()


def _hmac_sha1(value: Any, key: Any) -> str:
    return hmac.new(_octets(key), _octets(value), "sha1").hexdigest()


def _hmac_sha256(value: Any, key: Any) -> str:
    return hmac.new(_octets(key), _octets(value), "sha256").hexdigest()


# --- the table -------------------------------------------------------------------------------------

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **ITERABLE_FUNCTIONS,
    "abbreviate": _abbreviate,
    "above": comparison.above,
    "as_written": _as_written,
    "base64": _base64,
    "below": comparison.below,
    "capitalize_first": _capitalize_first,
    "capitalize_words": _capitalize_words,
    "center": _centered,
    "contains_text": comparison.contains_text,
    "cut": _cut,
    "date": sendgrid_date,
    "default": _default,
    "demanded": _demanded,
    "differs": comparison.differs,
    "either": _either,
    "equals": comparison.equals,
    "form_url": _form_url,
    "hmac_sha1": _hmac_sha1,
    "hmac_sha256": _hmac_sha256,
    "is_true_or_zero": values.is_true_or_zero,
    "item": values.item,
    "json": _json,
    "lower": _lower,
    "mandrill_title": _mandrill_title,
    "matches": comparison.matches,
    "md5": _md5,
    "none_true": comparison.none_true,
    "not_above": comparison.not_above,
    "not_below": comparison.not_below,
    "refused": _refused,
    "replace": _replace,
    "same_text": comparison.same_text,
    "send_date": send_date,
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

# whatever the value, hardly any work
_LIGHT = ("demanded", "either", "is_true_or_zero", "item", "none_true", "refused", "size")
_WORK: dict[str, Callable[[Any], int] | None] = {
    **dict.fromkeys(_LIGHT),
    "json": whole_size,
    "url_json": whole_size,
}

HANDLEBARS_FILTERS: dict[str, Filter] = {
    name: make_filter(call, _WORK.get(name, size_of)) for name, call in _FUNCTIONS.items()
} | {
    "all_true": Filter(comparison.all_true, 0, _MANY, frozenset(), takes_context=False, work=None),
    "any_true": Filter(comparison.any_true, 0, _MANY, frozenset(), takes_context=False, work=None),
}
