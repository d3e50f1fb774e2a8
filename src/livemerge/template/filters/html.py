"""Filters that write HTML or take it away, and what they are where nothing is HTML."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from livemerge.template.filters.text import bounded, escaped, like, plain, shown


def strip_html(value: Any) -> str:
    """Text without scripts, styles, comments and tags; what is left of Markup stays Markup."""
    text = shown(value)
    return like(text, _outside_tags(plain(text)))


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


_ESCAPE_ONCE = re.compile(r"[\"<>']|&(?!(?:[a-zA-Z]{1,40}|#[0-9]{1,10});)")


def _escaped_once(text: str) -> str:
    return _ESCAPE_ONCE.sub(lambda found: escaped(found[0]), text)


def escape(value: Any) -> str | None:
    """Escaped HTML; Markup is escaped already."""
    text = shown(value)
    return None if value is None else text if isinstance(text, Markup) else Markup(escaped(text))


def escape_once(value: Any) -> str:
    """Escaped HTML in which entities stay what they are."""
    return Markup(_escaped_once(plain(value)))


def newline_to_br(value: Any) -> str:
    """HTML with `<br />` before each line end."""
    text = shown(value)
    html = text if isinstance(text, Markup) else escaped(text)
    return Markup(_with_breaks(str.__str__(html)))


def _with_breaks(text: str) -> str:
    return bounded(text.replace("\r\n", "\n").replace("\n", "<br />\n"))


def escape_as_text(value: Any) -> str | None:
    return None if value is None else escaped(plain(value))


def escape_once_as_text(value: Any) -> str:
    return _escaped_once(plain(value))


def newline_to_br_as_text(value: Any) -> str:
    return _with_breaks(plain(value))


def unchanged(value: Any) -> Any:
    return value
