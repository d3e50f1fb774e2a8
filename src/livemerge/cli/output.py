"""What all commands share: where the project is, how results and errors are shown."""

from __future__ import annotations

import re
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import orjson
import typer
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from livemerge.app import Livemerge
from livemerge.campaign import Progress as SendProgress
from livemerge.config import PROJECT_FILE
from livemerge.errors import ConfigError, DeliveryError, LivemergeError, SourceError, StoreError

# Controls but tab and line end, and what turns the direction of writing around (Unicode UAX 9).
_COMMANDS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Terminal(Console):
    """A terminal that text cannot command: no customer's name moves the cursor, recolours, or hides anything."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(_COMMANDS.sub("\ufffd", text), **options)


out: Final = Terminal(highlight=False, emoji=False, soft_wrap=True)
err: Final = Terminal(stderr=True, highlight=False, emoji=False, soft_wrap=True)
T = TypeVar("T")

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object as the last line of standard output.")]


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    UNUSABLE = 3
    OUTSIDE = 4
    INTERRUPTED = 130


class UsageError(LivemergeError):
    """The command was written wrongly."""


@dataclass(frozen=True, slots=True)
class Here:
    """Where the project is."""

    folder: Path | None

    def root(self) -> Path:
        """The folder given, or the nearest one from here up that is a project."""
        if self.folder is not None:
            return self.folder
        here = Path.cwd()
        return next((folder for folder in (here, *here.parents) if (folder / PROJECT_FILE).is_file()), here)

    def open(self) -> Livemerge:
        return Livemerge.open(self.root())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command's asynchronous part."""
    return uvloop.run(work)


def print_json(document: Any) -> None:
    """The last line of standard output."""
    # Keys may be states and causes: orjson takes a StrEnum for text only where it is told to.
    sys.stdout.write(orjson.dumps(document, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")


def fail(error: LivemergeError, *, as_json: bool) -> Exit:
    """Shows an error and gives the exit code that goes with it."""
    err.print(f"[bold red]error[/] {escape(str(error))}")
    if as_json:
        others = error.others if isinstance(error, ConfigError) else ()
        print_json({"error": _told(error) | ({"others": [_told(other) for other in others]} if others else {})})
    if isinstance(error, UsageError):
        return Exit.USAGE
    return Exit.OUTSIDE if isinstance(error, DeliveryError | StoreError | SourceError) else Exit.UNUSABLE


def _told(error: LivemergeError) -> dict[str, str]:
    return {"kind": type(error).__name__, "where": error.place, "what": error.what, "advice": error.advice}


@contextmanager
def progress_bar(title: str) -> Iterator[Any]:
    """A bar on standard error; gives a function that is told how a send goes on."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=False) as bar:
        task = bar.add_task(title, total=None, note="", visible=False)  # an error may come before there is a first step

        def tell(progress: SendProgress) -> None:
            parts = [f"{getattr(progress, name)} {name}" for name in _NOTED if getattr(progress, name)]
            bar.update(task, total=progress.planned, completed=progress.settled, note=" · ".join(parts), visible=True)

        yield tell


_NOTED: Final = ("held", "failed", "skipped", "retry", "unknown")


def age(seconds: float) -> str:
    """`3 s`, `12 min`, `5 h`, `2 d`: how old something is, for people."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def age_between(moment: datetime | None, now: datetime | None) -> str:
    """How old a moment is now; empty where either is not known."""
    if moment is None or now is None:
        return ""
    return age(max(0.0, (now - moment) / timedelta(seconds=1)))


def short(value: object, width: int = 60) -> str:
    """A value on one line; a list as how many items it has."""
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        names = [str(next(iter(item.values()), "")) for item in value if isinstance(item, dict)]
        return _cut(f"{len(value)} items: {', '.join(names)}" if value else "no items", width)
    return _cut(" ".join(str(value).split()), width)


def _cut(text: str, width: int) -> str:
    return escape(text if len(text) <= width else text[: width - 1] + "…")


def _plain(value: object) -> object:
    if isinstance(value, Decimal | Path):
        return str(value)
    raise TypeError(type(value).__name__)
