"""A small world on this machine, a campaign through it, and where to look afterwards."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from pathlib import Path

from rich.markup import escape

from livemerge.app import Livemerge
from livemerge.campaign import Progress, Summary
from livemerge.cli.output import out, print_json, progress_bar
from livemerge.cli.signals import stop_on_signal
from livemerge.cli.summary import print_summary
from livemerge.cli.web import Faces, bind, serve_faces
from livemerge.demo import World

CAMPAIGN_FILE = "campaigns/demo.toml"


async def run_demo(
    folder: Path, recipients: int, seed: int, once: bool, stop_crm_after: int | None, as_json: bool
) -> Summary | None:
    """The campaign's summary; None where it was stopped before it began."""
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
                is_staying = not once and not summary.is_stopped
                _print_where_to_look(project, world, faces, is_staying=is_staying)
                if as_json:
                    print_json(summary.as_json())
                    sys.stdout.flush()
                if is_staying:
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
