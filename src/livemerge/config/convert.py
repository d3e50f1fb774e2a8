"""TOML tables → sections. msgspec's refusals become errors with file, line, key and advice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from livemerge.config.places import TomlPlaces
from livemerge.config.sections import (
    DataExtension,
    EventsSource,
    Feed,
    Field,
    HttpSource,
    Maildir,
    Section,
    Smtp,
    SqlSource,
    TableSource,
    View,
)
from livemerge.errors import ConfigError, nearest

_KINDS: dict[str, dict[str, type[Section]]] = {
    "source": {"http": HttpSource, "sql": SqlSource, "events": EventsSource, "table": TableSource},
    "transport": {"smtp": Smtp, "maildir": Maildir},
}

_KINDLESS: dict[str, type[Section]] = {
    "field": Field,
    "data_extension": DataExtension,
    "view": View,
    "feed": Feed,
}

S = TypeVar("S", bound=Section)


def convert_all(table: str, value: Any, places: TomlPlaces, mistakes: list[ConfigError]) -> dict[str, Section]:
    """All `[table.name]` tables, converted one by one so that each mistake is found."""
    if not isinstance(value, dict):
        mistakes.append(ConfigError("is not a table", where=places.where(table), advice=f"Write [{table}.name]."))
        return {}
    made: dict[str, Section] = {}
    for name, settings in value.items():
        keys = (table, name)
        wanted = _wanted_type(table, settings, places, keys, mistakes)
        section = convert(settings, wanted, places, keys, mistakes) if wanted else None
        if section is not None:
            made[name] = section
    return made


def _wanted_type(
    table: str, settings: Any, places: TomlPlaces, keys: tuple[str, ...], mistakes: list[ConfigError]
) -> type[Section] | None:
    if table in _KINDLESS:
        return _KINDLESS[table]
    kinds = _KINDS[table]
    if not isinstance(settings, dict):
        advice = f"Write [{'.'.join(keys)}] and its keys below."
        mistakes.append(ConfigError("is not a table", where=places.where(*keys), advice=advice))
        return None
    kind = settings.get("kind")
    if isinstance(kind, str) and kind in kinds:
        return kinds[kind]
    what = f"`{kind}` is not a kind of {table}" if kind else f"a {table} needs a `kind`"
    advice = f"{nearest(str(kind), kinds)} The kinds are: {', '.join(kinds)}.".strip()
    mistakes.append(ConfigError(what, where=places.where(*keys, "kind"), advice=advice))
    return None


def convert(
    value: Any, wanted: type[S], places: TomlPlaces, keys: tuple[str, ...], mistakes: list[ConfigError]
) -> S | None:
    """The section, or None with the mistake added to `mistakes`."""
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        mistakes.append(_explain(str(error), wanted, places, keys))
        return None


def _explain(message: str, wanted: type[Section], places: TomlPlaces, keys: tuple[str, ...]) -> ConfigError:
    """msgspec's sentence, with file, line and advice."""
    what, _, path = message.partition(" - at `$")
    inner = tuple(re.findall(r"[A-Za-z0-9_-]+", path.rstrip("`")))
    section = _section_at(wanted, inner)
    names = [field.encode_name for field in msgspec.structs.fields(section)]
    if unknown := re.search(r"unknown field `(.+)`", what):
        return unknown_key(places, (*keys, *inner, unknown[1]), names)
    if missing := re.search(r"missing required field `(.+)`", what):
        choices = _choices(section, missing[1])
        advice = f"Use one of: {', '.join(choices)}." if choices else f"Add {missing[1]} = … here."
        return ConfigError(f"`{missing[1]}` is missing", where=places.where(*keys, *inner), advice=advice)
    advice = ""
    if got := re.search(r"Invalid enum value '(.+)'", what):
        choices = _choices(section, inner[-1] if inner else "")
        what = f"`{got[1]}` is not a value of `{inner[-1]}`"
        advice = f"{nearest(got[1], choices)} Use one of: {', '.join(choices)}.".strip()
    return ConfigError(_in_words(what), where=places.where(*keys, *inner), advice=advice)


_TYPE_WORDS = {
    "str": "text in quotes",
    "object": "a table",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "datetime": "a date and time",
}


def _in_words(what: str) -> str:
    """msgspec's `Expected `int`, got `str`` as TOML's author would say it; there is no null in TOML."""
    spoken = re.sub(r"`(\w+)(?: \| null)?`", lambda match: _TYPE_WORDS.get(match[1], match[0]), what)
    return spoken.replace("Expected ", "expected ", 1)


def _section_at(wanted: type[Section], inner: tuple[str, ...]) -> type[Section]:
    """The struct that holds the last of the `inner` keys."""
    section = wanted
    for name in inner:
        field = next((field for field in msgspec.structs.fields(section) if field.encode_name == name), None)
        options: tuple[object, ...] = (field.type, *getattr(field.type, "__args__", ())) if field else ()
        sections = [option for option in options if isinstance(option, type) and issubclass(option, Section)]
        section = sections[0] if sections else section
    return section


def _choices(section: type[Section], name: str) -> list[str]:
    """The words a key may have; none where it takes other things."""
    for field in msgspec.structs.fields(section):
        if field.encode_name == name and get_origin(field.type) is Literal:
            return [str(choice) for choice in get_args(field.type)]
    return []


def unknown_key(places: TomlPlaces, keys: tuple[str, ...], known: Iterable[str]) -> ConfigError:
    known = list(known)
    advice = nearest(keys[-1], known) or f"Known here: {', '.join(sorted(known))}."
    return ConfigError(f"unknown key `{keys[-1]}`", where=places.where(*keys), advice=advice)
