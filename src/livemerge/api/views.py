"""`GET|POST /api/views/{view}`: the fields of a view for one customer, in its shape, or for several as JSON."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, get_args

import msgspec

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.answer import Answer, Json, answer_with, field_values, head_of, whole_answer
from livemerge.api.asked import Asked, says_yes
from livemerge.api.batch import BatchReader
from livemerge.api.body import body_of
from livemerge.api.escaping import escaped_values
from livemerge.api.identity import NOBODY, key_of
from livemerge.api.refusal import Refusal
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving, Timing
from livemerge.api.selection import Selection
from livemerge.api.simulate import simulation_of
from livemerge.catalog import Shape, View, stops_at_refusals
from livemerge.errors import nearest_or_all
from livemerge.values import Key, Profile, Verdict

MAX_KEPT: Final = 256  # ways to ask: view × shape × private fields of the key
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Form:
    """One way to ask for a view. Prepared answers are kept by the identity of its selection."""

    view: View  # with the shape that was asked for
    selection: Selection


class ViewReader:
    """Answers for the views of one project."""

    def __init__(self, resolving: Resolving, batch: BatchReader) -> None:
        self._resolving = resolving
        self._project = resolving.project
        self._batch = batch
        self._forms: OrderedDict[tuple[str, Shape, bool, frozenset[str]], Form] = OrderedDict()

    def at_once(self, asked: Asked, grant: AccessGrant) -> Reply | None:
        """The view's answer where no source has to be asked; else None."""
        try:
            form = self._form(asked, grant)
            if form.view.shape not in ("object", "rows") or simulation_of(asked, grant):
                return None
            return self._known(asked, grant, form, self._key(asked, grant, _NOTHING))
        except Refusal as refusal:
            self._soften(asked, refusal)
            raise

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """The view's answer. Raises Refusal, AccessError."""
        try:
            return await self._read(asked, grant)
        except Refusal as refusal:
            self._soften(asked, refusal)
            raise

    async def _read(self, asked: Asked, grant: AccessGrant) -> Reply:
        form, body = self._form(asked, grant), body_of(asked)
        if "ids" in body and "id" not in asked.query:
            return await self._several(asked, grant, form, body)
        key, simulation = self._key(asked, grant, body), simulation_of(asked, grant)
        known = None if simulation else self._known(asked, grant, form, key)
        return known or await self._one(asked, grant, form, key, simulation)

    def _key(self, asked: Asked, grant: AccessGrant, body: Mapping[str, Any]) -> Key:
        key = key_of(asked, body)
        grant.require_customers((key,))
        return key

    async def _one(self, asked: Asked, grant: AccessGrant, form: Form, key: Key, simulation: str) -> Reply:
        timing, view = Timing(), form.view
        found = await self._resolving.profiles(
            [key],
            form.selection,
            self._resolving.deadline_s(grant, view),
            timing,
            asks_sources=grant.asks_sources,
            simulation=simulation,
        )
        profile = found[key]
        self._resolving.note(asked, grant, form.selection.names, {key: profile.is_found})
        if _is_missed(profile) and view.on_miss == "error":
            raise Refusal(404, _missed(profile), 'on_miss = "default" answers with fallbacks instead.')
        if _is_missed(profile) and view.on_miss == "empty":
            return self._resolving.personal(asked, _KINDS[view.shape], b"", timing)
        kind, octets = self._written(profile, form, asked)
        return self._resolving.personal(asked, kind, octets, timing)

    def _known(self, asked: Asked, grant: AccessGrant, form: Form, key: Key) -> Reply | None:
        """The answer where nobody has to be asked for it, in the shapes that are asked for most."""
        if form.view.shape not in ("object", "rows") or key == NOBODY:
            return None
        now, prepared = self._project.clock.now(), self._resolving.prepared
        if (answer := prepared.known(form.selection, key, now, _answer_unless_missed, form)) is None:
            return None
        self._resolving.note(asked, grant, form.selection.names, {key: answer.is_found})
        return self._resolving.personal(asked, shapes.JSON, answer.at(now, asked.request_id))

    def _written(self, profile: Profile, form: Form, asked: Asked) -> tuple[str, bytes]:
        view, now = form.view, self._project.clock.now()
        if view.shape in ("object", "rows"):
            return shapes.JSON, _answer(profile, form).at(now, asked.request_id)
        values = escaped_values(field_values(profile, form.selection), form.selection, view.escape)
        if view.shape == "text":
            return shapes.TEXT, shapes.as_text(values[form.selection.names[0]], is_ascii=view.is_ascii)
        return shapes.XML, shapes.as_xml(whole_answer(values, profile, form.selection, now), is_ascii=view.is_ascii)

    async def _several(self, asked: Asked, grant: AccessGrant, form: Form, body: Mapping[str, Any]) -> Reply:
        view = form.view
        if view.shape not in ("object", "rows"):
            advice = 'Add ?shape=object, or ask for one customer with {"id": "…"}.'
            raise Refusal(400, f"several customers cannot be answered as {view.shape}", advice)

        return await self._batch.answer(
            asked,
            grant,
            body,
            form.selection,
            _answer_unless_missed,
            form,
            deadline_s=self._resolving.deadline_s(grant, view),
            missed={"ok": False} if view.on_miss == "error" else None,
            is_ascii=view.is_ascii,
        )

    def _form(self, asked: Asked, grant: AccessGrant) -> Form:
        """The view as this request wants it: `?shape=` and `?ascii=1` go before the declaration."""
        grant.require(f"view:{asked.parts[0][:100]}")
        view = self._view(asked.parts[0])
        shape = _shape(view, asked)
        is_ascii = says_yes(asked, "ascii") if "ascii" in asked.query else view.is_ascii
        name = (view.name, shape, is_ascii, grant.private_fields)
        if (form := self._forms.get(name)) is None:
            selection = replace(self._resolving.selections.select(view.fields, grant.private_fields))
            form = self._forms[name] = Form(replace(view, shape=shape, is_ascii=is_ascii), selection)
            if len(self._forms) > MAX_KEPT:
                self._forms.popitem(last=False)
        return form

    def _view(self, name: str) -> View:
        views = self._project.catalog.views
        if name not in views:
            raise Refusal(400, f"there is no view `{name[:80]}`", nearest_or_all(name[:80], views))
        return views[name]

    def _soften(self, asked: Asked, refusal: Refusal) -> None:
        """Some services take a 400 for one customer as the end for all."""
        view = self._project.catalog.views.get(asked.parts[0])
        refusal.is_softened = view is not None and stops_at_refusals(view.esp)


