"""Characters that may not be in a message, and texts without them."""

from __future__ import annotations

import re

# Control characters and code points that are no characters mean nothing in mail and break it, as character
# references most of all; unpaired surrogates cannot be encoded.
_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_NOT_IN_TEXT = re.compile(f"[\ud800-\udfff]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_NO_CHARACTERS}]+")
_NOT_IN_HTML = re.compile(f"[\ud800-\udfff]|[\x00-\x08\x0b-\x1f\x7f-\x9f{_NO_CHARACTERS}]+")


# What turns the direction of writing (Unicode UAX 9, 2): each opener, and what closes it.
_CLOSERS = {
    **dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c"),
    **dict.fromkeys("\u2066\u2067\u2068", "\u2069"),
}
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MAX_TURNS = 60  # in each other; UAX 9 stops at 125


def clean_text(text: str) -> str:
    """Text without control characters, its direction turned back at its end; unpaired surrogates become U+FFFD."""
    return _turned_back(_NOT_IN_TEXT.sub(_replacement, text))


def clean_html(text: str) -> str:
    """The same without carriage returns."""
    return _turned_back(_NOT_IN_HTML.sub(_replacement, text))


def _turned_back(text: str) -> str:
    """Text that leaves the direction of what follows alone: what it turns it turns back, and nothing else."""
    if _TURNS.search(text) is None:
        return text
    open_turns: list[str] = []
    turned = _TURNS.sub(lambda found: _turn(found[0], open_turns), text)
    return turned + "".join(reversed(open_turns))


def _turn(character: str, open_turns: list[str]) -> str:
    """A turn, where it has an end or ends one that is open."""
    if character in _CLOSERS:
        if len(open_turns) >= _MAX_TURNS:
            return ""
        open_turns.append(_CLOSERS[character])
        return character
    if character not in open_turns or (character == "\u202c" and open_turns[-1] != character):
        return ""
    while open_turns.pop() != character:  # the end of an isolate ends what is open inside it
        pass
    return character


def _replacement(match: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= match[0] <= "\udfff" else ""
