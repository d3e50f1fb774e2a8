"""Whatever is known and whatever asking gave: what the ladder may give, and what it must not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from livemerge.catalog import Field
from livemerge.resolve.ladder import Failure, Known, choose, is_fresh
from livemerge.values import Cause, LadderStep

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ages = st.sampled_from([0.0, 1.0, 59.0, 60.0, 61.0, 3600.0, 86400.0])
fallbacks = st.sampled_from([None, "", "there"])
failures = st.sampled_from([Failure(cause) for cause in (Cause.LATE, Cause.ERROR, Cause.WRONG_TYPE)])


@st.composite
def knowns(draw, value, age_s=ages):
    moment = NOW - timedelta(seconds=draw(age_s))
    return Known(draw(st.sampled_from([None, value])), moment, moment)


@st.composite
def fields(draw):
    return Field("name", "crm", "text", "name", draw(ages), draw(ages), draw(fallbacks), False, (), False)


@given(fields(), knowns("live", st.just(0.0)) | failures, st.none() | knowns("old"))
def test_the_ladder_gives_no_more_and_no_less_than_it_may(field, fetched, known):
    value, origin = choose(field, fetched, known, NOW)
    assert (origin.step is LadderStep.FALLBACK) == (origin.cause is not None)
    assert (value == field.fallback) if origin.cause else (value in ("live", "old"))
    if isinstance(fetched, Known):  # while the source answers, nothing older is served
        assert value == ("live" if fetched.value else field.fallback)
        assert origin.step is (LadderStep.LIVE if fetched.value else LadderStep.FALLBACK)
        return
    age_s = known.age_s(NOW) if known else float("inf")
    if age_s > field.max_age_s + field.stale_for_s:
        assert origin.cause is fetched.cause
    if origin.step is LadderStep.CACHED:
        assert age_s <= field.max_age_s
    if origin.step is LadderStep.STALE:
        assert fetched.cause in (Cause.LATE, Cause.ERROR)
        assert age_s <= field.max_age_s + field.stale_for_s
        assert not is_fresh(field, known, NOW)
    if origin.cause is Cause.ABSENT:
        assert known is not None
        assert known.value is None
    if origin.cause in (Cause.LATE, Cause.ERROR):
        assert age_s > field.max_age_s + field.stale_for_s


@given(fields(), failures, knowns("old"), ages)
def test_waiting_never_moves_a_value_up_the_ladder(field, failure, known, later_s):
    order = [LadderStep.CACHED, LadderStep.STALE, LadderStep.FALLBACK]
    _, now = choose(field, failure, known, NOW)
    _, later = choose(field, failure, known, NOW + timedelta(seconds=later_s))
    assert order.index(later.step) >= order.index(now.step)
