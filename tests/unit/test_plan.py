"""Fields → waves of steps: the fewest calls, each wave needing only the waves before it."""

from __future__ import annotations

import pytest

from livemerge.catalog import load_catalog
from livemerge.config import load_settings
from livemerge.plan import make_plan


def source(name, by=""):
    return f'[source.{name}]\nkind = "table"\npath = "{name}.csv"\nkey = "id"\n' + (f'by = "{by}"\n' if by else "")


def field(name, of, kind="text"):
    return f'[field.{name}]\nsource = "{of}"\ntype = "{kind}"\n'


TOML = (
    source("crm")
    + source("web")
    + source("catalogue", by="last_viewed")
    + source("brands", by="brand")
    + source("prices", by="recommended[].product_id")
    + source("stock", by="recommended[].warehouse")
    + field("first_name", "crm")
    + field("tier", "crm")
    + field("last_viewed", "web")
    + field("recommended", "web", "list")
    + field("title", "catalogue")
    + field("brand", "catalogue")
    + field("country", "brands")
    + field("price", "prices", "money")
    + field("warehouse", "prices")
    + field("in_stock", "stock", "integer")
)


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "livemerge.toml").write_text(TOML)
    catalog = load_catalog(load_settings(tmp_path))
    return lambda *names: make_plan(catalog, names)


def waves(plan):
    return [{step.source: [field.name for field in step.fields] for step in wave} for wave in plan.waves]


def test_nothing_asked_for_needs_no_step(plan):
    assert (plan().waves, plan().sources()) == ((), frozenset())


def test_all_fields_of_a_source_are_one_step(plan):
    assert waves(plan("tier", "first_name")) == [{"crm": ["first_name", "tier"]}]


def test_sources_that_need_nothing_of_each_other_share_a_wave(plan):
    assert waves(plan("first_name", "last_viewed")) == [{"crm": ["first_name"], "web": ["last_viewed"]}]


def test_a_field_brings_the_fields_that_key_its_source(plan):
    made = plan("country")
    assert waves(made) == [{"web": ["last_viewed"]}, {"catalogue": ["brand"]}, {"brands": ["country"]}]
    assert made.asked == {"country"}


def test_what_can_be_asked_early_does_not_wait_for_deeper_waves(plan):
    assert waves(plan("first_name", "title", "country"))[0] == {"crm": ["first_name"], "web": ["last_viewed"]}


def test_an_item_field_brings_its_list(plan):
    assert waves(plan("price")) == [{"web": ["recommended"]}, {"prices": ["price"]}]


def test_a_property_that_items_gain_first_is_waited_for(plan):
    assert waves(plan("in_stock")) == [{"web": ["recommended"]}, {"prices": ["warehouse"]}, {"stock": ["in_stock"]}]


def test_only_the_sources_of_the_plan_are_named(plan):
    assert plan("title").sources() == {"web", "catalogue"}


def test_an_unknown_field_is_a_key_error(plan):
    with pytest.raises(KeyError):
        plan("nothing")


def test_the_plan_prints_itself_for_people(plan):
    assert str(plan("first_name", "country", "price")).splitlines() == [
        "3 fields, 5 steps, 3 waves",
        "  wave 1  crm → first_name",
        "  wave 1  web → last_viewed, recommended",
        "  wave 2  catalogue by last_viewed → brand",
        "  wave 2  prices by recommended[].product_id → price",
        "  wave 3  brands by brand → country",
    ]
