"""livemerge.toml and campaign files → frozen settings. Every mistake names file, line, key, and what would be right.

Secrets never stand in TOML: a secret setting is a reference, `env:NAME` or `file:PATH`, read by `read_secret`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

import msgspec

from livemerge.errors import ConfigError, nearest

PROJECT_FILE = "livemerge.toml"
FIELD_NAME = re.compile(r"^[a-z][a-z0-9_]*$")  # what every ESP's template language can read
RESERVED_FIELDS = frozenset({"ok", "found", "source", "as_of", "age_s", "request_id", "rows"})
PROVIDED_NAMES = frozenset({"customer_id", "email", "campaign_name", "unsubscribe_url", "preferences_url", "view_url"})
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

SecretRef: TypeAlias = str
"""`env:NAME` or `file:PATH`; safe to print."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a settings file."""


class Public(Section, frozen=True):
    url: str = ""
    secret: SecretRef = ""


class Store(Section, frozen=True):
    url: str = "sqlite:///livemerge.db"


class Smtp(Section, frozen=True, tag="smtp", tag_field="kind"):
    url: str
    user: SecretRef = ""
    password: SecretRef = ""
    connections: int = 4
    connect_timeout_ms: int = 10_000
    tls_verify: bool = True


class Maildir(Section, frozen=True, tag="maildir", tag_field="kind"):
    path: str


Transport: TypeAlias = Smtp | Maildir


class Basic(Section, frozen=True):
    user: SecretRef
    password: SecretRef


class Named(Section, frozen=True):
    """A credential sent under a name, as header or query parameter."""

    name: str
    value: SecretRef


class OAuth2(Section, frozen=True):
    token_url: str
    client_id: SecretRef
    client_secret: SecretRef
    scope: str = ""


class Auth(Section, frozen=True):
    """Exactly one of these."""

    bearer: SecretRef = ""
    basic: Basic | None = None
    header: Named | None = None
    query: Named | None = None
    oauth2: OAuth2 | None = None


class HttpBatch(Section, frozen=True):
    """One call for many keys. `{keys}` in `body` is a JSON list; in `url`, comma-separated."""

    url: str
    method: Literal["GET", "POST"] = "POST"
    body: str = ""
    size: int = 100
    records: str = ""  # JMESPath to the list of rows; default: the document itself
    key: str = "id"  # JMESPath to a row's key


class HttpSource(Section, frozen=True, tag="http", tag_field="kind"):
    url: str = ""
    batch: HttpBatch | None = None
    auth: Auth | None = None
    headers: dict[str, str] = {}
    by: str = ""
    as_of: str = ""
    timeout_ms: int = 1_000  # one attempt
    retries: int = 2
    connections: int = 20
    max_bytes: int = 2_000_000


class SqlSource(Section, frozen=True, tag="sql", tag_field="kind"):
    url: str
    query: str
    key_type: Literal["text", "integer"] = "text"
    by: str = ""
    as_of: str = ""
    timeout_ms: int = 1_000
    retries: int = 2
    connections: int = 4
    size: int = 500


class EventsSource(Section, frozen=True, tag="events", tag_field="kind"):
    timeout_ms: int = 1_000
    retries: int = 1


class TableSource(Section, frozen=True, tag="table", tag_field="kind"):
    path: str
    key: str
    by: str = ""
    as_of: str = ""
    timeout_ms: int = 1_000
    retries: int = 0


Source: TypeAlias = HttpSource | SqlSource | EventsSource | TableSource
FieldType: TypeAlias = Literal[
    "text", "integer", "number", "money", "boolean", "date", "datetime", "url", "html", "list"
]


class Field(Section, frozen=True):
    source: str
    type: FieldType
    path: str = ""
    max_age: str = "0s"
    stale_for: str = "0s"
    fallback: Any = None
    required: bool = False
    alias: list[str] = []
    private: bool = False
    purpose: str = ""
    keep: str = ""
    # What an `events` source gives; exactly one of these seven, as "event" or "event.property".
    latest: str = ""
    first: str = ""
    count: str = ""
    sum: str = ""
    average: str = ""
    distinct: str = ""
    top: str = ""
    where: dict[str, Any] = {}
    within: str = ""
    limit: int = 0


