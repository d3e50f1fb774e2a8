"""A plan × a batch of customers → profiles.

For each wave: what is remembered, what must be asked, one batch of calls per step side by side, then field by field
the ladder. A customer's time is its own: in a campaign it runs only while one of its calls has a slot, so a healthy
source never yields a fallback because others were in front.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import inf
from typing import Final

import msgspec

from livemerge import config
from livemerge.catalog import Catalog, Field, admit
from livemerge.clock import Clock
from livemerge.events import EVERY_SOURCE, Change
from livemerge.observe.figures import Figures, SourceFigures
from livemerge.plan import Plan, Step
from livemerge.resolve.ask import Asking, Fault, Patience, Reply
from livemerge.resolve.cache import Cache, Remembered
from livemerge.resolve.call import Call, Waiting
from livemerge.resolve.draft import Draft, Knowledge, Learned, ageing, fill, must_ask, profile_of, source_keys
from livemerge.resolve.health import Health
from livemerge.resolve.heeding import EVERY_S, Heeding
from livemerge.resolve.ladder import Failure, Known, read_value
from livemerge.resolve.line import NO_SLOT, Line, Terms
from livemerge.resolve.margin import Margin
from livemerge.resolve.overrides import Overrides
from livemerge.resolve.quota import Quota
from livemerge.sources import Source
from livemerge.sources.path import Reader, make_reader
from livemerge.values import Cause, Key, Profile, Row

__all__ = ["Fault", "Resolver"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)  # no data is older: what a source says beyond it is this
MAX_EPOCH_S: Final = 1e11  # the year 5138; larger numbers are milliseconds, or no time at all


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
        quotas: Mapping[str, Quota] | None = None,
        heeding: Heeding | None = None,
    ) -> None:
        self._catalog = catalog
        self._cache = cache
        self._overrides = overrides
        self._clock = clock
        self._heeding = heeding
        self._margin = Margin()
        self._lines = {
            name: self._make_line(source, Asking(source, clock, jitter, Health(name), (quotas or {}).get(name)))
            for name, source in sources.items()
        }
        self._readers = {name: make_reader(declared.path) for name, declared in catalog.fields.items()}
        self._as_of = {
            name: make_reader(path)
            for name, section in catalog.sources.items()
            if (path := getattr(section, "as_of", ""))
        }

    def _make_line(self, source: Source, asking: Asking) -> Line:
        section = self._catalog.sources[source.name]
        keeps = any(
            field.max_age_s + field.stale_for_s > 0
            for field in self._catalog.fields.values()
            if field.source == source.name
        )
        return Line(
            asking,
            Patience(section.timeout_ms / 1000, section.retries, goes_on=keeps),
            gives_whole_rows=not isinstance(section, config.EventsSource),
            remember=lambda call: self._remember_call(source.name, call),
        )

    def health(self) -> Mapping[str, Health]:
        """How each source has been answering lately."""
        return {name: line.asking.health for name, line in self._lines.items()}

    def forget(self, changes: Iterable[Change]) -> None:
        """Something changed: what was said of it before counts no more, in any tier."""
        for change in self._cache.forget(changes):
            for name, line in self._lines.items():
                if change.source in (EVERY_SOURCE, name):
                    line.forget(change.key)

    async def heed_until_cancelled(self) -> None:
        """Looks for changes each second, also while everything is answered without resolving."""
        while self._heeding is not None:
            await self._heeding.look(self.forget)
            await self._clock.sleep(EVERY_S)

    async def close(self) -> None:
        """Ends the calls that went on for the cache alone."""
        await asyncio.gather(*(line.close() for line in self._lines.values()))

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
        if self._heeding is not None:
            await self._heeding.heed(self.forget)
        pinned = self._overrides.of(keys)
        drafts = {key: Draft(key, deadline_s, pinned.get(key, {})) for key in keys}
        started_s, is_late = self._clock.monotonic_s(), False
        ends_at_s = None if waits_for_slots else started_s + deadline_s
        stops_at_s = None if ends_at_s is None else ends_at_s - self._margin.of(deadline_s, started_s)
        own = {key: [key] for key in drafts}
        for wave in plan.waves:
            calls = _Calls(self._clock.monotonic_s(), ends_at_s, faults or {}, figures, Waiting())
            wanted = [own if step.by is None else source_keys(step.by, drafts) for step in wave]
            remembered = await self._remembered(wave, wanted, calls)
            now = self._clock.now()
            runs = [
                self._begin(step, wanted[place], remembered.get(step.source, {}), drafts, calls, now)
                for place, step in enumerate(wave)
            ]
            is_late |= await self._wait(runs, calls, stops_at_s)
            for run in runs:
                self._finish(run, drafts, calls)
            for draft in drafts.values():
                draft.end_wave()
        profiles = {key: profile_of(draft, plan.required) for key, draft in drafts.items()}
        if is_late and stops_at_s is not None:
            now_s = self._clock.monotonic_s()
            self._margin.took(now_s - stops_at_s, now_s)
        return profiles

    async def _wait(self, runs: Sequence[_Run], calls: _Calls, stops_at_s: float | None) -> bool:
        """Until all calls have ended, or it is time to stop; whether it was. What is late goes on without us."""
        left_s = None if stops_at_s is None else stops_at_s - self._clock.monotonic_s()
        is_cancelled = True
        try:
            is_late = not await calls.waiting.over(left_s)
            is_cancelled = False
            return is_late
        finally:
            for run in runs:
                for call in dict.fromkeys(run.asked.values()):
                    self._lines[run.step.source].leave(call, calls.waiting, is_cancelled=is_cancelled)

    async def _remembered(
        self, wave: Sequence[Step], wanted: Sequence[Mapping[Key, Sequence[Key]]], calls: _Calls
    ) -> Mapping[str, Mapping[Key, Remembered]]:
        """What is remembered for the steps of a wave, by source. Looked up side by side, and not past the deadline."""
        asked = {
            step.source: list(dict.fromkeys(key for keys in wanted[place].values() for key in keys))
            for place, step in enumerate(wave)
            if self._lines[step.source].is_remembered
        }
        if not asked:
            return {}
        left_s = inf if calls.ends_at_s is None else calls.ends_at_s - self._clock.monotonic_s()
        return await self._cache.find_all(asked, within_s=left_s if left_s > 0 else inf)

    def _begin(
        self,
        step: Step,
        wanted: Mapping[Key, Sequence[Key]],
        remembered: Mapping[Key, Remembered],
        drafts: Mapping[Key, Draft],
        calls: _Calls,
        now: datetime,
    ) -> _Run:
        """The calls for what is not remembered freshly enough."""
        line = self._lines[step.source]
        left_s: dict[Key, float] = {}
        for draft in drafts.values():
            for key in wanted[draft.key]:
                if must_ask(step, draft, remembered.get(key), now):
                    left_s[key] = max(left_s.get(key, 0.0), draft.left_s)
        figures = calls.figures.source(step.source)
        terms = Terms(figures, calls.ends_at_s, calls.faults.get(step.source), left_s)
        asked = line.ask_for(left_s, step.fields, terms, calls.waiting) if left_s else {}
        if calls.ends_at_s is not None and remembered and (old := ageing(step, remembered, asked, now)):
            line.refresh(old, step.fields, SourceFigures())
        return _Run(step, wanted, remembered, now, asked)

    def _finish(self, run: _Run, drafts: Mapping[Key, Draft], calls: _Calls) -> None:
        """Gives every customer the step's fields."""
        learned = {key: self._learned(run.step, key, call, calls) for key, call in run.asked.items()}
        if self._lines[run.step.source].is_remembered:
            self._remember(
                run.step.source,
                {k: one for k, one in learned.items() if not (call := run.asked[k]).goes_on and call.to_keep(k)},
            )
        knowledge = Knowledge(run.step, run.now, run.remembered, learned)
        for draft in drafts.values():
            fill(draft, run.wanted[draft.key], knowledge)

    def _learned(self, step: Step, key: Key, call: Call, calls: _Calls) -> Learned:
        """What came of one key, and what it cost: in a campaign a customer's time runs from the call's sending."""
        ended_s = self._clock.monotonic_s() if call.ended_at_s is None else call.ended_at_s
        is_patient = calls.ends_at_s is None and call.sent_at_s is not None
        started_s = call.sent_at_s if is_patient and call.sent_at_s is not None else calls.started_s
        took_s = max(0.0, ended_s - started_s)
        if call.ended_at_s is None:
            late = NO_SLOT if call.sent_at_s is None else _late(took_s)
            return _failed(step.fields, late, took_s)
        outcome = call.of(key)
        if isinstance(outcome, Failure):
            return _failed(step.fields, outcome, took_s)
        return self._read(step.source, step.fields, key, outcome, took_s)

    def _read(self, source: str, fields: Collection[Field], key: Key, reply: Reply, took_s: float) -> Learned:
        """The fields in one key's row."""
        answer, asked_at = reply.answer, reply.asked_at
        if (problem := answer.row_errors.get(key)) is not None:
            return _failed(fields, Failure(Cause.ERROR, problem), took_s)
        row = answer.rows.get(key)
        # Asking for Mapping alone would take ten times as long.
        if row is not None and type(row) is not dict and not isinstance(row, Mapping):
            return _failed(fields, Failure(Cause.ERROR, f"wanted a row, got {type(row).__name__}"), took_s)
        as_of = self._as_of_row(source, row) or answer.as_of or asked_at
        if as_of > asked_at:  # nothing is fresher than asking, whatever a source's clock says
            as_of = asked_at
        fetched = {
            declared.name: read_value(declared, self._readers[declared.name], row, asked_at, as_of, answer.fresh_for_s)
            for declared in fields
        }
        return Learned(fetched, took_s, _tells_of_customer(self._catalog.sources[source], row))

    def _as_of_row(self, source: str, row: Row | None) -> datetime | None:
        """When the row was true, by its own word: ISO 8601, or seconds since 1970. None where it does not say."""
        read: Reader | None = self._as_of.get(source)
        if read is None or row is None:
            return None
        try:
            found = read(row)
            if isinstance(found, int | float) and not isinstance(found, bool):
                return datetime.fromtimestamp(found, UTC) if 0 < found < MAX_EPOCH_S else None
            moment = admit("datetime", found)
        except Exception:  # a path that does not fit the row, or no time in it: then its age is not known
            return None
        assert isinstance(moment, datetime)
        return max(moment.astimezone(UTC), EPOCH)

    async def _remember_call(self, source: str, call: Call) -> None:
        """Keeps what a call said, whoever waited for it."""
        replies = [(key, reply) for key in call.keys if (reply := call.to_keep(key))]
        fields = call.fields.values()
        self._remember(source, {key: self._read(source, fields, key, reply, 0.0) for key, reply in replies})

    def _remember(self, source: str, learned: Mapping[Key, Learned]) -> None:
        worth = {
            key: ({name: value for name, value in one.fetched.items() if isinstance(value, Known)}, one.has_row)
            for key, one in learned.items()
        }
        if worth:
            self._cache.put_many(source, worth)


class _Calls(msgspec.Struct, frozen=True):
    """What all calls of one wave share."""

    started_s: float  # monotonic
    ends_at_s: float | None  # monotonic; None: each customer's time counts from its slot
    faults: Mapping[str, Fault]
    figures: Figures
    waiting: Waiting


class _Run(msgspec.Struct, frozen=True):
    """One step under way."""

    step: Step
    wanted: Mapping[Key, Sequence[Key]]  # customer → keys in the source
    remembered: Mapping[Key, Remembered]
    now: datetime  # when it was decided whom to ask
    asked: Mapping[Key, Call]


def _late(took_s: float) -> Failure:
    return Failure(Cause.LATE, f"no answer within {took_s * 1000:.0f} ms")


def _failed(fields: Collection[Field], failure: Failure, took_s: float) -> Learned:
    return Learned({declared.name: failure for declared in fields}, took_s, has_row=False, is_answer=False)


def _tells_of_customer(section: config.Source, row: Row | None) -> bool:
    """Whether a row shows that the source knows the customer. Events answer a count of 0 for anybody."""
    if row is None:
        return False
    return not isinstance(section, config.EventsSource) or any(row.values())
