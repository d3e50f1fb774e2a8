"""One schema for everything Livemerge keeps: in one SQLite file beside livemerge.toml, or in PostgreSQL."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from livemerge.errors import StoreError
from livemerge.store.sqlite import BUSY_TIMEOUT_S, open_sqlite
from livemerge.store.store import Dialect, Row, Store

__all__ = ["Dialect", "Row", "Store", "open_store"]

SCHEMES = ("postgresql://", "postgres://")


def open_store(place: Path | str | None, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Store:
    """The store in a file, at a `postgresql://…` address, or (None) in memory; made and migrated where needed.

    Raises StoreError.
    """
    if isinstance(place, str) and place.startswith(SCHEMES):
        if find_spec("psycopg") is None:
            raise StoreError("the driver psycopg is not installed", advice="pip install 'livemerge[postgresql]'")
        from livemerge.store.postgresql import open_postgresql  # noqa: PLC0415  its driver takes a quarter second

        return open_postgresql(place)
    return open_sqlite(Path(place) if place is not None else None, busy_timeout_s=busy_timeout_s)
