"""What a caller gets instead of an answer: a status and one JSON object that says what and what to do."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

from livemerge.errors import AccessError, ForbiddenError, LivemergeError, SlowDownError, StoreError

JSON: Final = "application/json; charset=utf-8"
PRIVATE: Final = "private, no-store"
CREDENTIALS: Final = b"authorization, x-api-key"  # what a shared cache keeps, it keeps for who came with this key
SOFT: Final = (400, 404)
CHALLENGE: Final = 'Bearer realm="livemerge", Basic realm="livemerge", charset="UTF-8"'


class Refusal(Exception):
    """A request that is not answered. `status` is HTTP's."""

    def __init__(self, status: int, what: str, advice: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(what)
        self.is_softened = False  # a 400 or 404 is sent as 200: its reader takes one customer's for everybody's
        self.retry_after_s = retry_after_s  # sent as Retry-After, in whole seconds
        self.status = status
        self.what = what
        self.advice = advice


def refusal_of(error: LivemergeError) -> Refusal:
    """The refusal an error from below amounts to."""
    if isinstance(error, SlowDownError):
        return Refusal(429, error.what, error.advice, retry_after_s=error.retry_after_s)
    if isinstance(error, ForbiddenError):
        return Refusal(403, error.what, error.advice)
    if isinstance(error, AccessError):
        return Refusal(401, error.what, error.advice)
    if isinstance(error, StoreError):
        return Refusal(503, "the store cannot be read or written", "Try again; `livemerge serve` says more in its log.")
    return Refusal(500, error.what, error.advice)


def refused(refusal: Refusal, request_id: str = "") -> Response:
    """The refusal as a response. A 401 says how to prove who one is (RFC 9110 §11.6.1)."""
    request_id = request_id or new_request_id()
    headers = {"Cache-Control": PRIVATE, "X-Request-Id": request_id}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(math.ceil(refusal.retry_after_s))
    error = {"what": refusal.what, "advice": refusal.advice}
    if refusal.is_softened and refusal.status in SOFT:
        answer = {"ok": False, "found": False, "source": "default", "error": error, "request_id": request_id}
        return json_response(answer, 200, headers)
    return json_response({"ok": False, "error": error, "request_id": request_id}, refusal.status, headers)


def json_response(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, JSON)


def new_request_id() -> str:
    """A name for one request, in the answer and its headers: `r_` and 64 random bits."""
    return f"r_{secrets.token_hex(8)}"
