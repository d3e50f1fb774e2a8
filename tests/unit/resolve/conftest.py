"""A small world to resolve in: memory sources, a catalog from TOML, and time that passes only where somebody waits."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from livemerge.catalog import Catalog, load_catalog
from livemerge.config import load_settings
from livemerge.observe.figures import Figures
from livemerge.plan import make_plan
from livemerge.resolve import Cache, Fault, Overrides, Resolver
from livemerge.sources import MemorySource, Source
from livemerge.store import Store, open_store
from livemerge.values import Key, Profile, Row

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its time stands still while there is work, and jumps to the next timer when there is none: waits cost nothing,
    and every deadline is met or missed exactly."""

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__()

    def time(self) -> float:
        return self._now_s

    def _run_once(self) -> None:
        while self._scheduled and self._scheduled[0].cancelled():
            self._timer_cancelled_count -= 1
            heapq.heappop(self._scheduled)._scheduled = False
        if not self._ready and self._scheduled:
            self._now_s = max(self._now_s, self._scheduled[0].when())
        super()._run_once()


class LoopClock:
    """The time of the running loop; `shift_s` lets it pass without waiting."""

    shift_s = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time() + self.shift_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class World:
    """Sources of rows and a resolver over them. Sources are declared as tables, and answered from memory."""

    def __init__(self, folder: Path, toml: str, clock: LoopClock) -> None:
        (folder / "livemerge.toml").write_text(toml)
        self.clock = clock
        self.store: Store = open_store(folder / "livemerge.db")
        self.catalog: Catalog = load_catalog(load_settings(folder))
        self.sources: dict[str, Any] = {name: MemorySource(name, {}, clock=clock) for name in self.catalog.sources}
        self.figures = Figures()
        self.overrides = Overrides(self.catalog, clock, self.store)
        self.restart()

    def restart(self) -> None:
        """A new process over the same store."""
        self.cache = Cache(self.catalog, self.clock, self.store)
        self.resolver = self.make_resolver()

    def make_resolver(self, jitter: Callable[[], float] = lambda: 1.0) -> Resolver:
        sources: Mapping[str, Source] = self.sources
        return Resolver(self.catalog, sources, self.cache, self.overrides, self.clock, jitter=jitter)

    def holds(self, source: str, rows: Mapping[Key, Row], **options: Any) -> MemorySource:
        """Gives a source its rows, and with options a new make."""
        made = MemorySource(source, rows, clock=self.clock, **options)
        self.sources[source] = made
        self.resolver = self.make_resolver()
        return made

    async def resolve(
        self,
        keys: Sequence[Key],
        fields: Sequence[str] | None = None,
        *,
        deadline_s: float = 1.0,
        waits_for_slots: bool = False,
        faults: Mapping[str, Fault] | None = None,
    ) -> dict[Key, Profile]:
        plan = make_plan(self.catalog, fields if fields is not None else self.catalog.fields)
        return await self.resolver.resolve(
            plan,
            keys,
            deadline_s=deadline_s,
            waits_for_slots=waits_for_slots,
            faults=faults,
            figures=self.figures,
        )

    async def one(self, key: Key, fields: Sequence[str] | None = None, **options: Any) -> Profile:
        return (await self.resolve([key], fields, **options))[key]

    def passes(self, seconds: float) -> None:
        """Time goes by."""
        self.clock.shift_s += seconds


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"jumping": JumpingLoop}


@pytest.fixture
def clock() -> LoopClock:
    return LoopClock()


@pytest.fixture
def make_world(tmp_path: Path, clock: LoopClock) -> Callable[[str], World]:
    return lambda toml: World(tmp_path, toml, clock)
