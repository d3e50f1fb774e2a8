"""One caller's connection: what is known is answered at once, and nobody holds a connection without using it.

uvicorn's own protocol, with two changes. A GET of a reading path for which nothing has to be awaited is answered while
its head is read: without a scope, a task, an event and two messages, which cost more than the answer. And one look a
second at all connections ends those that are too slow (slow-loris), instead of a timer for each request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from livemerge.api.make import Api
from livemerge.api.reading import Begun
from livemerge.api.reply import Reply

HEAD_WITHIN_S: Final = 10.0  # from a request's first octet to the end of its headers
BODY_WITHIN_S: Final = 30.0  # from there to the end of its body
IDLE_WITHIN_S: Final = 75  # between requests; load balancers in front close after 60
LOOK_EVERY_S: Final = 1.0
_WITHIN_S: Final = {"head": HEAD_WITHIN_S, "body": BODY_WITHIN_S, "next": IDLE_WITHIN_S}
MAX_HEAD_BYTES: Final = 32 * 1024  # address and headers of one request
_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_HAS_BODY: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})

log = structlog.get_logger(__name__)


class Connection(HttpToolsProtocol):
    """A connection of a server whose application is an Api."""

    _now_s = 0.0  # when what is looked at was received; on the loop's clock
    _waits_since_s = 0.0  # for what, `_waits_for` says
    _waits_for = ""  # head, body, the next request, or nothing: then uvicorn has a timer of its own
    _head_bytes = 0  # of a head that has not ended, before what is looked at
    _bytes = 0  # of what is looked at
    _may_have_body = False
    _begun: Begun | None = None  # of a request that the application answers: it is admitted once
    _is_answered = False  # the request under way was answered while its head was read

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._now_s = self.loop.time()
        self._wait_for("head")  # who connects and says nothing is as slow as who stops in the middle

    def data_received(self, data: bytes) -> None:
        self._now_s, self._bytes = self.loop.time(), len(data)
        super().data_received(data)
        if self._waits_for == "head":
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431, "the headers are too long")

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._head_bytes, self._may_have_body = 0, False
        self._wait_for("head")

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self.headers.append((name, value))
        if name in _HAS_BODY:
            self._may_have_body = True
            self.expect_100_continue |= name == b"expect" and value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        self._wait_for("body")
        if self._head_bytes + self._bytes > MAX_HEAD_BYTES and self._is_head_too_long():
            self._refuse(431, "the headers are too long")
        elif not self._answers_at_once():
            self._make_scope()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._waits_for = ""
        if not self._is_answered:
            super().on_message_complete()
        elif not self.transport.is_closing():
            self._is_answered = False
            self._wait_for("next")

    def end_if_slow(self, now_s: float) -> bool:
        """Ends the connection where its caller is too slow; whether it did."""
        if not self._waits_for or now_s - self._waits_since_s <= _WITHIN_S[self._waits_for]:
            return False
        if self.transport.is_closing():
            return False
        if self._waits_for == "next":
            self.transport.close()
            return False
        self._refuse(408, f"the {self._waits_for} of the request did not come in time")
        return True

    def _wait_for(self, what: str) -> None:
        self._waits_for, self._waits_since_s = what, self._now_s

    def _is_head_too_long(self) -> bool:
        return sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > MAX_HEAD_BYTES

    def _make_scope(self) -> None:
        """What uvicorn makes when a request begins; not needed for what is answered at once."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers  # the scope has this very list
        if self._begun is not None:
            self.scope["livemerge.begun"] = self._begun  # type: ignore[typeddict-unknown-key]
            self._begun = None

    def _refuse(self, status: int, what: str) -> None:
        """Says no and ends the connection; what was asked before is not answered any more."""
        self._is_answered, self._waits_for = True, ""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.disconnected = True  # what is still made for it goes nowhere
            self.cycle.message_event.set()
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            body = b'{"ok":false,"error":{"what":"%b","advice":""},"request_id":""}' % what.encode()
            self.transport.write(
                b"%bcontent-type: application/json; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
                % (_STATUS_LINES[status], len(body), body)
            )
        self.transport.close()

    def _answers_at_once(self) -> bool:
        """Writes the answer where it is a reading that needs nothing awaited, and nothing is before it in line."""
        if self.cycle is not None and not self.cycle.response_complete:
            return False
        if self._may_have_body or self.parser.get_method() != b"GET":
            return False
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency:
            return False
        app = self.config.app
        if not isinstance(app, Api) or (begun := app.reading.begin("GET", self.url, self.headers, self.client)) is None:
            return False
        if (reply := app.reading.at_once(begun)) is None:
            self._begun = begun
            return False
        keep_alive = self.parser.should_keep_alive()
        self.transport.write(_octets(reply, self.server_state.default_headers, keep_alive=keep_alive))
        self.server_state.total_requests += 1
        self._is_answered = True
        if not keep_alive:
            self.transport.close()
        return True


def _octets(reply: Reply, default_headers: Iterable[tuple[bytes, bytes]], *, keep_alive: bool) -> bytes:
    """The response as HTTP/1.1 writes it."""
    body = reply.body
    parts = [_STATUS_LINES[reply.status]]
    for name, value in default_headers:
        parts += (name, b": ", value, b"\r\n")
    for name, value in reply.headers:
        parts += (name, b": ", value, b"\r\n")
    end = b"content-length: %d\r\n\r\n" if keep_alive else b"connection: close\r\ncontent-length: %d\r\n\r\n"
    parts += (end % len(body), body)
    return b"".join(parts)


async def end_slow_ones(connections: Iterable[Any]) -> None:
    """Looks every LOOK_EVERY_S for callers that are too slow, until it is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        now_s = loop.time()
        ended = sum(one.end_if_slow(now_s) for one in list(connections) if isinstance(one, Connection))
        if ended:
            log.warning("connections of slow callers were ended", connections=ended)
