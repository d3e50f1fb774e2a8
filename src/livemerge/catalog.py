"""Settings → catalog: which fields exist, of which type, from where, how fresh, and what instead.

Also the type rule: `admit` says whether a source's value is a value of a field's type. What is not, is never rendered.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlsplit

import jmespath
import orjson
from jmespath.exceptions import JMESPathError

from livemerge import config
from livemerge.config import FIELD_NAME, PROVIDED_NAMES, RESERVED_FIELDS, Settings, parse_duration_s
from livemerge.errors import ConfigError, nearest
from livemerge.values import Value

MAX_TEXT_CHARACTERS: Final = 100_000  # a longer text is no piece of an email; Gmail clips a whole one at 102 KB
MAX_LIST_ITEMS: Final = 500
FEATURES: Final = ("latest", "first", "count", "sum", "average", "distinct", "top")


class WrongTypeError(ValueError):
    """A value is not of the type its field declares. The text names types, never the value."""


@dataclass(frozen=True, slots=True)
class Feature:
    """What an `events` source gives for one field: a question to one customer's events."""

    kind: str  # one of FEATURES
    event: str
    property: str  # empty for count
    where: Mapping[str, Any]  # property → wanted value
    within_s: float | None  # relevance, counted from occurred_at; None: all that is kept
    limit: int  # items of a distinct or top list


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

    def data(self, values: Mapping[str, object], provided: Mapping[str, str]) -> dict[str, object]:
        """The template's data: each field under every name it is read by."""
        data: dict[str, Any] = dict(provided)
        for name, place in self.places:
            inner = data
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
        if (tail := path.rpartition("[]")[2].lstrip(".")) and "[" in path:
            return mine & {tail.split(".")[0]}
        return mine

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
}
"""Mailchimp's own tags → the names Livemerge provides."""


def load_catalog(settings: Settings) -> Catalog:
    """The catalog of a project. Raises ConfigError that lists every mistake found."""
    mistakes: list[ConfigError] = []
    by = {name: made for name, source in settings.source.items() if (made := _by(source))}
    fields = {
        name: field
        for name, declared in settings.field.items()
        if (field := _field(name, declared, settings, by, mistakes))
    }
    names = _names(fields, settings, mistakes)
    mistakes += _by_mistakes(by, fields, settings)
    if mistakes:
        first, *others = mistakes
        raise ConfigError(first.what, where=first.where, advice=first.advice, others=tuple(others))
    return Catalog(fields, settings.source, by, names)


def _by(source: config.Source) -> By | None:
    text = getattr(source, "by", "")
    if not text:
        return None
    field, _, item_property = text.partition("[].")
    return By(field, item_property)


def _field(
    name: str, declared: config.Field, settings: Settings, by: Mapping[str, By], mistakes: list[ConfigError]
) -> Field | None:
    """The field, or None with its mistakes noted."""
    noted = len(mistakes)
    mistakes += _name_mistakes(name, settings)
    source = settings.source.get(declared.source)
    if source is None:
        advice = nearest(declared.source, settings.source) or f"Declare [source.{declared.source}]."
        mistakes.append(
            ConfigError(
                f"there is no source `{declared.source}`",
                where=settings.where("field", name, "source"),
                advice=advice,
            )
        )
    ages = [_age_s(name, key, getattr(declared, key), settings, mistakes) for key in ("max_age", "stale_for")]
    feature = _feature(name, declared, source, settings, mistakes)
    fallback = _fallback(name, declared, settings, mistakes)
    _check_path(name, declared, settings, mistakes)
    if len(mistakes) > noted:
        return None
    keyed = by.get(declared.source)
    return Field(
        name=name,
        source=declared.source,
        type=declared.type,
        path=declared.path or _quoted(name),
        max_age_s=ages[0],
        stale_for_s=ages[1],
        fallback=fallback,
        is_required=declared.required,
        aliases=tuple(declared.alias),
        is_private=declared.private,
        feature=feature,
        item_of=keyed.field if keyed and keyed.item_property else "",
    )


def _quoted(name: str) -> str:
    return f'"{name}"'


