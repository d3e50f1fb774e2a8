"""Files → settings and campaigns, with every mistake of a file told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from livemerge.config.contradictions import campaign_contradictions, contradictions
from livemerge.config.convert import convert, convert_all, unknown_key
from livemerge.config.document import PROJECT_FILE, read_toml
from livemerge.config.sections import (
    Access,
    Cache,
    Campaign,
    Cdn,
    Fetch,
    Public,
    Section,
    Settings,
    Store,
)
from livemerge.errors import ConfigError, raise_all

_TABLES: dict[str, type[Section]] = {
    "public": Public,
    "store": Store,
    "cache": Cache,
    "access": Access,
    "cdn": Cdn,
    "fetch": Fetch,
}

_NAMED_TABLES = ("source", "transport", "field", "data_extension", "view", "feed")


def load_settings(root: Path) -> Settings:
    """The settings of the project in `root`. Raises ConfigError that lists every mistake found."""
    path = root / PROJECT_FILE
    document, places = read_toml(path, PROJECT_FILE)
    mistakes: list[ConfigError] = []
    parts: dict[str, Any] = {}
    for name, value in document.items():
        if name in _TABLES:
            parts[name] = convert(value, _TABLES[name], places, (name,), mistakes)
        elif name in _NAMED_TABLES:
            parts[name] = convert_all(name, value, places, mistakes)
        else:
            mistakes.append(unknown_key(places, (name,), [*_TABLES, *_NAMED_TABLES]))
    raise_all(mistakes)
    settings = Settings(root=root, places=places, **parts)
    raise_all(contradictions(settings, places))
    return settings


def load_campaign(path: Path, root: Path) -> Campaign:
    """One campaign file. Raises ConfigError."""
    shown = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    document, places = read_toml(path, shown)
    mistakes: list[ConfigError] = []
    campaign = convert(document, Campaign, places, (), mistakes)
    raise_all(mistakes)
    assert campaign is not None
    raise_all(campaign_contradictions(campaign, places))
    return campaign
