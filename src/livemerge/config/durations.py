"""Spans of time as people write them: `250ms`, `30s`, `5m`, `2h`, `7d`, `1w`."""

from __future__ import annotations

import re

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

MAX_DURATION_S = 36_525 * 86_400.0  # a hundred years; longer ones would leave the calendar when added to a date


def parse_duration_s(text: str) -> float | None:
    """Seconds of `250ms`, `30s`, `5m`, `2h`, `7d`, `1w`; None for anything else and for more than a hundred years."""
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) * _SECONDS[match[2]] if match else MAX_DURATION_S + 1
    return seconds if seconds <= MAX_DURATION_S else None
