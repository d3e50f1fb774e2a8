"""A snippet and what it is made from: plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from livemerge.api.answer import readable_name, shown, written
from livemerge.api.shapes import in_words
from livemerge.catalog import Catalog, Field, View

KEY: str = "YOUR_KEY"  # stands where the API key goes
TWINS = frozenset({"integer", "number", "money", "date", "datetime"})


@dataclass(frozen=True, slots=True)
class Part:
    """One text to paste, and where."""

    place: str  # a heading for people
    text: str
    language: str = ""  # of our front ends; empty where none reads it
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """All that one ESP needs to read one view."""

    esp: str
    title: str
    parts: tuple[Part, ...]
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        head = [f"{self.title}", *(f"  {remark}" for remark in self.remarks)]
        bodies = [f"-- {part.place} --\n{part.text}" for part in self.parts]
        return "\n\n".join(["\n".join(head), *bodies])


@dataclass(frozen=True, slots=True)
class Printed:
    """One field as a template prints it."""

    name: str  # of the answer's key: the twin for people, where there is one
    fallback: str
    items: tuple[str, ...] | None = None  # of a list: keys of its items that are known
    sample: object = ""  # a value of the type it has in the answer
    is_markup: bool = False  # it is HTML, and stays HTML


@dataclass(frozen=True, slots=True)
class Asking:
    """What a snippet is written from."""

    base: str  # address of the API, without a slash at its end
    view: View
    printed: tuple[Printed, ...]
    feed: str  # a declared feed, for services that read nothing else; empty where there is none
    feed_names: tuple[str, ...]

    @property
    def scalars(self) -> Sequence[Printed]:
        return [one for one in self.printed if one.items is None]

    def url(self, identity: str, shape: str = "object") -> str:
        """The view's address; `identity` is what the ESP's language writes for the customer's id."""
        asks = f"shape={shape}&" if self.view.shape != shape else ""
        return f"{self.base}/api/views/{self.view.name}?{asks}id={identity}"


def asking_of(catalog: Catalog, view: View, base: str) -> Asking:
    """The view as snippets need it."""
    fields = [catalog.fields[name] for name in view.fields]
    shown_fields = dict.fromkeys(field.item_of or field.name for field in fields)
    printed = tuple(_printed(catalog, catalog.fields[name]) for name in shown_fields)
    feed = next(iter(catalog.feeds.values()), None)
    names = tuple(readable_name(column) for column in feed.columns) if feed else ()
    return Asking(base.rstrip("/"), view, printed, feed.name if feed else "", names)


def _printed(catalog: Catalog, field: Field) -> Printed:
    if field.type == "list":
        gained = [one for one in catalog.fields.values() if one.item_of == field.name and not one.is_private]
        names = [f"{one.name}_display" if one.type in TWINS else one.name for one in gained]
        keyed = [by.item_property for by in catalog.by.values() if by.field == field.name and by.item_property]
        items = tuple(names or dict.fromkeys(map(readable_name, keyed)))
        return Printed(field.name, "", items, [dict.fromkeys(items, "")])
    if field.type in TWINS:
        people_read = shown(field.type, field.fallback)
        return Printed(f"{field.name}_display", people_read, sample=people_read)
    value = written(field.type, field.fallback)
    return Printed(field.name, in_words(value), sample=value, is_markup=field.type == "html")
