"""Values pinned by a person."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from livemerge.catalog import load_catalog
from livemerge.clock import FakeClock
from livemerge.config import load_settings
from livemerge.errors import ConfigError
from livemerge.resolve import Overrides
from livemerge.store import open_store

TOML = '[source.crm]\nkind = "table"\npath = "crm.csv"\nkey = "id"\n' + "".join(
    f'[field.{name}]\nsource = "crm"\ntype = "{kind}"\n'
    for name, kind in [
        ("first_name", "text"),
        ("points", "integer"),
        ("total", "money"),
        ("since", "date"),
        ("items", "list"),
    ]
)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store():
    return open_store(None)


@pytest.fixture
def overrides(tmp_path, clock, store):
    (tmp_path / "livemerge.toml").write_text(TOML)
    return Overrides(load_catalog(load_settings(tmp_path)), clock, store)


def pin(overrides, field, text, customer="c1", ends_at=None):
    overrides.set(customer, field, text, author="kim", reason="asked for", ends_at=ends_at)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("first_name", "Anna", "Anna"),
        ("points", "7", 7),
        ("total", "12.50", Decimal("12.50")),
        ("since", "2026-01-02", date(2026, 1, 2)),
        ("items", '[{"name": "Kettle"}]', [{"name": "Kettle"}]),
    ],
)
def test_a_pinned_value_has_its_fields_type(overrides, field, text, value):
    pin(overrides, field, text)
    assert overrides.of(["c1"])["c1"][field].value == value


def test_a_customers_own_pin_goes_before_one_for_everybody(overrides):
    pin(overrides, "first_name", "friend", customer="")
    pin(overrides, "first_name", "Anna", customer="c1")
    pinned = overrides.of(["c1", "c2"])
    assert [pinned[key]["first_name"].value for key in ("c1", "c2")] == ["Anna", "friend"]


def test_author_reason_and_time_are_kept(overrides, clock):
    pin(overrides, "points", "1", ends_at=clock.now() + timedelta(days=1))
    (kept,) = overrides.ls()
    assert (kept.author, kept.reason, kept.set_at, kept.ends_at) == (
        "kim",
        "asked for",
        clock.now(),
        clock.now() + timedelta(days=1),
    )


def test_a_pin_ends_at_its_time(overrides, clock):
    pin(overrides, "points", "1", ends_at=clock.now() + timedelta(hours=1))
    clock.advance(3599)
    assert overrides.of(["c1"])
    clock.advance(1)
    assert (overrides.of(["c1"]), overrides.ls()) == ({}, [])


def test_pinning_again_replaces_and_clearing_removes(overrides):
    pin(overrides, "points", "1")
    pin(overrides, "points", "2")
    assert [override.value for override in overrides.ls()] == [2]
    assert (overrides.clear("c1", "points"), overrides.clear("c1", "points")) == (True, False)
    assert overrides.ls() == []


def test_an_unknown_field_is_refused_with_the_nearest_name(overrides):
    with pytest.raises(ConfigError, match="no field `frist_name`") as refused:
        pin(overrides, "frist_name", "Anna")
    assert "first_name" in refused.value.advice


def test_a_value_of_another_type_is_refused_and_not_shown(overrides):
    with pytest.raises(ConfigError, match="not of type integer") as refused:
        pin(overrides, "points", "anna@shop.example")
    assert "anna" not in str(refused.value)


def test_a_pin_whose_field_is_gone_or_has_another_type_is_left_out(tmp_path, overrides, clock, store):
    pin(overrides, "first_name", "Anna")
    pin(overrides, "points", "1")
    edited = TOML.replace("field.points", "field.marks").replace(
        '[field.first_name]\nsource = "crm"\ntype = "text"', '[field.first_name]\nsource = "crm"\ntype = "date"'
    )
    (tmp_path / "livemerge.toml").write_text(edited)
    later = Overrides(load_catalog(load_settings(tmp_path)), clock, store)
    assert later.ls() == []
