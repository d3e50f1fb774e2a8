"""Where the tags of a Handlebars template stand, for walks over the HTML around them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from livemerge.template.plain_text import TagSpan

_STRUCTURE = re.compile(r"(?:\{\{|\[\[)~?(?:[#/^!*=<$]|\s*else(?:if)?\b)")
_SQUARE = re.compile(r"\[\[(?=[~#/^>&!]{0,3}\s{0,5}[\w@./])")


def handlebars_spans(text: str) -> Iterator[TagSpan]:
    """Every tag in braces, in order; one that is not closed ends the search. A backslash before one belongs to it."""
    return _spans(text, has_square_tags=False)


def iterable_spans(text: str) -> Iterator[TagSpan]:
    """Every tag in braces or square brackets, in order."""
    return _spans(text, has_square_tags=True)


def _spans(text: str, *, has_square_tags: bool) -> Iterator[TagSpan]:
    at = 0
    while True:
        start = text.find("{{", at)
        square = _SQUARE.search(text, at) if has_square_tags else None
        if square is not None and not 0 <= start < square.start():
            start, closing = square.start(), "]]"
        else:
            closing = _closing(text, start)
        end = -1 if start < 0 else text.find(closing, start + 2)
        if end < 0:
            return
        at = end + len(closing)
        while text[start - 1 : start] == "\\" and start > 0:
            start -= 1
        is_visible = _STRUCTURE.match(text, start) is None
        yield TagSpan(start, at, is_visible)


def _closing(text: str, start: int) -> str:
    if text.startswith("{{{{", start):
        return "}}}}"
    if text.startswith("{{{", start) or text.startswith("{{~{", start):
        return "}}}" if text.startswith("{{{", start) else "}}"
    return "--}}" if text.startswith(("{{!--", "{{~!--"), start) else "}}"


def handlebars_guard(text: str) -> str:
    """Plain text in which `{{` stays what it is."""
    return re.sub(r"\{(?=\{)|\{$", "{\u2060", text)
