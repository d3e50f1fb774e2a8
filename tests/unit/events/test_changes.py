"""Who changed, as one process tells it and others read it."""

from __future__ import annotations

from pathlib import Path

from livemerge.clock import FakeClock
from livemerge.events import EVERY_SOURCE, EVERYBODY, Change, Changes
from livemerge.events.changes import MOST_APART, MOST_READ
from livemerge.store import open_store


def changes(place: Path, clock: FakeClock) -> Changes:
    return Changes(open_store(place / "livemerge.db"), clock, keep_s=3600)


def test_what_one_process_tells_another_reads_also_one_that_begins_later(tmp_path: Path) -> None:
    clock = FakeClock()
    teller, reader = changes(tmp_path, clock), changes(tmp_path, clock)
    reader.look()
    teller.tell(["web"], ["c1"])
    told = Change("web", "c1", clock.now())
    assert list(reader.look()) == [told]
    clock.advance(3000)
    assert list(changes(tmp_path, clock).look()) == [told]
    assert list(reader.look()) == [told]  # its last look was before
    assert list(reader.look()) == []


def test_the_teller_heeds_at_once(tmp_path: Path) -> None:
    clock = FakeClock()
    teller = changes(tmp_path, clock)
    teller.tell(["web"], ["c1"])
    assert list(teller.told_here()) == [Change("web", "c1", clock.now())]
    assert list(teller.told_here()) == []


def test_many_at_once_are_everybody(tmp_path: Path) -> None:
    clock = FakeClock()
    teller = changes(tmp_path, clock)
    teller.tell(["web"], [f"c{number}" for number in range(MOST_APART + 1)])
    assert list(teller.look()) == [Change("web", EVERYBODY, clock.now())]


def test_more_than_are_read_are_every_sources_everybody(tmp_path: Path) -> None:
    clock = FakeClock()
    teller = changes(tmp_path, clock)
    for start in range(0, MOST_READ, MOST_APART):
        teller.tell(["web"], [f"c{start + number}" for number in range(MOST_APART)])
    assert Change(EVERY_SOURCE, EVERYBODY, clock.now()) in teller.look()


def test_a_change_is_forgotten_when_nothing_from_before_can_be_remembered(tmp_path: Path) -> None:
    clock = FakeClock()
    teller = changes(tmp_path, clock)
    teller.tell(["web"], ["c1"])
    clock.advance(3700)
    teller.tell(["web"], ["c2"])
    assert [one.key for one in changes(tmp_path, clock).look()] == ["c2"]


def test_a_clock_that_went_back_hides_no_change(tmp_path: Path) -> None:
    clock = FakeClock()
    teller, reader = changes(tmp_path, clock), changes(tmp_path, clock)
    reader.look()
    clock.advance(-600)
    teller.tell(["web"], ["c1"])
    assert [one.key for one in reader.look()] == ["c1"]
