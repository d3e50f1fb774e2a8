"""Counts of a run, in bounded memory."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from livemerge.observe.figures import MAX_ERROR_KINDS, Figures, SourceFigures, Spread
from livemerge.values import Cause, LadderStep, Provenance

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("percent", [1, 50, 95, 99, 100])
def test_percentiles_are_within_five_percent(percent):
    draw = random.Random(1)
    values = sorted(draw.lognormvariate(0, 2) for _ in range(10_000))
    spread = Spread()
    for value in values:
        spread.add(value)
    exact = values[max(0, len(values) * percent // 100 - 1)]
    assert exact <= spread.percentile(percent) <= exact * 1.0501 or percent == 100
    assert spread.percentile(100) == values[-1]


def test_a_spread_takes_bounded_memory():
    spread = Spread()
    for power in range(-12, 12):
        for step in range(100):
            spread.add(10.0**power * (1 + step / 10))
    assert len(spread.buckets) < 800


def test_nothing_measured_is_zero():
    assert Spread().percentile(50) == 0.0


def test_zero_and_negative_values_are_the_smallest():
    spread = Spread()
    for value in (-1.0, 0.0, 0.0):
        spread.add(value)
    assert (spread.count, spread.percentile(50)) == (3, 0.0)


def test_errors_worded_anew_each_time_are_counted_together():
    figures = SourceFigures()
    for number in range(5_000):
        figures.count_error(f"request {number} failed")
        figures.count_error("late")
    assert len(figures.errors) <= MAX_ERROR_KINDS + 1
    assert figures.errors["late"] == 5_000
    assert sum(figures.errors.values()) == 10_000


def test_a_message_counts_each_fields_step_cause_and_age():
    figures = Figures()
    old = NOW - timedelta(hours=1)
    figures.count_profile(
        {
            "name": Provenance(LadderStep.STALE, "crm", old, old),
            "city": Provenance(LadderStep.FALLBACK, "crm", old, old, Cause.ABSENT),
            "tier": Provenance(LadderStep.FALLBACK, "crm", cause=Cause.LATE),
        },
        NOW,
    )
    name, city, tier = (figures.fields[field] for field in ("name", "city", "tier"))
    assert (name.steps, name.causes, name.age_s.largest) == ({"stale": 1}, {}, 3600)
    assert (city.steps, city.causes, city.age_s.count) == ({"fallback": 1}, {"absent": 1}, 0)
    assert (tier.causes, tier.age_s.count) == ({"late": 1}, 0)
