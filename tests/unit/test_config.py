"""livemerge.toml and campaign files: every mistake names file, line, key, what is wrong, and what would be right."""

from __future__ import annotations

import pytest

from livemerge.config import (
    TomlPlaces,
    load_campaign,
    load_settings,
    parse_duration_s,
    read_secret,
)
from livemerge.errors import ConfigError

HTTP = '[source.crm]\nkind = "http"\nurl = "https://crm.example/{key}"\n'
SQL = '[source.shop]\nkind = "sql"\nurl = "env:SHOP_URL"\nquery = "select id as key from t where id in :keys"\n'
TABLE = '[source.people]\nkind = "table"\npath = "people.csv"\nkey = "id"\n'
FIELD = '[field.name]\nsource = "people"\ntype = "text"\n'
SMTP = '[transport.relay]\nkind = "smtp"\nurl = "smtp://127.0.0.1:2525"\n'

CAMPAIGN = """
name = "welcome"
template = "welcome.liquid.html"
audience = { csv = "people.csv" }
from = "Shop <news@shop.example>"
transport = "outbox"
"""


@pytest.fixture
def load(tmp_path):
    def load(text):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "livemerge.toml").write_bytes(content)
        return load_settings(tmp_path)

    return load


@pytest.fixture
def mistakes(load):
    """The mistakes of one file."""

    def mistakes(text):
        with pytest.raises(ConfigError) as refused:
            load(text)
        return [refused.value, *refused.value.others]

    return mistakes


@pytest.fixture
def campaign_mistakes(tmp_path):
    def mistakes(text):
        path = tmp_path / "campaigns" / "welcome.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        with pytest.raises(ConfigError) as refused:
            load_campaign(path, tmp_path)
        return [refused.value, *refused.value.others]

    return mistakes


# -- what is fine ----------------------------------------------------------------------------------------------


def test_an_empty_file_is_a_project_without_sources(load):
    settings = load("")
    assert (settings.source, settings.field, settings.transport) == ({}, {}, {})
    assert settings.store.url == "sqlite:///livemerge.db"


def test_every_kind_of_section_is_read(load):
    settings = load(
        HTTP + SQL + TABLE + FIELD + SMTP + '[source.web]\nkind = "events"\n[public]\nurl = "https://m.example"\n'
    )
    assert set(settings.source) == {"crm", "shop", "people", "web"}
    assert settings.public.url == "https://m.example"


def test_a_byte_order_mark_and_windows_line_ends_are_read(load):
    settings = load(b"\xef\xbb\xbf" + (TABLE + FIELD).replace("\n", "\r\n").encode())
    assert settings.where("field", "name", "type") == "livemerge.toml:7 field.name.type"


# -- files that cannot be read ---------------------------------------------------------------------------------


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no livemerge\.toml") as refused:
        load_settings(tmp_path)
    assert "livemerge init" in refused.value.advice


def test_a_folder_in_place_of_the_file_is_named(tmp_path):
    (tmp_path / "livemerge.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path)


def test_text_that_is_not_utf_8_names_the_line(mistakes):
    (mistake,) = mistakes(b'[public]\nurl = "https://caf\xe9.example"\n')
    assert (mistake.what, mistake.where) == ("not UTF-8 text (byte 27)", "livemerge.toml:2")


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("[source.crm\n", "Expected", "livemerge.toml:1:12"),
        ("[field.name]\ntype = text\n", "Invalid value", "livemerge.toml:2:8"),
        ("[field.name]\ntype = 'text'\ntype = 'html'\n", "Cannot overwrite", "livemerge.toml:3:14"),
        ("[field.name]\n[field.name]\n", "Cannot declare", "livemerge.toml:2:12"),
        ("[field.name]\npath = '''\n", "at the end of the file", "livemerge.toml"),
        ("x = " + "[" * 5000, "nested too deeply", "livemerge.toml"),
        ("x = " + "9" * 5000, "digits", "livemerge.toml"),
    ],
)
def test_what_is_not_toml_names_the_place(mistakes, text, what, where):
    (mistake,) = mistakes(text)
    assert mistake.where == where
    assert what in mistake.what


