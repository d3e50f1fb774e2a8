"""Fair shares and wrong keys: what is counted, for how long, in how much memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livemerge.access import Guesses, Shares
from livemerge.access.guesses import MAX_COUNTED, PREFIX_SHARE, WINDOW_S, caller
from livemerge.access.shares import MAX_KEPT
from livemerge.clock import FakeClock
from livemerge.errors import SlowDownError


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_share_may_be_used_in_a_burst_and_comes_back(clock: FakeClock) -> None:
    shares = Shares(clock, burst_s=2)
    assert [shares.take("a", 5) for _ in range(11)] == [True] * 10 + [False]
    assert shares.wait_s("a", 5) == pytest.approx(0.2)
    clock.advance(0.2)
    assert [shares.take("a", 5) for _ in range(2)] == [True, False]
    assert shares.take("b", 5)


def test_what_takes_more_than_is_left_is_served_and_owes_the_rest(clock: FakeClock) -> None:
    shares = Shares(clock, burst_s=10)
    assert shares.take("a", 1, count=15)
    assert not shares.take("a", 1)
    clock.advance(5.5)
    assert not shares.take("a", 1)
    clock.advance(0.5)
    assert shares.take("a", 1)


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=60), st.floats(min_value=0.5, max_value=50))
def test_never_more_than_the_rate_and_one_burst(waits_s: list[float], rate_per_s: float) -> None:
    clock = FakeClock()
    shares = Shares(clock, burst_s=2)
    taken = 0
    for wait_s in waits_s:
        clock.advance(wait_s)
        taken += shares.take("a", rate_per_s)
    assert taken <= max(1.0, rate_per_s * 2) + rate_per_s * sum(waits_s) + 1e-6


def test_shares_kept_are_bounded(clock: FakeClock) -> None:
    shares = Shares(clock, burst_s=1)
    for number in range(MAX_KEPT + 10):
        shares.take(str(number), 1)
    assert len(shares._left) == MAX_KEPT


def test_a_caller_who_guesses_is_refused_for_a_minute(clock: FakeClock) -> None:
    guesses = Guesses(clock, most_per_minute=3)
    told = [guesses.note("192.0.2.7", "") for _ in range(3)]
    assert told == [False, False, True]
    with pytest.raises(SlowDownError) as refused:
        guesses.refuse("192.0.2.7", "")
    assert refused.value.retry_after_s == WINDOW_S
    guesses.refuse("192.0.2.8", "")
    clock.advance(WINDOW_S)
    guesses.refuse("192.0.2.7", "")
    assert guesses.is_calm


def test_a_key_guessed_from_everywhere_is_guarded_too(clock: FakeClock) -> None:
    guesses = Guesses(clock, most_per_minute=3)
    for number in range(3 * PREFIX_SHARE):
        guesses.note(f"192.0.2.{number}", "abcdefgh")
    with pytest.raises(SlowDownError):
        guesses.refuse("198.51.100.1", "abcdefgh")
    guesses.refuse("198.51.100.1", "otherkey")


def test_one_customer_of_ipv6_is_one_caller() -> None:
    assert caller("2001:db8::1") == caller("2001:db8::ffff:1") != caller("2001:db8:0:1::1")
    assert caller("::ffff:192.0.2.7") == caller("192.0.2.7")
    assert caller("fe80::1%eth0") == caller("fe80::2")


def test_what_is_counted_is_bounded(clock: FakeClock) -> None:
    guesses = Guesses(clock, most_per_minute=3)
    for number in range(MAX_COUNTED + 10):
        guesses.note(f"caller-{number}", "")
    assert len(guesses._counted) == MAX_COUNTED
