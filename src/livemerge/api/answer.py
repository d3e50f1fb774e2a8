"""A profile → the JSON object an ESP reads: flat, complete, typed, never null.

Every field asked for stands in it every time; what is not known is the type's zero (`""`, 0, false, `[]`). Numbers,
money and dates have a twin `…_display` for people, because every template language prints them otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

import msgspec
import orjson

from livemerge.api.selection import Selection
from livemerge.catalog import zero
from livemerge.values import Cause, LadderStep, Profile, Provenance

Json: TypeAlias = dict[str, Any]

WORDS: Final = {
    LadderStep.OVERRIDE: "live",
    LadderStep.LIVE: "live",
    LadderStep.CACHED: "cache",
    LadderStep.STALE: "stale",
    LadderStep.FALLBACK: "default",
}
_BEST_FIRST: Final = ("live", "cache", "stale", "default")
_MAX_EXACT: Final = 2**64  # orjson writes no larger integer
_MOST_BITS: Final = 1_000  # a double ends at 1,024, and at 308 decimal digits
_MOST_DIGITS: Final = 300


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A profile's JSON but for what is another in each answer: its age, and the request's name."""

    head: bytes  # up to the age
    as_of: datetime | None  # of the oldest value that a source gave; None where there is none
    tail: bytes  # after the request's name
    is_found: bool = True  # a source knows the customer

    def at(self, now: datetime, request_id: str) -> bytes:
        """The whole answer as UTF-8 JSON. request_id: letters, digits and `_`."""
        age_s = 0 if self.as_of is None else _age_s(self.as_of, now)
        return b'%b%d,"request_id":"%b"%b' % (self.head, age_s, request_id.encode(), self.tail)

    def part(self, ages: Ages) -> tuple[bytes, bytes, bytes]:
        """The same as a part of an answer about several customers, which has the request's name itself."""
        return self.head, ages[self.as_of], self.tail


class Ages(dict[datetime | None, bytes]):
    """Whole seconds from a moment until `now`, as JSON has them: what came together has one age."""

    def __init__(self, now: datetime) -> None:
        super().__init__({None: b"0"})
        self._now = now

    def __missing__(self, as_of: datetime | None) -> bytes:
        assert as_of is not None
        age = self[as_of] = b"%d" % _age_s(as_of, self._now)
        return age


def answer_of(profile: Profile, selection: Selection) -> Answer:
    """The answer with the profile's fields. Good as long as the profile is."""
    return answer_with(field_values(profile, selection), profile, selection)


def answer_with(values: Json, profile: Profile, selection: Selection) -> Answer:
    """The answer with these values in the place of the profile's fields."""
    head, oldest = head_of(profile, selection)
    fields = encoded(values)
    tail = b"}" if fields == b"{}" else b"," + fields[1:]
    return Answer(orjson.dumps(head)[:-1] + b',"age_s":', oldest, tail, profile.is_found)


def head_of(profile: Profile, selection: Selection) -> tuple[Json, datetime | None]:
    """What an answer begins with, and the moment its age counts from; None where no source gave a value."""
    oldest = _oldest(profile, selection)
    head: Json = {
        "ok": True,
        "found": profile.is_found,
        "source": _worst_step(profile, selection),
        "as_of": _moment(oldest) if oldest else "",
    }
    return head, oldest


def whole_answer(values: Json, profile: Profile, selection: Selection, now: datetime) -> Json:
    """The answer as an object, without the request's name."""
    head, oldest = head_of(profile, selection)
    return head | {"age_s": _age_s(oldest, now) if oldest else 0} | values


def explained(answer: Answer, profile: Profile, selection: Selection, now: datetime) -> Answer:
    """The answer with the provenance of each of its values at its end."""
    provenance = orjson.dumps(_provenance(profile, selection, now))
    return Answer(answer.head, answer.as_of, answer.tail[:-1] + b',"provenance":' + provenance + b"}", answer.is_found)


def field_values(profile: Profile, selection: Selection) -> Json:
    """Every field asked for as JSON has it, and its twin for people."""
    answer: Json = {}
    names = {field.name for field in selection.fields}
    for field in selection.fields:
        value = None if field.name in selection.withheld else profile.values.get(field.name)
        if field.type == "list":
            answer[field.name] = _list(value, selection.items[field.name])
            continue
        answer[field.name] = written(field.type, value)
        if field.type in _SHOW and f"{field.name}_display" not in names:
            answer[f"{field.name}_display"] = shown(field.type, value)
    return answer


def _worst_step(profile: Profile, selection: Selection) -> str:
    """A value that the source says does not exist is an answer, not a miss; where there is no other, `default`."""
    origins = [profile.provenance[field.name] for field in selection.fields if field.name in profile.provenance]
    words = {WORDS[origin.step] for origin in origins if origin.cause is not Cause.ABSENT}
    words |= {"default"} if selection.withheld else set()
    return max(words, key=_BEST_FIRST.index, default="default")


def _oldest(profile: Profile, selection: Selection) -> datetime | None:
    """`as_of` of the oldest value that a source gave."""
    origins = [profile.provenance[field.name] for field in selection.fields if field.name in profile.provenance]
    return min((origin.as_of for origin in origins if origin.as_of and origin.cause is None), default=None)


