"""Ctrl-C as a wish, not an accident: the first asks to stop after what is under way, the second ends at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from livemerge.cli.output import Exit, err


@contextmanager
def stop_on_signal(note: str = "") -> Iterator[asyncio.Event]:
    """An event that SIGINT or SIGTERM sets. Inside a running event loop."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def ask() -> None:
        if stop.is_set():
            os._exit(Exit.INTERRUPTED)  # the ledger is right whenever the process ends
        if note:
            err.print(f"\n{note}")
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
