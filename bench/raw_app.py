"""An ASGI application that does nothing but send the same octets: the floor of what an answer can cost.

    python bench/raw_app.py ANSWER_FILE

ANSWER_FILE: an HTTP response as it was received. Prints its port.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn

head, _, body = Path(sys.argv[1]).read_bytes().partition(b"\r\n\r\n")
headers = [
    (name.lower(), value)
    for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n")[1:])
    if name.lower() != b"date"  # uvicorn's own
]


async def app(scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="off", log_level="warning", access_log=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listening])
