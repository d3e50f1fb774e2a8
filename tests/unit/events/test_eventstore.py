from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from livemerge.catalog import Feature
from livemerge.clock import FakeClock
from livemerge.errors import LivemergeError
from livemerge.events import Event, EventStore, load_jsonl
from livemerge.store import Store, open_store

AT = datetime(2025, 12, 31, tzinfo=UTC)
COUNT = Feature("count", "viewed", "", {}, None, 10)


@pytest.fixture
def store() -> Store:
    return open_store(None)


@pytest.fixture
def events(store: Store) -> EventStore:
    return EventStore(store, FakeClock())


def count(events: EventStore, customer: str) -> int:
    return events.features([customer], {"n": COUNT})[customer]["n"]


def test_the_same_message_is_kept_once(events: EventStore) -> None:
    twice = [Event("anna", "viewed", AT, {}, "m-1"), Event("anna", "viewed", AT, {}, "m-1")]
    assert events.add(twice) == 1
    assert events.add(twice) == 0
    assert count(events, "anna") == 1


def test_events_without_an_id_are_never_the_same(events: EventStore) -> None:
    assert events.add([Event("anna", "viewed", AT, {})] * 2) == 2


def test_one_unfit_event_keeps_the_others_of_its_call_out(events: EventStore) -> None:
    with pytest.raises(LivemergeError):
        events.add([Event("anna", "viewed", AT, {}), Event("", "viewed", AT, {})])
    assert count(events, "anna") == 0
    assert events.add([Event("anna", "viewed", AT, {})]) == 1


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event("", "viewed", AT, {}), "`customer` is empty"),
        (Event("k" * 513, "viewed", AT, {}), "`customer` is longer"),
        (Event("\ud800", "viewed", AT, {}), "`customer` is not valid Unicode"),
        (Event("anna", "", AT, {}), "`name` is empty"),
        (Event("anna", "n" * 201, AT, {}), "`name` is longer"),
        (Event("anna", "viewed", AT, {}, "m" * 201), "`message_id` is longer"),
        (Event("anna", "viewed", AT.replace(tzinfo=None), {}), "no time zone"),
        (Event("anna", "viewed", AT, {"a": {1, 2}}), "not JSON"),
        (Event("anna", "viewed", AT, {"a": "\ud800"}), "not JSON"),
        (Event("anna", "viewed", AT, [1]), "no JSON object"),
        (Event("anna", "viewed", AT, {"a": "x" * 40_000}), "longer than 32768 bytes"),
    ],
)
def test_an_unfit_event_is_refused_with_the_reason(events: EventStore, event: Event, said: str) -> None:
    with pytest.raises(LivemergeError) as caught:
        events.add([event])
    assert said in caught.value.what


def test_erasing_a_customer_leaves_the_others(events: EventStore) -> None:
    events.add([Event("anna", "viewed", AT, {}), Event("anna", "bought", AT, {}), Event("bo", "viewed", AT, {})])
    assert events.erase("anna") == 2
    assert events.erase("anna") == 0
    assert (count(events, "anna"), count(events, "bo")) == (0, 1)


def test_a_moment_of_another_zone_is_the_same_moment(events: EventStore) -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=9)))
    events.add([Event("anna", "viewed", elsewhere, {})])
    assert events.features(["anna"], {"n": Feature("count", "viewed", "", {}, 86_400.0, 10)})["anna"]["n"] == 1


def written(root: Path, *lines: dict[str, Any] | str) -> Path:
    path = root / "events.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


LINE = {"customer": "anna", "name": "viewed", "occurred_at": "2025-12-31T00:00:00Z", "properties": {"p": 1}}


def test_events_are_read_from_json_lines(tmp_path: Path) -> None:
    path = written(tmp_path, LINE, "", {**LINE, "customer": 1001, "message_id": "m-1", "properties": {}})
    first, second = load_jsonl(path)
    assert (first.customer, first.name, first.occurred_at, first.properties) == ("anna", "viewed", AT, {"p": 1})
    assert (second.customer, second.message_id) == ("1001", "m-1")


def test_reading_a_file_twice_adds_nothing(tmp_path: Path, events: EventStore) -> None:
    path = written(tmp_path, LINE, {**LINE, "customer": "bo"})
    assert events.add(load_jsonl(path)) == 2
    assert events.add(load_jsonl(path)) == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is no JSON object"),
        ({**LINE, "customer": ""}, "`customer` is missing"),
        ({**LINE, "customer": True}, "`customer` is missing"),
        ({**LINE, "name": None}, "`name` is missing"),
        ({**LINE, "occurred_at": "yesterday"}, "no date and time"),
        ({**LINE, "occurred_at": 1}, "no date and time"),
        ({**LINE, "occurred_at": "2025-12-31T00:00:00"}, "no time zone"),
        ({**LINE, "properties": [1]}, "no JSON object"),
        ({**LINE, "properties": {"a": "x" * 40_000}}, "longer than 32768 bytes"),
        ({**LINE, "properties": {"a": "x" * 400_000}}, "longer than 131072 bytes"),
        ({**LINE, "message_id": 7}, "`message_id` is empty or no text"),
        ({**LINE, "timestamp": 1}, "`timestamp` is no part of an event"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, events: EventStore, line: Any, said: str) -> None:
    path = written(tmp_path, LINE, "", line)
    with pytest.raises(LivemergeError) as caught:
        events.add(load_jsonl(path))
    assert caught.value.where == "events.jsonl:3"
    assert said in caught.value.what
    assert count(events, "anna") == 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LivemergeError) as caught:
        list(load_jsonl(tmp_path / "none.jsonl"))
    assert caught.value.where == "none.jsonl"