def test_what_is_not_toml_is_shown_with_a_caret(mistakes):
    (mistake,) = mistakes("[field.name]\nmax_age = 1d\n")
    caret, line = mistake.what.splitlines()[-1], mistake.what.splitlines()[-2]
    assert line[caret.index("^")] == "d"


# -- mistakes in sections --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "what", "advice"),
    [
        ("[sourec.crm]\n", "1 sourec", "unknown key `sourec`", "`source`"),
        ("[source]\ncrm = 5\n", "2 source.crm", "is not a table", "[source.crm]"),
        ("source = 5\n", "1 source", "is not a table", "[source.name]"),
        ("public = 5\n", "1 public", "expected a table, got a whole number", ""),
        ("[source.crm]\nurl = 'x'\n", "1 source.crm.kind", "a source needs a `kind`", "http, sql, events, table"),
        ("[source.crm]\nkind = 'htpp'\n", "2 source.crm.kind", "`htpp` is not a kind of source", "`http`"),
        ("[source.crm]\nkind = []\n", "2 source.crm.kind", "a source needs a `kind`", "http"),
        ("[source.crm]\nkind = ['http']\n", "2 source.crm.kind", "is not a kind of source", "http"),
        ("[transport.r]\nkind = 'smpt'\n", "2 transport.r.kind", "is not a kind of transport", "`smtp`"),
        (HTTP + "timout_ms = 5\n", "4 source.crm.timout_ms", "unknown key `timout_ms`", "`timeout_ms`"),
        (HTTP + "timeout_ms = '5'\n", "4 source.crm.timeout_ms", "expected a whole number, got text in quotes", ""),
        (HTTP + "timeout_ms = 1.5\n", "4 source.crm.timeout_ms", "expected a whole number, got a number", ""),
        (HTTP + "headers = []\n", "4 source.crm.headers", "expected a table, got a list", ""),
        (HTTP + "batch = 'x'\n", "4 source.crm.batch", "expected a table, got text in quotes", ""),
        (
            HTTP + 'batch = { url = "https://crm.example/{keys}", siez = 5 }\n',
            "4 source.crm.batch.siez",
            "unknown key `siez`",
            "`size`",
        ),
        (
            HTTP + 'batch = { url = "https://crm.example/{keys}", method = "PUT" }\n',
            "4 source.crm.batch.method",
            "`PUT` is not a value of `method`",
            "GET, POST",
        ),
        (
            HTTP + 'auth = { oauth2 = { token_url = "https://x.example" } }\n',
            "4 source.crm.auth.oauth2",
            "missing",
            "client_id",
        ),
        (HTTP + "auth = { basic = { user = 5 } }\n", "4 source.crm.auth.basic.user", "expected text in quotes", ""),
        (TABLE + '[field.name]\nsource = "people"\n', "5 field.name", "`type` is missing", "text, integer"),
        (TABLE + '[field.name]\ntype = "text"\n', "5 field.name", "`source` is missing", "Add source"),
        (FIELD.replace('"text"', '"txet"'), "3 field.name.type", "`txet` is not a value of `type`", "`text`"),
        (FIELD + "alias = ['a', 5]\n", "4 field.name.alias.1", "expected text in quotes", ""),
        (FIELD + "required = 1\n", "4 field.name.required", "expected true or false, got a whole number", ""),
        ("field.name = 'x'\n", "1 field.name", "expected a table, got text in quotes", ""),
    ],
)
def test_a_mistake_names_its_place_and_what_would_be_right(mistakes, text, where, what, advice):
    (mistake,) = mistakes(text)
    assert mistake.where == f"livemerge.toml:{where}"
    assert what in mistake.what
    assert advice in mistake.advice


