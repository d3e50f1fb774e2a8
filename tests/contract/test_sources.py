"""One behaviour for every kind of source, over the real thing: files, SQLite, HTTP on loopback, the event store."""

from __future__ import annotations

import asyncio
import csv
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import jmespath
import pytest
from aiohttp import web

from livemerge import config
from livemerge.catalog import Feature, Field
from livemerge.clock import FakeClock, SystemClock
from livemerge.errors import SourceError
from livemerge.events import Event, EventStore
from livemerge.sources import MemorySource, Source, make_source
from livemerge.store import Store, open_store
from livemerge.values import MAX_KEY_CHARACTERS, Answer, Key

ODD_KEYS = [
    "a/b?c=d",
    "ü",
    "u\u0308",
    "../x",
    "%2e",
    "a b",
    "a,b",
    "a&b#c",
    "a+b",
    "x@y.example",
    "😀",
    "'; drop table people; --",
    '"quoted"',
    "{key}",
    "{keys}",
    ":keys",
    "%s",
    "007",
    "7",
    "7.0",
    "None",
    "null",
]
PEOPLE: Mapping[Key, str] = {"c-1": "Anna", "c-2": "Bo", "1001": "Cy"} | {
    key: f"name of number {number}" for number, key in enumerate(ODD_KEYS)
}
NAME = Field(
    name="name",
    source="people",
    type="text",
    path='"name"',
    max_age_s=0.0,
    stale_for_s=0.0,
    fallback=None,
    is_required=False,
    aliases=(),
    is_private=False,
    feature=Feature("latest", "named", "name", {}, None, 10),
)


class World:
    """A project folder, a store, and a way to break what a source reads from."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store: Store = open_store(None)
        self.clock = FakeClock()
        self.breaks: Callable[[], object] = lambda: None
        self.stack = AsyncExitStack()

    def make(self, section: config.Source) -> Source:
        return make_source(
            "people",
            section,
            root=self.root,
            read_secret=lambda reference, where: "secret",
            store=self.store,
            clock=self.clock,
        )


async def serve(world: World, app: web.Application) -> str:
    """The address of a real server that runs until the test ends."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    world.stack.push_async_callback(runner.cleanup)
    world.breaks = lambda: asyncio.ensure_future(site.stop())
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def memory(world: World) -> Source:
    source = MemorySource("people", {key: {"name": name} for key, name in PEOPLE.items()}, clock=world.clock)

    def break_it() -> None:
        source.error = SourceError("is down", retryable=True)

    world.breaks = break_it
    return source


async def http_single(world: World) -> Source:
    async def one(request: web.Request) -> web.Response:
        assert request.raw_path.startswith("/customers/")
        assert "/" not in request.raw_path.removeprefix("/customers/")
        key = request.match_info["key"]
        return web.json_response({"name": PEOPLE[key]}) if key in PEOPLE else web.Response(status=404, text="none")

    app = web.Application()
    app.router.add_get("/customers/{key:[^/]+}", one)
    return world.make(config.HttpSource(url=await serve(world, app) + "/customers/{key}"))


async def http_query(world: World) -> Source:
    async def one(request: web.Request) -> web.Response:
        assert list(request.query) == ["id", "v"]
        key = request.query["id"]
        return web.json_response({"name": PEOPLE[key]}) if key in PEOPLE else web.Response(status=404)

    app = web.Application()
    app.router.add_get("/customer", one)
    return world.make(config.HttpSource(url=await serve(world, app) + "/customer?id={key}&v=1"))


async def http_batch(world: World) -> Source:
    async def many(request: web.Request) -> web.Response:
        asked = (await request.json())["ids"]
        return web.json_response({"results": [{"id": key, "name": PEOPLE[key]} for key in asked if key in PEOPLE]})

    app = web.Application()
    app.router.add_post("/read", many)
    url = await serve(world, app) + "/read"
    return world.make(config.HttpSource(batch=config.HttpBatch(url=url, body='{"ids": {keys}}', records="results")))


