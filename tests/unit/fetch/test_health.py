"""When a host is left in peace, and when it is asked again."""

from __future__ import annotations

from livemerge.clock import FakeClock
from livemerge.fetch.health import REST_S, SICK_AFTER, Health


def test_a_host_rests_after_many_failures_in_a_row_and_no_other_does() -> None:
    health = Health(FakeClock())
    for _ in range(SICK_AFTER - 1):
        health.note("a", 503)
    assert not health.is_resting("a")
    health.note("a", 0)
    assert health.is_resting("a") and not health.is_resting("b")


def test_one_answer_makes_a_host_well() -> None:
    health = Health(FakeClock())
    for status in [0] * (SICK_AFTER - 1) + [404] + [0] * (SICK_AFTER - 1):
        health.note("a", status)
    assert not health.is_resting("a")


def test_after_its_rest_one_failure_is_enough() -> None:
    clock = FakeClock()
    health = Health(clock)
    for _ in range(SICK_AFTER):
        health.note("a", 0)
    clock.advance(REST_S)
    assert not health.is_resting("a")
    health.note("a", 0)
    assert health.is_resting("a")
