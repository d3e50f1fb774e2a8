"""Declared views and feeds: what they hold, and what is wrong with them."""

from pathlib import Path

import pytest

from livemerge.catalog import ESPS, Catalog, deadline_s_of, load_catalog
from livemerge.config import load_settings
from livemerge.errors import ConfigError

BASE = """
[source.people]
kind = "table"
path = "people.csv"
key = "id"

[source.catalogue]
kind = "table"
path = "products.csv"
key = "product_id"
by = "bought[].product_id"

[source.web]
kind = "events"

[source.shop]
kind = "sql"
url = "sqlite:///shop.db"
query = "select 1 as key where 1 in :keys"

[field.first_name]
source = "people"
type = "text"
fallback = "there"
alias = ["FNAME"]

[field.points]
source = "people"
type = "integer"

[field.bought]
source = "web"
distinct = "bought.product_id"
type = "list"

[field.name]
source = "catalogue"
type = "text"

"""


def catalog_of(folder: Path, declared: str) -> Catalog:
    (folder / "livemerge.toml").write_text(BASE + declared)
    return load_catalog(load_settings(folder))


def refusal_of(folder: Path, declared: str) -> str:
    with pytest.raises(ConfigError) as caught:
        catalog_of(folder, declared)
    return str(caught.value)


def test_a_view_takes_deadline_and_habits_from_its_esp(tmp_path: Path) -> None:
    view = catalog_of(tmp_path, '[view.welcome]\nfields = ["first_name", "points"]\nesp = "braze"\n').views["welcome"]
    assert (view.fields, view.deadline_s, view.shape, view.on_miss) == (
        ("first_name", "points"),
        1.5,
        "object",
        "default",
    )
    assert (view.escape, view.is_ascii) == ("html", False)


def test_a_deadline_of_its_own_goes_before_that_of_the_esp(tmp_path: Path) -> None:
    declared = '[view.welcome]\nfields = ["points"]\nesp = "braze"\ndeadline_ms = 80\n'
    assert catalog_of(tmp_path, declared).views["welcome"].deadline_s == 0.08


def test_a_language_that_escapes_by_itself_gets_texts_as_they_are(tmp_path: Path) -> None:
    declared = '[view.welcome]\nfields = ["points"]\nesp = "iterable"\n'
    assert catalog_of(tmp_path, declared).views["welcome"].escape == "none"


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ('[view.welcome]\nfields = ["first_nam"]\n', "there is no field `first_nam`|Did you mean `first_name`?"),
        ('[view.welcome]\nfields = ["FNAME"]\n', "Write `first_name`; `FNAME` is its name in templates."),
        ("[view.welcome]\nfields = []\n", "a view needs fields"),
        ('[view.Welcome]\nfields = ["points"]\n', "`Welcome` cannot name a view"),
        ('[view.welcome]\nfields = ["points"]\nesp = "brase"\n', "`brase` is no ESP known here|Did you mean `braze`?"),
        ('[view.welcome]\nfields = ["points", "first_name"]\nshape = "text"\n', "is one value, and here are 2 fields"),
        ('[view.welcome]\nfields = ["bought"]\nshape = "text"\n', "`bought` is a list, which is no text"),
        ('[view.welcome]\nfields = ["name"]\nshape = "text"\n', "`name` is a list, which is no text"),
        ('[view.welcome]\nfields = ["points"]\nshape = "row"\n', "`row` is not a value of `shape`"),
        ('[view.welcome]\nfields = ["points"]\ndeadline_ms = 0\n', "`deadline_ms` is not between 1 and 600000"),
        ('[feed.offers]\npath = "offers.csv"\nlimit = 0\n', "`limit` is out of range"),
        ("[feed.offers]\n", "needs exactly one of `source` and `path`"),
        ('[feed.offers]\nsource = "people"\n', "`people` holds customers"),
        ('[feed.offers]\nsource = "web"\n', "`web` has no rows for a feed"),
        ('[feed.offers]\nsource = "shop"\n', "a feed of a sql source needs a `query` of its own"),
        ('[feed.offers]\nsource = "shopp"\n', "there is no source `shopp`|Did you mean `shop`?"),
        ('[feed.offers]\npath = "offers.csv"\nmax_age = "soon"\n', "`soon` is not a span of time"),
        ('[feed.Offers]\npath = "offers.csv"\n', "`Offers` cannot name a feed"),
    ],
)
def test_mistakes_are_told_with_line_and_advice(tmp_path: Path, declared: str, told: str) -> None:
    refusal = refusal_of(tmp_path, declared)
    for part in told.split("|"):
        assert part in refusal
    assert "livemerge.toml:" in refusal


def test_a_feed_shows_things_that_customers_point_at(tmp_path: Path) -> None:
    feed = catalog_of(tmp_path, '[feed.offers]\nsource = "catalogue"\ncolumns = ["name"]\n').feeds["offers"]
    assert (feed.rows.path, feed.columns, feed.limit) == ("products.csv", ("name",), 100)
    assert (feed.rows.max_age_s, feed.rows.stale_for_s) == (900.0, 86_400.0)


def test_every_deadline_is_below_what_the_service_gives() -> None:
    gives_s = {"ajo": 0.75, "ajo-helper": 0.3, "blueshift": 0.5, "bloomreach": 1, "braze": 2, "customerio": 4}
    gives_s |= {"getresponse": 4, "klaviyo": 5, "iterable": 10}
    assert all(ESPS[name].deadline_s < limit_s for name, limit_s in gives_s.items())
    assert deadline_s_of("") == deadline_s_of("unheard-of") == 0.15
