"""Settings → catalog: mistakes with their places, the type rule, and how template paths find fields."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from livemerge.catalog import (
    MAX_INTEGER,
    MAX_LIST_ITEMS,
    MAX_TEXT_CHARACTERS,
    WrongTypeError,
    admit,
    declared_name,
    load_catalog,
    zero,
)
from livemerge.clean import CleanData
from livemerge.config import load_settings
from livemerge.errors import ConfigError

CRM = '[source.crm]\nkind = "table"\npath = "crm.csv"\nkey = "id"\n'
WEB = '[source.web]\nkind = "events"\n'


def keyed(source, by):
    return f'[source.{source}]\nkind = "table"\npath = "{source}.csv"\nkey = "id"\nby = "{by}"\n'


def field(name, source="crm", kind="text", more=""):
    return f'[field.{name}]\nsource = "{source}"\ntype = "{kind}"\n{more}\n'


@pytest.fixture
def load(tmp_path):
    def load(text):
        (tmp_path / "livemerge.toml").write_text(text, encoding="utf-8")
        return load_catalog(load_settings(tmp_path))

    return load


@pytest.fixture
def mistakes(load):
    def mistakes(text):
        with pytest.raises(ConfigError) as refused:
            load(text)
        return [refused.value, *refused.value.others]

    return mistakes


# -- declaring -------------------------------------------------------------------------------------------------


def test_a_project_without_sources_has_an_empty_catalog(load):
    catalog = load("")
    assert (catalog.fields, catalog.by, catalog.names) == ({}, {}, {})


def test_a_field_has_what_was_declared(load):
    more = 'path = "name.first"\nmax_age = "1d"\nstale_for = "7d"\nfallback = "there"\nalias = ["FNAME", "user.name"]\n'
    found = load(CRM + field("first_name", more=more + "private = true")).fields["first_name"]
    assert (found.path, found.max_age_s, found.stale_for_s) == ("name.first", 86400, 604800)
    assert (found.fallback, found.aliases, found.is_private) == ("there", ("FNAME", "user.name"), True)


def test_without_path_a_field_takes_the_column_of_its_own_name(load):
    assert load(CRM + field("last")).fields["last"].path == '"last"'


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("text", '"there"', "there"),
        ("text", '""', ""),
        ("html", '""', ""),
        ("url", '""', ""),
        ("integer", "0", 0),
        ("number", "1.5", 1.5),
        ("money", '"9.90"', Decimal("9.90")),
        ("money", "0.1", Decimal("0.1")),
        ("boolean", "false", False),
        ("date", "2026-01-02", date(2026, 1, 2)),
        ("datetime", "2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("list", "[]", []),
        ("list", '[{ name = "Kettle" }]', [{"name": "Kettle"}]),
    ],
)
def test_a_fallback_has_its_fields_type(load, kind, written, value):
    assert load(CRM + field("x", kind=kind, more=f"fallback = {written}")).fields["x"].fallback == value


@pytest.mark.parametrize(
    ("text", "where", "what", "advice"),
    [
        (field("a"), "2 field.a.source", "no source `crm`", "[source.crm]"),
        (CRM + field("a", source="crn"), "6 field.a.source", "no source `crn`", "`crm`"),
        (CRM + field("Name"), "5 field.Name", "every ESP", "alias"),
        (
            CRM + '[field."first name"]\nsource = "crm"\ntype = "text"\n',
            "5 field.first name",
            "every ESP",
            "Small letters",
        ),
        (CRM + '[field."name\\n"]\nsource = "crm"\ntype = "text"\n', "5 field.name", "every ESP", "Small letters"),
        (CRM + field("ok"), "5 field.ok", "Livemerge itself", "another"),
        (CRM + field("email"), "5 field.email", "Livemerge itself", "another"),
        (CRM + field("a", more='max_age = "1 day"'), "8 field.a.max_age", "not a span of time", "7d"),
        (CRM + field("a", more='stale_for = "forever"'), "8 field.a.stale_for", "not a span of time", "7d"),
        (CRM + field("a", more='max_age = "999999w"'), "8 field.a.max_age", "not a span of time", "hundred years"),
        (CRM + field("a", more='path = "a..b"'), "8 field.a.path", "not JMESPath", "dots"),
        (CRM + field("a", more='path = "a["'), "8 field.a.path", "not JMESPath", "dots"),
        (CRM + field("a", more="fallback = 5"), "8 field.a.fallback", "not of type text", "Leave it out"),
        (CRM + field("a", kind="integer", more='fallback = "none"'), "8 field.a.fallback", "not of type integer", ""),
        (CRM + field("a", kind="integer", more="fallback = true"), "8 field.a.fallback", "not of type integer", ""),
        (CRM + field("a", kind="number", more="fallback = nan"), "8 field.a.fallback", "not of type number", ""),
        (CRM + field("a", kind="integer", more='fallback = ""'), "8 field.a.fallback", "not of type integer", ""),
        (
            CRM + field("a", kind="url", more='fallback = "javascript:alert(1)"'),
            "8 field.a.fallback",
            "not of type url",
            "",
        ),
        (CRM + field("a", kind="list", more='fallback = "x"'), "8 field.a.fallback", "not of type list", ""),
        (CRM + field("a", more='required = true\nfallback = "x"'), "9 field.a.fallback", "no fallback", "one of them"),
        (CRM + field("a") + field("b", more='alias = ["a"]'), "12 field.b.alias", "already names field `a`", "another"),
        (
            CRM + field("a", more='alias = ["X"]') + field("b", more='alias = ["X"]'),
            "12 field.b.alias",
            "`X` already names field `a`",
            "another",
        ),
        (CRM + field("a", more='alias = ["email"]'), "8 field.a.alias", "Livemerge itself", "another"),
        (CRM + field("a", more='alias = ["email.address"]'), "8 field.a.alias", "Livemerge itself", "another"),
        (CRM + field("a", more='alias = ["UNSUB"]'), "8 field.a.alias", "Livemerge itself", "another"),
        (CRM + field("a", more='alias = [""]'), "8 field.a.alias", "is no name", "another"),
        (CRM + field("a", more='alias = ["x..y"]'), "8 field.a.alias", "is no name", "another"),
        (CRM + field("a", more='alias = ["items[].x"]'), "8 field.a.alias", "is no name", "another"),
        (
            CRM + field("user") + field("b", more='alias = ["user.city"]'),
            "12 field.b.alias",
            "reads into `user`",
            "another",
        ),
        (CRM + 'as_of = "a["\n', "5 source.crm.as_of", "`as_of` is not JMESPath", "dots"),
        (
            '[source.c]\nkind = "http"\nbatch = { url = "https://c.example/{keys}", records = "a[" }\n',
            "3 source.c.batch.records",
            "`records` is not JMESPath",
            "dots",
        ),
        (CRM + keyed("p", "viewed"), "9 source.p.by", "no field `viewed`", "[field.viewed]"),
        (CRM + keyed("p", "viewd") + field("viewed"), "9 source.p.by", "no field `viewd`", "`viewed`"),
        (CRM + keyed("p", "a[].id") + field("a"), "9 source.p.by", "`a` is not a list", 'by = "a"'),
        (CRM + keyed("p", "a") + field("a", kind="list"), "9 source.p.by", "`a` is a list", 'by = "a[].property"'),
        (CRM + keyed("p", "a") + field("a", kind="boolean"), "9 source.p.by", "names nothing", "text"),
        (CRM + keyed("p", "a") + field("a", kind="number"), "9 source.p.by", "names nothing", "text"),
        (
            CRM + keyed("p", "l[].id") + keyed("q", "b") + field("l", kind="list") + field("b", source="p"),
            "14 source.q.by",
            "belongs to the items of `l`",
            'by = "l[].b"',
        ),
    ],
)
def test_a_mistake_names_its_place_and_what_would_be_right(mistakes, text, where, what, advice):
    (mistake,) = mistakes(text)
    assert mistake.where == f"livemerge.toml:{where}"
    assert what in mistake.what
    assert advice in mistake.advice


def test_all_mistakes_come_at_once(mistakes):
    text = CRM + field("A", more='max_age = "x"') + field("b", source="nope") + keyed("p", "c")
    assert len(mistakes(text)) == 4


@pytest.mark.parametrize(
    ("text", "circle"),
    [
        (keyed("p", "a") + field("a", source="p"), "p → p"),
        (keyed("p", "b") + keyed("q", "a") + field("a", source="p") + field("b", source="q"), "p → q → p"),
        (
            CRM + keyed("p", "l[].x") + field("l", kind="list") + field("x", source="p"),
            "p → p",
        ),
    ],
)
def test_sources_that_need_each_other_in_a_circle_are_refused(mistakes, text, circle):
    assert any(circle in mistake.what for mistake in mistakes(text))


def test_a_way_into_a_circle_is_none_itself_and_checking_it_ends(mistakes):
    text = keyed("p", "a") + field("a", source="p") + keyed("q", "a") + field("c", source="q")
    assert [mistake.where.split()[1] for mistake in mistakes(text)] == ["source.p.by"]


# -- features of events ----------------------------------------------------------------------------------------


def test_a_feature_is_a_question_to_the_events(load):
    more = 'top = "product.viewed.category"\nwithin = "30d"\nlimit = 5\nwhere = { shop = "de", is_new = true }'
    feature = load(WEB + field("x", "web", "list", more)).fields["x"].feature
    assert (feature.kind, feature.event, feature.property) == ("top", "product.viewed", "category")
    assert (feature.within_s, feature.limit, feature.where) == (30 * 86400, 5, {"shop": "de", "is_new": True})


def test_a_count_names_an_event_alone(load):
    feature = load(WEB + field("x", "web", "integer", 'count = "product.viewed"')).fields["x"].feature
    assert (feature.event, feature.property, feature.within_s) == ("product.viewed", "", None)


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        (WEB + field("x", "web"), "", "exactly one of latest, first"),
        (WEB + field("x", "web", more='latest = "a.b"\nfirst = "a.b"'), ".latest", "exactly one of"),
        (WEB + field("x", "web", more='latest = "viewed"'), ".latest", "an event and a property"),
        (WEB + field("x", "web", more='latest = "viewed."'), ".latest", "an event and a property"),
        (WEB + field("x", "web", more='latest = ".id"'), ".latest", "an event and a property"),
        (WEB + field("x", "web", more="latest = 'viewed.a\"b'"), ".latest", "quote"),
        (WEB + field("x", "web", more='latest = "a.b"\npath = "b"'), ".path", "no `path`"),
        (WEB + field("x", "web", more='latest = "a.b"\nwithin = "soon"'), ".within", "not a span of time"),
        (WEB + field("x", "web", more='latest = "a.b"\nwhere = { c = [1] }'), ".where", "text, numbers"),
        (WEB + field("x", "web", more='latest = "a.b"\nlimit = 5'), ".limit", "one value"),
        (WEB + field("x", "web", "list", 'top = "a.b"\nlimit = -1'), ".limit", "out of range"),
        (WEB + field("x", "web", "list", f'top = "a.b"\nlimit = {MAX_LIST_ITEMS + 1}'), ".limit", "out of range"),
        (WEB + field("x", "web", "text", 'top = "a.b"'), ".type", "does not give type text"),
        (WEB + field("x", "web", "list", 'latest = "a.b"'), ".type", "does not give type list"),
        (WEB + field("x", "web", "text", 'count = "a"'), ".type", "gives a number"),
        (CRM + field("x", more='latest = "a.b"'), ".latest", "belongs to fields of an events source"),
        (CRM + field("x", more='within = "3d"'), ".within", "belongs to fields of an events source"),
        (CRM + field("x", more="limit = 3"), ".limit", "belongs to fields of an events source"),
    ],
)
def test_a_mistake_in_a_feature_names_its_place(mistakes, text, key, what):
    (mistake,) = mistakes(text)
    assert mistake.where.endswith(f"field.x{key}")
    assert what in mistake.what
    assert mistake.advice


# -- the type rule ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("text", "Ünï\tcode\r\n", "Ünï\tcode\n"),
        ("html", "<b>x</b>", "<b>x</b>"),
        ("integer", 5, 5),
        ("integer", "007", 7),
        ("integer", " -5 ", -5),
        ("integer", 5.0, 5),
        ("integer", Decimal("5.00"), 5),
        ("integer", MAX_INTEGER, MAX_INTEGER),
        ("number", 1.5, 1.5),
        ("number", "1.5e3", 1500),
        ("number", Decimal("0.1"), 0.1),
        ("number", 10**25, 1e25),
        ("money", 0.1, Decimal("0.1")),
        ("money", "12.50", Decimal("12.50")),
        ("money", 3, Decimal(3)),
        ("boolean", "Yes", True),
        ("boolean", 0, False),
        ("boolean", " f ", False),
        ("date", "2026-01-02", date(2026, 1, 2)),
        ("date", datetime(2026, 1, 2, 23, tzinfo=UTC), date(2026, 1, 2)),
        ("date", "2026-01-02T23:00:00Z", date(2026, 1, 2)),
        ("datetime", "2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("datetime", datetime(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)),
        ("url", "HTTPS://shop.example/a?b=c#d", "HTTPS://shop.example/a?b=c#d"),
        ("text", "An\x00na\x1b", "Anna"),
        ("text", "Anna\r\n\tBen", "Anna\n\tBen"),
        ("text", "\u202eAn\x85na\ufdd0", "\u202eAnna\u202c"),
        ("list", [{"a": "\x85"}], [{"a": ""}]),
        ("text", "one\rtwo", "one\ntwo"),
        ("list", [{"a\r\n": "b\x07"}], [{"a\n": "b"}]),
        ("list", ["a\x00", 1], [{"value": "a"}, {"value": 1}]),
        ("list", '[{"a": 1}]', [{"a": 1}]),
        ("list", ({"a": None, 5: Decimal("1.5")},), [{"a": None, "5": Decimal("1.5")}]),
    ],
)
def test_a_value_is_admitted_where_nothing_is_lost(kind, given, value):
    admitted = admit(kind, given)
    assert (admitted, type(admitted)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        *[("text", given) for given in (5, True, b"bytes", ["a"], {"a": 1}, "\x7f\0", "half \ud83d")],
        ("text", "x" * (MAX_TEXT_CHARACTERS + 1)),
        *[
            ("integer", given)
            for given in (True, 5.5, "5.5", "five", "", "1_000", "٣", math.nan, math.inf, "nan", "Infinity")
        ],
        *[("integer", given) for given in (MAX_INTEGER + 1, -MAX_INTEGER - 2, "9" * 5000, "1e400", [5], 5j)],
        *[("number", given) for given in (True, math.nan, -math.inf, "NaN", "1e999", Decimal("sNaN"), "0x10")],
        *[("money", given) for given in (False, "12,50", "$5", Decimal("Infinity"), Decimal("1e50"), "1__0")],
        *[("boolean", given) for given in (2, -1, 1.0, "maybe", None, [])],
        *[("date", given) for given in ("02.01.2026", "2026-13-01", 20260102, "tomorrow", 1.5, "2026-02-30")],
        *[("datetime", given) for given in ("soon", 1767225600, date(2026, 1, 2), "9999-12-31T23:59:59-14:00", None)],
        *[
            ("url", given)
            for given in (
                "javascript:alert(1)",
                " https://x.example",
                "https://x.example/a b",
                "https://",
                "//x.example",
                "data:text/html,x",
                "https://x.example/\n",
                "https://x.example/\ry",
                "https://x.example/\x85y",
                "https://x.example/\u202egpj.exe",
                'https://x.example/"onload',
                "https://x.example/<script>",
                "https://[::1",
                "java\tscript:alert(1)",
                "ftp://x.example",
                5,
            )
        ],
        *[("list", given) for given in ("a", "[broken", "[1", {"a": 1}, 5, [[1]], [{"a": [1]}], [{"a": {"b": 1}}])],
        *[("list", [given]) for given in (math.nan, math.inf, b"x", "\x00", "\ud800", {"a": math.nan}, {"\x00": 1})],
        ("list", [1] * (MAX_LIST_ITEMS + 1)),
    ],
)
def test_what_is_of_another_type_is_refused(kind, given):
    with pytest.raises(WrongTypeError):
        admit(kind, given)


@pytest.mark.parametrize("kind", ["text", "integer", "number", "money", "boolean", "date", "datetime", "url", "list"])
def test_a_number_of_thousands_of_digits_is_refused(kind):
    for given in (10**5000, [10**5000]):
        with pytest.raises(WrongTypeError):
            admit(kind, given)


def test_a_refusal_names_types_and_never_the_value():
    for kind in ("integer", "number", "money", "boolean", "date", "datetime", "url", "list"):
        with pytest.raises(WrongTypeError) as refused:
            admit(kind, "anna@shop.example")
        assert "anna" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "value"), [("text", ""), ("integer", 0), ("money", 0), ("boolean", False), ("list", [])]
)
def test_the_zero_of_a_type(kind, value):
    assert zero(kind) == value


# -- template paths --------------------------------------------------------------------------------------------

NAMES = (
    CRM
    + keyed("products", "items[].product_id")
    + field("first_name", more='alias = ["FNAME", "user.first_name", "custom_attribute.${first_name}"]')
    + field("city", more='alias = ["user.address.city"]')
    + field("items", kind="list")
    + field("price", "products", "money")
    + field("title", "products")
)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("first_name", "first_name"),
        ("FIRST_NAME", "first_name"),
        ("First_Name", None),
        ("FNAME", "first_name"),
        ("fname", None),
        ("user.first_name", "first_name"),
        ("user.first_name.size", "first_name"),
        ("custom_attribute.${first_name}", "first_name"),
        ("user.address.city", "city"),
        ("user.address", None),
        ("user", None),
        ("items", "items"),
        ("items[]", "items"),
        ("items[].price", "items"),
        ("items[0].price", "items"),
        ("itemsx", None),
        ("", None),
    ],
)
def test_a_path_finds_the_field_of_its_longest_known_prefix(load, path, name):
    found = load(NAMES).field_of(path)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("paths", "fields"),
    [
        (["items[].price"], {"items", "price"}),
        (["items[0].price"], {"items", "price"}),
        (["items[].product_id"], {"items"}),
        (["items[].title.size"], {"items", "title"}),
        (["items"], {"items", "price", "title"}),
        (["items[]"], {"items", "price", "title"}),
        (["items.first.price"], {"items", "price", "title"}),
        (["FNAME", "user.address.city"], {"first_name", "city"}),
    ],
)
def test_binding_names_the_fields_that_must_be_fetched(load, paths, fields):
    assert load(NAMES).bind(paths).fields == fields


def test_binding_tells_provided_and_unknown_names_apart(load):
    binding = load(NAMES).bind(["email", "UNSUB", "unsubscribe_url", "frist_name", "user.name"])
    assert binding.provided == {"email", "UNSUB", "unsubscribe_url"}
    assert binding.unknown == ("frist_name", "user.name")
    assert binding.fields == set()


def test_a_template_finds_each_field_under_every_name_it_reads(load):
    binding = load(NAMES).bind(
        ["first_name", "FNAME", "FIRST_NAME", "user.first_name", "user.address.city", "items[].price"]
    )
    data = binding.data({"first_name": "Anna", "city": "Bonn", "items": [{"price": 1}]}, {"email": "a@x.example"})
    assert data == {
        "email": "a@x.example",
        "first_name": "Anna",
        "FNAME": "Anna",
        "FIRST_NAME": "Anna",
        "user": {"first_name": "Anna", "address": {"city": "Bonn"}},
        "items": [{"price": 1}],
    }


def test_the_data_are_said_to_be_clean_and_what_is_given_beside_the_fields_is_made_so(load):
    data = load(NAMES).bind(["first_name"]).data({"first_name": "Anna"}, {"customer_id": "c\u202e-1\x85"})
    assert type(data) is CleanData
    assert data == {"customer_id": "c\u202e-1\u202c", "first_name": "Anna"}


def test_data_of_one_customer_is_not_the_next_ones(load):
    binding = load(NAMES).bind(["user.first_name"])
    first = binding.data({"first_name": "Anna"}, {})
    assert binding.data({}, {}) == {"user": {"first_name": None}}
    assert first == {"user": {"first_name": "Anna"}}


# --- data extensions -------------------------------------------------------------------------------

SHOP = '[source.shop]\nkind = "sql"\nurl = "env:SHOP_URL"\nquery = "select id as key from t where id in :keys"\n'


def test_a_data_extension_takes_its_rows_from_a_source_or_a_file(load):
    orders = "[data_extension.Orders]\nsource = 'shop'\nquery = 'select * from orders'\nmax_age = '5m'\n"
    found = load(
        f"{CRM}{SHOP}{orders}[data_extension.'Store List']\npath = 'stores.csv'\n[data_extension.C]\nsource='crm'"
    )
    orders, stores, crm = (found.extensions[name] for name in ("Orders", "Store List", "C"))
    assert (orders.url, orders.query, orders.max_age_s, orders.path) == (
        "env:SHOP_URL",
        "select * from orders",
        300,
        "",
    )
    assert (stores.path, stores.url) == ("stores.csv", "")
    assert crm.path == "crm.csv"


@pytest.mark.parametrize(
    ("declared", "what", "advice"),
    [
        ("", "exactly one of", "names a table or sql source"),
        ("source = 'crm'\npath = 'a.csv'", "exactly one of", "names a table or sql source"),
        ("source = 'crn'", "no source `crn`", "Did you mean `crm`?"),
        ("source = 'web'", "no rows to look up", "kind table and sql"),
        ("source = 'shop'", "needs a `query`", "select"),
        ("source = 'shop'\nquery = 'select * from o where id in :keys'", "asks for :keys", "read once"),
        ("source = 'crm'\nquery = 'select 1'", "a file has no `query`", "Leave it out"),
        ("path = 'a.csv'\nmax_age = 'soon'", "`soon` is not a span of time", "12h"),
    ],
)
def test_a_data_extension_that_cannot_be_read_is_a_mistake_with_its_place(load, declared, what, advice):
    with pytest.raises(ConfigError, match=what) as refused:
        load(f"{CRM}{SHOP}{WEB}[data_extension.Orders]\n{declared}\n")
    assert refused.value.where.startswith("livemerge.toml:")
    assert "data_extension.Orders" in refused.value.where
    assert advice in refused.value.advice


def test_two_data_extensions_that_differ_in_case_only_are_refused(load):
    with pytest.raises(ConfigError, match="are the same name"):
        load("[data_extension.Orders]\npath = 'a.csv'\n[data_extension.ORDERS]\npath = 'b.csv'\n")


def test_a_template_finds_a_data_extension_in_any_case_and_with_the_enterprise_mark():
    assert declared_name("orders", ["Orders"]) == "Orders"
    assert declared_name("ENT.Orders", ["Orders"]) == "Orders"
    assert declared_name("ent.orders", ["Orders", "ENT.Orders"]) == "ENT.Orders"
    assert declared_name("Order", ["Orders"]) is None
