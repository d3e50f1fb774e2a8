"""events load: what customers did, from a file into the built-in event store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from livemerge.cli.output import Here, JsonOption, out, print_json
from livemerge.events import load_jsonl

events = typer.Typer(no_args_is_help=True, help="What customers did: views, carts, purchases.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(events, name="events")


@events.callback()
def _group() -> None:
    """Keeps `load` a command of its own while it is the only one."""


@events.command("load")
def load_events(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON Lines: customer, name, occurred_at, properties, message_id.")],
    as_json: JsonOption = False,
) -> None:
    """Add the events of a file; all or none. Loading it again adds nothing."""
    here: Here = context.obj
    added = here.open().events.add(load_jsonl(file))
    out.print(f"{added:,} new events from {escape(str(file))}.")
    if as_json:
        print_json({"added": added})
