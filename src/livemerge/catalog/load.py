"""Settings → catalog, with every mistake of the declarations told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import jmespath
from jmespath.exceptions import JMESPathError

from livemerge import config
from livemerge.catalog.extensions import load_extensions
from livemerge.catalog.feeds import load_feeds
from livemerge.catalog.fields import SYSTEM_NAMES, By, Catalog, Feature, Field, needs
from livemerge.catalog.types import MAX_LIST_ITEMS, WrongTypeError, admit
from livemerge.catalog.views import load_views
from livemerge.config import FIELD_NAME, PROVIDED_NAMES, RESERVED_FIELDS, Settings, parse_duration_s
from livemerge.errors import ConfigError, nearest, raise_all
from livemerge.values import Value

FEATURES: Final = ("latest", "first", "count", "sum", "average", "distinct", "top")

LIST_FEATURES: Final = ("distinct", "top")

NUMBER_FEATURES: Final = ("count", "sum", "average")

KEY_TYPES: Final = ("text", "integer", "date", "url")  # whose values have one spelling, so that they can be a key


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
    extensions = load_extensions(settings, mistakes)
    items = {field.name for field in fields.values() if field.item_of}
    views = load_views(settings, items, mistakes)
    feeds = load_feeds(settings, mistakes)
    raise_all(mistakes)
    return Catalog(fields, settings.source, by, names, extensions, views, feeds)


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
