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


def clean_text(text: str) -> str:
    """Text without control characters; unpaired surrogates become U+FFFD."""
    return _NOT_IN_TEXT.sub(_replacement, text)


def clean_html(text: str) -> str:
    """Text without control characters and carriage returns; unpaired surrogates become U+FFFD."""
    return _NOT_IN_HTML.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= match[0] <= "\udfff" else ""