class Audience(Section, frozen=True):
    """Exactly one of csv, sql and table."""

    csv: str = ""
    sql: str = ""
    url: str = ""  # of the database, with sql
    table: str = ""
    key: str = "customer_id"
    address: str = "email"


class Brake(Section, frozen=True):
    unavailable: float | None = None
    failed: float | None = None


class Campaign(Section, frozen=True):
    name: str
    template: str
    audience: Audience
    transport: str
    sender: str = msgspec.field(name="from")
    reply_to: str = ""
    list_id: str = ""
    occurrence: str = ""
    language: str = ""
    send_at: datetime | None = None
    expires_at: datetime | None = None
    rate_per_s: float | None = None
    deadline_ms: int = 5_000  # one customer's data, counted from when its first call gets a slot
    on_unavailable: Literal["fallback", "wait", "skip"] = "fallback"
    on_unknown: Literal["leave", "resend"] = "leave"
    brake: Brake | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All of livemerge.toml."""

    root: Path
    public: Public = Public()
    store: Store = Store()
    transport: dict[str, Transport] = {}
    source: dict[str, Source] = {}
    field: dict[str, Field] = {}
    places: TomlPlaces | None = None

    def where(self, *keys: str) -> str:
        """`livemerge.toml:12 source.crm.url`: how errors about a setting name it."""
        return self.places.where(*keys) if self.places else ".".join(keys)


class TomlPlaces:
    """On which line each key of one TOML file stands; tomllib does not say."""

    _HEADER = re.compile(r"^\s*\[+\s*([^\]]+?)\s*\]+")
    _KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"))*)\s*=""")

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, line in enumerate(text.splitlines(), start=1):
            if header := self._HEADER.match(line):
                table = self._split(header[1])
                self._lines.setdefault(table, number)
            elif key := self._KEY.match(line):
                self._lines.setdefault(table + self._split(key[1]), number)

    @staticmethod
    def _split(dotted: str) -> tuple[str, ...]:
        return tuple(part.strip().strip("\"'") for part in dotted.split("."))

    def line(self, *keys: str) -> int:
        """The line of the key, or of the nearest table around it; 1 where nothing is known."""
        for end in range(len(keys), 0, -1):
            if (line := self._lines.get(keys[:end])) is not None:
                return line
        return 1

    def where(self, *keys: str) -> str:
        return f"{self.name}:{self.line(*keys)} {'.'.join(keys)}".rstrip()


_KINDS: dict[str, dict[str, type[Section]]] = {
    "source": {"http": HttpSource, "sql": SqlSource, "events": EventsSource, "table": TableSource},
    "transport": {"smtp": Smtp, "maildir": Maildir},
}
_TABLES: dict[str, type[Section]] = {"public": Public, "store": Store}
_NAMED_TABLES = ("source", "transport", "field")
S = TypeVar("S", bound=Section)


def load_settings(root: Path) -> Settings:
    """The settings of the project in `root`. Raises ConfigError that lists every mistake found."""
    path = root / PROJECT_FILE
    document, places = _read_toml(path, PROJECT_FILE)
    mistakes: list[ConfigError] = []
    parts: dict[str, Any] = {}
    for name, value in document.items():
        if name in _TABLES:
            parts[name] = _convert(value, _TABLES[name], places, (name,), mistakes)
        elif name in _NAMED_TABLES:
            parts[name] = _convert_all(name, value, places, mistakes)
        else:
            mistakes.append(_unknown_key(places, (name,), [*_TABLES, *_NAMED_TABLES]))
    _raise_all(mistakes)
    settings = Settings(root=root, places=places, **parts)
    _raise_all(_contradictions(settings, places))
    return settings


