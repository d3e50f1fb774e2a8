"""What sources said, remembered in process and in the store."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from livemerge.catalog import load_catalog
from livemerge.clock import FakeClock
from livemerge.config import load_settings
from livemerge.resolve import Cache
from livemerge.resolve.ladder import Known
from livemerge.store import open_store

TOML = """
[source.crm]
kind = "table"
path = "crm.csv"
key = "id"

[source.shop]
kind = "table"
path = "shop.csv"
key = "id"

[field.name]
source = "crm"
type = "text"
max_age = "1h"
stale_for = "1d"

[field.points]
source = "crm"
type = "integer"
max_age = "0s"

[field.total]
source = "shop"
type = "money"
max_age = "1h"

[field.bought_on]
source = "shop"
type = "date"
max_age = "1h"

[field.seen_at]
source = "shop"
type = "datetime"
max_age = "1h"

[field.items]
source = "shop"
type = "list"
max_age = "1h"
"""


class Place:
    """A project folder, its store, and caches over it as new processes would open them."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = FakeClock()
        self.store = open_store(folder / "livemerge.db")

    def open(self, toml=TOML, **bounds):
        (self.folder / "livemerge.toml").write_text(toml)
        return Cache(load_catalog(load_settings(self.folder)), self.clock, self.store, **bounds)

    def known(self, value, hours_old=0.0):
        moment = self.clock.now() - timedelta(hours=hours_old)
        return Known(value, moment, moment)

    def stored(self):
        return self.store.rows("SELECT count(*) FROM cached_row")[0][0]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_a_new_process_finds_what_the_last_one_learned(place):
    learned = {"name": place.known("Anna")}
    place.open().put_many("crm", {"c1": (learned, True)})
    (row,) = place.open().get_many("crm", ["c1", "c2"]).values()
    assert (row.fields, row.has_row) == (learned, True)


def test_every_type_comes_back_from_the_store_as_it_went_in(place):
    moment = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    learned = {
        "total": place.known(Decimal("12.50")),
        "bought_on": place.known(date(2026, 1, 2)),
        "seen_at": place.known(moment),
        "items": place.known(
            [{"price": Decimal("1.10"), "at": moment, "on": date(2026, 1, 2), "n": 1, "x": None, "t": "ä"}]
        ),
    }
    place.open().put_many("shop", {"c1": (learned, True)})
    found = place.open().get_many("shop", ["c1"])["c1"].fields
    assert found == learned
    assert [type(value) for value in found["items"].value[0].values()] == [
        Decimal,
        datetime,
        date,
        int,
        type(None),
        str,
    ]


def test_absence_is_kept_like_a_value(place):
    place.open().put_many("crm", {"c1": ({"name": place.known(None)}, False)})
    row = place.open().get_many("crm", ["c1"])["c1"]
    assert (row.fields["name"].value, row.has_row) == (None, False)


def test_fields_that_are_always_live_are_not_kept(place):
    cache = place.open()
    cache.put_many("crm", {"c1": ({"points": place.known(5)}, True)})
    assert cache.get_many("crm", ["c1"]) == {}
    cache.put_many("crm", {"c1": ({"points": place.known(5), "name": place.known("Anna")}, True)})
    assert list(cache.get_many("crm", ["c1"])["c1"].fields) == ["name"]


def test_a_row_is_forgotten_when_its_last_field_may_not_be_used_any_more(place):
    cache = place.open()
    cache.put_many("crm", {"c1": ({"name": place.known("Anna")}, True)})
    place.clock.advance(25 * 3600)  # not older than max_age + stale_for
    assert cache.get_many("crm", ["c1"])
    assert place.open().get_many("crm", ["c1"])
    place.clock.advance(1)
    assert cache.get_many("crm", ["c1"]) == place.open().get_many("crm", ["c1"]) == {}


def test_time_counts_from_when_the_value_was_true(place):
    cache = place.open()
    cache.put_many("crm", {"c1": ({"name": place.known("Anna", hours_old=24.9)}, True)})
    place.clock.advance(0.2 * 3600)
    assert cache.get_many("crm", ["c1"]) == {}


