"""demo: a small world on this machine, a campaign through it, and where to look afterwards."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from livemerge.app import Livemerge
from livemerge.campaign import Progress, Summary
from livemerge.cli.output import Exit, JsonOption, out, print_json, progress_bar, run
from livemerge.cli.signals import stop_on_signal
from livemerge.cli.summary import print_summary
from livemerge.cli.web import Faces, bind, serve_faces
from livemerge.demo import World

CAMPAIGN_FILE = "campaigns/demo.toml"


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    recipients: Annotated[int, typer.Option(min=1, max=100_000, help="How many customers get a message.")] = 1_000,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its world.")] = Path("livemerge-demo"),
    once: Annotated[
        bool, typer.Option("--once", help="End after the summary instead of staying to be looked at.")
    ] = False,
    stop_crm_after: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Switch the CRM off once N messages have left.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes another world.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Send a live-personalised campaign through a small world on this machine.

    A CRM that is slow and fails now and then, a shop's database, web events, and an inbox to read the mail in.
    Nothing leaves this machine.
    """
    summary = run(_demo(folder, recipients, seed, once, stop_crm_after, as_json))
    if summary is None or summary.is_stopped:
        raise typer.Exit(Exit.INTERRUPTED)


async def _demo(
    folder: Path, recipients: int, seed: int, once: bool, stop_crm_after: int | None, as_json: bool
) -> Summary | None:
    with stop_on_signal("Stopping…") as stop:
        out.print(f"Making a world of customers, orders and events in {escape(str(folder))} …")
        async with World(folder, recipients=recipients, seed=seed) as world:
            if stop.is_set():
                return None
            os.environ.update(world.env)
            listening = bind("127.0.0.1", 0)
            public_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            async with (
                Livemerge.open(world.project, public_url=public_url) as project,
                serve_faces(project, listening, inbox_url=world.inbox.url, transport="inbox") as faces,
            ):
                summary = await _send(project, world, stop, stop_crm_after)
                print_summary(summary)
                _print_where_to_look(project, world, faces, is_staying=not once)
                if as_json:
                    print_json(summary.as_json())
                    sys.stdout.flush()
                if not once:
                    await stop.wait()
                return summary


async def _send(project: Livemerge, world: World, stop: asyncio.Event, stop_crm_after: int | None) -> Summary:
    with progress_bar(f"sending to {world.recipients:,} customers") as tell:

        def on_progress(progress: Progress) -> None:
            tell(progress)
            if stop_crm_after is not None and progress.sent >= stop_crm_after:
                world.crm.faults.is_down = True

        return await project.send(CAMPAIGN_FILE, on_progress=on_progress, stop=stop)


def _print_where_to_look(project: Livemerge, world: World, faces: Faces, *, is_staying: bool) -> None:
    campaign = project.campaign(CAMPAIGN_FILE)
    command = Path(sys.argv[0])
    shown = os.path.relpath(command) if command.is_absolute() else str(command)
    words = [shown, "--project", os.path.relpath(world.project), "explain", campaign.name, world.audience[0].key]
    if is_staying:
        out.print(f"\n[bold]The mails[/]    {world.inbox.url}")
        out.print(f"[bold]The preview[/]  {faces.console_url}")
    out.print(f"[bold]Why that mail[/]  {escape(shlex.join(words))}")
    if is_staying:
        out.print("\nCtrl-C ends the demo.")
