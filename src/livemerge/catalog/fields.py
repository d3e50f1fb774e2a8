"""What a catalog holds: fields, what they are keyed by, and how template paths find them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from livemerge import config
from livemerge.catalog.extensions import DataExtension
from livemerge.catalog.feeds import Feed
from livemerge.catalog.views import View
from livemerge.clean import CleanData, clean_html
from livemerge.config import PROVIDED_NAMES
from livemerge.values import Value


@dataclass(frozen=True, slots=True)
class Feature:
    """What an `events` source gives for one field: a question to one customer's events."""

    kind: str  # one of FEATURES
    event: str
    property: str  # empty for count
    where: Mapping[str, Any]  # property → wanted value
    within_s: float | None  # relevance, counted from occurred_at; None: all that is kept
    limit: int  # items of a distinct or top list, at most MAX_LIST_ITEMS


@dataclass(frozen=True, slots=True)
class Field:
    """One named, typed piece of customer data."""

    name: str
    source: str
    type: str
    path: str  # JMESPath into the source's row
    max_age_s: float
    stale_for_s: float
    fallback: Value  # None: nil in templates, the type's zero in the API
    is_required: bool
    aliases: tuple[str, ...]
    is_private: bool
    feature: Feature | None = None
    item_of: str = ""  # the list field whose items gain this one, for sources with by = "list[].property"


@dataclass(frozen=True, slots=True)
class By:
    """What a source is keyed by instead of the customer: a field, or a property of a list field's items."""

    field: str
    item_property: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """Template paths mapped to fields, and how to lay resolved values out as the template reads them."""

    fields: frozenset[str]
    provided: frozenset[str]  # names Livemerge itself gives: customer_id, unsubscribe_url, …
    unknown: tuple[str, ...]
    places: tuple[tuple[str, tuple[str, ...]], ...]  # field → where the template reads it

    def data(self, values: Mapping[str, object], provided: Mapping[str, str]) -> CleanData:
        """The template's data: each field under every name it is read by. values: as `admit` gives them."""
        data = CleanData({name: clean_html(text) for name, text in provided.items()})
        for name, place in self.places:
            inner: dict[str, Any] = data
            for part in place[:-1]:
                step = inner.get(part)
                if not isinstance(step, dict):
                    step = inner[part] = {}
                inner = step
            inner[place[-1]] = values.get(name)
        return data


@dataclass(frozen=True, slots=True)
class Catalog:
    """All sources and fields of a project."""

    fields: Mapping[str, Field]
    sources: Mapping[str, config.Source]
    by: Mapping[str, By]  # for the sources not keyed by the customer
    names: Mapping[str, str]  # every field name and alias → field name
    extensions: Mapping[str, DataExtension]  # by name
    views: Mapping[str, View] = dataclasses.field(default_factory=dict)
    feeds: Mapping[str, Feed] = dataclasses.field(default_factory=dict)

    def field_of(self, path: str) -> Field | None:
        """The field a template path reads: the longest prefix that is a field's name or alias.

        Names in capitals, as Mailchimp writes them, also find the field of that name in small letters.
        """
        parts = re.split(r"\.|(?=\[)", path)
        for end in range(len(parts), 0, -1):
            prefix = ".".join(parts[:end]).replace(".[", "[")
            name = self.names.get(prefix) or (self.names.get(prefix.lower()) if prefix.isupper() else None)
            if name is not None:
                return self.fields[name]
        return None

    def bind(self, paths: Iterable[str]) -> Binding:
        """Which fields these template paths read, and under which names."""
        fields: set[str] = set()
        provided: set[str] = set()
        unknown: list[str] = []
        places: dict[tuple[str, tuple[str, ...]], None] = {}
        for path in sorted(paths):
            head = path.split(".")[0].split("[")[0]
            field = self.field_of(path)
            if field is not None:
                fields.add(field.name)
                fields |= self._item_fields(field, path)
                places[(field.name, self._place(field, path))] = None
            elif head in PROVIDED_NAMES or head in SYSTEM_NAMES:
                provided.add(head)
            else:
                unknown.append(path)
        return Binding(frozenset(fields), frozenset(provided), tuple(unknown), tuple(places))

    def _item_fields(self, field: Field, path: str) -> set[str]:
        """The item fields a path into a list reads: `recommended[].name` → `name`; all of them for the bare list."""
        mine = {other.name for other in self.fields.values() if other.item_of == field.name}
        tail = path.rpartition("]")[2].lstrip(".") if "[" in path else ""
        return mine & {tail.split(".")[0]} if tail else mine

    def _place(self, field: Field, path: str) -> tuple[str, ...]:
        """The prefix of the path that names the field, in parts."""
        parts = path.split("[")[0].split(".")
        for end in range(len(parts), 0, -1):
            prefix = ".".join(parts[:end])
            if self.names.get(prefix, self.names.get(prefix.lower())) == field.name:
                return tuple(parts[:end])
        return (field.name,)


SYSTEM_NAMES: Final[Mapping[str, str]] = {
    "UNSUB": "unsubscribe_url",
    "UPDATE_PROFILE": "preferences_url",
    "ARCHIVE": "view_url",
    "EMAIL": "email",
    "CAMPAIGN_UID": "campaign_name",
    "emailaddr": "email",
    "_subscriberkey": "customer_id",
    "unsub_center_url": "unsubscribe_url",
    "profile_center_url": "preferences_url",
    "subscription_center_url": "preferences_url",
    "view_email_url": "view_url",
}
"""Mailchimp's own tags and Marketing Cloud's system strings → the names Livemerge provides."""


def needs(field: Field, by: Mapping[str, By], fields: Mapping[str, Field]) -> list[str]:
    """The fields whose values key this one's source: none where that is the customer."""
    keyed = by.get(field.source)
    if keyed is None:
        return []
    gained = fields.get(keyed.item_property)  # a property that the items gain from another source first
    return [keyed.field, gained.name] if gained and gained.item_of == keyed.field else [keyed.field]
