"""Declared feeds: rows that are the same for everybody, for services that read one fixed address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from livemerge import config
from livemerge.catalog.extensions import DataExtension
from livemerge.catalog.views import Escape
from livemerge.config import FIELD_NAME, Settings, SqlSource, TableSource, parse_duration_s
from livemerge.errors import ConfigError, nearest

MAX_FEED_ROWS = 1_000  # a feed is read whole for every mail; services stop at some megabytes


@dataclass(frozen=True, slots=True)
class Feed:
    """Rows by a name."""

    name: str
    rows: DataExtension  # where they are read from
    columns: tuple[str, ...]  # those that are shown; none named: all
    limit: int  # rows
    escape: Escape


def load_feeds(settings: Settings, mistakes: list[ConfigError]) -> dict[str, Feed]:
    """The project's feeds by name; what is wrong with them is added to `mistakes`."""
    made = {}
    for name, declared in settings.feed.items():
        noted = len(mistakes)
        ages = {key: parse_duration_s(getattr(declared, key)) for key in ("max_age", "stale_for")}
        mistakes += _mistakes(name, declared, settings)
        mistakes += _spans(name, declared, settings, ages)
        if len(mistakes) == noted:
            rows = _rows(name, declared, settings, ages["max_age"] or 0.0, ages["stale_for"] or 0.0)
            made[name] = Feed(name, rows, tuple(declared.columns), declared.limit, declared.escape)
    return made


def _rows(name: str, declared: config.Feed, settings: Settings, max_age_s: float, stale_for_s: float) -> DataExtension:
    source = settings.source.get(declared.source)
    return DataExtension(
        name,
        source.path if isinstance(source, TableSource) else declared.path,
        source.url if isinstance(source, SqlSource) else "",
        declared.query,
        tuple(declared.columns),
        max_age_s,
        stale_for_s,
        declared.timeout_ms / 1000,
    )


def _mistakes(name: str, declared: config.Feed, settings: Settings) -> Iterable[ConfigError]:
    where = settings.where("feed", name)
    if not FIELD_NAME.match(name):
        advice = "Small letters, digits and _, starting with a letter: it stands in addresses."
        yield ConfigError(f"`{name}` cannot name a feed", where=where, advice=advice)
    if not 1 <= declared.limit <= MAX_FEED_ROWS:
        advice = f"Write a number from 1 to {MAX_FEED_ROWS}."
        yield ConfigError("`limit` is out of range", where=settings.where("feed", name, "limit"), advice=advice)
    if bool(declared.source) == bool(declared.path):
        advice = 'source = "catalogue" names a table or sql source, path = "offers.csv" a file.'
        yield ConfigError("needs exactly one of `source` and `path`", where=where, advice=advice)
    elif declared.source:
        yield from _source_mistakes(name, declared, settings)
    elif declared.query:
        yield ConfigError("a file has no `query`", where=settings.where("feed", name, "query"), advice="Leave it out.")


def _source_mistakes(name: str, declared: config.Feed, settings: Settings) -> Iterable[ConfigError]:
    source, where = settings.source.get(declared.source), settings.where("feed", name, "source")
    query = settings.where("feed", name, "query")
    if source is None:
        advice = nearest(declared.source, settings.source) or f"Declare [source.{declared.source}]."
        yield ConfigError(f"there is no source `{declared.source}`", where=where, advice=advice)
    elif isinstance(source, SqlSource):
        if not declared.query.strip() or ":keys" in declared.query:
            advice = 'Add query = "select … from … order by …", which gives all rows and asks for no keys.'
            yield ConfigError("a feed of a sql source needs a `query` of its own", where=query, advice=advice)
    elif not isinstance(source, TableSource):
        advice = "Only sources of kind table and sql have whole tables."
        yield ConfigError(f"`{declared.source}` has no rows for a feed", where=where, advice=advice)
    elif not source.by and any(field.source == declared.source for field in settings.field.values()):
        advice = "A feed is read without a customer, and may be kept anywhere: name a table of things, not of people."
        yield ConfigError(f"`{declared.source}` holds customers", where=where, advice=advice)
    elif declared.query:
        yield ConfigError("a file has no `query`", where=query, advice="Leave it out.")


def _spans(
    name: str, declared: config.Feed, settings: Settings, ages: dict[str, float | None]
) -> Iterable[ConfigError]:
    for key, seconds in ages.items():
        if seconds is None:
            advice = 'A number and ms, s, m, h, d or w: "90s", "12h", "7d".'
            what = f"`{getattr(declared, key)}` is not a span of time"
            yield ConfigError(what, where=settings.where("feed", name, key), advice=advice)
