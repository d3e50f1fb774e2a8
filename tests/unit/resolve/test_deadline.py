"""One deadline for the whole message, retries within it, and sources that misbehave. Times are exact: see conftest."""

from __future__ import annotations

import asyncio
import gc

import pytest
from structlog.testing import capture_logs

from livemerge.errors import SourceError
from livemerge.observe.figures import SourceFigures
from livemerge.resolve import Cache, Fault
from livemerge.resolve.ask import Asking, Patience, ask
from livemerge.resolve.health import Health
from livemerge.resolve.margin import MOST_OF_DEADLINE, MOST_S, WINDOW_S, Margin
from livemerge.values import Answer, Cause, LadderStep

TWO_WAVES = """
[source.web]
kind = "table"
path = "web.csv"
key = "id"
timeout_ms = 10000

[source.catalogue]
kind = "table"
path = "products.csv"
key = "id"
by = "last_viewed"
timeout_ms = 10000

[source.crm]
kind = "table"
path = "crm.csv"
key = "id"
timeout_ms = 10000

[field.last_viewed]
source = "web"
type = "text"

[field.product]
source = "catalogue"
path = "name"
type = "text"

[field.name]
source = "crm"
type = "text"
max_age = "1h"
stale_for = "1d"
"""

RETRYING = TWO_WAVES.replace('path = "crm.csv"', 'path = "crm.csv"\nretries = 3').replace("10000", "200")
BUSY = SourceError("answered 503", retryable=True)


def now_s() -> float:
    return asyncio.get_running_loop().time()


class Moody:
    """Plays its script call by call: an error to raise, or None to answer. Notes when it was asked."""

    name, max_batch, connections = "crm", 100, 10

    def __init__(self, *script):
        self.script = list(script)
        self.asked_at_s = []

    async def fetch(self, keys, fields):
        self.asked_at_s.append(now_s())
        mood = self.script.pop(0) if self.script else None
        if mood is not None:
            raise mood
        return Answer({key: {"name": "Anna"} for key in keys})

    async def close(self):
        """Nothing is held open."""


class Refusing:
    """Refuses each call."""

    name, max_batch, connections = "crm", 1, 1

    async def fetch(self, keys, fields):
        raise SourceError("broken", retryable=False)

    async def close(self):
        """Nothing is held open."""


def with_crm(world, source, jitter=lambda: 1.0):
    world.sources["crm"] = source
    world.resolver = world.make_resolver(jitter)
    return source


def cause(profile, name):
    return profile.provenance[name].cause


# -- the deadline ----------------------------------------------------------------------------------------------


async def test_a_late_source_yields_the_fallback_exactly_at_the_deadline(make_world):
    world = make_world(TWO_WAVES)
    world.holds("crm", {"c1": {"name": "Anna"}}, delay_s=60)
    profile = await world.one("c1", ["name"], deadline_s=0.15)
    assert (now_s(), cause(profile, "name")) == (pytest.approx(0.15), Cause.LATE)
    assert profile.spent_s == pytest.approx(0.15)


async def test_one_late_source_costs_only_its_own_fields(make_world):
    world = make_world(TWO_WAVES)
    world.holds("crm", {"c1": {"name": "Anna"}}, delay_s=60)
    world.holds("web", {"c1": {"last_viewed": "p1"}})
    profile = await world.one("c1", ["name", "last_viewed"], deadline_s=0.15)
    assert (cause(profile, "name"), profile.values["last_viewed"]) == (Cause.LATE, "p1")


async def test_the_deadline_spans_all_waves(make_world):
    world = make_world(TWO_WAVES)
    world.holds("web", {"c1": {"last_viewed": "p1"}}, delay_s=0.1)
    world.holds("catalogue", {"p1": {"name": "Kettle"}}, delay_s=0.1)
    profile = await world.one("c1", ["product"], deadline_s=0.15)
    assert (now_s(), cause(profile, "product")) == (pytest.approx(0.15), Cause.LATE)
    assert profile.values["last_viewed"] == "p1"
    assert (await world.one("c1", ["product"], deadline_s=0.25)).values["product"] == "Kettle"


