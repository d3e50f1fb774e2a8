"""Feeds are read once for all who wait, never past the deadline, and shown as they were while they cannot be read."""

import threading
from pathlib import Path

import pytest

from livemerge.catalog import DataExtension, Feed
from livemerge.clock import FakeClock
from livemerge.errors import SourceError
from livemerge.resolve.feeds import PAUSE_S, Feeds
from livemerge.sources.whole_table import WholeTable
from livemerge.values import LadderStep


class Database:
    """What a feed is read from: answers, fails, or does not answer until it is let."""

    def __init__(self) -> None:
        self.readings = 0
        self.fails = False
        self.may_answer = threading.Event()
        self.may_answer.set()

    def read(self, _rows: DataExtension) -> WholeTable:
        self.readings += 1
        if not self.may_answer.wait(10):
            raise AssertionError("nobody let it answer")
        if self.fails:
            raise SourceError("gone", retryable=True)
        return WholeTable(("Name", "price"), tuple((f"n{self.readings}", number) for number in range(3)))


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def feeds(database: Database, clock: FakeClock, tmp_path: Path) -> Feeds:
    rows = DataExtension("offers", "", "sqlite:///x", "select 1", ("name",), 60.0, 600.0, 1.0)
    wrong = DataExtension("wrong", "", "sqlite:///x", "select 1", ("nope",), 60.0, 600.0, 1.0)
    declared = {
        "offers": Feed("offers", rows, ("name",), 2, "html"),
        "wrong": Feed("wrong", wrong, ("nope",), 2, "html"),
    }
    return Feeds(declared, tmp_path, database.read, clock)


async def test_rows_are_cut_to_columns_and_limit_and_kept_for_max_age(
    feeds: Feeds, database: Database, clock: FakeClock
) -> None:
    first = await feeds.rows("offers", deadline_s=5)
    assert (first.rows, first.step, first.fresh_for_s) == (({"name": "n1"}, {"name": "n1"}), LadderStep.LIVE, 60.0)
    clock.advance(40)
    again = await feeds.rows("offers", deadline_s=5)
    assert (again.rows, again.step, again.fresh_for_s) == (first.rows, LadderStep.CACHED, 20.0)
    clock.advance(21)
    assert (await feeds.rows("offers", deadline_s=5)).rows[0] == {"name": "n2"}
    assert database.readings == 2


async def test_while_the_database_fails_the_last_rows_are_shown_and_it_gets_a_pause(
    feeds: Feeds, database: Database, clock: FakeClock
) -> None:
    await feeds.rows("offers", deadline_s=5)
    database.fails = True
    clock.advance(61)
    for _ in range(3):
        assert (await feeds.rows("offers", deadline_s=5)).step is LadderStep.STALE
    assert database.readings == 2
    clock.advance(PAUSE_S + 1)
    await feeds.rows("offers", deadline_s=5)
    assert database.readings == 3
    clock.advance(600)
    gone = await feeds.rows("offers", deadline_s=5)
    assert (gone.rows, gone.step, gone.as_of) == ((), LadderStep.FALLBACK, None)


async def test_a_reading_that_is_late_goes_on_for_those_who_ask_later(feeds: Feeds, database: Database) -> None:
    database.may_answer.clear()
    late = await feeds.rows("offers", deadline_s=0.01)
    assert (late.rows, late.step) == ((), LadderStep.FALLBACK)
    await feeds.rows("offers", deadline_s=0.01)
    database.may_answer.set()
    found = await feeds.rows("offers", deadline_s=5)
    assert (found.rows[0], database.readings) == ({"name": "n1"}, 1)


async def test_a_column_that_is_not_there_gives_no_rows(feeds: Feeds) -> None:
    found = await feeds.rows("wrong", deadline_s=5)
    assert (found.rows, found.step) == ((), LadderStep.FALLBACK)
    await feeds.close()
