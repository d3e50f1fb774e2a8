"""The reading paths, answered straight from ASGI: route, body, who asks, answer, one row in the access log if refused.

The framework would take ten times as long for the same; it documents these paths and serves all others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from secrets import token_hex
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, quote, unquote_to_bytes

import msgspec
import structlog

from livemerge.access import AccessGrant, AccessRow
from livemerge.api.asked import Asked
from livemerge.api.credential import grant_of
from livemerge.api.refusal import Refusal, refusal_of, refused
from livemerge.api.reply import Reply
from livemerge.app import Livemerge
from livemerge.catalog import stops_at_refusals
from livemerge.errors import LivemergeError

Endpoint: TypeAlias = Callable[[Asked, AccessGrant], Awaitable[Reply]]
AtOnce: TypeAlias = Callable[[Asked, AccessGrant], Reply | None]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ROOT: Final = b"/api/"
METHODS: Final = ("GET", "HEAD", "POST")
MAX_BODY_BYTES: Final = 64 * 1024  # a read needs a few field names
MAX_BATCH_BYTES: Final = 1024 * 1024
MAX_DRAINED_BYTES: Final = 1024 * 1024  # of a body that is too long: who is cut off while sending never sees why
MAX_QUERY_BYTES: Final = 16 * 1024
MAX_QUERIES: Final = 1_024  # kept as they were read: callers send the same few all day
MAX_KEPT_QUERY_BYTES: Final = 256
_BODY: Final = "http.response.body"
_START: Final = "http.response.start"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers a path."""

    endpoint: Endpoint
    max_body_bytes: int = MAX_BODY_BYTES
    methods: tuple[str, ...] = METHODS
    at_once: AtOnce | None = None  # a GET's reply where nothing has to be awaited; None then, or from it: ask endpoint


class Begun(msgspec.Struct):  # made for every request
    """A request that was taken apart. `grant` is None where it was refused."""

    asked: Asked
    grant: AccessGrant | None
    pattern: str
    route: Route
    refused: Reply | None = None


