"""One source call with retries: exponential backoff with jitter, the source's Retry-After, never past the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from livemerge.catalog import Field
from livemerge.clock import Clock
from livemerge.errors import SourceError
from livemerge.observe.figures import SourceFigures
from livemerge.resolve.ladder import Failure
from livemerge.sources import Source
from livemerge.values import Answer, Cause, Key

FIRST_BACKOFF_S: Final = 0.05
LARGEST_BACKOFF_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often to ask."""

    timeout_s: float  # one attempt
    retries: int  # attempts after the first


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
) -> Answer | Failure:
    """The source's answer, or why there is none after `deadline_s` seconds at the latest. Never raises SourceError."""
    ends_at_s = clock.monotonic_s() + deadline_s
    failure = Failure(Cause.LATE, "no time left to ask")
    for attempt in range(patience.retries + 1):
        left_s = ends_at_s - clock.monotonic_s()
        if left_s <= 0:
            return failure
        figures.retries += attempt > 0
        outcome = await _attempt(source, keys, fields, min(patience.timeout_s, left_s), clock, figures, fault)
        if isinstance(outcome, Answer):
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
) -> Answer | tuple[Failure, float | None]:
    """The answer; or the failure with the least seconds to wait before asking again, None for 'do not ask again'."""
    started_s = clock.monotonic_s()
    figures.calls += 1
    figures.keys += len(keys)
    try:
        async with asyncio.timeout(timeout_s):
            await _pretend(fault)
            answer = await source.fetch(keys, fields)
    except TimeoutError:
        figures.errors["late"] += 1
        return Failure(Cause.LATE, f"no answer within {timeout_s * 1000:.0f} ms"), 0.0
    except SourceError as error:
        figures.errors[error.what] += 1
        return Failure(Cause.ERROR, error.what), (error.retry_after_s or 0.0) if error.retryable else None
    finally:
        figures.took_s.add(clock.monotonic_s() - started_s)
    figures.foreign_rows += answer.foreign_rows
    return answer


async def _pretend(fault: Fault | None) -> None:
    if fault is None:
        return
    if fault.delay_s:
        await asyncio.sleep(fault.delay_s)
    if fault.is_down:
        raise SourceError("switched off for this preview", retryable=False)


def _backoff_s(attempt: int) -> float:
    return min(FIRST_BACKOFF_S * 2.0**attempt, LARGEST_BACKOFF_S)
