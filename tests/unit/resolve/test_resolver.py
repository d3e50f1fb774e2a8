"""Plans and customers → profiles: what is asked, of whom, and what each customer gets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from livemerge.errors import SourceError
from livemerge.resolve.resolver import EPOCH
from livemerge.values import Answer, Cause, LadderStep, Verdict

CRM = """
[source.crm]
kind = "table"
path = "crm.csv"
key = "id"

[field.name]
source = "crm"
type = "text"
max_age = "1h"
stale_for = "1d"
fallback = "there"

[field.points]
source = "crm"
type = "integer"
max_age = "0s"
"""

SHOP = """
[source.web]
kind = "table"
path = "web.csv"
key = "id"

[source.catalogue]
kind = "table"
path = "products.csv"
key = "id"
by = "last_viewed"

[source.brands]
kind = "table"
path = "brands.csv"
key = "id"
by = "product_brand"

[field.last_viewed]
source = "web"
type = "text"

[field.product_name]
source = "catalogue"
path = "name"
type = "text"
max_age = "1h"

[field.product_brand]
source = "catalogue"
path = "brand"
type = "text"
max_age = "1h"

[field.brand_country]
source = "brands"
path = "country"
type = "text"
"""

LISTS = """
[source.taste]
kind = "table"
path = "taste.csv"
key = "id"

[source.catalogue]
kind = "table"
path = "products.csv"
key = "id"
by = "recommended[].product_id"

[source.brands]
kind = "table"
path = "brands.csv"
key = "id"
by = "recommended[].brand"

[field.recommended]
source = "taste"
type = "list"

[field.price]
source = "catalogue"
type = "money"
max_age = "1h"

[field.brand]
source = "catalogue"
type = "text"
max_age = "1h"

