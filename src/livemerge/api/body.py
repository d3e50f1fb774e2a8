"""A request's body, never more of it than a caller may send."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request

from livemerge.api.asked import Asked
from livemerge.api.refusal import Refusal

MAX_BODY_BYTES: Final = 64 * 1024  # mail programs that unsubscribe send 26
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


async def read_body(request: Request) -> bytes:
    """The whole body. Raises Refusal 413 as soon as it is known to be too long."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > MAX_BODY_BYTES:
        raise _too_long()
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY_BYTES:
                raise _too_long()
    except ClientDisconnect:
        raise Refusal(400, "the body ended before its length") from None  # nobody reads it; the access log does
    return bytes(body)


def json_body(asked: Asked) -> Mapping[str, Any]:
    """The body as a JSON object; empty where there is none or it is of another kind, which ESPs send unasked."""
    if not asked.body or asked.body.isspace() or b"json" not in asked.headers.get(b"content-type", b"json"):
        return _NOTHING
    try:
        document = orjson.loads(asked.body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"the body is not JSON: {error.msg}", 'Send {"fields": ["a", "b"]}, or nothing.') from None
    if not isinstance(document, dict):
        raise Refusal(400, "the body is not a JSON object", 'Send {"fields": ["a", "b"]}, or nothing.')
    return document


def _too_long() -> Refusal:
    return Refusal(
        413, f"the body is longer than {MAX_BODY_BYTES // 1024} KB", "Send the names of fields, nothing else."
    )
