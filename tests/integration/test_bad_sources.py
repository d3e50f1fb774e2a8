"""Real HTTP sources that hang, flood, break off and lie, beside a healthy one: nobody else pays for them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from livemerge.app import Livemerge
from livemerge.observe.figures import Figures
from livemerge.plan import make_plan
from livemerge.values import Cause, LadderStep

DEADLINE_S = 2.0
SLACK_S = 5.0  # of a busy machine; what is late by a source's fault is late by ten seconds

SECTION = """
[source.{name}]
kind = "http"
batch = {{ url = "{url}/{name}?ids={{keys}}", method = "GET", size = 500, key = "id" }}
timeout_ms = 10000
max_bytes = 100000
[field.{name}_name]
source = "{name}"
type = "text"
path = "name"
max_age = "1h"
"""
SINGLE = """
[source.{name}]
kind = "http"
url = "{url}/{name}/{{key}}"
[field.{name}_name]
source = "{name}"
type = "text"
path = "name"
max_age = "1h"
"""


def rows(request: web.Request) -> list[dict[str, str]]:
    return [{"id": key, "name": f"of {key}"} for key in request.query["ids"].split(",")]


def taste(key: str) -> list[dict[str, str]]:
    """Four of sixty products."""
    return [{"product_id": f"p{(int(key[1:]) * 4 + item) % 60}"} for item in range(4)]


async def well(request: web.Request) -> web.StreamResponse:
    return web.json_response(rows(request))


async def hangs(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    raise AssertionError


async def floods_rows(request: web.Request) -> web.StreamResponse:
    return web.json_response([{"id": f"x{number}", "name": "of nobody"} for number in range(1000)] + rows(request))


async def floods_bytes(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    try:
        for _ in range(200):
            await response.write(b" " * 65536)
    except ConnectionError:
        pass
    return response


async def breaks_off(request: web.Request) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    return web.Response()


async def lies(request: web.Request) -> web.StreamResponse:
    return web.json_response([{"id": row["id"], "name": {"not": "a text"}} for row in rows(request)])


KINDS = {
    "hangs": hangs,
    "floods_rows": floods_rows,
    "floods_bytes": floods_bytes,
    "breaks_off": breaks_off,
    "lies": lies,
    "well": well,
}


class Counted:
    """The servers, and how often each was asked."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.calls[name] += 1
        if name == "unkept":
            return web.json_response({"name": "Anna"}, headers={"Cache-Control": "no-store"})
        if name == "taste":
            return web.json_response([{"id": row["id"], "recommended": taste(row["id"])} for row in rows(request)])
        if name.startswith("s"):
            await asyncio.sleep(0.05)
            return await well(request)
        return await KINDS[name](request)

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.get("/{name}", self.answer), web.get("/{name}/{key}", self.answer)])
        return app


async def open_shop(folder: Path, names, server: TestServer, section: str = SECTION) -> Livemerge:
    url = str(server.make_url("")).rstrip("/")
    (folder / "livemerge.toml").write_text("".join(section.format(name=name, url=url) for name in names))
    return Livemerge.open(folder)


async def test_bad_sources_cost_their_own_fields_and_nothing_else(tmp_path):
    counted = Counted()
    async with TestServer(counted.application()) as server, await open_shop(tmp_path, KINDS, server) as shop:
        plan, took_s, profiles = make_plan(shop.catalog, shop.catalog.fields), [], {}

        async def customer(key: str) -> None:
            started_s = time.monotonic()
            profiles[key] = (await shop.resolver.resolve(plan, [key], deadline_s=DEADLINE_S))[key]
            took_s.append(time.monotonic() - started_s)

        for number in range(0, 90, 30):
            await asyncio.gather(*(customer(f"c{number + one}") for one in range(30)))
        assert max(took_s) < DEADLINE_S + SLACK_S
        for key, profile in profiles.items():
            origins = {name.removesuffix("_name"): origin for name, origin in profile.provenance.items()}
            assert (profile.values["well_name"], profile.values["floods_rows_name"]) == (f"of {key}", f"of {key}")
            assert origins["well"].step is LadderStep.LIVE
            for name in ("hangs", "floods_bytes", "breaks_off"):  # which of the two depends on who is quicker
                assert origins[name].cause in (Cause.LATE, Cause.ERROR)
            assert origins["lies"].cause is Cause.WRONG_TYPE


async def test_500_customers_and_four_sources_cost_what_the_plan_says(tmp_path):
    counted, names = Counted(), [f"s{number}" for number in range(4)]
    async with TestServer(counted.application()) as server, await open_shop(tmp_path, names, server) as shop:
        plan, figures = make_plan(shop.catalog, shop.catalog.fields), Figures()
        keys = [f"c{number}" for number in range(500)]
        found = await asyncio.gather(
            *(shop.resolver.resolve(plan, [key], deadline_s=20, figures=figures) for key in keys)
        )
        assert [one[key].values["s3_name"] for one, key in zip(found, keys, strict=True)] == [f"of {k}" for k in keys]
        assert counted.calls == dict.fromkeys(names, 1)
        assert sum(len(wave) for wave in plan.waves) == 4
        assert {name: one.calls for name, one in figures.sources.items()} == dict.fromkeys(names, 1)


CATALOGUE = """
[source.stock]
kind = "http"
batch = {{ url = "{url}/stock?ids={{keys}}", method = "GET", size = 500, key = "id" }}
by = "recommended[].product_id"
[field.product_name]
source = "stock"
type = "text"
path = "name"
max_age = "1h"
[source.taste]
kind = "http"
batch = {{ url = "{url}/taste?ids={{keys}}", method = "GET", size = 500, key = "id" }}
[field.recommended]
source = "taste"
type = "list"
max_age = "1h"
"""


async def test_500_customers_with_4_items_of_60_products_cost_one_call_to_the_catalogue(tmp_path):
    counted, keys = Counted(), [f"c{number}" for number in range(500)]
    async with TestServer(counted.application()) as server, await open_shop(tmp_path, "x", server, CATALOGUE) as shop:
        found = await shop.profiles(keys, ["recommended", "product_name"], deadline_s=20)
        assert counted.calls == {"taste": 1, "stock": 1}
        names = {item["product_name"] for profile in found.values() for item in profile.values["recommended"]}
        assert names == {f"of p{number}" for number in range(60)}


@pytest.mark.parametrize(("name", "calls"), [("unkept", 2)])
async def test_no_store_is_respected_over_the_wire(tmp_path, name, calls):
    counted = Counted()
    async with TestServer(counted.application()) as server, await open_shop(tmp_path, [name], server, SINGLE) as shop:
        for _ in range(2):
            profile = await shop.profile("c1", deadline_s=10)
            assert profile.values[f"{name}_name"] == "Anna"
        assert counted.calls[name] == calls
