"""What each kind of feature says about a customer's events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from livemerge.catalog import FEATURES, Feature
from livemerge.clock import FakeClock
from livemerge.errors import SourceError
from livemerge.events import Event, EventStore
from livemerge.events.features import CLOCK_SKEW_S, STATEMENTS
from livemerge.store import open_store

HOUR = 3600.0


class Shop:
    """Events told as (hours ago, properties), and features asked of them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = open_store(None)
        self.events = EventStore(self.store, self.clock)

    def saw(self, *seen: tuple[float, dict[str, Any]], customer: str = "anna", name: str = "viewed") -> None:
        now = self.clock.now()
        self.events.add(Event(customer, name, now - timedelta(hours=hours), properties) for hours, properties in seen)

    def ask(self, kind: str, prop: str = "p", *, event: str = "viewed", customer: str = "anna", **more: Any) -> Any:
        feature = Feature(kind, event, prop, **({"where": {}, "within_s": None, "limit": 10} | more))
        return self.events.features([customer], {"f": feature}).get(customer, {}).get("f", "absent")


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_every_feature_that_a_field_may_ask_has_a_statement() -> None:
    assert all(set(statements) == set(FEATURES) for statements in STATEMENTS.values())


@pytest.mark.parametrize("kind", [kind for kind in FEATURES if kind != "count"])
def test_no_event_is_no_value(shop: Shop, kind: str) -> None:
    shop.saw((1, {"p": 1}), customer="bo")
    shop.saw((1, {"p": 1}), name="bought")
    assert shop.ask(kind) == "absent"


def test_no_event_counts_as_zero(shop: Shop) -> None:
    assert shop.ask("count", "") == 0


def test_latest_and_first_go_by_when_it_happened_not_by_when_it_came(shop: Shop) -> None:
    shop.saw((2, {"p": "middle"}), (1, {"p": "new"}), (3, {"p": "old"}))
    assert shop.ask("latest") == "new"
    assert shop.ask("first") == "old"


def test_of_two_at_the_same_moment_the_one_that_came_later_is_the_latest(shop: Shop) -> None:
    shop.saw((1, {"p": "a"}), (1, {"p": "b"}))
    assert shop.ask("latest") == "b"
    assert shop.ask("first") == "a"


def test_an_event_without_the_property_hides_none_that_has_it(shop: Shop) -> None:
    shop.saw((1, {"q": 1}), (2, {"p": None}), (3, {"p": "x"}))
    assert shop.ask("latest") == "x"


@pytest.mark.parametrize(
    "value", ["text", "", "ü😀\"'", 7, 7.0, 1.5, 2**62, True, False, [{"id": "a"}], {"a": {"b": 1}}, "7", "true"]
)
def test_a_value_comes_back_as_it_was_sent(shop: Shop, value: object) -> None:
    shop.saw((1, {"p": value}))
    found = shop.ask("latest")
    assert found == value
    assert type(found) is type(value)


def test_count_sum_and_average(shop: Shop) -> None:
    shop.saw((1, {"p": 0.1}), (2, {"p": 0.2}), (3, {"p": 3}), (4, {"q": 1}))
    assert shop.ask("count", "") == 4
    assert shop.ask("sum") == 3.3
    assert shop.ask("average") == 1.1


def test_a_sum_of_whole_numbers_is_whole(shop: Shop) -> None:
    shop.saw((1, {"p": 2}), (2, {"p": 3}))
    assert repr(shop.ask("sum")) == "5"


def test_what_is_no_number_is_not_added(shop: Shop) -> None:
    shop.saw((1, {"p": "12"}), (2, {"p": True}), (3, {"p": [5]}), (4, {"p": 1}))
    assert shop.ask("sum") == 1
    assert shop.ask("average") == 1


def test_huge_numbers_fail_nobody(shop: Shop) -> None:
    shop.saw(*((hour, {"p": 2**62}) for hour in range(4)))
    shop.saw((1, {"p": 1}), customer="bo")
    assert shop.ask("sum") == 2**64
    assert shop.ask("sum", customer="bo") == 1


def test_distinct_gives_each_value_once_latest_first(shop: Shop) -> None:
    shop.saw((5, {"p": "a"}), (4, {"p": "b"}), (3, {"p": "c"}), (2, {"p": "a"}), (1, {"q": 1}))
    assert shop.ask("distinct") == [{"p": "a"}, {"p": "c"}, {"p": "b"}]
    assert shop.ask("distinct", limit=2) == [{"p": "a"}, {"p": "c"}]


