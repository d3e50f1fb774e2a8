"""An audience is read once, and every row that cannot be mailed is named by its line."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from livemerge import config
from livemerge.campaign.audience import Member, Mistakes, read_audience
from livemerge.errors import AudienceError, ConfigError


def members_of(tmp_path: Path, text: str | bytes, **columns: str) -> tuple[list[Member], Mistakes]:
    (tmp_path / "people.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    mistakes = Mistakes()
    audience = read_audience(config.Audience(csv="people.csv", **columns), tmp_path, {})
    return list(audience.members(mistakes)), mistakes


def test_keys_and_addresses_come_from_the_named_columns(tmp_path: Path) -> None:
    members, mistakes = members_of(tmp_path, "id,mail\nc-1,anna@example.com\n", key="id", address="mail")
    assert members == [Member("c-1", "anna@example.com", "people.csv:2")]
    assert mistakes.count == 0


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",anna@example.com", "people.csv:2: `customer_id` is empty"),
        ("c-1,", "people.csv:2: `email` is not an address"),
        ("c-1,anna@", "people.csv:2: `email` is not an address"),
        ('c-1,"anna@example.com\r\nBcc: x@example.com"', "`email` is not an address"),
        ("c-1,anna@example.com;ben@example.com", "`email` is not an address"),
    ],
)
def test_a_row_that_cannot_be_mailed_is_named_by_line(tmp_path: Path, row: str, problem: str) -> None:
    members, mistakes = members_of(tmp_path, f"customer_id,email\n{row}\n")
    assert members == []
    assert problem.split(": ", 1)[-1] in mistakes.shown[0]


def test_all_mistakes_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    rows = "".join(f"c-{number},nonsense\n" for number in range(25))
    _, mistakes = members_of(tmp_path, "customer_id,email\n" + rows)
    with pytest.raises(AudienceError, match="25 of the audience cannot be mailed") as raised:
        mistakes.refuse("people.csv")
    assert str(raised.value).count("people.csv:") == 11  # ten rows and the file itself


def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(AudienceError, match="there is no column `email`") as raised:
        members_of(tmp_path, "customer_id,e_mail\nc-1,a@example.com\n")
    assert "e_mail" in raised.value.advice


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nobody\.csv: cannot read the audience"):
        read_audience(config.Audience(csv="nobody.csv"), tmp_path, {})


def test_a_ragged_row_is_named_by_line(tmp_path: Path) -> None:
    with pytest.raises(AudienceError, match=r"people\.csv:3"):
        members_of(tmp_path, "customer_id,email\nc-1,a@example.com\nc-2,b@example.com,more\n")


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudienceError, match="not UTF-8"):
        members_of(tmp_path, b"customer_id,email\nc-1,\xff\xfe@example.com\n")


def test_a_table_that_is_none_is_told_with_those_there_are(tmp_path: Path) -> None:
    tables = {
        "people": config.TableSource(path="people.csv", key="id"),
        "events": config.TableSource(path="events.jsonl", key="id"),
    }
    for wrong in ("events", "poeple", "nothing"):
        with pytest.raises(ConfigError, match=f"`{wrong}` is not a table source with a CSV file") as raised:
            read_audience(config.Audience(table=wrong), tmp_path, tables)
        assert "people" in raised.value.advice
        assert "events" not in raised.value.advice


def test_a_database_gives_an_audience(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("create table customers (id integer, mail text)")
        database.execute("insert into customers values (7, 'a@example.com')")
    section = config.Audience(sql="select id, mail from customers", url="sqlite:///shop.db", key="id", address="mail")
    assert [member.key for member in read_audience(section, tmp_path, {}).members(Mistakes())] == ["7"]


@pytest.mark.parametrize("url", ["file:shop-url", "sqlite:///shop.db"])
def test_a_database_may_be_named_by_a_secret_and_is_only_read(tmp_path: Path, url: str) -> None:
    (tmp_path / "shop-url").write_text("sqlite:///shop.db\n")
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("create table customers (customer_id text, email text)")
        database.execute("insert into customers values ('c-1', 'a@example.com')")
    audience = read_audience(config.Audience(sql="select * from customers", url=url), tmp_path, {})
    assert [member.key for member in audience.members(Mistakes())] == ["c-1"]

    emptying = config.Audience(sql="delete from customers returning customer_id, email", url=url)
    with pytest.raises(AudienceError, match="readonly"):
        list(read_audience(emptying, tmp_path, {}).members(Mistakes()))


@pytest.mark.parametrize("url", ["no address at all: hunter2", "oracle://scott:hunter2@db.example/shop"])
def test_what_is_no_database_we_read_is_refused_without_being_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        list(read_audience(config.Audience(sql="select 1", url=url), tmp_path, {}).members(Mistakes()))
    assert raised.value.where == "audience.url"
    assert "hunter2" not in str(raised.value)


def test_a_query_that_fails_says_why(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "shop.db").execute("create table customers (id)").connection.close()
    section = config.Audience(sql="select customer_id from nowhere", url="sqlite:///shop.db")
    with pytest.raises(AudienceError, match="no such table: nowhere"):
        list(read_audience(section, tmp_path, {}).members(Mistakes()))


def test_the_digest_changes_with_the_file(tmp_path: Path) -> None:
    section = config.Audience(csv="people.csv")
    (tmp_path / "people.csv").write_text("customer_id,email\n")
    before = read_audience(section, tmp_path, {}).digest
    (tmp_path / "people.csv").write_text("customer_id,email\nc-1,a@example.com\n")
    assert read_audience(section, tmp_path, {}).digest != before