def test_fields_learned_apart_stand_together(place):
    cache = place.open()
    cache.put_many("shop", {"c1": ({"total": place.known(Decimal(1))}, True)})
    cache.put_many("shop", {"c1": ({"bought_on": place.known(date(2026, 1, 1))}, True)})
    assert set(cache.get_many("shop", ["c1"])["c1"].fields) == {"total", "bought_on"}
    assert set(place.open().get_many("shop", ["c1"])["c1"].fields) == {"total", "bought_on"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('path = "crm.csv"', 'path = "other.csv"'),
        ('[field.name]\nsource = "crm"\n', '[field.name]\nsource = "crm"\npath = "first"\n'),
    ],
)
def test_an_edit_of_source_or_field_leaves_old_answers_behind(place, before, after):
    place.open().put_many("crm", {"c1": ({"name": place.known("Anna")}, True)})
    assert place.open(TOML.replace(before, after)).get_many("crm", ["c1"]) == {}
    assert place.open().get_many("crm", ["c1"])


def test_an_edit_of_another_source_leaves_the_rest_known(place):
    place.open().put_many("crm", {"c1": ({"name": place.known("Anna")}, True)})
    edited = TOML.replace('path = "shop.csv"', 'path = "other.csv"').replace('type = "money"', 'type = "number"')
    assert place.open(edited).get_many("crm", ["c1"])


def test_in_process_the_least_recently_used_rows_make_room(place):
    place.store.close()
    place.store = None
    cache = place.open(max_rows=3)
    for key in ("a", "b", "c"):
        cache.put_many("crm", {key: ({"name": place.known(key)}, True)})
    cache.get_many("crm", ["a"])
    cache.put_many("crm", {"d": ({"name": place.known("d")}, True)})
    assert set(cache.get_many("crm", ["a", "b", "c", "d"])) == {"a", "c", "d"}


def test_a_sweep_deletes_what_is_past_its_time(place):
    cache = place.open()
    cache.put_many(
        "crm", {"old": ({"name": place.known("x", hours_old=24)}, True), "new": ({"name": place.known("y")}, True)}
    )
    assert (cache.sweep(), place.stored()) == (0, 2)
    place.clock.advance(3600)
    assert (cache.sweep(), place.stored()) == (1, 1)


def test_a_sweep_keeps_the_table_within_its_bound_by_those_nearest_their_end(place):
    cache = place.open(max_stored_rows=3)
    for hours in range(6):
        cache.put_many("crm", {f"c{hours}": ({"name": place.known("x", hours_old=hours)}, True)})
    assert (cache.sweep(), place.stored()) == (3, 3)
    assert set(place.open().get_many("crm", [f"c{n}" for n in range(6)])) == {"c0", "c1", "c2"}


def test_sweeps_come_by_themselves_with_the_writes(place):
    cache = place.open(max_stored_rows=100)
    for start in range(0, 6_000, 500):
        keys = range(start, start + 500)
        cache.put_many("crm", {f"c{n}": ({"name": place.known("x")}, True) for n in keys})
    assert place.stored() <= 100 + 5_000


def test_thousands_of_keys_are_found_in_the_store(place):
    keys = [f"c{n}" for n in range(3_001)]
    place.open().put_many("crm", {key: ({"name": place.known(key)}, True) for key in keys})
    found = place.open().get_many("crm", keys)
    assert {key: row.fields["name"].value for key, row in found.items()} == {key: key for key in keys}


def test_a_key_without_utf8_form_costs_nobody_else_their_row(place):
    place.open().put_many("crm", {"c1": ({"name": place.known("Anna")}, True)})
    assert list(place.open().get_many("crm", ["\ud800", "c1"])) == ["c1"]


def test_a_damaged_row_is_as_good_as_none(place):
    place.open().put_many("crm", {"c1": ({"name": place.known("Anna")}, True)})
    place.store.run("UPDATE cached_row SET body = ?", (b"{broken",))
    assert place.open().get_many("crm", ["c1"]) == {}


def test_a_store_that_cannot_be_written_costs_its_tier_and_no_answer(place):
    cache = place.open()
    other = sqlite3.connect(place.folder / "livemerge.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with capture_logs() as logs:
        cache.put_many("crm", {"c1": ({"name": place.known("Anna")}, True)})
    other.close()
    assert [entry["event"] for entry in logs] == ["the cache could not be written"]
    assert cache.get_many("crm", ["c1"])["c1"].fields["name"].value == "Anna"
    assert place.stored() == 0


def test_a_store_that_cannot_be_read_costs_its_tier_and_no_answer(place):
    cache = place.open()
    place.store.run("DROP TABLE cached_row")
    with capture_logs() as logs:
        assert cache.get_many("crm", ["c1"]) == {}
    assert logs[0]["event"] == "the cache could not be read"
