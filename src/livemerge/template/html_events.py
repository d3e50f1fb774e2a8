"""HTML cut into start tags, end tags and text, in one pass over the source whatever it holds.

Made for turning mail into text: it builds no tree and repairs nothing. Comments, doctypes and processing instructions
are passed over; a tag or comment that is never closed ends the document, as browsers have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape

_NAME = re.compile(r"[A-Za-z][^\s/>]{0,50}")
_TAG_MARK = re.compile("[>\"']")
_ATTRIBUTE = re.compile(r"""([^\s=/>"']{1,100})(?:\s{0,50}=\s{0,50}(?:"([^"]*)"|'([^']*)'|([^\s>"']*)))?""")
_TEXT_ONLY = frozenset({"script", "style", "textarea", "title", "xmp", "noframes"})  # their content holds no tags


@dataclass(frozen=True, slots=True)
class StartTag:
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EndTag:
    name: str


def html_events(html: str) -> Iterator[StartTag | EndTag | str]:
    """The tags and texts of a document, in order; character references are resolved."""
    at = 0
    while at < len(html):
        start = html.find("<", at)
        if start != at:
            yield unescape(html[at : start if start >= 0 else len(html)])
        if start < 0:
            return
        if (name := _name_at(html, start + 1)) or html.startswith("</", start):
            name = name or _name_at(html, start + 2)
            end = _end_of_tag(html, start + 1) if name else html.find(">", start) + 1 or len(html)
            yield from _tag(html[start:end], name)
            at = _after_text_only(html, end, name) if not html.startswith("</", start) else end
        elif html.startswith(("<!", "<?"), start):
            at = _end_of_declaration(html, start)
        else:
            yield "<"
            at = start + 1


def _name_at(html: str, at: int) -> str:
    found = _NAME.match(html, at)
    return found[0].lower() if found else ""


def _end_of_tag(html: str, at: int) -> int:
    """Behind the `>` that closes a tag; a quote counts only where a value may begin."""
    while found := _TAG_MARK.search(html, at):
        at = found.end()
        if found[0] == ">":
            return at
        if html[max(found.start() - 20, 0) : found.start()].rstrip().endswith("="):
            closing = html.find(found[0], at)
            if closing < 0:
                break
            at = closing + 1
    return len(html)


def _tag(source: str, name: str) -> Iterator[StartTag | EndTag]:
    if not name or not source.endswith(">"):
        return
    if source.startswith("</"):
        yield EndTag(name)
        return
    attributes: dict[str, str] = {}
    for found in _ATTRIBUTE.finditer(source, 1 + len(name), len(source) - 1):
        attributes.setdefault(found[1].lower(), unescape(found[2] or found[3] or found[4] or ""))
    yield StartTag(name, attributes)


def _after_text_only(html: str, at: int, name: str) -> int:
    """Behind the content of an element that holds no tags: what is in it is not shown."""
    if name not in _TEXT_ONLY:
        return at
    found = re.compile(f"</{name}", re.IGNORECASE).search(html, at)
    return found.start() if found else len(html)


def _end_of_declaration(html: str, start: int) -> int:
    closing = "-->" if html.startswith("<!--", start) else ">"
    end = html.find(closing, start + 2)
    return end + len(closing) if end >= 0 else len(html)
