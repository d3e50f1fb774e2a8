"""`POST /api/customer-profiles`: up to a thousand customers in one resolve; each its own answer, by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import orjson

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.answer import Ages, Answer, Json, answer_of
from livemerge.api.asked import Asked
from livemerge.api.body import body_of
from livemerge.api.identity import as_key, keys_of, wrong_with
from livemerge.api.refusal import Refusal
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving, Timing
from livemerge.api.selection import Selection
from livemerge.api.simulate import simulation_of
from livemerge.values import Key, Profile

T = TypeVar("T")


class BatchReader:
    """Answers for many customers of one project."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """The profiles of `{"ids": […], "fields": […]}`. Raises Refusal, AccessError."""
        grant.require("profile")
        body = body_of(asked)
        selection = self._resolving.selections.select(_fields(body.get("fields")), grant.private_fields)
        deadline_s = self._resolving.deadline_s(grant)
        return await self.answer(asked, grant, body, selection, answer_of, selection, deadline_s=deadline_s)

    async def answer(
        self,
        asked: Asked,
        grant: AccessGrant,
        body: Mapping[str, Any],
        selection: Selection,
        write: Callable[[Profile, T], Answer | None],
        about: T,
        *,
        deadline_s: float,
        missed: Json | None = None,
        is_ascii: bool = False,
    ) -> Reply:
        """`{"ok", "request_id", "profiles": {key: …}}`; what is no key has `"ok": false` there, and harms no other.

        write: one customer's answer, with `about`. missed: what stands, beside `found`, in the place of none; None
        for nothing. is_ascii: as `write` writes.
        """
        keys, faults = _keys_and_faults(body)
        grant.require_customers(keys)
        self._resolving.project.admission.spend(grant, len(keys))
        timing, simulation = Timing(), simulation_of(asked, grant)
        found: dict[Key, Profile] = {}
        now, prepared = self._resolving.project.clock.now(), self._resolving.prepared
        answers = {} if simulation else prepared.known_many(selection, keys, now, write, about)
        if unknown := [key for key in keys if key not in answers]:
            found = await self._resolving.profiles(
                unknown, selection, deadline_s, timing, asks_sources=grant.asks_sources, simulation=simulation
            )
            answers |= {key: answer for key in unknown if (answer := write(found[key], about)) is not None}
        is_found = {key: answers[key].is_found if key in answers else found[key].is_found for key in keys}
        self._resolving.note(asked, grant, selection.names, is_found)
        ages = Ages(self._resolving.project.clock.now())
        pieces: list[bytes] = []
        for key in keys:
            pieces += (b",", shapes.as_json(key, is_ascii=is_ascii), b":")
            pieces += answers[key].part(ages) if key in answers else (orjson.dumps(_told(missed, is_found[key])),)
        for shown, fault in faults.items():
            pieces += (b",", shapes.as_json(shown, is_ascii=is_ascii), b":", shapes.as_json(fault, is_ascii=is_ascii))
        # In the place of the first comma; nobody asks for nobody.
        pieces[0] = b'{"ok":true,"request_id":"%b","profiles":{' % asked.request_id.encode()
        return self._resolving.personal(asked, shapes.JSON, b"".join((*pieces, b"}}")), timing)


def _told(missed: Json | None, is_found: bool) -> Json:
    return {} if missed is None else missed | {"found": is_found}


def _keys_and_faults(body: Mapping[str, Any]) -> tuple[list[Key], dict[str, Json]]:
    """The keys that are some, each once; and what is wrong with the others, by what was sent."""
    keys, faults = [], {}
    for given in keys_of(body):
        key = as_key(given)
        if problem := "this is no customer's key" if key is None else wrong_with(key):
            faults[_shown(given)] = _faulty(problem)
        elif key is not None:
            keys.append(key)
    return list(dict.fromkeys(keys)), faults


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
