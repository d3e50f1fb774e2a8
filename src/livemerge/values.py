"""What travels through the house: keys, rows, values, and where each value came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from math import inf
from typing import Any, TypeAlias

import msgspec

Key: TypeAlias = str
"""Names one customer (or, for a `by` source, one product, store, offer) in every source. Never empty."""

Row: TypeAlias = Mapping[str, Any]
"""What a source knows about one key, as the source says it: JSON-like, dates and decimals allowed."""

Scalar: TypeAlias = bool | int | float | Decimal | str | date | datetime | None

Value: TypeAlias = Scalar | Sequence[Mapping[str, Scalar]]
"""A typed field value: a scalar, or a list of flat objects."""

MAX_KEY_CHARACTERS = 512  # longer keys are refused: no CRM has them, and they end in URLs


class LadderStep(StrEnum):
    """Which step of the ladder gave a value, best first."""

    OVERRIDE = "override"
    LIVE = "live"
    CACHED = "cached"
    STALE = "stale"
    FALLBACK = "fallback"

    @property
    def rung(self) -> int:
        """How far down the ladder, from 0."""
        return _RUNGS[self]


_RUNGS = {step: rung for rung, step in enumerate(LadderStep)}


class Cause(StrEnum):
    """Why a value is a fallback. ABSENT is an answer; the others are failures."""

    ABSENT = "absent"  # the source answered: this customer has no such value
    LATE = "late"  # no answer by the deadline
    ERROR = "error"  # the source said it cannot answer, or answered nonsense
    WRONG_TYPE = "wrong_type"  # it answered with a value of another type
    WITHHELD = "withheld"  # privacy: this reader may not have it


# Made for every value; a frozen dataclass takes six times as long. Nothing it holds leads back to it, so the collector
# need not look at it: where thousands are kept, its rounds would take long. So with all that is `gc=False`.
class Provenance(msgspec.Struct, frozen=True, gc=False):
    """Where one value came from. `cause` is None unless `step` is FALLBACK."""

    step: LadderStep
    source: str
    fetched_at: datetime | None = None  # when the source was asked
    as_of: datetime | None = None  # when the value was true; the source's word, else fetched_at
    cause: Cause | None = None
    detail: str = ""  # one line for people: the error met, the type found; no personal data


class Verdict(StrEnum):
    """Whether a customer's required fields allow a message."""

    READY = "ready"
    HELD = "held"  # a required field's source gave no answer: the message waits
    SKIPPED = "skipped"  # a required field is absent: this customer gets no message


class Profile(msgspec.Struct, frozen=True, gc=False):
    """The resolved fields of one customer, as `admit` leaves them: of their types, their texts clean.

    `provenance` names every value; what the items of a list gained is named beside the list, as its worst item.
    """

    key: Key
    values: Mapping[str, Value]
    provenance: Mapping[str, Provenance]
    is_found: bool  # any source has a row
    verdict: Verdict = Verdict.READY
    reason: str = ""  # the field that decided, where the verdict is not READY
    spent_s: float = 0.0  # seconds of this customer's deadline that were used

    def unavailable(self) -> frozenset[str]:
        """Fields that fell back for another cause than absence."""
        return frozenset(
            name
            for name, origin in self.provenance.items()
            if origin.cause is not None and origin.cause is not Cause.ABSENT
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What one source call gave: rows by key. A key without a row means 'no such customer', never an error."""

    rows: Mapping[Key, Row]
    as_of: datetime | None = None  # the call's own word on its data's age (HTTP Age); None: now
    foreign_rows: int = 0  # rows refused because nobody asked for their key
    row_errors: Mapping[Key, str] = field(default_factory=dict)  # keys whose own row could not be read
    fresh_for_s: float = inf  # since `as_of`, by the source's own word (HTTP Cache-Control)
    may_be_kept: bool = True  # False: the source forbids it (no-store)


def tagged(value: object) -> dict[str, str]:
    """What JSON has no form for, in one it has; for `orjson.dumps(default=…, option=OPT_PASSTHROUGH_DATETIME)`."""
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, date):
        return {"datetime" if isinstance(value, datetime) else "date": value.isoformat()}
    raise TypeError(f"{type(value).__name__} is not a value")


def untagged(value: Any) -> Any:
    """A value read from JSON as what it was before `tagged`, also inside the items of a list."""
    if isinstance(value, dict):
        ((tag, text),) = value.items()
        return _TAGS[tag](text)
    if isinstance(value, list):
        return [{name: untagged(inner) for name, inner in item.items()} for item in value]
    return value


_TAGS: Mapping[str, Callable[[str], Scalar]] = {
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
}
