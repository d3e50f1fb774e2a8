"""What resolving adds to the slowest source, and whether it ends by its deadline whatever the sources do.

    python bench/resolver.py [--seconds 5] [--in-flight 64]

Four HTTP sources answer from another process after 20 ms each, one customer a resolve, so many customers in flight.
Then the same sources flap, hang, are cut off and answer garbage in turn, and each resolve's end is held against its
deadline. "Batch" sources take many customers a call, "single" ones one; a single one costs a call for each customer
and source, so its row says what this process's HTTP client costs rather than what resolving does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
import structlog
import uvloop
from aiohttp import web

from livemerge.app import Livemerge
from livemerge.cli.settle import settle
from livemerge.observe.figures import Figures, Spread
from livemerge.plan import Plan, make_plan

SOURCES = 4
DELAY_S = 0.02
DEADLINE_S = 0.15
MOODS = ("well", "slow", "hung", "cut", "garbage", "500")

SECTION = """
[source.{name}]
kind = "http"
{way}
timeout_ms = 1000
retries = 2
connections = 100
[field.{name}_points]
source = "{name}"
type = "integer"
path = "points"
{keeping}
"""
SINGLE = 'url = "http://127.0.0.1:{port}/{name}/{{key}}"'
BATCH = 'batch = {{ url = "http://127.0.0.1:{port}/{name}?ids={{keys}}", method = "GET", size = 500, key = "id" }}'


def serve(told: Connection) -> None:
    """The sources: a process of its own, so that its work is not counted as ours."""
    moods: dict[str, str] = {}

    async def mood(request: web.Request) -> web.Response:
        moods.update(await request.json())
        return web.json_response({})

    async def answer(request: web.Request) -> web.StreamResponse:
        state = moods.get(request.match_info["name"], "well")
        if state == "cut" and request.transport is not None:
            request.transport.abort()
        if state == "500":
            return web.json_response({}, status=500)
        if state == "garbage":
            return web.Response(body=random.randbytes(2000), content_type="application/json")
        await asyncio.sleep({"hung": 3600.0, "slow": DEADLINE_S * 1.5}.get(state, DELAY_S))
        if "ids" in request.query:
            return web.json_response([{"id": key, "points": 7} for key in request.query["ids"].split(",")])
        return web.json_response({"points": 7})

    async def run() -> None:
        app = web.Application()
        app.add_routes([web.post("/mood", mood), web.get("/{name}", answer), web.get("/{name}/{key}", answer)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        told.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    uvloop.run(run())


@contextlib.contextmanager
def sources() -> Iterator[int]:
    """The port of the running sources."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def write_project(folder: Path, port: int, way: str, keeping: str = "") -> None:
    folder.mkdir()
    names = [f"s{number}" for number in range(SOURCES)]
    toml = [SECTION.format(name=name, way=way.format(port=port, name=name), keeping=keeping) for name in names]
    (folder / "livemerge.toml").write_text("".join(toml))


async def crowd(seconds: float, in_flight: int, resolve: Callable[[str], Awaitable[Any]]) -> Spread:
    """How long each resolve took, so many at once, each for another customer."""
    took, ends_at_s, number = Spread(), time.monotonic() + seconds, 0

    async def lane() -> None:
        nonlocal number
        await asyncio.sleep(random.random() * DELAY_S)
        while time.monotonic() < ends_at_s:
            await asyncio.sleep(0)  # a request comes with a turn of the loop, not inside another's
            number += 1
            started_s = time.monotonic()
            await resolve(f"c{number}")
            took.add(time.monotonic() - started_s)

    await asyncio.gather(*(lane() for _ in range(in_flight)))
    return took


async def overhead(project: Path, seconds: float, in_flight: int) -> str:
    """What a resolve took beyond the slowest of its own calls."""
    async with Livemerge.open(project) as shop:
        settle()
        plan, figures = make_plan(shop.catalog, shop.catalog.fields), Figures()

        async def resolve(key: str) -> None:
            await shop.resolver.resolve(plan, [key], deadline_s=5.0, figures=figures)

        await crowd(0.5, in_flight, resolve)  # connections are open, code is warm
        figures = Figures()
        took = await crowd(seconds, in_flight, resolve)
        calls = sum(one.calls for one in figures.sources.values())
        slowest_s = max(one.took_s.percentile(99) for one in figures.sources.values())
        return (
            f"{took.count / seconds:,.0f} resolves/s | {took.count * SOURCES / max(1, calls):.1f} "
            f"| {took.percentile(50) * 1e3:.1f} | {took.percentile(99) * 1e3:.1f} | {slowest_s * 1e3:.1f} "
            f"| {max(0.0, took.percentile(99) - slowest_s) * 1e3:.1f}"
        )


async def chaos(project: Path, port: int, seconds: float, in_flight: int) -> str:
    """How late resolves ended beyond their deadline."""
    async with Livemerge.open(project) as shop:
        settle()
        plan = make_plan(shop.catalog, shop.catalog.fields)
        changing = asyncio.create_task(change_moods(port))
        try:
            await crowd(1.0, in_flight, lambda key: resolve_in_time(shop, plan, f"warm {key}"))
            took = await crowd(seconds, in_flight, lambda key: resolve_in_time(shop, plan, key))
        finally:
            changing.cancel()
        over_ms = [max(0.0, took.percentile(share) - DEADLINE_S) * 1e3 for share in (50, 99, 99.9)]
        most_ms = max(0.0, took.largest - DEADLINE_S) * 1e3
        return " | ".join([f"{took.count:,}", *(f"{each:.1f}" for each in over_ms), f"{most_ms:.1f}"])


async def resolve_in_time(shop: Livemerge, plan: Plan, key: str) -> None:
    await shop.resolver.resolve(plan, [key], deadline_s=DEADLINE_S)


async def change_moods(port: int) -> None:
    """Another mood for each source, every 300 ms."""
    random.seed(4)
    async with aiohttp.ClientSession() as session:
        while True:
            moods = {f"s{number}": random.choice(MOODS) for number in range(SOURCES)}
            async with session.post(f"http://127.0.0.1:{port}/mood", json=moods):
                await asyncio.sleep(0.3)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=5.0)
    options.add_argument("--in-flight", type=int, default=64)
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as name, sources() as port:
        print(f"{given.in_flight} customers in flight, {SOURCES} HTTP sources of {DELAY_S * 1e3:.0f} ms\n")
        print("| sources | rate | customers a call | p50 ms | p99 ms | slowest source p99 ms | added at p99 ms |")
        print("|---|---|---|---|---|---|---|")
        for what, way in (("batch", BATCH), ("single", SINGLE)):
            write_project(Path(name) / what, port, way)
            row = uvloop.run(overhead(Path(name) / what, given.seconds, given.in_flight))
            print(f"| {what} | {row} |")
        print(f"\nBeyond a deadline of {DEADLINE_S * 1e3:.0f} ms while sources hang, flap, break off, answer garbage\n")
        print("| sources | resolves | p50 ms | p99 ms | p99.9 ms | most ms |\n|---|---|---|---|---|---|")
        for what, way in (("batch", BATCH), ("single", SINGLE)):
            folder = Path(name) / f"chaos-{what}"
            write_project(folder, port, way, 'max_age = "1m"\nstale_for = "1h"')
            print(f"| {what} | {uvloop.run(chaos(folder, port, given.seconds, given.in_flight))} |")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
