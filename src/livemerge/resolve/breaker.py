"""Whether a source is asked at all: not while it fails again and again, nor before the moment it asked to rest until.

closed → open: FAILURES_TO_OPEN of the last attempts failed, and they are at least half of them.
open → half open: after a pause, one call may try; the others still do without.
half open → closed by its success, → open by its failure, with a pause twice as long.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final

import structlog

FAILURES_TO_OPEN: Final = 10  # fewer may be a restart, which retries bridge
LOOKED_AT_S: Final = 10.0  # older outcomes say nothing of now
LOOKED_AT: Final = 100  # attempts
FIRST_PAUSE_S: Final = 0.5  # a flapping source comes back soon
LONGEST_PAUSE_S: Final = 15.0
PROBE_LOST_AFTER_S: Final = 10.0  # a probe whose end nobody told
LONGEST_REST_S: Final = 60.0  # of a Retry-After: a source may not switch itself off for the day

log = structlog.get_logger(__name__)


class BreakerState(StrEnum):
    """As figures and logs name it."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


class Breaker:
    """One source's. Times are monotonic seconds. An answer without a customer's row is a success."""

    def __init__(self, source: str) -> None:
        self.state = BreakerState.CLOSED
        self._source = source
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=LOOKED_AT)  # when, whether it failed
        self._pause_s = FIRST_PAUSE_S
        self._changed_at_s = 0.0
        self._rests_until_s = float("-inf")

    def refusal(self, now_s: float) -> str:
        """Why the source is not asked now; empty where it is. What is let through while open is the one probe."""
        if now_s < self._rests_until_s:
            return "not asked: it wished for a pause"
        if self.state is BreakerState.CLOSED:
            return ""
        pause_s = self._pause_s if self.state is BreakerState.OPEN else PROBE_LOST_AFTER_S
        if now_s - self._changed_at_s < pause_s:
            return "not asked: it failed too often just now"
        self._change(BreakerState.HALF_OPEN, now_s)
        return ""

    def is_closed(self, now_s: float) -> bool:
        """Whether calls go as usual."""
        return self.state is BreakerState.CLOSED and now_s >= self._rests_until_s

    def succeeded(self, now_s: float) -> None:
        """An attempt was answered."""
        self._outcomes.append((now_s, False))
        if self.state is not BreakerState.CLOSED:
            self._pause_s = FIRST_PAUSE_S
            self._outcomes.clear()
            self._change(BreakerState.CLOSED, now_s)

    def failed(self, now_s: float) -> None:
        """An attempt had no answer, or one that is none."""
        self._outcomes.append((now_s, True))
        if self.state is BreakerState.HALF_OPEN:
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
            self._change(BreakerState.OPEN, now_s)
        elif self.state is BreakerState.CLOSED and self._is_sick(now_s):
            self._change(BreakerState.OPEN, now_s)

    def rest(self, seconds: float, now_s: float) -> None:
        """The source said when to come again (Retry-After)."""
        self._rests_until_s = max(self._rests_until_s, now_s + min(seconds, LONGEST_REST_S))

    def _is_sick(self, now_s: float) -> bool:
        while self._outcomes and now_s - self._outcomes[0][0] > LOOKED_AT_S:
            self._outcomes.popleft()
        failures = sum(failed for _, failed in self._outcomes)
        return failures >= FAILURES_TO_OPEN and failures * 2 >= len(self._outcomes)

    def _change(self, state: BreakerState, now_s: float) -> None:
        if state is not self.state:
            log.warning("a source's breaker changed", source=self._source, state=str(state), before=str(self.state))
        self.state, self._changed_at_s = state, now_s