def _provenance(profile: Profile, selection: Selection, now: datetime) -> Json:
    """Where each value came from; the only part of an answer with nulls: what is not known, is not known."""
    names = [field.name for field in selection.fields]
    names += [item for of_list in selection.items.values() for item in of_list]
    sources = {field.name: field.source for field in selection.fields}
    withheld = {
        name: Provenance(LadderStep.FALLBACK, sources.get(name, ""), cause=Cause.WITHHELD)
        for name in selection.withheld
    }
    origins = {name: profile.provenance[name] for name in names if name in profile.provenance} | withheld
    return {
        name: {
            "step": origin.step.value,
            "source": origin.source,
            "fetched_at": _moment(origin.fetched_at) if origin.fetched_at else None,
            "as_of": _moment(origin.as_of) if origin.as_of else None,
            "age_s": _age_s(origin.as_of, now) if origin.as_of else None,
            "cause": origin.cause.value if origin.cause else None,
        }
        for name, origin in origins.items()
    }


def written(kind: str, value: object) -> object:
    """The value as JSON has it: money as a number, dates as ISO 8601, date-times in UTC."""
    if value is None:
        return zero(kind)
    return _WRITE.get(kind, _as_it_is)(value)


def shown(kind: str, value: object) -> str:
    """The value as English readers write it; empty where it is not known."""
    return "" if value is None else _SHOW[kind](value)


def _as_it_is(value: object) -> object:
    return value


def _whole(value: Any) -> object:
    return value if -_MAX_EXACT // 2 <= value < _MAX_EXACT else float(value)


def _number(value: Any) -> object:
    return _whole(value) if isinstance(value, int) else float(value)


def _moment(value: Any) -> str:
    moment: datetime = value.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")


def _age_s(as_of: datetime, now: datetime) -> int:
    return max(0, round((now - as_of).total_seconds()))


def _show_number(value: Any) -> str:
    text = format(_decimal(value), ",f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _show_money(value: Any) -> str:
    return format(_decimal(value), ",.2f")


def _decimal(value: int | float | Decimal) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _show_date(value: Any) -> str:
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def _show_moment(value: Any) -> str:
    moment = value.astimezone(UTC)
    return f"{_show_date(moment)}, {moment:%H:%M} UTC"


# strftime would follow the machine's locale.
_MONTHS: Final = tuple(
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_WRITE: Final[Mapping[str, Callable[[Any], object]]] = {
    "integer": _whole,
    "number": _number,
    "money": float,
    "date": date.isoformat,
    "datetime": _moment,
}
_SHOW: Final[Mapping[str, Callable[[Any], str]]] = {
    "integer": _show_number,
    "number": _show_number,
    "money": _show_money,
    "date": _show_date,
    "datetime": _show_moment,
}


def _list(value: object, gained: Mapping[str, str]) -> list[Json]:
    """Flat objects that all have the same keys with the same types; AMPscript and Journey Optimizer read no others."""
    items: Sequence[Mapping[str, Any]] = value if isinstance(value, list | tuple) else []
    names = dict.fromkeys(name for item in items for name in item)
    kinds = {name: gained.get(name) or _kind([item.get(name) for item in items]) for name in names}
    return [_item(item, kinds) for item in items]


def flat_objects(rows: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Rows as a list's items are written: all with the same keys, each of one type."""
    return _list(list(rows), {})


def moment_text(moment: datetime) -> str:
    """A moment as answers have it: ISO 8601 in UTC."""
    return _moment(moment)


def _item(item: Mapping[str, Any], kinds: Mapping[str, str]) -> Json:
    written_item: Json = {}
    for name, kind in kinds.items():
        value, key = _usable(item.get(name)), readable_name(name)
        if kind == "text" and value is not None:
            value = value if isinstance(value, str) else _plain(value)
        written_item.setdefault(key, written(kind, value))
        if kind in _SHOW and f"{name}_display" not in kinds:
            written_item.setdefault(f"{key}_display", shown(kind, value))
    return written_item


def _kind(values: Sequence[object]) -> str:
    """The one type that fits all values of a column; text where nothing else does."""
    types = {type(value) for value in map(_usable, values) if value is not None}
    if not types:
        return "text"
    for kind, fitting in _KINDS:
        if types <= fitting:
            return kind
    return "text"


_KINDS: Final[tuple[tuple[str, set[type]], ...]] = (
    ("boolean", {bool}),
    ("integer", {int}),
    ("number", {int, float}),
    ("money", {int, float, Decimal}),
    ("date", {date}),
    ("datetime", {datetime}),
)


def _usable(value: object) -> object:
    """JSON has neither infinity nor NaN, and its readers no number past a double's."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return value if value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS else None
        case int():
            return value if value.bit_length() < _MOST_BITS else None
    return value


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def readable_name(name: str) -> str:
    """A key that every ESP's language can read, `^[a-z][a-z0-9_]*$`: `imageUrl` → `image_url`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:200]).lower()
    safe = re.sub(r"[^a-z0-9_]", "_", snake)
    return safe if safe[:1].isalpha() else f"n_{safe.lstrip('_')}"


def encoded(answer: Json | str) -> bytes:
    try:
        return orjson.dumps(answer)
    except orjson.JSONEncodeError:  # half a surrogate pair, cut by a source: one bad character costs no answer
        return orjson.dumps(_mended(answer))


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_mended(name): _mended(inner) for name, inner in value.items()}
    return [_mended(inner) for inner in value] if isinstance(value, list) else value