def test_top_gives_the_most_frequent_first_and_of_equals_the_latest(shop: Shop) -> None:
    shop.saw((5, {"p": "a"}), (4, {"p": "b"}), (3, {"p": "c"}), (2, {"p": "a"}))
    assert shop.ask("top") == [{"p": "a", "count": 2}, {"p": "c", "count": 1}, {"p": "b", "count": 1}]
    assert shop.ask("top", limit=1) == [{"p": "a", "count": 2}]


def test_lists_hold_flat_values_alone(shop: Shop) -> None:
    shop.saw((1, {"p": {"a": 1}}), (2, {"p": [1]}), (3, {"p": None}), (4, {"p": True}), (5, {"p": 1}))
    assert shop.ask("distinct") == [{"p": True}, {"p": 1}]


@pytest.mark.parametrize("kind", ["latest", "first", "count", "sum", "average", "distinct", "top"])
def test_within_counts_from_when_it_happened(shop: Shop, kind: str) -> None:
    shop.saw((3, {"p": 100}), (1, {"p": 7}))
    answers = {"latest": 7, "first": 7, "count": 1, "sum": 7, "average": 7}
    lists = {"distinct": [{"p": 7}], "top": [{"p": 7, "count": 1}]}
    prop = "" if kind == "count" else "p"
    assert shop.ask(kind, prop, within_s=2 * HOUR) == (answers | lists)[kind]
    shop.clock.advance(2 * HOUR)
    assert shop.ask(kind, prop, within_s=2 * HOUR) == (0 if kind == "count" else "absent")


@pytest.mark.parametrize("kind", ["latest", "count", "sum", "distinct"])
def test_what_lies_ahead_has_not_happened_unless_a_clock_is_a_little_fast(shop: Shop, kind: str) -> None:
    shop.saw((-1, {"p": 100}), (-CLOCK_SKEW_S / 2 / HOUR, {"p": 7}))
    assert shop.ask(kind) == {"latest": 7, "count": 1, "sum": 7, "distinct": [{"p": 7}]}[kind]
    shop.clock.advance(HOUR)
    assert shop.ask("count", "") == 2


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"category": "shoes"}, "a"),
        ({"category": "Shoes"}, "absent"),
        ({"category": "shoes", "price": 10}, "b"),
        ({"price": 10.0}, "b"),
        ({"price": "10"}, "absent"),
        ({"sale": True}, "c"),
        ({"sale": 1}, "absent"),
        ({"one": 1}, "c"),
        ({"one": True}, "absent"),
        ({"missing": "x"}, "absent"),
        ({"odd name's.[0]": "ü"}, "b"),
    ],
)
def test_where_takes_events_whose_properties_are_equal(shop: Shop, where: dict[str, Any], found: str) -> None:
    shop.saw(
        (3, {"p": "c", "category": "hats", "sale": True, "one": 1}),
        (2, {"p": "b", "category": "shoes", "price": 10, "odd name's.[0]": "ü"}),
        (1, {"p": "a", "category": "shoes", "price": 99}),
    )
    assert shop.ask("latest", where=where) == found
    assert (shop.ask("count", "", where=where) > 0) == (found != "absent")


def test_a_property_may_have_an_odd_name(shop: Shop) -> None:
    shop.saw((1, {"a.b": 1, "c d": 2, "$": 3, "é": 4}))
    assert [shop.ask("latest", name) for name in ("a.b", "c d", "$", "é")] == [1, 2, 3, 4]


def test_a_property_that_sqlite_cannot_name_is_an_error_not_another_property(shop: Shop) -> None:
    with pytest.raises(SourceError):
        shop.ask("latest", 'a" b')


def test_customers_of_a_batch_each_get_their_own(shop: Shop) -> None:
    customers = [f"c-{number}" for number in range(300)]
    for number, customer in enumerate(customers):
        shop.saw((1, {"p": number}), (2, {"p": -1}), customer=customer)
    latest = Feature("latest", "viewed", "p", {}, None, 10)
    count = Feature("count", "viewed", "", {}, None, 10)
    found = shop.events.features([*customers, "nobody"], {"last": latest, "views": count})
    assert found.pop("nobody") == {"views": 0}
    assert found == {customer: {"last": number, "views": 2} for number, customer in enumerate(customers)}


def test_the_latest_is_found_in_the_index_and_not_by_sorting(shop: Shop) -> None:
    parameters = {"customers": "[]", "event": "e", "path": "$", "where": "[]", "since": 0, "until": 1, "most": 1}
    statement = f"EXPLAIN QUERY PLAN {STATEMENTS['sqlite']['latest']}"
    plan = [row["detail"] for row in shop.store.rows(statement, parameters)]
    assert any("event_by_customer (customer=? AND name=? AND occurred_at>" in line for line in plan)
    assert not any("TEMP B-TREE" in line for line in plan)