_KINDS: Final[Mapping[Shape, str]] = {
    "object": shapes.JSON,
    "rows": shapes.JSON,
    "xml": shapes.XML,
    "text": shapes.TEXT,
}


def _shape(view: View, asked: Asked) -> Shape:
    wanted = asked.query.get("shape")
    if wanted is None:
        return view.shape
    for shape in get_args(Shape):
        if shape == wanted:
            if shape == "text" and len(view.fields) > 1:
                raise Refusal(400, "the view has several fields, and a text is one value", "Use /api/text/FIELD.")
            known: Shape = shape
            return known
    raise Refusal(400, f"`{wanted[:40]}` is no shape", nearest_or_all(wanted[:40], get_args(Shape)))


def _is_missed(profile: Profile) -> bool:
    """Whether no source knows the customer, or a required field has no value."""
    return not profile.is_found or profile.verdict is not Verdict.READY


def _missed(profile: Profile) -> str:
    return f"`{profile.reason}` has no value" if profile.reason else "no source knows this customer"


def _values(profile: Profile, form: Form) -> Json:
    values = escaped_values(field_values(profile, form.selection), form.selection, form.view.escape)
    if form.view.shape != "rows":
        return values
    head, _ = head_of(profile, form.selection)
    return shapes.with_rows(values, {name: head[name] for name in ("found", "source")})


def _answer_unless_missed(profile: Profile, form: Form) -> Answer | None:
    """The answer; None where the view does not answer with fallbacks for this customer."""
    return None if form.view.on_miss != "default" and _is_missed(profile) else _answer(profile, form)


def _answer(profile: Profile, form: Form) -> Answer:
    answer = answer_with(_values(profile, form), profile, form.selection)
    return msgspec.structs.replace(answer, tail=shapes.in_ascii(answer.tail)) if form.view.is_ascii else answer
