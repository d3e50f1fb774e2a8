"""Jinja's filters that know HTML: escaping, attributes, links, JSON for scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from livemerge.template.jinja.formats import MAX_WIDTH
from livemerge.template.jinja.lists import pairs
from livemerge.template.jinja.values import Undefined, bounded, not_there, plain, text
from livemerge.template.runtime import Fault, without_tags
from livemerge.template.wire import escape_kernel

_NOT_IN_NAMES: Final = re.compile(r"[\s/>=\"'<]")
_WORDS: Final = re.compile(r"(\s+)")
_LINK: Final = re.compile(r"(?:https?://|www\.)[^\s<>\"']{1,2000}", re.IGNORECASE)
_MAIL: Final = re.compile(r"(?:mailto:)?([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_BEFORE: Final = "([<"
_AFTER: Final = ".,;:!?)]>"


def escape(value: Any) -> Markup:
    """Escaped HTML; Markup as it is."""
    found = text(value)
    return found if isinstance(found, Markup) else Markup(bounded(escape_kernel(plain(found))))


def force_escape(value: Any) -> Markup:
    """Escaped HTML, also of Markup."""
    return Markup(bounded(escape_kernel(plain(value))))


def safe(value: Any) -> Markup:
    """A text that is written as it is."""
    return Markup(text(value))


def unchanged(value: Any) -> str:
    """The text itself."""
    return text(value)


def strip_tags(value: Any) -> str:
    """The text of HTML: no tags, no comments, entities read, white space collapsed."""
    return without_tags(plain(value))


def to_json(value: Any, indent: Any = None) -> Markup:
    """JSON that may stand in a script or an attribute in single quotes."""
    if indent is not None and not (isinstance(indent, int) and 0 <= indent <= MAX_WIDTH):
        raise Fault("an indent is a number of spaces", "give it a whole number")
    try:
        found = json.dumps(value, sort_keys=True, indent=indent, default=_known)
    except (TypeError, ValueError):
        raise Fault("this cannot be written as JSON", "its keys are texts, its values texts, numbers, lists") from None
    for sign in "<>&'":
        found = found.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(bounded(found))


def _known(value: Any) -> Any:
    if isinstance(value, Undefined):
        raise not_there()
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and value == value.to_integral_value() and value.adjusted() < 15
        return int(value) if is_whole else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, range):
        return list(value)
    raise TypeError


def xml_attributes(value: Any, autospace: Any = True) -> Markup:
    """A mapping as attributes of a tag, with a space before; what is None or not there is left out."""
    return Markup(attributes_text(value, autospace))


def attributes_text(value: Any, autospace: Any = True) -> str:
    """The same where nothing else is escaped."""
    found: list[str] = []
    for name, each in pairs(value):
        if each is None or isinstance(each, Undefined):
            continue
        if not isinstance(name, str) or _NOT_IN_NAMES.search(name):
            raise Fault("an attribute's name has signs that no name may have", "letters, digits, `-` and `_` are safe")
        found.append(f'{escape_kernel(plain(name))}="{escape(each)}"')
    return bounded((" " if autospace and found else "") + " ".join(found))


def urlize(
    value: Any,
    trim_url_limit: Any = None,
    nofollow: Any = False,
    target: Any = None,
    rel: Any = None,
) -> Markup:
    """The text with links around its addresses, everything else escaped."""
    words = {*plain(rel or "").split(), "noopener", *(("nofollow",) if nofollow else ())}
    attributes = f' rel="{escape_kernel(" ".join(sorted(words)))}"'
    if target:
        attributes += f' target="{escape_kernel(plain(target))}"'
    limit = trim_url_limit if isinstance(trim_url_limit, int) else None
    return Markup(bounded("".join(_linked(word, attributes, limit) for word in _WORDS.split(plain(value)))))


def _linked(word: str, attributes: str, limit: int | None) -> str:
    """A word, as a link where it is an address; signs around it stay outside."""
    kept = word.lstrip(_BEFORE)
    head, middle = word[: len(word) - len(kept)], kept.rstrip(_AFTER)
    tail = kept[len(middle) :]
    if _LINK.fullmatch(middle):
        address = f"https://{middle}" if middle.lower().startswith("www.") else middle
        shown = middle if limit is None or len(middle) <= limit else f"{middle[:limit]}..."
        middle = f'<a href="{escape_kernel(address)}"{attributes}>{escape_kernel(shown)}</a>'
    elif mail := _MAIL.fullmatch(middle):
        middle = f'<a href="mailto:{escape_kernel(mail[1])}">{escape_kernel(middle)}</a>'
    else:
        middle = escape_kernel(middle)
    return f"{escape_kernel(head)}{middle}{escape_kernel(tail)}"