def load_campaign(path: Path, root: Path) -> Campaign:
    """One campaign file. Raises ConfigError."""
    shown = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    document, places = _read_toml(path, shown)
    mistakes: list[ConfigError] = []
    campaign = _convert(document, Campaign, places, (), mistakes)
    _raise_all(mistakes)
    assert campaign is not None
    _raise_all(_campaign_contradictions(campaign, places))
    return campaign


def read_secret(reference: SecretRef, root: Path, *, where: str) -> str:
    """The secret a reference stands for. Raises ConfigError that names the reference, never its value."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        if value := os.environ.get(name):
            return value
        raise ConfigError(
            f"environment variable {name} is not set",
            where=where,
            advice=f"Set it before the command: export {name}=…",
        )
    if kind == "file":
        try:
            return (root / name).read_text().strip()
        except OSError as error:
            raise ConfigError(f"cannot read {name}: {error.strerror}", where=where) from error
    raise _not_a_reference(where)


def parse_duration_s(text: str) -> float | None:
    """Seconds of `250ms`, `30s`, `5m`, `2h`, `7d`, `1w`; None for anything else."""
    match = _DURATION.match(text)
    return float(match[1]) * _SECONDS[match[2]] if match else None


def _read_toml(path: Path, shown: str) -> tuple[dict[str, Any], TomlPlaces]:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        advice = "`livemerge init NAME` writes a project." if shown == PROJECT_FILE else ""
        raise ConfigError(f"there is no {shown} in {path.parent}", advice=advice) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 text (byte {error.start})", where=shown) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=shown) from None
    try:
        return tomllib.loads(text), TomlPlaces(text, shown)
    except tomllib.TOMLDecodeError as error:
        what, line, column = _toml_error(str(error))
        caret = _caret(text, line, column)
        raise ConfigError(
            f"not valid TOML: {what}{caret}",
            where=f"{shown}:{line}:{column}" if line else shown,
            advice="Text stands in quotes, lists in [ ], and a key appears once in its table.",
        ) from None


def _toml_error(message: str) -> tuple[str, int, int]:
    """What tomllib says, with the place taken out of its sentence; line 0 where it names none."""
    match = re.search(r"\s*\(at line (\d+), column (\d+)\)$", message)
    if match is None:
        return message.removesuffix(" (at end of document)") + " at the end of the file", 0, 0
    return message[: match.start()], int(match[1]), int(match[2])


def _caret(text: str, line: int, column: int) -> str:
    lines = text.splitlines()
    if not 0 < line <= len(lines):
        return ""
    return f"\n  {lines[line - 1]}\n  {' ' * (column - 1)}^"


def _convert_all(table: str, value: Any, places: TomlPlaces, mistakes: list[ConfigError]) -> dict[str, Section]:
    """All `[table.name]` tables, converted one by one so that each mistake is found."""
    if not isinstance(value, dict):
        mistakes.append(ConfigError("is not a table", where=places.where(table), advice=f"Write [{table}.name]."))
        return {}
    made: dict[str, Section] = {}
    for name, settings in value.items():
        keys = (table, name)
        wanted = _wanted_type(table, settings, places, keys, mistakes)
        section = wanted and _convert(settings, wanted, places, keys, mistakes)
        if section is not None:
            made[name] = section
    return made


def _wanted_type(
    table: str, settings: Any, places: TomlPlaces, keys: tuple[str, ...], mistakes: list[ConfigError]
) -> type[Section] | None:
    if table == "field":
        return Field
    kinds = _KINDS[table]
    kind = settings.get("kind") if isinstance(settings, dict) else None
    if kind in kinds:
        return kinds[kind]
    what = f"`{kind}` is not a kind of {table}" if kind else f"a {table} needs a `kind`"
    advice = f"{nearest(str(kind), kinds)} The kinds are: {', '.join(kinds)}.".strip()
    mistakes.append(ConfigError(what, where=places.where(*keys, "kind"), advice=advice))
    return None


def _convert(
    value: Any, wanted: type[S], places: TomlPlaces, keys: tuple[str, ...], mistakes: list[ConfigError]
) -> S | None:
    """The section, or None with the mistake added to `mistakes`."""
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        mistakes.append(_explain(str(error), value, wanted, places, keys))
        return None


def _explain(message: str, value: Any, wanted: type[Section], places: TomlPlaces, keys: tuple[str, ...]) -> ConfigError:
    """msgspec's sentence, with file, line and advice."""
    what, _, path = message.partition(" - at `$")
    inner = tuple(re.findall(r"[A-Za-z0-9_-]+", path.rstrip("`")))
    section = _section_at(wanted, inner)
    names = [field.encode_name for field in msgspec.structs.fields(section)]
    if unknown := re.search(r"unknown field `(.+)`", what):
        return _unknown_key(places, (*keys, *inner, unknown[1]), names)
    if missing := re.search(r"missing required field `(.+)`", what):
        return ConfigError(f"`{missing[1]}` is missing", where=places.where(*keys, *inner))
    advice = ""
    if got := re.search(r"Invalid enum value '(.+)'", what):
        choices = _choices(section, inner[-1] if inner else "")
        what = f"`{got[1]}` is not a value of `{inner[-1]}`"
        advice = f"{nearest(got[1], choices)} Use one of: {', '.join(choices)}.".strip()
    what = what.replace("Expected `", "expected `").replace("`str`", "text in quotes").replace("`object`", "a table")
    return ConfigError(what, where=places.where(*keys, *inner), advice=advice)


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
    for field in msgspec.structs.fields(section):
        if field.encode_name == name:
            return [str(choice) for choice in getattr(field.type, "__args__", ())]
    return []


