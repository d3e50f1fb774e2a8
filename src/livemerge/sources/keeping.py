"""How long an answer may be kept by its own word: Cache-Control as one reader's cache reads it (RFC 9111 §5.2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf
from typing import Final

from livemerge.sources.exchange import Reply

_MAX_AGE: Final = re.compile(r'max-age="?(\d{1,9})"?', re.ASCII)


@dataclass(frozen=True, slots=True)
class Keeping:
    """What an answer allows."""

    fresh_for_s: float = inf  # counted from when it was true
    may_be_kept: bool = True


def keeping(reply: Reply) -> Keeping:
    """What the answer allows; all of it where it does not say.

    `no-cache` asks to be asked each time; what was said last is still good where the source is down and a field
    declares `stale_for`: that is the project's own word. `s-maxage`, `public` and `private` are for others.
    """
    directives = [part.strip().lower() for part in reply.headers.get("Cache-Control", "").split(",")]
    if "no-store" in directives:
        return Keeping(0.0, may_be_kept=False)
    if any(part == "no-cache" for part in directives):
        return Keeping(0.0)
    ages = [float(found[1]) for part in directives if (found := _MAX_AGE.fullmatch(part))]
    return Keeping(min(ages, default=inf))  # several contradict each other: the shortest is safe
