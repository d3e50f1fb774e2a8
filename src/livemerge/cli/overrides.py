"""override set|ls|clear: values pinned by a person."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from livemerge.cli.output import Here, JsonOption, out, print_json, short
from livemerge.config import parse_duration_s

overrides = typer.Typer(no_args_is_help=True, help="Pin a field's value by hand; it goes before every source.")
CustomerOption = Annotated[str, typer.Option("--customer", help="Whose. Default: everybody's.")]


def add_to(app: typer.Typer) -> None:
    app.add_typer(overrides, name="override")


@overrides.command("set")
def set_override(
    context: typer.Context,
    field: Annotated[str, typer.Argument(help="The field's name.")],
    value: Annotated[str, typer.Argument(help="The value, as text of the field's type.")],
    reason: Annotated[str, typer.Option(help="Why; shown to whoever asks.")],
    customer: CustomerOption = "",
    lasts: Annotated[str, typer.Option("--for", help="How long it holds: 2h, 7d. Default: until cleared.")] = "",
) -> None:
    """Pin a value."""
    here: Here = context.obj
    project = here.open()
    seconds = parse_duration_s(lasts) if lasts else None
    if lasts and seconds is None:
        raise typer.BadParameter("a number and ms, s, m, h, d or w: 2h", param_hint="--for")
    ends_at = project.clock.now() + timedelta(seconds=seconds) if seconds is not None else None
    project.overrides.set(customer, field, value, author=getpass.getuser(), reason=reason, ends_at=ends_at)
    out.print(f"{field} is pinned for {escape(customer) or 'everybody'}.")


@overrides.command("ls")
def list_overrides(context: typer.Context, as_json: JsonOption = False) -> None:
    """All values that are pinned now."""
    here: Here = context.obj
    pinned = here.open().overrides.ls()
    table = Table("customer", "field", "value", "author", "reason", "until", box=box.SIMPLE_HEAD)
    for one in pinned:
        until = f"{one.ends_at:%Y-%m-%d %H:%M}" if one.ends_at else "cleared"
        said = (short(one.value), escape(one.author), escape(one.reason))
        table.add_row(escape(one.customer) or "everybody", one.field, *said, until)
    out.print(table if pinned else "Nothing is pinned.")
    if as_json:
        print_json(
            {"overrides": [{"customer": one.customer, "field": one.field, "value": one.value} for one in pinned]}
        )


@overrides.command("clear")
def clear_override(
    context: typer.Context,
    field: Annotated[str, typer.Argument(help="The field's name.")],
    customer: CustomerOption = "",
) -> None:
    """Take a pin away."""
    here: Here = context.obj
    was_there = here.open().overrides.clear(customer, field)
    out.print("It is gone." if was_there else "There was none.")
