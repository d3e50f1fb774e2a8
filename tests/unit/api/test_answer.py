"""The answer's contract: flat, complete, typed, never null, readable by every ESP."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livemerge.api.answer import answer_of, explained, readable_name, shown, written
from livemerge.api.refusal import Refusal
from livemerge.api.selection import Selections
from livemerge.catalog import By, Catalog, Field, zero
from livemerge.values import Cause, LadderStep, Profile, Provenance

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
TYPES = ("text", "integer", "number", "money", "boolean", "date", "datetime", "url", "html", "list")


def field(name: str, kind: str, **more: Any) -> Field:
    plain = Field(name, "crm", kind, f'"{name}"', 0.0, 0.0, None, False, (), False)
    return replace(plain, **more)


def catalog(*fields: Field, by: Mapping[str, By] | None = None) -> Catalog:
    return Catalog({one.name: one for one in fields}, {}, by or {}, {one.name: one.name for one in fields}, {})


def answered(declared: Catalog, profile: Profile, names: list[str] | None = None, *, explains: bool = False) -> Any:
    selection = Selections(declared).select(names, frozenset())
    answer = answer_of(profile, selection)
    if explains:
        answer = explained(answer, profile, selection, NOW)
    return orjson.loads(answer.at(NOW, "r_1"))


def live(values: Mapping[str, Any], age_s: float = 0.0) -> Profile:
    at = NOW - timedelta(seconds=age_s)
    return Profile("c-1", values, {name: Provenance(LadderStep.LIVE, "crm", at, at) for name in values}, True)


def unknown(*names: str) -> Profile:
    origin = Provenance(LadderStep.FALLBACK, "crm", NOW, NOW, Cause.ABSENT)
    return Profile("c-1", dict.fromkeys(names), dict.fromkeys(names, origin), False)


def test_the_head_stands_before_the_fields_in_its_order() -> None:
    answer = answered(catalog(field("tier", "text")), live({"tier": "gold"}, age_s=3))
    assert list(answer) == ["ok", "found", "source", "as_of", "age_s", "request_id", "tier"]
    assert answer["as_of"] == "2026-11-23T13:59:57Z"
    assert (answer["source"], answer["age_s"], answer["request_id"]) == ("live", 3, "r_1")


@pytest.mark.parametrize("kind", TYPES)
def test_a_value_that_is_not_known_is_the_types_zero(kind: str) -> None:
    answer = answered(catalog(field("x", kind)), unknown("x"))
    assert answer["x"] == zero(kind)
    assert None not in answer.values()
    assert answer["source"] == "default"
    assert (answer["as_of"], answer["age_s"]) == ("", 0)


@pytest.mark.parametrize(
    ("kind", "value", "json", "display"),
    [
        ("integer", 1290, 1290, "1,290"),
        ("integer", -5, -5, "-5"),
        ("number", 1234.5, 1234.5, "1,234.5"),
        ("number", 3.0, 3.0, "3"),
        ("number", 1e21, 1e21, "1,000,000,000,000,000,000,000"),
        ("money", Decimal("89.9"), 89.9, "89.90"),
        ("money", Decimal("1234567.005"), 1234567.005, "1,234,567.00"),
        ("money", 5, 5.0, "5.00"),
        ("date", date(2026, 12, 1), "2026-12-01", "1 December 2026"),
        ("datetime", datetime(2026, 12, 1, 9, 5, tzinfo=UTC), "2026-12-01T09:05:00Z", "1 December 2026, 09:05 UTC"),
    ],
)
def test_numbers_money_and_dates_have_a_twin_for_people(kind: str, value: Any, json: Any, display: str) -> None:
    assert written(kind, value) == json
    assert shown(kind, value) == display


def test_an_integer_too_long_for_json_becomes_a_number_and_costs_no_answer() -> None:
    answer = answered(catalog(field("x", "integer")), live({"x": 10**29}))
    assert answer["x"] == 1e29
    assert answer["x_display"] == "100" + ",000" * 9


def test_a_declared_field_is_never_replaced_by_a_twin() -> None:
    declared = catalog(field("points", "integer"), field("points_display", "text"))
    answer = answered(declared, live({"points": 1290, "points_display": "many"}))
    assert answer["points_display"] == "many"


def test_the_worst_step_and_the_oldest_value_stand_in_the_head() -> None:
    old = NOW - timedelta(seconds=90)
    origins = {
        "a": Provenance(LadderStep.LIVE, "crm", NOW, NOW),
        "b": Provenance(LadderStep.STALE, "crm", old, old),
        "c": Provenance(LadderStep.CACHED, "crm", NOW, NOW),
    }
    profile = Profile("c-1", {"a": "1", "b": "2", "c": "3"}, origins, True)
    answer = answered(catalog(*(field(name, "text") for name in "abc")), profile)
    assert (answer["source"], answer["age_s"]) == ("stale", 90)


def test_a_value_that_does_not_exist_is_an_answer_and_no_miss() -> None:
    origins = {
        "a": Provenance(LadderStep.LIVE, "crm", NOW, NOW),
        "b": Provenance(LadderStep.FALLBACK, "crm", NOW, NOW, Cause.ABSENT),
    }
    profile = Profile("c-1", {"a": "1", "b": None}, origins, True)
    assert answered(catalog(field("a", "text"), field("b", "text")), profile)["source"] == "live"


def test_items_of_a_list_are_flat_and_all_alike() -> None:
    items = [
        {"name": "Boots", "price": Decimal("89.9"), "imageUrl": "https://x.example/1"},
        {"name": None, "price": None, "2nd": True, "size": 44},
    ]
    answer = answered(catalog(field("items", "list")), live({"items": items}))
    first, second = answer["items"]
    assert set(first) == set(second) == {"name", "price", "price_display", "image_url", "n_2nd", "size", "size_display"}
    assert (first["price"], first["price_display"]) == (89.9, "89.90")
    assert (second["name"], second["price"], second["image_url"]) == ("", 0, "")
    assert (first["n_2nd"], second["n_2nd"]) == (False, True)


def test_a_column_of_mixed_types_is_text() -> None:
    answer = answered(catalog(field("items", "list")), live({"items": [{"x": 1}, {"x": "two"}, {"x": True}]}))
    assert [item["x"] for item in answer["items"]] == ["1", "two", "true"]


def test_items_show_what_the_catalog_says_they_gain() -> None:
    declared = catalog(
        field("recommended", "list"),
        field("price", "money", source="shop", item_of="recommended"),
        by={"shop": By("recommended", "product_id")},
    )
    profile = live({"recommended": [{"product_id": "p1", "price": None}]})
    assert answered(declared, profile)["recommended"] == [{"product_id": "p1", "price": 0, "price_display": ""}]


def test_half_a_surrogate_pair_costs_no_answer() -> None:
    assert answered(catalog(field("x", "text")), live({"x": "a\ud800b"}))["x"] == "a?b"


def test_markup_and_template_syntax_leave_as_they_are() -> None:
    text = 'Ann "<b>" {{ x }} %%=v(@x)=%% \u2028 é'
    assert answered(catalog(field("x", "text")), live({"x": text}))["x"] == text


def test_a_private_field_is_withheld_and_not_in_the_plan() -> None:
    declared = catalog(field("name", "text"), field("iban", "text", is_private=True))
    selection = Selections(declared).select(["name", "iban"], frozenset())
    assert selection.plan.asked == {"name"}
    answer = answered(declared, live({"name": "Ann"}), ["name", "iban"], explains=True)
    assert answer["iban"] == ""
    assert answer["provenance"]["iban"] == {
        "step": "fallback", "source": "crm", "fetched_at": None, "as_of": None, "age_s": None, "cause": "withheld",
    }  # fmt: skip


def test_a_key_that_names_a_private_field_reads_it() -> None:
    declared = catalog(field("name", "text"), field("iban", "text", is_private=True))
    selections = Selections(declared)
    assert selections.select(None, frozenset()).plan.asked == {"name"}
    assert selections.select(None, frozenset({"iban"})).plan.asked == {"iban", "name"}


def test_an_unknown_field_names_the_nearest() -> None:
    with pytest.raises(Refusal) as refused:
        Selections(catalog(field("first_name", "text"))).select(["frist_name"], frozenset())
    assert refused.value.status == 400
    assert "`first_name`" in refused.value.advice


def test_selections_are_kept_within_a_bound() -> None:
    selections = Selections(catalog(*(field(f"f{number}", "text") for number in range(300))))
    first = selections.select(["f0"], frozenset())
    assert selections.select(["f0"], frozenset()) is first
    for number in range(1, 300):
        selections.select([f"f{number}"], frozenset())
    assert selections.select(["f0"], frozenset()) is not first


@given(st.text(max_size=300))
def test_every_name_becomes_one_that_every_esp_can_read(name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", readable_name(name))


json_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals() | st.dates()


@given(st.lists(st.dictionaries(st.text(max_size=8), json_scalars, max_size=5), max_size=5))
def test_any_list_becomes_json_with_equal_keys_and_no_nulls(items: list[dict[str, Any]]) -> None:
    answer = answered(catalog(field("items", "list")), live({"items": items}))
    assert len({tuple(item) for item in answer["items"]}) <= 1
    assert all(value is not None for item in answer["items"] for value in item.values())
