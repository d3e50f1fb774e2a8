"""A `sql` source on a real PostgreSQL: started for these tests in a folder of its own, on a free loopback port."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from livemerge import config
from livemerge.campaign.audience import Mistakes, read_audience
from livemerge.errors import AudienceError, SourceError
from livemerge.sources.sql import SqlSource, make_sql

BINARIES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
SCHEMA = """
create sequence tally;
create table orders (customer bigint, code text, total numeric(10, 2), ordered date);
insert into orders values (1, 'a/b', 9.50, '2025-12-01'), (1, 'a/b', 1.25, '2025-12-02'), (7, 'ü', 2, '2025-12-03');
"""
ORDERS = (
    "select customer as key, sum(total) as total, max(ordered) as last from orders where customer in :keys group by 1"
)
SLOW = "select customer as key, pg_sleep(60) from orders where customer in :keys"
PATIENCE_S = 30

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(BINARIES is None, reason="Debian's package postgresql is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="the driver psycopg is not installed"),
]


def as_postgres(*command: str | Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    words = [str(word) for word in command]
    return ["runuser", "-u", "postgres", "--", *words] if os.geteuid() == 0 else words


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    assert BINARIES is not None
    folder = Path(tempfile.mkdtemp(prefix="livemerge-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run = {"check": True, "stdout": subprocess.DEVNULL, "timeout": 120, "cwd": folder}
    subprocess.run(as_postgres(BINARIES / "initdb", "-A", "trust", "-U", "livemerge", "-D", data), **run)
    log = folder / "log"
    subprocess.run(as_postgres(BINARIES / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start"), **run)
    try:
        shop = ["-h", "127.0.0.1", "-p", str(port), "-U", "livemerge", "-d", "postgres", "-c", SCHEMA]
        subprocess.run([str(BINARIES / "psql"), "-q", "-v", "ON_ERROR_STOP=1", *shop], **run)
        yield f"postgresql://livemerge@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(as_postgres(BINARIES / "pg_ctl", "-D", data, "-m", "immediate", "stop"), **run)
        shutil.rmtree(folder, ignore_errors=True)


def opened(url: str, query: str = ORDERS, **settings: object) -> SqlSource:
    section = config.SqlSource(
        **({"url": "env:SHOP_URL", "query": query, "key_type": "integer", "timeout_ms": 5_000} | settings)
    )
    return make_sql("shop", section, root=Path(), read_secret=lambda reference, where: url)


async def test_rows_come_with_the_types_of_the_database(url: str) -> None:
    source = opened(url)
    answer = await source.fetch(["1", "7", "8", "x", "007"], [])
    await source.close()
    assert answer.rows == {
        "1": {"key": 1, "total": Decimal("10.75"), "last": date(2025, 12, 2)},
        "7": {"key": 7, "total": Decimal("2.00"), "last": date(2025, 12, 3)},
    }


async def test_text_keys_and_odd_ones_find_their_own(url: str) -> None:
    query = "select code as key, count(*) as orders from orders where code in :keys group by 1"
    source = opened(url, query, key_type="text")
    answer = await source.fetch(["a/b", "ü", "a\x00b", "'; drop table orders; --", "%s"], [])
    await source.close()
    assert {key: row["orders"] for key, row in answer.rows.items()} == {"a/b": 2, "ü": 1}
    assert answer.row_errors == {}


async def test_calls_at_once_share_the_pool(url: str) -> None:
    source = opened(url, connections=2)
    answers = await asyncio.gather(*(source.fetch(["7"], []) for _ in range(20)))
    await source.close()
    assert all(list(answer.rows) == ["7"] for answer in answers)


async def test_cancelled_calls_leave_the_pool_usable(url: str) -> None:
    source = opened(url, SLOW.replace("pg_sleep(60)", "case when customer = 1 then pg_sleep(60) end"), connections=2)
    for _ in range(3):
        calls = [asyncio.ensure_future(source.fetch(["1"], [])) for _ in range(2)]
        await asyncio.wait(calls, timeout=0.1)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert all(call.cancelled() for call in calls)
    answers = await asyncio.wait_for(asyncio.gather(*(source.fetch(["7"], []) for _ in range(4))), PATIENCE_S)
    await source.close()
    assert all(list(answer.rows) == ["7"] for answer in answers)


async def test_a_deadline_by_timeout_leaves_the_pool_usable(url: str) -> None:
    source = opened(url, SLOW.replace("pg_sleep(60)", "case when customer = 1 then pg_sleep(60) end"), connections=1)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await source.fetch(["1"], [])
    answer = await asyncio.wait_for(source.fetch(["7"], []), PATIENCE_S)
    await source.close()
    assert list(answer.rows) == ["7"]


@pytest.mark.parametrize(
    ("query", "retryable"),
    [
        ("select 1 as key from nothing where 1 in :keys", False),
        ("selec :keys", False),
        ("select customer as key, 1 / 0 from orders where customer in :keys", False),
        ("insert into orders select 9 where 9 in :keys returning customer as key", False),
        (SLOW, True),
    ],
)
async def test_a_query_that_fails_says_whether_to_come_again(url: str, query: str, retryable: bool) -> None:
    source = opened(url, query, timeout_ms=200)
    with pytest.raises(SourceError) as caught:
        await asyncio.wait_for(source.fetch(["1", "424242"], []), PATIENCE_S)
    await source.close()
    assert caught.value.retryable is retryable
    assert "424242" not in str(caught.value)


async def test_a_server_that_is_not_there_is_worth_asking_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        source = opened(f"postgresql://nobody:s3cret@127.0.0.1:{taken.getsockname()[1]}/db")
        with pytest.raises(SourceError) as caught:
            await asyncio.wait_for(source.fetch(["1"], []), PATIENCE_S)
        await source.close()
    assert caught.value.retryable
    assert "s3cret" not in str(caught.value)


async def test_connections_that_the_server_dropped_are_replaced(url: str) -> None:
    source = opened(url, connections=1)
    await source.fetch(["7"], [])
    killer = opened(
        url,
        "select pid as key, pg_terminate_backend(pid) from pg_stat_activity "
        "where pid <> pg_backend_pid() and 1 in :keys",
    )
    await killer.fetch(["1"], [])
    await killer.close()
    outcomes = [await asyncio.gather(source.fetch(["7"], []), return_exceptions=True) for _ in range(2)]
    await source.close()
    first, second = outcomes[0][0], outcomes[1][0]
    assert not isinstance(first, SourceError) or first.retryable
    assert list(second.rows) == ["7"]


def test_an_audience_comes_from_the_database_and_changes_nothing_in_it(url: str) -> None:
    def members(sql: str) -> list[str]:
        audience = read_audience(config.Audience(sql=sql, url=url), Path(), {})
        return [member.key for member in audience.members(Mistakes())]

    listed = "distinct customer as customer_id, 'c' || customer || '@example.com' as email"
    assert sorted(members(f"select {listed} from orders")) == ["1", "7"]
    with pytest.raises(AudienceError, match="read-only"):
        members("select nextval('tally') as customer_id, 'c@example.com' as email")
