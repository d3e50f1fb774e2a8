"""How a template's data is laid out for AMPscript: attributes of any case, data extensions, content blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from livemerge.template.ampscript.tables import LookupTables

TABLES = "data_extensions"
BLOCKS = "content_blocks"


class Folded(Mapping[str, Any]):
    """A mapping read by names of any case; the exact name comes first."""

    __slots__ = ("_folded", "_given")

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self._folded: dict[str, Any] | None = None

    def get(self, name: Any, default: Any = None) -> Any:
        if name in self._given:
            return self._given[name]
        if not isinstance(name, str) or name[:1] == "@":  # variables are never data
            return default
        if self._folded is None:
            self._folded = {each.lower(): value for each, value in self._given.items() if isinstance(each, str)}
        return self._folded.get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return self.get(name, _MISSING) is not _MISSING

    def __getitem__(self, name: str) -> Any:
        found = self.get(name, _MISSING)
        if found is _MISSING:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._given if isinstance(name, str))

    def __len__(self) -> int:
        return len(self._given)


_MISSING = object()


def ampscript_data(data: Mapping[str, object]) -> Mapping[str, object]:
    """Attributes with the data extensions under their own name.

    `{"attributes": …, "data_extensions": …, "content_blocks": …}`, or a plain mapping of attributes.
    """
    given = data.get("attributes")
    attributes = given if isinstance(given, Mapping) else data
    tables = data.get(TABLES)
    if not isinstance(tables, Mapping):
        return Folded(attributes)
    return Folded({**attributes, TABLES: LookupTables(tables)})


def ampscript_texts(data: Mapping[str, object]) -> Mapping[str, str]:
    """The content blocks that come with the data."""
    blocks = data.get(BLOCKS)
    if not isinstance(blocks, Mapping):
        return {}
    return {str(name): source for name, source in blocks.items() if isinstance(source, str)}
