from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from livemerge import config
from livemerge.errors import ConfigError, SourceError
from livemerge.sources.sql import MAX_ROWS, SqlSource, make_sql, read_url

ORDERS = "select customer as key, count(*) as orders from orders where customer in :keys group by 1"
ENDLESS_FOR_7 = """
with recursive n(i) as (select 0 union all select i + 1 from n where 7 in :keys)
select i as key from n where i < 0
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("create table orders (customer integer, total real)")
        database.executemany("insert into orders values (?, ?)", [(1, 9.5), (1, 1.5), (7, 2.0)])
    database.close()
    return tmp_path


def opened(root: Path, query: str = ORDERS, **settings: object) -> SqlSource:
    section = config.SqlSource(**({"url": "sqlite:///shop.db", "query": query, "key_type": "integer"} | settings))
    return make_sql("shop", section, root=root, read_secret=lambda reference, where: "sqlite:///shop.db")


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


async def refusal(source: SqlSource, *keys: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await asyncio.wait_for(source.fetch(keys or ["1"], []), 30)
    await source.close()
    assert caught.value.where == "source.shop"
    assert caught.value.__cause__ is None
    return caught.value


async def test_integer_keys_are_bound_as_integers(shop: Path) -> None:
    source = opened(shop)
    answer = await source.fetch(["1", "7", "8"], [])
    assert {key: row["orders"] for key, row in answer.rows.items()} == {"1": 2, "7": 1}
    await source.close()


@pytest.mark.parametrize("key", ["abc", "1.0", "01", "+1", " 1", "1 ", "١", "0x1", "1e0", str(2**63), "-0", "1" * 30])
async def test_a_key_that_is_no_integer_is_nobody_and_no_error(shop: Path, key: str) -> None:
    source = opened(shop)
    answer = await source.fetch([key, "7"], [])
    assert list(answer.rows) == ["7"]
    assert answer.row_errors == {}
    assert (await source.fetch([key], [])).rows == {}
    await source.close()


async def test_keys_in_brackets_are_bound_the_same(shop: Path) -> None:
    source = opened(shop, ORDERS.replace(":keys", "( :keys )"))
    assert list((await source.fetch(["1", "7"], [])).rows) == ["1", "7"]
    await source.close()


async def test_a_url_may_stand_in_the_environment(shop: Path) -> None:
    source = opened(shop, url="env:SHOP_URL")
    assert list((await source.fetch(["1"], [])).rows) == ["1"]
    await source.close()


async def test_the_database_is_opened_for_reading_only(shop: Path) -> None:
    error = await refusal(opened(shop, "insert into orders select 9, 9 where 1 in :keys returning 1 as key"))
    assert "must not write" in error.advice
    assert not error.retryable


@pytest.mark.parametrize(
    "query", ["select id as key from nothing where 1 in :keys", "selec :keys", "select 1 as key, x.y where 1 in :keys"]
)
async def test_a_query_that_cannot_work_is_not_tried_again(shop: Path, query: str) -> None:
    error = await refusal(opened(shop, query), "424242")
    assert not error.retryable
    assert "424242" not in str(error)


async def test_a_query_without_a_key_column_says_how_to_name_it(shop: Path) -> None:
    error = await refusal(opened(shop, "select customer from orders where customer in :keys"))
    assert "as key" in error.advice


async def test_a_query_that_forgets_to_group_is_refused_for_the_keys_it_cannot_decide(shop: Path) -> None:
    source = opened(shop, "select customer as key, total from orders where customer in :keys")
    answer = await source.fetch(["1", "7"], [])
    assert list(answer.rows) == ["7"]
    assert list(answer.row_errors) == ["1"]
    await source.close()


async def test_a_query_that_gives_the_whole_table_is_stopped(shop: Path) -> None:
    numbers = f"select 0 union all select i + 1 from n limit {MAX_ROWS * 50}"
    query = f"with recursive n(i) as ({numbers}) select i as key from n where i in :keys or 1"
    error = await refusal(opened(shop, query))
    assert str(MAX_ROWS) in error.what
    assert not error.retryable


async def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    error = await refusal(opened(tmp_path))
    assert not error.retryable
    assert "exists" in error.advice
    assert is_empty(tmp_path)


async def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_bytes(b"name,age\n" * 200)
    error = await refusal(opened(tmp_path))
    assert "no SQLite database" in error.advice


async def test_a_locked_database_is_worth_another_try(shop: Path) -> None:
    writer = sqlite3.connect(shop / "shop.db", isolation_level=None)
    writer.execute("begin exclusive")
    error = await refusal(opened(shop, timeout_ms=1))
    writer.close()
    assert error.retryable


async def test_cancelled_queries_stop_and_leave_their_connections_usable(shop: Path) -> None:
    source = opened(shop, ENDLESS_FOR_7, connections=2)
    for _ in range(3):
        calls = [asyncio.ensure_future(source.fetch(["7"], [])) for _ in range(4)]
        await asyncio.wait(calls, timeout=0.05)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert all(call.cancelled() for call in calls)
    # Behind an endless query that nobody stopped, this would wait for ever.
    assert (await asyncio.wait_for(source.fetch(["1"], []), 30)).rows == {}
    await source.close()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select id as key from c where id in :keys and at > :since", ":since"),
        ("select id as key from c where id in (?)", "nothing"),
    ],
)
def test_a_query_with_other_parameters_is_refused_at_once(tmp_path: Path, query: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, query)
    assert said in caught.value.what
    assert caught.value.where == "source.shop.query"


def test_a_colon_that_is_no_parameter_may_be_escaped(tmp_path: Path) -> None:
    assert opened(tmp_path, r"select id as key, '\:x' as y from c where id in :keys and at > '12:30'").name == "shop"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("not a url", "not the address of a database"),
        ("mysql://user:s3cret@host/db", "`mysql` databases are not read yet"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_showing_it(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_url("env:SHOP_URL", tmp_path, where="source.shop.url", read_secret=lambda *_: url)
    assert said in caught.value.what
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def without_psycopg(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    yield


@pytest.mark.usefixtures("without_psycopg")
def test_a_missing_driver_is_named_with_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_url("postgresql://host/db", tmp_path, where="source.shop.url", read_secret=lambda *_: "")
    assert "psycopg" in caught.value.what
    assert "pip install" in caught.value.advice


async def test_a_path_with_odd_characters_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "a b%20?#ü"
    folder.mkdir()
    with sqlite3.connect(folder / "shop.db") as database:
        database.execute("create table orders (customer integer)")
        database.execute("insert into orders values (1)")
    database.close()
    source = opened(folder)
    assert list((await source.fetch(["1"], [])).rows) == ["1"]
    await source.close()


async def test_text_that_is_not_utf_8_spoils_its_own_value_alone(shop: Path) -> None:
    query = "select customer as key, case customer when 1 then cast(x'4dfc6c6c6572' as text) else 'Bo' end as name"
    source = opened(shop, f"{query} from orders where customer in :keys group by 1")
    answer = await source.fetch(["1", "7"], [])
    assert answer.rows["7"]["name"] == "Bo"
    assert answer.rows["1"]["name"] == b"M\xfcller"
    await source.close()
