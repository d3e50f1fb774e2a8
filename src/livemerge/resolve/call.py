"""One call to a source, those who wait for it, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec

from livemerge.catalog import Field
from livemerge.observe.figures import SourceFigures
from livemerge.resolve.ask import Fault, Reply
from livemerge.resolve.ladder import Failure
from livemerge.values import Cause, Key

LOST: Final = Failure(Cause.ERROR, "the call was given up")


class Call(msgspec.Struct, eq=False):
    """Keys that are asked for together. It belongs to whoever opened it; others join."""

    keys: dict[Key, None]
    fields: dict[str, Field]
    figures: SourceFigures  # of who opened it, until they leave
    opener: Waiting | None
    goes_on: bool  # also when nobody waits any more: its answer will be remembered
    limit_s: float | None = None  # in campaigns: seconds from its sending until its customers' time is over
    fault: Fault | None = None
    wanted_until_s: float = float("-inf")  # monotonic
    waiting: set[Waiting] = set()  # msgspec gives each its own
    task: asyncio.Task[None] | None = None
    sent_at_s: float | None = None  # monotonic
    ended_at_s: float | None = None  # monotonic
    outcome: Reply | Failure = LOST
    own_outcomes: dict[Key, Reply | Failure] = {}  # of keys that were asked apart
    outdated: set[Key] = set()  # changed since it was sent: not to be remembered
    is_late: bool = False  # goes on for the cache alone

    def want(self, fields: Iterable[Field]) -> None:
        """These are asked for too."""
        for declared in fields:
            self.fields[declared.name] = declared

    def of(self, key: Key) -> Reply | Failure:
        """What came of one key."""
        return self.own_outcomes.get(key, self.outcome)

    def to_keep(self, key: Key) -> Reply | None:
        """What the source said of one key; None where it said nothing, does not want it kept, or it changed since."""
        if key in self.outdated:
            return None
        outcome = self.of(key)
        return outcome if isinstance(outcome, Reply) and outcome.answer.may_be_kept else None

    @property
    def is_campaigns(self) -> bool:
        return self.limit_s is not None


class Waiting:
    """What one wave of one resolve waits for: all its calls, or its deadline."""

    def __init__(self) -> None:
        self.calls: dict[Call, None] = {}
        self._left = 0
        self._over: asyncio.Future[None] | None = None

    def add(self, call: Call) -> None:
        if call not in self.calls:
            self.calls[call] = None
            if call.ended_at_s is None:
                call.waiting.add(self)
                self._left += 1

    def called(self) -> None:
        """One of the calls has ended."""
        self._left -= 1
        if not self._left:
            self._end()

    async def over(self, within_s: float | None) -> bool:
        """Waits until all calls have ended, or so many seconds; whether they have. One timer for all of them."""
        if not self._left:
            return True
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        timer = None if within_s is None else loop.call_later(max(0.0, within_s), self._end)
        try:
            await self._over
        finally:
            if timer is not None:
                timer.cancel()
        return not self._left

    def _end(self) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(None)
