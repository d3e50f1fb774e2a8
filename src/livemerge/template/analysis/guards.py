"""Which fields every way to a place has looked at."""

from __future__ import annotations

Guards = frozenset[str]
NOTHING: Guards = frozenset()


def is_guarded(path: str, guards: Guards) -> bool:
    """Whether a path, or what it is a part of, was looked at."""
    wholes = (path[:at] for at, character in enumerate(path) if character in ".[")
    return path in guards or any(whole in guards for whole in wholes)
