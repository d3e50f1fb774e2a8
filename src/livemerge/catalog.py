"""Settings → catalog: which fields exist, of which type, from where, how fresh, and what instead.

Also the type rule: `admit` says whether a source's value is a value of a field's type. What is not, is never rendered.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

import jmespath
import orjson
from jmespath.exceptions import JMESPathError

from livemerge import config
from livemerge.config import FIELD_NAME, PROVIDED_NAMES, RESERVED_FIELDS, Settings, parse_duration_s
from livemerge.errors import ConfigError, nearest
from livemerge.values import Scalar, Value

MAX_TEXT_CHARACTERS: Final = 100_000  # a longer text is no piece of an email; Gmail clips a whole one at 102 KB
MAX_LIST_ITEMS: Final = 500
MAX_INTEGER: Final = 2**63 - 1  # what SQL, JSON encoders and our own cache hold
FEATURES: Final = ("latest", "first", "count", "sum", "average", "distinct", "top")
LIST_FEATURES: Final = ("distinct", "top")
NUMBER_FEATURES: Final = ("count", "sum", "average")
KEY_TYPES: Final = ("text", "integer", "date", "url")  # whose values have one spelling, so that they can be a key


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
    mistakes += _name_prefixes(names, settings)
    mistakes += _by_mistakes(by, fields, settings)
    mistakes += _path_mistakes(settings)
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
    if declared.path:
        mistakes += _not_jmespath(declared.path, settings.where("field", name, "path"))
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
                advice='A number and ms, s, m, h, d or w: "90s", "12h", "7d"; a hundred years at most.',
            )
        )
    return seconds or 0.0


def _not_jmespath(path: str, where: str) -> Iterable[ConfigError]:
    key = where.rpartition(".")[2]
    try:
        jmespath.compile(path)
    except (JMESPathError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else "nested too deeply"
        advice = "Names joined by dots, as in name.first; a name with other characters stands in double quotes."
        yield ConfigError(f"`{key}` is not JMESPath: {first}", where=where, advice=advice)


def _path_mistakes(settings: Settings) -> Iterable[ConfigError]:
    """Paths of sources that cannot be read."""
    for name, source in settings.source.items():
        if as_of := getattr(source, "as_of", ""):
            yield from _not_jmespath(as_of, settings.where("source", name, "as_of"))
        batch = getattr(source, "batch", None)
        for key in ("records", "key") if batch else ():
            if path := getattr(batch, key):
                yield from _not_jmespath(path, settings.where("source", name, "batch", key))


def _feature(
    name: str,
    declared: config.Field,
    source: config.Source | None,
    settings: Settings,
    mistakes: list[ConfigError],
) -> Feature | None:
    """The question to the events, for fields of an `events` source."""
    if source is None:
        return None
    given = [kind for kind in FEATURES if getattr(declared, kind)]
    if not isinstance(source, config.EventsSource):
        mistakes += _not_for_events(name, declared, settings)
        return None
    if len(given) != 1:
        mistakes.append(
            ConfigError(
                "a field of an events source needs exactly one of " + ", ".join(FEATURES),
                where=settings.where("field", name, *given[:1]),
                advice='For instance latest = "product_viewed.product_id".',
            )
        )
        return None
    kind = given[0]
    event, _, prop = getattr(declared, kind).rpartition(".") if kind != "count" else (declared.count, "", "")
    mistakes += _feature_mistakes(name, declared, kind, event, prop, settings)
    within_s = _age_s(name, "within", declared.within, settings, mistakes) if declared.within else None
    return Feature(kind, event, prop, declared.where, within_s, declared.limit or 10)


def _not_for_events(name: str, declared: config.Field, settings: Settings) -> Iterable[ConfigError]:
    for key in (*FEATURES, "where", "within", "limit"):
        if getattr(declared, key):
            yield ConfigError(
                f"`{key}` belongs to fields of an events source",
                where=settings.where("field", name, key),
                advice=f"`{declared.source}` is none: take the value from its row with `path`.",
            )


def _feature_mistakes(
    name: str, declared: config.Field, kind: str, event: str, prop: str, settings: Settings
) -> Iterable[ConfigError]:
    """What is wrong with one question to the events."""

    def mistake(key: str, what: str, advice: str) -> ConfigError:
        return ConfigError(what, where=settings.where("field", name, key), advice=advice)

    if kind != "count" and not (event and prop):
        yield mistake(kind, f"`{kind}` needs an event and a property", f'Write {kind} = "event.property".')
    if '"' in prop or any('"' in wanted for wanted in declared.where):
        yield mistake(kind, "a property's name contains a quote", "Name the property as the events do.")
    if declared.path:
        yield mistake("path", "a field of an events source has no `path`", f"`{kind}` names what it gives.")
    if not 0 <= declared.limit <= MAX_LIST_ITEMS:
        yield mistake("limit", "`limit` is out of range", f"Write a number from 1 to {MAX_LIST_ITEMS}.")
    if declared.limit and kind not in LIST_FEATURES:
        yield mistake("limit", f"`{kind}` gives one value, not a list to limit", "It belongs to distinct and top.")
    if any(not isinstance(wanted, str | int | float) for wanted in declared.where.values()):
        yield mistake(
            "where", "`where` compares with text, numbers, true and false only", 'where = {category = "shoes"}'
        )
    if (kind in LIST_FEATURES) != (declared.type == "list"):
        wanted = "list" if kind in LIST_FEATURES else "text, or what the property holds"
        yield mistake("type", f"`{kind}` does not give type {declared.type}", f"Declare type = {wanted}.")
    elif kind in NUMBER_FEATURES and declared.type not in ("integer", "number", "money"):
        yield mistake("type", f"`{kind}` gives a number, not {declared.type}", 'type = "integer", "number" or "money"')


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
        advice = "Leave it out for none: then templates see nil, and guards drop their block."
        mistakes.append(
            ConfigError(f"the fallback is not of type {declared.type}: {error}", where=where, advice=advice)
        )
        return None


def _names(fields: Mapping[str, Field], settings: Settings, mistakes: list[ConfigError]) -> dict[str, str]:
    """Every name and alias → its field."""
    names = {name: name for name in fields}
    for field in fields.values():
        for alias in field.aliases:
            if what := _alias_fault(alias, names, field):
                mistakes.append(
                    ConfigError(
                        what, where=settings.where("field", field.name, "alias"), advice="Choose another alias."
                    )
                )
            else:
                names[alias] = field.name
    return names


def _alias_fault(alias: str, names: Mapping[str, str], field: Field) -> str:
    """Why templates cannot read a field by this name; empty where they can."""
    if "[" in alias or any(part != part.strip() or not part for part in alias.split(".")):
        return f"`{alias}` is no name: names may be joined by dots, and nothing else"
    if alias.split(".")[0] in PROVIDED_NAMES | SYSTEM_NAMES.keys():
        return f"`{alias}` is a name Livemerge itself uses"
    taken = names.get(alias, field.name)
    return f"`{alias}` already names field `{taken}`" if taken != field.name else ""


def _name_prefixes(names: Mapping[str, str], settings: Settings) -> Iterable[ConfigError]:
    """Aliases that read into another name: `user.city` cannot stand beside a field called `user`."""
    for alias, name in names.items():
        parts = alias.split(".")
        for end in range(1, len(parts)):
            if (prefix := ".".join(parts[:end])) in names:
                yield ConfigError(
                    f"`{alias}` reads into `{prefix}`, which names field `{names[prefix]}`",
                    where=settings.where("field", name, "alias"),
                    advice="Choose another alias.",
                )


def _by_mistakes(by: Mapping[str, By], fields: Mapping[str, Field], settings: Settings) -> Iterable[ConfigError]:
    """`by` must name a field, of the right type, and must not go round in a circle."""
    for source, keyed in by.items():
        where = settings.where("source", source, "by")
        target = fields.get(keyed.field)
        if target is not None:
            yield from _by_fault(keyed, target, where)
        elif keyed.field not in settings.field:
            advice = nearest(keyed.field, fields) or f"Declare [field.{keyed.field}]."
            yield ConfigError(f"there is no field `{keyed.field}`", where=where, advice=advice)
        if circle := _circle(source, by, fields):
            advice = "One of them must be keyed by the customer, or by a field of another source."
            yield ConfigError(f"sources need each other in a circle: {' → '.join(circle)}", where=where, advice=advice)


def _by_fault(keyed: By, target: Field, where: str) -> Iterable[ConfigError]:
    name = target.name
    if target.item_of:
        advice = f'Write by = "{target.item_of}[].{name}".'
        yield ConfigError(f"`{name}` belongs to the items of `{target.item_of}`", where=where, advice=advice)
    elif keyed.item_property and target.type != "list":
        yield ConfigError(f"`{name}` is not a list", where=where, advice=f'Write by = "{name}".')
    elif not keyed.item_property and target.type == "list":
        yield ConfigError(f"`{name}` is a list", where=where, advice=f'Write by = "{name}[].property".')
    elif target.type not in (*KEY_TYPES, "list"):
        advice = f"A key is of type {', '.join(KEY_TYPES)}."
        yield ConfigError(f"`{name}` is {target.type}, which names nothing", where=where, advice=advice)


def needs(field: Field, by: Mapping[str, By], fields: Mapping[str, Field]) -> list[str]:
    """The fields whose values key this one's source: none where that is the customer."""
    keyed = by.get(field.source)
    if keyed is None:
        return []
    gained = fields.get(keyed.item_property)  # a property that the items gain from another source first
    return [keyed.field, gained.name] if gained and gained.item_of == keyed.field else [keyed.field]


