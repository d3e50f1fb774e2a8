"""Each key's fair share of the sources: so many requests a second, saved up for a burst. Past it, answers come from
what is known; nobody is refused."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from livemerge.clock import Clock

MAX_KEPT: Final = 10_000  # keys; the one not seen for longest starts anew with a full share


class Shares:
    """Token buckets by name. `burst_s`: how many seconds of its rate a bucket holds, full at first.

    Each process has its own: with several workers a key's share is so much in each.
    """

    def __init__(self, clock: Clock, *, burst_s: float) -> None:
        self._clock = clock
        self._burst_s = burst_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens; when counted, monotonic s

    def take(self, name: str, rate_per_s: float, *, count: int = 1) -> bool:
        """Whether the share had anything left for it. One that takes more than is left is served and owes the rest."""
        now_s, most = self._clock.monotonic_s(), max(1.0, rate_per_s * self._burst_s)
        left, counted_s = self._left.pop(name, (most, now_s))
        left = min(most, left + (now_s - counted_s) * rate_per_s)
        had = left >= 1.0
        if len(self._left) >= MAX_KEPT:
            self._left.popitem(last=False)
        self._left[name] = (max(-most, left - count) if had else left, now_s)
        return had

    def owe(self, name: str, rate_per_s: float, count: int) -> None:
        """Takes so much more for what was let in already; what is not left is owed, and paid back at the rate."""
        left, counted_s = self._left.get(name, (max(1.0, rate_per_s * self._burst_s), self._clock.monotonic_s()))
        self._left[name] = (left - count, counted_s)

    def wait_s(self, name: str, rate_per_s: float) -> float:
        """Seconds until the share has something again."""
        left, counted_s = self._left.get(name, (1.0, 0.0))
        return max(0.0, (1.0 - left) / rate_per_s - (self._clock.monotonic_s() - counted_s))
