"""What one look-up costs: in a SQLite file on the spot, in PostgreSQL on the spot and in a thread, in Redis.

Wall time on loopback, medians; `python bench/store.py`.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from outages import REDIS, Process, _folder, _free_port, _postgresql

from livemerge.clock import SystemClock
from livemerge.resolve.cached_rows import CachedRows
from livemerge.resolve.redis_tier import RedisTier
from livemerge.store import Store, open_store

ROUNDS = 300
BATCH = [("s", f"c{number}") for number in range(500)]
ONE = BATCH[7]
BODY = b"x" * 400


async def _median_us(ask: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        started_s = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - started_s) * 1e6)
    return statistics.median(taken)


async def _of_store(store: Store) -> dict[str, float]:
    rows = CachedRows(store, SystemClock())
    until = datetime.now(UTC) + timedelta(hours=1)
    rows.keep(dict.fromkeys(BATCH, (BODY, until)))

    async def on_the_spot() -> None:
        rows.find([ONE])

    async def many_on_the_spot() -> None:
        rows.find(BATCH)

    async def apart() -> None:
        await store.apart(lambda: rows.find([ONE]))

    return {
        "one": await _median_us(on_the_spot),
        "one, apart": await _median_us(apart),
        "500": await _median_us(many_on_the_spot, 50),
    }


async def _of_redis(url: str) -> dict[str, float]:
    tier = RedisTier(url, "bench", SystemClock())
    until = datetime.now(UTC) + timedelta(hours=1)
    await tier.write(dict.fromkeys(BATCH, (BODY, until)))
    found = {
        "one": await _median_us(lambda: tier.read([ONE])),
        "500": await _median_us(lambda: tier.read(BATCH), 50),
    }
    await tier.close()
    return found


async def measure() -> dict[str, dict[str, float]]:
    """Medians in µs, by where and what."""
    ports = [_free_port(), _free_port()]
    postgresql = _postgresql(_folder(), ports[0])
    redis = Process(ports[1], str(REDIS), "--port", str(ports[1]), "--bind", "127.0.0.1", "--save", "")
    await postgresql.start()
    await redis.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = {"SQLite": await _of_store(open_store(Path(folder) / "livemerge.db"))}
        found["PostgreSQL"] = await _of_store(open_store(f"postgresql://livemerge@127.0.0.1:{ports[0]}/postgres"))
        found["Redis"] = await _of_redis(f"redis://127.0.0.1:{ports[1]}/0")
        return found
    finally:
        await redis.kill()
        await postgresql.kill()


def main() -> None:
    found = asyncio.run(measure())
    print("| where | one row, µs | one row in a thread, µs | 500 rows, µs |")
    print("|---|---:|---:|---:|")
    for where, taken in found.items():
        cells = [f"{taken[what]:,.0f}" if what in taken else "" for what in ("one", "one, apart", "500")]
        print(f"| {where} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
