"""Counts of what sources and fields did, in bounded memory whatever the size of a run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from livemerge.values import Provenance

_GROWTH: Final = 1.05  # each bucket of a spread is 5 % wider than the one before: so exact is a percentile
_LOG_GROWTH: Final = math.log(_GROWTH)
_SMALLEST: Final = 1e-6
MAX_ERROR_KINDS: Final = 100  # a source that words each error anew must not fill the memory


class Spread(msgspec.Struct, gc=False):
    """How values above zero are spread, within 5 %: seconds, bytes, ages."""

    buckets: dict[int, int] = {}  # msgspec gives each its own
    count: int = 0
    largest: float = 0.0

    def add(self, value: float) -> None:
        bucket = math.ceil(math.log(max(value, _SMALLEST)) / _LOG_GROWTH)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.count += 1
        self.largest = max(self.largest, value)

    def percentile(self, percent: float) -> float:
        """The value that `percent` of all are at or below; 0 where there is none."""
        rank, seen = math.ceil(self.count * percent / 100), 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                return min(_GROWTH**bucket, self.largest)
        return 0.0


class SourceFigures(msgspec.Struct, gc=False):
    """What one source was asked and how it answered. One is made for each request to us and each source."""

    calls: int = 0
    keys: int = 0
    retries: int = 0
    errors: dict[str, int] = {}  # what went wrong → how often, attempts counted
    foreign_rows: int = 0
    took_s: Spread = msgspec.field(default_factory=Spread)  # one attempt

    def count_error(self, what: str) -> None:
        known = what in self.errors or len(self.errors) < MAX_ERROR_KINDS
        name = what if known else "other"
        self.errors[name] = self.errors.get(name, 0) + 1

    def commonest_errors(self, most: int) -> list[tuple[str, int]]:
        """What went wrong most often, and how often."""
        return Counter(self.errors).most_common(most)


@dataclass(slots=True)
class FieldFigures:
    """Which step of the ladder one field took, why it fell back, and how old its values were."""

    steps: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    age_s: Spread = field(default_factory=Spread)


class Figures(msgspec.Struct, gc=False):
    """The figures of one run."""

    sources: dict[str, SourceFigures] = {}
    fields: dict[str, FieldFigures] = {}

    def source(self, name: str) -> SourceFigures:
        found = self.sources.get(name)
        if found is None:
            found = self.sources[name] = SourceFigures()
        return found

    def count_fetch(self, host: str, took_s: float, error: str) -> None:
        """Adds one request of a template; `error` says what went wrong, empty where nothing did."""
        figures = self.source(host)
        figures.calls += 1
        figures.keys += 1
        figures.took_s.add(took_s)
        if error:
            figures.count_error(error)

    def count_profile(self, provenance: Mapping[str, Provenance], now: datetime) -> None:
        """Adds the values one message was made of."""
        for name, origin in provenance.items():
            figures = self.fields.get(name)
            if figures is None:
                figures = self.fields[name] = FieldFigures()
            figures.steps[origin.step] += 1
            if origin.cause is not None:
                figures.causes[origin.cause] += 1
            elif origin.as_of is not None:
                figures.age_s.add((now - origin.as_of).total_seconds())
