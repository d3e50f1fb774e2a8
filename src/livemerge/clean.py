"""Clean texts: without characters that may not be in a message. And data that holds no others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

# Control characters and code points that are no characters mean nothing in mail and break it, as character
# references most of all; unpaired surrogates cannot be encoded.
_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_NOT_IN_TEXT = re.compile(f"[\ud800-\udfff]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_NO_CHARACTERS}]+")
_LINE_ENDS = re.compile("\r\n?")


# What turns the direction of writing (Unicode UAX 9, 2): each opener, and what closes it.
_CLOSERS = {
    **dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c"),
    **dict.fromkeys("\u2066\u2067\u2068", "\u2069"),
}
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MAX_TURNS = 60  # in each other; UAX 9 stops at 125


def clean_text(text: str) -> str:
    """Text without control characters, its direction turned back at its end; unpaired surrogates become U+FFFD."""
    return text if text.isprintable() else _turned_back(_NOT_IN_TEXT.sub(_replacement, text))


def clean_html(text: str) -> str:
    """The same, its line ends line feeds."""
    return clean_text(_LINE_ENDS.sub("\n", text) if "\r" in text else text)


class CleanData(dict[str, Any]):
    """A template's data in which every text is as `clean_html` leaves it, names and texts inside others too.

    Whoever makes one says so: templates write its texts without another look. What else it holds beside plain dicts,
    lists and tuples, templates reach through functions only, whose results are looked at.
    """


def clean_data(data: Mapping[str, object]) -> CleanData:
    """A clean copy of data from anywhere, for who renders it more than once.

    Raises ValueError where it is nested too deep, or holds itself.
    """
    try:
        return CleanData(_clean_names(data))
    except RecursionError:
        raise ValueError("the data is nested too deep, or holds itself") from None


def _clean_names(data: Mapping[Any, object]) -> dict[Any, object]:
    return {clean_html(name) if isinstance(name, str) else name: _clean(value) for name, value in data.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        text = clean_html(str.__str__(value))
        return Markup(text) if isinstance(value, Markup) else text  # it was Markup before
    if isinstance(value, Mapping):
        return _clean_names(value)
    if isinstance(value, list | tuple):
        return (tuple if isinstance(value, tuple) else list)(map(_clean, value))
    return value


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
