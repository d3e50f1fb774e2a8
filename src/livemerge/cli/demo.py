"""demo: the main job on this machine, from one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from livemerge.cli.output import Exit, JsonOption, run
from livemerge.errors import ConfigError


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    recipients: Annotated[int, typer.Option(min=1, max=100_000, help="How many customers get a message.")] = 1_000,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its world.")] = Path("livemerge-demo"),
    once: Annotated[
        bool, typer.Option("--once", help="End after the summary instead of staying to be looked at.")
    ] = False,
    stop_crm_after: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="Switch the CRM off once N messages have left; data is read 500 customers ahead."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes another world.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Send a live-personalised campaign through a small world on this machine.

    A CRM that is slow and fails now and then, a shop's database, web events, and an inbox to read the mail in.
    Nothing leaves this machine.
    """
    try:
        from livemerge.cli.demo_run import run_demo  # noqa: PLC0415  the web framework takes half a second to load
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the demo needs the package {error.name}", advice="Install it: pip install 'livemerge[demo]'"
        ) from None

    summary = run(run_demo(folder, recipients, seed, once, stop_crm_after, as_json))
    if summary is None or summary.is_stopped:
        raise typer.Exit(Exit.INTERRUPTED)
