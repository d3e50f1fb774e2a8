"""What can be answered without asking anybody, and until when."""

from datetime import timedelta
from pathlib import Path

import pytest

from livemerge.app import Livemerge
from livemerge.clock import FakeClock
from livemerge.plan import make_plan
from livemerge.values import LadderStep

TOML = """
[source.people]
kind = "table"
path = "people.csv"
key = "customer_id"

[source.cities]
kind = "table"
path = "cities.csv"
key = "name"
by = "city"

[field.first_name]
source = "people"
type = "text"
max_age = "60s"
stale_for = "1h"

[field.city]
source = "people"
type = "text"
max_age = "30s"

[field.country]
source = "cities"
type = "text"
max_age = "10s"

[field.points]
source = "people"
type = "integer"
max_age = "0s"
"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def project(tmp_path: Path, clock: FakeClock) -> Livemerge:
    (tmp_path / "livemerge.toml").write_text(TOML)
    (tmp_path / "people.csv").write_text("customer_id,first_name,city,points\nc-1,Ann,Ghent,3\n")
    (tmp_path / "cities.csv").write_text("name,country\nGhent,Belgium\n")
    return Livemerge.open(tmp_path, clock=clock)


async def asked(project: Livemerge, *names: str) -> None:
    await project.resolver.resolve(make_plan(project.catalog, names), ["c-1"], deadline_s=1.0)


async def test_nothing_is_found_before_somebody_asked(project: Livemerge) -> None:
    plan = make_plan(project.catalog, ["first_name"])
    assert project.glances.find(plan, "c-1") is None
    await asked(project, "first_name")
    assert project.glances.find(plan, "c-1") is not None
    assert project.glances.find(plan, "c-2") is None


async def test_a_glance_finds_what_resolving_gives(project: Livemerge) -> None:
    plan = make_plan(project.catalog, ["first_name", "country"])
    await asked(project, "first_name", "country")
    glance = project.glances.find(plan, "c-1")
    resolved = (await project.resolver.resolve(plan, ["c-1"], deadline_s=1.0))["c-1"]
    assert glance is not None
    assert (glance.profile.values, glance.profile.provenance) == (resolved.values, resolved.provenance)
    assert glance.profile.is_found
    assert glance.profile.provenance["country"].step is LadderStep.CACHED


async def test_a_field_that_is_always_live_is_never_found(project: Livemerge) -> None:
    await asked(project, "points", "first_name")
    assert project.glances.find(make_plan(project.catalog, ["points", "first_name"]), "c-1") is None


async def test_it_holds_until_its_first_value_is_too_old(project: Livemerge, clock: FakeClock) -> None:
    await asked(project, "first_name", "city")
    glance = project.glances.find(make_plan(project.catalog, ["first_name", "city"]), "c-1")
    assert glance is not None
    assert project.glances.holds(glance, clock.now() + timedelta(seconds=30), project.glances.pins())
    assert not project.glances.holds(glance, clock.now() + timedelta(seconds=30.001), project.glances.pins())


async def test_it_holds_no_longer_when_a_source_said_something_new(project: Livemerge, clock: FakeClock) -> None:
    await asked(project, "first_name")
    glance = project.glances.find(make_plan(project.catalog, ["first_name"]), "c-1")
    assert glance is not None
    clock.advance(31)
    await asked(project, "city")  # the row of the same source is another one now
    assert not project.glances.holds(glance, clock.now(), project.glances.pins())


async def test_a_pinned_value_counts_at_once_here_and_within_a_second_elsewhere(
    project: Livemerge, clock: FakeClock, tmp_path: Path
) -> None:
    plan = make_plan(project.catalog, ["first_name"])
    await asked(project, "first_name")
    glance = project.glances.find(plan, "c-1")
    assert glance is not None
    project.overrides.set("c-1", "first_name", "Anna", author="me", reason="she asked", ends_at=None)
    assert not project.glances.holds(glance, clock.now(), project.glances.pins())
    pinned = project.glances.find(plan, "c-1")
    assert pinned is not None
    assert pinned.profile.values["first_name"] == "Anna"

    elsewhere = Livemerge.open(tmp_path, clock=clock)
    elsewhere.overrides.clear("c-1", "first_name")
    clock.advance(1.5)
    again = project.glances.find(plan, "c-1")
    assert again is not None
    assert again.profile.values["first_name"] == "Ann"


async def test_a_pin_ends_in_time(project: Livemerge, clock: FakeClock) -> None:
    plan = make_plan(project.catalog, ["first_name"])
    await asked(project, "first_name")
    ends_at = clock.now() + timedelta(seconds=0.5)
    project.overrides.set("c-1", "first_name", "Anna", author="me", reason="a test", ends_at=ends_at)
    glance = project.glances.find(plan, "c-1")
    clock.advance(0.6)
    assert glance is not None
    assert not project.glances.holds(glance, clock.now(), project.glances.pins())
