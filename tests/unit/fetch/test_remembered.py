"""How long replies may be shared, and how many are kept."""

from __future__ import annotations

from livemerge.clock import FakeClock
from livemerge.fetch.remembered import MAX_CHARACTERS, MAX_REPLIES, Remembered
from livemerge.template import Reply, Request


def request(name: str, max_age_s: float | None = 60.0, retries: int = 0) -> Request:
    return Request("GET", f"https://api.example/{name}", max_age_s=max_age_s, retries=retries)


def test_a_reply_is_given_up_to_the_age_a_request_allows() -> None:
    clock = FakeClock()
    remembered = Remembered(clock)
    remembered.keep(request("a"), Reply(200, "x"))
    clock.advance(60.0)
    assert remembered.get(request("a", retries=3)) == Reply(200, "x")
    assert remembered.get(request("a", max_age_s=59.0)) is None
    assert remembered.get(request("a", max_age_s=None)) is None
    clock.advance(0.1)
    assert remembered.get(request("a")) is None


def test_only_successes_that_may_be_shared_are_kept() -> None:
    remembered = Remembered(FakeClock())
    remembered.keep(request("a"), Reply(404, "x"))
    remembered.keep(request("b", max_age_s=None), Reply(200, "x"))
    assert remembered.get(request("a")) is None
    assert remembered.get(request("b")) is None


def test_the_oldest_give_way() -> None:
    remembered = Remembered(FakeClock())
    for number in range(MAX_REPLIES + 1):
        remembered.keep(request(str(number)), Reply(200, "x"))
    assert remembered.get(request("0")) is None
    assert remembered.get(request("1")) is not None
    assert remembered.get(request(str(MAX_REPLIES))) is not None


def test_long_replies_give_way_by_their_length() -> None:
    remembered = Remembered(FakeClock())
    long = Reply(200, "x" * (MAX_CHARACTERS // 10))
    for number in range(11):
        remembered.keep(request(str(number)), long)
    remembered.keep(request("11"), Reply(200, long.body + "x"))  # too long to be kept at all
    assert [number for number in range(12) if remembered.get(request(str(number)))] == list(range(1, 11))


def test_a_newer_reply_takes_the_place_of_the_older_one() -> None:
    remembered = Remembered(FakeClock())
    for body in ("old", "new"):
        remembered.keep(request("a"), Reply(200, body))
    assert remembered.get(request("a")) == Reply(200, "new")
