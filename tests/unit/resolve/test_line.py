"""Calls of many askers: joined, gathered, let end for the cache, and not made to a source that is sick."""

from __future__ import annotations

import asyncio

import pytest

from livemerge.errors import SourceError
from livemerge.events import Change
from livemerge.resolve import Cache
from livemerge.resolve.breaker import FAILURES_TO_OPEN, FIRST_PAUSE_S
from livemerge.values import Answer, Cause, LadderStep

CRM = """
[source.crm]
kind = "table"
path = "crm.csv"
key = "id"
timeout_ms = 1000

[field.name]
source = "crm"
type = "text"
max_age = "1h"
stale_for = "1d"

[field.points]
source = "crm"
type = "integer"
"""
ROWS = {f"c{number}": {"name": f"n{number}", "points": number} for number in range(600)}
DOWN = SourceError("answered 503", retryable=False)


def steps(profile):
    return profile.provenance["name"].step


# -- joined and gathered ---------------------------------------------------------------------------------------


async def test_many_who_wait_for_one_customer_share_one_call(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, delay_s=0.1, max_batch=1)
    waiting = []
    for _ in range(30):
        waiting.append(asyncio.create_task(world.one("c1", ["name"])))
        await asyncio.sleep(0.003)
    assert {(await one).values["name"] for one in waiting} == {"n1"}
    assert list(crm.calls) == [("c1",)]


async def test_what_must_be_asked_anew_joins_only_a_call_of_the_same_moment(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, delay_s=0.1)
    first = asyncio.create_task(world.one("c1", ["points"]))
    await asyncio.sleep(0.05)
    crm.rows["c1"] = {"points": 99}
    assert (await world.one("c1", ["points"])).values["points"] == 99
    assert len(crm.calls) == 2
    await first


async def test_requests_of_one_moment_go_out_as_one_batch(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, delay_s=0.05, max_batch=500)
    profiles = await asyncio.gather(*(world.one(f"c{number}", ["name"]) for number in range(500)))
    assert [profile.values["name"] for profile in profiles] == [f"n{number}" for number in range(500)]
    assert [len(call) for call in crm.calls] == [500]


async def test_while_a_call_is_under_way_the_next_ones_gather(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, delay_s=0.1, max_batch=500)
    waiting = []
    for number in range(5):
        waiting.append(asyncio.create_task(world.one(f"c{number}", ["name"])))
        await asyncio.sleep(0.0003)
    await asyncio.gather(*waiting)
    assert [len(call) for call in crm.calls] == [1, 4]


async def test_a_lonely_request_waits_for_nobody(make_world):
    world = make_world(CRM)
    world.holds("crm", ROWS, delay_s=0.1)
    await world.one("c1", ["name"])
    assert asyncio.get_running_loop().time() == pytest.approx(0.1)


async def test_a_large_request_does_not_stand_before_a_small_one(make_world):
    world = make_world(CRM)
    world.holds("crm", ROWS, delay_s=0.1, max_batch=1, connections=2)
    large = asyncio.create_task(world.resolve([f"c{number}" for number in range(100)], ["name"], deadline_s=20))
    await asyncio.sleep(0.01)
    profile = await world.one("c500", ["name"], deadline_s=0.35)
    assert steps(profile) is LadderStep.LIVE
    await large


# -- late calls ------------------------------------------------------------------------------------------------


async def test_a_late_call_goes_on_and_warms_the_cache(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, delay_s=0.4)
    assert (await world.one("c1", ["name"], deadline_s=0.15)).provenance["name"].cause is Cause.LATE
    await asyncio.sleep(0.5)
    profile = await world.one("c1", ["name"], deadline_s=0.15)
    assert (steps(profile), profile.values["name"], len(crm.calls)) == (LadderStep.CACHED, "n1", 1)


async def test_a_late_call_that_nothing_is_kept_of_ends_with_its_askers(make_world):
    world = make_world(CRM.replace('max_age = "1h"\nstale_for = "1d"\n', ""))
    ended = asyncio.Event()

    class Slow:
        name, max_batch, connections = "crm", 10, 10

        async def fetch(self, keys, fields):
            try:
                await asyncio.sleep(0.9)
            finally:
                ended.set()

    world.sources["crm"] = Slow()
    world.resolver = world.make_resolver()
    await world.one("c1", ["name"], deadline_s=0.15)
    await asyncio.sleep(0.01)
    assert ended.is_set()


async def test_late_calls_leave_half_of_the_slots_to_those_who_wait(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, delay_s=0.8, max_batch=1, connections=4)
    await world.resolve([f"c{number}" for number in range(4)], ["name"], deadline_s=0.1)
    crm.delay_s = 0.05
    profiles = await world.resolve(["c10", "c11"], ["name"], deadline_s=0.1)
    assert {steps(profile) for profile in profiles.values()} == {LadderStep.LIVE}


