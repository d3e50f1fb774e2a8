"""`GET|POST /api/customer-profile/{customer_id}`: one customer's fields, within the deadline whatever happens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from livemerge.access import AccessGrant, AccessRow
from livemerge.api.answer import Answer, answer_of, explained
from livemerge.api.asked import Asked
from livemerge.api.body import body_of
from livemerge.api.prepared import PreparedAnswers
from livemerge.api.refusal import JSON, PRIVATE, Refusal
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving
from livemerge.api.selection import Selection, Selections
from livemerge.api.simulate import simulation_of
from livemerge.app import Livemerge
from livemerge.errors import StoreError
from livemerge.observe.figures import Figures
from livemerge.values import MAX_KEY_CHARACTERS, Key

HEADERS: Final = ((b"content-type", JSON.encode()), (b"cache-control", PRIVATE.encode()))
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NO_TOKEN: Final = re.compile(r"[^A-Za-z0-9_.-]")  # what a Server-Timing name may not have
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_YES: Final = frozenset({"1", "true", "yes"})


class ProfileReader:
    """Answers profile requests of one project."""

    def __init__(self, project: Livemerge, *, deadline_s: float) -> None:
        self._project = project
        self._resolving = Resolving(project, deadline_s)
        self._selections = Selections(project.catalog)
        self._prepared = PreparedAnswers(project.glances)

    def at_once(self, asked: Asked, grant: AccessGrant) -> Reply | None:
        """The profile where no source has to be asked, with its row in the access log; else None. Raises Refusal."""
        key, selection = self._selected(asked, grant, _NOTHING)
        now = self._project.clock.now()
        if "simulate" in asked.query or _explains(asked, _NOTHING):
            return None
        if (answer := self._known(selection, key, now)) is None:
            return None
        return self._reply(asked, grant, selection, answer, now, b"")

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """The profile, and its row in the access log. Raises Refusal."""
        body = body_of(asked)
        key, selection = self._selected(asked, grant, body)
        clock, explains, simulation = self._project.clock, _explains(asked, body), simulation_of(asked, grant)
        now = clock.now()
        if not explains and not simulation and (answer := self._known(selection, key, now)) is not None:
            return self._reply(asked, grant, selection, answer, now, b"")
        started_s, figures = clock.monotonic_s(), Figures()
        found = await self._resolving.profiles(
            [key],
            selection,
            self._resolving.deadline_s(grant),
            figures,
            asks_sources=grant.asks_sources,
            simulation=simulation,
        )
        timings, now = _timings(clock.monotonic_s() - started_s, figures), clock.now()
        answer = answer_of(found[key], selection)
        if explains:
            answer = explained(answer, found[key], selection, now)
        return self._reply(asked, grant, selection, answer, now, timings)

    def _selected(self, asked: Asked, grant: AccessGrant, body: Mapping[str, Any]) -> tuple[Key, Selection]:
        """Whose fields, and which. Raises Refusal, ForbiddenError."""
        key = _key(asked.parts[0])
        grant.require("profile")
        grant.require_customers((key,))
        return key, self._selections.select(_fields(asked.query.get("fields"), body), grant.private_fields)

    def _reply(
        self, asked: Asked, grant: AccessGrant, selection: Selection, answer: Answer, now: datetime, timings: bytes
    ) -> Reply:
        """The answer as it is sent, and noted. timings: what Server-Timing says after the whole."""
        project, request_id = self._project, asked.request_id
        outcome = "ok" if answer.is_found else "not_found"
        project.access_log.append(AccessRow(now, grant.prefix, asked.parts[0], selection.names, outcome, asked.remote))
        total_ms = (project.clock.monotonic_s() - asked.started_s) * 1000
        timing = b"total;dur=%.1f%b" % (total_ms, timings or b", resolve;dur=0.0")
        headers = (*HEADERS, (b"x-request-id", request_id.encode()), (b"server-timing", timing))
        return Reply(200, headers, answer.at(now, request_id))

    def _known(self, selection: Selection, key: Key, now: datetime) -> Answer | None:
        """The answer where nobody has to be asked for it; None too where the store fails: then resolving says what."""
        try:
            if (answer := self._prepared.find(selection, key, now)) is not None:
                return answer
            if (glance := self._project.glances.find(selection.plan, key)) is None:
                return None
        except StoreError:
            return None
        answer = answer_of(glance.profile, selection)
        self._prepared.keep(selection, key, glance, answer)
        return answer


def _key(key: Key) -> Key:
    """The customer's key as the path has it. Raises Refusal where it is none."""
    if len(key) > MAX_KEY_CHARACTERS:
        raise Refusal(400, f"the customer's key is longer than {MAX_KEY_CHARACTERS} characters")
    if not key.strip() or _CONTROL.search(key):
        advice = "GET /api/customer-profile/{customer_id}, percent-encoded"
        raise Refusal(400, "the customer's key is empty or has control characters", advice)
    return key


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
    return body.get("explain") is True or asked.query.get("explain", "").lower() in _YES


def _timings(resolve_s: float, figures: Figures) -> bytes:
    """Milliseconds of the data's part, and of each source's slowest attempt, as Server-Timing has them."""
    sources = (
        f", {_NO_TOKEN.sub('_', name)};dur={source.took_s.largest * 1000:.1f}"
        for name, source in sorted(figures.sources.items())
    )
    return f", resolve;dur={resolve_s * 1000:.1f}{''.join(sources)}".encode()
