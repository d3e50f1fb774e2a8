"""keys create|rotate|revoke|ls and access ls: who may ask, and who did."""

from __future__ import annotations

from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from livemerge.access import NewKey
from livemerge.cli.output import Here, JsonOption, out, print_json
from livemerge.config import parse_duration_s

keys = typer.Typer(no_args_is_help=True, help="Keys for the HTTP API. Shown once, stored hashed.")
access = typer.Typer(no_args_is_help=True, help="Who read which fields of whom.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(keys, name="keys")
    app.add_typer(access, name="access")


@keys.command("create")
def create_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who will use it, for instance braze-production.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="private:FIELD lets it read that private field. Repeatable.")
    ] = None,
    lasts: Annotated[str, typer.Option("--for", help="How long it lives: 30d, 1w.")] = "90d",
    as_json: JsonOption = False,
) -> None:
    """Make a key. It reads the fields that are not private, and private ones named by --scope."""
    here: Here = context.obj
    seconds = parse_duration_s(lasts)
    if seconds is None:
        raise typer.BadParameter("a number and s, m, h, d or w: 90d", param_hint="--for")
    project = here.open()
    for one in scope or ():
        field = one.removeprefix("private:")
        if field not in project.catalog.fields:
            raise typer.BadParameter(f"there is no field `{field}`", param_hint="--scope")
    _show_key(project.keys.create(name, scopes=scope or (), expires_in_s=seconds), as_json)


@keys.command("rotate")
def rotate_key(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The eight letters after lm_.")],
    as_json: JsonOption = False,
) -> None:
    """Make a successor; the old key lives on for a day."""
    here: Here = context.obj
    _show_key(here.open().keys.rotate(prefix), as_json)


@keys.command("revoke")
def revoke_key(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The eight letters after lm_.")],
    as_json: JsonOption = False,
) -> None:
    """Withdraw a key; within seconds it opens nothing."""
    here: Here = context.obj
    here.open().keys.revoke(prefix)
    out.print("Revoked.")
    if as_json:
        print_json({"revoked": prefix})


@keys.command("ls")
def list_keys(context: typer.Context, as_json: JsonOption = False) -> None:
    """All keys, without the keys themselves."""
    here: Here = context.obj
    found = here.open().keys.ls()
    table = Table("prefix", "name", "scopes", "created", "expires", "revoked", box=box.SIMPLE_HEAD)
    for key in found:
        days = [f"{moment:%Y-%m-%d}" if moment else "" for moment in (key.created_at, key.expires_at, key.revoked_at)]
        table.add_row(key.prefix, escape(key.name), ", ".join(key.scopes), *days)
    out.print(table if found else "There is no key yet: livemerge keys create NAME")
    if as_json:
        print_json({"keys": [{"prefix": key.prefix, "name": key.name, "scopes": key.scopes} for key in found]})


@access.command("ls")
def list_access(
    context: typer.Context,
    customer: Annotated[str, typer.Option(help="Only reads of this customer.")] = "",
    most: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Who read which fields of which customer, when, from where, with what outcome."""
    here: Here = context.obj
    rows = here.open().access_log.ls(customer=customer, most=most)
    table = Table("at", "key", "customer", "fields", "outcome", "from", box=box.SIMPLE_HEAD)
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for row in rows:
        cells = (row.key_prefix, escape(row.customer), ", ".join(row.fields), row.outcome, row.remote)
        table.add_row(f"{row.at:%Y-%m-%d %H:%M:%S}", *cells)
    out.print(table if rows else "Nobody has asked yet.")
    if as_json:
        print_json(
            {
                "reads": [
                    {
                        "at": row.at,
                        "key": row.key_prefix,
                        "customer": row.customer,
                        "fields": row.fields,
                        "outcome": row.outcome,
                    }
                    for row in rows
                ]
            }
        )


def _show_key(made: NewKey, as_json: bool) -> None:
    out.print(f"[bold]{made.key}[/]")
    out.print("Keep it now: it is not shown again.", style="yellow")
    if as_json:
        print_json({"key": made.key, "prefix": made.prefix, "expires_at": made.expires_at})
