"""A cached profile over HTTP: CPU of the server per request, requests per second, latency; and a batch of 500.

    python bench/api.py [--seconds 4] [--rounds 5] [--no-feast]

Against a raw ASGI application that sends the same octets on the same uvicorn (uvloop, httptools), and against Feast's
feature server with SQLite and with Redis, installed by `make bench` into a folder of its own. Servers run one after
another in processes of their own, round by round; the load comes from this process. The same customers
are asked for again and again, as ESPs do that render HTML, text and AMP of a message.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import uvloop
from load import Load, ask, get, post

from livemerge.app import Livemerge

HERE = Path(__file__).parent
FEAST = HERE / ".peers" / ".feast" / "bin"
FEAST_PATH = "/get-online-features"
FEAST_ASKED = {"feature_service": "profile", "full_feature_names": False}
CONNECTIONS = 64
CUSTOMERS = 2_000
FIELDS = 20
TOML = '[source.people]\nkind = "table"\npath = "people.jsonl"\nkey = "id"\n'
FIELD = '[field.{name}]\nsource = "people"\ntype = "{type}"\nmax_age = "1d"\n'
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A server under load, and what its rounds gave."""

    name: str
    port: int
    pid: int
    requests: Sequence[bytes]
    cpu_us: list[float] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)

    def round(self, seconds: float, connections: int = CONNECTIONS) -> None:
        before_s = cpu_s(self.pid)
        load = ask(self.port, self.requests, seconds=seconds, connections=connections)
        if load.failed or load.refused:
            raise SystemExit(f"{self.name}: {load}; nothing to compare")
        self.cpu_us.append((cpu_s(self.pid) - before_s) / load.answered * 1e6)
        self.loads.append(load)

    def median(self, what: str) -> float:
        return statistics.median(self.cpu_us if what == "cpu" else [getattr(load, what) for load in self.loads])


def cpu_s(pid: int) -> float:
    """CPU time of a process and of its children so far, user and system."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S + sum(cpu_s(int(child)) for child in children)


def field_kinds() -> dict[str, str]:
    """Fields of a profile of some 1.5 KB: texts, numbers, money, dates."""
    kinds = ("text", "text", "text", "integer", "money", "date", "boolean", "text", "url", "datetime")
    return {f"feature_{number:02}": kinds[number % len(kinds)] for number in range(FIELDS)}


def value(kind: str, number: int) -> object:
    match kind:
        case "integer":
            return number
        case "money":
            return number + 0.95
        case "boolean":
            return number % 2 == 0
        case "date":
            return "2026-11-05"
        case "datetime":
            return "2026-11-05T08:30:00Z"
        case "url":
            return f"https://shop.example/products/{number}/picture.jpg"
    return f"A text as shops have them, number {number}"


def write_project(folder: Path) -> str:
    """A project with CUSTOMERS in a table; gives a key that may read them."""
    kinds = field_kinds()
    fields = "".join(FIELD.format(name=name, type=kind) for name, kind in kinds.items())
    (folder / "livemerge.toml").write_text(TOML + fields)
    with (folder / "people.jsonl").open("wb") as rows:
        for number in range(CUSTOMERS):
            row = {name: value(kind, number) for name, kind in kinds.items()}
            rows.write(orjson.dumps(row | {"id": f"c-{number}"}) + b"\n")
    return Livemerge.open(folder).keys.create("bench").key


@contextlib.contextmanager
def running(command: Sequence[str | Path], **more: object) -> Iterator[subprocess.Popen[str]]:
    """A server's process, ended with the block."""
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def port_told(process: subprocess.Popen[str]) -> int:
    """The port in the first line of a server's output."""
    assert process.stdout
    found = re.search(r"127\.0\.0\.1:(\d+)|^(\d+)$", process.stdout.readline().strip())
    assert found
    return int(found[1] or found[2])


