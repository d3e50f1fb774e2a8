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

    unavailable: float | None
    failed: float | None
    messages: int = 0
    failures: int = 0
    unavailable_by_field: dict[str, int] = field(default_factory=dict)

    def count_profile(self, profile: Profile) -> None:
        self.messages += 1
        for name in profile.unavailable():
            self.unavailable_by_field[name] = self.unavailable_by_field.get(name, 0) + 1

    def reason(self) -> str:
        """Why to stop; empty while all is well."""
        if self.messages < AFTER_MESSAGES:
            return ""
        for name, count in self.unavailable_by_field.items():
            if self.unavailable is not None and count / self.messages > self.unavailable:
                return f"field {name} was unavailable for {count} of {self.messages} customers"
        if self.failed is not None and self.failures / self.messages > self.failed:
            return f"{self.failures} of {self.messages} messages were refused"
        return ""


def make_brake(declared: config.Brake | None) -> Brake:
    """The campaign's brake; one that never stops where none is declared."""
    return Brake(declared.unavailable, declared.failed) if declared else Brake(None, None)
