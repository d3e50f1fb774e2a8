"""What clients see while a part is killed or hangs: two workers, PostgreSQL, Redis and a source, all real.

Clients ask either worker by turns, and the other one where a connection is refused, as a load balancer would.
`python bench/outages.py [--seconds S] [--json]`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
from aiohttp import web

CLIENTS = 8
PAUSE_S = 0.01  # of a client between two requests
CUSTOMERS = 200
PATIENCE_S = 60.0
POSTGRESQL = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
REDIS = shutil.which("valkey-server") or shutil.which("redis-server")

PROJECT = """
[store]
url = "postgresql://livemerge@127.0.0.1:{postgresql}/postgres"

[cache]
url = "redis://127.0.0.1:{redis}/0"

[source.crm]
kind = "http"
url = "http://127.0.0.1:{source}/customers/{{key}}"
timeout_ms = 100
retries = 0

[field.first_name]
source = "crm"
type = "text"
max_age = "500ms"
stale_for = "1h"
fallback = "there"

[field.points]
source = "crm"
type = "integer"
max_age = "1h"
fallback = 0
"""


@dataclass
class Seen:
    """What clients saw during one phase."""

    name: str
    words: Counter[str] = field(default_factory=Counter)  # the answer's own word on its data
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    taken_ms: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        taken = sorted(self.taken_ms) or [0.0]
        return {
            "phase": self.name,
            "answered": self.statuses[200],
            "refused": sum(self.statuses.values()) - self.statuses[200],
            "unanswered": self.unanswered,
            "data": dict(self.words.most_common()),
            "p50_ms": round(taken[len(taken) // 2], 1),
            "p99_ms": round(taken[int(len(taken) * 0.99)], 1),
            "worst_ms": round(taken[-1], 1),
        }


class Process:
    """A server of ours: started, killed, stopped in its tracks."""

    def __init__(self, port: int, *command: str, env: dict[str, str] | None = None) -> None:
        self.port = port
        self._command = command
        self._env = os.environ | (env or {})
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._process = self._started()
        until_s = time.monotonic() + PATIENCE_S
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > until_s:
                raise SystemExit(f"{self._command[0]} does not run")
            await asyncio.sleep(0.05)

    def signal(self, number: int) -> None:
        """To it and its children: those of PostgreSQL have process groups of their own."""
        if self._process is not None:
            for process in (self._process.pid, *_children(self._process.pid)):
                with suppress(ProcessLookupError):
                    os.kill(process, number)

    def _started(self) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(self._command, stdout=quiet, stderr=quiet, cwd="/", env=self._env)

    async def kill(self) -> None:
        if self._process is not None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL)
            await asyncio.to_thread(self._process.wait)
            self._process = None


def _children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children")
    return [int(word) for word in found.read_text().split()] if found.exists() else []


class Source:
    """A CRM that answers, hangs, or is gone."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.hangs = False
        self.calls = 0
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/customers/{key}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.calls += 1
        if self.hangs:
            await asyncio.sleep(30)
        return web.json_response({"first_name": f"Name {request.match_info['key']}", "points": 7})


@dataclass
class World:
    """All parts of it."""

    folder: Path
    postgresql: Process
    redis: Process
    source: Source
    workers: list[Process]
    key: str = ""
    seen: Seen = field(default_factory=lambda: Seen("start"))

    async def ask_until_cancelled(self, client: aiohttp.ClientSession, number: int) -> None:
        """One client."""
        turn = number
        while True:
            turn += 1
            await self._ask(client, turn)
            await asyncio.sleep(PAUSE_S)

    async def _ask(self, client: aiohttp.ClientSession, turn: int) -> None:
        seen, started_s = self.seen, time.perf_counter()
        for attempt in range(2):
            port = self.workers[(turn + attempt) % 2].port
            url = f"http://127.0.0.1:{port}/api/customer-profile/c{turn * 37 % CUSTOMERS}"
            try:
                async with client.get(url, headers={"X-API-Key": self.key}) as response:
                    body = await response.json()
            except (aiohttp.ClientError, TimeoutError, ValueError):
                continue
            seen.taken_ms.append((time.perf_counter() - started_s) * 1000)
            seen.statuses[response.status] += 1
            if response.status == 200:
                seen.words[str(body.get("source"))] += 1
            return
        seen.unanswered += 1


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _postgresql(folder: Path, port: int) -> Process:
    """A new cluster. PostgreSQL refuses to run as root."""
    if POSTGRESQL is None or REDIS is None:
        raise SystemExit("PostgreSQL and Redis or Valkey are needed: scripts/install-servers")
    person = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if person:
        shutil.chown(folder, "postgres")
        folder.chmod(0o755)
    data = folder / "data"
    make = [*person, str(POSTGRESQL / "initdb"), "-A", "trust", "-U", "livemerge", "-D", str(data)]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd="/")
    options = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    return Process(port, *person, str(POSTGRESQL / "postgres"), "-D", str(data), *options)


