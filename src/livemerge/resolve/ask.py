"""One source call with retries: exponential backoff with jitter, the source's Retry-After, never past the deadline.

Whatever a source does, there is an outcome in time: a call that ignores its end is left behind, and an exception that
no source may raise is an error of that source, not of those who asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from traceback import extract_tb
from typing import Final

import msgspec
import structlog

from livemerge.catalog import Field
from livemerge.clock import Clock
from livemerge.errors import SourceError
from livemerge.observe.figures import SourceFigures
from livemerge.resolve.health import Health
from livemerge.resolve.ladder import Failure
from livemerge.resolve.quota import Quota
from livemerge.sources import Source
from livemerge.values import Answer, Cause, Key

FIRST_BACKOFF_S: Final = 0.05
LARGEST_BACKOFF_S: Final = 2.0
LATE_SAYS_S: Final = 0.05  # who gave up sooner says more of their own haste than of the source

log = structlog.get_logger(__name__)

_left_behind: Final[set[asyncio.Task[Answer]]] = set()
"""Calls that were cancelled and have not ended yet; the event loop itself holds tasks only weakly."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often to ask."""

    timeout_s: float  # one attempt
    retries: int  # attempts after the first
    goes_on: bool = False  # an attempt under way is let end by its own timeout, though nobody waits any more
    is_hasty: bool = False  # within a deadline that a mail server waits for: lost attempts are given up early


class Reply(msgspec.Struct, frozen=True, gc=False):
    """An answer, and when the source was asked for it."""

    answer: Answer
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault to pretend, for previews and rehearsals: the source is down, or slower than it is."""

    is_down: bool = False
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Asking:
    """A source to be asked, and all that bears on how."""

    source: Source
    clock: Clock
    jitter: Callable[[], float]
    health: Health
    quota: Quota | None = None


async def ask(
    asking: Asking,
    keys: Sequence[Key],
    fields: Sequence[Field],
    *,
    patience: Patience,
    left_s: Callable[[], float],
    figures: Callable[[], SourceFigures],
    fault: Fault | None = None,
    has_turn: bool = False,
) -> Reply | Failure:
    """The source's answer, or why there is none. Raises nothing.

    left_s: seconds for which somebody waits; nothing is begun after them. figures: where to count now.
    has_turn: the first attempt's turn within the quota was taken.
    """
    clock, health = asking.clock, asking.health
    failure = Failure(Cause.LATE, "no time left to ask")
    if fault is None:
        health.begins_call()
    for attempt in range(patience.retries + 1):
        if (attempt or not has_turn) and (problem := await no_turn(asking, left_s())) is not None:
            return failure if attempt else problem
        if (left := left_s()) <= 0:
            return failure
        is_last = attempt == patience.retries or (patience.is_hasty and not health.may_retry(clock.monotonic_s()))
        if attempt > 0:
            figures().retries += 1
            if patience.is_hasty:
                health.retries()
        timeout_s = _timeout_s(patience, health, left, is_last=is_last)
        outcome = await _attempt(asking, keys, fields, timeout_s, figures, fault)
        if isinstance(outcome, Reply):
            return outcome
        failure, wait_s = outcome
        if wait_s is None or is_last:
            return failure
        wait_s = max(wait_s, _backoff_s(attempt) * asking.jitter())
        if wait_s >= left_s() or (patience.is_hasty and not health.may_retry(clock.monotonic_s() + wait_s)):
            return failure
        await clock.sleep(wait_s)
    return failure


async def no_turn(asking: Asking, left_s: float) -> Failure | None:
    """Waits until the source's quota has a turn; the failure where it has none in this time."""
    if asking.quota is None:
        return None
    wait_s = await asking.quota.turn(max(0.0, left_s))
    if wait_s is None:
        return Failure(Cause.ERROR, "not asked: its quota is used up")
    if wait_s > 0:
        await asking.clock.sleep(wait_s)
    return None


def _timeout_s(patience: Patience, health: Health, left_s: float, *, is_last: bool) -> float:
    timeout_s = patience.timeout_s if patience.goes_on else min(patience.timeout_s, left_s)
    # Only where another attempt may follow: the last one has all the time, or a source that became slower would
    # never be heard again.
    return timeout_s if is_last or not patience.is_hasty else min(timeout_s, health.timeout_s(patience.timeout_s))


async def _attempt(
    asking: Asking,
    keys: Sequence[Key],
    fields: Sequence[Field],
    timeout_s: float,
    figures: Callable[[], SourceFigures],
    fault: Fault | None,
) -> Reply | tuple[Failure, float | None]:
    """The answer; or the failure with the least seconds to wait before asking again, None for 'do not ask again'."""
    clock, source = asking.clock, asking.source
    started_s, asked_at = clock.monotonic_s(), clock.now()
    figures().calls += 1
    figures().keys += len(keys)
    health = asking.health if fault is None else Health(source.name)  # what is pretended says nothing of the source
    is_late, rest_s, is_answered = False, None, False
    try:
        answer = await _within(timeout_s, _fetch(source, keys, fields, clock, fault))
        figures().foreign_rows += answer.foreign_rows
        is_answered = True
        return Reply(answer, asked_at)
    except TimeoutError:
        is_late = True
        figures().count_error("late")
        return Failure(Cause.LATE, f"no answer within {timeout_s * 1000:.0f} ms"), 0.0
    except SourceError as error:
        rest_s = error.retry_after_s
        figures().count_error(error.what)
        return Failure(Cause.ERROR, error.what), (error.retry_after_s or 0.0) if error.retryable else None
    except asyncio.CancelledError:
        is_late = True
        raise
    except Exception as error:
        figures().count_error(type(error).__name__)
        # The text of a stranger's error may hold personal data; its type and place do not.
        log.error("a source failed as none should", source=source.name, error=type(error).__name__, at=_place(error))
        return Failure(Cause.ERROR, f"failed with {type(error).__name__}"), None
    finally:
        now_s = clock.monotonic_s()
        figures().took_s.add(now_s - started_s)
        if is_answered:
            health.answered(now_s - started_s, now_s)
        elif not is_late or now_s - started_s >= LATE_SAYS_S:
            health.failed(now_s - started_s, now_s, is_late=is_late, rest_s=rest_s)


async def _within(timeout_s: float, fetching: Coroutine[None, None, Answer]) -> Answer:
    """What the call gives. Raises TimeoutError in time, also where the call does not let itself be cancelled."""
    call = asyncio.create_task(fetching)
    call.add_done_callback(_forget)
    try:
        await asyncio.wait({call}, timeout=timeout_s)
    finally:
        if not call.done():
            call.cancel()
            _left_behind.add(call)
    if not call.done():
        raise TimeoutError
    if call.cancelled():
        raise RuntimeError("the source cancelled its own call")
    try:
        return call.result()
    finally:
        del call  # the traceback of what it raises holds this frame: only the collector would take both away


def _forget(call: asyncio.Task[Answer]) -> None:
    _left_behind.discard(call)
    if not call.cancelled():
        call.exception()  # looked at, or asyncio complains that nobody did


async def _fetch(
    source: Source, keys: Sequence[Key], fields: Sequence[Field], clock: Clock, fault: Fault | None
) -> Answer:
    if fault is not None:
        await clock.sleep(fault.delay_s)
        if fault.is_down:
            raise SourceError("switched off for this preview", retryable=False)
    return await source.fetch(keys, fields)


def _place(error: Exception) -> str:
    frames = extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _backoff_s(attempt: int) -> float:
    return min(FIRST_BACKOFF_S * 2.0**attempt, LARGEST_BACKOFF_S)
