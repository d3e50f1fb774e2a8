"""What a reading request says, taken apart once: plain data, without the framework's objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

_YES: Final = frozenset({"1", "true", "yes"})


class Asked(msgspec.Struct, gc=False):  # made for every request; a dataclass takes three times as long
    """One reading request. Nobody changes it."""

    method: str  # GET or POST; a HEAD is asked as a GET
    path: str  # as it was sent, percent-encoded
    query: Mapping[str, str]  # decoded; the last of several with one name
    headers: Mapping[bytes, bytes]  # names in lower case
    body: bytes  # empty for a GET
    remote: str  # address of the caller; empty where it is not known
    parts: tuple[str, ...] = ()  # what stands for the `{}` of the path's pattern, decoded
    request_id: str = ""
    started_s: float = 0.0  # monotonic


def says_yes(asked: Asked, name: str) -> bool:
    """Whether the query has this flag and means it."""
    return asked.query.get(name, "").lower() in _YES


def has(asked: Asked, tag: bytes) -> bool:
    """Whether the asker has what it would get (RFC 9110 §13.1.2, weak comparison)."""
    sent = asked.headers.get(b"if-none-match", b"")
    return sent.strip() == b"*" or tag in [one.strip().removeprefix(b"W/") for one in sent.split(b",")]