async def received(port: int, request: bytes) -> bytes:
    """A whole response, as it was received."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    assert length
    body = await reader.readexactly(int(length[1]))
    writer.close()
    return head + body


async def against_raw(project: Path, key: str, seconds: float, rounds: int) -> list[Server]:
    """A raw application that sends the octets of one answer of ours, and ours."""
    headers = f"X-API-Key: {key}\r\n"
    every = [get(f"/api/customer-profile/c-{number}", headers) for number in range(CUSTOMERS)]
    ours = [sys.executable, "-m", "livemerge", "--project", project, "serve", "--port", "0"]
    with running(ours) as serving:
        port = port_told(serving)
        answer = await received(port, every[0])
        (project / "answer").write_bytes(answer)
        with running([sys.executable, HERE / "raw_app.py", project / "answer"]) as raw:
            servers = [
                Server("raw ASGI application", port_told(raw), raw.pid, every),
                Server("Livemerge", port, serving.pid, every),
            ]
            warm_up(port, every)
            for turn in range(rounds + 1):
                for server in servers:
                    server.round(seconds if turn else 1)
        print(f"one answer: {len(answer.partition(bytes((13, 10, 13, 10)))[2]):,} octets of JSON")
    for server in servers:  # the first round warms up
        del server.cpu_us[0], server.loads[0]
    return servers


def warm_up(port: int, requests: Sequence[bytes]) -> None:
    """Asks until each was answered twice: what can be in a cache is."""
    answered = 0
    while answered < 2 * len(requests):
        answered += ask(port, requests, seconds=1, connections=4).answered


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis of its own; gives its address."""
    port = free_port()
    with running(["redis-server", "--port", str(port), "--save", "", "--dir", folder]):
        wait_for(port)
        yield f"127.0.0.1:{port}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def wait_for(port: int) -> None:
    """Until somebody listens there."""
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit("a server did not start; nothing to compare")


@contextlib.contextmanager
def feast(folder: Path, redis_address: str = "") -> Iterator[tuple[int, int]]:
    """Feast's feature server with the same customers; gives port and process."""
    folder.mkdir()
    filling = [FEAST / "python", HERE / "feast" / "repo.py", folder, *([redis_address] if redis_address else [])]
    subprocess.run(list(map(str, filling)), check=True, capture_output=True, cwd=folder)
    port = free_port()
    serving = [
        FEAST / "feast",
        "--chdir",
        folder,
        "serve",
        "--port",
        str(port),
        "--no-access-log",
        "--max-requests",
        "10000000",
    ]
    with running(serving, stderr=subprocess.DEVNULL) as process:
        wait_for(port)
        yield port, process.pid


def against_feast(project: Path, key: str, seconds: float) -> None:
    """One profile at 64 connections, and 500 at once: ours, and Feast's on each of its stores."""
    headers = f"X-API-Key: {key}\r\n"
    ids = [f"c-{number}" for number in range(500)]
    ours_one = [get(f"/api/customer-profile/{one}", headers) for one in ids]
    ours_many = [post("/api/customer-profiles", orjson.dumps({"ids": ids}), headers)]
    with contextlib.ExitStack() as stack:
        serving = stack.enter_context(
            running([sys.executable, "-m", "livemerge", "--project", project, "serve", "--port", "0"])
        )
        found = [("Livemerge", port_told(serving), serving.pid, ours_one, ours_many)]
        stores = {"SQLite": ""}
        if shutil.which("redis-server"):
            stores["Redis"] = stack.enter_context(redis(project))
        for store, address in stores.items():
            port, pid = stack.enter_context(feast(project / store, address))
            one = [post(FEAST_PATH, orjson.dumps(FEAST_ASKED | {"entities": {"customer_id": [each]}})) for each in ids]
            many = [post(FEAST_PATH, orjson.dumps(FEAST_ASKED | {"entities": {"customer_id": ids}}))]
            found.append((f"Feast, {store}", port, pid, one, many))
        print(f"{'':20}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'500 at once, ms':>18}")
        for name, port, pid, one, many in found:
            singly, batch = Server(name, port, pid, one), Server(name, port, pid, many)
            warm_up(port, one)
            for _ in range(3):
                singly.round(seconds)
                batch.round(seconds, connections=1)
            figures = [singly.median(what) for what in ("per_s", "p50_ms", "p99_ms")]
            print(f"{name:20}{figures[0]:12,.0f}{figures[1]:9.1f}{figures[2]:9.1f}{batch.median('p50_ms'):18.1f}")


def show(servers: Sequence[Server], base: Server) -> None:
    print(f"{'':32}{'µs CPU':>10}{'×':>7}{'requests/s':>13}{'p50 ms':>9}{'p99 ms':>9}")
    for server in servers:
        print(
            f"{server.name:32}{server.median('cpu'):10.1f}{server.median('cpu') / base.median('cpu'):7.2f}"
            f"{server.median('per_s'):13,.0f}{server.median('p50_ms'):9.2f}{server.median('p99_ms'):9.2f}"
        )


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        key = write_project(project)
        servers = await against_raw(project, key, arguments.seconds, arguments.rounds)
        show(servers, servers[0])
        if arguments.no_feast:
            return
        if (FEAST / "feast").exists():
            against_feast(project, key, arguments.seconds)
        else:
            print("Feast is not installed: make bench/.peers/.feast/.setup")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-feast", action="store_true")
    uvloop.run(main(parser.parse_args()))
