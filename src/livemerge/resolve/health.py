"""How one source has been answering lately, and what follows: how long to wait for it, whether to ask again."""

from __future__ import annotations

from collections import deque
from typing import Final

from livemerge.resolve.breaker import Breaker, BreakerState

RETRIES_A_CALL: Final = 0.2  # a sick source gets at most a fifth more calls than a healthy one
RETRIES_IN_HAND: Final = 10.0  # saved up at most, and there at the start
MEASURED: Final = 256  # attempts whose durations are kept
MEASURED_AT_LEAST: Final = 20  # fewer say nothing of the slowest of a hundred
FEW: Final = 5  # failures that make nobody ill
ANEW_EVERY: Final = 16  # attempts between two looks at the percentile
SLACK: Final = 3.0  # times the usual p99: beyond it an attempt is taken for lost
SHORTEST_TIMEOUT_S: Final = 0.05  # below it, timeouts would be the network's and the scheduler's, not the source's


class Health:
    """One source's, over the life of the process."""

    def __init__(self, source: str) -> None:
        self.breaker = Breaker(source)
        self.answers = 0
        self.failures = 0
        self.answered_ever = 0
        self.failed_ever = 0
        self._retries = RETRIES_IN_HAND
        self._took_s: deque[float] = deque(maxlen=MEASURED)
        self._p99_s = 0.0
        self._unmeasured = 0

    @property
    def state(self) -> BreakerState:
        return self.breaker.state

    @property
    def p99_s(self) -> float:
        """How long nearly all attempts take, in seconds; 0 where too few were made."""
        return self._p99_s

    def percentile_s(self, share: float) -> float:
        """How long this share of the last attempts took at most, in seconds; 0 where none was made."""
        return sorted(self._took_s)[int((len(self._took_s) - 1) * share)] if self._took_s else 0.0

    def is_well(self) -> bool:
        """Whether the source answers as a rule; also where nobody asked it yet."""
        return self.breaker.state is BreakerState.CLOSED and self.failures <= self.answers + FEW

    def timeout_s(self, declared_s: float) -> float:
        """How long an attempt may take that can be followed by another: a healthy answer is there long before."""
        if len(self._took_s) < MEASURED_AT_LEAST:
            return declared_s
        return min(declared_s, max(SHORTEST_TIMEOUT_S, self._p99_s * SLACK))

    def begins_call(self) -> None:
        """A call earns a share of a retry."""
        self._retries = min(RETRIES_IN_HAND, self._retries + RETRIES_A_CALL)

    def may_retry(self, now_s: float) -> bool:
        """Whether there is a retry left, and the source is not given up for now. Takes nothing."""
        return self.has_retries() and self.breaker.is_closed(now_s)

    def has_retries(self) -> bool:
        """Whether a retry is left."""
        return self._retries >= 1

    def retries(self) -> None:
        """A retry is made."""
        self._retries = max(0.0, self._retries - 1)

    def answered(self, took_s: float, now_s: float) -> None:
        """An attempt was answered, with rows or without."""
        self.answers = self._counted(self.answers)
        self.answered_ever += 1
        self._measure(took_s)
        self.breaker.succeeded(now_s)

    def failed(self, took_s: float, now_s: float, *, is_late: bool, rest_s: float | None = None) -> None:
        """An attempt gave no answer. One given up on would have taken longer: counted as twice that."""
        self.failures = self._counted(self.failures)
        self.failed_ever += 1
        if is_late:
            self._measure(took_s * 2)
        self.breaker.failed(now_s)
        if rest_s:
            self.breaker.rest(rest_s, now_s)

    def _counted(self, count: int) -> int:
        """One more; both counts fade, so that a bad day is forgotten."""
        if self.answers + self.failures >= MEASURED:
            self.answers, self.failures = self.answers // 2, self.failures // 2
            count //= 2
        return count + 1

    def _measure(self, took_s: float) -> None:
        self._took_s.append(took_s)
        self._unmeasured += 1
        if self._unmeasured >= ANEW_EVERY and len(self._took_s) >= MEASURED_AT_LEAST:
            self._unmeasured = 0
            self._p99_s = sorted(self._took_s)[int(len(self._took_s) * 0.99)]