async def test_steps_of_a_wave_run_side_by_side(make_world):
    world = make_world(TWO_WAVES)
    world.holds("crm", {"c1": {"name": "Anna"}}, delay_s=0.1)
    world.holds("web", {"c1": {"last_viewed": "p1"}}, delay_s=0.1)
    profile = await world.one("c1", ["name", "last_viewed"], deadline_s=0.15)
    assert (now_s(), profile.values) == (pytest.approx(0.1), {"name": "Anna", "last_viewed": "p1"})


async def test_the_deadline_of_an_api_call_counts_the_wait_for_a_slot(make_world):
    world = make_world(TWO_WAVES)
    world.holds("crm", {f"c{n}": {"name": "Anna"} for n in range(4)}, delay_s=0.1, max_batch=1, connections=1)
    profiles = await world.resolve([f"c{n}" for n in range(4)], ["name"], deadline_s=0.25)
    assert now_s() == pytest.approx(0.25)
    assert [cause(profile, "name") for profile in profiles.values()] == [None, None, Cause.LATE, Cause.LATE]
    assert "slot" in profiles["c3"].provenance["name"].detail


async def test_in_a_campaign_no_healthy_source_yields_a_fallback_because_others_were_in_front(make_world):
    world = make_world(TWO_WAVES)
    world.holds("crm", {f"c{n}": {"name": "Anna"} for n in range(300)}, delay_s=0.1, max_batch=1, connections=3)
    keys = [f"c{n}" for n in range(300)]
    profiles = await world.resolve(keys, ["name"], deadline_s=0.15, waits_for_slots=True)
    assert {profile.provenance["name"].step for profile in profiles.values()} == {LadderStep.LIVE}
    assert {round(profile.spent_s, 6) for profile in profiles.values()} == {0.1}
    assert now_s() == pytest.approx(10.0)


async def test_in_a_campaign_each_customers_time_adds_up_over_the_waves(make_world):
    world = make_world(TWO_WAVES)
    world.holds(
        "web", {"c1": {"last_viewed": "p1"}, "c2": {"last_viewed": "p2"}}, delay_s=0.1, max_batch=1, connections=1
    )
    world.holds("catalogue", {"p1": {"name": "Kettle"}, "p2": {"name": "Pot"}}, delay_s=0.1)
    profiles = await world.resolve(["c1", "c2"], ["product"], deadline_s=0.25, waits_for_slots=True)
    assert [profile.values["product"] for profile in profiles.values()] == ["Kettle", "Pot"]
    assert [profile.spent_s for profile in profiles.values()] == [pytest.approx(0.2)] * 2
    profiles = await world.resolve(["c1", "c2"], ["product"], deadline_s=0.15, waits_for_slots=True)
    assert [cause(profile, "product") for profile in profiles.values()] == [Cause.LATE] * 2
    assert [profile.spent_s for profile in profiles.values()] == [pytest.approx(0.15)] * 2


async def test_in_a_campaign_too_a_hung_source_ends_at_the_deadline(make_world):
    world = make_world(TWO_WAVES)
    world.holds("crm", {}, delay_s=1e6)
    profiles = await world.resolve([f"c{n}" for n in range(600)], ["name"], deadline_s=2, waits_for_slots=True)
    assert {cause(profile, "name") for profile in profiles.values()} == {Cause.LATE}
    assert now_s() == pytest.approx(2)


@pytest.mark.parametrize("keys", [["c1", "c2"], ["c2", "c1"]])
async def test_an_answer_that_came_too_late_for_one_is_still_right_for_the_patient(make_world, keys):
    """c1 spent most of its time in the first wave; c2 pinned that field and has all of it left."""
    world = make_world(TWO_WAVES)
    world.overrides.set("c2", "last_viewed", "p1", author="kim", reason="test", ends_at=None)
    world.holds("web", {"c1": {"last_viewed": "p1"}}, delay_s=0.2)
    world.holds("catalogue", {"p1": {"name": "Kettle"}}, delay_s=0.2)
    profiles = await world.resolve(keys, ["product"], deadline_s=0.3, waits_for_slots=True)
    assert (cause(profiles["c1"], "product"), profiles["c2"].values["product"]) == (Cause.LATE, "Kettle")


# -- retries ---------------------------------------------------------------------------------------------------


