"""The ladder, rung by rung: what is known and what asking gave → the value, its step, its cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from livemerge.catalog import Field
from livemerge.resolve.ladder import Failure, Known, choose, read_value
from livemerge.sources.path import make_reader
from livemerge.values import Cause, LadderStep, Provenance

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = 3600.0
LATE, ERROR, WRONG_TYPE = Failure(Cause.LATE, "slow"), Failure(Cause.ERROR, "503"), Failure(Cause.WRONG_TYPE, "a list")
NAME = Field("name", "crm", "text", '"name"', HOUR, 2 * HOUR, "there", False, (), False)


def known(value, hours_old=0.0):
    moment = NOW - timedelta(hours=hours_old)
    return Known(value, moment, moment)


def test_what_the_source_just_said_is_live():
    value, origin = choose(NAME, known("Anna"), known("Old", 0.5), NOW)
    assert (value, origin) == ("Anna", Provenance(LadderStep.LIVE, "crm", NOW, NOW))


def test_nobody_had_to_ask_for_what_is_known_and_fresh():
    value, origin = choose(NAME, None, known("Anna", 1.0), NOW)
    assert (value, origin.step, origin.as_of) == ("Anna", LadderStep.CACHED, NOW - timedelta(hours=1))


@pytest.mark.parametrize("failure", [LATE, ERROR])
def test_without_an_answer_a_value_past_its_max_age_is_stale(failure):
    value, origin = choose(NAME, failure, known("Anna", 1.01), NOW)
    assert (value, origin.step, origin.cause) == ("Anna", LadderStep.STALE, None)
    assert choose(NAME, failure, known("Anna", 3.0), NOW)[1].step is LadderStep.STALE


@pytest.mark.parametrize("failure", [LATE, ERROR])
def test_what_is_older_than_max_age_and_stale_for_is_not_used_at_all(failure):
    value, origin = choose(NAME, failure, known("Anna", 3.01), NOW)
    assert (value, origin.step, origin.cause, origin.detail) == (
        "there",
        LadderStep.FALLBACK,
        failure.cause,
        failure.detail,
    )


def test_while_the_source_answers_nothing_older_is_served():
    absent = Known(None, NOW, NOW)
    value, origin = choose(NAME, absent, known("Old", 0.1), NOW)
    assert (value, origin.step, origin.cause) == ("there", LadderStep.FALLBACK, Cause.ABSENT)


def test_an_answer_of_the_wrong_type_revives_no_stale_value():
    value, origin = choose(NAME, WRONG_TYPE, known("Old", 2.0), NOW)
    assert (value, origin.step, origin.cause) == ("there", LadderStep.FALLBACK, Cause.WRONG_TYPE)


def test_beside_an_answer_of_the_wrong_type_what_is_known_within_max_age_holds():
    assert choose(NAME, WRONG_TYPE, known("Anna", 0.5), NOW)[1].step is LadderStep.CACHED


def test_a_known_absence_is_a_fallback_because_of_absence_fresh_and_stale_alike():
    for fetched, age in ((None, 0.5), (LATE, 2.0)):
        value, origin = choose(NAME, fetched, known(None, age), NOW)
        assert (value, origin.step, origin.cause) == ("there", LadderStep.FALLBACK, Cause.ABSENT)
        assert origin.as_of == NOW - timedelta(hours=age)


def test_a_field_without_fallback_gives_none():
    assert choose(replace(NAME, fallback=None), LATE, None, NOW)[0] is None


def test_always_live_means_that_nothing_known_stands_in_for_asking():
    always_live = replace(NAME, max_age_s=0.0, stale_for_s=0.0)
    assert choose(always_live, None, known("Anna", 0.0), NOW)[1].step is LadderStep.FALLBACK
    assert choose(always_live, LATE, known("Anna", 0.0), NOW + timedelta(seconds=1))[1].step is LadderStep.FALLBACK
    assert choose(replace(always_live, stale_for_s=HOUR), LATE, known("Anna", 0.5), NOW)[1].step is LadderStep.STALE


def test_values_of_one_answer_share_one_provenance():
    assert choose(NAME, known("Anna"), None, NOW)[1] is choose(NAME, known("Berta"), None, NOW)[1]


@pytest.mark.parametrize("row", [None, {}, {"name": None}, {"name": ""}, {"name": " \t"}])
def test_no_row_no_value_and_blank_text_are_the_answer_absent(row):
    assert read_value(NAME, make_reader(NAME.path), row, NOW, NOW) == Known(None, NOW, NOW)


def test_zero_false_and_the_empty_list_are_values():
    for kind, value in (("integer", 0), ("boolean", False), ("list", [])):
        assert read_value(replace(NAME, type=kind), make_reader("name"), {"name": value}, NOW, NOW) == known(value)


def test_a_value_of_another_type_is_a_failure_that_does_not_show_it():
    found = read_value(NAME, make_reader("name"), {"name": {"secret": "anna@shop.example"}}, NOW, NOW)
    assert isinstance(found, Failure)
    assert found.cause is Cause.WRONG_TYPE
    assert "anna" not in found.detail


def test_a_path_that_fails_on_a_row_is_a_wrong_type_and_no_crash():
    found = read_value(NAME, make_reader("length(name)"), {"name": 5}, NOW, NOW)
    assert isinstance(found, Failure)
    assert (found.cause, "JMESPathTypeError" in found.detail) == (Cause.WRONG_TYPE, True)
