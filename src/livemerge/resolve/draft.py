"""One customer's profile in the making: what was learned and remembered → values, field by field, by the ladder."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from livemerge.catalog import By, Field
from livemerge.plan import Step
from livemerge.resolve.cache import Remembered
from livemerge.resolve.ladder import Failure, Fetched, Known, choose, is_fresh
from livemerge.resolve.overrides import Override
from livemerge.values import Cause, Key, LadderStep, Profile, Provenance, Value, Verdict

OLD: Final = 0.8  # of `max_age`: who is asked for again in the rest of it is asked for ahead
_TOO_LATE: Final = Failure(Cause.LATE, "the answer came after this customer's deadline")


class Draft(msgspec.Struct, gc=False):
    """The profile in the making, and how much of the customer's time is left."""

    key: Key
    left_s: float
    pinned: Mapping[str, Override]
    values: dict[str, Value] = {}  # msgspec gives each its own
    provenance: dict[str, Provenance] = {}
    is_found: bool = False
    spent_s: float = 0.0  # in the waves that are over
    wave_s: float = 0.0  # longest call of the wave that runs

    def end_wave(self) -> None:
        """Steps of one wave run side by side: the longest counts."""
        self.spent_s += self.wave_s
        self.left_s -= self.wave_s
        self.wave_s = 0.0


class Learned(msgspec.Struct, frozen=True, gc=False):
    """What one call said of one source key."""

    fetched: Mapping[str, Known | Failure]
    took_s: float
    has_row: bool
    is_answer: bool = True  # the source said something of the key, and be it that it has no row


class Knowledge(msgspec.Struct, frozen=True, gc=False):
    """All that one step may use: what was remembered at `now`, and what asking gave since."""

    step: Step
    now: datetime  # when it was decided whom to ask; what was fresh then is fresh, however long the others take
    remembered: Mapping[Key, Remembered]
    learned: Mapping[Key, Learned]


def source_keys(by: By, drafts: Mapping[Key, Draft]) -> dict[Key, list[Key]]:
    """What names the things that each customer's value points at."""
    return {customer: _named(by, draft.values.get(by.field)) for customer, draft in drafts.items()}


def _named(by: By, value: object) -> list[Key]:
    if not by.item_property:
        named: Iterable[object] = [value]
    else:
        items = value if isinstance(value, list) else []
        named = [item.get(by.item_property) for item in items]
    return [key for one in named if (key := _key_of(one))]


def must_ask(step: Step, draft: Draft, known: Remembered | None, now: datetime) -> bool:
    """Whether a field of the step is neither pinned nor known freshly enough."""
    for declared in step.fields:
        if declared.name not in draft.pinned:
            value = known.fields.get(declared.name) if known else None
            if value is None or not is_fresh(declared, value, now):
                return True
    return False


def ageing(step: Step, remembered: Mapping[Key, Remembered], asked: Collection[Key], now: datetime) -> Sequence[Key]:
    """Keys whose values are fresh, but not for long: asked for ahead, they never have to be waited for."""
    most_s = {declared.name: declared.max_age_s * OLD for declared in step.fields if declared.max_age_s}
    return [
        key
        for key, row in remembered.items()
        if key not in asked
        and any(known.age_s(now) > most_s[name] for name, known in row.fields.items() if name in most_s)
    ]


def fill(draft: Draft, keys: Sequence[Key], knowledge: Knowledge) -> None:
    """Puts the step's fields into the draft. keys: the customer's in the step's source."""
    step = knowledge.step
    for key in keys:
        if (one := knowledge.learned.get(key)) is not None:
            draft.wave_s = max(draft.wave_s, min(one.took_s, draft.left_s))
        if step.by is None:
            draft.is_found |= _has_row(key, knowledge)
    if step.by is not None and step.by.item_property:
        _fill_items(draft, knowledge)
        return
    own = keys[0] if keys else None
    for declared in step.fields:
        draft.values[declared.name], draft.provenance[declared.name] = _value(draft, declared, own, knowledge)


def profile_of(draft: Draft, required: Iterable[str]) -> Profile:
    """The finished profile. An absent required field skips the customer, an unavailable one holds the message."""
    verdict, reason = Verdict.READY, ""
    for name in required:
        cause = draft.provenance[name].cause
        if cause is Cause.ABSENT:
            verdict, reason = Verdict.SKIPPED, name
            break
        if cause is not None and verdict is Verdict.READY:
            verdict, reason = Verdict.HELD, name
    return Profile(draft.key, draft.values, draft.provenance, draft.is_found, verdict, reason, draft.spent_s)


def _key_of(value: object) -> Key:
    """The key a value is; empty for none."""
    return "" if value is None else str(value).strip()


def _has_row(key: Key, knowledge: Knowledge) -> bool:
    """Whether the source has a row of this key; where it gave no answer, whether it had one."""
    one, known = knowledge.learned.get(key), knowledge.remembered.get(key)
    if one is not None and one.is_answer:
        return one.has_row
    return known is not None and known.has_row


def _value(draft: Draft, declared: Field, key: Key | None, knowledge: Knowledge) -> tuple[Value, Provenance]:
    """The value by the ladder, `override` first. key: None where there is nothing to look up."""
    if (pin := draft.pinned.get(declared.name)) is not None:
        return pin.value, Provenance(LadderStep.OVERRIDE, declared.source, pin.set_at, pin.set_at)
    if key is None:
        return declared.fallback, _without_key(draft, declared, knowledge.step)
    one, known = knowledge.learned.get(key), knowledge.remembered.get(key)
    return choose(
        declared,
        None if one is None else _in_time(one, declared.name, draft.left_s),
        None if known is None else known.fields.get(declared.name),
        knowledge.now,
    )


def _in_time(one: Learned, name: str, left_s: float) -> Fetched:
    """What the call gave, unless it took longer than this customer had."""
    fetched = one.fetched[name]
    return _TOO_LATE if one.took_s > left_s and isinstance(fetched, Known) else fetched


def _without_key(draft: Draft, declared: Field, step: Step) -> Provenance:
    """A field whose key has no value: absent where the key is absent, unavailable where the key is."""
    assert step.by is not None
    origin = draft.provenance[step.by.field]
    detail = f"no {step.by.field} to look up"
    return Provenance(
        LadderStep.FALLBACK, declared.source, origin.fetched_at, origin.as_of, origin.cause or Cause.ABSENT, detail
    )


def _fill_items(draft: Draft, knowledge: Knowledge) -> None:
    """Each item of the list gains the step's fields; a field's provenance is that of its worst item."""
    by = knowledge.step.by
    assert by is not None
    items = draft.values.get(by.field)
    filled: list[dict[str, Any]] = [dict(item) for item in items] if isinstance(items, list) else []
    for declared in knowledge.step.fields:
        origins = []
        for item in filled:
            key = _key_of(item.get(by.item_property)) or None
            item[declared.name], origin = _value(draft, declared, key, knowledge)
            origins.append(origin)
        nothing = _without_key(draft, declared, knowledge.step)
        draft.provenance[declared.name] = max(origins, key=_badness, default=nothing)
    if items is not None:  # an unknown list stays nil, so that guards drop their block
        draft.values[by.field] = filled


def _badness(origin: Provenance) -> tuple[int, bool]:
    """How far down the ladder a value stands; unavailable is worse than absent."""
    return origin.step.rung, origin.cause is not Cause.ABSENT
