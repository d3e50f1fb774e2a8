"""Data extensions in memory: read once, again when old, and kept where their database gives no answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from livemerge.catalog import DataExtension
from livemerge.clock import FakeClock
from livemerge.errors import ConfigError, SourceError
from livemerge.resolve import Extensions
from livemerge.sources.whole_table import WholeTable


def declared(
    *, path: str = "", columns: tuple[str, ...] = (), stale_for_s: float = 0.0, name: str = "Orders"
) -> DataExtension:
    return DataExtension(name, path, "" if path else "env:SHOP", "select", columns, 60.0, stale_for_s, 5.0)


class Database:
    """Gives what it is told to, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: SourceError | None = None

    def __call__(self, extension: DataExtension) -> WholeTable:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return WholeTable(("Id",), ((self.asked,),))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database() -> Database:
    return Database()


def value(extensions: Extensions, name: str = "Orders") -> object:
    return extensions.tables([name])["Orders"].rows[0][0]


async def test_rows_are_read_once_until_they_are_old(tmp_path: Path, clock: FakeClock, database: Database) -> None:
    extensions = Extensions({"Orders": declared()}, tmp_path, database, clock)
    for _ in range(3):
        await extensions.refresh(["Orders", "orders", "ENT.Orders"])
    assert (database.asked, value(extensions, "ENT.ORDERS")) == (1, 1)
    clock.advance(60.5)
    await extensions.refresh(["Orders"])
    assert (database.asked, value(extensions)) == (2, 2)


async def test_an_index_outlives_a_refresh_that_reads_nothing(
    tmp_path: Path, clock: FakeClock, database: Database
) -> None:
    extensions = Extensions({"Orders": declared()}, tmp_path, database, clock)
    await extensions.refresh(["Orders"])
    first = extensions.tables(["Orders"])["Orders"]
    await extensions.refresh(["Orders"])
    assert extensions.tables(["Orders"])["Orders"] is first


async def test_a_file_is_read_again_when_it_changes_and_only_then(
    tmp_path: Path, clock: FakeClock, database: Database
) -> None:
    (tmp_path / "orders.csv").write_text("Id\n1\n")
    extensions = Extensions({"Orders": declared(path="orders.csv")}, tmp_path, database, clock)
    await extensions.refresh(["Orders"])
    clock.advance(3600)
    await extensions.refresh(["Orders"])
    assert database.asked == 1
    (tmp_path / "orders.csv").write_text("Id\n1\n2\n")
    await extensions.refresh(["Orders"])
    assert database.asked == 2


async def test_without_an_answer_old_rows_serve_as_long_as_was_declared(
    tmp_path: Path, clock: FakeClock, database: Database
) -> None:
    extensions = Extensions({"Orders": declared(stale_for_s=30.0)}, tmp_path, database, clock)
    await extensions.refresh(["Orders"])
    database.error = SourceError("down", retryable=True)
    clock.advance(80)
    await extensions.refresh(["Orders"])
    assert value(extensions) == 1
    clock.advance(20)
    with pytest.raises(SourceError, match="down"):
        await extensions.refresh(["Orders"])


async def test_a_query_that_is_wrong_does_not_leave_old_rows_in_place(
    tmp_path: Path, clock: FakeClock, database: Database
) -> None:
    extensions = Extensions({"Orders": declared(stale_for_s=30.0)}, tmp_path, database, clock)
    await extensions.refresh(["Orders"])
    database.error = SourceError("no such table", retryable=False)
    clock.advance(61)
    with pytest.raises(SourceError, match="no such table"):
        await extensions.refresh(["Orders"])


async def test_names_nobody_declared_are_left_to_the_template(
    tmp_path: Path, clock: FakeClock, database: Database
) -> None:
    extensions = Extensions({}, tmp_path, database, clock)
    await extensions.refresh(["Orders"])
    assert extensions.tables(["Orders"]) == {}


def test_declared_columns_are_known_without_asking_the_database(
    tmp_path: Path, clock: FakeClock, database: Database
) -> None:
    extensions = Extensions({"Orders": declared(columns=("Id", "Total"))}, tmp_path, database, clock)
    assert extensions.columns("Orders") == ("Id", "Total")
    assert database.asked == 0


def test_rows_without_a_declared_column_are_refused(tmp_path: Path, clock: FakeClock, database: Database) -> None:
    extensions = Extensions({"Orders": declared(columns=("Id", "Total"))}, tmp_path, database, clock)
    with pytest.raises(ConfigError, match="no column `Total`") as refused:
        extensions.load(["Orders"])
    assert refused.value.where == "data_extension.Orders"
