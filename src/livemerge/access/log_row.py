"""One row of the access log."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import msgspec

from livemerge.values import MAX_KEY_CHARACTERS, Key

_SECRET: Final = re.compile(
    r"lm_([a-z0-9]{8})_[A-Za-z0-9_-]{20,}"  # an API key; its prefix may stay
    r"|eyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){1,2}"  # a JWT
    r"|(?<=[?&;])((?:key|t|h|client_secret|access_token)=)[^&;\s]+"
)


class AccessRow(msgspec.Struct, frozen=True):  # made for every request; a frozen dataclass takes five times as long
    """One reading of one customer's fields."""

    at: datetime
    key_prefix: str
    customer: Key
    fields: tuple[str, ...]
    outcome: str  # ok, not_found, refused, error
    remote: str  # address of the caller


def redacted(text: str) -> str:
    """The text without the keys, tokens and hashes that callers put where they do not belong."""
    return _SECRET.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    if match[1]:
        return f"lm_{match[1]}_…"
    return f"{match[2]}…" if match[2] else "…"


def kept(text: str) -> str:
    """What a caller sent, so that it can be kept: short, without secrets, and in characters a store can write."""
    has_mark = "lm_" in text or "eyJ" in text or "=" in text  # without one of these there is no secret
    if not has_mark and text.isascii() and len(text) <= MAX_KEY_CHARACTERS:
        return text  # as nearly all are
    return redacted(text)[:MAX_KEY_CHARACTERS].encode("utf-8", "replace").decode()
