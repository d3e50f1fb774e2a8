"""Several processes that answer on one address: started together, started anew when one dies, stopped together."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from livemerge.cli.output import err

AGAIN_AFTER_S: Final = 1.0  # a worker that dies at once must not keep the machine busy with starting it
STOP_WITHIN_S: Final = 10.0  # longer than a worker's own requests may take


def worker_command(folder: Path, listening: socket.socket, deadline_ms: int) -> list[str]:
    """How one worker is started. It ends when its standard input does, so it never outlives who started it."""
    options = ["--worker-socket", str(listening.fileno()), "--deadline-ms", str(deadline_ms)]
    return [sys.executable, "-m", "livemerge", "--project", str(folder), "serve", *options]


async def run_workers(command: Sequence[str], listening: socket.socket, count: int, stop: asyncio.Event) -> None:
    """Keeps `count` workers running until `stop` is set; then waits for what they have under way."""
    await asyncio.gather(*(_keep_running(command, listening, stop) for _ in range(count)))


async def _keep_running(command: Sequence[str], listening: socket.socket, stop: asyncio.Event) -> None:
    stopping = asyncio.create_task(stop.wait())
    while not stop.is_set():
        # A session of its own: Ctrl-C reaches only this process, which then lets the workers end in order.
        worker = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, pass_fds=(listening.fileno(),), start_new_session=True
        )
        ended = asyncio.create_task(worker.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            await _end(worker, ended)
            return
        err.print(f"A worker ended with {worker.returncode}; another one is started.")
        await asyncio.wait({stopping}, timeout=AGAIN_AFTER_S)


async def _end(worker: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    assert worker.stdin is not None
    worker.stdin.close()
    await asyncio.wait({ended}, timeout=STOP_WITHIN_S)
    if not ended.done():
        worker.kill()
        await ended


async def stop_at_end_of_input(stop: asyncio.Event) -> None:
    """Sets `stop` when standard input ends: whoever started this process is gone, or wants it to end."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        await reader.read()
        stop.set()
    finally:
        transport.close()
