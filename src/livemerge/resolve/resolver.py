"""A plan × a batch of customers → profiles.

For each wave: what is remembered, what must be asked, one batch of calls per step side by side, then field by field
the ladder. A customer's time is its own: in a campaign it runs only while one of its calls has a slot, so a healthy
source never yields a fallback because others were in front.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jmespath
from jmespath.parser import ParsedResult

from livemerge import config
from livemerge.catalog import Catalog, Field, WrongTypeError, admit
from livemerge.clock import Clock
from livemerge.observe.figures import Figures
from livemerge.plan import Plan, Step
from livemerge.resolve.ask import Fault, Patience, ask
from livemerge.resolve.cache import Cache, Remembered
from livemerge.resolve.ladder import Failure, Fetched, Known, choose, is_fresh, read_value
from livemerge.resolve.overrides import Override, Overrides
from livemerge.sources import Source
from livemerge.values import Answer, Cause, Key, LadderStep, Profile, Provenance, Row, Value, Verdict

__all__ = ["Fault", "Resolver"]

_WORST_LAST = [LadderStep.OVERRIDE, LadderStep.LIVE, LadderStep.CACHED, LadderStep.STALE, LadderStep.FALLBACK]


@dataclass(slots=True)
class _Draft:
    """One customer's profile in the making."""

    key: Key
    left_s: float
    pinned: Mapping[str, Override]
    values: dict[str, Value] = field(default_factory=dict)
    provenance: dict[str, Provenance] = field(default_factory=dict)
    is_found: bool = False
    spent_s: float = 0.0  # in the waves that are over
    wave_s: float = 0.0  # longest call of the wave that runs


@dataclass(slots=True)
class _Learned:
    """What one step learned of one source key: per field what asking gave."""

    fetched: dict[str, Fetched]
    took_s: float
    has_row: bool


