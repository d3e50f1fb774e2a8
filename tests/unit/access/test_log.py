from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

import livemerge
from livemerge.access import AccessLog, AccessRow, BatchRow
from livemerge.access.log import FLUSH_EVERY_S, FLUSH_ROWS, MAX_WAITING, ROTATED_ROWS
from livemerge.clock import FakeClock
from livemerge.errors import StoreError
from livemerge.store import Store, open_store

CLOCK = FakeClock()


def row(number: int = 0, customer: str = "anna") -> AccessRow:
    at = CLOCK.now() + timedelta(seconds=number)
    return AccessRow(at, "abcdefgh", customer, ("first_name", "orders"), "ok", "127.0.0.1")


@pytest.fixture
def store() -> Store:
    return open_store(None)


@pytest.fixture
def log(store: Store) -> AccessLog:
    return AccessLog(store, FakeClock())


def written(store: Store) -> int:
    return store.rows("SELECT count(*) FROM access_log")[0][0]


def test_rows_come_back_as_they_were_newest_first(log: AccessLog) -> None:
    for number in range(3):
        log.append(row(number))
    assert log.ls() == [row(2), row(1), row(0)]
    assert log.ls(most=1) == [row(2)]


def test_rows_of_one_customer_can_be_asked_for(log: AccessLog) -> None:
    log.append(row(1, "anna"))
    log.append(row(2, "bo"))
    assert log.ls(customer="anna") == [row(1, "anna")]


@pytest.mark.parametrize("strange", ["100%_!", "Zoë", "lm_abcdefgh_" + "S" * 43, "\x1f", "a\x1fb"])
def test_a_batch_is_one_row_and_is_read_as_one_for_each_customer(log: AccessLog, store: Store, strange: str) -> None:
    single = row(1, strange)
    log.append(single)
    kept = log.ls()[0].customer
    batch = BatchRow(row(2).at, "abcdefgh", ["anna", strange.replace("\x1f", " "), "bo"], ("city",), "ok", "192.0.2.1")
    log.append(batch)
    rows = log.ls()
    assert [one.customer for one in rows] == ["anna", kept, "bo", kept]
    assert rows[0] == AccessRow(row(2).at, "abcdefgh", "anna", ("city",), "ok", "192.0.2.1")
    assert [one.fields for one in log.ls(customer=strange)] == [("city",), single.fields]
    assert log.ls(customer="ann") == log.ls(customer="an_a") == []
    assert len(log.ls(most=2)) == 2
    assert written(store) == 2


def test_rows_are_written_many_at_a_time(log: AccessLog, store: Store) -> None:
    for number in range(FLUSH_ROWS - 1):
        log.append(row(number))
    assert written(store) == 0
    log.append(row())
    assert written(store) == FLUSH_ROWS


def test_a_flush_writes_what_waits_once(log: AccessLog, store: Store) -> None:
    log.append(row())
    log.flush()
    log.flush()
    assert written(store) == 1


async def test_a_full_log_is_written_when_the_answer_is_on_its_way(log: AccessLog, store: Store) -> None:
    for number in range(FLUSH_ROWS + 1):
        log.append(row(number))
    assert written(store) == 0
    async with asyncio.timeout(20):
        while not written(store):
            await asyncio.sleep(0)
    assert written(store) == FLUSH_ROWS + 1


async def test_rows_are_written_in_time_without_more_of_them(store: Store) -> None:
    class Turns(FakeClock):
        """Ends the wait after three rounds."""

        rounds = 0

        async def sleep(self, seconds: float) -> None:
            assert seconds == FLUSH_EVERY_S
            self.rounds += 1
            if self.rounds == 3:
                raise asyncio.CancelledError
            await super().sleep(seconds)

    log = AccessLog(store, Turns())
    log.append(row())
    with pytest.raises(asyncio.CancelledError):
        await log.flush_until_cancelled()
    assert written(store) == 1


def test_a_store_that_cannot_be_written_stops_no_reader_and_loses_nothing_at_first(
    log: AccessLog, store: Store
) -> None:
    store.run("ALTER TABLE access_log RENAME TO away")
    for number in range(2 * FLUSH_ROWS):
        log.append(row(number))
    with pytest.raises(StoreError):
        log.flush()
    store.run("ALTER TABLE away RENAME TO access_log")
    log.flush()
    assert written(store) == 2 * FLUSH_ROWS
    assert log.lost == 0
    for number in range(FLUSH_ROWS):
        log.append(row(number))
    assert written(store) == 3 * FLUSH_ROWS