async def test_retries_wait_twice_as_long_each_time(make_world):
    world = make_world(RETRYING)
    crm = with_crm(world, Moody(BUSY, BUSY, BUSY))
    profile = await world.one("c1", ["name"])
    assert profile.values["name"] == "Anna"
    assert crm.asked_at_s == pytest.approx([0, 0.05, 0.15, 0.35])
    figures = world.figures.sources["crm"]
    assert (figures.calls, figures.retries, figures.errors) == (4, 3, {"answered 503": 3})


async def test_jitter_shortens_the_wait(make_world):
    world = make_world(RETRYING)
    crm = with_crm(world, Moody(BUSY, BUSY), jitter=lambda: 0.5)
    await world.one("c1", ["name"])
    assert crm.asked_at_s == pytest.approx([0, 0.025, 0.075])


async def test_the_source_gives_up_after_its_declared_retries(make_world):
    world = make_world(RETRYING)
    crm = with_crm(world, Moody(*[BUSY] * 9))
    profile = await world.one("c1", ["name"], deadline_s=60)
    assert (len(crm.asked_at_s), cause(profile, "name")) == (4, Cause.ERROR)
    assert profile.provenance["name"].detail == "answered 503"


async def test_retry_after_is_respected(make_world):
    world = make_world(RETRYING)
    crm = with_crm(world, Moody(SourceError("answered 429", retryable=True, retry_after_s=0.7)))
    assert (await world.one("c1", ["name"])).values["name"] == "Anna"
    assert crm.asked_at_s == pytest.approx([0, 0.7])


async def test_a_retry_after_longer_than_what_is_left_gives_up_at_once(make_world):
    world = make_world(RETRYING)
    crm = with_crm(world, Moody(SourceError("answered 429", retryable=True, retry_after_s=1.5)))
    profile = await world.one("c1", ["name"], deadline_s=1)
    assert (now_s(), len(crm.asked_at_s), cause(profile, "name")) == (0, 1, Cause.ERROR)


async def test_what_asking_again_cannot_mend_is_not_asked_again(make_world):
    world = make_world(RETRYING)
    crm = with_crm(world, Moody(SourceError("answered 401", retryable=False)))
    profile = await world.one("c1", ["name"])
    assert (len(crm.asked_at_s), cause(profile, "name")) == (1, Cause.ERROR)


async def test_a_slow_attempt_ends_at_the_sources_own_timeout_and_is_tried_again(make_world):
    world = make_world(RETRYING)
    world.holds("crm", {"c1": {"name": "Anna"}}, delay_s=0.3)
    profile = await world.one("c1", ["name"], deadline_s=5)
    assert (cause(profile, "name"), profile.provenance["name"].detail) == (Cause.LATE, "no answer within 200 ms")
    assert now_s() == pytest.approx(4 * 0.2 + 0.05 + 0.1 + 0.2)
    assert world.figures.sources["crm"].errors == {"late": 4}


async def test_retries_never_outlive_the_deadline(make_world):
    world = make_world(RETRYING)
    with_crm(world, Moody(*[BUSY] * 9))
    await world.one("c1", ["name"], deadline_s=0.1)
    assert now_s() <= 0.1


# -- sources that break their promises -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [KeyError("anna@shop.example"), RuntimeError("x"), AttributeError("y"), RecursionError()]
)
async def test_an_exception_no_source_may_raise_is_an_error_of_that_source_alone(make_world, error):
    world = make_world(TWO_WAVES)
    with_crm(world, Moody(error))
    world.holds("web", {"c1": {"last_viewed": "p1"}})
    with capture_logs() as logs:
        profile = await world.one("c1", ["name", "last_viewed"])
    assert profile.values["last_viewed"] == "p1"
    assert (cause(profile, "name"), profile.provenance["name"].detail) == (
        Cause.ERROR,
        f"failed with {type(error).__name__}",
    )
    (entry,) = logs
    assert (entry["source"], entry["error"], entry["log_level"]) == ("crm", type(error).__name__, "error")
    assert entry["at"].startswith("test_deadline.py:")
    assert "anna" not in str(logs)


