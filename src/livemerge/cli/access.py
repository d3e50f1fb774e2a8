"""keys create|rotate|revoke|signing|oauth|ls and access ls|alarms: who may ask, and who did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from livemerge.access import MAX_LISTED, Conditions, KeyRecord, NewKey
from livemerge.access.scopes import FORMS
from livemerge.app import Livemerge
from livemerge.cli.output import Here, JsonOption, out, print_json
from livemerge.config import parse_duration_s
from livemerge.errors import nearest_or_all

keys = typer.Typer(no_args_is_help=True, help="Keys for the HTTP API. Shown once, stored hashed.")
access = typer.Typer(no_args_is_help=True, help="Who read which fields of whom.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(keys, name="keys")
    app.add_typer(access, name="access")


@keys.command("create")
def create_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who will use it, for instance braze-production.")],
    scope: Annotated[list[str] | None, typer.Option(help=f"What it is for: {FORMS}. Repeatable.")] = None,
    lasts: Annotated[str, typer.Option("--for", help="How long it lives: 30d, 1w.")] = "90d",
    network: Annotated[
        list[str] | None, typer.Option(help="Only from addresses of this network: 192.0.2.0/24. Repeatable.")
    ] = None,
    allow_query: Annotated[
        bool,
        typer.Option("--allow-query", help="It may stand in an address (?key=), beside a signed id, or for a feed."),
    ] = False,
    esp: Annotated[str, typer.Option(help="The ESP whose habits answers follow: braze, iterable, ajo-helper.")] = "",
    is_test: Annotated[bool, typer.Option("--test", help="It may simulate: ?simulate=miss, stale, slow, 500.")] = False,
    rate: Annotated[
        float | None, typer.Option(help="Its fair share, requests a second. Past it, answers come from what is known.")
    ] = None,
    ids_per_hour: Annotated[
        int | None, typer.Option(help="How many customers it may read in an hour before it is slowed.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key. Without scopes it reads all that is not private; private fields need private:FIELD each."""
    here: Here = context.obj
    seconds = parse_duration_s(lasts)
    if seconds is None:
        raise typer.BadParameter("a number and s, m, h, d or w: 90d", param_hint="--for")
    project = here.open()
    _refuse_unknown(project, scope or ())
    told = Conditions(tuple(network or ()), allow_query, esp, is_test, rate, ids_per_hour)
    _show_key(project.keys.create(name, scopes=scope or (), expires_in_s=seconds, conditions=told), as_json)


def _refuse_unknown(project: Livemerge, scopes: Iterable[str]) -> None:
    """Raises BadParameter for scopes that name what the project does not have: they would never open anything."""
    known = {"private": project.catalog.fields, "view": project.catalog.views, "feed": project.catalog.feeds}
    for scope in scopes:
        kind, _, name = scope.partition(":")
        word = "field" if kind == "private" else kind
        if name and name != "*" and kind in known and name not in known[kind]:
            raise typer.BadParameter(
                f"there is no {word} `{name}`. {nearest_or_all(name, known[kind])}", param_hint="--scope"
            )


@keys.command("rotate")
def rotate_key(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The eight letters after lm_.")],
    grace: Annotated[str, typer.Option(help="How long the old key lives on beside the new one.")] = "1d",
    as_json: JsonOption = False,
) -> None:
    """Make a successor with the same scopes and conditions; the old key lives on for the grace."""
    here: Here = context.obj
    seconds = parse_duration_s(grace)
    if seconds is None:
        raise typer.BadParameter("a number and s, m, h, d or w: 1d", param_hint="--grace")
    _show_key(here.open().keys.rotate(prefix, grace_s=seconds), as_json)


@keys.command("revoke")
def revoke_key(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The eight letters after lm_.")],
    as_json: JsonOption = False,
) -> None:
    """Withdraw a key, with its access tokens and what was signed with it; within seconds it opens nothing."""
    here: Here = context.obj
    here.open().keys.revoke(prefix)
    out.print("Revoked.")
    if as_json:
        print_json({"revoked": prefix})


