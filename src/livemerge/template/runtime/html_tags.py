"""Tags in HTML that is put together while rendering: whether a text ends inside one, and texts without them.

Data that follows inside a tag would be read as names and attributes, not as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from typing import Final

from markupsafe import Markup

IN_TEXT: Final = ""
IN_TAG: Final = "<"  # outside quotes; inside a quoted value the state is the quote

_OPENING = re.compile(r"<(?:[a-zA-Z/!?]|\Z)")
_IN_TAG = re.compile(r">|=\s{0,20}([\"'])")


def state_after(markup: str, state: str = IN_TEXT) -> str:
    """Where a piece of HTML ends that begins in a state."""
    at = 0
    while at >= 0:
        state, at = _step(markup, at, state)
    return state


def _step(markup: str, at: int, state: str) -> tuple[str, int]:
    """The next state and where it begins; -1 where there is no other before the end."""
    if state == IN_TEXT:
        opening = _OPENING.search(markup, at)
        return (IN_TAG, opening.end()) if opening else (IN_TEXT, -1)
    if state == IN_TAG:
        found = _IN_TAG.search(markup, at)
        return (found[1] or IN_TEXT, found.end()) if found else (IN_TAG, -1)
    end = markup.find(state, at)
    return (IN_TAG, end + 1) if end >= 0 else (state, -1)


def lets_data_in(parts: Iterable[str]) -> bool:
    """Whether a part that is data would stand in a tag, outside quotes, that Markup before it leaves open."""
    state = IN_TEXT
    for part in parts:
        if isinstance(part, Markup):
            state = state_after(str.__str__(part), state)
        elif state == IN_TAG and part:
            return True
    return False


def without_tags(html: str) -> str:
    """The text of HTML in one line: without comments and tags, entities read. Takes time by its length only."""
    return unescape(" ".join(_outside(_outside(html, "<!--", "-->"), "<", ">").split()))


def _outside(text: str, opening: str, closing: str) -> str:
    """What stands outside of pairs; one that is never closed is text."""
    pieces, at = list[str](), 0
    while (start := text.find(opening, at)) >= 0 and (end := text.find(closing, start)) >= 0:
        pieces.append(text[at:start])
        at = end + len(closing)
    return "".join((*pieces, text[at:]))