def _unknown_key(places: TomlPlaces, keys: tuple[str, ...], known: Iterable[str]) -> ConfigError:
    known = list(known)
    advice = nearest(keys[-1], known) or f"Known here: {', '.join(sorted(known))}."
    return ConfigError(f"unknown key `{keys[-1]}`", where=places.where(*keys), advice=advice)


def _raise_all(mistakes: list[ConfigError]) -> None:
    if mistakes:
        first, *others = mistakes
        raise ConfigError(first.what, where=first.where, advice=first.advice, others=tuple(others))


def _contradictions(settings: Settings, places: TomlPlaces) -> list[ConfigError]:
    """What each key alone cannot show: secrets in the clear, sources without a way to be asked."""
    found = list(_clear_secrets(settings, places))
    for name, source in settings.source.items():
        found += _source_contradictions(name, source, places)
    if not settings.store.url.startswith("sqlite:///"):
        found.append(
            ConfigError(
                "this version keeps its store in SQLite",
                where=places.where("store", "url"),
                advice='Write url = "sqlite:///livemerge.db", or leave [store] out.',
            )
        )
    return found


def _source_contradictions(name: str, source: Source, places: TomlPlaces) -> Iterable[ConfigError]:
    keys = ("source", name)
    for number, least in (
        ("timeout_ms", 1),
        ("retries", 0),
        ("connections", 1),
        ("size", 1),
        ("max_bytes", 1),
    ):
        if getattr(source, number, least) < least:
            yield ConfigError(f"`{number}` is below {least}", where=places.where(*keys, number))
    if isinstance(source, HttpSource):
        yield from _http_contradictions(keys, source, places)
    if isinstance(source, SqlSource) and ":keys" not in source.query:
        yield ConfigError(
            "the query does not use :keys",
            where=places.where(*keys, "query"),
            advice="Ask for a batch: select … as key, … where customer_id in :keys",
        )