async def test_what_changed_meanwhile_is_not_remembered(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, delay_s=0.1)
    waiting = asyncio.create_task(world.one("c1", ["name"]))
    await asyncio.sleep(0.05)
    crm.rows["c1"] = {"name": "new"}
    world.resolver.forget([Change("crm", "c1", world.clock.now())])
    await waiting
    assert (await world.one("c1", ["name"])).values["name"] == "new"


# -- one bad key -----------------------------------------------------------------------------------------------


class Choosy:
    """Fails for every batch that holds a bad key."""

    name, max_batch, connections = "crm", 500, 10

    def __init__(self, bad):
        self.bad, self.calls = bad, []

    async def fetch(self, keys, fields):
        self.calls.append(tuple(keys))
        if self.bad & set(keys):
            raise DOWN
        return Answer({key: ROWS[key] for key in keys})


async def test_one_bad_key_is_not_everybodys_failure(make_world):
    world = make_world(CRM)
    crm = world.sources["crm"] = Choosy({"c77"})
    world.resolver = world.make_resolver()
    profiles = await world.resolve([f"c{number}" for number in range(500)], ["name"])
    assert {key for key, profile in profiles.items() if profile.provenance["name"].cause} == {"c77"}
    assert len(crm.calls) < 25


async def test_a_source_that_fails_as_a_whole_is_asked_for_two_halves_and_no_more(make_world):
    world = make_world(CRM)
    crm = world.sources["crm"] = Choosy(set(ROWS))
    world.resolver = world.make_resolver()
    await world.resolve([f"c{number}" for number in range(500)], ["name"])
    assert [len(call) for call in crm.calls] in ([500, 250, 250], [500])


# -- sick sources ----------------------------------------------------------------------------------------------


async def test_a_source_that_fails_again_and_again_is_left_alone_and_tried_again(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, error=DOWN)
    for number in range(FAILURES_TO_OPEN * 3):
        await world.one(f"c{number}", ["name"])
    assert len(crm.calls) == FAILURES_TO_OPEN
    profile = await world.one("c1", ["name"])
    assert (profile.provenance["name"].cause, "not asked" in profile.provenance["name"].detail) == (Cause.ERROR, True)
    crm.error = None
    world.passes(FIRST_PAUSE_S)
    assert steps(await world.one("c1", ["name"])) is LadderStep.LIVE
    assert steps(await world.one("c2", ["name"])) is LadderStep.LIVE


async def test_only_one_call_tries_a_source_that_was_left_alone(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, error=DOWN, max_batch=1)
    for number in range(FAILURES_TO_OPEN):
        await world.one(f"c{number}", ["name"])
    crm.error, crm.delay_s = None, 0.1
    world.passes(FIRST_PAUSE_S)
    profiles = await asyncio.gather(*(world.one(f"c{number}", ["name"]) for number in range(100, 120)))
    assert [steps(profile) for profile in profiles].count(LadderStep.LIVE) == 1