async def http_batch_url(world: World) -> Source:
    async def many(request: web.Request) -> web.Response:
        # Split before decoding: a comma inside a key is escaped, one between keys is not.
        written = request.raw_path.partition("?ids=")[2].split(",")
        asked = [unquote(part, errors="strict") for part in written]
        return web.json_response([{"customer": {"no": key}, "name": PEOPLE[key]} for key in asked if key in PEOPLE])

    app = web.Application()
    app.router.add_get("/read", many)
    url = await serve(world, app) + "/read?ids={keys}"
    batch = config.HttpBatch(url=url, method="GET", key="customer.no")
    return world.make(config.HttpSource(batch=batch))


def write_database(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("create table people (id text primary key, name text)")
        database.executemany("insert into people values (?, ?)", PEOPLE.items())
    database.close()


async def sql(world: World) -> Source:
    path = world.root / "people.db"
    write_database(path)
    world.breaks = path.unlink
    query = "select id as key, name from people where id in :keys"
    return world.make(config.SqlSource(url="sqlite:///people.db", query=query))


async def sql_keyed_by_another_field(world: World) -> Source:
    path = world.root / "people.db"
    write_database(path)
    world.breaks = path.unlink
    query = "select id as key, name from people where id in (:keys)"
    return world.make(config.SqlSource(url="sqlite:///people.db", query=query, by="last_viewed"))


async def table_csv(world: World) -> Source:
    path = world.root / "people.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([("id", "name"), *PEOPLE.items()])
    world.breaks = path.unlink
    return world.make(config.TableSource(path="people.csv", key="id"))


async def table_jsonl(world: World) -> Source:
    path = world.root / "people.jsonl"
    path.write_text("\n".join(json.dumps({"id": key, "name": name}) for key, name in PEOPLE.items()))
    world.breaks = path.unlink
    return world.make(config.TableSource(path="people.jsonl", key="id"))


async def events(world: World) -> Source:
    at = world.clock.now()
    EventStore(world.store, world.clock).add(Event(key, "named", at, {"name": name}) for key, name in PEOPLE.items())
    world.breaks = world.store.close
    return world.make(config.EventsSource())


KINDS = [
    memory,
    http_single,
    http_query,
    http_batch,
    http_batch_url,
    sql,
    sql_keyed_by_another_field,
    table_csv,
    table_jsonl,
    events,
]


@asynccontextmanager
async def opened(kind: Callable[[World], Awaitable[Source]], root: Path) -> AsyncIterator[tuple[Source, World]]:
    world = World(root)
    async with world.stack:
        source = await kind(world)
        world.stack.push_async_callback(source.close)
        yield source, world


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], AbstractAsyncContextManager]:
    return lambda: opened(request.param, tmp_path)


async def names(source: Source, *keys: Key) -> dict[Key, str]:
    """The names a source gives, in as many calls as it wants, read as the resolver reads them."""
    found: dict[Key, str] = {}
    for start in range(0, len(keys), source.max_batch):
        answer = await asyncio.wait_for(source.fetch(keys[start : start + source.max_batch], [NAME]), 30)
        assert answer.foreign_rows == 0
        found |= {key: jmespath.search(NAME.path, row) for key, row in answer.rows.items()}
    return found


async def test_a_known_key_gives_its_row(kind) -> None:
    async with kind() as (source, _):
        assert await names(source, "c-1") == {"c-1": "Anna"}


async def test_an_unknown_key_gives_no_row_and_no_error(kind) -> None:
    async with kind() as (source, _):
        answer = await source.fetch(["nobody"], [NAME])
        assert answer == Answer({})


async def test_known_and_unknown_keys_come_apart(kind) -> None:
    async with kind() as (source, _):
        assert await names(source, "nobody", "c-2", "1002", "c-1", "1001") == {"c-2": "Bo", "c-1": "Anna", "1001": "Cy"}