class Resolver:
    """Turns plans and customers into profiles. One per process: it holds the sources' slots."""

    def __init__(
        self,
        catalog: Catalog,
        sources: Mapping[str, Source],
        cache: Cache,
        overrides: Overrides,
        clock: Clock,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._catalog = catalog
        self._sources = sources
        self._cache = cache
        self._overrides = overrides
        self._clock = clock
        self._jitter = jitter
        self._slots = {name: asyncio.Semaphore(source.connections) for name, source in sources.items()}
        self._paths = {name: jmespath.compile(declared.path) for name, declared in catalog.fields.items()}
        self._as_of = {
            name: jmespath.compile(path)
            for name, section in catalog.sources.items()
            if (path := getattr(section, "as_of", ""))
        }

    async def resolve(
        self,
        plan: Plan,
        keys: Sequence[Key],
        *,
        deadline_s: float,
        waits_for_slots: bool = False,
        faults: Mapping[str, Fault] | None = None,
        figures: Figures | None = None,
    ) -> dict[Key, Profile]:
        """Profiles by key, complete whatever the sources do.

        deadline_s: seconds a customer's data may take; `waits_for_slots` (campaigns) starts it with the first slot.
        """
        figures = figures if figures is not None else Figures()
        pinned = self._overrides.of(keys)
        drafts = {key: _Draft(key, deadline_s, pinned.get(key, {})) for key in keys}
        ends_at_s = None if waits_for_slots else self._clock.monotonic_s() + deadline_s
        for wave in plan.waves:
            calls = _Calls(ends_at_s, faults or {}, figures)
            await asyncio.gather(*(self._run_step(step, drafts, calls) for step in wave))
            for draft in drafts.values():
                draft.spent_s += draft.wave_s
                draft.left_s = deadline_s - draft.spent_s
                draft.wave_s = 0.0
        return {key: self._profile(draft, plan) for key, draft in drafts.items()}

    async def _run_step(self, step: Step, drafts: Mapping[Key, _Draft], calls: _Calls) -> None:
        """Gives every customer the step's fields."""
        wanted = {draft.key: _source_keys(step, draft) for draft in drafts.values()}
        remembered = self._cache.get_many(step.source, list({key for keys in wanted.values() for key in keys}))
        now = self._clock.now()
        left_s: dict[Key, float] = {}
        for draft in drafts.values():
            for key in wanted[draft.key]:
                if self._must_ask(step, draft, remembered.get(key), now):
                    left_s[key] = max(left_s.get(key, 0.0), draft.left_s)
        learned = await self._ask_all(step, left_s, calls)
        self._remember(step, learned)
        now = self._clock.now()
        for draft in drafts.values():
            self._fill(step, draft, wanted[draft.key], remembered, learned, now)

    def _must_ask(self, step: Step, draft: _Draft, known: Remembered | None, now: datetime) -> bool:
        """Whether a field of the step is neither pinned nor known freshly enough."""
        for declared in step.fields:
            if declared.name in draft.pinned:
                continue
            value = known.fields.get(declared.name) if known else None
            if value is None or not is_fresh(declared, value, now):
                return True
        return False

    async def _ask_all(self, step: Step, left_s: Mapping[Key, float], calls: _Calls) -> dict[Key, _Learned]:
        """What the source says of these keys, in as few calls as it allows."""
        size = self._sources[step.source].max_batch
        keys = list(left_s)
        parts = [keys[start : start + size] for start in range(0, len(keys), size)]
        answers = await asyncio.gather(*(self._ask(step, part, left_s, calls) for part in parts))
        return {key: learned for answer in answers for key, learned in answer.items()}

    async def _ask(
        self, step: Step, keys: Sequence[Key], left_s: Mapping[Key, float], calls: _Calls
    ) -> dict[Key, _Learned]:
        """One call. It may run as long as the most patient of its customers; who had less time does without."""
        source, section = self._sources[step.source], self._catalog.sources[step.source]
        started_s = self._clock.monotonic_s()
        slot = self._slots[step.source]
        try:
            async with asyncio.timeout(None if calls.ends_at_s is None else calls.ends_at_s - started_s):
                await slot.acquire()
        except TimeoutError:
            late = Failure(Cause.LATE, "no slot within the deadline")
            return {key: _failed(step, late, self._clock.monotonic_s() - started_s) for key in keys}
        try:
            started_s = started_s if calls.ends_at_s is not None else self._clock.monotonic_s()
            patient_s = max(left_s[key] for key in keys)
            answer = await ask(
                source,
                keys,
                step.fields,
                patience=Patience(section.timeout_ms / 1000, section.retries),
                deadline_s=patient_s if calls.ends_at_s is None else calls.ends_at_s - self._clock.monotonic_s(),
                clock=self._clock,
                jitter=self._jitter,
                figures=calls.figures.source(step.source),
                fault=calls.faults.get(step.source),
            )
        finally:
            slot.release()
        took_s = self._clock.monotonic_s() - started_s
        if isinstance(answer, Failure):
            return {key: _failed(step, answer, took_s) for key in keys}
        return {key: self._read(step, key, answer, section, took_s) for key in keys}

    def _read(self, step: Step, key: Key, answer: Answer, section: config.Source, took_s: float) -> _Learned:
        """The step's fields in one key's row."""
        if (problem := answer.row_errors.get(key)) is not None:
            return _failed(step, Failure(Cause.ERROR, problem), took_s)
        row = answer.rows.get(key)
        fetched_at = self._clock.now()
        as_of = self._as_of_row(step.source, row) or answer.as_of or fetched_at
        fetched = {
            declared.name: read_value(declared, self._paths[declared.name], row, fetched_at, min(as_of, fetched_at))
            for declared in step.fields
        }
        return _Learned(fetched, took_s, _tells_of_customer(section, row))

    def _as_of_row(self, source: str, row: Row | None) -> datetime | None:
        path: ParsedResult | None = self._as_of.get(source)
        if path is None or row is None:
            return None
        found: Any = path.search(row)
        if isinstance(found, int | float) and not isinstance(found, bool):
            return datetime.fromtimestamp(found, UTC) if 0 < found < 1e11 else None
        try:
            moment = admit("datetime", found)
        except WrongTypeError:
            return None
        assert isinstance(moment, datetime)
        return moment

    def _remember(self, step: Step, learned: Mapping[Key, _Learned]) -> None:
        worth = {
            key: ({name: value for name, value in one.fetched.items() if isinstance(value, Known)}, one.has_row)
            for key, one in learned.items()
        }
        self._cache.put_many(step.source, {key: known for key, known in worth.items() if known[0]})

    def _fill(
        self,
        step: Step,
        draft: _Draft,
        source_keys: Sequence[Key],
        remembered: Mapping[Key, Remembered],
        learned: Mapping[Key, _Learned],
        now: datetime,
    ) -> None:
        """Puts the step's fields into one customer's draft."""
        for key in source_keys:
            if (one := learned.get(key)) is not None:
                draft.wave_s = max(draft.wave_s, min(one.took_s, draft.left_s))
                draft.is_found |= one.has_row and step.by is None
            elif (known := remembered.get(key)) is not None:
                draft.is_found |= known.has_row and step.by is None

        def chosen(declared: Field, key: Key) -> tuple[Value, Provenance]:
            known = remembered.get(key)
            return choose(
                declared, _in_time(draft, declared, learned.get(key)), known and known.fields.get(declared.name), now
            )

        if step.by is not None and step.by.item_property:
            _fill_items(step, draft, chosen)
            return
        for declared in step.fields:
            if (pin := draft.pinned.get(declared.name)) is not None:
                value, origin = pin.value, Provenance(LadderStep.OVERRIDE, declared.source, pin.set_at, pin.set_at)
            elif source_keys:
                value, origin = chosen(declared, source_keys[0])
            else:
                value, origin = declared.fallback, _without_key(step, draft, declared)
            draft.values[declared.name] = value
            draft.provenance[declared.name] = origin

    def _profile(self, draft: _Draft, plan: Plan) -> Profile:
        verdict, reason = Verdict.READY, ""
        for name in sorted(plan.asked):
            cause = draft.provenance[name].cause if name in draft.provenance else None
            if not self._catalog.fields[name].is_required or cause is None:
                continue
            if cause is Cause.ABSENT:
                verdict, reason = Verdict.SKIPPED, name
                break
            verdict, reason = Verdict.HELD, name
        return Profile(draft.key, draft.values, draft.provenance, draft.is_found, verdict, reason, draft.spent_s)


@dataclass(frozen=True, slots=True)
class _Calls:
    """What all calls of one wave share."""

    ends_at_s: float | None  # monotonic; None: each customer's time counts from its slot
    faults: Mapping[str, Fault]
    figures: Figures


def _source_keys(step: Step, draft: _Draft) -> list[Key]:
    """What names this customer, or the thing its value points at, in the step's source."""
    if step.by is None:
        return [draft.key]
    value = draft.values.get(step.by.field)
    if not step.by.item_property:
        return [] if value is None else [str(value)]
    items = value if isinstance(value, list) else []
    return [str(item[step.by.item_property]) for item in items if item.get(step.by.item_property) is not None]


def _failed(step: Step, failure: Failure, took_s: float) -> _Learned:
    return _Learned({declared.name: failure for declared in step.fields}, took_s, False)


def _in_time(draft: _Draft, declared: Field, one: _Learned | None) -> Fetched:
    if one is None:
        return None
    if one.took_s > draft.left_s and isinstance(one.fetched[declared.name], Known):
        return Failure(Cause.LATE, "the answer came after this customer's deadline")
    return one.fetched[declared.name]


def _without_key(step: Step, draft: _Draft, declared: Field) -> Provenance:
    """A field whose key has no value: absent where the key is absent, unavailable where the key is."""
    assert step.by is not None
    origin = draft.provenance[step.by.field]
    cause = origin.cause or Cause.ABSENT
    detail = f"no {step.by.field} to look up"
    return Provenance(LadderStep.FALLBACK, declared.source, origin.fetched_at, origin.as_of, cause, detail)


def _fill_items(step: Step, draft: _Draft, chosen: Callable[[Field, Key], tuple[Value, Provenance]]) -> None:
    """Each item of the list gains the step's fields; a field's provenance is that of its worst item."""
    assert step.by is not None
    items = draft.values.get(step.by.field)
    filled: list[dict[str, Any]] = [dict(item) for item in items] if isinstance(items, list) else []
    for declared in step.fields:
        origins = []
        for item in filled:
            key = item.get(step.by.item_property)
            if key is None:
                item[declared.name] = declared.fallback
                continue
            item[declared.name], origin = chosen(declared, str(key))
            origins.append(origin)
        draft.provenance[declared.name] = max(
            origins, key=lambda origin: _WORST_LAST.index(origin.step), default=_without_key(step, draft, declared)
        )
    draft.values[step.by.field] = filled


def _tells_of_customer(section: config.Source, row: Row | None) -> bool:
    """Whether a row shows that the source knows the customer. Events answer a count of 0 for anybody."""
    if row is None:
        return False
    return not isinstance(section, config.EventsSource) or any(row.values())
