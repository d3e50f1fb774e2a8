"""The command line: translates words into calls of `livemerge.app`, and results into text or one JSON object.

Exit codes: 0 done · 1 `check` found errors · 2 the command was written wrongly · 3 project, template, audience or
campaign cannot be used as they are · 4 something outside failed (relay, store, source) · 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from livemerge import __version__
from livemerge.cli import access, campaigns, demo, events, overrides, project, serve, snippet
from livemerge.cli.output import Exit, Here, UsageError, fail
from livemerge.errors import LivemergeError
from livemerge.observe.logs import log_to_stderr

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Live customer data in email, at the moment it is sent.",
    epilog="A project is a folder with livemerge.toml, templates/ and campaigns/. Start with: livemerge init shop",
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"livemerge {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    context: typer.Context,
    project_folder: Annotated[
        Path | None,
        typer.Option("--project", metavar="DIR", help="The project's folder. Default: here, or the nearest above."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj = Here(project_folder)


project.add_to(app)
campaigns.add_to(app)
serve.add_to(app)
snippet.add_to(app)
access.add_to(app)
overrides.add_to(app)
events.add_to(app)
demo.add_to(app)


def main() -> None:
    """The `livemerge` command."""
    log_to_stderr()
    as_json = "--json" in sys.argv
    try:
        sys.exit(app(standalone_mode=False))  # typer's exit code, or None
    except LivemergeError as error:
        sys.exit(fail(error, as_json=as_json))
    except TyperException as error:
        sys.exit(fail(_usage_error(error), as_json=as_json) if error.format_message() else Exit.USAGE)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)


def _usage_error(error: TyperException) -> UsageError:
    """What typer says of a command's words, with the command that explains them."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "livemerge"
    return UsageError(error.format_message(), advice=f"See: {command} --help")
