"""Backslashes in the texts of a template's code, as Python reads them."""

from __future__ import annotations

import re
import unicodedata

_ESCAPE = re.compile(
    r"\\(?:(\n)|([\\'\"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|N\{([^}]{1,100})\}"
    r"|([xuUN]))"
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unescaped(text: str) -> str:
    """What a text means between its quotes. Raises ValueError."""
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    line_end, plain, octal, *codes, name, broken = found.groups()
    if line_end:
        return ""
    if plain:
        return _PLAIN.get(plain, plain)
    if octal:
        return chr(int(octal, 8))
    if broken:
        raise ValueError(f"`\\{broken}` needs more digits")
    if name:
        return _named(name)
    code = int(next(filter(None, codes)), 16)
    if code > 0x10FFFF:
        raise ValueError("there is no such character")
    return chr(code)


def _named(name: str) -> str:
    try:
        return unicodedata.lookup(name)
    except KeyError:
        raise ValueError("there is no character of this name") from None