class Reading:
    """Answers the paths of its table. The keys are patterns: `/api/NAME`, then `{…}` for each part; the last takes
    all that follows, slashes too."""

    def __init__(self, project: Livemerge, routes: Mapping[str, Route]) -> None:
        self._project = project
        self.patterns = tuple(routes)
        self._routes = {_name(pattern): (pattern.count("{"), pattern, route) for pattern, route in routes.items()}
        self._queries: dict[bytes, Mapping[str, str]] = {}
        self._series = f"r_{token_hex(4)}"
        self._numbers = count()

    def answers(self, scope: Scope) -> bool:
        """Whether the request is one of ours; how far it came is put into the scope."""
        if "livemerge.begun" not in scope:
            path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
            url = path + b"?" + query if (query := scope.get("query_string")) else path
            begun = self.begin(scope["method"], url, scope["headers"], scope.get("client"))
            if begun is None:
                return False
            scope["livemerge.begun"] = begun
        return True

    def begin(
        self, method: str, url: bytes, headers: Iterable[tuple[bytes, bytes]], client: tuple[str, int] | None
    ) -> Begun | None:
        """The request taken apart, and admitted or not; None for a path that is none of ours."""
        if not url.startswith(ROOT):
            return None
        path, _, query = url.partition(b"?")
        name, slash, rest = path[len(ROOT) :].partition(b"/")
        found = self._routes.get(name)
        if found is None:
            return None
        many, pattern, route = found
        parts = rest.split(b"/", many - 1) if slash else []
        if len(parts) != many:
            return None
        asked = self._asked(method, path, headers, client)
        begun = Begun(asked, None, pattern, route)
        try:
            asked.parts = tuple([_decoded(part) for part in parts])
            asked.query = self._query(query) if query else _NOTHING
            _check_method(method, route)
            begun.grant = grant_of(asked, self._project.admission)
        except Exception as error:  # whatever happens, the caller gets an answer, and the log says why
            begun.refused = self._refused(error, begun)
        return begun

    def at_once(self, begun: Begun) -> Reply | None:
        """The reply, where nothing has to be awaited for it."""
        if begun.refused is not None or begun.grant is None or begun.route.at_once is None:
            return begun.refused
        try:
            return begun.route.at_once(begun.asked, begun.grant)
        except Exception as error:
            begun.refused = self._refused(error, begun)
            return begun.refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request for which `answers` said yes."""
        begun: Begun = scope["livemerge.begun"]
        reply = begun.refused or await self._reply(begun, receive)
        body = reply.body
        headers = list(reply.headers)
        if reply.status != HTTPStatus.NOT_MODIFIED:  # its length would be that of what is not sent (RFC 9110 §8.6)
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": _START, "status": reply.status, "headers": headers})
        await send({"type": _BODY, "body": b"" if scope["method"] == "HEAD" else body})

    async def _reply(self, begun: Begun, receive: Receive) -> Reply:
        asked, grant = begun.asked, begun.grant
        assert grant is not None
        try:
            if asked.method == "POST":
                asked.body = await _read_body(asked.headers, receive, begun.route.max_body_bytes)
            return await begun.route.endpoint(asked, grant)
        except Exception as error:
            return self._refused(error, begun)

    def _refused(self, error: Exception, begun: Begun) -> Reply:
        """What the caller gets instead; and its row in the access log."""
        refusal = _refusal(error, begun.pattern)
        if begun.grant is not None and stops_at_refusals(begun.grant.profile):
            refusal.is_softened = True
        if refusal.status != 429:  # who guesses must not push older rows out of the log
            self._note(begun.asked, begun.grant, begun.pattern, "error" if refusal.status >= 500 else "refused")
        return _refused_reply(refusal, begun.route, begun.asked.request_id)

    def _asked(
        self, method: str, path: bytes, sent: Iterable[tuple[bytes, bytes]], client: tuple[str, int] | None
    ) -> Asked:
        headers = dict(sent)
        remote = client[0] if client else ""
        if (forwarded_for := headers.get(b"x-forwarded-for")) is not None:
            remote = self._project.admission.remote_of(remote, forwarded_for.decode("latin-1"))
        return Asked(
            "GET" if method == "HEAD" else method,
            path.decode("ascii", "replace"),
            _NOTHING,
            headers,
            b"",
            remote,
            (),
            f"{self._series}{next(self._numbers) & 0xFFFFFFFF:08x}",
            self._project.clock.monotonic_s(),
        )

    def _query(self, sent: bytes) -> Mapping[str, str]:
        """The query decoded as forms are; the last of several with one name."""
        if (known := self._queries.get(sent)) is not None:
            return known
        if len(sent) > MAX_QUERY_BYTES:
            raise Refusal(414, f"the query is longer than {MAX_QUERY_BYTES // 1024} KB", "POST it as a JSON body.")
        query = dict(parse_qsl(sent.decode("latin-1"), keep_blank_values=True))
        if len(sent) <= MAX_KEPT_QUERY_BYTES:
            if len(self._queries) >= MAX_QUERIES:
                self._queries.clear()
            self._queries[sent] = query
        return query

    def _note(self, asked: Asked, grant: AccessGrant | None, pattern: str, outcome: str) -> None:
        customer = asked.parts[-1] if pattern.endswith("{customer_id}") and asked.parts else asked.query.get("id", "")
        self._project.access_log.append(
            AccessRow(self._project.clock.now(), grant.prefix if grant else "", customer, (), outcome, asked.remote)
        )


def _name(pattern: str) -> bytes:
    return pattern.removeprefix(ROOT.decode()).partition("/")[0].encode()


def _decoded(part: bytes) -> str:
    """A part of the path without its percent-encoding (RFC 3986 §2.1): an encoded slash is a character of it."""
    try:
        return (unquote_to_bytes(part) if b"%" in part else part).decode()
    except UnicodeDecodeError:
        raise Refusal(400, "the path is not UTF-8", "Percent-encode each octet of the customer's key.") from None


def _check_method(method: str, route: Route) -> None:
    if method not in route.methods:
        raise Refusal(405, f"{method[:20]} is not allowed here", f"Allowed: {', '.join(route.methods)}.")


async def _read_body(headers: Mapping[bytes, bytes], receive: Receive, most: int) -> bytes:
    """The whole body. Raises Refusal: 413 where it is too long, 400 where it ended early."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared[:20]) > most + MAX_DRAINED_BYTES:
        raise _too_long(most)
    body, seen = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "the body ended before its length")  # nobody reads it; the access log does
        part: bytes = message.get("body", b"")
        seen += len(part)
        if seen <= most:
            body += part
        if seen > most + MAX_DRAINED_BYTES or (seen > most and not message.get("more_body", False)):
            raise _too_long(most)
        if not message.get("more_body", False):
            return bytes(body)


def _too_long(most: int) -> Refusal:
    advice = "Send customers' keys and names of fields, nothing else."
    return Refusal(413, f"the body is longer than {most // 1024} KB", advice)


def _refusal(error: Exception, pattern: str) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, LivemergeError):
        return refusal_of(error)
    log.error("a request could not be answered", path=pattern, exc_info=error)
    return Refusal(500, "something failed here", "The server's log says what.")


def _refused_reply(refusal: Refusal, route: Route, request_id: str) -> Reply:
    response = refused(refusal, request_id)
    headers = [(name, value) for name, value in response.raw_headers if name != b"content-length"]
    if refusal.status == 405:
        headers.append((b"allow", ", ".join(route.methods).encode()))
    if refusal.status == 413:
        headers.append((b"connection", b"close"))  # what still comes is not read
    return Reply(response.status_code, tuple(headers), bytes(response.body))