def _http_contradictions(keys: tuple[str, ...], source: HttpSource, places: TomlPlaces) -> Iterable[ConfigError]:
    if not source.url and source.batch is None:
        yield ConfigError("needs a `url` or a `batch`", where=places.where(*keys))
    if source.url and "{key}" not in source.url:
        yield ConfigError(
            "the url does not contain {key}",
            where=places.where(*keys, "url"),
            advice='For one customer: "https://crm.example/customers/{key}".',
        )
    if source.batch and "{keys}" not in source.batch.url + source.batch.body:
        yield ConfigError("neither url nor body of the batch contains {keys}", where=places.where(*keys, "batch"))
    if source.batch and source.batch.size < 1:
        yield ConfigError("`size` is below 1", where=places.where(*keys, "batch", "size"))
    for url in (source.url, source.batch.url if source.batch else ""):
        if url and urlsplit(url).scheme not in ("http", "https"):
            yield ConfigError(f"not an http or https address: {url}", where=places.where(*keys, "url"))
    if source.auth is not None and _given(source.auth) != 1:
        yield ConfigError(
            "needs exactly one of bearer, basic, header, query, oauth2", where=places.where(*keys, "auth")
        )


def _given(section: Section) -> int:
    """How many keys of a section are set."""
    return sum(1 for field in msgspec.structs.fields(section) if getattr(section, field.name))


def _clear_secrets(settings: Settings, places: TomlPlaces) -> Iterable[ConfigError]:
    """Secret settings that are not references, and passwords inside URLs."""
    for keys, section in _sections(settings):
        for field in msgspec.structs.fields(section):
            value = getattr(section, field.name)
            if field.name in _SECRET_KEYS.get(type(section), ()):
                if value and not value.startswith(("env:", "file:")):
                    yield _not_a_reference(places.where(*keys, field.name))
            elif isinstance(value, str) and field.name == "url" and _has_password(value):
                yield ConfigError(
                    "a password stands in the address",
                    where=places.where(*keys, field.name),
                    advice='Put the address into the environment and write "env:NAME".',
                )


_SECRET_KEYS: Mapping[type, tuple[str, ...]] = {
    Public: ("secret",),
    Smtp: ("user", "password"),
    Auth: ("bearer",),
    Basic: ("user", "password"),
    Named: ("value",),
    OAuth2: ("client_id", "client_secret"),
}


def _sections(settings: Settings) -> Iterable[tuple[tuple[str, ...], Section]]:
    """Every section with its keys, the nested ones too."""
    roots: list[tuple[tuple[str, ...], Section]] = [
        (("public",), settings.public),
        (("store",), settings.store),
        *((("transport", name), section) for name, section in settings.transport.items()),
        *((("source", name), section) for name, section in settings.source.items()),
    ]
    while roots:
        keys, section = roots.pop(0)
        yield keys, section
        for field in msgspec.structs.fields(section):
            if isinstance(inner := getattr(section, field.name), Section):
                roots.append(((*keys, field.encode_name), inner))


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return False


def _not_a_reference(where: str) -> ConfigError:
    return ConfigError(
        "a secret must not stand in the file",
        where=where,
        advice='Put it into the environment and write "env:NAME", or into a file and write "file:PATH".',
    )


def _campaign_contradictions(campaign: Campaign, places: TomlPlaces) -> list[ConfigError]:
    found = []
    audience = campaign.audience
    if sum(1 for way in (audience.csv, audience.sql, audience.table) if way) != 1:
        found.append(ConfigError("an audience is one of csv, sql and table", where=places.where("audience")))
    if audience.sql and not audience.url:
        found.append(ConfigError("a sql audience needs the `url` of its database", where=places.where("audience")))
    for name in ("send_at", "expires_at"):
        moment = getattr(campaign, name)
        if moment is not None and moment.tzinfo is None:
            found.append(
                ConfigError("has no time zone", where=places.where(name), advice="Write 2026-12-01T09:00:00Z.")
            )
    if campaign.rate_per_s is not None and campaign.rate_per_s <= 0:
        found.append(ConfigError("must be above 0", where=places.where("rate_per_s")))
    if not campaign.name.strip():
        found.append(ConfigError("must not be empty", where=places.where("name")))
    return found
