"""Declared data extensions: whole tables that AMPscript looks rows up in, by the names its templates use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from livemerge import config
from livemerge.config import Settings, SqlSource, TableSource, parse_duration_s
from livemerge.errors import ConfigError, nearest

SHARED: Final = "ent."  # Marketing Cloud's mark of a data extension that belongs to the whole enterprise


@dataclass(frozen=True, slots=True)
class DataExtension:
    """One table by its name. Exactly one of `path` and `url` says where its rows are."""

    name: str
    path: str  # of a file, relative to the project
    url: str  # of a database, or a reference to it
    query: str  # gives all rows
    columns: tuple[str, ...]  # as declared; empty where they are read with the rows
    max_age_s: float
    stale_for_s: float
    timeout_s: float  # of one reading


def load_extensions(settings: Settings, mistakes: list[ConfigError]) -> dict[str, DataExtension]:
    """The project's data extensions by name; what is wrong with them is added to `mistakes`."""
    mistakes += _same_names(settings)
    made = {}
    for name, declared in settings.data_extension.items():
        noted = len(mistakes)
        mistakes += _where_rows_are(name, declared, settings)
        ages = [_age_s(name, key, getattr(declared, key), settings, mistakes) for key in ("max_age", "stale_for")]
        if len(mistakes) == noted:
            made[name] = _extension(name, declared, settings, *ages)
    return made


def _extension(
    name: str, declared: config.DataExtension, settings: Settings, max_age_s: float, stale_for_s: float
) -> DataExtension:
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


def _where_rows_are(name: str, declared: config.DataExtension, settings: Settings) -> Iterable[ConfigError]:
    """What is wrong with where the rows come from."""
    where = settings.where("data_extension", name)
    if bool(declared.source) == bool(declared.path):
        advice = 'source = "orders" names a table or sql source, path = "orders.csv" a file.'
        yield ConfigError("needs exactly one of `source` and `path`", where=where, advice=advice)
        return
    source = settings.source.get(declared.source)
    if declared.source and source is None:
        advice = nearest(declared.source, settings.source) or f"Declare [source.{declared.source}]."
        where = settings.where("data_extension", name, "source")
        yield ConfigError(f"there is no source `{declared.source}`", where=where, advice=advice)
    elif source is not None and not isinstance(source, TableSource | SqlSource):
        where = settings.where("data_extension", name, "source")
        advice = "Only sources of kind table and sql have whole tables. For others, declare a field."
        yield ConfigError(f"`{declared.source}` has no rows to look up", where=where, advice=advice)
    else:
        yield from _query_faults(name, declared, isinstance(source, SqlSource), settings)


def _query_faults(name: str, declared: config.DataExtension, is_sql: bool, settings: Settings) -> Iterable[ConfigError]:
    where = settings.where("data_extension", name, "query")
    if is_sql and not declared.query.strip():
        advice = 'Its own query asks for :keys. Add query = "select … from …", which gives all rows.'
        yield ConfigError("a data extension of a sql source needs a `query`", where=where, advice=advice)
    elif declared.query and not is_sql:
        yield ConfigError("a file has no `query`", where=where, advice="Leave it out.")
    elif ":keys" in declared.query:
        advice = "It is read once for all customers: leave :keys out, and take only the columns templates need."
        yield ConfigError("the query asks for :keys", where=where, advice=advice)


def _same_names(settings: Settings) -> Iterable[ConfigError]:
    """Names that templates could not tell apart, as they write them in any case."""
    seen: dict[str, str] = {}
    for name in settings.data_extension:
        where = settings.where("data_extension", name)
        if not name.strip() or not name.isprintable():
            yield ConfigError("a data extension needs a name", where=where, advice="[data_extension.Orders]")
        if (other := seen.setdefault(name.lower(), name)) != name:
            advice = "Templates write names in any case. Rename one of them."
            yield ConfigError(f"`{name}` and `{other}` are the same name", where=where, advice=advice)


def _age_s(name: str, key: str, text: str, settings: Settings, mistakes: list[ConfigError]) -> float:
    seconds = parse_duration_s(text)
    if seconds is None:
        where = settings.where("data_extension", name, key)
        advice = 'A number and ms, s, m, h, d or w: "90s", "12h", "7d"; a hundred years at most.'
        mistakes.append(ConfigError(f"`{text}` is not a span of time", where=where, advice=advice))
    return seconds or 0.0


def declared_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that a template means by this one: in any case, with or without `ENT.` before it."""
    low = name.strip().lower()
    folded = {each.lower(): each for each in known}
    return folded.get(low) or folded.get(low.removeprefix(SHARED))
