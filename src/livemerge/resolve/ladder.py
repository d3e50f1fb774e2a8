"""One field of one customer: what is known → the value to use, its step, and the cause where it is a fallback.

The table in docs/architecture.md ("The ladder") is this file's specification.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from math import inf
from typing import Final

import msgspec

from livemerge.catalog import Field, WrongTypeError, admit, is_empty
from livemerge.sources.path import Reader
from livemerge.values import Cause, LadderStep, Provenance, Row, Value


class Known(msgspec.Struct, frozen=True, gc=False):
    """A value a source once gave; None says that it answered there is none."""

    value: Value
    fetched_at: datetime
    as_of: datetime
    fresh_for_s: float = inf  # by the source's own word; a field's `max_age` may be shorter

    def age_s(self, now: datetime) -> float:
        return (now - self.as_of).total_seconds()


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why no value came: the source gave no answer (late, error), or not one of the field's type."""

    cause: Cause
    detail: str = ""


Fetched = Known | Failure | None
"""What asking in this resolve gave; None: nobody had to ask."""

CLOCK_STEP_S: Final = 5.0  # how far the clocks of several machines may differ
NOT_ASKED: Final = Failure(Cause.ERROR, "not asked")


def read_value(
    field: Field, read: Reader, row: Row | None, fetched_at: datetime, as_of: datetime, fresh_for_s: float = inf
) -> Known | Failure:
    """The field's value in a source's row. No row, no value and blank text are an answer: absent."""
    if row is None:
        return Known(None, fetched_at, as_of, fresh_for_s)
    try:
        found = read(row)
    except Exception as error:  # JMESPath's functions fail in many ways on rows they were not written for
        return Failure(Cause.WRONG_TYPE, f"the path does not fit the row: {type(error).__name__}")
    if is_empty(found):
        return Known(None, fetched_at, as_of, fresh_for_s)
    try:
        return Known(admit(field.type, found), fetched_at, as_of, fresh_for_s)
    except WrongTypeError as error:
        return Failure(Cause.WRONG_TYPE, str(error))


def choose(field: Field, fetched: Fetched, known: Known | None, now: datetime) -> tuple[Value, Provenance]:
    """The value by the ladder, below `override`: live, cached, stale, fallback."""
    if isinstance(fetched, Known):
        return _given(field, LadderStep.LIVE, fetched)
    if known is not None:
        age_s = known.age_s(now)
        if is_fresh(field, known, now):
            return _given(field, LadderStep.CACHED, known)
        # An answer of the wrong type is an answer: it does not revive an older value.
        gave_no_answer = isinstance(fetched, Failure) and fetched.cause is not Cause.WRONG_TYPE
        if gave_no_answer and age_s <= field.max_age_s + field.stale_for_s:
            return _given(field, LadderStep.STALE, known)
    failure = fetched or NOT_ASKED
    origin = Provenance(LadderStep.FALLBACK, field.source, cause=failure.cause, detail=failure.detail)
    return field.fallback, origin


def is_fresh(field: Field, known: Known, now: datetime) -> bool:
    """Whether a known value may stand in for asking. `max_age = "0s"` means: always ask.

    What seems to come from the future is of unknown age: the machine's clock went back.
    """
    fresh_for_s = min(field.max_age_s, known.fresh_for_s)
    return fresh_for_s > 0 and -CLOCK_STEP_S <= known.age_s(now) <= fresh_for_s


def _given(field: Field, step: LadderStep, known: Known) -> tuple[Value, Provenance]:
    if known.value is None:
        return field.fallback, _origin(LadderStep.FALLBACK, field.source, known.fetched_at, known.as_of, Cause.ABSENT)
    return known.value, _origin(step, field.source, known.fetched_at, known.as_of, None)


@lru_cache(maxsize=4096)
def _origin(step: LadderStep, source: str, fetched_at: datetime, as_of: datetime, cause: Cause | None) -> Provenance:
    """One object for all that came in one answer: a batch has thousands of values and few answers."""
    return Provenance(step, source, fetched_at, as_of, cause, "the source has no value" if cause else "")
