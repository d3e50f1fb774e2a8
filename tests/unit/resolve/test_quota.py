"""What a source allows, counted in one process and over several."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from livemerge.clock import FakeClock
from livemerge.config import load_settings
from livemerge.errors import ConfigError
from livemerge.resolve.quota import ProcessQuota, StoreQuota
from livemerge.store import open_store
from livemerge.values import Cause, LadderStep

CRM = """
[source.crm]
kind = "table"
path = "crm.csv"
key = "id"
timeout_ms = 10000

[field.name]
source = "crm"
type = "text"
"""
HTTP = """
[source.crm]
kind = "http"
url = "https://crm.example/{key}"
quota = { QUOTA }
"""


@pytest.fixture
def hands():
    return FakeClock(datetime(2026, 6, 1, 12, tzinfo=UTC))


def stored(path, hands, **most):
    return StoreQuota("crm", open_store(path), hands, **most)


async def turns(quota, count, most_wait_s=0.0):
    return [await quota.turn(most_wait_s) for _ in range(count)]


async def test_a_second_holds_no_more_calls_than_allowed(hands):
    quota = ProcessQuota(hands, per_s=3)
    assert await turns(quota, 4) == [0, 0, 0, None]
    hands.advance(0.99)
    assert await quota.turn(0) is None
    hands.advance(0.01)
    assert await turns(quota, 4) == [0, 0, 0, None]


async def test_who_has_time_gets_a_turn_in_one_of_the_next_seconds(hands):
    quota = ProcessQuota(hands, per_s=2)
    assert await turns(quota, 5, most_wait_s=2) == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("kind", ["process", "store"])
async def test_a_day_holds_no_more_calls_than_allowed_and_the_next_one_begins_anew(tmp_path, hands, kind):
    quota = ProcessQuota(hands, per_day=5) if kind == "process" else stored(tmp_path / "a.db", hands, per_day=5)
    assert await turns(quota, 6, most_wait_s=60) == [0] * 5 + [None]
    hands.advance(86_400)
    assert await quota.turn(0) == 0


async def test_processes_share_a_second(tmp_path, hands):
    one, other = (stored(tmp_path / "a.db", hands, per_s=100) for _ in range(2))
    given = [turn for _ in range(100) for quota in (one, other) if (turn := await quota.turn(0)) is not None]
    assert len(given) == 100
    hands.advance(1)
    assert await one.turn(0) == 0


async def test_a_days_calls_are_still_counted_after_a_restart(tmp_path, hands):
    assert await turns(stored(tmp_path / "a.db", hands, per_day=10), 10) == [0] * 10
    assert await stored(tmp_path / "a.db", hands, per_day=10).turn(0) is None


async def test_without_its_store_a_source_is_asked_all_the_same(tmp_path, hands):
    store = open_store(tmp_path / "a.db")
    quota = StoreQuota("crm", store, hands, per_s=1, per_day=1)
    store.run("DROP TABLE source_quota")
    assert await turns(quota, 3) == [0, 0, 0]


async def test_spans_long_past_are_forgotten(tmp_path, hands):
    store = open_store(tmp_path / "a.db")
    quota = StoreQuota("crm", store, hands, per_s=1)
    for _ in range(5):
        await quota.turn(0)
        hands.advance(86_400)
    assert store.rows("SELECT count(*) FROM source_quota")[0][0] <= 3


async def test_a_call_without_a_turn_in_time_is_not_made(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", {f"c{n}": {"name": "Anna"} for n in range(9)}, max_batch=1)
    world.resolver = type(world.resolver)(
        world.catalog,
        world.sources,
        world.cache,
        world.overrides,
        world.clock,
        quotas={"crm": ProcessQuota(world.clock, per_s=4)},
    )
    profiles = await world.resolve([f"c{n}" for n in range(9)], deadline_s=0.5)
    assert [one.provenance["name"].cause for one in profiles.values()] == [None] * 4 + [Cause.ERROR] * 5
    assert len(crm.calls) == 4


async def test_a_campaign_waits_for_its_turns(make_world):
    world = make_world(CRM)
    world.holds("crm", {f"c{n}": {"name": "Anna"} for n in range(9)}, max_batch=1)
    world.resolver = type(world.resolver)(
        world.catalog,
        world.sources,
        world.cache,
        world.overrides,
        world.clock,
        quotas={"crm": ProcessQuota(world.clock, per_s=4)},
    )
    profiles = await world.resolve([f"c{n}" for n in range(9)], deadline_s=0.5, waits_for_slots=True)
    assert {one.provenance["name"].step for one in profiles.values()} == {LadderStep.LIVE}
    assert asyncio.get_running_loop().time() == pytest.approx(2)


@pytest.mark.parametrize("quota", ["per_s = 0", "per_day = -1", "per_minute = 3"])
def test_a_quota_that_is_none_is_refused(tmp_path, quota):
    (tmp_path / "livemerge.toml").write_text(HTTP.replace("QUOTA", quota))
    with pytest.raises(ConfigError, match="per_"):
        load_settings(tmp_path)
