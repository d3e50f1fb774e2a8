"""serve: the HTTP API an ESP asks while it renders, unsubscribe links, and the console."""

from __future__ import annotations

from typing import Annotated

import typer

from livemerge.cli.output import Here, out, run
from livemerge.cli.signals import stop_on_signal


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
) -> None:
    """Serve profiles, unsubscribe links and the console until Ctrl-C.

    Ask with a key (livemerge keys create NAME):  curl -H "X-API-Key: …" http://127.0.0.1:8080/api/customer-profile/c-1001
    """
    run(_serve(context.obj, host, port, deadline_ms))


async def _serve(here: Here, host: str, port: int, deadline_ms: int) -> None:
    from livemerge.cli.web import bind, serve_faces  # noqa: PLC0415  the web framework takes half a second to load

    deadline_s = deadline_ms / 1000
    with stop_on_signal() as stop:
        async with here.open() as project, serve_faces(project, bind(host, port), deadline_s=deadline_s) as faces:
            out.print(
                f"profiles  {faces.url}/api/customer-profile/CUSTOMER   (needs a key: livemerge keys create NAME)"
            )
            out.print(f"reference {faces.url}/docs")
            out.print(f"console   {faces.console_url}")
            await stop.wait()
