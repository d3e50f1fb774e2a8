"""One field of one customer: what is known → the value to use, its step, and the cause where it is a fallback.

The table in docs/architecture.md ("The ladder") is this file's specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jmespath.parser import ParsedResult

from livemerge.catalog import Field, WrongTypeError, admit, is_empty
from livemerge.values import Cause, LadderStep, Provenance, Row, Value


@dataclass(frozen=True, slots=True)
class Known:
    """A value a source once gave; None says that it answered there is none."""

    value: Value
    fetched_at: datetime
    as_of: datetime

    def age_s(self, now: datetime) -> float:
        return (now - self.as_of).total_seconds()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why no value came: the source gave no answer (late, error), or not one of the field's type."""

    cause: Cause
    detail: str = ""


Fetched = Known | Failure | None
"""What asking in this resolve gave; None: nobody had to ask."""

NOT_ASKED: Final = Failure(Cause.ERROR, "not asked")


def read_value(field: Field, path: ParsedResult, row: Row | None, fetched_at: datetime, as_of: datetime) -> Fetched:
    """The field's value in a source's row. No row, no value and blank text are an answer: absent."""
    found: Any = None if row is None else path.search(row)
    if is_empty(found):
        return Known(None, fetched_at, as_of)
    try:
        return Known(admit(field.type, found), fetched_at, as_of)
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
    """Whether a known value may stand in for asking. `max_age = "0s"` means: always ask."""
    return 0 < field.max_age_s and known.age_s(now) <= field.max_age_s


def _given(field: Field, step: LadderStep, known: Known) -> tuple[Value, Provenance]:
    if known.value is None:
        absent = Provenance(
            LadderStep.FALLBACK, field.source, known.fetched_at, known.as_of, Cause.ABSENT, "the source has no value"
        )
        return field.fallback, absent
    return known.value, Provenance(step, field.source, known.fetched_at, known.as_of)
