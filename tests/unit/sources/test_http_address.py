from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livemerge import config
from livemerge.clock import FakeClock
from livemerge.errors import ConfigError
from livemerge.sources.exchange import shown_address
from livemerge.sources.http import make_http, read_address

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(KEYS)
def test_a_key_in_a_path_stays_one_segment_of_it(key: str) -> None:
    address = read_address("https://crm.example:8443/v1/customers/{key}/data?full=1", "{key}", "url")
    if address.climbs(key):
        assert key in (".", "..")
        return
    parts = urlsplit(str(address.url([key])))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "crm.example:8443", "full=1", "")
    before, segment, after = parts.path.split("/")[2:5]
    assert (before, after) == ("customers", "data")
    assert unquote(segment) == key


@given(KEYS)
def test_a_key_in_a_query_stays_one_value_of_it(key: str) -> None:
    address = read_address("https://crm.example/customers?a=1&id={key}&b=2", "{key}", "url")
    query = urlsplit(str(address.url([key]))).query
    assert parse_qsl(query, keep_blank_values=True) == [("a", "1"), ("id", key), ("b", "2")]


@given(st.lists(KEYS, min_size=1, max_size=5))
def test_keys_in_a_batch_address_are_told_apart_by_commas(keys: list[str]) -> None:
    address = read_address("https://crm.example/customers?ids={keys}", "{keys}", "url")
    written = str(address.url(keys)).partition("?ids=")[2].split(",")
    assert [parse_qsl(f"k={part}", keep_blank_values=True)[0][1] for part in written] == keys


@pytest.mark.parametrize("key", [".", ".."])
@pytest.mark.parametrize("url", ["https://crm.example/customers/{key}", "https://crm.example/{key}/x"])
def test_a_key_of_dots_alone_is_kept_out_of_paths(url: str, key: str) -> None:
    assert read_address(url, "{key}", "url").climbs(key)
    assert not read_address("https://crm.example/c-{key}.json", "{key}", "url").climbs(key)
    assert not read_address("https://crm.example/?id={key}", "{key}", "url").climbs(key)


@pytest.mark.parametrize(
    "url",
    [
        "https://{key}.crm.example/",
        "https://{key}/",
        "https://crm.example:{key}/",
        "https://{key}@crm.example/",
        "https://u:{key}@crm.example/",
        "https:///{key}",
        "{key}",
        "https://crm.example/#{key}",
        "https://crm.example/{key}/{key}",
        "https://[broken/{key}",
    ],
)
def test_a_place_where_a_key_could_do_harm_is_refused(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_address(url, "{key}", "source.crm.url")
    assert caught.value.where == "source.crm.url"


def test_an_address_with_letters_of_other_languages_is_sent_in_ascii() -> None:
    address = read_address("https://bücher.example/kunden ü/{key}", "{key}", "url")
    assert str(address.url(["ä"])) == "https://xn--bcher-kva.example/kunden%20%C3%BC/%C3%A4"


def test_errors_show_neither_user_nor_query() -> None:
    assert shown_address("https://u:p@crm.example:8443/a/{key}?token=t#f") == "https://crm.example:8443/a/{key}"


@pytest.mark.parametrize(
    ("batch", "key"),
    [
        ({"body": '{"ids": {keys}'}, "body"),
        ({"body": "ids={keys}"}, "body"),
        ({"body": "{keys}", "records": "a["}, "records"),
        ({"body": "{keys}", "key": "]"}, "key"),
    ],
)
def test_a_batch_that_cannot_work_is_refused_with_its_key(batch: dict[str, str], key: str) -> None:
    section = config.HttpSource(batch=config.HttpBatch(url="https://crm.example/read", **batch))
    with pytest.raises(ConfigError) as caught:
        make_http("crm", section, read_secret=lambda *_: "", clock=FakeClock())
    assert caught.value.where == f"source.crm.batch.{key}"


@pytest.mark.parametrize("headers", [{"X Tenant": "a"}, {"X-Tenant": "a\r\nX-Evil: 1"}, {"": "a"}, {"X-Tenant:": "a"}])
def test_a_header_that_cannot_be_sent_is_refused(headers: dict[str, str]) -> None:
    section = config.HttpSource(url="https://crm.example/{key}", headers=headers)
    with pytest.raises(ConfigError) as caught:
        make_http("crm", section, read_secret=lambda *_: "", clock=FakeClock())
    assert caught.value.where.startswith("source.crm.headers.")


async def test_one_call_for_many_is_refused_where_only_single_calls_exist() -> None:
    section = config.HttpSource(url="https://crm.example/{key}")
    source = make_http("crm", section, read_secret=lambda *_: "", clock=FakeClock())
    assert source.max_batch == 1
    with pytest.raises(ValueError, match="one key a call"):
        await source.fetch(["c-1", "c-2"], [])
