"""What several processes remember together, in a real Valkey or Redis: shared, bounded, and never waited for."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from livemerge import config
from livemerge.catalog import Catalog, load_catalog
from livemerge.clock import FakeClock, SystemClock
from livemerge.events import EVERYBODY, Change
from livemerge.resolve import Cache
from livemerge.resolve.ladder import Known
from livemerge.resolve.redis_tier import RedisTier
from livemerge.resolve.remote import MAX_REST_S, READ_WITHIN_S

pytestmark = pytest.mark.server


def catalog(max_age: str = "1h") -> Catalog:
    table = config.TableSource(path="people.csv", key="id")
    field = {
        name: config.Field(source="people", type="text", max_age=max_age, stale_for="1d") for name in ("name", "city")
    }
    return load_catalog(config.Settings(root=Path(), source={"people": table}, field=field))


def cache_of(server: Any, clock: Any, *, project: str = "one", **declared: str) -> Cache:
    return Cache(catalog(**declared), clock, None, shared=RedisTier(server.url, project, clock))


def learned(clock: Any, value: str, field: str = "name") -> tuple[dict[str, Known], bool]:
    return {field: Known(value, clock.now(), clock.now())}, True


async def test_what_one_process_learned_another_knows(redis_server: Any) -> None:
    clock = SystemClock()
    here, there = cache_of(redis_server, clock), cache_of(redis_server, clock)
    here.put_many("people", {f"c{number}": learned(clock, f"n{number}") for number in range(1200)})
    await here.close()
    found = await there.find_many("people", [f"c{number}" for number in range(1300)])
    assert {key: row.fields["name"].value for key, row in found.items()} == {f"c{n}": f"n{n}" for n in range(1200)}
    assert set(there.get_many("people", ["c1", "c1299"])) == {"c1"}
    await there.close()


async def test_the_newest_of_each_field_counts(redis_server: Any) -> None:
    clock = FakeClock()
    here, there = cache_of(redis_server, clock), cache_of(redis_server, clock)
    there.put_many("people", {"c": learned(clock, "old")})
    await there._remote.flush()  # type: ignore[union-attr]
    clock.advance(4000)
    here.put_many("people", {"c": learned(clock, "new")})
    await here.close()
    found = await there.find_many("people", ["c"])
    assert found["c"].fields["name"].value == "new"
    await there.close()


@pytest.mark.parametrize("key", ["c", EVERYBODY])
async def test_what_was_learned_before_a_change_is_found_by_nobody_who_heeds_it(redis_server: Any, key: str) -> None:
    clock = FakeClock()
    here, there = cache_of(redis_server, clock), cache_of(redis_server, clock)
    here.put_many("people", {"c": learned(clock, "old")})
    await here.close()
    clock.advance(1)
    there.forget([Change("people", key, clock.now())])
    assert await there.find_many("people", ["c"]) == {}
    clock.advance(3)
    here.put_many("people", {"c": learned(clock, "new")})
    await here.close()
    assert (await there.find_many("people", ["c"]))["c"].fields["name"].value == "new"
    await there.close()


async def test_no_customers_key_stands_in_a_name_and_every_row_has_an_end(redis_server: Any) -> None:
    clock = SystemClock()
    here = cache_of(redis_server, clock)
    here.put_many("people", {"anna@example.com": learned(clock, "Anna")})
    await here.close()
    with redis.Redis.from_url(redis_server.url) as server:
        (name,) = server.keys("*")
        assert b"anna" not in name
        assert name.startswith(b"livemerge:")
        left_s = server.ttl(name)
    assert 0 < left_s <= timedelta(hours=1, days=1).total_seconds() + 1


async def test_other_projects_and_other_declarations_find_nothing(redis_server: Any) -> None:
    clock = SystemClock()
    here = cache_of(redis_server, clock)
    here.put_many("people", {"c": learned(clock, "x")})
    await here.close()
    other = cache_of(redis_server, clock, project="two")
    assert await other.find_many("people", ["c"]) == {}
    await other.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"fields": 3}',
        b'{"fields": {"name": [1]}, "has_row": true, "expires_at": 1}',
        b'{"fields": {"name": ["x", 1e99, 1]}, "has_row": true, "expires_at": 9e9}',
        b"\xff\xfe",
        b"9" * 100_000,
    ],
)
async def test_what_somebody_else_wrote_there_is_as_good_as_nothing(redis_server: Any, body: bytes) -> None:
    clock = SystemClock()
    here, there = cache_of(redis_server, clock), cache_of(redis_server, clock)
    here.put_many("people", {"c": learned(clock, "x")})
    await here.close()
    with redis.Redis.from_url(redis_server.url) as server:
        (name,) = server.keys("*")
        server.set(name, body)
    assert await there.find_many("people", ["c"]) == {}
    await there.close()


async def test_a_server_that_dies_is_told_once_and_comes_back_by_itself(redis_server: Any) -> None:
    clock = FakeClock()
    here = cache_of(redis_server, clock)
    here.put_many("people", {"c": learned(clock, "x")})
    redis_server.kill()
    with capture_logs() as logs:
        for number in range(50):
            assert set(await here.find_many("people", ["c", f"d{number}"])) == {"c"}
            here.put_many("people", {f"d{number}": learned(clock, "y")})
    assert [entry["event"] for entry in logs] == ["the shared cache failed"]
    redis_server.start()
    clock.advance(MAX_REST_S + 1)
    there = cache_of(redis_server, clock)
    for _ in range(20):  # a busy machine may need more than the 30 ms that an answer can spare
        here.put_many("people", {"e": learned(clock, "z")})
        await here._remote.flush()  # type: ignore[union-attr]
        if found := await there.find_many("people", ["e"]):
            break
        clock.advance(MAX_REST_S + 1)
    assert set(found) == {"e"}
    await here.close()
    await there.close()


async def test_a_server_that_hangs_is_waited_for_once_and_then_left_alone(redis_server: Any) -> None:
    clock = SystemClock()
    here = cache_of(redis_server, clock)
    assert await here.find_many("people", ["c"]) == {}
    redis_server.send_signal(signal.SIGSTOP)
    try:
        started_s = clock.monotonic_s()
        for number in range(200):
            assert await here.find_many("people", [f"c{number}"]) == {}
        took_s = clock.monotonic_s() - started_s
    finally:
        redis_server.send_signal(signal.SIGCONT)
    assert took_s < 200 * READ_WITHIN_S / 4  # nobody but the first few waited
    await here.close()


async def test_a_server_that_was_never_there_costs_answers_nothing() -> None:
    clock = FakeClock()
    nowhere = RedisTier("redis://127.0.0.1:1/0", "one", clock)
    here = Cache(catalog(), clock, None, shared=nowhere)
    here.put_many("people", {"c": learned(clock, "x")})
    assert set(await here.find_many("people", ["c", "d"])) == {"c"}
    await here.close()