@pytest.mark.parametrize("key", ODD_KEYS)
async def test_an_odd_key_gives_its_own_row(kind, key: Key) -> None:
    async with kind() as (source, _):
        assert await names(source, key) == {key: PEOPLE[key]}


async def test_all_keys_together_each_give_their_own_row(kind) -> None:
    async with kind() as (source, _):
        assert await names(source, *PEOPLE) == dict(PEOPLE)


async def test_a_key_that_differs_in_case_or_space_is_another_customer(kind) -> None:
    async with kind() as (source, _):
        assert await names(source, "C-1", "c-1 ", " c-1", "Ü") == {}


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY_CHARACTERS + 1), "lone \ud800 surrogate"])
async def test_a_key_that_cannot_be_asked_is_refused_for_itself_alone(kind, key: Key) -> None:
    async with kind() as (source, _):
        answer = await source.fetch([key], [NAME])
        assert answer.rows == {}
        assert list(answer.row_errors) == [key]
        if source.max_batch > 1:
            together = await source.fetch(["c-1", key], [NAME])
            assert list(together.rows) == ["c-1"]
            assert list(together.row_errors) == [key]


@pytest.mark.parametrize("key", ["\x00", "a\x00b", "a\r\nb", "\x7f", "\u202e"])
async def test_a_key_with_control_characters_harms_nobody(kind, key: Key) -> None:
    async with kind() as (source, _):
        assert await names(source, "c-1", key, "c-2") == {"c-1": "Anna", "c-2": "Bo"}


async def test_dots_alone_never_reach_another_path(kind) -> None:
    async with kind() as (source, _):
        assert await names(source, ".", "..", "c-1") == {"c-1": "Anna"}


async def test_asking_for_the_same_key_twice_gives_one_row(kind) -> None:
    async with kind() as (source, _):
        if source.max_batch > 1:
            assert await names(source, "c-1", "c-1") == {"c-1": "Anna"}


async def test_asking_for_nobody_gives_nobody(kind) -> None:
    async with kind() as (source, _):
        assert await source.fetch([], [NAME]) == Answer({})


async def test_a_full_batch_is_answered(kind) -> None:
    async with kind() as (source, _):
        keys = ["c-1", *(f"nobody-{number}" for number in range(source.max_batch - 1))]
        assert await names(source, *keys) == {"c-1": "Anna"}


async def test_many_calls_at_once_keep_their_answers_apart(kind) -> None:
    async with kind() as (source, _):
        keys = list(PEOPLE) * 4
        found = await asyncio.gather(*(names(source, key) for key in keys))
        assert found == [{key: PEOPLE[key]} for key in keys]


async def test_a_source_that_cannot_answer_says_so_and_names_itself(kind) -> None:
    async with kind() as (source, world):
        world.breaks()
        await asyncio.sleep(0)
        with pytest.raises(SourceError) as caught:
            await source.fetch(["c-1"], [NAME])
        assert isinstance(caught.value.retryable, bool)
        assert "Anna" not in str(caught.value)


async def test_a_cancelled_call_leaves_the_source_usable(kind) -> None:
    async with kind() as (source, _):
        for _ in range(3 * source.connections):
            call = asyncio.ensure_future(source.fetch(["c-1"], [NAME]))
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        assert await names(source, "c-2") == {"c-2": "Bo"}


async def test_closing_an_unused_source_works(kind) -> None:
    async with kind() as (source, _):
        await source.close()


async def test_the_fake_waits_on_its_clock_before_it_answers() -> None:
    clock = FakeClock()
    source = MemorySource("people", {"c-1": {"name": "Anna"}}, clock=clock, delay_s=2.0)
    await source.fetch(["c-1"], [NAME])
    assert clock.monotonic_s() == 2.0
    assert list(source.calls) == [("c-1",)]


async def test_the_real_clock_serves_the_fake_too() -> None:
    source = MemorySource("people", {}, clock=SystemClock(), delay_s=0.001)
    assert await source.fetch(["c-1"], [NAME]) == Answer({})


