"""Whole tables: files and queries read at once, bounded, with nothing left to guess."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from livemerge.catalog import DataExtension
from livemerge.errors import ConfigError, SourceError
from livemerge.sources import whole_table
from livemerge.sources.whole_table import WholeTable, read_whole


def extension(path: str = "", url: str = "", query: str = "", timeout_s: float = 5.0) -> DataExtension:
    return DataExtension("Orders", path, url, query, (), 900.0, 0.0, timeout_s)


def read(root: Path, declared: DataExtension) -> WholeTable:
    return read_whole(declared, root=root, read_secret=lambda reference, where: "sqlite:///shop.db")


def file(root: Path, name: str, content: str) -> WholeTable:
    (root / name).write_text(content)
    return read(root, extension(name))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE orders (id INTEGER, customer TEXT, total REAL, note BLOB)")
        database.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?)", [(n, f"c-{n % 2}", n / 2, b"\xff") for n in range(4)]
        )
    return tmp_path


def test_rows_of_a_file_need_no_key_and_may_repeat(tmp_path: Path) -> None:
    assert file(tmp_path, "o.csv", "Customer, Item\nc-1,Cup\nc-1,Cup\nc-2,\n") == WholeTable(
        ("Customer", "Item"), (("c-1", "Cup"), ("c-1", "Cup"), ("c-2", None))
    )


def test_a_column_without_any_value_is_a_column(tmp_path: Path) -> None:
    assert file(tmp_path, "o.csv", "\nId,Note\n1,\n").columns == ("Id", "Note")
    assert file(tmp_path, "p.csv", "Id,Note\n") == WholeTable(("Id", "Note"), ())


def test_json_lines_have_the_columns_of_all_rows(tmp_path: Path) -> None:
    found = file(tmp_path, "o.jsonl", '{"Id": 1}\n{"Id": 2, "Price": 2.5}\n')
    assert found == WholeTable(("Id", "Price"), ((1, None), (2, 2.5)))


def test_columns_that_templates_could_not_tell_apart_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="any case"):
        file(tmp_path, "o.jsonl", '{"Id": 1, "ID": 2}\n')


def test_more_rows_than_a_process_should_hold_are_refused_with_what_to_do(
    tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_table, "MAX_TABLE_ROWS", 3)
    with pytest.raises(ConfigError, match="more than 3 rows") as refused:
        file(tmp_path, "o.csv", "Id\n1\n2\n3\n4\n")
    assert "one batch of customers at a time" in refused.value.advice
    with pytest.raises(ConfigError, match="more than 3 rows"):
        read(shop, extension(url="env:SHOP", query="select id from orders"))


def test_more_text_than_a_process_should_hold_is_refused(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_table, "MAX_TABLE_BYTES", 10)
    with pytest.raises(ConfigError, match="10 characters"):
        read(shop, extension(url="env:SHOP", query="select customer from orders"))
    with pytest.raises(ConfigError, match="larger than 10 bytes"):
        file(tmp_path, "o.csv", "Id\n1\n2\n3\n4\n5\n")


def test_a_query_gives_all_its_rows_in_its_order(shop: Path) -> None:
    query = "select customer as Customer, total as Total from orders order by id desc"
    found = read(shop, extension(url="env:SHOP", query=query))
    assert found == WholeTable(("Customer", "Total"), (("c-1", 1.5), ("c-0", 1.0), ("c-1", 0.5), ("c-0", 0.0)))


def test_bytes_are_no_value_of_a_template(shop: Path) -> None:
    assert read(shop, extension(url="env:SHOP", query="select note from orders limit 1")).rows == ((None,),)


def test_a_query_with_a_parameter_is_refused(shop: Path) -> None:
    with pytest.raises(ConfigError, match="wants :customer"):
        read(shop, extension(url="env:SHOP", query="select 1 from orders where customer = :customer"))


def test_a_query_that_writes_is_refused_by_the_database(shop: Path) -> None:
    with pytest.raises(SourceError, match="readonly") as refused:
        read(shop, extension(url="env:SHOP", query="delete from orders returning id"))
    assert not refused.value.retryable


def test_a_query_that_takes_too_long_is_interrupted(shop: Path) -> None:
    endless = "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n"
    with pytest.raises(SourceError, match="interrupted") as refused:
        read(shop, extension(url="env:SHOP", query=endless, timeout_s=0.05))
    assert refused.value.retryable
