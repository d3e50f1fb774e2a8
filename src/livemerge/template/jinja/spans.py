"""Where the tags of a Jinja template stand, for walks over the HTML around them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from livemerge.template.plain_text import TagSpan

_OPENING = re.compile(r"\{[{%#]")
_RAW = re.compile(r"\{%[-+]?\s{0,100}raw\s{0,100}-?%\}.*?\{%[-+]?\s{0,100}endraw\s{0,100}[-+]?%\}", re.DOTALL)
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_VISIBLE = re.compile(r"\{%[-+]?\s{0,100}(?:print|include|call|raw)\b")
_MARKS = {"{{": re.compile(r"['\"]|\}\}"), "{%": re.compile(r"['\"]|%\}"), "{#": re.compile(r"#\}")}


def jinja_spans(text: str) -> Iterator[TagSpan]:
    """Every output, tag, comment and raw text, in order; one that is not closed ends the search."""
    at = 0
    while found := _OPENING.search(text, at):
        raw = _RAW.match(text, found.start())
        end = raw.end() if raw else _end(text, found)
        if end < 0:
            return
        is_visible = found[0] == "{{" or _VISIBLE.match(text, found.start()) is not None
        yield TagSpan(found.start(), end, is_visible)
        at = end


def _end(text: str, opening: re.Match[str]) -> int:
    """Where a tag ends, -1 where it does not. A closing in quotes is text."""
    at = opening.end()
    while found := _MARKS[opening[0]].search(text, at):
        if found[0] not in ("'", '"'):
            return found.end()
        quoted = _STRING.match(text, found.start())
        if quoted is None:
            return -1
        at = quoted.end()
    return -1


def jinja_guard(text: str) -> str:
    """Plain text in which `{{`, `{%` and `{#` stay what they are."""
    return re.sub(r"\{(?=[{%#])|\{$", "{{ '{' }}", text)