def _circle(start: str, by: Mapping[str, By], fields: Mapping[str, Field]) -> list[str]:
    """A way from a source back to itself, empty where there is none."""
    ways, seen = [[start]], set[str]()
    while ways:
        way = ways.pop()
        for name in {need for field in fields.values() if field.source == way[-1] for need in needs(field, by, fields)}:
            source = fields[name].source if name in fields else ""
            if source == start:
                return [*way, source]
            if source and source not in seen:
                seen.add(source)
                ways.append([*way, source])
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


_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""No message and no JSON reader has a use for these; a CRM's stray one must not cost a customer their name."""

_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


def _text(value: object) -> Value:
    if not isinstance(value, str):
        raise _wrong("text", value)
    if len(value) > MAX_TEXT_CHARACTERS:
        raise WrongTypeError(f"text longer than {MAX_TEXT_CHARACTERS} characters")
    if value.isprintable():
        return value
    if _HALF_CHARACTER.search(value):
        raise WrongTypeError("wanted text, got half a character in it")
    kept = _CONTROLS.sub("", value)
    if value and not kept:
        raise WrongTypeError("wanted text, got nothing but control characters")
    return kept


_NUMBER: Final = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?\s*", re.ASCII)


def _decimal(wanted: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _wrong(wanted, value)
    if isinstance(value, str) and (len(value) > 40 or not _NUMBER.fullmatch(value)):
        raise _wrong(wanted, value)
    number = Decimal(value) if isinstance(value, int | Decimal) else Decimal(str(value).strip())
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise WrongTypeError(f"wanted {wanted}, got a number out of range")
    return number


def _integer(value: object) -> Value:
    if type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER:
        return value
    number = _decimal("an integer", value)
    if number != number.to_integral_value():
        raise WrongTypeError("wanted an integer, got a fraction")
    if abs(number) > MAX_INTEGER:
        raise WrongTypeError("wanted an integer, got a number out of range")
    return int(number)


def _number(value: object) -> Value:
    if isinstance(value, float) and math.isfinite(value):
        return value
    number = _decimal("a number", value)
    return int(number) if number == number.to_integral_value() and abs(number) <= MAX_INTEGER else float(number)


def _money(value: object) -> Value:
    return _decimal("money", value)


_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "t": True, "y": True} | dict.fromkeys(
    ("false", "no", "0", "f", "n"), False
)


