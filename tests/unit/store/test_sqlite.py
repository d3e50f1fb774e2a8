"""The store: migrations, transactions that are kept whole or not at all, and files that cannot be used."""

from __future__ import annotations

import sqlite3
import time

import pytest

from livemerge.errors import StoreError
from livemerge.store import open_store

LEAST_TABLES = {"delivery", "suppression", "override", "cached_row", "event", "api_key", "access_log"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "livemerge.db"


@pytest.fixture
def store(path):
    store = open_store(path)
    store.run("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    yield store
    store.close()


def notes(store):
    return [row["text"] for row in store.rows("SELECT text FROM note ORDER BY id")]


def write(store, text):
    return store.run("INSERT INTO note (text) VALUES (?)", (text,))


def tables(store):
    return {row["name"] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}


# -- opening ---------------------------------------------------------------------------------------------------


def test_a_fresh_store_has_the_whole_schema(path):
    assert tables(open_store(path)) >= LEAST_TABLES


def test_a_store_in_memory_has_the_same_schema(path):
    assert tables(open_store(None)) == tables(open_store(path))


def test_a_store_opened_again_keeps_what_it_had(path, store):
    write(store, "kept")
    version = store.rows("PRAGMA user_version")[0][0]
    store.close()
    again = open_store(path)
    assert (notes(again), again.rows("PRAGMA user_version")[0][0]) == (["kept"], version)


def test_what_was_written_survives_a_power_cut_because_every_commit_reaches_the_disk(store):
    full = 2
    assert store.rows("PRAGMA synchronous")[0][0] == full
    assert store.rows("PRAGMA journal_mode")[0][0] == "wal"


def test_a_store_of_a_newer_livemerge_is_refused_and_left_as_it_is(path, store):
    store.run("PRAGMA user_version = 9999")
    store.close()
    with pytest.raises(StoreError, match="schema 9999") as refused:
        open_store(path)
    assert refused.value.where == str(path)
    assert "update" in refused.value.advice
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (9999,)


def test_a_migration_that_fails_half_way_leaves_nothing_behind(path):
    """The first statement of the schema finds its table taken by something that is none of ours."""
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE event (x)")
    other.commit()
    other.close()
    with pytest.raises(StoreError, match="already exists"):
        open_store(path)
    names = {name for (name,) in sqlite3.connect(path).execute("SELECT name FROM sqlite_master")}
    assert names == {"event"}


@pytest.mark.parametrize("content", [b"this is no database, and long enough to be taken for one" * 40, b"\x00" * 4096])
def test_a_file_that_is_no_database_is_named_with_what_to_do(path, content):
    path.write_bytes(content)
    with pytest.raises(StoreError) as refused:
        open_store(path)
    assert refused.value.where == str(path)
    assert "backup" in refused.value.advice
    assert path.read_bytes() == content


def test_a_damaged_database_is_named_with_what_to_do(path, store):
    store.run_many("INSERT INTO note (text) VALUES (?)", [("x" * 1000,)] * 200)
    store.run("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)
    with pytest.raises(StoreError) as refused:
        open_store(path).rows("SELECT count(text) FROM note")
    assert "backup" in refused.value.advice


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(StoreError, match="unable to open") as refused:
        open_store(tmp_path / "nowhere" / "livemerge.db")
    assert "folder" in refused.value.advice


def test_a_closed_store_says_so(path):
    store = open_store(path)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.rows("SELECT 1")


# -- transactions ----------------------------------------------------------------------------------------------


def test_a_transaction_keeps_all(path, store):
    with store.transaction():
        write(store, "a")
        write(store, "b")
        assert notes(open_store(path)) == []  # not before its end
    assert notes(open_store(path)) == ["a", "b"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_transaction_that_fails_keeps_nothing(store, error):
    with pytest.raises(error), store.transaction():
        write(store, "a")
        raise error
    assert notes(store) == []
    write(store, "later")
    assert notes(store) == ["later"]


def test_a_transaction_inside_another_is_part_of_it(store):
    with pytest.raises(ValueError, match="late"), store.transaction():
        with store.transaction():
            write(store, "inner")
        store.run_many("INSERT INTO note (text) VALUES (?)", [("many",)])
        raise ValueError("late")
    assert notes(store) == []


def test_many_rows_are_all_kept_or_none(store):
    with pytest.raises(StoreError, match="NOT NULL"):
        store.run_many("INSERT INTO note (text) VALUES (?)", [("a",), (None,), ("b",)])
    assert notes(store) == []
    assert store.run_many("INSERT INTO note (text) VALUES (?)", [("a",), ("b",)]) == 2


def test_a_statement_tells_how_many_rows_it_changed(store):
    assert (write(store, "a"), write(store, "b")) == (1, 1)
    assert store.run("UPDATE note SET text = 'c'") == 2
    assert store.row("SELECT text FROM note WHERE id = 99") is None


@pytest.mark.parametrize("value", ["anna\ud800", 2**70])
def test_a_value_that_cannot_be_kept_is_an_error_that_does_not_show_it(store, value):
    with pytest.raises(StoreError, match="a value cannot be kept") as refused, store.transaction():
        write(store, "a")
        write(store, value)
    assert notes(store) == []
    assert "anna" not in str(refused.value)


# -- full disk -------------------------------------------------------------------------------------------------


def fill_disk(store):
    """From now on the file may not grow, as on a full disk."""
    pages = store.rows("PRAGMA page_count")[0][0]
    store.run(f"PRAGMA max_page_count = {pages + 2}")


def make_room(store):
    store.run("PRAGMA max_page_count = 1000000")


def test_a_full_disk_undoes_the_whole_transaction_and_says_what_to_do(store):
    write(store, "before")
    fill_disk(store)
    with pytest.raises(StoreError, match="full") as refused, store.transaction():
        for number in range(100):
            write(store, f"{number}" * 1000)
    assert "Make room" in refused.value.advice
    assert notes(store) == ["before"]
    make_room(store)
    write(store, "after")
    assert notes(store) == ["before", "after"]


def test_a_full_disk_undoes_many_rows_as_one(store):
    fill_disk(store)
    with pytest.raises(StoreError, match="full"):
        store.run_many("INSERT INTO note (text) VALUES (?)", [("x" * 1000,)] * 100)
    assert notes(store) == []


def test_whoever_swallows_a_full_disk_does_not_keep_half_a_transaction(store):
    fill_disk(store)
    with pytest.raises(StoreError), store.transaction():
        write(store, "half")
        try:
            write(store, "x" * 100_000)
        except StoreError:
            pass
        store.run("ROLLBACK")  # what SQLite does by itself for some failures of the disk
    assert notes(store) == []


# -- other processes -------------------------------------------------------------------------------------------


def test_while_another_process_writes_readers_go_on(path, store):
    write(store, "a")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert notes(store) == ["a"]
    other.close()


def test_a_writer_waits_its_bounded_time_for_another_process(path):
    patience_s = 0.05
    store = open_store(path, busy_timeout_s=patience_s)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started_s = time.monotonic()
    with pytest.raises(StoreError, match="locked") as refused, store.transaction():
        pass
    assert time.monotonic() - started_s >= patience_s * 0.9
    assert "Another process" in refused.value.advice
    other.execute("COMMIT")
    with store.transaction():
        store.run("DELETE FROM event")
    other.close()


def test_the_impatient_do_not_wait_and_learn_that_it_was_only_the_others(path, store):
    usual_ms = store.rows("PRAGMA busy_timeout")[0][0]
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started_s = time.monotonic()
    with pytest.raises(StoreError, match="locked") as refused, store.impatient():
        write(store, "a")
    assert time.monotonic() - started_s < usual_ms / 1000
    assert refused.value.is_busy
    other.execute("COMMIT")
    with store.impatient():
        assert store.rows("PRAGMA synchronous")[0][0] == 2  # FULL: what is committed outlives a power cut
        write(store, "b")
    assert store.rows("PRAGMA busy_timeout")[0][0] == usual_ms
    assert notes(store) == ["b"]
    other.close()


def test_opening_waits_its_bounded_time_too(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked"):
        open_store(path, busy_timeout_s=0.05)
    other.close()


# -- what may be lost ------------------------------------------------------------------------------------------


def test_a_hasty_transaction_is_as_whole_as_any(path, store):
    with pytest.raises(ValueError, match="no"), store.hasty():
        write(store, "a")
        raise ValueError("no")
    with store.hasty():
        write(store, "b")
    assert notes(open_store(path)) == ["b"]


def test_a_hasty_transaction_waits_neither_for_the_disk_nor_for_others(path, store):
    normal, full = 1, 2
    usual_ms = store.rows("PRAGMA busy_timeout")[0][0]
    with store.hasty():
        assert store.rows("PRAGMA synchronous")[0][0] == normal
        assert store.rows("PRAGMA busy_timeout")[0][0] < usual_ms / 100
    assert store.rows("PRAGMA synchronous")[0][0] == full
    assert store.rows("PRAGMA busy_timeout")[0][0] == usual_ms
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"), store.hasty():
        write(store, "never")
    assert store.rows("PRAGMA synchronous")[0][0] == full
    other.close()


def test_inside_a_transaction_a_hasty_one_is_part_of_it(store):
    full = 2
    with store.transaction(), store.hasty():
        write(store, "a")
        assert store.rows("PRAGMA synchronous")[0][0] == full
    assert notes(store) == ["a"]


def test_the_file_is_readable_by_its_owner_only(tmp_path):
    open_store(tmp_path / "livemerge.db").close()
    assert (tmp_path / "livemerge.db").stat().st_mode & 0o077 == 0
