"""HTTP load from this process: many connections, each asking again as soon as it has its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import cast


@dataclass
class Load:
    """What a round of requests gave."""

    seconds: float = 0.0
    took_s: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def per_s(self) -> float:
        return len(self.took_s) / self.seconds

    def percentile_s(self, percent: float) -> float:
        ordered = sorted(self.took_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class _Connection(asyncio.Protocol):
    """One connection; takes the next request from the shared supply until there is none."""

    def __init__(self, supply: Iterator[bytes], load: Load, done: asyncio.Future[None]) -> None:
        self._supply = supply
        self._load = load
        self._done = done
        self._seen = bytearray()
        self._started_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none of its subclasses
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or ConnectionError("the server closed a connection"))

    def data_received(self, data: bytes) -> None:
        self._seen += data
        end = self._seen.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self._seen.lower().index(b"content-length: ", 0, end + 2) + 16
        length = int(self._seen[at : self._seen.index(b"\r", at)])
        if len(self._seen) < end + 4 + length:
            return
        self._load.took_s.append(time.perf_counter() - self._started_s)
        status = int(self._seen[9:12])
        self._load.statuses[status] = self._load.statuses.get(status, 0) + 1
        self._seen.clear()
        self._ask()

    def _ask(self) -> None:
        request = next(self._supply, None)
        if request is None:
            self._done.set_result(None)
            self._transport.close()
            return
        self._started_s = time.perf_counter()
        self._transport.write(request)


async def ask_all(port: int, requests: Sequence[bytes], *, count: int, connections: int) -> Load:
    """Asks `count` times, the requests in turn."""
    loop, load = asyncio.get_running_loop(), Load()
    supply = islice(cycle(requests), count)
    started_s = time.perf_counter()
    ends = []
    for _ in range(min(connections, count)):
        done: asyncio.Future[None] = loop.create_future()
        ends.append(done)
        await loop.create_connection(lambda done=done: _Connection(supply, load, done), "127.0.0.1", port)
    await asyncio.gather(*ends)
    load.seconds = time.perf_counter() - started_s
    return load


def get(path: str, headers: str = "") -> bytes:
    """A GET as octets; headers with CRLF behind each."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n{headers}\r\n".encode()


def post(path: str, body: bytes, headers: str = "") -> bytes:
    """A POST of JSON as octets."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
