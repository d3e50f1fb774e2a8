"""`POST /api/customer-profiles`: up to a thousand customers in one resolve; each its own answer, by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import orjson

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.answer import Json, field_values, whole_answer
from livemerge.api.asked import Asked
from livemerge.api.body import body_of
from livemerge.api.identity import as_key, keys_of, wrong_with
from livemerge.api.refusal import Refusal
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving
from livemerge.api.selection import Selection, Selections
from livemerge.api.simulate import simulation_of
from livemerge.observe.figures import Figures
from livemerge.values import Profile

Record: TypeAlias = Callable[[Profile, datetime], Json]
"""One customer's part of the answer."""


class BatchReader:
    """Answers for many customers of one project."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving
        self._selections = Selections(resolving.project.catalog)

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """The profiles of `{"ids": […], "fields": […]}`. Raises Refusal, AccessError."""
        grant.require("profile")
        body = body_of(asked)
        selection = self._selections.select(_fields(body.get("fields")), grant.private_fields)

        def record(profile: Profile, now: datetime) -> Json:
            return whole_answer(field_values(profile, selection), profile, selection, now)

        return await self.answer(asked, grant, body, selection, record, deadline_s=self._resolving.deadline_s(grant))

    async def answer(
        self,
        asked: Asked,
        grant: AccessGrant,
        body: Mapping[str, Any],
        selection: Selection,
        record: Record,
        *,
        deadline_s: float,
        is_ascii: bool = False,
    ) -> Reply:
        """`{"ok", "request_id", "profiles": {key: …}}`; what is no key has `"ok": false` there, and harms no other."""
        faults: dict[str, Json] = {}
        keys = []
        for given in keys_of(body):
            key = as_key(given)
            if problem := "this is no customer's key" if key is None else wrong_with(key):
                faults[_shown(given)] = _faulty(problem)
            elif key is not None:
                keys.append(key)
        keys = list(dict.fromkeys(keys))
        grant.require_customers(keys)
        self._resolving.project.admission.spend(grant, len(keys))
        figures, simulation = Figures(), simulation_of(asked, grant)
        found = await self._resolving.profiles(
            keys, selection, deadline_s, figures, asks_sources=grant.asks_sources, simulation=simulation
        )
        self._resolving.note(asked, grant, keys, selection.names, found)
        now = self._resolving.project.clock.now()
        profiles = {key: record(found[key], now) for key in keys} | faults
        answer = {"ok": True, "request_id": asked.request_id, "profiles": profiles}
        return self._resolving.personal(asked, shapes.JSON, shapes.as_json(answer, is_ascii=is_ascii), figures)


def _fields(given: object) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not given or not all(isinstance(name, str) for name in given):
        raise Refusal(400, "`fields` is not a list of names", 'Write {"fields": ["a", "b"]}, or leave it out.')
    return tuple(given)


def _faulty(problem: str) -> Json:
    advice = "A key is text of 512 characters at most, or a whole number."
    return {"ok": False, "found": False, "source": "default", "error": {"what": problem, "advice": advice}}


def _shown(given: object) -> str:
    """What was sent in the place of a key, so that its sender finds it."""
    text = given if isinstance(given, str) else orjson.dumps(given).decode()
    return text[:600]
