"""What goes back to who asked: status, headers and body as octets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)  # made for every request: a frozen one takes three times as long to make
class Reply:
    """One response. `Content-Length` is added by who sends it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]  # names in lower case
    body: bytes
