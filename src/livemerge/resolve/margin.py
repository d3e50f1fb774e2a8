"""How long before its deadline a resolve stops waiting, so that its end comes by it.

An alone resolve ends at once when its time is up. Where the time of many is up together, as when a source hangs, the
last of them waits until all the others have made their profiles: as long as that took lately, all stop earlier.
"""

from __future__ import annotations

from typing import Final

WINDOW_S: Final = 5.0  # what was seen counts for one to two of these
MOST_S: Final = 0.03  # a process that is slower than this has too much to do: waiting less would not help it
MOST_OF_DEADLINE: Final = 0.2


class Margin:
    """The longest that ends took lately. Moments are monotonic seconds."""

    def __init__(self) -> None:
        self._window = 0
        self._longest_s = 0.0  # in this window
        self._before_s = 0.0  # in the one before

    def took(self, seconds: float, now_s: float) -> None:
        """From the moment at which a resolve meant to stop waiting until its profiles were made."""
        self._move_to(now_s)
        self._longest_s = max(self._longest_s, seconds)

    def of(self, deadline_s: float, now_s: float) -> float:
        """Seconds to stop before a deadline that is so far away."""
        self._move_to(now_s)
        return min(max(self._longest_s, self._before_s), MOST_S, deadline_s * MOST_OF_DEADLINE)

    def _move_to(self, now_s: float) -> None:
        window = int(now_s / WINDOW_S)
        if window != self._window:
            self._before_s = self._longest_s if window == self._window + 1 else 0.0
            self._window, self._longest_s = window, 0.0
