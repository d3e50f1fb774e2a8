from __future__ import annotations

import os
from pathlib import Path

import pytest

from livemerge import config
from livemerge.errors import ConfigError, SourceError
from livemerge.sources.table import TableSource, make_table, read_table


def rows(root: Path, name: str, content: bytes | str, key: str = "id"):
    path = root / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, shown=name, key=key)


def fault(root: Path, name: str, content: bytes | str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        rows(root, name, content)
    return caught.value


def test_cells_are_text_and_blank_ones_are_absent(tmp_path: Path) -> None:
    assert rows(tmp_path, "p.csv", "id,name,age\n1,Anna,\n2, ,42\n") == {
        "1": {"id": "1", "name": "Anna"},
        "2": {"id": "2", "age": "42"},
    }


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_data(tmp_path: Path) -> None:
    assert rows(tmp_path, "p.csv", b"\xef\xbb\xbfid,name\r\n1,Anna\r\n") == {"1": {"id": "1", "name": "Anna"}}


def test_quoted_cells_hold_commas_quotes_and_lines(tmp_path: Path) -> None:
    found = rows(tmp_path, "p.csv", 'id,name\n1,"a,""b""\nc"\n2,Bo\n')
    assert found["1"]["name"] == 'a,"b"\nc'
    assert found["2"]["name"] == "Bo"


def test_blank_lines_are_skipped(tmp_path: Path) -> None:
    assert list(rows(tmp_path, "p.csv", "\nid,name\n\n1,Anna\n\n")) == ["1"]
    assert list(rows(tmp_path, "p.jsonl", '\n{"id": 1}\n  \n{"id": "2"}\n\n')) == ["1", "2"]


def test_json_lines_keep_their_types(tmp_path: Path) -> None:
    found = rows(tmp_path, "p.jsonl", '{"id": 7, "tags": [{"a": 1}], "vip": true, "none": null}')
    assert found == {"7": {"id": 7, "tags": [{"a": 1}], "vip": True, "none": None}}


def test_a_header_alone_is_a_table_of_nobody(tmp_path: Path) -> None:
    assert rows(tmp_path, "p.csv", "id,name\n") == {}


@pytest.mark.parametrize(
    ("name", "content", "where", "what"),
    [
        ("p.csv", "id,name\n1,A\n2,B\n1,C\n", "p.csv:4", "the key `1` stands here and on line 2"),
        ("p.csv", 'id,name\n1,"A\nB"\n1,C\n', "p.csv:4", "the key `1` stands here and on line 2"),
        ("p.csv", "id,name\n,A\n", "p.csv:2", "`id` is empty"),
        ("p.csv", "id,name\n  ,A\n", "p.csv:2", "`id` is empty"),
        ("p.csv", "id,name\n1,A,extra\n", "p.csv:2", "has 3 cells, the first line has 2"),
        ("p.csv", "id,name\n1,A\n2\n", "p.csv:3", "has 1 cells, the first line has 2"),
        ("p.csv", "customer,name\n1,A\n", "p.csv:1", "there is no column `id`"),
        ("p.csv", "id,name,name\n1,A,B\n", "p.csv:1", "two columns are named `name`"),
        ("p.csv", 'id,name\n1,A\n2,"open\n', "p.csv:3", "is not CSV"),
        ("p.csv", 'id,name\n1,"A"x\n', "p.csv:2", "is not CSV"),
        ("p.csv", "id,name\n1," + "x" * 200_000, "p.csv:2", "is not CSV"),
        ("p.csv", "id,name\n" + "k" * 513 + ",A\n", "p.csv:2", "longer than 512"),
        ("p.csv", b"id,name\n1,A\n2,\xff\n", "p.csv:3", "is not UTF-8"),
        ("p.csv", "", "p.csv", "is empty"),
        ("p.jsonl", '{"id": 1}\n{"id": 1}', "p.jsonl:2", "the key `1` stands here and on line 1"),
        ("p.jsonl", '{"id": "1"}\n{"id": 1}', "p.jsonl:2", "the key `1`"),
        ("p.jsonl", '{"id": ""}', "p.jsonl:1", "`id` is empty"),
        ("p.jsonl", '{"id": null}', "p.jsonl:1", "`id` is empty"),
        ("p.jsonl", '{"id": 1.5}', "p.jsonl:1", "no text or integer"),
        ("p.jsonl", '{"id": true}', "p.jsonl:1", "no text or integer"),
        ("p.jsonl", '{"name": "A"}', "p.jsonl:1", "has no `id`"),
        ("p.jsonl", '{"id": 1}\n{"id": ', "p.jsonl:2", "is not JSON"),
        ("p.jsonl", "[1]", "p.jsonl:1", "is no JSON object"),
        ("p.xlsx", "PK", "p.xlsx", "`.xlsx` is no kind of table"),
    ],
)
def test_a_faulty_table_is_named_with_its_line(tmp_path: Path, name: str, content: str, where: str, what: str) -> None:
    error = fault(tmp_path, name, content)
    assert error.where == where
    assert what in error.what


def test_a_column_that_was_mistyped_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        rows(tmp_path, "p.csv", "customer_id,name\n", key="custmer_id")
    assert "Did you mean `customer_id`?" in caught.value.advice


def test_a_missing_file_is_named_as_the_project_wrote_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        make_table("people", config.TableSource(path="data/p.csv", key="id"), root=tmp_path)
    assert caught.value.where == "data/p.csv"
    assert str(tmp_path) not in str(caught.value)


def open_table(root: Path, content: str) -> TableSource:
    (root / "p.csv").write_text(content)
    return make_table("people", config.TableSource(path="p.csv", key="id"), root=root)


async def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    source = open_table(tmp_path, "id,name\n1,Anna\n")
    assert (await source.fetch(["1"], [])).rows["1"]["name"] == "Anna"
    open_table(tmp_path, "id,name\n1,Annabel\n")
    assert (await source.fetch(["1"], [])).rows["1"]["name"] == "Annabel"


async def test_a_change_of_the_same_length_is_seen_by_its_time(tmp_path: Path) -> None:
    source = open_table(tmp_path, "id,name\n1,Anna\n")
    open_table(tmp_path, "id,name\n1,Hana\n")
    os.utime(tmp_path / "p.csv", ns=(1, 1))
    assert (await source.fetch(["1"], [])).rows["1"]["name"] == "Hana"


async def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    source = open_table(tmp_path, "id,name\n1,Anna\n")
    first = (await source.fetch(["1"], [])).rows["1"]
    assert (await source.fetch(["1"], [])).rows["1"] is first


async def test_a_file_that_became_faulty_is_no_answer_until_it_is_mended(tmp_path: Path) -> None:
    source = open_table(tmp_path, "id,name\n1,Anna\n")
    (tmp_path / "p.csv").write_text("id,name\n1,Anna\n1,Bo\n")
    for _ in range(2):
        with pytest.raises(SourceError) as caught:
            await source.fetch(["1"], [])
        assert caught.value.where == "p.csv:3"
        assert not caught.value.retryable
    (tmp_path / "p.csv").write_text("id,name\n1,Cy\n")
    assert (await source.fetch(["1"], [])).rows["1"]["name"] == "Cy"
