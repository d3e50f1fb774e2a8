"""Where customer data comes from: one file for each kind of source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from livemerge import config
from livemerge.clock import Clock
from livemerge.events import EventStore
from livemerge.sources.credential import ReadSecret
from livemerge.sources.events import EventsSource
from livemerge.sources.http import HttpSource, make_http
from livemerge.sources.memory import MemorySource
from livemerge.sources.source import Source
from livemerge.sources.sql import SqlSource, make_sql
from livemerge.sources.table import TableSource, make_table
from livemerge.store import Store

__all__ = ["EventsSource", "HttpSource", "MemorySource", "Source", "SqlSource", "TableSource", "make_source"]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a source may be made of besides its own section."""

    root: Path
    read_secret: ReadSecret
    store: Store
    clock: Clock


# What each kind of section makes. A section always comes with its own maker, so the types meet here unseen.
SOURCES: Final[Mapping[type[config.Source], Callable[[str, Any, _Parts], Source]]] = {
    config.HttpSource: lambda name, section, parts: make_http(
        name, section, read_secret=parts.read_secret, clock=parts.clock
    ),
    config.SqlSource: lambda name, section, parts: make_sql(
        name, section, root=parts.root, read_secret=parts.read_secret
    ),
    config.EventsSource: lambda name, section, parts: EventsSource(name, EventStore(parts.store, parts.clock)),
    config.TableSource: lambda name, section, parts: make_table(name, section, root=parts.root),
}


def make_source(
    name: str, section: config.Source, *, root: Path, read_secret: ReadSecret, store: Store, clock: Clock
) -> Source:
    """The source that a section declares, not yet connected. Raises ConfigError for what cannot work."""
    return SOURCES[type(section)](name, section, _Parts(root, read_secret, store, clock))
