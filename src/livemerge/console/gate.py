"""The console's door: a token once, then a cookie. What does not come in, does not reach the application."""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIN_TOKEN_CHARACTERS: Final = 16  # shorter ones can be guessed
COOKIE_LIFE_S: Final = 12 * 3600
HEADERS: Final = {
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_REFUSED: Final = files("livemerge.console").joinpath("refused.html").read_text(encoding="utf-8")


class Gate:
    """ASGI in front of everything under `path`: pages, their parts and their web socket."""

    def __init__(self, app: ASGIApp, *, path: str, token: str) -> None:
        if len(token) < MIN_TOKEN_CHARACTERS:
            raise ValueError(f"the console's token needs {MIN_TOKEN_CHARACTERS} characters or more")
        self._app = app
        self._path = path
        self._token = token.encode()
        # The cookie proves the token without being it; its name keeps consoles on other ports of a host apart.
        self._cookie = hmac.digest(self._token, b"livemerge console cookie 1", "sha256").hex()
        self._cookie_name = f"livemerge_console_{hashlib.sha256(self._token).hexdigest()[:8]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] not in ("http", "websocket") or not (path + "/").startswith(self._path + "/"):
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and (presented := _query_token(scope)) is not None:
            await self._answer_token(presented, scope)(scope, receive, send)
        elif self._has_cookie(scope) and not _is_from_elsewhere(scope):
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "http":
            await _refusal()(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _answer_token(self, presented: str, scope: Scope) -> Response:
        """A cookie and the way in, without the token in the address; or no."""
        if not hmac.compare_digest(presented.encode("utf-8", "replace"), self._token):
            return _refusal()
        response = RedirectResponse(self._path + "/", 303, HEADERS)
        response.set_cookie(
            self._cookie_name,
            self._cookie,
            max_age=COOKIE_LIFE_S,
            path=self._path,
            secure=scope.get("scheme") == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    def _has_cookie(self, scope: Scope) -> bool:
        sent = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
        try:
            cookie = SimpleCookie(sent).get(self._cookie_name)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._cookie.encode())


def _is_from_elsewhere(scope: Scope) -> bool:
    """Whether a page of another origin asks: to the cookie's SameSite, other ports of this host are this site.

    Web sockets, forms and scripts say where they are from (Fetch §3.1, RFC 6455 §10.2). Following a link does not,
    and reveals nothing to the page it stood in.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or headers.get("sec-fetch-site") == "same-origin":  # the latter no page can forge
        return False
    return origin.partition("://")[2] != headers.get("host")


def _query_token(scope: Scope) -> str | None:
    query: bytes = scope.get("query_string", b"")
    return next(iter(parse_qs(query.decode("latin-1")).get("token", [])), None)


def _refusal() -> Response:
    return HTMLResponse(_REFUSED, 401, HEADERS | {"Cache-Control": "no-store", "WWW-Authenticate": "Livemerge-Token"})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending
