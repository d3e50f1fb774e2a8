"""Two real processes that serve one project, with PostgreSQL and Redis between them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import redis.asyncio as redis
from aiohttp import web

from livemerge.store import open_store

pytestmark = pytest.mark.server

SOON_S = 20.0  # what is done in one process is seen in the other within some 3 seconds; a busy machine takes longer

PROJECT = """
[store]
url = "env:TEST_STORE_URL"

[cache]
url = "{redis}"

[source.crm]
kind = "http"
url = "http://127.0.0.1:{source}/{{key}}"
timeout_ms = 5000

[field.first_name]
source = "crm"
type = "text"
max_age = "1h"
fallback = "there"

[source.web]
kind = "events"

[field.last_viewed]
source = "web"
latest = "product_viewed.product_id"
type = "text"
max_age = "1h"
"""


class Pair:
    """Two workers of one project, and how often their source was asked."""

    def __init__(self, folder: Path, client: aiohttp.ClientSession) -> None:
        self.folder = folder
        self.client = client
        self.ports: list[int] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.calls: list[str] = []
        self.key = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append(request.match_info["key"])
        return web.json_response({"first_name": f"Name {request.match_info['key']}"})

    async def ask(self, worker: int, customer: str = "c1", key: str = "") -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.ports[worker]}/api/customer-profile/{customer}"
        async with self.client.get(url, headers={"X-API-Key": key or self.key}) as response:
            return response.status, await response.json()

    async def livemerge(self, *words: str) -> Any:
        """What a command, a third process, says."""
        command = [sys.executable, "-m", "livemerge", "--project", str(self.folder), *words, "--json"]
        done = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
        return json.loads(done.stdout.splitlines()[-1])

    async def sees(self, worker: int, what: Callable[[int, Any], bool]) -> bool:
        """Whether a worker answers so, soon."""
        async with asyncio.timeout(SOON_S):
            while not what(*await self.ask(worker)):
                await asyncio.sleep(0.1)
        return True


@pytest.fixture
async def pair(
    tmp_path: Path,
    postgresql_url: str,
    redis_server: Any,
    free_port: Callable[[], int],
    start_server: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Pair]:
    monkeypatch.setenv("TEST_STORE_URL", postgresql_url)
    async with aiohttp.ClientSession() as client:
        made = Pair(tmp_path, client)
        app = web.Application()
        app.router.add_get("/{key}", made.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        source = free_port()
        await web.TCPSite(runner, "127.0.0.1", source).start()
        (tmp_path / "livemerge.toml").write_text(PROJECT.format(redis=redis_server.url, source=source))
        for _ in range(2):
            made.ports.append(free_port())
            command = [sys.executable, "-m", "livemerge", "--project", str(tmp_path), "serve", "--deadline-ms", "5000"]
            port = made.ports[-1]
            made.workers.append(await asyncio.to_thread(start_server, port, *command, "--port", str(port)))
        made.key = (await made.livemerge("keys", "create", "esp"))["key"]
        try:
            yield made
        finally:
            for worker in made.workers:
                worker.kill()
                worker.wait()
            await runner.cleanup()


async def test_what_one_worker_learned_the_other_knows_without_asking(pair: Pair, redis_server: Any) -> None:
    assert (await pair.ask(0))[1]["first_name"] == "Name c1"
    async with asyncio.timeout(SOON_S), redis.from_url(redis_server.url) as server:
        while not await server.dbsize():  # written behind the answer
            await asyncio.sleep(0.05)

    def is_known(status: int, body: Any) -> bool:
        return bool(body["source"] == "cache" and body["first_name"] == "Name c1")

    assert await pair.sees(1, is_known)
    assert pair.calls == ["c1"]


async def test_a_key_withdrawn_by_a_command_opens_nothing_in_any_worker(pair: Pair) -> None:
    for worker in range(2):
        assert (await pair.ask(worker))[0] == 200
    await pair.livemerge("keys", "revoke", pair.key.split("_")[1])
    for worker in range(2):
        assert await pair.sees(worker, lambda status, body: status == 401)


async def test_a_value_pinned_by_a_command_is_seen_in_every_worker(pair: Pair) -> None:
    for worker in range(2):
        assert (await pair.ask(worker))[1]["first_name"] == "Name c1"
    await pair.livemerge("override", "set", "first_name", "Ännchen", "--customer", "c1", "--reason", "test")
    for worker in range(2):
        assert await pair.sees(worker, lambda status, body: body["first_name"] == "Ännchen")


async def test_what_a_customer_just_did_is_seen_in_every_worker_though_it_was_remembered(
    pair: Pair, tmp_path: Path
) -> None:
    for product in ("shoes", "socks"):
        event = {
            "customer": "c1",
            "name": "product_viewed",
            "occurred_at": datetime.now(UTC).isoformat(),
            "properties": {"product_id": product},
        }
        (tmp_path / "events.jsonl").write_text(json.dumps(event) + "\n")
        await pair.livemerge("events", "load", str(tmp_path / "events.jsonl"))
        for worker in range(2):
            assert await pair.sees(worker, lambda status, body, wanted=product: body["last_viewed"] == wanted)


async def test_when_a_worker_is_killed_the_other_goes_on_and_what_was_written_stays(
    pair: Pair, postgresql_url: str
) -> None:
    for number in range(20):
        assert (await pair.ask(0, f"c{number}"))[0] == 200
    store = open_store(postgresql_url)
    async with asyncio.timeout(SOON_S):  # a second, and the rows are written
        while store.row("SELECT count(*) AS rows FROM access_log")["rows"] < 20:  # type: ignore[index]
            await asyncio.sleep(0.1)
    pair.workers[0].kill()
    pair.workers[0].wait()
    for number in range(20):
        assert (await pair.ask(1, f"c{number}"))[1]["first_name"] == f"Name c{number}"
    assert len(await pair.livemerge("access", "ls")) > 0
    store.close()
