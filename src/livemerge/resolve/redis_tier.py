"""The tier of several processes: Redis or Valkey. One MGET for many keys, a time to live for each row.

No customer's key stands in it: names are keyed hashes. Whoever can read the server can read the rows themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from livemerge.clock import Clock
from livemerge.errors import ConfigError
from livemerge.resolve.remote import Place, Row
from livemerge.values import Key

MAX_CONNECTIONS: Final = 16  # of one process
CONNECT_WITHIN_S: Final = 0.5
ANSWER_WITHIN_S: Final = 1.0
ROWS_AT_ONCE: Final = 1_000
HASH_BYTES: Final = 16


class RedisTier:
    """Rows in one database of a server, under the names of one project."""

    def __init__(self, url: str, project: str, clock: Clock) -> None:
        """Connects to nothing yet. Raises ConfigError where `url` is no address."""
        self._clock = clock
        self._prefix = b"livemerge:" + hashlib.blake2b(project.encode(), digest_size=8).hexdigest().encode() + b":"
        try:
            self._redis = Redis.from_url(
                url,
                max_connections=MAX_CONNECTIONS,
                socket_connect_timeout=CONNECT_WITHIN_S,
                socket_timeout=ANSWER_WITHIN_S,
                retry=Retry(NoBackoff(), 0),  # who asks has no time; the breaker above decides when to come again
                client_name="livemerge",
            )
        except ValueError:
            advice = "redis://127.0.0.1:6379/0, or rediss:// with TLS"
            raise ConfigError("[cache] url is no address of a Redis", advice=advice) from None

    async def read(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """The rows that are known. Raises RedisError."""
        found: dict[Place, bytes] = {}
        for start in range(0, len(places), ROWS_AT_ONCE):
            part = places[start : start + ROWS_AT_ONCE]
            bodies = await self._redis.mget([self._name(name, key) for name, key in part])
            found |= {place: body for place, body in zip(part, bodies, strict=True) if isinstance(body, bytes)}
        return found

    async def write(self, rows: Mapping[Place, Row]) -> None:
        """Keeps rows until they expire. Raises RedisError."""
        now = self._clock.now()
        async with self._redis.pipeline(transaction=False) as pipeline:
            for (name, key), (body, expires_at) in rows.items():
                left_ms = int((expires_at - now).total_seconds() * 1000) + 1  # still good at its last moment
                if body and left_ms > 0:
                    pipeline.set(self._name(name, key), body, px=left_ms)
                else:
                    pipeline.delete(self._name(name, key))
            await pipeline.execute()

    async def close(self) -> None:
        """Ends the connections."""
        await self._redis.aclose()

    def _name(self, name: str, key: Key) -> bytes:
        hashed = hashlib.blake2b(
            f"{name}\n{key}".encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES, key=self._prefix
        )
        return self._prefix + hashed.hexdigest().encode()
