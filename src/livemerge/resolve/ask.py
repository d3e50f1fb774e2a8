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

import structlog

from livemerge.catalog import Field
from livemerge.clock import Clock
from livemerge.errors import SourceError
from livemerge.observe.figures import SourceFigures
from livemerge.resolve.ladder import Failure
from livemerge.sources import Source
from livemerge.values import Answer, Cause, Key

FIRST_BACKOFF_S: Final = 0.05
LARGEST_BACKOFF_S: Final = 2.0

log = structlog.get_logger(__name__)

_left_behind: Final[set[asyncio.Task[Answer]]] = set()
"""Calls that were cancelled and have not ended yet; the event loop itself holds tasks only weakly."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often to ask."""

    timeout_s: float  # one attempt
    retries: int  # attempts after the first


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and when the source was asked for it."""

    answer: Answer
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault to pretend, for previews and rehearsals: the source is down, or slower than it is."""

    is_down: bool = False
    delay_s: float = 0.0


async def ask(
    source: Source,
    keys: Sequence[Key],
    fields: Sequence[Field],
    *,
    patience: Patience,
    deadline_s: float,
    clock: Clock,
    jitter: Callable[[], float],
    figures: SourceFigures,
    fault: Fault | None = None,
) -> Reply | Failure:
    """The source's answer, or why there is none, after `deadline_s` seconds at the latest. Raises nothing."""
    ends_at_s = clock.monotonic_s() + deadline_s
    failure = Failure(Cause.LATE, "no time left to ask")
    for attempt in range(patience.retries + 1):
        left_s = ends_at_s - clock.monotonic_s()
        if left_s <= 0:
            return failure
        figures.retries += attempt > 0
        outcome = await _attempt(source, keys, fields, min(patience.timeout_s, left_s), clock, figures, fault)
        if isinstance(outcome, Reply):
            return outcome
        failure, wait_s = outcome
        if wait_s is None:
            return failure
        wait_s = max(wait_s, _backoff_s(attempt) * jitter())
        if attempt == patience.retries or clock.monotonic_s() + wait_s >= ends_at_s:
            return failure
        await clock.sleep(wait_s)
    return failure


async def _attempt(
    source: Source,
    keys: Sequence[Key],
    fields: Sequence[Field],
    timeout_s: float,
    clock: Clock,
    figures: SourceFigures,
    fault: Fault | None,
) -> Reply | tuple[Failure, float | None]:
    """The answer; or the failure with the least seconds to wait before asking again, None for 'do not ask again'."""
    started_s, asked_at = clock.monotonic_s(), clock.now()
    figures.calls += 1
    figures.keys += len(keys)
    try:
        answer = await _within(timeout_s, _fetch(source, keys, fields, clock, fault))
        figures.foreign_rows += answer.foreign_rows
        return Reply(answer, asked_at)
    except TimeoutError:
        figures.count_error("late")
        return Failure(Cause.LATE, f"no answer within {timeout_s * 1000:.0f} ms"), 0.0
    except SourceError as error:
        figures.count_error(error.what)
        return Failure(Cause.ERROR, error.what), (error.retry_after_s or 0.0) if error.retryable else None
    except Exception as error:
        figures.count_error(type(error).__name__)
        # The text of a stranger's error may hold personal data; its type and place do not.
        log.error("a source failed as none should", source=source.name, error=type(error).__name__, at=_place(error))
        return Failure(Cause.ERROR, f"failed with {type(error).__name__}"), None
    finally:
        figures.took_s.add(clock.monotonic_s() - started_s)


async def _within(timeout_s: float, fetching: Coroutine[None, None, Answer]) -> Answer:
    """What the call gives. Raises TimeoutError in time, also where the call does not let itself be cancelled."""
    call = asyncio.create_task(fetching)
    try:
        await asyncio.wait({call}, timeout=timeout_s)
    finally:
        if not call.done():
            call.cancel()
            _left_behind.add(call)
            call.add_done_callback(_forget)
    if not call.done():
        raise TimeoutError
    if call.cancelled():
        raise RuntimeError("the source cancelled its own call")
    return call.result()


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
