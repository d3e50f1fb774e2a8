"""An event about a customer: what every process remembers of them from before counts no more."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from livemerge import Livemerge
from livemerge.clock import FakeClock
from livemerge.events import EVERYBODY, Change, Event
from livemerge.plan import make_plan
from livemerge.resolve.changed import SETTLES, Changed
from livemerge.resolve.ladder import Known
from livemerge.resolve.row_codec import Remembered

PROJECT = """
[source.web]
kind = "events"

[field.last_viewed]
source = "web"
latest = "viewed.product"
type = "text"
max_age = "1h"
stale_for = "1d"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "livemerge.toml").write_text(PROJECT)
    return tmp_path


def viewed(customer: str, product: str, clock: FakeClock) -> Event:
    return Event(customer, "viewed", clock.now(), {"product": product}, "")


async def last_viewed(project: Livemerge, customer: str = "c1") -> Any:
    return (await project.profile(customer, deadline_s=5)).values["last_viewed"]


async def test_who_did_something_is_asked_for_anew_at_once(folder: Path) -> None:
    clock = FakeClock()
    async with Livemerge.open(folder, clock=clock) as project:
        for product in ("shoes", "socks"):
            project.events.add([viewed("c1", product, clock)])
            assert await last_viewed(project) == product
            clock.advance(1)


async def test_every_process_heeds_it_within_a_second_and_a_new_one_at_once(folder: Path) -> None:
    clock = FakeClock()
    async with Livemerge.open(folder, clock=clock) as here, Livemerge.open(folder, clock=clock) as there:
        here.events.add([viewed("c1", "shoes", clock), viewed("c2", "shoes", clock)])
        assert await last_viewed(there) == "shoes"
        clock.advance(60)
        assert await last_viewed(there) == "shoes"
        here.events.add([viewed("c1", "socks", clock)])
        async with Livemerge.open(folder, clock=clock) as late:
            assert await last_viewed(late) == "socks"
        clock.advance(1.1)
        await last_viewed(there, "c2")  # any resolve looks, behind the answer
        assert await last_viewed(there) == "socks"


async def test_a_glance_does_not_hold_after_an_event(folder: Path) -> None:
    clock = FakeClock()
    async with Livemerge.open(folder, clock=clock) as project:
        project.events.add([viewed("c1", "shoes", clock)])
        await last_viewed(project)
        glance = project.glances.find(make_plan(project.catalog, ["last_viewed"]), "c1")
        assert glance is not None
        assert project.glances.holds(glance, clock.now(), project.glances.pins())
        clock.advance(60)
        project.events.add([viewed("c1", "socks", clock)])
        await last_viewed(project, "c2")
        assert not project.glances.holds(glance, clock.now(), project.glances.pins())


async def test_an_event_that_was_known_changes_nobody(folder: Path) -> None:
    clock = FakeClock()
    async with Livemerge.open(folder, clock=clock) as project:
        known = Event("c1", "viewed", clock.now(), {"product": "shoes"}, "m-1")
        project.events.add([known])
        project.changes.told_here()
        project.events.add([known])
        assert list(project.changes.told_here()) == []


def row(at: datetime) -> Remembered:
    return Remembered({"name": Known("x", at, at)}, has_row=True, expires_at=at)


def test_changes_beyond_the_bound_are_taken_for_everybodys() -> None:
    changed, at = Changed(max_apart=2), FakeClock().now()
    for number in range(3):
        changed.add(Change("web", f"c{number}", at + timedelta(seconds=number * 10)))
    assert changed.since("web", "c9", row(at))
    assert not changed.since("web", "c9", row(at + SETTLES))
    assert changed.since("web", "c2", row(at + SETTLES))
    assert not changed.since("crm", "c2", row(at))


def test_the_same_change_is_news_once() -> None:
    changed, at = Changed(), FakeClock().now()
    for key in ("c1", EVERYBODY):
        assert changed.add(Change("web", key, at))
        assert not changed.add(Change("web", key, at))
        assert changed.add(Change("web", key, at + timedelta(seconds=1)))
