"""Unusual use of keys: counted by hour, told once, kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from livemerge.access import AccessLog, AccessRow, Unusual
from livemerge.access.unusual import LEAST_READS, MAX_KEYS, WINDOW_S, Distinct, network_of
from livemerge.clock import FakeClock
from livemerge.store import Store, open_store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> Store:
    return open_store(None)


def watching(store: Store, clock: FakeClock, *, ids_per_hour: int = 0, misses: float = 0.0) -> Unusual:
    return Unusual(store, clock, ids_per_hour=ids_per_hour, misses=misses)


def reads(
    clock: FakeClock, count: int, *, prefix: str = "abcdefgh", outcome: str = "ok", remote: str = "192.0.2.7"
) -> list[AccessRow]:
    return [AccessRow(clock.now(), prefix, f"c-{number}", (), outcome, remote) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 100, 5_000, 50_000])
def test_different_customers_are_counted_about_right(count: int) -> None:
    seen = Distinct(50_000)
    for number in [*range(count), *range(count)]:
        seen.add(f"customer-{number}")
    assert abs(seen.count - count) <= max(1, count * 0.01)


def test_more_customers_than_declared_are_told_once_an_hour(store: Store, clock: FakeClock) -> None:
    unusual = watching(store, clock, ids_per_hour=50)
    assert unusual.look(reads(clock, 50) * 3) == []
    assert not unusual.is_past("abcdefgh")
    assert [alarm.kind for alarm in unusual.look(reads(clock, 52))] == ["many_customers"]
    assert unusual.is_past("abcdefgh")
    assert unusual.look(reads(clock, 60)) == []
    clock.advance(WINDOW_S)
    assert not unusual.is_past("abcdefgh")
    assert unusual.look(reads(clock, 50)) == []
    assert [alarm.kind for alarm in unusual.look(reads(clock, 60))] == ["many_customers"]


def test_a_key_has_a_limit_of_its_own(store: Store, clock: FakeClock) -> None:
    unusual = watching(store, clock, ids_per_hour=5)
    assert unusual.limit("abcdefgh", 100) == 100
    assert unusual.limit("otherkey", None) == 5
    alarms = unusual.look([*reads(clock, 50), *reads(clock, 50, prefix="otherkey")])
    assert [alarm.key_prefix for alarm in alarms] == ["otherkey"]


def test_many_misses_are_told_once_there_are_enough_reads(store: Store, clock: FakeClock) -> None:
    unusual = watching(store, clock, misses=0.5)
    half = [*reads(clock, LEAST_READS // 2 - 1), *reads(clock, LEAST_READS // 2, outcome="not_found")]
    assert unusual.look(half) == []
    (alarm,) = unusual.look(reads(clock, 1, outcome="not_found"))
    assert (alarm.kind, alarm.detail) == ("many_misses", f"{LEAST_READS // 2 + 1} of {LEAST_READS} reads found nobody")


def test_a_network_that_a_key_never_came_from_is_told_also_after_a_restart(store: Store, clock: FakeClock) -> None:
    assert watching(store, clock).look(reads(clock, 1, remote="192.0.2.7")) == []
    again = watching(store, clock)
    assert again.look(reads(clock, 1, remote="192.0.2.99")) == []
    (alarm,) = again.look(reads(clock, 1, remote="198.51.100.1"))
    assert (alarm.kind, alarm.detail) == ("new_network", "first used from 198.51.100.0/24")
    assert watching(store, clock).look(reads(clock, 1, remote="198.51.100.9")) == []


def test_refused_reads_teach_no_network(store: Store, clock: FakeClock) -> None:
    unusual = watching(store, clock)
    unusual.look(reads(clock, 1))
    assert unusual.look(reads(clock, 1, remote="198.51.100.1", outcome="refused")) == []
    assert [alarm.kind for alarm in unusual.look(reads(clock, 1, remote="198.51.100.1"))] == ["new_network"]


def test_keys_watched_are_bounded(store: Store, clock: FakeClock) -> None:
    unusual = watching(store, clock)
    unusual.look(row for number in range(MAX_KEYS + 50) for row in reads(clock, 1, prefix=f"k{number:07}"))
    assert len(unusual._watched) == len(unusual._networks) == MAX_KEYS


def test_alarms_are_listed_newest_first_by_key_and_time(store: Store, clock: FakeClock) -> None:
    unusual = watching(store, clock, ids_per_hour=1)
    unusual.look(reads(clock, 5))
    clock.advance(60)
    unusual.look(reads(clock, 5, prefix="otherkey"))
    assert [alarm.key_prefix for alarm in unusual.ls()] == ["otherkey", "abcdefgh"]
    assert [alarm.key_prefix for alarm in unusual.ls(prefix="abcdefgh")] == ["abcdefgh"]
    assert [alarm.key_prefix for alarm in unusual.ls(since=clock.now())] == ["otherkey"]
    unusual.forget_before(clock.now() - timedelta(seconds=1))
    assert [alarm.key_prefix for alarm in unusual.ls()] == ["otherkey"]


def test_the_access_log_is_what_is_watched(store: Store, clock: FakeClock) -> None:
    unusual = watching(store, clock, ids_per_hour=3)
    log = AccessLog(store, clock, unusual)
    for row in reads(clock, 5):
        log.append(row)
    assert not unusual.is_past("abcdefgh")
    log.flush()
    assert unusual.is_past("abcdefgh")


@pytest.mark.parametrize(
    ("remote", "network"),
    [("192.0.2.7", "192.0.2.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("", ""), ("x", ""), ("1.2.3", "")],
)
def test_an_address_belongs_to_a_network(remote: str, network: str) -> None:
    assert network_of(remote) == network
