"""Declared limits that stop a run: a source gone for too many, too many messages refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from livemerge import config
from livemerge.values import Profile

AFTER_MESSAGES: Final = 200  # a share of fewer says little


@dataclass(slots=True)
class Brake:
    """Declared limits that stop a run, and what was counted for them."""

    most_unavailable: float | None  # shares of the messages
    most_failed: float | None
    messages: int = 0
    failures: int = 0
    unavailable: dict[str, int] = field(default_factory=dict)

    def count_profile(self, profile: Profile) -> None:
        self.messages += 1
        for name in profile.unavailable():
            self._count_unavailable(f"field {name}")

    def count_silence(self, host: str) -> None:
        """Counts a customer whose message fetched in vain."""
        self._count_unavailable(host)

    def _count_unavailable(self, what: str) -> None:
        self.unavailable[what] = self.unavailable.get(what, 0) + 1

    def reason(self) -> str:
        """Why to stop; empty while all is well."""
        if self.messages < AFTER_MESSAGES:
            return ""
        for what, count in self.unavailable.items():
            if self.most_unavailable is not None and count / self.messages > self.most_unavailable:
                return f"{what} was unavailable for {count} of {self.messages} customers"
        if self.most_failed is not None and self.failures / self.messages > self.most_failed:
            return f"{self.failures} of {self.messages} messages were refused"
        return ""


def make_brake(declared: config.Brake | None) -> Brake:
    """The campaign's brake; one that never stops where none is declared."""
    return Brake(declared.unavailable, declared.failed) if declared else Brake(None, None)
