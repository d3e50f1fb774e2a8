"""A request's body, never more of it than a caller may send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect, Request

from livemerge.api.asked import Asked
from livemerge.api.refusal import Refusal

FORM: Final = b"x-www-form-urlencoded"
MAX_PARAMETERS: Final = 100  # of a form
ADVICE: Final = 'Send an object, such as {"id": "a"} or {"ids": ["a", "b"]}.'
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


def body_of(asked: Asked) -> Mapping[str, Any]:
    """What the body says by name: a JSON object, or a form, which is what Braze and curl send unless told otherwise.

    Empty where there is none or it is of another kind, which ESPs send unasked. Raises Refusal.
    """
    body = asked.body.strip() if asked.body else b""
    if not body:
        return _NOTHING
    kind = asked.headers.get(b"content-type", b"json").lower()
    if b"json" in kind or (FORM in kind and body[:1] in (b"{", b"[")):  # a form would have these encoded
        return _json_object(body)
    return _form(body) if FORM in kind else _NOTHING


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        document = _read_leniently(body, error.msg)
    if not isinstance(document, dict):
        raise Refusal(400, "the body is not a JSON object", ADVICE)
    return document


def _read_leniently(body: bytes, problem: str) -> Any:
    """JSON in which a character is cut in half, as happens where names are shortened: that is one customer's mistake,
    and no reason to refuse all others in the body. Raises Refusal where it is no JSON otherwise either."""
    try:
        return json.loads(body.decode("utf-8", "replace"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal(400, f"the body is not JSON: {problem}", ADVICE) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _form(body: bytes) -> Mapping[str, str]:
    """The last of several with one name, as in a query."""
    try:
        return dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS))
    except ValueError:
        raise Refusal(400, f"the form has more than {MAX_PARAMETERS} parameters", ADVICE) from None


def _too_long() -> Refusal:
    return Refusal(
        413, f"the body is longer than {MAX_BODY_BYTES // 1024} KB", "Send the names of fields, nothing else."
    )
