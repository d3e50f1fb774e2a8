"""The demo's folder: it can be written, and one demo at a time lives in it."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from livemerge.errors import ConfigError

LOCK_FILE: Final = ".demo.lock"
_ANOTHER: Final = "Choose another folder: livemerge demo --folder NAME"


@contextmanager
def writing_in(folder: Path) -> Iterator[None]:
    """What keeps the block from writing into the folder is a ConfigError."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"cannot be written: {error.strerror or error}", where=str(folder), advice=_ANOTHER
        ) from error
    except sqlite3.Error as error:
        raise ConfigError(f"cannot be written: {error}", where=str(folder), advice=_ANOTHER) from error


def claim(folder: Path) -> None:
    """Makes the folder a demo's. ConfigError where it holds other things: nothing of those is written over."""
    with writing_in(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / LOCK_FILE).exists():
            raise ConfigError("holds other things than a demo", where=str(folder), advice=_ANOTHER)
        (folder / LOCK_FILE).touch()


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Holds the folder. ConfigError while another demo does: it would lose its campaign and its addresses.

    The kernel lets go of it when the process dies, however it dies.
    """
    with writing_in(folder):
        lock = (folder / LOCK_FILE).open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            advice = f"Look at that one, or end it with Ctrl-C. {_ANOTHER}"
            raise ConfigError("another demo is running in this folder", where=str(folder), advice=advice) from None
        yield