# What a source may answer wrongly. `rows` are (key as the source writes it, name), in the source's own order.


async def lying_http(world: World, rows: list[tuple[object, str | None]]) -> Source:
    async def many(request: web.Request) -> web.Response:
        return web.json_response([{"id": key, "name": name} for key, name in rows])

    app = web.Application()
    app.router.add_post("/read", many)
    batch = config.HttpBatch(url=await serve(world, app) + "/read", body="{keys}")
    return world.make(config.HttpSource(batch=batch))


async def lying_sql(world: World, rows: list[tuple[object, str | None]]) -> Source:
    with sqlite3.connect(world.root / "lies.db") as database:
        database.execute("create table lies (id, name)")
        database.executemany("insert into lies values (?, ?)", rows)
    database.close()
    query = "select id as key, name from lies where id in :keys or 1 order by rowid"
    return world.make(config.SqlSource(url="sqlite:///lies.db", query=query))


@pytest.fixture(params=[lying_http, lying_sql], ids=lambda kind: kind.__name__)
def lies(request: pytest.FixtureRequest, tmp_path: Path) -> Callable:
    async def answer(keys: list[Key], rows: list[tuple[object, str | None]]) -> tuple[dict[Key, str], Answer]:
        world = World(tmp_path)
        async with world.stack:
            source = await request.param(world, rows)
            world.stack.push_async_callback(source.close)
            given = await source.fetch(keys, [NAME])
            return {key: row["name"] for key, row in given.rows.items()}, given

    return answer


async def test_shuffled_rows_find_their_keys(lies) -> None:
    names_by_key, _ = await lies(["a", "b", "c"], [("c", "Cy"), ("a", "Anna"), ("b", "Bo")])
    assert names_by_key == {"a": "Anna", "b": "Bo", "c": "Cy"}


async def test_a_short_answer_leaves_the_others_without_a_row(lies) -> None:
    names_by_key, answer = await lies(["a", "b", "c"], [("b", "Bo")])
    assert names_by_key == {"b": "Bo"}
    assert answer.row_errors == {}


async def test_rows_that_nobody_asked_for_are_refused_and_counted(lies) -> None:
    names_by_key, answer = await lies(["a"], [("b", "Bo"), ("a", "Anna"), ("c", "Cy")])
    assert names_by_key == {"a": "Anna"}
    assert answer.foreign_rows == 2


async def test_the_same_row_twice_is_one_row(lies) -> None:
    names_by_key, answer = await lies(["a"], [("a", "Anna"), ("a", "Anna")])
    assert names_by_key == {"a": "Anna"}
    assert answer.row_errors == {}


async def test_two_different_rows_for_one_key_are_both_refused_whatever_follows(lies) -> None:
    rows = [("a", "Anna"), ("a", "Not Anna"), ("b", "Bo"), ("a", "Anna")]
    names_by_key, answer = await lies(["a", "b"], rows)
    assert names_by_key == {"b": "Bo"}
    assert list(answer.row_errors) == ["a"]
    assert "Anna" not in answer.row_errors["a"]


async def test_rows_without_a_key_belong_to_nobody(lies) -> None:
    names_by_key, answer = await lies(["a", "None", "null", ""], [(None, "Nobody"), ("", "Blank"), ("a", "Anna")])
    assert names_by_key == {"a": "Anna"}
    assert answer.foreign_rows == 2


async def test_a_number_is_a_key_only_as_it_is_written_in_decimal(lies) -> None:
    names_by_key, answer = await lies(["1001", "01002", "1003", "1e3"], [(1001, "A"), (1002, "B"), (1003.0, "C")])
    assert names_by_key == {"1001": "A"}
    assert answer.foreign_rows == 2


async def test_a_key_in_another_case_is_foreign(lies) -> None:
    names_by_key, answer = await lies(["ann", "ü"], [("ANN", "X"), ("u\u0308", "Y")])
    assert names_by_key == {}
    assert answer.foreign_rows == 2
