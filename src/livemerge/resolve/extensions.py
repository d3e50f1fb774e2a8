"""Data extensions, held in memory for all customers alike: read once, and again when they have grown old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from livemerge.catalog import DataExtension, declared_name
from livemerge.clock import Clock
from livemerge.errors import ConfigError, SourceError
from livemerge.sources.whole_table import WholeTable, file_stamp
from livemerge.template.ampscript import LookupTable

ReadTable: TypeAlias = Callable[[DataExtension], WholeTable]
"""Raises ConfigError, SourceError. Called in a thread of its own."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A table as it was read."""

    table: LookupTable
    columns: tuple[str, ...]
    read_at_s: float  # monotonic
    stamp: tuple[int, int]  # of its file


class Extensions:
    """The project's data extensions. A file is read again when it changes, a query's rows when past `max_age`."""

    def __init__(self, declared: Mapping[str, DataExtension], root: Path, read: ReadTable, clock: Clock) -> None:
        self._declared = declared
        self._root = root
        self._read = read
        self._clock = clock
        self._snapshots: dict[str, _Snapshot] = {}
        self._turn = asyncio.Lock()

    async def refresh(self, names: Iterable[str]) -> None:
        """Reads those of these tables that are not there yet, or too old. Raises ConfigError, SourceError.

        Rows not older than `max_age + stale_for` stay where their database gives no answer.
        """
        async with self._turn:
            for extension in self._known(names):
                if not self._is_fresh(extension):
                    found = await asyncio.to_thread(self._snapshot, extension)
                    self._snapshots[extension.name] = found

    def load(self, names: Iterable[str]) -> None:
        """As refresh, for who cannot wait."""
        for extension in self._known(names):
            if not self._is_fresh(extension):
                self._snapshots[extension.name] = self._snapshot(extension)

    def tables(self, names: Iterable[str]) -> Mapping[str, LookupTable]:
        """The tables as they were last read, by their declared names. Those that are not declared are left out."""
        known = (extension.name for extension in self._known(names))
        return {name: self._snapshots[name].table for name in known if name in self._snapshots}

    def columns(self, name: str) -> tuple[str, ...]:
        """A declared data extension's columns: as declared, else as they are read. Raises ConfigError, SourceError."""
        extension = self._declared[name]
        if extension.columns:
            return extension.columns
        self.load([name])
        return self._snapshots[name].columns

    def _known(self, names: Iterable[str]) -> list[DataExtension]:
        """Those that are declared, each once."""
        found = (declared_name(name, self._declared) for name in names)
        return [self._declared[name] for name in dict.fromkeys(found) if name is not None]

    def _is_fresh(self, extension: DataExtension) -> bool:
        known = self._snapshots.get(extension.name)
        if known is None:
            return False
        return known.stamp == self._stamp(extension) and (
            bool(extension.path) or self._age_s(known) <= extension.max_age_s
        )

    def _snapshot(self, extension: DataExtension) -> _Snapshot:
        known = self._snapshots.get(extension.name)
        stamp, read_at_s = self._stamp(extension), self._clock.monotonic_s()  # before reading: changes are seen later
        try:
            found = self._read(extension)
        except SourceError as error:
            if known and error.retryable and self._age_s(known) <= extension.max_age_s + extension.stale_for_s:
                return known
            raise
        self._check_columns(extension, found)
        return _Snapshot(LookupTable(found.columns, found.rows), found.columns, read_at_s, stamp)

    def _check_columns(self, extension: DataExtension, found: WholeTable) -> None:
        """Refuses rows without a column that was declared: templates are proved against the declaration."""
        there = {column.lower() for column in found.columns}
        if missing := [column for column in extension.columns if column.lower() not in there]:
            where = f"data_extension.{extension.name}"
            advice = f"It has: {', '.join(found.columns)}."
            raise ConfigError(f"there is no column `{missing[0]}`", where=where, advice=advice)

    def _stamp(self, extension: DataExtension) -> tuple[int, int]:
        return file_stamp(self._root / extension.path) if extension.path else (0, 0)

    def _age_s(self, snapshot: _Snapshot) -> float:
        return self._clock.monotonic_s() - snapshot.read_at_s
