"""The replies that one rendering is given, and how many different ones it may ask for."""

from __future__ import annotations

from collections.abc import Mapping

from livemerge.template.fetches import Reply, Request, Wanted
from livemerge.template.limits import MAX_FETCHES
from livemerge.template.runtime import Fault


class Replies:
    """The replies one rendering may use, as `context.fetch`; equal requests count once."""

    __slots__ = ("_asked", "_known")

    def __init__(self, known: Mapping[Request, Reply]) -> None:
        self._known = known
        self._asked: set[Request] = set()

    def __call__(self, request: Request) -> Reply:
        """The reply to a request. Raises Wanted where it is not known, Fault where too many are asked."""
        self._asked.add(request)
        if len(self._asked) > MAX_FETCHES:
            raise Fault(f"a message fetches more than {MAX_FETCHES} times", "fetch once, outside the loop")
        found = self._known.get(request)
        if found is None:
            raise Wanted(request)
        return found
