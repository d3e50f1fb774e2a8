"""Filters that give text.

Markup is kept where a filter keeps the text as it is; where Markup and plain text are put together, the plain text is
escaped (see runtime.joined).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from markupsafe import Markup

from livemerge.template.dates import as_datetime, strftime
from livemerge.template.filters.ruby_dates import MAX_DATE_CHARACTERS, ruby_moment
from livemerge.template.limits import MAX_TEXT_CHARACTERS
from livemerge.template.runtime import (
    IN_TAG,
    LISTS,
    Context,
    inspect,
    joined,
    state_after,
    strict_number,
    text_of,
    too_long,
)

_SECONDS = re.compile(r"[0-9]{1,20}")
_WORDS = re.compile(r"[^ \t\n\v\f\r]+")  # Ruby splits at ASCII white space only
SHORT_TEXT = 10_000  # characters; shorter texts are not measured before something is replaced in them
WHITE = " \t\n\v\f\r\0"  # what Ruby's strip takes away


def like(model: str, text: str) -> str:
    """Text of the same kind as the one it was made from."""
    return Markup(text) if isinstance(model, Markup) else text


def shown(value: Any) -> str:
    """A value's text; a list as Ruby shows it, not joined as where it is printed."""
    if type(value) is str:
        return value
    return inspect(value) if isinstance(value, LISTS) else text_of(value)


def plain(value: Any) -> str:
    """A value's text without its Markup quality, for searching."""
    return value if type(value) is str else str.__str__(shown(value))


def changed(value: Any, change: Callable[[str], str]) -> str:
    """A value's text after a change that leaves Markup Markup."""
    if type(value) is str:
        return change(value)
    text = shown(value)
    return like(text, change(str.__str__(text)))


def append(value: Any, text: Any) -> str:
    return joined((shown(value), shown(text)))


def prepend(value: Any, text: Any) -> str:
    return joined((shown(text), shown(value)))


def upcase(value: Any) -> str:
    return changed(value, str.upper)


def downcase(value: Any) -> str:
    return changed(value, str.lower)


def capitalize(value: Any) -> str:
    return changed(value, lambda text: text[:1].upper() + text[1:].lower())


def strip(value: Any) -> str:
    return changed(value, lambda text: text.strip(WHITE))


def lstrip(value: Any) -> str:
    return changed(value, lambda text: text.lstrip(WHITE))


def rstrip(value: Any) -> str:
    return changed(value, lambda text: text.rstrip(WHITE))


def squish(value: Any) -> str | None:
    """Text with its white space collapsed to single spaces."""
    if value is None:
        return None
    text = shown(value)
    return like(text, " ".join(plain(text).split()))


def strip_newlines(value: Any) -> str:
    text = shown(value)
    return like(text, plain(text).replace("\r\n", "").replace("\n", ""))


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def bounded(text: str) -> str:
    if len(text) > MAX_TEXT_CHARACTERS:
        raise too_long()
    return text


def replace(value: Any, search: Any, replacement: Any = "") -> str:
    return _replaced(value, search, replacement, -1)


def replace_first(value: Any, search: Any, replacement: Any = "") -> str:
    return _replaced(value, search, replacement, 1)


def replace_last(value: Any, search: Any, replacement: Any) -> str:
    text, sought = shown(value), plain(search)
    at = plain(text).rfind(sought)
    if at < 0:
        return text
    return joined((text[:at], _closed_in(text, shown(replacement)), text[at + len(sought) :]))


_REFERENCE = re.compile(r"\\([0-9&`'\\])")


def _replaced(value: Any, search: Any, replacement: Any, times: int) -> str:
    if type(value) is str and type(search) is str and type(replacement) is str and _is_short(value, replacement):
        return value.replace(search, replacement, times)
    text, sought, instead = shown(value), plain(search), shown(replacement)
    is_data_in_markup = isinstance(text, Markup) and not isinstance(instead, Markup)
    if "\\" in instead and not is_data_in_markup:  # data must not repeat parts of what the author opened
        return _replaced_with_references(text, sought, _closed_in(text, instead), times)
    found = plain(text).count(sought) if times < 0 else 1
    if len(text) + found * len(instead) > MAX_TEXT_CHARACTERS:
        raise too_long()
    if isinstance(instead, Markup) is not isinstance(text, Markup) and instead and sought:
        return joined([each for piece in text.split(sought, times) for each in (instead, piece)][1:])
    return like(text, plain(text).replace(sought, str.__str__(_closed_in(text, instead)), times))


