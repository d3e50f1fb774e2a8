"""What goes back to who asked: status, headers and body as octets."""

from __future__ import annotations

import msgspec


class Reply(msgspec.Struct, gc=False):  # made for every request; a dataclass takes three times as long
    """One response. `Content-Length` is added by who sends it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]  # names in lower case
    body: bytes
