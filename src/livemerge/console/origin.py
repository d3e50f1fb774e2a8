"""Where a value came from, in words people read: field, step, source, age, cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from livemerge.catalog import Catalog
from livemerge.template import Read, TracedValue
from livemerge.values import Cause, Profile, Provenance

MAX_SHOWN_CHARACTERS: Final = 80

CAUSES: Final = {
    Cause.ABSENT: "no such value",
    Cause.LATE: "late",
    Cause.ERROR: "no answer",
    Cause.WRONG_TYPE: "wrong type",
    Cause.WITHHELD: "withheld for privacy",
}
_OPENING_CHARACTERS: Final = 2  # {{ before an expression
_SLACK_CHARACTERS: Final = 2  # a dash and a blank before it; the next tag's expression is four further on at the least


@dataclass(frozen=True, slots=True)
class Origin:
    """One field of one customer as a person reads it."""

    field: str
    value: str
    step: str
    source: str
    age: str  # "3 s"; empty where nobody knows
    cause: str  # one line; empty unless the value is a fallback
    is_absent: bool  # the source answered that there is none


def origins(profile: Profile, now: datetime) -> list[Origin]:
    """Every field that was resolved, by name."""
    return [
        Origin(
            field=name,
            value=shown_value(profile.values.get(name)),
            step=origin.step.value,
            source=origin.source,
            age=age(origin, now),
            cause=why(origin),
            is_absent=origin.cause is Cause.ABSENT,
        )
        for name, origin in sorted(profile.provenance.items())
    ]


def why(origin: Provenance) -> str:
    """Why a value is a fallback, with what the source was heard to say."""
    if origin.cause is None:
        return ""
    told = CAUSES[origin.cause]
    return f"{told}: {origin.detail}" if origin.detail and origin.cause is not Cause.ABSENT else told


def age(origin: Provenance, now: datetime) -> str:
    return "" if origin.as_of is None else shown_span(max(0.0, (now - origin.as_of).total_seconds()))


def shown_span(seconds: float) -> str:
    """A span of time in its largest fitting unit: `<1 s`, `12 min`, `3 d`."""
    if seconds < 1:
        return "<1 s"
    for unit, length_s in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"


def shown_value(value: Any) -> str:
    """A value in one short line."""
    if value is None:
        return "—"
    if isinstance(value, list | tuple):
        return f"{len(value)} item{'' if len(value) == 1 else 's'}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = value.isoformat() if isinstance(value, date) else str(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"


def paths_read(value: TracedValue, reads: Iterable[Read]) -> tuple[str, ...]:
    """The paths a traced value reads, through loops and assignments; as it names them where nobody knows better."""
    begins = value.column + _OPENING_CHARACTERS
    ends = begins + len(value.expression) + _SLACK_CHARACTERS
    found = [read.path for read in reads if read.line == value.line and begins <= read.column < ends]
    return tuple(dict.fromkeys(found)) or value.paths


def fields_read(paths: Iterable[str], catalog: Catalog) -> list[str]:
    """The fields behind template paths; an item's own field before its list. Names Livemerge gives are left out."""
    found: dict[str, None] = {}
    for path in paths:
        field = catalog.field_of(path)
        if field is None:
            continue
        inner = path.rpartition("]")[2].lstrip(".").split(".")[0] if "[" in path else ""
        gained = catalog.fields.get(inner)
        if gained is not None and gained.item_of == field.name:
            found[inner] = None
        found[field.name] = None
    return list(found)


def worst(names: Sequence[str], profile: Profile) -> Provenance | None:
    """The provenance that decides what a value made of several fields is worth."""
    known = [profile.provenance[name] for name in names if name in profile.provenance]
    return max(known, key=lambda origin: origin.step.rung, default=None)