@keys.command("signing")
def show_signing(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The eight letters after lm_.")],
    renew: Annotated[bool, typer.Option("--renew", help="Make others; the old ones are taken for a day more.")] = False,
    public_key: Annotated[
        Path | None, typer.Option(help="Take tokens by RS256 too, verified with this public key (PEM).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the secrets by which an ESP signs a customer's id: a JWT (?t=) or a hash (?h=).

    docs/how-to/sign-recipients.md has the lines to paste.
    """
    here: Here = context.obj
    signatures = here.open().signatures
    if public_key is not None:
        signatures.trust(prefix, _text_of(public_key))
    secrets = signatures.renew(prefix) if renew else signatures.secrets_of(prefix)
    out.print(f"secret  {secrets.secret}\nouter   {secrets.outer}\ninner   {secrets.inner}", highlight=False)
    out.print("Who has these reads any customer with this key. Keep them where the ESP keeps secrets.", style="yellow")
    if as_json:
        print_json({"prefix": prefix, "secret": secrets.secret, "outer": secrets.outer, "inner": secrets.inner})


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise typer.BadParameter("cannot be read as PEM", param_hint="--public-key") from None


@keys.command("oauth")
def list_token_keys(
    context: typer.Context,
    rotate: Annotated[bool, typer.Option("--rotate", help="Replace the signing key now.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the keys that sign access tokens, the present one first. They replace themselves every month."""
    here: Here = context.obj
    tokens = here.open().access_tokens
    if rotate:
        tokens.rotate()
    found = [key["kid"] for key in tokens.jwks()]
    out.print("\n".join(found), highlight=False)
    if as_json:
        print_json({"kids": found})


@keys.command("ls")
def list_keys(context: typer.Context, as_json: JsonOption = False) -> None:
    """All keys, without the keys themselves."""
    here: Here = context.obj
    found = here.open().keys.ls()
    table = Table("prefix", "name", "scopes", "conditions", "created", "ends", box=box.SIMPLE_HEAD)
    for column, width in ((0, 8), (4, 10), (5, 10)):  # a day that is cut off tells nothing
        table.columns[column].no_wrap, table.columns[column].min_width = column == 0, width
    for key in found:
        cells = (key.prefix, escape(key.name), ", ".join(key.scopes), ", ".join(_conditions(key)))
        table.add_row(*cells, f"{key.created_at:%Y-%m-%d}", _end(key))
    out.print(table if found else "There is no key yet: livemerge keys create NAME")
    if as_json:
        print_json({"keys": [_key_json(key) for key in found]})


def _end(key: KeyRecord) -> str:
    """When a key ends or was ended."""
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    return f"{key.expires_at:%Y-%m-%d}" if key.expires_at is not None else "never"


def _conditions(key: KeyRecord) -> Iterable[str]:
    told = key.conditions
    yield from told.networks
    yield from (word for word, is_so in (("query", told.allow_query), ("test", told.is_test)) if is_so)
    yield from ([told.esp] if told.esp else [])
    yield from ([f"{told.rate_per_s:g}/s"] if told.rate_per_s is not None else [])
    yield from ([f"{told.ids_per_hour} customers/h"] if told.ids_per_hour is not None else [])
    yield from (["signs"] if key.signing_round else [])
    yield from ([f"replaces {key.replaces}"] if key.replaces else [])


def _key_json(key: KeyRecord) -> dict[str, object]:
    told = key.conditions
    return {
        "prefix": key.prefix,
        "name": key.name,
        "scopes": key.scopes,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "networks": told.networks,
        "allow_query": told.allow_query,
        "esp": told.esp,
        "test": told.is_test,
        "rate_per_s": told.rate_per_s,
        "ids_per_hour": told.ids_per_hour,
        "replaces": key.replaces,
        "signs": key.signing_round > 0,
    }


@access.command("ls")
def list_access(
    context: typer.Context,
    customer: Annotated[str, typer.Option(help="Only reads of this customer.")] = "",
    key: Annotated[str, typer.Option(help="Only reads by the key with this prefix.")] = "",
    since: Annotated[str, typer.Option(help="Only of the last 30m, 2h, 7d.")] = "",
    most: Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="How many, the newest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Who read which fields of which customer, when, from where, with what outcome."""
    here: Here = context.obj
    project = here.open()
    rows = project.access_log.ls(customer=customer, prefix=key, since=_since(project, since), most=most)
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
                        "from": row.remote,
                    }
                    for row in rows
                ]
            }
        )


@access.command("alarms")
def list_alarms(
    context: typer.Context,
    key: Annotated[str, typer.Option(help="Only about the key with this prefix.")] = "",
    since: Annotated[str, typer.Option(help="Only of the last 30m, 2h, 7d.")] = "",
    most: Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="How many, the newest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Unusual use of keys: many customers, many unknown ones, a new network, wrong keys."""
    here: Here = context.obj
    project = here.open()
    alarms = project.unusual.ls(prefix=key, since=_since(project, since), most=most)
    table = Table("at", "key", "what", "detail", box=box.SIMPLE_HEAD)
    for alarm in alarms:
        table.add_row(f"{alarm.at:%Y-%m-%d %H:%M:%S}", alarm.key_prefix, alarm.kind, escape(alarm.detail))
    out.print(table if alarms else "Nothing unusual was seen.")
    if as_json:
        print_json(
            {
                "alarms": [
                    {"at": alarm.at, "key": alarm.key_prefix, "kind": alarm.kind, "detail": alarm.detail}
                    for alarm in alarms
                ]
            }
        )


def _since(project: Livemerge, span: str) -> datetime | None:
    """The moment so long ago; None for no span. Raises BadParameter."""
    if not span:
        return None
    seconds = parse_duration_s(span)
    if seconds is None:
        raise typer.BadParameter("a number and s, m, h, d or w: 2h", param_hint="--since")
    return project.clock.now() - timedelta(seconds=seconds)


def _show_key(made: NewKey, as_json: bool) -> None:
    out.print(f"[bold]{made.key}[/]")
    out.print("Keep it now: it is not shown again.", style="yellow")
    if as_json:
        print_json({"key": made.key, "prefix": made.prefix, "expires_at": made.expires_at})
