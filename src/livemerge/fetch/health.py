"""Hosts that do not answer are left in peace for a while, so that a dead one does not set the pace of a send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from livemerge.clock import Clock

SICK_AFTER: Final = 20  # failures in a row; fewer happen to healthy hosts
REST_S: Final = 10.0
FAILING: Final = frozenset({0, 408, 429, 502, 503, 504, 529})  # no answer, or a server that cannot keep up


@dataclass(slots=True)
class _Record:
    failures: int = 0
    rests_until_s: float = 0.0  # on the monotonic clock


class Health:
    """How the hosts of one project do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hosts: dict[str, _Record] = {}

    def is_resting(self, host: str) -> bool:
        record = self._hosts.get(host)
        return record is not None and self._clock.monotonic_s() < record.rests_until_s

    def note(self, host: str, status: int) -> None:
        """Counts an answer; after a rest, the next failure begins another."""
        record = self._hosts.setdefault(host, _Record())
        if status not in FAILING:
            record.failures = 0
            return
        record.failures += 1
        if record.failures >= SICK_AFTER:
            record.failures = SICK_AFTER - 1
            record.rests_until_s = self._clock.monotonic_s() + REST_S