def _replaced_with_references(text: str, sought: str, instead: str, times: int) -> str:
    """Text in which each replacement speaks of what it replaces, as in Ruby's `gsub`: `\\0` or `\\&` is that text."""
    pieces, at, size, searched = list[str](), 0, len(text), plain(text)
    start = searched.find(sought)
    while start >= 0 and times:
        end = start + len(sought)
        made = list(_spoken(instead, text, start, end))
        size += sum(map(len, made))
        if size > MAX_TEXT_CHARACTERS:
            raise too_long()
        pieces += (text[at:start], *made)
        at, times = end, times - 1
        start = searched.find(sought, max(end, start + 1))
    return joined((*pieces, text[at:]))


def _spoken(instead: str, text: str, start: int, end: int) -> Iterator[str]:
    """The pieces of what replaces one part of a text; there are no groups that `\\1` could mean."""
    at = 0
    for reference in _REFERENCE.finditer(instead):
        yield instead[at : reference.start()]
        match reference[1]:
            case "0" | "&":
                yield text[start:end]
            case "`":
                yield text[:start]
            case "'":
                yield text[end:]
            case "\\":
                yield "\\"
        at = reference.end()
    yield instead[at:]


def _closed_in(text: str, instead: str) -> str:
    """What replaces a part of Markup: escaped where it is plain, or opens a tag that the rest would stand in."""
    is_closed = isinstance(instead, Markup) and state_after(instead) != IN_TAG
    return Markup(escaped(instead)) if isinstance(text, Markup) and not is_closed else instead


def _is_short(text: str, replacement: str) -> bool:
    """Whether the text is within the limit even with the replacement before each of its characters."""
    is_short = len(text) < SHORT_TEXT and len(replacement) < MAX_TEXT_CHARACTERS // (2 * SHORT_TEXT)
    return is_short and "\\" not in replacement


def remove(value: Any, search: Any) -> str:
    return _replaced(value, search, "", -1)


def remove_first(value: Any, search: Any) -> str:
    return _replaced(value, search, "", 1)


def remove_last(value: Any, search: Any) -> str:
    return replace_last(value, search, "")


def truncate(value: Any, length: Any = 50, ellipsis: Any = "...") -> str | None:
    if value is None:
        return None
    text, end, most = shown(value), shown(ellipsis), strict_number(length)
    if len(text) <= most:
        return text
    return joined((text[: max(most - len(end), 0)], end))


def truncatewords(value: Any, words: Any = 15, ellipsis: Any = "...") -> str | None:
    if value is None:
        return None
    text = shown(value)
    most = min(max(strict_number(words), 1), len(text) + 1)  # as many words as no text has; islice counts no further
    found = list(islice(_WORDS.finditer(plain(text)), most))
    if len(found) < most or found[-1].end() == len(text):  # Ruby counts white space at the end as one more word
        return text
    return joined((like(text, " ".join(word[0] for word in found)), shown(ellipsis)))


def split(value: Any, separator: Any) -> list[str]:
    """The parts of a text; as in Ruby, empty parts at its end are dropped and `" "` splits at white space."""
    text, by = plain(value), plain(separator)
    if by == " ":
        parts = _WORDS.findall(text)
    else:
        parts = text.split(by) if by else list(text)
    while parts and not parts[-1]:
        parts.pop()
    model = shown(value)
    return [like(model, part) for part in parts]


def date(context: Context, value: Any, form: Any) -> Any:
    """A moment by strftime; what is no date, or an empty form, changes nothing."""
    pattern = plain(form)
    if not pattern:
        return value
    at = moment_of(value, context)
    return value if at is None else strftime(at, pattern)


def moment_of(value: Any, context: Context) -> datetime | None:
    """What a value means to `date`: texts as Ruby reads them, whole numbers as seconds since 1970."""
    if not isinstance(value, str):
        return None if isinstance(value, (float, Decimal)) else as_datetime(value, context.now)
    text = value[: 2 * MAX_DATE_CHARACTERS].lower()
    if text in ("now", "today"):
        return context.now()
    if _SECONDS.fullmatch(text):
        return as_datetime(int(text), context.now)
    return ruby_moment(text, context.now())
