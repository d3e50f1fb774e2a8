"""The HTTP faces of a project, API and console, on one address in this process."""

from __future__ import annotations

import asyncio
import resource
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn

from livemerge.api.connection import IDLE_WITHIN_S, Connection, end_slow_ones
from livemerge.api.make import Api, make_api
from livemerge.app import API_DEADLINE_S, Livemerge
from livemerge.cli.settle import settle
from livemerge.console import mount_console
from livemerge.errors import ConfigError

MAX_CONNECTIONS = 4_000  # of one process; who comes then gets 503
STOP_WITHIN_S = 3  # requests under way get this long; they have a deadline of their own anyway


@dataclass(frozen=True, slots=True)
class Faces:
    """Where the faces can be reached."""

    url: str
    console_url: str  # with the token that opens it; empty where there is none


class _Server(uvicorn.Server):
    """Says when it listens, and leaves signals to the command around it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def allow_connections() -> None:
    """Lets this process have as many files as it may serve connections; most systems begin with 1,024."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = MAX_CONNECTIONS + 1_000  # sources, the store, files
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises ConfigError where the address is taken or unknown."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:  # a port beyond 65535 overflows
        reason = (getattr(error, "strerror", None) or "there is no such port").partition(" (while")[
            0
        ]  # the rest repeats
        advice = "Choose another --port, or for --host an address of this machine."
        raise ConfigError(f"cannot listen on {host} port {port}: {reason}", advice=advice) from None


def url_of(listening: socket.socket) -> str:
    """The address of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


@asynccontextmanager
async def serve_faces(
    project: Livemerge,
    listening: socket.socket,
    *,
    deadline_s: float = API_DEADLINE_S,
    inbox_url: str = "",
    transport: str = "",
    has_console: bool = True,
) -> AsyncIterator[Faces]:
    """Serves until the block ends. The console keeps its pages in this process: one of several has none."""
    url = url_of(listening)
    token = secrets.token_urlsafe(24)
    app = make_api(project, deadline_s=deadline_s)
    if has_console:
        mount_console(app, project, token=token, inbox_url=inbox_url, transport=transport)
    server = _Server(server_config(app))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    watching = asyncio.create_task(end_slow_ones(server.server_state.connections))
    try:
        ready = asyncio.create_task(server.is_ready.wait())
        await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if serving.done():
            serving.result()
        settle()
        yield Faces(url, f"{url}/console?token={token}" if has_console else "")
    finally:
        server.should_exit = True
        await serving
        watching.cancel()
        listening.close()


def server_config(app: Api) -> uvicorn.Config:
    """How a process serves the application, with bounds on what one caller may hold."""
    return uvicorn.Config(
        app,
        http=Connection,
        loop="uvloop",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_WITHIN_S,
        timeout_graceful_shutdown=STOP_WITHIN_S,
        limit_concurrency=MAX_CONNECTIONS,
    )
