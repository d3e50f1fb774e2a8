"""Rows that are the same for everybody, held in memory, and read again in the background when they have grown old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from livemerge.catalog import DataExtension, Feed
from livemerge.clock import Clock
from livemerge.errors import ConfigError, SourceError
from livemerge.sources.whole_table import WholeTable, file_stamp
from livemerge.values import LadderStep, Row

PAUSE_S: Final = 5.0  # between readings that failed: a feed is asked for more often than a database can be
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FeedRows:
    """A feed's rows, by which step of the ladder, and when they were read; None where they never were."""

    rows: Sequence[Row]
    step: LadderStep
    as_of: datetime | None
    fresh_for_s: float = 0.0  # how much longer they may be shown without being read again


@dataclass(frozen=True, slots=True)
class _Snapshot:
    rows: Sequence[Row]
    as_of: datetime
    stamp: tuple[int, int]  # of its file


class Feeds:
    """The project's feeds."""

    def __init__(
        self, declared: Mapping[str, Feed], root: Path, read: Callable[[DataExtension], WholeTable], clock: Clock
    ) -> None:
        self._declared = declared
        self._root = root
        self._read = read  # raises ConfigError, SourceError; called in a thread of its own
        self._clock = clock
        self._snapshots: dict[str, _Snapshot] = {}
        self._readings: dict[str, asyncio.Task[None]] = {}  # one at a time for each feed, for all who wait
        self._failed_at_s: dict[str, float] = {}  # monotonic

    async def rows(self, name: str, *, deadline_s: float) -> FeedRows:
        """The rows of a declared feed, in time. No rows where there are none that may be shown; raises nothing."""
        feed = self._declared[name]
        if self._is_fresh(feed):
            return self._shown(feed, LadderStep.CACHED)
        if not self._has_just_failed(name):
            await self._wait(self._reading(feed), deadline_s)
            if self._is_fresh(feed):
                return self._shown(feed, LadderStep.LIVE)
        if self._age_s(name) <= feed.rows.max_age_s + feed.rows.stale_for_s:
            return self._shown(feed, LadderStep.STALE)
        return FeedRows((), LadderStep.FALLBACK, None)

    async def close(self) -> None:
        """Ends what is under way."""
        for reading in self._readings.values():
            reading.cancel()
        await asyncio.gather(*self._readings.values(), return_exceptions=True)

    def _reading(self, feed: Feed) -> asyncio.Task[None]:
        reading = self._readings.get(feed.name)
        if reading is None or reading.done():
            reading = self._readings[feed.name] = asyncio.create_task(self._refresh(feed))
        return reading

    async def _wait(self, reading: asyncio.Task[None], deadline_s: float) -> None:
        """Until it is read, or the time is over; the reading goes on for those who ask later."""
        await asyncio.wait([reading], timeout=deadline_s)

    async def _refresh(self, feed: Feed) -> None:
        stamp, now = self._stamp(feed), self._clock.now()  # before reading: what changes meanwhile is seen later
        try:
            found = await asyncio.to_thread(self._read, feed.rows)
            rows = _rows(feed, found)
        except (ConfigError, SourceError) as error:
            self._failed_at_s[feed.name] = self._clock.monotonic_s()
            log.warning("a feed could not be read", feed=feed.name, why=error.what)
            return
        self._failed_at_s.pop(feed.name, None)
        self._snapshots[feed.name] = _Snapshot(rows, now, stamp)

    def _is_fresh(self, feed: Feed) -> bool:
        known = self._snapshots.get(feed.name)
        if known is None:
            return False
        if feed.rows.path:
            return known.stamp == self._stamp(feed)
        return self._age_s(feed.name) <= feed.rows.max_age_s

    def _shown(self, feed: Feed, step: LadderStep) -> FeedRows:
        known = self._snapshots[feed.name]
        left_s = feed.rows.max_age_s - (0.0 if feed.rows.path else self._age_s(feed.name))
        return FeedRows(known.rows, step, known.as_of, max(0.0, left_s) if step is not LadderStep.STALE else 0.0)

    def _has_just_failed(self, name: str) -> bool:
        failed_at_s = self._failed_at_s.get(name)
        return failed_at_s is not None and self._clock.monotonic_s() - failed_at_s < PAUSE_S

    def _age_s(self, name: str) -> float:
        known = self._snapshots.get(name)
        return (self._clock.now() - known.as_of) / timedelta(seconds=1) if known else float("inf")

    def _stamp(self, feed: Feed) -> tuple[int, int]:
        return file_stamp(self._root / feed.rows.path) if feed.rows.path else (0, 0)


def _rows(feed: Feed, found: WholeTable) -> Sequence[Row]:
    """The first rows, of the columns that are shown. Raises ConfigError for a column that is not there."""
    columns = {column.lower(): index for index, column in enumerate(found.columns)}
    missing = [column for column in feed.columns if column.lower() not in columns]
    if missing:
        advice = f"It has: {', '.join(found.columns)}."
        raise ConfigError(f"there is no column `{missing[0]}`", where=f"feed.{feed.name}", advice=advice)
    named = [(column, columns[column.lower()]) for column in feed.columns or found.columns]
    return tuple({column: row[index] for column, index in named} for row in found.rows[: feed.limit])