def _name_mistakes(name: str, settings: Settings) -> Iterable[ConfigError]:
    where = settings.where("field", name)
    if not FIELD_NAME.match(name):
        yield ConfigError(
            f"`{name}` cannot be read by every ESP",
            where=where,
            advice="Small letters, digits and _, starting with a letter; put other spellings under `alias`.",
        )
    if name in RESERVED_FIELDS | PROVIDED_NAMES:
        yield ConfigError(f"`{name}` is a name Livemerge itself uses", where=where, advice="Choose another name.")


def _age_s(name: str, key: str, text: str, settings: Settings, mistakes: list[ConfigError]) -> float:
    seconds = parse_duration_s(text)
    if seconds is None:
        mistakes.append(
            ConfigError(
                f"`{text}` is not a span of time",
                where=settings.where("field", name, key),
                advice='A number and ms, s, m, h, d or w: "90s", "12h", "7d".',
            )
        )
    return seconds or 0.0


def _check_path(name: str, declared: config.Field, settings: Settings, mistakes: list[ConfigError]) -> None:
    if not declared.path:
        return
    try:
        jmespath.compile(declared.path)
    except JMESPathError as error:
        first = str(error).splitlines()[0]
        mistakes.append(ConfigError(f"`path` is not JMESPath: {first}", where=settings.where("field", name, "path")))


def _feature(
    name: str,
    declared: config.Field,
    source: config.Source | None,
    settings: Settings,
    mistakes: list[ConfigError],
) -> Feature | None:
    """The question to the events, for fields of an `events` source."""
    given = [kind for kind in FEATURES if getattr(declared, kind)]
    is_events = isinstance(source, config.EventsSource)
    where = settings.where("field", name, given[0]) if given else settings.where("field", name)
    if is_events and len(given) != 1:
        mistakes.append(
            ConfigError(
                "a field of an events source needs exactly one of " + ", ".join(FEATURES),
                where=where,
                advice='For instance latest = "product_viewed.product_id".',
            )
        )
    if given and source is not None and not is_events:
        mistakes.append(ConfigError(f"`{given[0]}` belongs to fields of an events source", where=where))
    if not is_events or len(given) != 1:
        return None
    kind = given[0]
    event, _, prop = getattr(declared, kind).rpartition(".") if kind != "count" else (declared.count, "", "")
    if kind != "count" and not event:
        mistakes.append(
            ConfigError(f"`{kind}` needs an event and a property", where=where, advice=f'{kind} = "event.property"')
        )
    within_s = _age_s(name, "within", declared.within, settings, mistakes) if declared.within else None
    return Feature(kind, event, prop, declared.where, within_s, declared.limit or 10)


def _fallback(name: str, declared: config.Field, settings: Settings, mistakes: list[ConfigError]) -> Value:
    if declared.fallback is None:
        return None
    where = settings.where("field", name, "fallback")
    if declared.required:
        mistakes.append(
            ConfigError(
                "a required field has no fallback",
                where=where,
                advice="Leave one of them out: required customers wait or are skipped, others get the fallback.",
            )
        )
    if declared.fallback == "" and declared.type in ("text", "html", "url"):
        return ""
    try:
        return admit(declared.type, declared.fallback)
    except WrongTypeError as error:
        mistakes.append(ConfigError(f"the fallback is not of type {declared.type}: {error}", where=where))
        return None


def _names(fields: Mapping[str, Field], settings: Settings, mistakes: list[ConfigError]) -> dict[str, str]:
    names = {name: name for name in fields}
    for field in fields.values():
        for alias in field.aliases:
            if names.setdefault(alias, field.name) != field.name:
                mistakes.append(
                    ConfigError(
                        f"`{alias}` already names field `{names[alias]}`",
                        where=settings.where("field", field.name, "alias"),
                    )
                )
    return names


def _by_mistakes(by: Mapping[str, By], fields: Mapping[str, Field], settings: Settings) -> Iterable[ConfigError]:
    """`by` must name a field, of the right type, and must not go round in a circle."""
    for source, keyed in by.items():
        where = settings.where("source", source, "by")
        target = fields.get(keyed.field)
        if target is None and keyed.field not in settings.field:
            yield ConfigError(f"there is no field `{keyed.field}`", where=where, advice=nearest(keyed.field, fields))
        elif target is not None and keyed.item_property and target.type != "list":
            yield ConfigError(f"`{keyed.field}` is not a list", where=where, advice=f'Write by = "{keyed.field}".')
        elif target is not None and not keyed.item_property and target.type == "list":
            yield ConfigError(
                f"`{keyed.field}` is a list", where=where, advice=f'Write by = "{keyed.field}[].property".'
            )
        elif circle := _circle(source, by, fields):
            yield ConfigError(f"sources need each other in a circle: {' → '.join(circle)}", where=where)


