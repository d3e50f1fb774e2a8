"""Provenance in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from livemerge.catalog import Catalog, Field
from livemerge.console.origin import fields_read, origins, paths_read, shown_span, shown_value, worst
from livemerge.template import TracedValue, compile  # noqa: A004
from livemerge.values import Cause, LadderStep, Profile, Provenance

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def field(name: str, kind: str = "text", **more: Any) -> Field:
    return Field(name, "crm", kind, name, 0.0, 0.0, None, False, (), False, **more)


CATALOG = Catalog(
    {one.name: one for one in (field("name"), field("picks", "list"), field("price", "money", item_of="picks"))},
    {},
    {},
    {"name": "name", "FNAME": "name", "picks": "picks", "price": "price"},
    {},
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "<1 s"), (3, "3 s"), (59, "59 s"), (90, "2 min"), (7200, "2 h"), (86_400 * 3, "3 d")],
)
def test_a_span_is_said_in_its_largest_unit(seconds: float, text: str) -> None:
    assert shown_span(seconds) == text


def test_values_are_one_short_line() -> None:
    shown = [shown_value(value) for value in (None, [{"a": 1}], [], NOW, NOW.date(), "x" * 100)]
    assert shown == ["—", "1 item", "0 items", "2026-11-23 14:00", "2026-11-23", "x" * 79 + "…"]


def test_an_absent_value_is_told_from_a_failure() -> None:
    old = NOW - timedelta(minutes=5)
    provenance = {
        "a": Provenance(LadderStep.FALLBACK, "crm", NOW, NOW, Cause.ABSENT),
        "b": Provenance(LadderStep.FALLBACK, "crm", cause=Cause.LATE, detail="no answer within 150 ms"),
        "c": Provenance(LadderStep.STALE, "crm", old, old),
    }
    absent, late, stale = origins(Profile("k", dict.fromkeys("abc"), provenance, True), NOW)
    assert (absent.is_absent, absent.cause) == (True, "no such value")
    assert (late.is_absent, late.cause) == (False, "late: no answer within 150 ms")
    assert (stale.step, stale.age, stale.cause) == ("stale", "5 min", "")


def test_paths_find_their_fields_and_those_of_items() -> None:
    assert fields_read(["FNAME"], CATALOG) == ["name"]
    assert fields_read(["picks[].price"], CATALOG) == ["price", "picks"]
    assert fields_read(["picks[].title", "unsubscribe_url"], CATALOG) == ["picks"]


def test_a_value_made_of_several_fields_is_worth_its_worst() -> None:
    live, stale = Provenance(LadderStep.LIVE, "crm"), Provenance(LadderStep.STALE, "crm")
    profile = Profile("k", {}, {"a": live, "b": stale}, True)
    assert worst(["a", "b", "nothing"], profile) is stale
    assert worst([], profile) is None


def test_a_loops_value_is_traced_to_the_list_it_came_from() -> None:
    template = compile("{% for p in picks %}{{ p.title }}{{name}}{% endfor %}{% assign n = name %}{{- n -}}")
    trace = template.trace({"picks": [{"title": "Jug"}], "name": "Ann"})
    assert [paths_read(value, template.reads) for value in trace.values] == [("picks[].title",), ("name",), ("name",)]


def test_a_value_nobody_knows_more_of_keeps_its_own_paths() -> None:
    assert paths_read(TracedValue(0, 1, 9, 1, "c", ("c",)), []) == ("c",)
