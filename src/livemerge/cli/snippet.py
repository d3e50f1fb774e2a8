"""snippet: what to paste into an ESP, made from a view."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from livemerge.api.snippets import WRITERS, make_snippet
from livemerge.cli.output import Here, JsonOption, print_json
from livemerge.errors import nearest_or_all

EXAMPLE_URL: Final = "https://mail.example"  # where [public] names no address: an ESP cannot call this machine


def add_to(app: typer.Typer) -> None:
    app.command("snippet")(snippet)


def snippet(
    context: typer.Context,
    esp: Annotated[str, typer.Option("--esp", help=f"One of {', '.join(sorted(WRITERS))}.")],
    view: Annotated[str, typer.Option("--view", help="A view that livemerge.toml declares.")],
    as_json: JsonOption = False,
) -> None:
    """Show what to paste into an ESP so that it reads a view: address, key's place, names with their fallbacks."""
    here: Here = context.obj
    if esp not in WRITERS:
        raise typer.BadParameter(nearest_or_all(esp, WRITERS), param_hint="--esp")
    project = here.open()
    made = make_snippet(project.catalog, esp, view, project.settings.public.url or EXAMPLE_URL)
    if as_json:
        parts = [{"place": part.place, "text": part.text, "language": part.language} for part in made.parts]
        print_json({"esp": made.esp, "title": made.title, "remarks": made.remarks, "parts": parts})
    else:
        typer.echo(str(made))
