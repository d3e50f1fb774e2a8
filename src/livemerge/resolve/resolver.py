"""A plan × a batch of customers → profiles.

For each wave: what is remembered, what must be asked, one batch of calls per step side by side, then field by field
the ladder. A customer's time is its own: in a campaign it runs only while one of its calls has a slot, so a healthy
source never yields a fallback because others were in front.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from livemerge import config
from livemerge.catalog import Catalog, admit
from livemerge.clock import Clock
from livemerge.observe.figures import Figures
from livemerge.plan import Plan, Step
from livemerge.resolve.ask import Fault, Patience, Reply, ask
from livemerge.resolve.cache import Cache
from livemerge.resolve.draft import Draft, Knowledge, Learned, fill, must_ask, profile_of, source_keys
from livemerge.resolve.ladder import Failure, Known, Reader, make_reader, read_value
from livemerge.resolve.overrides import Overrides
from livemerge.sources import Source
from livemerge.values import Cause, Key, Profile, Row

__all__ = ["Fault", "Resolver"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)  # no data is older: what a source says beyond it is this
NO_SLOT: Final = Failure(Cause.LATE, "no slot within the deadline")
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
    ) -> None:
        self._catalog = catalog
        self._sources = sources
        self._cache = cache
        self._overrides = overrides
        self._clock = clock
        self._jitter = jitter
        self._slots = {name: asyncio.Semaphore(source.connections) for name, source in sources.items()}
        self._readers = {name: make_reader(declared.path) for name, declared in catalog.fields.items()}
        self._as_of = {
            name: make_reader(path)
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
        drafts = {key: Draft(key, deadline_s, pinned.get(key, {})) for key in keys}
        ends_at_s = None if waits_for_slots else self._clock.monotonic_s() + deadline_s
        for wave in plan.waves:
            calls = _Calls(self._clock.monotonic_s(), ends_at_s, faults or {}, figures)
            await _side_by_side([self._run_step(step, drafts, calls) for step in wave])
            for draft in drafts.values():
                draft.end_wave()
        required = [name for name in sorted(plan.asked) if self._catalog.fields[name].is_required]
        return {key: profile_of(draft, required) for key, draft in drafts.items()}

    async def _run_step(self, step: Step, drafts: Mapping[Key, Draft], calls: _Calls) -> None:
        """Gives every customer the step's fields."""
        wanted = {draft.key: source_keys(step, draft) for draft in drafts.values()}
        asked = dict.fromkeys(key for keys in wanted.values() for key in keys)
        remembered = await self._cache.find_many(step.source, asked)
        now = self._clock.now()
        left_s: dict[Key, float] = {}
        for draft in drafts.values():
            for key in wanted[draft.key]:
                if must_ask(step, draft, remembered.get(key), now):
                    left_s[key] = max(left_s.get(key, 0.0), draft.left_s)
        learned = await self._ask_all(step, left_s, calls) if left_s else {}
        self._remember(step, learned)
        knowledge = Knowledge(step, now, remembered, learned)
        for draft in drafts.values():
            fill(draft, wanted[draft.key], knowledge)

    async def _ask_all(self, step: Step, left_s: Mapping[Key, float], calls: _Calls) -> dict[Key, Learned]:
        """What the source says of these keys, in as few calls as it allows, no more of them at once than it has slots.

        Thousands of single calls would cost a task each, all of them woken at the deadline: lanes take turns instead.
        """
        source = self._sources[step.source]
        keys = list(left_s)
        parts = [keys[start : start + source.max_batch] for start in range(0, len(keys), source.max_batch)]
        waiting = iter(parts)
        learned: dict[Key, Learned] = {}

        async def lane() -> None:
            for part in waiting:
                learned.update(await self._ask(step, part, left_s, calls))

        await _side_by_side([lane() for _ in range(min(len(parts), source.connections))])
        return learned

    async def _ask(
        self, step: Step, keys: Sequence[Key], left_s: Mapping[Key, float], calls: _Calls
    ) -> dict[Key, Learned]:
        """One call. It may run as long as the most patient of its customers; who had less time does without."""
        section, slot = self._catalog.sources[step.source], self._slots[step.source]
        if not await self._takes(slot, calls.ends_at_s):
            late = _failed(step, NO_SLOT, self._clock.monotonic_s() - calls.started_s)
            return dict.fromkeys(keys, late)
        now_s = self._clock.monotonic_s()
        started_s = now_s if calls.ends_at_s is None else calls.started_s
        try:
            answer = await ask(
                self._sources[step.source],
                keys,
                step.fields,
                patience=Patience(section.timeout_ms / 1000, section.retries),
                deadline_s=max(left_s[key] for key in keys) if calls.ends_at_s is None else calls.ends_at_s - now_s,
                clock=self._clock,
                jitter=self._jitter,
                figures=calls.figures.source(step.source),
                fault=calls.faults.get(step.source),
            )
        finally:
            slot.release()
        took_s = self._clock.monotonic_s() - started_s
        if isinstance(answer, Failure):
            return dict.fromkeys(keys, _failed(step, answer, took_s))
        return {key: self._read(step, key, answer, took_s) for key in keys}

    async def _takes(self, slot: asyncio.Semaphore, ends_at_s: float | None) -> bool:
        """Whether there was a slot in time; in a campaign there always is, as every holder's time ends."""
        left_s = None if ends_at_s is None else ends_at_s - self._clock.monotonic_s()
        if left_s is not None and left_s <= 0:
            return False
        if left_s is None or not slot.locked():
            return await slot.acquire()
        try:
            async with asyncio.timeout(left_s):
                return await slot.acquire()
        except TimeoutError:
            return False

    def _read(self, step: Step, key: Key, reply: Reply, took_s: float) -> Learned:
        """The step's fields in one key's row."""
        answer, asked_at = reply.answer, reply.asked_at
        if (problem := answer.row_errors.get(key)) is not None:
            return _failed(step, Failure(Cause.ERROR, problem), took_s)
        row = answer.rows.get(key)
        if row is not None and not isinstance(row, Mapping):
            return _failed(step, Failure(Cause.ERROR, f"wanted a row, got {type(row).__name__}"), took_s)
        as_of = self._as_of_row(step.source, row) or answer.as_of or asked_at
        if as_of > asked_at:  # nothing is fresher than asking, whatever a source's clock says
            as_of = asked_at
        fetched = {
            declared.name: read_value(declared, self._readers[declared.name], row, asked_at, as_of)
            for declared in step.fields
        }
        return Learned(fetched, took_s, _tells_of_customer(self._catalog.sources[step.source], row))

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

    def _remember(self, step: Step, learned: Mapping[Key, Learned]) -> None:
        worth = {
            key: ({name: value for name, value in one.fetched.items() if isinstance(value, Known)}, one.has_row)
            for key, one in learned.items()
        }
        self._cache.put_many(step.source, worth)


@dataclass(frozen=True, slots=True)
class _Calls:
    """What all calls of one wave share."""

    started_s: float  # monotonic
    ends_at_s: float | None  # monotonic; None: each customer's time counts from its slot
    faults: Mapping[str, Fault]
    figures: Figures


async def _side_by_side(work: Sequence[Coroutine[None, None, None]]) -> None:
    """Runs all of it; one piece alone, the usual case for one customer, costs no task of its own."""
    if len(work) == 1:
        await work[0]
    else:
        await asyncio.gather(*work)


def _failed(step: Step, failure: Failure, took_s: float) -> Learned:
    return Learned({declared.name: failure for declared in step.fields}, took_s, has_row=False)


def _tells_of_customer(section: config.Source, row: Row | None) -> bool:
    """Whether a row shows that the source knows the customer. Events answer a count of 0 for anybody."""
    if row is None:
        return False
    return not isinstance(section, config.EventsSource) or any(row.values())
