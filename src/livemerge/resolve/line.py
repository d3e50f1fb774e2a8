"""The calls of one source: joined where several wait for one key, gathered into batches, no more at once than it has
connections, and let end when nobody waits any more, for the cache.

Nothing here waits: `ask_for` says which calls will answer, and `Waiting` waits for them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from livemerge.catalog import Field
from livemerge.events import EVERYBODY
from livemerge.observe.figures import SourceFigures
from livemerge.resolve.ask import Asking, Fault, Patience, Reply, ask, no_turn
from livemerge.resolve.call import LOST, Call, Waiting
from livemerge.resolve.health import Health
from livemerge.resolve.ladder import Failure
from livemerge.values import Cause, Key

SENT_AT_ONCE: Final = 2  # calls of one source in one turn of the event loop; each is half a millisecond of work
WINDOW_S: Final = 0.002  # for which a batch gathers, and only while other calls are under way
SAME_MOMENT_S: Final = 0.003  # a call sent so shortly before was started "within this resolve", for `max_age = "0s"`
MAX_QUEUED_CALLS: Final = 20_000  # some 20 MB; beyond it nobody would be answered within any deadline
CAMPAIGN_WAITS_S: Final = 600.0  # for a turn within the quota: each connection waits for one, so seconds are usual
MAX_SAVING_CALLS: Final = 24  # halves of a failed batch: finds two bad keys among 500

NO_SLOT: Final = Failure(Cause.LATE, "no slot within the deadline")
TOO_MANY: Final = Failure(Cause.LATE, "too many calls wait for a slot")


class Terms(msgspec.Struct, frozen=True):
    """For whom a call is made."""

    figures: SourceFigures
    ends_at_s: float | None  # monotonic; None: a campaign, whose customers' time counts from a call's sending
    fault: Fault | None = None
    left_s: Mapping[Key, float] | None = None  # of a campaign's customers


class Line:
    """One source's calls, from being wished for to being answered. One event loop at a time."""

    def __init__(
        self,
        asking: Asking,
        patience: Patience,
        *,
        gives_whole_rows: bool,
        remember: Callable[[Call], Awaitable[None]],
    ) -> None:
        self._asking = asking
        self._patience = patience
        self._gives_whole_rows = gives_whole_rows  # whichever fields are asked for
        self._remember = remember
        self._slots = asking.source.connections
        self._late_at_most = self._slots // 2  # the other half stays free for those who wait
        self._running = 0
        self._late = 0
        self._open: Call | None = None  # the batch that still gathers
        self._opened_at_s = 0.0
        self._turns: deque[deque[Call]] = deque()  # of each asker their unsent calls: askers take turns
        self._queued = 0
        self._by_key: dict[Key, Call] = {}
        self._wakes: asyncio.Handle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def asking(self) -> Asking:
        return self._asking

    @property
    def is_remembered(self) -> bool:
        """Whether any of its answers is kept for later."""
        return self._patience.goes_on

    def ask_for(self, keys: Iterable[Key], fields: Sequence[Field], terms: Terms, waiting: Waiting) -> dict[Key, Call]:
        """The call that will answer for each key: one under way, one that gathers, or a new one."""
        self._use_running_loop()
        calls = (
            self._joined(keys, fields, terms, waiting)
            if terms.ends_at_s is not None and terms.fault is None
            else self._apart(list(keys), fields, terms, waiting)
        )
        for call in calls.values():
            waiting.add(call)
        self._wake_soon()
        return calls

    def refresh(self, keys: Sequence[Key], fields: Sequence[Field], figures: SourceFigures) -> None:
        """Asks in the background, where there is room beside those who wait."""
        self._use_running_loop()
        wanted = [key for key in keys if key not in self._by_key][: self._asking.source.max_batch]
        if not wanted or self._late >= self._late_at_most or self._turns or not self._is_well():
            return
        call = Call(dict.fromkeys(wanted), _by_name(fields), figures, None, goes_on=True)
        call.is_late = True
        call.wanted_until_s = self._asking.clock.monotonic_s() + self._patience.timeout_s
        self._late += 1
        self._by_key |= dict.fromkeys(wanted, call)
        self._queue([call])
        self._wake_soon()

    def leave(self, call: Call, waiting: Waiting, *, is_cancelled: bool) -> None:
        """Whoever waited goes. The call goes on where others wait, or where it is worth it and there is room."""
        if call.ended_at_s is not None:
            return
        call.waiting.discard(waiting)
        if call.opener is waiting:
            if call.sent_at_s is not None and not is_cancelled:
                call.figures.count_error("late")
                call.figures.took_s.add(self._asking.clock.monotonic_s() - call.sent_at_s)
            call.opener, call.figures = None, SourceFigures()  # theirs are told by now
        if not call.waiting:
            self._unwanted(call, is_cancelled=is_cancelled)

    def forget(self, key: Key) -> None:
        """Something changed for this key, or for EVERYBODY: what was asked before is joined by nobody, and not
        remembered."""
        for one in [key] if key != EVERYBODY else list(self._by_key):
            if (call := self._by_key.pop(one, None)) is not None:
                call.outdated.add(one)

    async def close(self) -> None:
        """Ends the calls under way."""
        tasks = [call.task for call in set(self._by_key.values()) if call.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- who asks with whom ------------------------------------------------------------------------------------

    def _joined(self, keys: Iterable[Key], fields: Sequence[Field], terms: Terms, waiting: Waiting) -> dict[Key, Call]:
        now_s = self._asking.clock.monotonic_s()
        assert terms.ends_at_s is not None
        calls: dict[Key, Call] = {}
        opened: list[Call] = []
        for key in keys:
            call = self._by_key.get(key)
            if call is None or not self._may_join(call, fields, now_s):
                call = self._place_for(key, fields, terms, waiting, opened)
            elif call.is_late:
                call.is_late = False
                self._late -= 1
            call.wanted_until_s = max(call.wanted_until_s, terms.ends_at_s)
            calls[key] = call
        self._queue(opened)
        return calls

    def _may_join(self, call: Call, fields: Sequence[Field], now_s: float) -> bool:
        if call.sent_at_s is None:
            call.want(fields)
            return True
        if now_s - call.sent_at_s > SAME_MOMENT_S and any(not field.max_age_s for field in fields):
            return False
        return self._gives_whole_rows or all(field.name in call.fields for field in fields)

    def _place_for(self, key: Key, fields: Sequence[Field], terms: Terms, waiting: Waiting, opened: list[Call]) -> Call:
        """The batch that gathers, or a new call."""
        call = self._open
        if call is None:
            call = Call({}, {}, terms.figures, waiting, goes_on=self._patience.goes_on)
            if self._asking.source.max_batch > 1:
                self._open, self._opened_at_s = call, self._asking.clock.monotonic_s()
        call.keys[key] = None
        call.want(fields)
        self._by_key[key] = call
        if len(call.keys) >= self._asking.source.max_batch:
            opened.append(call)
            self._open = None
        return call

    def _apart(self, keys: list[Key], fields: Sequence[Field], terms: Terms, waiting: Waiting) -> dict[Key, Call]:
        """Calls of one asker alone: a campaign's chunk is a batch already, and what is pretended is nobody else's."""
        calls: dict[Key, Call] = {}
        size = self._asking.source.max_batch
        opened = []
        for start in range(0, len(keys), size):
            part = keys[start : start + size]
            call = Call(dict.fromkeys(part), _by_name(fields), terms.figures, waiting, goes_on=False, fault=terms.fault)
            if terms.ends_at_s is None:
                call.limit_s = max((terms.left_s or {}).get(key, 0.0) for key in part)
            else:
                call.wanted_until_s = terms.ends_at_s
            if terms.fault is None:
                self._by_key |= dict.fromkeys(part, call)
            calls |= dict.fromkeys(part, call)
            opened.append(call)
        self._queue(opened)
        return calls

    # -- when they are sent ------------------------------------------------------------------------------------

    def _queue(self, calls: Sequence[Call]) -> None:
        if not calls:
            return
        if self._queued + len(calls) > MAX_QUEUED_CALLS and not calls[0].is_campaigns:
            asyncio.get_running_loop().call_soon(self._turn_away, calls)
            return
        self._queued += len(calls)
        self._turns.append(deque(calls))

    def _turn_away(self, calls: Sequence[Call]) -> None:
        for call in calls:
            self._end(call, TOO_MANY)

    def _wake_soon(self) -> None:
        """What is wished for in one turn of the event loop goes out together; a lonely request waits for no more."""
        if self._wakes is None:
            self._wakes = asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        self._wakes = None
        self._send()

    def _send(self) -> None:
        """Sends what there are slots for, some in each turn of the event loop: sending is work, and in a burst the
        deadlines of others pass meanwhile."""
        for _ in range(SENT_AT_ONCE):
            if self._running >= self._slots:
                return
            self._close_batch()
            if not self._turns:
                return
            turn = self._turns.popleft()
            call = turn.popleft()
            self._queued -= 1
            if turn:
                self._turns.append(turn)
            self._begin(call)
        self._wake_soon()

    def _close_batch(self) -> None:
        """The batch that gathers joins the queue, once its window is over or nothing else is under way."""
        if self._open is None:
            return
        left_s = self._opened_at_s + WINDOW_S - self._asking.clock.monotonic_s()
        if self._running and left_s > 0:
            if self._wakes is None:
                self._wakes = asyncio.get_running_loop().call_later(left_s, self._wake)
            return
        call, self._open = self._open, None
        self._queue([call])

    def _begin(self, call: Call) -> None:
        now_s = self._asking.clock.monotonic_s()
        if call.ended_at_s is not None:
            return
        if call.limit_s is None and now_s >= call.wanted_until_s:
            self._end(call, NO_SLOT)
            return
        if call.limit_s is not None:
            call.wanted_until_s = max(call.wanted_until_s, now_s + call.limit_s)
        elif call.fault is None and (refusal := self._refusal()):
            self._end(call, Failure(Cause.ERROR, refusal))
            return
        call.sent_at_s = now_s
        self._running += 1
        call.task = asyncio.create_task(self._run(call))
        call.task.add_done_callback(lambda _: self._done(call))

    def _is_well(self) -> bool:
        return self._asking.health.breaker.is_closed(self._asking.clock.monotonic_s())

    def _refusal(self) -> str:
        return self._asking.health.breaker.refusal(self._asking.clock.monotonic_s())

    # -- what becomes of them ----------------------------------------------------------------------------------

    async def _run(self, call: Call) -> None:
        self._over(call, await self._outcome(call))
        if call.goes_on:
            await self._remember(call)

    def _done(self, call: Call) -> None:
        """Its task has ended, also where that was cancelled before it began."""
        call.task = None  # what a cancelled one raised knows the call: only the collector would take them away
        self._over(call, LOST)

    def _over(self, call: Call, outcome: Reply | Failure) -> None:
        if call.ended_at_s is None:
            self._running -= 1
            self._end(call, outcome)
            self._send()

    async def _outcome(self, call: Call) -> Reply | Failure:
        keys = list(call.keys)
        if call.limit_s is not None and (problem := await self._campaigns_turn(call, call.limit_s)) is not None:
            return problem
        outcome = await self._ask(self._asking, call, keys, self._patience)
        if isinstance(outcome, Failure) and outcome.cause is Cause.ERROR and len(keys) > 1 and call.fault is None:
            await self._save(call, keys, outcome)
        return outcome

    async def _campaigns_turn(self, call: Call, limit_s: float) -> Failure | None:
        """Waits for the quota: only then its customers' time begins."""
        problem = await no_turn(self._asking, CAMPAIGN_WAITS_S)
        call.sent_at_s = self._asking.clock.monotonic_s()
        call.wanted_until_s = max(call.wanted_until_s, call.sent_at_s + limit_s)
        return problem

    async def _ask(self, asking: Asking, call: Call, keys: Sequence[Key], patience: Patience) -> Reply | Failure:
        is_hasty = call.limit_s is None and call.fault is None
        return await ask(
            asking,
            keys,
            list(call.fields.values()),
            patience=replace(patience, goes_on=call.goes_on, is_hasty=is_hasty),
            left_s=lambda: call.wanted_until_s - self._asking.clock.monotonic_s(),
            figures=lambda: call.figures,
            fault=call.fault,
            has_turn=call.is_campaigns and patience is self._patience,
        )

    async def _save(self, call: Call, keys: list[Key], failure: Failure) -> None:
        """Asks for the halves of a batch that failed, while that helps: one bad key is not everybody's failure."""
        once, health = replace(self._patience, retries=0), self._asking.health
        apart = replace(self._asking, health=Health(self._asking.source.name))  # one bad key says nothing of the source
        failed, calls_left = [keys], MAX_SAVING_CALLS
        while failed and calls_left > 0 and health.is_well() and (call.is_campaigns or health.has_retries()):
            health.retries()
            part = failed.pop()
            middle = len(part) // 2
            outcomes = [(half, await self._ask(apart, call, half, once)) for half in (part[:middle], part[middle:])]
            calls_left -= 2
            for half, outcome in outcomes:
                call.own_outcomes |= dict.fromkeys(half, outcome)
            if not any(isinstance(outcome, Reply) for _, outcome in outcomes) and calls_left == MAX_SAVING_CALLS - 2:
                return  # it is the source that fails, not one of its keys
            failed += [half for half, outcome in outcomes if isinstance(outcome, Failure) and len(half) > 1]

    def _end(self, call: Call, outcome: Reply | Failure) -> None:
        """The call is over: whoever waits goes on."""
        call.outcome = outcome
        call.ended_at_s = self._asking.clock.monotonic_s()
        self._late -= call.is_late
        for key in call.keys:
            if self._by_key.get(key) is call:
                del self._by_key[key]
        for waiting in call.waiting:
            waiting.called()
        call.waiting, call.opener = set(), None  # they know the call: only the collector would take them away

    def _unwanted(self, call: Call, *, is_cancelled: bool) -> None:
        """Nobody waits any more."""
        if call.sent_at_s is None or call.task is None:
            if call is self._open:
                self._open = None
            self._end(call, NO_SLOT)
        elif is_cancelled or not call.goes_on or self._late >= self._late_at_most:
            call.task.cancel()
        else:
            call.is_late = True
            self._late += 1

    def _use_running_loop(self) -> None:
        """A project that is used in one event loop after another begins anew in each."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._wakes, self._open = loop, None, None
            self._running = self._late = self._queued = 0
            self._turns.clear()
            self._by_key.clear()


def _by_name(fields: Iterable[Field]) -> dict[str, Field]:
    return {field.name: field for field in fields}
