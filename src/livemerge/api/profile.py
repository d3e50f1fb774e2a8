"""`GET|POST /api/customer-profile/{customer_id}`: one customer's fields, within the deadline whatever happens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from livemerge.access import AccessGrant, AccessRow
from livemerge.api.answer import answer_body
from livemerge.api.body import read_json
from livemerge.api.credential import grant_of
from livemerge.api.refusal import JSON, PRIVATE, Refusal, new_request_id, refusal_of, refused
from livemerge.api.selection import Selection, Selections
from livemerge.app import Livemerge
from livemerge.errors import LivemergeError, StoreError
from livemerge.observe.figures import Figures
from livemerge.values import MAX_KEY_CHARACTERS, Cause, Key, LadderStep, Profile, Provenance

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NO_TOKEN: Final = re.compile(r"[^A-Za-z0-9_.-]")  # what a Server-Timing name may not have
_YES: Final = frozenset({"1", "true", "yes"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    key: Key
    fields: tuple[str, ...] | None  # None: all the caller may read
    explains: bool


class ProfileReader:
    """Answers profile requests of one project."""

    def __init__(self, project: Livemerge, *, deadline_s: float) -> None:
        self._project = project
        self._deadline_s = deadline_s
        self._selections = Selections(project.catalog)

    async def read(self, request: Request) -> Response:
        """The profile, or a refusal; both leave a row in the access log."""
        started_s, request_id = self._project.clock.monotonic_s(), new_request_id()
        grant: AccessGrant | None = None
        names: tuple[str, ...] = ()
        try:
            grant = grant_of(request.headers, self._project.keys)
            asked = await _asked(request)
            selection = self._selections.select(asked.fields, grant.private_fields)
            names = tuple(field.name for field in selection.fields)
            response = await self._answer(asked, selection, request_id, started_s)
        except (Refusal, LivemergeError) as error:
            refusal = error if isinstance(error, Refusal) else refusal_of(error)
            self._note(request, grant, names, "error" if refusal.status >= 500 else "refused")
            return refused(refusal, request_id)
        self._note(request, grant, names, "ok")
        return response

    async def _answer(self, asked: Asked, selection: Selection, request_id: str, started_s: float) -> Response:
        clock, figures = self._project.clock, Figures()
        profile = await self._profile(asked.key, selection, figures)
        resolved_s = clock.monotonic_s()
        body = answer_body(profile, selection, clock.now(), request_id, explains=asked.explains)
        timing = _server_timing(clock.monotonic_s() - started_s, resolved_s - started_s, figures)
        headers = {"Cache-Control": PRIVATE, "X-Request-Id": request_id, "Server-Timing": timing}
        return Response(body, 200, headers, JSON)

    async def _profile(self, key: Key, selection: Selection, figures: Figures) -> Profile:
        """The profile; made of fallbacks where the store with its cache is gone: a mail waits for this answer."""
        try:
            found = await self._project.resolver.resolve(
                selection.plan, [key], deadline_s=self._deadline_s, figures=figures
            )
        except StoreError:
            return _fallbacks(key, selection)
        return found[key]

    def _note(self, request: Request, grant: AccessGrant | None, names: tuple[str, ...], outcome: str) -> None:
        self._project.access_log.append(
            AccessRow(
                at=self._project.clock.now(),
                key_prefix=grant.prefix if grant else "",
                customer=request.path_params["customer_id"],
                fields=names,
                outcome=outcome,
                remote=request.client.host if request.client else "",
            )
        )


async def _asked(request: Request) -> Asked:
    """What the path, the query and a JSON body ask for; the query goes before the body. Raises Refusal."""
    key: str = request.path_params["customer_id"]
    if len(key) > MAX_KEY_CHARACTERS:
        raise Refusal(400, f"the customer's key is longer than {MAX_KEY_CHARACTERS} characters")
    if not key.strip() or _CONTROL.search(key):
        advice = "GET /api/customer-profile/{customer_id}, percent-encoded"
        raise Refusal(400, "the customer's key is empty or has control characters", advice)
    body = await read_json(request) if request.method == "POST" else {}
    return Asked(key, _fields(request.query_params.get("fields"), body), _explains(request, body))


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


def _explains(request: Request, body: Mapping[str, Any]) -> bool:
    return request.query_params.get("explain", "").lower() in _YES or body.get("explain") is True


def _fallbacks(key: Key, selection: Selection) -> Profile:
    """Every field by its last step. No value is known, and none is claimed to be."""
    origins = {
        field.name: Provenance(LadderStep.FALLBACK, field.source, cause=Cause.ERROR, detail="the store failed")
        for field in selection.fields
        if field.name not in selection.withheld
    }
    values = {field.name: field.fallback for field in selection.fields if field.name in origins}
    return Profile(key, values, origins, is_found=False)


def _server_timing(total_s: float, resolve_s: float, figures: Figures) -> str:
    """Milliseconds: all of it, the data's part, and each source's slowest attempt."""
    parts = [f"total;dur={total_s * 1000:.1f}", f"resolve;dur={resolve_s * 1000:.1f}"]
    parts += [
        f"{_NO_TOKEN.sub('_', name)};dur={source.took_s.largest * 1000:.1f}"
        for name, source in sorted(figures.sources.items())
    ]
    return ", ".join(parts)
