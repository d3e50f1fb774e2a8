"""A profile for which nobody has to be asked: all of it is in process, and fresh. Never waits, calls nothing.

What a glance finds is what `Resolver.resolve` would give; where it finds nothing, resolve.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from livemerge.catalog import Catalog
from livemerge.clock import Clock
from livemerge.plan import Plan, Step
from livemerge.resolve.cache import Cache, Remembered
from livemerge.resolve.draft import Draft, Knowledge, fill, must_ask, profile_of, source_keys
from livemerge.resolve.overrides import Override, Overrides
from livemerge.values import Key, Profile

NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Glance(msgspec.Struct, frozen=True, gc=False):
    """A profile, and what it was made of: while that `holds`, the profile is still right."""

    profile: Profile
    rows: tuple[tuple[str, Key, Remembered], ...]  # source, key, and what was remembered of it
    pins: tuple[Override, ...]  # all that were live
    fresh_until: datetime  # when the first of its values is too old
    made_at: datetime


class Glances:
    """Looks into the cache of a project without asking anybody."""

    def __init__(self, catalog: Catalog, cache: Cache, overrides: Overrides, clock: Clock) -> None:
        self._catalog = catalog
        self._cache = cache
        self._overrides = overrides
        self._clock = clock

    def find(self, plan: Plan, key: Key) -> Glance | None:
        """The profile; None where a source would have to be asked. Raises StoreError."""
        now, pins = self._clock.now(), self._overrides.live()
        draft = Draft(key, 0.0, self._overrides.of([key]).get(key, {}))
        rows: list[tuple[str, Key, Remembered]] = []
        fresh_until = NEVER
        for wave in plan.waves:
            for step in wave:
                keys = [key] if step.by is None else source_keys(step.by, {key: draft})[key]
                remembered = {one: row for one in keys if (row := self._cache.held(step.source, one)) is not None}
                if any(must_ask(step, draft, remembered.get(one), now) for one in keys):
                    return None
                fill(draft, keys, Knowledge(step, now, remembered, {}))
                rows += [(step.source, one, row) for one, row in remembered.items()]
                fresh_until = min(fresh_until, _fresh_until(step, remembered.values(), draft))
        return Glance(profile_of(draft, plan.required), tuple(rows), pins, fresh_until, now)

    def pins(self) -> tuple[Override, ...]:
        """All that are live now. Raises StoreError."""
        return self._overrides.live()

    def holds(self, glance: Glance, now: datetime, pins: tuple[Override, ...]) -> bool:
        """Whether looking again would find the same. pins: those that are live now."""
        if not glance.made_at <= now <= glance.fresh_until or pins is not glance.pins:
            return False
        held = self._cache.held
        # Asked a thousand times for one batch: all() over a generator takes twice as long.
        for source, key, row in glance.rows:  # noqa: SIM110
            if held(source, key) is not row:
                return False
        return True


def _fresh_until(step: Step, rows: Iterable[Remembered], draft: Draft) -> datetime:
    """When the first value of the step is older than its field allows; pinned ones do not age."""
    return min(
        (
            known.as_of + timedelta(seconds=min(declared.max_age_s, known.fresh_for_s))
            for row in rows
            for declared in step.fields
            if declared.name not in draft.pinned and (known := row.fields.get(declared.name)) is not None
        ),
        default=NEVER,
    )