def _circle(start: str, by: Mapping[str, By], fields: Mapping[str, Field]) -> list[str]:
    """The way from a source back to itself, empty where there is none."""
    way, source = [start], start
    while source in by and by[source].field in fields:
        source = fields[by[source].field].source
        way.append(source)
        if source == start:
            return way
        if len(way) > len(by) + 1:
            break
    return []


def admit(kind: str, value: object) -> Value:
    """The value as the type has it, converted only where nothing is lost. Raises WrongTypeError."""
    return _ADMIT[kind](value)


def zero(kind: str) -> Value:
    """What a field of this type shows in the API when nothing is known."""
    return [] if kind == "list" else {"integer": 0, "number": 0, "money": 0, "boolean": False}.get(kind, "")


def is_empty(value: object) -> bool:
    """None and blank text: the source has no such value."""
    return value is None or (isinstance(value, str) and not value.strip())


def _wrong(wanted: str, value: object) -> WrongTypeError:
    return WrongTypeError(f"wanted {wanted}, got {type(value).__name__}")


def _text(value: object) -> Value:
    if not isinstance(value, str):
        raise _wrong("text", value)
    if len(value) > MAX_TEXT_CHARACTERS:
        raise WrongTypeError(f"text longer than {MAX_TEXT_CHARACTERS} characters")
    return value


def _decimal(wanted: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _wrong(wanted, value)
    if isinstance(value, str) and len(value) > 40:
        raise _wrong(wanted, value)
    try:
        number = Decimal(str(value).strip()) if isinstance(value, float | str) else Decimal(value)
    except InvalidOperation:
        raise _wrong(wanted, value) from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise WrongTypeError(f"wanted {wanted}, got a number out of range")
    return number


def _integer(value: object) -> Value:
    number = _decimal("an integer", value)
    if number != number.to_integral_value():
        raise WrongTypeError("wanted an integer, got a fraction")
    return int(number)


def _number(value: object) -> Value:
    if isinstance(value, float) and math.isfinite(value):
        return value
    number = _decimal("a number", value)
    return int(number) if number == number.to_integral_value() else float(number)


def _money(value: object) -> Value:
    return _decimal("money", value)


_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "t": True, "y": True} | dict.fromkeys(
    ("false", "no", "0", "f", "n"), False
)


def _boolean(value: object) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str):
        known = _BOOLEANS.get(str(value).strip().lower())
        if known is not None:
            return known
    raise _wrong("true or false", value)


def _datetime(value: object) -> Value:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise WrongTypeError("wanted a date and time as ISO 8601 writes it") from None
    if not isinstance(value, datetime):
        raise _wrong("a date and time", value)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _date(value: object) -> Value:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and len(value.strip()) == 10:
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            raise WrongTypeError("wanted a date as ISO 8601 writes it") from None
    moment = _datetime(value)
    assert isinstance(moment, datetime)
    return moment.date()


def _url(value: object) -> Value:
    text = _text(value)
    assert isinstance(text, str)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise WrongTypeError("wanted an http or https address") from None
    if parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"[\s\x00-\x20<>\"]", text):
        raise WrongTypeError("wanted an http or https address")
    return text


def _list(value: object) -> Value:
    if isinstance(value, str) and value[:1] == "[":  # how SQL gives a list: json_group_array, json_agg::text
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise _wrong("a list", value) from None
    if not isinstance(value, list | tuple):
        raise _wrong("a list", value)
    if len(value) > MAX_LIST_ITEMS:
        raise WrongTypeError(f"a list longer than {MAX_LIST_ITEMS} items")
    items = []
    for item in value:
        flat = item if isinstance(item, Mapping) else {"value": item}
        if any(isinstance(inner, Mapping | list | tuple) for inner in flat.values()):
            raise WrongTypeError("wanted a list of flat objects, got a nested one")
        items.append({str(name): inner for name, inner in flat.items()})
    return items


_ADMIT: Final[Mapping[str, Callable[[object], Value]]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "money": _money,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "url": _url,
    "html": _text,
    "list": _list,
}
