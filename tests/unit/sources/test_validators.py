"""Answers kept by their ETag stay within a bound."""

from __future__ import annotations

from yarl import URL

from livemerge.sources.exchange import Reply, Request
from livemerge.sources.validators import Validators


def request(number: int, method: str = "GET") -> Request:
    return Request(method, URL(f"http://crm.example/{number}"), {})


def test_the_least_recently_asked_for_make_room() -> None:
    kept = Validators(max_bytes=1000)
    for number in range(12):
        kept.keep(request(number), Reply(200, {"ETag": '"1"'}, b"x" * 100))
        kept.find(request(0))
    assert [number for number in range(12) if kept.find(request(number))] == [0, 3, 4, 5, 6, 7, 8, 9, 10, 11]


def test_an_answer_that_replaces_another_takes_its_room() -> None:
    kept = Validators(max_bytes=1000)
    for _ in range(100):
        kept.keep(request(1), Reply(200, {"ETag": '"1"'}, b"x" * 500))
        kept.keep(request(2), Reply(200, {"ETag": '"1"'}, b"x" * 500))
    assert kept.find(request(1)) is not None
    assert kept.find(request(2)) is not None


def test_an_answer_to_a_post_is_not_kept() -> None:
    kept = Validators()
    kept.keep(request(1, "POST"), Reply(200, {"ETag": '"1"'}, b"{}"))
    assert kept.find(request(1)) is None
    assert kept.find(request(1, "POST")) is None
