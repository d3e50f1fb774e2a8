"""`GET|POST /api/views/{view}`: the fields of a view for one customer, in its shape, or for several as JSON."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, get_args

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.answer import Answer, Json, answer_with, field_values, head_of, whole_answer
from livemerge.api.asked import Asked
from livemerge.api.batch import BatchReader
from livemerge.api.body import body_of
from livemerge.api.escaping import escaped_values
from livemerge.api.identity import NOBODY, key_of
from livemerge.api.prepared import PreparedAnswers
from livemerge.api.refusal import Refusal
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving
from livemerge.api.selection import Selection, Selections
from livemerge.api.simulate import simulation_of
from livemerge.catalog import Shape, View, stops_at_refusals
from livemerge.errors import StoreError, nearest_or_all
from livemerge.observe.figures import Figures
from livemerge.values import Key, Profile, Verdict

MAX_KEPT: Final = 256  # ways to ask: view × shape × private fields of the key
_YES: Final = frozenset({"1", "true", "yes"})


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
        self._selections = Selections(resolving.project.catalog)
        self._prepared = PreparedAnswers(resolving.project.glances)
        self._forms: OrderedDict[tuple[str, Shape, bool, frozenset[str]], Form] = OrderedDict()

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """The view's answer. Raises Refusal, AccessError."""
        try:
            return await self._read(asked, grant)
        except Refusal as refusal:
            view = self._project.catalog.views.get(asked.parts[0])
            refusal.is_softened = view is not None and stops_at_refusals(view.esp)
            raise

    async def _read(self, asked: Asked, grant: AccessGrant) -> Reply:
        grant.require(f"view:{asked.parts[0][:100]}")
        view, body = self._view(asked.parts[0]), body_of(asked)
        form = self._form(view, asked, grant.private_fields)
        if "ids" in body and "id" not in asked.query:
            return await self._several(asked, grant, form, body)
        key = key_of(asked, body)
        grant.require_customers((key,))
        simulation = simulation_of(asked, grant)
        now = self._project.clock.now()
        if key != NOBODY and not simulation and (answer := self._known(form, key, now)) is not None:
            self._resolving.note(asked, grant, [key], form.selection.names, {key: answer})
            return self._resolving.personal(asked, shapes.JSON, answer.at(now, asked.request_id))
        return await self._one(asked, grant, form, key, simulation)

    async def _one(self, asked: Asked, grant: AccessGrant, form: Form, key: Key, simulation: str) -> Reply:
        figures, view = Figures(), form.view
        found = await self._resolving.profiles(
            [key],
            form.selection,
            self._resolving.deadline_s(grant, view),
            figures,
            asks_sources=grant.asks_sources,
            simulation=simulation,
        )
        profile = found[key]
        self._resolving.note(asked, grant, [key], form.selection.names, found)
        if _is_missed(profile) and view.on_miss == "error":
            raise Refusal(404, _missed(profile), 'on_miss = "default" answers with fallbacks instead.')
        if _is_missed(profile) and view.on_miss == "empty":
            return self._resolving.personal(asked, _KINDS[view.shape], b"", figures)
        kind, octets = self._written(profile, form, asked)
        return self._resolving.personal(asked, kind, octets, figures)

    def _known(self, form: Form, key: Key, now: datetime) -> Answer | None:
        """The answer where nobody has to be asked for it, in the shapes that are asked for most."""
        if form.view.shape not in ("object", "rows"):
            return None
        try:
            if (answer := self._prepared.find(form.selection, key, now)) is None:
                if (glance := self._project.glances.find(form.selection.plan, key)) is None:
                    return None
                if _is_missed(glance.profile) and form.view.on_miss != "default":
                    return None
                answer = _answer(glance.profile, form)
                self._prepared.keep(form.selection, key, glance, answer)
        except StoreError:
            return None  # then resolving says what
        return answer

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

        def record(profile: Profile, now: datetime) -> Json:
            if _is_missed(profile) and view.on_miss == "empty":
                return {}
            values = _values(profile, form)
            told = whole_answer(values, profile, form.selection, now)
            is_refused = _is_missed(profile) and view.on_miss == "error"
            return {"ok": False, "found": profile.is_found} if is_refused else told

        deadline_s = self._resolving.deadline_s(grant, view)
        return await self._batch.answer(
            asked, grant, body, form.selection, record, deadline_s=deadline_s, is_ascii=view.is_ascii
        )

    def _view(self, name: str) -> View:
        views = self._project.catalog.views
        if name not in views:
            raise Refusal(400, f"there is no view `{name[:80]}`", nearest_or_all(name[:80], views))
        return views[name]

    def _form(self, view: View, asked: Asked, private_fields: frozenset[str]) -> Form:
        """The view as this request wants it: `?shape=` and `?ascii=1` go before the declaration."""
        shape = _shape(view, asked)
        is_ascii = view.is_ascii if "ascii" not in asked.query else asked.query["ascii"].lower() in _YES
        name = (view.name, shape, is_ascii, private_fields)
        if (form := self._forms.get(name)) is None:
            selection = replace(self._selections.select(view.fields, private_fields))
            form = self._forms[name] = Form(replace(view, shape=shape, is_ascii=is_ascii), selection)
            if len(self._forms) > MAX_KEPT:
                self._forms.popitem(last=False)
        return form


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


def _answer(profile: Profile, form: Form) -> Answer:
    answer = answer_with(_values(profile, form), profile, form.selection)
    return replace(answer, tail=shapes.in_ascii(answer.tail)) if form.view.is_ascii else answer