class Nonsense(Moody):
    """Answers with what is no answer, or rows that are no rows."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    async def fetch(self, keys, fields):
        return self.answer


@pytest.mark.parametrize("answer", [None, {"c1": {"name": "Anna"}}, Answer({"c1": "Anna"}), Answer({"c1": ["Anna"]})])
async def test_what_is_no_answer_or_no_row_is_an_error(make_world, answer):
    world = make_world(TWO_WAVES)
    with_crm(world, Nonsense(answer))
    assert cause(await world.one("c1", ["name"]), "name") is Cause.ERROR


class Stubborn(Moody):
    """Does not let itself be cancelled: cleaning up takes it ten seconds."""

    has_ended = False

    async def fetch(self, keys, fields):
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            await asyncio.sleep(10)
            self.has_ended = True
            raise ValueError("nobody reads this") from None
        raise AssertionError


async def test_a_source_that_ignores_its_end_is_left_behind(make_world):
    world = make_world(TWO_WAVES)
    crm = with_crm(world, Stubborn())
    profile = await world.one("c1", ["name"], deadline_s=0.15)
    assert (now_s(), cause(profile, "name"), crm.has_ended) == (pytest.approx(0.15), Cause.LATE, False)
    await asyncio.sleep(20)
    assert crm.has_ended


class SelfCancelling(Moody):
    async def fetch(self, keys, fields):
        raise asyncio.CancelledError


async def test_a_source_that_cancels_itself_cancels_nobody_else(make_world):
    world = make_world(TWO_WAVES)
    with_crm(world, SelfCancelling())
    assert cause(await world.one("c1", ["name"]), "name") is Cause.ERROR


async def test_cancelling_a_resolve_ends_it_and_its_calls_at_once(make_world):
    world = make_world(TWO_WAVES)
    ended = asyncio.Event()

    class Waiting(Moody):
        async def fetch(self, keys, fields):
            try:
                await asyncio.sleep(100)
            finally:
                ended.set()

    with_crm(world, Waiting())
    resolving = asyncio.create_task(world.one("c1", ["name"], deadline_s=50))
    await asyncio.sleep(0.1)
    resolving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await resolving
    await asyncio.wait_for(ended.wait(), 30)
    assert now_s() == pytest.approx(0.1)
    with_crm(world, Moody())
    assert (await world.one("c1", ["name"])).values["name"] == "Anna"  # its slot came back


async def test_slots_come_back_after_every_kind_of_end(make_world):
    world = make_world(TWO_WAVES)
    crm = with_crm(world, Moody(BUSY, RuntimeError("x"), SourceError("no", retryable=False)))
    crm.connections = 1
    world.resolver = world.make_resolver()
    for _ in range(3):
        await world.one("c1", ["name"])
    assert (await world.one("c1", ["name"])).values["name"] == "Anna"


# -- faults to pretend -----------------------------------------------------------------------------------------


async def test_a_source_switched_off_for_a_preview_is_not_called(make_world):
    world = make_world(TWO_WAVES)
    world.holds("crm", {"c1": {"name": "Anna"}})
    profile = await world.one("c1", ["name"], faults={"crm": Fault(is_down=True)})
    assert (cause(profile, "name"), len(world.sources["crm"].calls)) == (Cause.ERROR, 0)


async def test_a_source_slowed_down_for_a_preview_answers_later(make_world):
    world = make_world(TWO_WAVES)
    world.holds("crm", {"c1": {"name": "Anna"}})
    assert (await world.one("c1", ["name"], faults={"crm": Fault(delay_s=0.5)})).values["name"] == "Anna"
    assert now_s() == pytest.approx(0.5)
    world.passes(7200)
    late = await world.one("c1", ["name"], faults={"crm": Fault(delay_s=5)}, deadline_s=1)
    assert late.provenance["name"].step is LadderStep.STALE


class SlowTier:
    """A shared tier that answers nothing, and takes its time."""

    def __init__(self, clock, delay_s):
        self.clock, self.delay_s = clock, delay_s

    async def read(self, places):
        await self.clock.sleep(self.delay_s)
        return {}

    async def write(self, rows):
        """Keeps nothing."""

    async def close(self):
        """Holds nothing."""


KEPT = "".join(
    f'[source.s{number}]\nkind = "table"\npath = "x.csv"\nkey = "id"\n'
    f'[field.f{number}]\nsource = "s{number}"\ntype = "text"\nmax_age = "1h"\n'
    for number in range(4)
)


@pytest.mark.parametrize(("deadline_s", "ends_at_s"), [(1.0, 0.12), (0.01, 0.01)])
async def test_a_slow_shared_tier_is_waited_for_once_and_not_past_the_deadline(make_world, deadline_s, ends_at_s):
    world = make_world(KEPT)
    world.cache = Cache(world.catalog, world.clock, None, shared=SlowTier(world.clock, 0.02))
    for number in range(4):
        world.holds(f"s{number}", {"c1": {f"f{number}": "x"}}, delay_s=0.1)
    await world.one("c1", deadline_s=deadline_s)
    assert asyncio.get_running_loop().time() == pytest.approx(ends_at_s)


class Breaking:
    """Fails when it is told to."""

    name, max_batch, connections = "crm", 1, 1

    def __init__(self):
        self.told = asyncio.Event()

    async def fetch(self, keys, fields):
        await self.told.wait()
        raise SourceError("answered 500", retryable=False)

    async def close(self):
        """Holds nothing."""


@pytest.mark.parametrize("turns", range(4))
async def test_an_asker_that_goes_while_the_source_fails_leaves_no_error_that_nobody_looked_at(clock, turns):
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context["message"]))
    source = Breaking()
    asking = Asking(source, clock, lambda: 1.0, Health("crm"))
    asker = asyncio.create_task(
        ask(asking, ["c1"], [], patience=Patience(1.0, 0), left_s=lambda: 1.0, figures=SourceFigures)
    )
    await asyncio.sleep(0.01)
    source.told.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    asker.cancel()
    await asyncio.gather(asker, return_exceptions=True)
    await asyncio.sleep(0.01)
    del asker
    gc.collect()
    assert complaints == []


# -- a process that has much to do -----------------------------------------------------------------------------


async def test_where_profiles_took_their_time_the_next_ones_wait_less_and_are_there_at_the_deadline(make_world):
    world = make_world(TWO_WAVES)
    world.holds("crm", {"c1": {"name": "Anna"}}, delay_s=60)
    make_profiles, took_s = world.resolver._finish, []

    def finish_slowly(*given):
        world.passes(0.01)
        make_profiles(*given)

    world.resolver._finish = finish_slowly
    for _ in range(2):
        started_s = world.clock.monotonic_s()
        await world.one("c1", ["name"], deadline_s=0.15)
        took_s.append(world.clock.monotonic_s() - started_s)
    assert took_s == [pytest.approx(0.16), pytest.approx(0.15)]
    started_s = world.clock.monotonic_s()
    await world.one("c1", ["name"], deadline_s=0.01)
    assert world.clock.monotonic_s() - started_s == pytest.approx(0.01 * (1 - MOST_OF_DEADLINE) + 0.01)


def test_a_margin_is_the_longest_of_late_has_bounds_and_is_forgotten():
    margin = Margin()
    margin.took(0.004, 100.0)
    margin.took(0.002, 101.0)
    assert margin.of(1.0, 102.0) == 0.004
    assert margin.of(0.01, 102.0) == 0.01 * MOST_OF_DEADLINE
    assert margin.of(1.0, 100.0 + WINDOW_S) == 0.004
    assert margin.of(1.0, 100.0 + 2 * WINDOW_S) == 0.0
    margin.took(0.5, 200.0)
    assert margin.of(1.0, 200.0) == MOST_S


@pytest.mark.parametrize("mood", ["answers", "refuses", "hangs"])
async def test_what_a_resolve_leaves_goes_without_the_collector(make_world, mood):
    """Thousands a second leave as much, and while the collector takes it away nobody is answered."""
    world = make_world(TWO_WAVES.replace('max_age = "1h"\nstale_for = "1d"\n', ""))
    world.holds("crm", {}, delay_s=60 if mood == "hangs" else 0)
    if mood == "refuses":
        with_crm(world, Refusing())
    await world.one("c0", ["name"], deadline_s=0.15)
    await asyncio.sleep(1)  # of the loop's own time, which jumps: all that was under way has ended
    gc.collect()
    gc.disable()
    try:
        await world.one("c1", ["name"], deadline_s=0.15)
        await asyncio.sleep(1)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = [one for one in gc.garbage if type(one).__module__.startswith("livemerge") or type(one) is asyncio.Task]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []
