"""Declared views: fields that an ESP reads together, in the shape and by the habits it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from livemerge import config
from livemerge.catalog.esps import ESPS
from livemerge.config import FIELD_NAME, Settings
from livemerge.errors import ConfigError, nearest, nearest_or_all

Shape: TypeAlias = Literal["object", "rows", "xml", "text"]
OnMiss: TypeAlias = Literal["default", "empty", "error"]
Escape: TypeAlias = Literal["none", "html", "url"]


@dataclass(frozen=True, slots=True)
class View:
    """What one kind of message reads, and how it is written down for the service that sends it."""

    name: str
    fields: tuple[str, ...]  # in the answer's order
    shape: Shape
    esp: str  # one of ESPS, or empty
    deadline_s: float | None  # None: the key's service decides
    on_miss: OnMiss  # what a customer whom no source knows is answered
    escape: Escape  # of texts
    is_ascii: bool  # everything else is written by its number


def load_views(settings: Settings, items: Collection[str], mistakes: list[ConfigError]) -> dict[str, View]:
    """The project's views by name; what is wrong with them is added to `mistakes`. items: fields of lists' items."""
    made = {}
    for name, declared in settings.view.items():
        noted = len(mistakes)
        mistakes += _mistakes(name, declared, settings, items)
        if len(mistakes) == noted:
            made[name] = _view(name, declared)
    return made


def _view(name: str, declared: config.View) -> View:
    esp = ESPS.get(declared.esp)
    deadline_s = esp.deadline_s if esp else None
    return View(
        name=name,
        fields=tuple(dict.fromkeys(declared.fields)),
        shape=declared.shape,
        esp=declared.esp,
        deadline_s=deadline_s if declared.deadline_ms is None else declared.deadline_ms / 1000,
        on_miss=declared.on_miss,
        escape=declared.escape or ("none" if esp and esp.escapes_html else "html"),
        is_ascii=declared.ascii,
    )


def _mistakes(name: str, declared: config.View, settings: Settings, items: Collection[str]) -> Iterable[ConfigError]:
    if not FIELD_NAME.match(name):
        advice = "Small letters, digits and _, starting with a letter: it stands in addresses."
        yield ConfigError(f"`{name}` cannot name a view", where=settings.where("view", name), advice=advice)
    where = settings.where("view", name, "fields")
    if not declared.fields:
        advice = f'For instance fields = ["{next(iter(settings.field), "first_name")}"].'
        yield ConfigError("a view needs fields", where=where, advice=advice)
    for field in dict.fromkeys(declared.fields):
        if field not in settings.field:
            advice = _meant(field, settings)
            yield ConfigError(f"there is no field `{field}`", where=where, advice=advice)
    if declared.esp and declared.esp not in ESPS:
        where = settings.where("view", name, "esp")
        yield ConfigError(
            f"`{declared.esp}` is no ESP known here", where=where, advice=nearest_or_all(declared.esp, ESPS)
        )
    if declared.shape == "text":
        yield from _text_mistakes(name, declared, settings, items)


def _meant(name: str, settings: Settings) -> str:
    """The field whose alias this is, or the one spelled nearest."""
    for field, declared in settings.field.items():
        if name in declared.alias:
            return f"Write `{field}`; `{name}` is its name in templates."
    return nearest(name, settings.field) or f"Declare [field.{name}]."


def _text_mistakes(
    name: str, declared: config.View, settings: Settings, items: Collection[str]
) -> Iterable[ConfigError]:
    """What is wrong with a view whose answer is one value."""
    where = settings.where("view", name, "fields")
    named = list(dict.fromkeys(declared.fields))
    if len(named) > 1:
        what = f'shape = "text" is one value, and here are {len(named)} fields'
        yield ConfigError(what, where=where, advice=f'Keep one, or write shape = "object": fields = ["{named[0]}"].')
    for field in named:
        kind = settings.field[field].type if field in settings.field else ""
        if kind == "list" or field in items:
            advice = 'Write shape = "object", "rows" or "xml".'
            yield ConfigError(f"`{field}` is a list, which is no text", where=where, advice=advice)