async def _make_world(folder: Path) -> World:
    ports = [_free_port() for _ in range(5)]
    database = folder / "database"
    database.mkdir()
    postgresql = _postgresql(database, ports[0])
    redis = Process(ports[1], str(REDIS), "--port", str(ports[1]), "--bind", "127.0.0.1", "--save", "")
    source = Source(ports[2])
    for part in (postgresql, redis, source):
        await part.start()
    project = folder / "project"
    project.mkdir()
    (project / "livemerge.toml").write_text(PROJECT.format(postgresql=ports[0], redis=ports[1], source=ports[2]))
    command = (sys.executable, "-m", "livemerge", "--project", str(project))
    workers = [Process(port, *command, "serve", "--port", str(port)) for port in ports[3:]]
    for worker in workers:
        await worker.start()
    made = await asyncio.to_thread(
        subprocess.run, [*command, "keys", "create", "bench", "--json"], check=True, capture_output=True
    )
    return World(folder, postgresql, redis, source, workers, key=json.loads(made.stdout.splitlines()[-1])["key"])


Step = Callable[[World], Awaitable[None]]


async def _nothing(world: World) -> None:
    pass


async def _kill_worker(world: World) -> None:
    await world.workers[0].kill()


async def _start_worker(world: World) -> None:
    await world.workers[0].start()


async def _kill_database(world: World) -> None:
    await world.postgresql.kill()


async def _start_database(world: World) -> None:
    with suppress(FileNotFoundError):
        (world.folder / "database" / "data" / "postmaster.pid").unlink()
    await world.postgresql.start()


async def _hang_database(world: World) -> None:
    world.postgresql.signal(signal.SIGSTOP)


async def _wake_database(world: World) -> None:
    world.postgresql.signal(signal.SIGCONT)


async def _kill_redis(world: World) -> None:
    await world.redis.kill()


async def _start_redis(world: World) -> None:
    await world.redis.start()


async def _hang_redis(world: World) -> None:
    world.redis.signal(signal.SIGSTOP)


async def _wake_redis(world: World) -> None:
    world.redis.signal(signal.SIGCONT)


async def _stop_source(world: World) -> None:
    await world.source.stop()


async def _start_source(world: World) -> None:
    await world.source.start()


async def _hang_source(world: World) -> None:
    world.source.hangs = True


async def _wake_source(world: World) -> None:
    world.source.hangs = False


PHASES: tuple[tuple[str, Step, Step], ...] = (
    ("nothing is wrong", _nothing, _nothing),
    ("a worker is killed", _kill_worker, _start_worker),
    ("the database is killed", _kill_database, _start_database),
    ("the database hangs", _hang_database, _wake_database),
    ("Redis is killed", _kill_redis, _start_redis),
    ("Redis hangs", _hang_redis, _wake_redis),
    ("the source is gone", _stop_source, _start_source),
    ("the source hangs", _hang_source, _wake_source),
    ("all is well again", _nothing, _nothing),
)


async def measure(seconds: float) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """A row for each phase, and how many answers stand in the access log."""
    folder = _folder()
    world = await _make_world(folder)
    rows = [world.seen]
    timeout = aiohttp.ClientTimeout(total=5)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as client:
            asking = [asyncio.create_task(world.ask_until_cancelled(client, number)) for number in range(CLIENTS)]
            await asyncio.sleep(2.0)  # every customer was asked for once
            for name, begin, end in PHASES:
                world.seen = Seen(name)
                rows.append(world.seen)
                await begin(world)
                await asyncio.sleep(seconds)
                world.seen = Seen(f"after: {name}")
                await end(world)
                await asyncio.sleep(1.5)
                rows.append(world.seen)
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        await asyncio.sleep(2.5)  # the last rows are written within a second
        return [seen.row() for seen in rows[1:]], _logged(world, sum(seen.statuses[200] for seen in rows))
    finally:
        for process in (*world.workers, world.redis, world.postgresql):
            await process.kill()
        await world.source.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    """One that PostgreSQL's own user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="livemerge-outages-"))
    folder.chmod(0o755)
    return folder


def _logged(world: World, answered: int) -> dict[str, int]:
    with psycopg.connect(f"postgresql://livemerge@127.0.0.1:{world.postgresql.port}/postgres") as connection:
        found = connection.execute("SELECT count(*) FROM access_log WHERE outcome = 'ok'").fetchone()
    return {"answered": answered, "logged": found[0] if found else 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each outage")
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    rows, log = asyncio.run(measure(told.seconds))
    if told.json:
        print(json.dumps({"rows": rows, "log": log}))
        return
    print("| phase | answered | refused | unanswered | data | p50 ms | p99 ms | worst ms |")
    print("|---|---:|---:|---:|---|---:|---:|---:|")
    for row in rows:
        data = ", ".join(f"{word} {count}" for word, count in row["data"].items())
        print(
            f"| {row['phase']} | {row['answered']} | {row['refused']} | {row['unanswered']} | {data} "
            f"| {row['p50_ms']} | {row['p99_ms']} | {row['worst_ms']} |"
        )
    print(f"\naccess log: {log['logged']} rows for {log['answered']} answers")


if __name__ == "__main__":
    main()