def _boolean(value: object) -> Value:
    if isinstance(value, bool):
        return value
    known = None
    if isinstance(value, int):
        known = {0: False, 1: True}.get(value)
    elif isinstance(value, str):
        known = _BOOLEANS.get(value.strip().lower())
    if known is None:
        raise _wrong("true or false", value)
    return known


def _datetime(value: object) -> Value:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise WrongTypeError("wanted a date and time as ISO 8601 writes it") from None
    if not isinstance(value, datetime):
        raise _wrong("a date and time", value)
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        moment.astimezone(UTC)
    except OverflowError:  # its UTC lies outside the calendar, and every comparison would fail
        raise WrongTypeError("wanted a date and time, got one out of range") from None
    return moment


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
        items.append({str(_text(str(name))): _scalar(inner) for name, inner in flat.items()})
    return items


def _scalar(value: object) -> Scalar:
    """A value inside an item: as it is, where templates, JSON and the cache can hold it."""
    if isinstance(value, Mapping | list | tuple):
        raise WrongTypeError("wanted a list of flat objects, got a nested one")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(_text(value))
    if isinstance(value, date):  # and datetime, which is one
        return value
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise WrongTypeError("a number out of range in a list")
    if isinstance(value, int | float | Decimal):
        _decimal("a number in a list", value)
        return value
    raise WrongTypeError(f"wanted a list of flat objects, got {type(value).__name__} in one")


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