def test_all_mistakes_of_a_file_come_at_once(mistakes):
    found = mistakes("[sourec.x]\n[source.crm]\nkind = 'htpp'\n[field.a]\n[field.b]\ntype = 5\n")
    assert [mistake.where for mistake in found] == [
        "livemerge.toml:1 sourec",
        "livemerge.toml:3 source.crm.kind",
        "livemerge.toml:4 field.a",
        "livemerge.toml:6 field.b.type",
    ]
    assert str(found[0]).count("livemerge.toml:") == 4  # the first carries the others


# -- contradictions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('[source.crm]\nkind = "http"\n', "1 source.crm", "needs a `url` or a `batch`"),
        (HTTP.replace("{key}", ""), "3 source.crm.url", "does not contain {key}"),
        (HTTP + 'batch = { url = "https://crm.example/" }\n', "4 source.crm.batch", "contains {keys}"),
        (HTTP.replace("https", "ftp"), "3 source.crm.url", "not an http or https address"),
        (HTTP + 'batch = { url = "crm.example/{keys}" }\n', "4 source.crm.batch.url", "not an http or https address"),
        (HTTP + 'batch = { url = "https://c.example/{keys}", size = 0 }\n', "4 source.crm.batch.size", "between 1 and"),
        (HTTP + "auth = {}\n", "4 source.crm.auth", "exactly one of"),
        (
            HTTP + 'auth = { bearer = "env:A", header = { name = "X", value = "env:B" } }\n',
            "4 source.crm.auth",
            "exactly one of",
        ),
        (
            HTTP + 'auth = { oauth2 = { token_url = "x", client_id = "env:A", client_secret = "env:B" } }\n',
            "4 source.crm.auth.oauth2.token_url",
            "not an http or https address",
        ),
        (SQL.replace(":keys", "(1)"), "4 source.shop.query", "does not use :keys"),
        (HTTP + "timeout_ms = 0\n", "4 source.crm.timeout_ms", "between 1 and"),
        (HTTP + "timeout_ms = 999999999\n", "4 source.crm.timeout_ms", "between 1 and"),
        (HTTP + "retries = -1\n", "4 source.crm.retries", "between 0 and"),
        (HTTP + "connections = 0\n", "4 source.crm.connections", "between 1 and"),
        (HTTP + "max_bytes = 0\n", "4 source.crm.max_bytes", "between 1 and"),
        (SQL + "size = 0\n", "5 source.shop.size", "between 1 and"),
        (SMTP + "connections = 0\n", "4 transport.relay.connections", "between 1 and"),
        (SMTP + "connect_timeout_ms = -5\n", "4 transport.relay.connect_timeout_ms", "between 1 and"),
        ('[store]\nurl = "redis://x"\n', "2 store.url", "no address of a store"),
        ('[store]\nurl = "sqlite:///"\n', "2 store.url", "no address of a store"),
        ('[store]\nurl = ""\n', "2 store.url", "no address of a store"),
        ('[cache]\nurl = "memcached://x"\n', "2 cache.url", "no address of a cache"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(mistakes, text, where, what):
    (mistake,) = mistakes(text)
    assert mistake.where == f"livemerge.toml:{where}"
    assert what in mistake.what
    assert mistake.advice


# -- secrets ---------------------------------------------------------------------------------------------------

SECRET = "hunter2swordfish"


def oauth2(token_url, client_secret):
    inner = f'token_url = "{token_url}", client_id = "env:A", client_secret = "{client_secret}"'
    return f"auth = {{ oauth2 = {{ {inner} }} }}\n"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f'[public]\nsecret = "{SECRET}"\n', "public.secret"),
        (SMTP + f'password = "{SECRET}"\n', "transport.relay.password"),
        (SMTP + f'user = "{SECRET}"\n', "transport.relay.user"),
        (SMTP.replace("127", f"me:{SECRET}@127"), "transport.relay.url"),
        (HTTP + f'auth = {{ bearer = "{SECRET}" }}\n', "source.crm.auth.bearer"),
        (
            HTTP + f'auth = {{ basic = {{ user = "env:U", password = "{SECRET}" }} }}\n',
            "source.crm.auth.basic.password",
        ),
        (HTTP + f'auth = {{ header = {{ name = "X-Key", value = "{SECRET}" }} }}\n', "source.crm.auth.header.value"),
        (HTTP + f'auth = {{ query = {{ name = "key", value = "{SECRET}" }} }}\n', "source.crm.auth.query.value"),
        (
            HTTP + oauth2("https://x.example", SECRET),
            "source.crm.auth.oauth2.client_secret",
        ),
        (
            HTTP + oauth2(f"https://a:{SECRET}@x.example", "env:B"),
            "source.crm.auth.oauth2.token_url",
        ),
        (HTTP + f'headers = {{ Authorization = "Bearer {SECRET}" }}\n', "source.crm.headers"),
        (HTTP.replace("crm.example", f"me:{SECRET}@crm.example"), "source.crm.url"),
        (HTTP.replace("{key}", f"{{key}}?api_key={SECRET}"), "source.crm.url"),
        (HTTP + f'batch = {{ url = "https://a:{SECRET}@crm.example/{{keys}}" }}\n', "source.crm.batch.url"),
        (SQL.replace("env:SHOP_URL", f"postgresql://shop:{SECRET}@db.example/shop"), "source.shop.url"),
        # Not secrets in the clear, but mistakes in settings that hold them: these show nothing either.
        (HTTP.replace("https://crm", f"htps://me:{SECRET}@crm"), "source.crm.url"),
        (HTTP.replace("https://crm", f"https://[me:{SECRET}@crm"), "source.crm.url"),
        (f'[store]\nurl = "postgresql://me:{SECRET}@db.example/name"\n', "store.url"),
        (f'[cache]\nurl = "redis://:{SECRET}@cache.example/0"\n', "cache.url"),
    ],
)
def test_a_secret_in_the_clear_is_refused_and_never_shown(load, mistakes, text, key):
    found = mistakes(text)
    assert any(key in mistake.where for mistake in found)
    assert all(mistake.advice for mistake in found)
    assert SECRET not in "".join(f"{mistake!s}{mistake!r}{mistake.args}" for mistake in found)