async def test_customers_without_a_row_are_no_failure(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", {})
    for number in range(FAILURES_TO_OPEN * 3):
        await world.one(f"c{number}", ["name"])
    assert len(crm.calls) == FAILURES_TO_OPEN * 3


async def test_in_a_campaign_a_sick_source_is_asked_all_the_same(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, error=DOWN, max_batch=1)
    await world.resolve([f"c{number}" for number in range(50)], ["name"], waits_for_slots=True)
    assert len(crm.calls) == 50


async def test_a_source_that_wished_for_a_pause_is_not_asked_before_it_is_over(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS, error=SourceError("answered 429", retryable=True, retry_after_s=5))
    await world.one("c1", ["name"])
    crm.error = None
    assert "pause" in (await world.one("c2", ["name"])).provenance["name"].detail
    world.passes(5)
    assert steps(await world.one("c2", ["name"])) is LadderStep.LIVE


async def test_retries_are_a_share_of_the_calls(make_world):
    world = make_world(CRM.replace("timeout_ms = 1000", "timeout_ms = 1000\nretries = 5"))
    crm = world.holds("crm", ROWS, max_batch=1, error=SourceError("answered 503", retryable=True))
    profiles = [asyncio.create_task(world.one(f"c{number}", ["name"], deadline_s=5)) for number in range(20)]
    await asyncio.gather(*profiles)
    assert 10 < len(crm.calls) <= 20 + 10 + 20 * 0.2


async def test_the_timeout_of_an_attempt_follows_what_the_source_usually_takes(make_world):
    world = make_world(CRM.replace("timeout_ms = 1000", "timeout_ms = 1000\nretries = 1"))
    crm = world.holds("crm", ROWS, delay_s=0.01, max_batch=1)
    for number in range(40):
        await world.one(f"c{number}", ["name"])
    health = world.resolver.health()["crm"]
    assert health.p99_s == pytest.approx(0.01)
    crm.delay_s = 60
    waiting = asyncio.create_task(world.one("c100", ["name"], deadline_s=0.15))
    await asyncio.sleep(0.03)
    crm.delay_s = 0.01
    assert steps(await waiting) is LadderStep.LIVE


# -- ahead of time ---------------------------------------------------------------------------------------------


async def test_what_will_soon_be_too_old_is_asked_for_ahead_when_it_is_used(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS)
    await world.one("c1", ["name"])
    world.passes(3000)
    crm.rows["c1"] = {"name": "new"}
    assert steps(await world.one("c1", ["name"])) is LadderStep.CACHED
    await asyncio.sleep(0.01)
    profile = await world.one("c1", ["name"])
    assert (profile.values["name"], len(crm.calls)) == ("new", 2)


async def test_what_nobody_uses_any_more_is_not_asked_for(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", ROWS)
    await world.one("c1", ["name"])
    world.passes(3000)
    await world.one("c2", ["name"])
    await asyncio.sleep(0.01)
    assert list(crm.calls) == [("c1",), ("c2",)]


# -- the plan's calls, no more ---------------------------------------------------------------------------------

SHOP = "".join(
    f"""
[source.s{number}]
kind = "table"
path = "x.csv"
key = "id"
[field.f{number}]
source = "s{number}"
type = "text"
"""
    for number in range(4)
)


async def test_500_customers_and_four_sources_cost_four_calls(make_world):
    world = make_world(SHOP)
    made = [world.holds(f"s{n}", {f"c{k}": {f"f{n}": f"v{k}"} for k in range(500)}, delay_s=0.02) for n in range(4)]
    profiles = await asyncio.gather(*(world.one(f"c{number}") for number in range(500)))
    assert profiles[499].values == {f"f{n}": "v499" for n in range(4)}
    assert [len(source.calls) for source in made] == [1, 1, 1, 1]


# -- what a source says of keeping -----------------------------------------------------------------------------


class Saying(Choosy):
    """Answers with its word on keeping."""

    def __init__(self, **word):
        super().__init__(set())
        self.word = word

    async def fetch(self, keys, fields):
        self.calls.append(tuple(keys))
        return Answer({key: ROWS[key] for key in keys}, **self.word)


def saying(world, **word):
    crm = world.sources["crm"] = Saying(**word)
    world.resolver = world.make_resolver()
    return crm


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_what_a_source_calls_fresh_for_a_shorter_time_is_asked_again_sooner(make_world, is_restarted):
    world = make_world(CRM)
    crm = saying(world, fresh_for_s=60.0)
    await world.one("c1", ["name"])
    if is_restarted:
        world.restart()
    world.passes(30)
    assert steps(await world.one("c1", ["name"])) is LadderStep.CACHED
    world.passes(31)
    assert steps(await world.one("c1", ["name"])) is LadderStep.LIVE
    assert len(crm.calls) == 2


@pytest.mark.parametrize("waits_for_slots", [False, True])
async def test_what_a_source_does_not_want_kept_is_not_kept(make_world, waits_for_slots):
    world = make_world(CRM)
    crm = saying(world, fresh_for_s=0.0, may_be_kept=False)
    assert steps(await world.one("c1", ["name"], waits_for_slots=waits_for_slots)) is LadderStep.LIVE
    assert world.cache.held("crm", "c1") is None
    assert steps(await world.one("c1", ["name"])) is LadderStep.LIVE
    assert len(crm.calls) == 2


RECOMMENDED = """
[source.taste]
kind = "table"
path = "taste.csv"
key = "id"

[source.catalogue]
kind = "table"
path = "products.csv"
key = "id"
by = "recommended[].product_id"

[field.recommended]
source = "taste"
type = "list"

[field.price]
source = "catalogue"
type = "money"
"""


async def test_500_customers_with_four_items_of_60_products_cost_one_call_to_the_catalogue(make_world):
    world = make_world(RECOMMENDED)
    tastes = {
        f"c{n}": {"recommended": [{"product_id": f"p{(n * 4 + item) % 60}"} for item in range(4)]} for n in range(500)
    }
    world.holds("taste", tastes, delay_s=0.02)
    products = world.holds("catalogue", {f"p{n}": {"price": n} for n in range(60)}, delay_s=0.02)
    profiles = await asyncio.gather(*(world.one(f"c{number}") for number in range(500)))
    assert [int(item["price"]) for item in profiles[3].values["recommended"]] == [12, 13, 14, 15]
    assert [len(call) for call in products.calls] == [60]


async def test_a_scan_of_unknown_ids_pushes_no_customer_out(make_world):
    world = make_world(CRM)
    world.cache = Cache(world.catalog, world.clock, None, max_rows=100)
    crm = world.holds("crm", {f"c{n}": {"name": "Anna"} for n in range(50)})
    await world.resolve([f"c{n}" for n in range(50)], ["name"])
    await world.resolve([f"nobody{n}" for n in range(1000)], ["name"])
    calls = len(crm.calls)
    profiles = await world.resolve([f"c{n}" for n in range(50)], ["name"])
    assert {steps(profile) for profile in profiles.values()} == {LadderStep.CACHED}
    assert len(crm.calls) == calls
    absent = await world.one("nobody999", ["name"])
    assert (absent.provenance["name"].cause, len(crm.calls)) == (Cause.ABSENT, calls)
