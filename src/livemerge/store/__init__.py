"""One schema for everything Livemerge keeps; embedded, it is one SQLite file beside livemerge.toml."""

from livemerge.store.sqlite import Store, open_store

__all__ = ["Store", "open_store"]