@pytest.mark.parametrize(
    "line", [f'password = "{SECRET}', f"bearer = {SECRET}", f'url = "smtp://me:{SECRET}@x', f'"X-Api-Key" = {SECRET}']
)
def test_a_line_that_may_hold_a_secret_is_not_shown_when_it_is_not_toml(mistakes, line):
    (mistake,) = mistakes(f"[x]\n{line}\n")
    assert mistake.where.startswith("livemerge.toml:2:")
    assert SECRET not in str(mistake)


def test_settings_show_references_and_no_secrets(load, monkeypatch):
    monkeypatch.setenv("CRM_TOKEN", SECRET)
    settings = load(HTTP + 'auth = { bearer = "env:CRM_TOKEN" }\n')
    assert "env:CRM_TOKEN" in repr(settings)
    assert SECRET not in repr(settings)


def test_a_place_for_the_key_in_an_address_is_no_secret(load):
    assert load(HTTP.replace("/{key}", "/?token={key}")).source["crm"].url.endswith("{key}")


def test_a_secret_is_read_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CRM_TOKEN", SECRET)
    assert read_secret("env:CRM_TOKEN", tmp_path, where="here") == SECRET


def test_a_secret_is_read_from_a_file_without_its_line_end(tmp_path):
    (tmp_path / "token").write_text(f"{SECRET}\n")
    assert read_secret("file:token", tmp_path, where="here") == SECRET