[field.country]
source = "brands"
type = "text"
"""

DOWN = SourceError("answered 503", retryable=False)


def steps(profile):
    return {name: origin.step for name, origin in profile.provenance.items()}


def causes(profile):
    return {name: origin.cause for name, origin in profile.provenance.items() if origin.cause}


async def test_values_and_provenance_come_from_the_source(make_world):
    world = make_world(CRM)
    world.holds("crm", {"c1": {"name": "Anna", "points": 7}})
    profile = await world.one("c1")
    assert profile.values == {"name": "Anna", "points": 7}
    assert steps(profile) == {"name": LadderStep.LIVE, "points": LadderStep.LIVE}
    assert profile.is_found
    assert profile.verdict is Verdict.READY


async def test_a_customer_nobody_knows_gets_fallbacks_because_of_absence(make_world):
    profile = await make_world(CRM).one("c1")
    assert profile.values == {"name": "there", "points": None}
    assert causes(profile) == {"name": Cause.ABSENT, "points": Cause.ABSENT}
    assert not profile.is_found
    assert not profile.unavailable()


async def test_only_the_sources_of_the_fields_asked_for_are_called(make_world):
    world = make_world(CRM + SHOP)
    await world.one("c1", ["last_viewed"])
    assert (len(world.sources["web"].calls), len(world.sources["crm"].calls)) == (1, 0)


async def test_nobody_asked_for_gives_nothing(make_world):
    world = make_world(CRM)
    assert await world.resolve([]) == {}
    assert not world.sources["crm"].calls


async def test_a_batch_is_asked_in_as_few_calls_as_the_source_takes(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", {f"c{n}": {"name": f"N{n}"} for n in range(2500)}, max_batch=500)
    keys = [f"c{n}" for n in range(2500)]
    profiles = await world.resolve([*keys, *keys])
    assert [len(call) for call in crm.calls] == [500] * 5
    assert {key: profile.values["name"] for key, profile in profiles.items()} == {f"c{n}": f"N{n}" for n in range(2500)}


async def test_a_fresh_value_is_not_asked_for_again_and_an_always_live_one_is(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", {"c1": {"name": "Anna", "points": 1}})
    await world.one("c1")
    crm.rows["c1"] = {"name": "Anne", "points": 2}
    profile = await world.one("c1", ["name"])
    assert (profile.values["name"], steps(profile)["name"], len(crm.calls)) == ("Anna", LadderStep.CACHED, 1)
    profile = await world.one("c1", ["name", "points"])
    assert (profile.values, len(crm.calls)) == ({"name": "Anne", "points": 2}, 2)


async def test_past_its_max_age_a_value_is_asked_for_anew(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", {"c1": {"name": "Anna"}})
    await world.one("c1", ["name"])
    crm.rows["c1"] = {"name": "Anne"}
    world.passes(3600)
    assert (await world.one("c1", ["name"])).values["name"] == "Anna"
    world.passes(1)
    assert (await world.one("c1", ["name"])).values["name"] == "Anne"


async def test_a_value_is_stale_only_while_the_source_gives_no_answer(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", {"c1": {"name": "Anna", "points": 1}})
    await world.one("c1")
    world.passes(2 * 3600)
    crm.error = DOWN
    profile = await world.one("c1")
    assert steps(profile) == {"name": LadderStep.STALE, "points": LadderStep.FALLBACK}
    assert (profile.values, causes(profile)) == ({"name": "Anna", "points": None}, {"points": Cause.ERROR})
    assert profile.is_found  # the source had a row when it last answered
    crm.error = None
    assert steps(await world.one("c1"))["name"] is LadderStep.LIVE
    crm.error = DOWN
    world.passes(26 * 3600)
    profile = await world.one("c1")
    assert (profile.values["name"], causes(profile)["name"]) == ("there", Cause.ERROR)


async def test_absence_is_remembered_and_never_revives_an_older_value(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", {"c1": {"name": "Anna"}})
    await world.one("c1", ["name"])
    world.passes(2 * 3600)
    del crm.rows["c1"]
    assert causes(await world.one("c1", ["name"])) == {"name": Cause.ABSENT}
    profile = await world.one("c1", ["name"])
    assert (len(crm.calls), causes(profile), profile.is_found) == (2, {"name": Cause.ABSENT}, False)
    crm.error = DOWN
    world.passes(2 * 3600)
    assert causes(await world.one("c1", ["name"])) == {"name": Cause.ABSENT}


async def test_a_value_of_the_wrong_type_is_not_rendered_and_revives_nothing(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", {"c1": {"name": "Anna"}})
    await world.one("c1", ["name"])
    world.passes(2 * 3600)
    crm.rows["c1"] = {"name": ["Anna"], "points": 3}
    profile = await world.one("c1")
    assert profile.values == {"name": "there", "points": 3}
    assert causes(profile) == {"name": Cause.WRONG_TYPE}
    assert profile.unavailable() == {"name"}


async def test_one_customers_faulty_row_is_nobody_elses(make_world):
    world = make_world(CRM)
    long_key = "x" * 600
    world.holds("crm", {"c1": {"name": "Anna"}, "c2": {"name": "Berta"}})
    profiles = await world.resolve(["c1", long_key, "\ud800", "c2"], ["name"])
    assert [profile.values["name"] for profile in profiles.values()] == ["Anna", "there", "there", "Berta"]
    assert causes(profiles[long_key]) == causes(profiles["\ud800"]) == {"name": Cause.ERROR}


# -- three clocks ----------------------------------------------------------------------------------------------


async def test_age_counts_from_the_rows_own_word_where_it_has_one(make_world):
    world = make_world(CRM.replace('key = "id"', 'key = "id"\nas_of = "updated_at"'))
    crm = world.holds("crm", {"c1": {"name": "Anna", "updated_at": "2026-06-01T11:30:00Z"}})
    origin = (await world.one("c1", ["name"])).provenance["name"]
    assert (origin.step, origin.fetched_at - origin.as_of) == (LadderStep.LIVE, timedelta(minutes=30))
    world.passes(1801)  # 60 minutes and a second after it was true
    await world.one("c1", ["name"])
    assert len(crm.calls) == 2


@pytest.mark.parametrize("written", [1780313400, 1780313400.0, "2026-06-01T11:30:00", "2026-06-01T13:30:00+02:00"])
async def test_a_rows_word_on_its_age_is_read_in_each_usual_form(make_world, written):
    world = make_world(CRM.replace('key = "id"', 'key = "id"\nas_of = "at"'))
    world.holds("crm", {"c1": {"name": "Anna", "at": written}})
    origin = (await world.one("c1", ["name"])).provenance["name"]
    assert origin.fetched_at - origin.as_of == timedelta(minutes=30)


@pytest.mark.parametrize(
    "written", ["tomorrow", None, {"at": 1}, True, float("nan"), -5, 1e300, "9999-12-31T23:59:59Z"]
)
async def test_nonsense_and_the_future_count_as_the_moment_of_asking(make_world, written):
    world = make_world(CRM.replace('key = "id"', 'key = "id"\nas_of = "at"'))
    world.holds("crm", {"c1": {"name": "Anna", "at": written}})
    origin = (await world.one("c1", ["name"])).provenance["name"]
    assert (origin.step, origin.as_of) == (LadderStep.LIVE, origin.fetched_at)


async def test_no_data_is_older_than_1970(make_world):
    world = make_world(CRM.replace('key = "id"', 'key = "id"\nas_of = "at"'))
    world.holds("crm", {"c1": {"name": "Anna", "at": "0001-01-01T00:00:00Z"}})
    assert (await world.one("c1", ["name"])).provenance["name"].as_of == EPOCH


class AgedSource:
    """Answers with the whole call's own age, as HTTP's Age does."""

    name, max_batch, connections = "crm", 10, 1

    def __init__(self, as_of):
        self.as_of = as_of

    async def fetch(self, keys, fields):
        return Answer({key: {"name": "Anna"} for key in keys}, as_of=self.as_of)

    async def close(self):
        """Nothing is held open."""


async def test_age_counts_from_the_answers_own_word_where_the_row_has_none(make_world, clock):
    world = make_world(CRM)
    world.sources["crm"] = AgedSource(clock.now() - timedelta(minutes=10))
    world.resolver = world.make_resolver()
    origin = (await world.one("c1", ["name"])).provenance["name"]
    assert origin.fetched_at - origin.as_of == timedelta(minutes=10)


async def test_fetched_at_is_when_the_source_was_asked_not_when_it_answered(make_world, clock):
    world = make_world(CRM)
    world.holds("crm", {"c1": {"name": "Anna"}}, delay_s=0.5)
    asked_at = clock.now()
    origin = (await world.one("c1", ["name"])).provenance["name"]
    assert (origin.fetched_at, origin.as_of) == (asked_at, asked_at)


async def test_what_was_fresh_when_nobody_had_to_ask_is_used_however_long_the_others_take(make_world):
    world = make_world(CRM)
    crm = world.holds("crm", {"c1": {"name": "Anna"}, "c2": {"name": "Berta"}})
    await world.one("c1", ["name"])
    world.passes(3599.9)
    crm.delay_s = 0.5  # c1's value passes its max_age while c2 is asked for
    profiles = await world.resolve(["c1", "c2"], ["name"])
    assert [steps(profile)["name"] for profile in profiles.values()] == [LadderStep.CACHED, LadderStep.LIVE]


# -- sources keyed by values -----------------------------------------------------------------------------------


async def test_a_by_source_is_asked_for_each_value_once(make_world):
    world = make_world(SHOP)
    world.holds("web", {f"c{n}": {"last_viewed": f"p{n % 3}"} for n in range(30)})
    products = world.holds("catalogue", {f"p{n}": {"name": f"P{n}", "brand": f"b{n % 2}"} for n in range(3)})
    brands = world.holds("brands", {"b0": {"country": "FR"}, "b1": {"country": "IT"}})
    profiles = await world.resolve([f"c{n}" for n in range(30)])
    assert [sorted(call) for call in products.calls] == [["p0", "p1", "p2"]]
    assert [sorted(call) for call in brands.calls] == [["b0", "b1"]]
    assert profiles["c4"].values == {
        "last_viewed": "p1",
        "product_name": "P1",
        "product_brand": "b1",
        "brand_country": "IT",
    }


async def test_what_one_customer_looked_at_is_cached_for_the_others(make_world):
    world = make_world(SHOP)
    world.holds("web", {"c1": {"last_viewed": "p1"}, "c2": {"last_viewed": "p1"}})
    products = world.holds("catalogue", {"p1": {"name": "Kettle"}})
    await world.one("c1", ["product_name"])
    profile = await world.one("c2", ["product_name"])
    assert (profile.values["product_name"], steps(profile)["product_name"]) == ("Kettle", LadderStep.CACHED)
    assert len(products.calls) == 1


@pytest.mark.parametrize("nothing", [{}, {"c1": {}}, {"c1": {"last_viewed": " "}}])
async def test_without_a_key_the_fields_of_a_by_source_are_absent(make_world, nothing):
    world = make_world(SHOP)
    world.holds("web", nothing)
    profile = await world.one("c1", ["product_name", "brand_country"])
    assert set(causes(profile).values()) == {Cause.ABSENT}
    assert not world.sources["catalogue"].calls


async def test_where_the_keys_source_gave_no_answer_its_fields_are_unavailable_for_the_same_cause(make_world):
    world = make_world(SHOP)
    world.holds("web", {}, error=DOWN)
    profile = await world.one("c1", ["product_name", "brand_country"])
    assert set(causes(profile).values()) == {Cause.ERROR}
    assert profile.unavailable() == {"last_viewed", "product_name", "product_brand", "brand_country"}
    assert "last_viewed" in profile.provenance["product_name"].detail


async def test_an_empty_fallback_is_no_key(make_world):
    world = make_world(SHOP.replace('source = "web"\ntype = "text"', 'source = "web"\ntype = "text"\nfallback = ""'))
    profile = await world.one("c1", ["product_name"])
    assert causes(profile)["product_name"] is Cause.ABSENT
    assert not world.sources["catalogue"].calls


async def test_a_fallback_that_is_a_key_is_looked_up(make_world):
    world = make_world(SHOP.replace('source = "web"\ntype = "text"', 'source = "web"\ntype = "text"\nfallback = "p1"'))
    world.holds("catalogue", {"p1": {"name": "Kettle"}})
    assert steps(await world.one("c1", ["product_name"]))["product_name"] is LadderStep.LIVE


async def test_500_customers_with_4_items_over_60_products_are_one_call(make_world):
    world = make_world(LISTS)
    world.holds(
        "taste",
        {f"c{n}": {"recommended": [{"product_id": (n + k * 7) % 60} for k in range(4)]} for n in range(500)},
    )
    products = world.holds("catalogue", {str(n): {"price": f"{n}.50", "brand": f"b{n % 5}"} for n in range(60)})
    brands = world.holds("brands", {f"b{n}": {"country": f"C{n}"} for n in range(5)})
    profiles = await world.resolve([f"c{n}" for n in range(500)])
    assert [len(call) for call in products.calls] == [60]
    assert [len(call) for call in brands.calls] == [5]
    items = profiles["c59"].values["recommended"]
    assert [(item["product_id"], str(item["price"]), item["country"]) for item in items] == [
        (59, "59.50", "C4"),
        (6, "6.50", "C1"),
        (13, "13.50", "C3"),
        (20, "20.50", "C0"),
    ]


async def test_items_of_one_customer_do_not_leak_into_the_source_or_another(make_world):
    world = make_world(LISTS)
    row = {"recommended": [{"product_id": "p1"}]}
    world.holds("taste", {"c1": row, "c2": row})
    world.holds("catalogue", {"p1": {"price": 1}})
    profiles = await world.resolve(["c1", "c2"], ["recommended", "price"])
    assert row == {"recommended": [{"product_id": "p1"}]}
    first, second = (profile.values["recommended"] for profile in profiles.values())
    assert first == second
    assert first[0] is not second[0]


async def test_an_item_fields_provenance_is_that_of_its_worst_item(make_world):
    world = make_world(LISTS)
    world.holds("taste", {"c1": {"recommended": [{"product_id": "p1"}, {"product_id": "gone"}, {"other": 1}]}})
    world.holds("catalogue", {"p1": {"price": 1}})
    profile = await world.one("c1", ["recommended", "price"])
    assert causes(profile) == {"price": Cause.ABSENT}
    assert [item["price"] for item in profile.values["recommended"]] == [1, None, None]


async def test_an_unavailable_item_is_worse_than_an_absent_one(make_world):
    world = make_world(LISTS)
    too_long = "x" * 600  # refused, and so unavailable
    world.holds("taste", {"c1": {"recommended": [{"product_id": "gone"}, {"product_id": too_long}]}})
    assert causes(await world.one("c1", ["recommended", "price"])) == {"price": Cause.ERROR}


async def test_without_its_list_an_item_field_shares_the_lists_cause(make_world):
    world = make_world(LISTS)
    world.holds("taste", {}, error=DOWN)
    assert causes(await world.one("c1", ["price"])) == {"recommended": Cause.ERROR, "price": Cause.ERROR}


async def test_a_list_nobody_knows_stays_nil_so_that_guards_drop_their_block(make_world):
    world = make_world(LISTS)
    world.holds("taste", {"c2": {"recommended": []}})
    profiles = await world.resolve(["c1", "c2"], ["price"])
    assert [profile.values["recommended"] for profile in profiles.values()] == [None, []]


# -- required fields -------------------------------------------------------------------------------------------

REQUIRED = CRM.replace('fallback = "there"', "required = true")


async def test_a_required_field_that_is_absent_skips_the_customer(make_world):
    profile = await make_world(REQUIRED).one("c1")
    assert (profile.verdict, profile.reason) == (Verdict.SKIPPED, "name")


async def test_a_required_field_whose_source_gives_no_answer_holds_the_message(make_world):
    world = make_world(REQUIRED)
    world.holds("crm", {}, error=DOWN)
    profile = await world.one("c1")
    assert (profile.verdict, profile.reason) == (Verdict.HELD, "name")


async def test_a_stale_value_is_enough_for_a_required_field(make_world):
    world = make_world(REQUIRED)
    crm = world.holds("crm", {"c1": {"name": "Anna"}})
    await world.one("c1")
    world.passes(2 * 3600)
    crm.error = DOWN
    assert (await world.one("c1")).verdict is Verdict.READY


async def test_whoever_is_skipped_for_one_field_is_not_held_for_another(make_world):
    world = make_world(
        CRM.replace('fallback = "there"', "required = true")
        + SHOP.replace('[field.last_viewed]\nsource = "web"', '[field.last_viewed]\nrequired = true\nsource = "web"')
    )
    world.holds("web", {}, error=DOWN)
    profile = await world.one("c1", ["name", "last_viewed"])
    assert (profile.verdict, profile.reason) == (Verdict.SKIPPED, "name")


async def test_the_reason_is_the_first_field_that_decided(make_world):
    world = make_world(REQUIRED.replace('max_age = "0s"', "required = true"))
    assert (await world.one("c1")).reason == "name"
    world.holds("crm", {}, error=DOWN)
    assert (await world.one("c1", ["points", "name"])).reason == "name"


async def test_a_required_field_nobody_asked_for_decides_nothing(make_world):
    assert (await make_world(REQUIRED).one("c1", ["points"])).verdict is Verdict.READY


# -- overrides -------------------------------------------------------------------------------------------------


async def test_an_override_goes_before_everything_and_nobody_is_asked(make_world):
    world = make_world(CRM)
    world.holds("crm", {"c1": {"name": "Anna"}})
    world.overrides.set("c1", "name", "Annette", author="kim", reason="she asked", ends_at=None)
    profile = await world.one("c1", ["name"])
    assert (profile.values["name"], steps(profile)["name"]) == ("Annette", LadderStep.OVERRIDE)
    assert not world.sources["crm"].calls


async def test_an_override_ends_at_its_time(make_world, clock):
    world = make_world(CRM)
    world.holds("crm", {"c1": {"name": "Anna"}})
    ends_at = clock.now() + timedelta(hours=1)
    world.overrides.set("c1", "name", "Annette", author="kim", reason="for today", ends_at=ends_at)
    world.passes(3599)
    assert steps(await world.one("c1", ["name"]))["name"] is LadderStep.OVERRIDE
    world.passes(1)
    assert steps(await world.one("c1", ["name"]))["name"] is LadderStep.LIVE


async def test_an_override_satisfies_a_required_field(make_world):
    world = make_world(REQUIRED)
    world.overrides.set("", "name", "friend", author="kim", reason="outage", ends_at=None)
    assert (await world.one("c1")).verdict is Verdict.READY


async def test_a_pinned_key_is_what_a_by_source_is_asked_for(make_world):
    world = make_world(SHOP)
    world.holds("catalogue", {"p9": {"name": "Teapot"}})
    world.overrides.set("c1", "last_viewed", "p9", author="kim", reason="test", ends_at=None)
    assert (await world.one("c1", ["product_name"])).values["product_name"] == "Teapot"


async def test_a_pinned_item_field_stands_in_every_item(make_world):
    world = make_world(LISTS)
    world.holds("taste", {"c1": {"recommended": [{"product_id": "p1"}, {"product_id": "p2"}]}})
    world.overrides.set("c1", "price", "9.90", author="kim", reason="sale", ends_at=None)
    profile = await world.one("c1", ["recommended", "price"])
    assert [str(item["price"]) for item in profile.values["recommended"]] == ["9.90", "9.90"]
    assert steps(profile)["price"] is LadderStep.OVERRIDE