def test_what_waits_is_bounded_and_the_oldest_go_first(log: AccessLog, store: Store) -> None:
    store.run("ALTER TABLE access_log RENAME TO away")
    for number in range(MAX_WAITING + 3):
        log.append(row(number))
    assert log.lost == 3
    store.run("ALTER TABLE away RENAME TO access_log")
    log.flush()
    assert written(store) == MAX_WAITING
    assert store.rows("SELECT min(at) FROM access_log")[0][0] == row(3).at.timestamp()


def test_what_waits_is_bounded_by_customers_whatever_the_rows(log: AccessLog, store: Store) -> None:
    store.run("ALTER TABLE access_log RENAME TO away")
    for number in range(MAX_WAITING // 1_000 + 2):
        log.append(BatchRow(row(number).at, "abcdefgh", ["anna"] * 1_000, (), "ok", ""))
    assert log.lost == 2_000
    store.run("ALTER TABLE away RENAME TO access_log")
    log.flush()
    assert written(store) == MAX_WAITING // 1_000


def test_a_key_that_cannot_be_written_holds_up_no_other(log: AccessLog, store: Store) -> None:
    log.append(row(1, "lone \ud800 surrogate"))
    log.append(row(2, "x" * 10_000))
    log.append(row(3, "bo"))
    log.flush()
    assert written(store) == 3
    assert max(len(one.customer) for one in log.ls()) == 512


def test_old_rows_can_be_forgotten(log: AccessLog) -> None:
    for number in range(4):
        log.append(row(number))
    log.flush()
    assert log.forget_before(row(2).at) == 2
    assert log.ls() == [row(3), row(2)]


def test_rows_of_one_key_and_since_a_moment_can_be_asked_for(log: AccessLog) -> None:
    for number in range(3):
        log.append(row(number))
    other = AccessRow(row(3).at, "otherkey", "bo", (), "ok", "")
    log.append(other)
    assert log.ls(prefix="otherkey") == [other]
    assert log.ls(since=row(2).at) == [other, row(2)]
    assert log.ls(prefix="abcdefgh", since=row(1).at, customer="anna") == [row(2), row(1)]


def test_rows_go_when_they_are_old(store: Store) -> None:
    clock = FakeClock()
    log = AccessLog(store, clock, keep_s=10)
    for number in range(4):
        log.append(row(number))
    log.flush()
    clock.advance(12)
    assert log.rotate()
    assert not log.rotate()
    assert log.ls() == [row(3), row(2)]


def test_the_oldest_rows_go_when_there_are_too_many(store: Store) -> None:
    log = AccessLog(store, FakeClock(), keep_rows=FLUSH_ROWS)
    for number in range(ROTATED_ROWS + 2 * FLUSH_ROWS):
        log.append(row(number))
    log.flush()
    rounds = 0
    while log.rotate():
        rounds += 1
    assert rounds == 2
    assert written(store) == FLUSH_ROWS
    assert log.ls(most=1) == [row(ROTATED_ROWS + 2 * FLUSH_ROWS - 1)]


async def test_what_is_old_is_rotated_while_the_log_is_written(store: Store) -> None:
    class Turns(FakeClock):
        """Ends the wait after three rounds."""

        rounds = 0

        async def sleep(self, seconds: float) -> None:
            self.rounds += 1
            if self.rounds == 3:
                raise asyncio.CancelledError
            await super().sleep(seconds)

    clock = Turns()
    log = AccessLog(store, clock, keep_s=5)
    log.append(row())
    clock.advance(60)
    with pytest.raises(asyncio.CancelledError):
        await log.flush_until_cancelled()
    assert written(store) == 0


def test_nothing_changes_a_row_that_was_written() -> None:
    sources = Path(livemerge.__file__).parent.rglob("*.py")
    assert not [path for path in sources if re.search(r"UPDATE\s+access_log", path.read_text(encoding="utf-8"), re.I)]


@pytest.mark.parametrize(
    "secret",
    [
        "lm_abcdefgh_" + "S" * 43,
        "x?key=SSSSSSSS",
        "x&t=SSSSSSSS&y",
        "x&h=SSSSSSSS",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.SSSSSSSS",
    ],
)
def test_secrets_that_stand_in_an_id_are_not_kept(log: AccessLog, secret: str) -> None:
    log.append(row(1, secret))
    (kept,) = log.ls()
    assert "SSSS" not in kept.customer
    assert "…" in kept.customer