@pytest.mark.parametrize(
    ("reference", "content", "what"),
    [
        ("env:LIVEMERGE_TEST_UNSET", b"", "LIVEMERGE_TEST_UNSET is not set"),
        ("file:nowhere", b"", "cannot read nowhere"),
        ("file:token", b"", "token is empty"),
        ("file:token", b"hunter2\xff", "token is not UTF-8"),
        (SECRET, b"", "must not stand in the file"),
    ],
)
def test_a_secret_that_cannot_be_read_names_its_reference_and_where(tmp_path, reference, content, what):
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigError, match=what) as refused:
        read_secret(reference, tmp_path, where="source.crm.auth")
    assert refused.value.where == "source.crm.auth"
    assert "hunter2" not in f"{refused.value}{refused.value.__cause__!r}"


# -- lines -----------------------------------------------------------------------------------------------------


def places(text):
    return TomlPlaces(text, "x.toml")


def test_lines_of_dotted_and_quoted_keys():
    text = "\n".join(
        [
            "a.b.c = 1",
            '"with.dot" = 2',
            "[ source . 'my crm' ]",
            '"quo\\"ted" = 3',
            "x . y = 4",
            "[[many]]",
            "inner = 5",
        ]
    )
    found = places(text)
    assert found.line("a", "b", "c") == 1
    assert found.line("with.dot") == 2
    assert found.line("source", "my crm") == 3
    assert found.line("source", "my crm", 'quo"ted') == 4
    assert found.line("source", "my crm", "x", "y") == 5
    assert found.line("many", "inner") == 7


@pytest.mark.parametrize("quotes", ['"""', "'''"])
def test_what_looks_like_toml_inside_a_string_is_none(quotes):
    text = f"[a]\nquery = {quotes}\n[b]\nx = 1\n# ] }} {{\n{quotes}\nafter = 2\n[b]\nx = 3\n"
    found = places(text)
    assert (found.line("a", "query"), found.line("a", "after")) == (2, 7)
    assert (found.line("b"), found.line("b", "x")) == (8, 9)


def test_escaped_and_doubled_quotes_do_not_end_a_string_early():
    text = '[a]\nx = """one \\""" still "" in\nb = 1\n""""\ny = "a\\"[b]"\nz = \'C:\\\'\nlast = 1\n'
    found = places(text)
    assert [found.line("a", key) for key in ("x", "y", "z", "last")] == [2, 5, 6, 7]
    assert found.line("b") == 1  # nothing of that name


def test_arrays_and_inline_tables_over_several_lines_hold_no_keys():
    text = "[a]\nlist = [\n  'x = 1', # ]\n  [1, 2],\n]\nb = { c = [\n 1,\n] }\nafter = 1\n"
    found = places(text)
    assert [found.line("a", key) for key in ("list", "b", "after")] == [2, 6, 9]


def test_comments_with_quotes_and_brackets_change_nothing():
    found = places('# it\'s [a] """\n[b] # "\nx = 1 # {\ny = 2\n')
    assert [found.line("b"), found.line("b", "x"), found.line("b", "y")] == [2, 3, 4]


def test_unusual_separators_inside_strings_do_not_count_as_lines():
    found = places("[a]\nx = 'one\u2028two\x85three'\ny = 1\n")
    assert found.line("a", "y") == 3


def test_a_key_without_a_line_of_its_own_is_named_at_the_nearest_table():
    found = places("\n[source.crm]\nbatch = { size = 1 }\n")
    assert found.where("source", "crm", "batch", "size") == "x.toml:3 source.crm.batch.size"
    assert found.where("source", "crm", "nothing") == "x.toml:2 source.crm.nothing"
    assert found.where() == "x.toml:1"


# -- spans of time ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("30s", 30),
        ("5m", 300),
        ("2h", 7200),
        ("7d", 604800),
        ("1w", 604800),
    ],
)
def test_spans_of_time(text, seconds):
    assert parse_duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "s", "-5s", "5 s", "5S", "1d\n", "1d2h", "٣d", "1e5s", "99999999w", ".5h", "5y"]
)
def test_what_is_no_span_of_time(text):
    assert parse_duration_s(text) is None


