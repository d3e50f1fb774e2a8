"""One open SMTP connection: octets out, replies in, in their order.

It takes a connected asyncio transport over from whoever opened it. Whatever goes wrong is one `ConnectionLost`: the
caller knows what it had written and decides what that means for each message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from livemerge.errors import DeliveryError

MAX_LINE_BYTES = 4096  # of a reply; RFC 5321 §4.5.3.1.5 asks for 512, real servers write longer ones
MAX_REPLY_BYTES = 32_768  # of a reply of several lines


class ConnectionLost(DeliveryError):
    """The connection is over: closed, broken, timed out, or no longer making sense."""

    def __init__(self, what: str, *, code: int = 0) -> None:
        super().__init__(what, where="smtp", retryable=True)
        self.code = code  # 421 where the server announced it


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said to one command; several lines are joined by spaces."""

    code: int
    text: str

    @property
    def is_ok(self) -> bool:
        return 200 <= self.code < 300


class Wire(asyncio.Protocol):
    """Commands out and replies in. Every reply must have been announced by the `write` that causes it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._unread = bytearray()
        self._lines: list[bytes] = []
        self._reply_bytes = 0
        self._replies: deque[Reply] = deque()
        self._unanswered = 0  # replies that are still to come
        self._lost: ConnectionLost | None = None
        self._reply_waiter: asyncio.Future[None] | None = None
        self._flush_waiter: asyncio.Future[None] | None = None
        self._is_paused = False

    @classmethod
    def take_over(cls, transport: asyncio.Transport) -> Wire:
        """The wire on a connected transport; from now on nobody else reads it."""
        wire = cls(transport)
        transport.set_protocol(wire)
        # "paused" then means: some of what was written has not left this process
        transport.set_write_buffer_limits(high=1, low=0)
        if transport.is_closing():
            wire.connection_lost(None)
        return wire

    @property
    def is_lost(self) -> bool:
        return self._lost is not None or self._transport.is_closing()

    def write(self, octets: bytes, *, replies: int) -> None:
        """Sends octets, which will cause so many replies."""
        if self.is_lost:
            raise self._lost or ConnectionLost("the server closed the connection")
        self._unanswered += replies
        self._transport.write(octets)

    async def flush(self, timeout_s: float) -> None:
        """Waits until the operating system has all that was written."""
        while self._is_paused and not self._lost:
            self._flush_waiter = asyncio.get_running_loop().create_future()
            await self._within(self._flush_waiter, timeout_s, "the server does not take our data")
        if self._lost:
            raise self._lost

    async def reply(self, timeout_s: float) -> Reply:
        """The next reply. Replies that came before the connection broke are still given."""
        while not self._replies:
            if self._lost:
                raise self._lost
            self._reply_waiter = asyncio.get_running_loop().create_future()
            await self._within(self._reply_waiter, timeout_s, "no reply from the server in time")
        return self._replies.popleft()

    def break_off(self, why: str, code: int = 0) -> ConnectionLost:
        """Ends the connection from our side, at once; the first reason stays."""
        self._lost = self._lost or ConnectionLost(why, code=code)
        self._transport.abort()
        self._wake()
        return self._lost

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while not self._lost and (end := self._unread.find(b"\n", 0, MAX_LINE_BYTES)) >= 0:
            line = bytes(self._unread[:end]).rstrip(b"\r")
            del self._unread[: end + 1]
            self._read_line(line)
        if len(self._unread) >= MAX_LINE_BYTES and not self._lost:
            self.break_off("the server's reply has an endless line")
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = self._lost or ConnectionLost("the server closed the connection")
        self._wake()

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self._wake()

    def _read_line(self, line: bytes) -> None:
        code, mark = line[:3], line[3:4]
        is_reply = len(code) == 3 and code.isdigit() and b"200" <= code < b"600" and mark in (b"", b" ", b"-")
        self._reply_bytes += len(line)
        if not is_reply:
            self.break_off("the server's reply is no SMTP")
        elif self._reply_bytes > MAX_REPLY_BYTES:
            self.break_off("the server's reply has no end")
        else:
            self._lines.append(line[4:])
            if mark != b"-":
                self._end_reply(int(code))

    def _end_reply(self, code: int) -> None:
        text = b" ".join(self._lines).decode("utf-8", "replace")
        self._lines.clear()
        self._reply_bytes = 0
        if code == 421 and not self._unanswered:  # the goodbye of an idle server, RFC 5321 §3.8
            self.break_off(text, code=421)
        elif not self._unanswered:
            self.break_off("the server replied to nothing")
        else:
            self._unanswered -= 1
            self._replies.append(Reply(code, text))

    def _wake(self) -> None:
        for waiter in (self._reply_waiter, self._flush_waiter):
            if waiter and not waiter.done():
                waiter.set_result(None)

    async def _within(self, waiter: asyncio.Future[None], timeout_s: float, what: str) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            raise self.break_off(what) from None
