"""Does each data extension that AMPscript looks up exist, and has it the columns that are named?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from livemerge.catalog import Catalog, declared_name
from livemerge.check.complaint import Complaint
from livemerge.errors import ConfigError, SourceError, nearest
from livemerge.template.findings import Lookup
from livemerge.template.nodes import Place

TABLES: Final = "data_extensions"  # the head of the paths that lookups read
ColumnsOf = Callable[[str], Sequence[str]]
"""A declared data extension → its columns. Raises ConfigError, SourceError where they cannot be known."""

_STOPS: Final = "Customers who get to this place get no message."


def is_lookup(path: str) -> bool:
    """Whether a path reads a data extension, of which lookups tell more."""
    return path.split(".")[0].split("[")[0] == TABLES


def no_columns(_name: str) -> Sequence[str]:
    """Columns where nobody can read any."""
    raise ConfigError("nothing is read here")


def lookup_complaints(lookup: Lookup, catalog: Catalog, columns_of: ColumnsOf) -> Iterator[tuple[Complaint, Place]]:
    """Everything wrong with one lookup, each with its place."""
    here = Place(lookup.line, lookup.column)
    names = [declared_name(table, catalog.extensions) for table in lookup.tables if table is not None]
    for table, name in zip(filter(None, lookup.tables), names, strict=True):
        if name is None and not lookup.is_taken:
            yield _unknown_table(table, catalog), here
    if None in lookup.tables or None in names:
        return
    try:
        columns = {name: columns_of(name) for name in names if name is not None}
    except (ConfigError, SourceError) as error:
        yield _unread(" or ".join(f"`{name}`" for name in names), error), here
        return
    for column, place in lookup.columns:
        known = [each for there in columns.values() for each in there]
        if column.lower() not in {each.strip().lower() for each in known}:
            yield _unknown_column(" and ".join(columns), column, known), place


def _unknown_table(table: str, catalog: Catalog) -> Complaint:
    advice = nearest(table, catalog.extensions) or f'Declare [data_extension."{table}"] with its source or path.'
    return Complaint("unknown-data-extension", f"no data extension is called `{table}`", _STOPS, advice)


def _unknown_column(table: str, column: str, known: Sequence[str]) -> Complaint:
    advice = nearest(column, known) or f"It has: {', '.join(known) or 'no columns'}."
    return Complaint("unknown-column", f"`{table}` has no column `{column}`", _STOPS, advice)


def _unread(table: str, error: Exception) -> Complaint:
    said = error.what if isinstance(error, ConfigError | SourceError) else ""
    advice = "Declare its `columns`, and they are known without reading it."
    effect = "Nobody knows yet whether the columns named here are there."
    return Complaint("unread-data-extension", f"the columns of {table} cannot be read: {said}", effect, advice)
