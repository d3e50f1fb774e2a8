"""init, check, profile, render: making a project and looking at what it would do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from livemerge.app import NOBODY, PREVIEW_DEADLINE_S, Livemerge
from livemerge.cli.check import check
from livemerge.cli.output import Here, JsonOption, out, print_json, run
from livemerge.cli.summary import profile_table
from livemerge.starter import write_project
from livemerge.values import Profile

PARTS: Final = ("all", "subject", "html", "text", "source")


def add_to(app: typer.Typer) -> None:
    for command in (init, check, profile, render):
        app.command()(command)


def init(folder: Annotated[Path, typer.Argument(help="The folder to make.")], as_json: JsonOption = False) -> None:
    """Write a project that runs as it is, with nothing else running.

    People come from people.csv, messages go to the folder outbox/. Next: cd FOLDER, then livemerge check.
    """
    written = write_project(folder)
    for path in written:
        out.print(f"  {escape(str(path))}")
    out.print(f"\nNow:  cd {escape(str(folder))} && livemerge check && livemerge send campaigns/welcome.toml")
    if as_json:
        print_json({"written": [str(path) for path in written]})


def profile(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The customer's key.")],
    fields: Annotated[str, typer.Option("--fields", help="Only these, separated by commas. Default: all.")] = "",
    deadline_ms: Annotated[int, typer.Option(min=1, help="How long the sources may take, in milliseconds.")] = 1_000,
    as_json: JsonOption = False,
) -> None:
    """Show one customer's fields: value, step of the ladder, source, age, and why where it is a fallback."""
    here: Here = context.obj
    names = [name.strip() for name in fields.split(",") if name.strip()] or None

    async def work() -> tuple[Profile, Livemerge]:
        async with here.open() as project:
            return await project.profile(key, names, deadline_s=deadline_ms / 1000), project

    found, project = run(work())
    if not found.is_found:
        out.print(f"[yellow]No source knows customer {escape(key)}.[/]")
    out.print(profile_table(found, project.clock.now()))
    if as_json:
        print_json({"key": key, "found": found.is_found, "fields": _fields_json(found)})


def _fields_json(found: Profile) -> dict[str, Any]:
    return {
        name: {
            "value": found.values.get(name),
            "step": origin.step,
            "source": origin.source,
            "as_of": origin.as_of,
            "cause": origin.cause,
        }
        for name, origin in found.provenance.items()
    }


def render(
    context: typer.Context,
    template: Annotated[str, typer.Argument(help="A file in templates/.")],
    customer: Annotated[str, typer.Option("--customer", help="The customer's key.")],
    address: Annotated[str, typer.Option(help="The address the links are made for.")] = NOBODY,
    part: Annotated[str, typer.Option(help="all, subject, html, text, or source (the whole message).")] = "all",
    as_json: JsonOption = False,
) -> None:
    """Show the message one customer would get now. Nothing is sent."""
    here: Here = context.obj
    if part not in PARTS:
        raise typer.BadParameter(f"one of {', '.join(PARTS)}", param_hint="--part")

    async def work() -> Any:
        async with here.open() as project:
            return await project.preview(template, customer, address=address, deadline_s=PREVIEW_DEADLINE_S)

    preview = run(work())
    rendered = preview.rendered
    parts = {
        "subject": rendered.subject,
        "html": rendered.html,
        "text": rendered.text,
        "source": preview.message.octets.decode("utf-8", "replace"),
    }
    if as_json:
        print_json({"subject": rendered.subject, "html": rendered.html, "text": rendered.text})
    elif part in parts:
        typer.echo(parts[part])
    else:
        for each in preview.fetched:
            out.print(f"Fetched {escape(each.told)}")
        typer.echo(f"Subject: {rendered.subject}\n\n{rendered.text}\n\n{rendered.html}")