# -- campaigns -------------------------------------------------------------------------------------------------


def test_a_campaign_is_read(tmp_path):
    path = tmp_path / "welcome.toml"
    path.write_text(CAMPAIGN + "send_at = 2026-12-01T09:00:00Z\nbrake = { unavailable = 0.05 }\n")
    campaign = load_campaign(path, tmp_path)
    assert (campaign.sender, campaign.send_at.tzinfo is not None, campaign.brake.unavailable) == (
        "Shop <news@shop.example>",
        True,
        0.05,
    )


@pytest.mark.parametrize(
    ("text", "where", "what", "advice"),
    [
        (CAMPAIGN.replace("csv =", "cvs ="), ":4 audience.cvs", "unknown key", "csv"),
        (CAMPAIGN.replace("from =", "form ="), ":5 form", "unknown key", "`from`"),
        (CAMPAIGN.replace('csv = "people.csv"', ""), ":4 audience", "one of csv, sql and table", "csv ="),
        (CAMPAIGN.replace('csv = "p', 'table = "x", csv = "p'), ":4 audience", "one of csv, sql and table", ""),
        (CAMPAIGN.replace("csv =", "sql ="), ":4 audience", "needs the `url`", "env:"),
        (
            CAMPAIGN.replace('csv = "people.csv"', f'sql = "x", url = "postgresql://a:{SECRET}@x"'),
            ":4 audience.url",
            "secret",
            "env:",
        ),
        (CAMPAIGN.replace('"welcome"', '" "'), ":2 name", "empty", "name ="),
        (CAMPAIGN.replace('"welcome"', f'"{"n" * 101}"'), ":2 name", "longer than 100", "short"),
        (CAMPAIGN.replace('"welcome"', r'"wel\r\nBcc: x"'), ":2 name", "cannot be seen", ""),
        (CAMPAIGN + 'occurrence = "\\u2028"\n', ":7 occurrence", "cannot be seen", ""),
        (CAMPAIGN.replace("people.csv", r"people\u0000.csv"), ":4 audience.csv", "NUL", "backslash"),
        (CAMPAIGN + 'x = [["a", "\\U00000000"]]\n', ":7 x", "NUL", ""),
        (CAMPAIGN + "rate_per_s = 0\n", ":7 rate_per_s", "above 0", ""),
        (CAMPAIGN + "rate_per_s = nan\n", ":7 rate_per_s", "above 0", ""),
        (CAMPAIGN + "rate_per_s = inf\n", ":7 rate_per_s", "above 0", ""),
        (CAMPAIGN + "deadline_ms = 0\n", ":7 deadline_ms", "between 1 and", ""),
        (CAMPAIGN + "brake = { failed = 5 }\n", ":7 brake.failed", "between 0 and 1", "0.05"),
        (CAMPAIGN + "brake = { failed = nan }\n", ":7 brake.failed", "between 0 and 1", "0.05"),
        (CAMPAIGN + "send_at = 2026-12-01T09:00:00\n", ":7 send_at", "no time zone", "Z"),
        (CAMPAIGN + "expires_at = 'soon'\n", ":7 expires_at", "RFC3339", ""),
        (CAMPAIGN + "on_unavailable = 'wiat'\n", ":7 on_unavailable", "`wiat`", "`wait`"),
        ("", ":1", "`name` is missing", "Add name"),
    ],
)
def test_a_mistake_in_a_campaign_names_its_place(campaign_mistakes, text, where, what, advice):
    (mistake,) = campaign_mistakes(text)
    assert mistake.where == f"campaigns/welcome.toml{where}"
    assert what in mistake.what
    assert advice in mistake.advice
    assert SECRET not in str(mistake)
