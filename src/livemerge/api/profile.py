"""`GET|POST /api/customer-profile/{customer_id}`: one customer's fields, within the deadline whatever happens."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.answer import Answer, answer_of, explained
from livemerge.api.asked import Asked, says_yes
from livemerge.api.body import body_of
from livemerge.api.identity import wrong_with
from livemerge.api.refusal import Refusal
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving, Timing
from livemerge.api.selection import Selection
from livemerge.api.simulate import simulation_of
from livemerge.values import Key

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class ProfileReader:
    """Answers profile requests of one project."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving
        self._clock = resolving.project.clock

    def at_once(self, asked: Asked, grant: AccessGrant) -> Reply | None:
        """The profile where no source has to be asked, with its row in the access log; else None. Raises Refusal."""
        if asked.query and (_explains(asked, _NOTHING) or simulation_of(asked, grant)):
            return None
        key, selection = self._selected(asked, grant, _NOTHING)
        now = self._clock.now()
        answer = self._resolving.prepared.known(selection, key, now, answer_of, selection)
        return None if answer is None else self._reply(asked, grant, selection, answer)

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """The profile, and its row in the access log. Raises Refusal."""
        body = body_of(asked)
        if not body and (reply := self.at_once(asked, grant)) is not None:
            return reply
        key, selection = self._selected(asked, grant, body)
        timing, deadline_s = Timing(), self._resolving.deadline_s(grant)
        found = await self._resolving.profiles(
            [key],
            selection,
            deadline_s,
            timing,
            asks_sources=grant.asks_sources,
            simulation=simulation_of(asked, grant),
        )
        answer = answer_of(found[key], selection)
        if _explains(asked, body):
            answer = explained(answer, found[key], selection, self._clock.now())
        return self._reply(asked, grant, selection, answer, timing)

    def _selected(self, asked: Asked, grant: AccessGrant, body: Mapping[str, Any]) -> tuple[Key, Selection]:
        """Whose fields, and which. Raises Refusal, ForbiddenError."""
        (key,) = asked.parts
        if problem := wrong_with(key):
            raise Refusal(400, problem, "GET /api/customer-profile/{customer_id}, percent-encoded")
        grant.require("profile")
        grant.require_customers((key,))
        return key, self._resolving.selections.select(_fields(asked.query.get("fields"), body), grant.private_fields)

    def _reply(
        self, asked: Asked, grant: AccessGrant, selection: Selection, answer: Answer, timing: Timing | None = None
    ) -> Reply:
        self._resolving.note(asked, grant, selection.names, {asked.parts[0]: answer.is_found})
        octets = answer.at(self._clock.now(), asked.request_id)
        return self._resolving.personal(asked, shapes.JSON, octets, timing)


def _fields(query: str | None, body: Mapping[str, Any]) -> tuple[str, ...] | None:
    given: object = query if query is not None else body.get("fields")
    if given is None:
        return None
    listed = given.split(",") if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise Refusal(400, "`fields` is not a list of names", 'Write ?fields=a,b or {"fields": ["a", "b"]}.')
    names = tuple(name.strip() for name in listed if name.strip())
    if not names:
        raise Refusal(400, "`fields` names nothing", "Leave it out to get all fields, or write ?fields=a,b.")
    return names


def _explains(asked: Asked, body: Mapping[str, Any]) -> bool:
    return body.get("explain") is True or says_yes(asked, "explain")
