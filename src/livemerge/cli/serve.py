"""serve: the HTTP API an ESP asks while it renders, unsubscribe links, and the console."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from livemerge.cli.output import Here, out, run
from livemerge.cli.signals import stop_on_signal
from livemerge.cli.workers import run_workers, stop_at_end_of_input, worker_command


def add_to(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="The address to listen on. Only this machine, unless told otherwise.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8080,
    deadline_ms: Annotated[
        int, typer.Option(min=1, help="How long an answer's sources may take, in milliseconds.")
    ] = 150,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that answer. The console is served only by a single one.")
    ] = 1,
    worker_socket: Annotated[int, typer.Option(hidden=True, help="The listening socket of a worker.")] = -1,
) -> None:
    """Serve profiles, unsubscribe links and the console until Ctrl-C.

    Ask with a key (livemerge keys create NAME):  curl -H "X-API-Key: …" http://127.0.0.1:8080/api/customer-profile/c-1001
    """
    if worker_socket >= 0:
        run(_work(context.obj, worker_socket, deadline_ms))
    elif workers > 1:
        run(_serve_by_many(context.obj, host, port, deadline_ms, workers))
    else:
        run(_serve(context.obj, host, port, deadline_ms))


async def _serve(here: Here, host: str, port: int, deadline_ms: int) -> None:
    from livemerge.cli.web import allow_connections, bind, serve_faces  # noqa: PLC0415  the web framework takes half a second to load

    allow_connections()
    deadline_s = deadline_ms / 1000
    with stop_on_signal() as stop:
        async with here.open() as project, serve_faces(project, bind(host, port), deadline_s=deadline_s) as faces:
            _print_addresses(faces.url)
            out.print(f"console   {faces.console_url}")
            await stop.wait()


async def _serve_by_many(here: Here, host: str, port: int, deadline_ms: int, workers: int) -> None:
    """Serves with several processes on one socket; the system gives each connection to one of them."""
    from livemerge.cli.web import bind, url_of  # noqa: PLC0415  see above

    async with here.open():  # what is wrong with the project is said once, and its store is made once
        pass
    with stop_on_signal() as stop, bind(host, port) as listening:
        _print_addresses(url_of(listening))
        out.print("console   none: it needs a server of one process, `livemerge serve` on another --port")
        await run_workers(worker_command(here.root(), listening, deadline_ms), listening, workers, stop)


async def _work(here: Here, descriptor: int, deadline_ms: int) -> None:
    """One of several processes, on the socket it was given."""
    from livemerge.cli.web import allow_connections, serve_faces  # noqa: PLC0415  see above

    allow_connections()
    listening, deadline_s = socket.socket(fileno=descriptor), deadline_ms / 1000
    with stop_on_signal() as stop:
        async with here.open() as project, serve_faces(project, listening, deadline_s=deadline_s, has_console=False):
            await stop_at_end_of_input(stop)


def _print_addresses(url: str) -> None:
    out.print(f"profiles  {url}/api/customer-profile/CUSTOMER   (needs a key: livemerge keys create NAME)")
    out.print(f"reference {url}/docs")
