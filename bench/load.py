"""HTTP load by wrk: many connections, each asking again as soon as it has its answer.

wrk is written in C: a load generator in Python would take longer for a request than the servers that are measured.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

SCRIPT = Path(__file__).parent / "requests.lua"


class Load(msgspec.Struct, frozen=True):
    """What a round of requests gave."""

    answered: int
    seconds: float
    failed: int  # connections that broke, requests without an answer
    refused: int  # answers above 399
    p50_ms: float
    p99_ms: float

    @property
    def per_s(self) -> float:
        return self.answered / self.seconds


def ask(port: int, requests: Sequence[bytes], *, seconds: float, connections: int) -> Load:
    """Asks the requests in turn, for so long. Ends the program where wrk is missing."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk makes the load: apt-get install wrk")
    with tempfile.NamedTemporaryFile() as file:
        for request in requests:
            file.write(b"%d\n%b\n" % (len(request), request))
        file.flush()
        asking = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "20s", "-s", SCRIPT]
        ran = subprocess.run(
            [*map(str, asking), f"http://127.0.0.1:{port}/", file.name], check=True, capture_output=True, text=True
        )
    return msgspec.json.decode(ran.stdout.rstrip().rpartition("\n")[2], type=Load)


def get(path: str, headers: str = "") -> bytes:
    """A GET as octets; headers with CRLF behind each."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n{headers}\r\n".encode()


def post(path: str, body: bytes, headers: str = "") -> bytes:
    """A POST of JSON as octets."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
