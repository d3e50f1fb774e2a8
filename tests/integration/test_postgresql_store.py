"""A real PostgreSQL that is killed, hangs or takes a lock away: errors at once, and back by itself."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from livemerge.errors import StoreError
from livemerge.store import Store, open_store
from livemerge.store.connections import ANSWER_WITHIN_S, MAX_CONNECTIONS

pytestmark = pytest.mark.server

PATIENCE_S = 30.0


@pytest.fixture
def store(postgresql_url: str) -> Iterator[Store]:
    store = open_store(postgresql_url)
    yield store
    store.close()


def note(store: Store, key: str) -> int:
    return store.run("INSERT INTO cached_row (source, key, body, expires_at) VALUES ('s', ?, ?, 1)", (key, b""))


def works_again(store: Store) -> bool:
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        try:
            return store.row("SELECT 1 AS one") is not None
        except StoreError:
            time.sleep(0.1)
    return False


@contextmanager
def stopped(server: Any) -> Iterator[None]:
    """The server and its children stand still meanwhile."""
    main = server.process.pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    for process in (main, *map(int, children)):
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in (main, *map(int, children)):
            os.kill(process, signal.SIGCONT)


def test_connections_that_the_server_ended_are_replaced_unseen(store: Store, postgresql_server: Any) -> None:
    note(store, "a")
    with psycopg.connect(postgresql_server.url, autocommit=True) as killer:
        killer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'livemerge'")
        time.sleep(0.2)  # the server's word is on its way
    assert note(store, "b") == 1


def test_a_server_that_was_killed_is_an_error_and_back_by_itself(store: Store, postgresql_server: Any) -> None:
    note(store, "kept")
    with pytest.raises(StoreError), store.transaction():
        note(store, "lost")
        postgresql_server.send_signal(signal.SIGQUIT)
        postgresql_server.process.wait()
        note(store, "lost too")
    with pytest.raises(StoreError, match=r"cannot be reached|failed") as caught:
        store.rows("SELECT 1")
    assert caught.value.advice
    postgresql_server.start()
    assert works_again(store)
    assert [row["key"] for row in store.rows("SELECT key FROM cached_row")] == ["kept"]


def test_who_is_in_a_hurry_does_not_wait_for_a_server_that_hangs(store: Store, postgresql_server: Any) -> None:
    note(store, "a")
    failed, started_s = 0, time.monotonic()
    with stopped(postgresql_server):
        for _ in range(20):
            with pytest.raises(StoreError), store.impatient():
                store.rows("SELECT 1")
            failed += 1
        took_s = time.monotonic() - started_s
    assert failed == 20
    assert took_s < ANSWER_WITHIN_S / 4
    assert works_again(store)


def test_a_lock_that_the_server_took_away_lets_nobody_go_on(store: Store, postgresql_server: Any) -> None:
    with store.only_one("run") as is_ours:
        assert is_ours
        note(store, "a")
        with psycopg.connect(postgresql_server.url, autocommit=True) as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'livemerge'"
            )
        with pytest.raises(StoreError):
            note(store, "b")
        with pytest.raises(StoreError):
            note(store, "c")
    with store.only_one("run") as is_ours:
        assert is_ours
        assert note(store, "d") == 1


def test_no_more_connections_than_agreed(store: Store, postgresql_server: Any) -> None:
    start = threading.Barrier(12)

    def work() -> None:
        start.wait()
        store.rows("SELECT pg_sleep(0.2)")

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    with psycopg.connect(postgresql_server.url, autocommit=True) as watcher:
        most = 0
        while any(thread.is_alive() for thread in threads):
            counted = watcher.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'livemerge'"
            ).fetchone()
            most = max(most, counted[0] if counted else 0)
    assert 1 < most <= MAX_CONNECTIONS


@pytest.mark.parametrize(
    "url", ["postgresql://nobody:s3cret@127.0.0.1:1/x", "postgresql://[", "postgresql://u:s3cret@h:x/"]
)
def test_an_address_that_leads_nowhere_says_so_without_its_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert "s3cret" not in f"{caught.value!s}{caught.value!r}{caught.value.__context__!r}{caught.value.__cause__!r}"
    assert caught.value.advice
