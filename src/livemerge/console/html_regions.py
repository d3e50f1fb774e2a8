"""HTML text → its regions in order: text that readers see, tags, comments, and text that is none of it.

A linear walk along the rules of the HTML standard's tokenizer (§13.2.5), as far as they decide where a region ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Region(Enum):
    """What a piece of HTML is."""

    TEXT = "text"
    TAG = "tag"
    COMMENT = "comment"
    RAW = "raw"  # inside script, style, title and their like: no tag there is one


@dataclass(frozen=True, slots=True)
class Piece:
    """The characters from `start` to `end`; `tag` is the element whose tag or raw text they are, in small letters.

    `name_end` is where a start tag's name ends; 0 for everything else.
    """

    start: int
    end: int
    region: Region
    tag: str = ""
    name_end: int = 0


_RAW_ELEMENTS: Final = frozenset(
    {"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"}
)
_NAME: Final = re.compile(r"/?([A-Za-z][^\s/>]*)")


def regions(html: str) -> Iterator[Piece]:
    """All of the text, without gaps."""
    at, text_from = 0, 0
    while (opened := html.find("<", at)) >= 0:
        piece = _piece(html, opened)
        if piece is None:
            at = opened + 1
            continue
        if text_from < opened:
            yield Piece(text_from, opened, Region.TEXT)
        yield piece
        at = text_from = piece.end
        if piece.tag in _RAW_ELEMENTS and piece.name_end:
            at = text_from = _raw_end(html, piece.end, piece.tag)
            if piece.end < at:
                yield Piece(piece.end, at, Region.RAW, piece.tag)
    if text_from < len(html):
        yield Piece(text_from, len(html), Region.TEXT)


def _piece(html: str, start: int) -> Piece | None:
    """The tag or comment that begins here; None where the `<` is only a character."""
    if html.startswith("<!--", start):
        ends = re.compile(r"-->|--!>").search(html, start + 2)  # `<!-->` is a whole comment
        return Piece(start, ends.end() if ends else len(html), Region.COMMENT)
    name = _NAME.match(html, start + 1)
    if name:
        starts = not name[0].startswith("/")
        return Piece(start, _tag_end(html, name.end()), Region.TAG, name[1].lower(), name.end() if starts else 0)
    if html[start + 1 : start + 2] in ("!", "?") or (html.startswith("</", start) and start + 2 < len(html)):
        closed = html.find(">", start)
        return Piece(start, len(html) if closed < 0 else closed + 1, Region.COMMENT)
    return None


_VALUE: Final = re.compile(r"=\s*(?:(\")|(')|([^\s>]*))")


def _tag_end(html: str, at: int) -> int:
    """Past the `>` that ends the tag; quotes hold one back only where they begin a value."""
    while at < len(html):
        if html[at] == ">":
            return at + 1
        value = _VALUE.match(html, at) if html[at] == "=" else None
        if value is None:
            at += 1
            continue
        quote = value[1] or value[2]
        closed = html.find(quote, value.end()) if quote else value.end() - 1
        if closed < 0:
            return len(html)
        at = closed + 1
    return len(html)


def _raw_end(html: str, start: int, tag: str) -> int:
    """Where the end tag of a raw element begins."""
    ends = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE).search(html, start) if tag != "plaintext" else None
    return ends.start() if ends else len(html)
