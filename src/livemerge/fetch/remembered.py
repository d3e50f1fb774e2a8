"""Replies that other customers' equal requests may use, for as long as the template said."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from livemerge.clock import Clock
from livemerge.template import Reply, Request

MAX_REPLIES: Final = 1_000
MAX_CHARACTERS: Final = 64_000_000  # of their bodies together


@dataclass(frozen=True, slots=True)
class _Kept:
    reply: Reply
    asked_at_s: float  # on the monotonic clock


class Remembered:
    """The last successful replies, oldest out first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[Request, _Kept] = OrderedDict()
        self._characters = 0

    def get(self, request: Request) -> Reply | None:
        """A reply young enough for this request, None where there is none."""
        kept = self._kept.get(key_of(request)) if request.max_age_s else None
        if kept is None or self._clock.monotonic_s() - kept.asked_at_s > (request.max_age_s or 0):
            return None
        return kept.reply

    def keep(self, request: Request, reply: Reply) -> None:
        """Remembers a success that may be shared."""
        if not request.max_age_s or not reply.is_success or len(reply.body) > MAX_CHARACTERS // 10:
            return
        key = key_of(request)
        if (old := self._kept.pop(key, None)) is not None:
            self._characters -= len(old.reply.body)
        self._kept[key] = _Kept(reply, self._clock.monotonic_s())
        self._characters += len(reply.body)
        while len(self._kept) > MAX_REPLIES or self._characters > MAX_CHARACTERS:
            _, dropped = self._kept.popitem(last=False)
            self._characters -= len(dropped.reply.body)


def key_of(request: Request) -> Request:
    """What makes two requests ask the same, however long each may wait."""
    return replace(request, max_age_s=None, timeout_s=None, retries=0)
