"""The machine's clock goes back: what was learned before counts as known, but never as fresh."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from livemerge import config
from livemerge.catalog import load_catalog
from livemerge.clock import FakeClock
from livemerge.plan import make_plan
from livemerge.resolve import Cache, Glances, Overrides
from livemerge.resolve.ladder import CLOCK_STEP_S, Failure, Known, choose, is_fresh
from livemerge.store import open_store
from livemerge.values import Cause, LadderStep

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TABLE = config.TableSource(path="people.csv", key="id")
NAME = config.Field(source="people", type="text", max_age="1m", stale_for="1h", fallback="there")
CATALOG = load_catalog(config.Settings(root=Path(), source={"people": TABLE}, field={"name": NAME}))


@pytest.mark.parametrize(
    ("ahead_s", "fresh"), [(0, True), (CLOCK_STEP_S, True), (CLOCK_STEP_S + 1, False), (3600, False), (-60, True)]
)
def test_a_value_from_the_future_is_not_fresh(ahead_s: float, fresh: bool) -> None:
    moment = NOW + timedelta(seconds=ahead_s)
    assert is_fresh(CATALOG.fields["name"], Known("Anna", moment, moment), NOW) is fresh


def test_a_value_from_the_future_still_stands_in_for_a_source_that_gives_none() -> None:
    moment = NOW + timedelta(hours=1)
    late = Failure(Cause.LATE)
    value, origin = choose(CATALOG.fields["name"], late, Known("Anna", moment, moment), NOW)
    assert (value, origin.step) == ("Anna", LadderStep.STALE)


def test_a_profile_found_before_does_not_hold_after_the_clock_went_back(tmp_path: Path) -> None:
    clock, store = FakeClock(NOW), open_store(tmp_path / "livemerge.db")
    cache = Cache(CATALOG, clock, store)
    glances = Glances(CATALOG, cache, Overrides(CATALOG, clock, store), clock)
    cache.put_many("people", {"c": ({"name": Known("Anna", NOW, NOW)}, True)})
    plan = make_plan(CATALOG, ["name"])
    glance = glances.find(plan, "c")
    assert glance is not None
    assert glances.holds(glance, NOW, glances.pins())
    assert not glances.holds(glance, NOW - timedelta(hours=1), glances.pins())
    clock.advance(-3600)
    assert glances.find(plan, "c") is None
    store.close()
