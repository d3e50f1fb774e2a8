"""override set|ls|clear: values pinned by a person."""

from __future__ import annotations

import getpass
import os
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from livemerge.cli.output import Here, JsonOption, out, print_json, short
from livemerge.config import parse_duration_s
from livemerge.resolve import Override

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
    as_json: JsonOption = False,
) -> None:
    """Pin a value."""
    here: Here = context.obj
    project = here.open()
    seconds = parse_duration_s(lasts) if lasts else None
    if lasts and seconds is None:
        raise typer.BadParameter("a number and ms, s, m, h, d or w: 2h", param_hint="--for")
    ends_at = project.clock.now() + timedelta(seconds=seconds) if seconds is not None else None
    project.overrides.set(customer, field, value, author=_author(), reason=reason, ends_at=ends_at)
    out.print(f"{field} is pinned for {escape(customer) or 'everybody'}.")
    if as_json:
        pinned = next(one for one in project.overrides.ls() if (one.customer, one.field) == (customer, field))
        print_json(_as_json(pinned))


def _author() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container the user may have a number and no name
        return f"user {os.getuid()}"


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
        print_json({"overrides": [_as_json(one) for one in pinned]})


def _as_json(one: Override) -> dict[str, Any]:
    return {"customer": one.customer, "field": one.field, "value": one.value}


@overrides.command("clear")
def clear_override(
    context: typer.Context,
    field: Annotated[str, typer.Argument(help="The field's name.")],
    customer: CustomerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a pin away."""
    here: Here = context.obj
    was_there = here.open().overrides.clear(customer, field)
    out.print("It is gone." if was_there else "There was none.")
    if as_json:
        print_json({"cleared": was_there})
