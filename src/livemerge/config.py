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
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl, urlsplit

import msgspec

from livemerge.errors import ConfigError, nearest

PROJECT_FILE = "livemerge.toml"
FIELD_NAME = re.compile(r"^[a-z][a-z0-9_]*\Z")  # what every ESP's template language can read
RESERVED_FIELDS = frozenset({"ok", "found", "source", "as_of", "age_s", "request_id", "rows", "provenance"})
PROVIDED_NAMES = frozenset({"customer_id", "email", "campaign_name", "unsubscribe_url", "preferences_url", "view_url"})
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
MAX_DURATION_S = 36_525 * 86_400.0  # a hundred years; longer ones would leave the calendar when added to a date

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


_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED = rf"({_PART}(?:[ \t]*\.[ \t]*{_PART})*)"


class TomlPlaces:
    """On which line each key of one TOML file stands; tomllib does not say. The file is known to be valid."""

    _HEADER = re.compile(rf"\s*\[\[?[ \t]*{_DOTTED}")
    _KEY = re.compile(rf"\s*{_DOTTED}[ \t]*=")

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, statement in _statements(text):
            if header := self._HEADER.match(statement):
                table = _parts(header[1])
                self._lines.setdefault(table, number)
            elif key := self._KEY.match(statement):
                self._lines.setdefault(table + _parts(key[1]), number)

    def line(self, *keys: str) -> int:
        """The line of the key, or of the nearest table around it; 1 where nothing is known."""
        for end in range(len(keys), 0, -1):
            if (line := self._lines.get(keys[:end])) is not None:
                return line
        return 1

    def where(self, *keys: str) -> str:
        return f"{self.name}:{self.line(*keys)} {'.'.join(keys)}".rstrip()


_TOKEN = re.compile(
    r"""\"{3}(?:[^\\]|\\.)*?"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[\]{}\n]""", re.DOTALL
)
"""What decides where a statement ends: strings and comments as a whole, brackets, line ends."""


def _statements(text: str) -> Iterable[tuple[int, str]]:
    """Each statement with the line it begins on. Strings and brackets may carry it over several lines."""
    start = depth = 0
    number = begins_on = 1
    for token in _TOKEN.finditer(text):
        number += token[0].count("\n")
        depth += (token[0] in "[{") - (token[0] in "]}")
        if token[0] == "\n" and depth == 0:
            yield begins_on, text[start : token.start()]
            start, begins_on = token.end(), number
    yield begins_on, text[start:]


def _parts(dotted: str) -> tuple[str, ...]:
    """The names of a dotted key, quotes and escapes read as TOML reads them."""
    parts = re.findall(_PART, dotted)
    return tuple(tomllib.loads(f"name = {part}")["name"] if part[0] in "\"'" else part for part in parts)


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
        return _read_secret_file(root / name, name, where)
    raise _not_a_reference(where)


def _read_secret_file(path: Path, name: str, where: str) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror}", where=where) from None
    except ValueError:  # not UTF-8; its text would show the bytes
        raise ConfigError(f"{name} is not UTF-8 text", where=where) from None
    if not secret:
        raise ConfigError(f"{name} is empty", where=where, advice="Put the secret into it, and nothing else.")
    return secret


def parse_duration_s(text: str) -> float | None:
    """Seconds of `250ms`, `30s`, `5m`, `2h`, `7d`, `1w`; None for anything else and for more than a hundred years."""
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) * _SECONDS[match[2]] if match else MAX_DURATION_S + 1
    return seconds if seconds <= MAX_DURATION_S else None


def _read_toml(path: Path, shown: str) -> tuple[dict[str, Any], TomlPlaces]:
    text = _read_text(path, shown)
    try:
        return tomllib.loads(text), TomlPlaces(text, shown)
    except RecursionError:
        raise ConfigError("not valid TOML: nested too deeply", where=shown) from None
    except ValueError as error:  # TOMLDecodeError, and numbers of thousands of digits
        what, line, column = _toml_error(str(error))
        caret = _caret(text, line, column)
        raise ConfigError(
            f"not valid TOML: {what}{caret}",
            where=f"{shown}:{line}:{column}" if line else shown,
            advice="Text stands in quotes, lists in [ ], and a key appears once in its table.",
        ) from None


def _read_text(path: Path, shown: str) -> str:
    try:
        found = path.read_bytes()
        return found.decode("utf-8-sig").replace("\r\n", "\n")  # some editors begin with a byte order mark
    except FileNotFoundError:
        advice = "`livemerge init NAME` writes a project." if shown == PROJECT_FILE else ""
        raise ConfigError(f"there is no {shown} in {path.parent}", advice=advice) from None
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"not UTF-8 text (byte {error.start})", where=f"{shown}:{line}") from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=shown) from None


def _toml_error(message: str) -> tuple[str, int, int]:
    """What tomllib says, with the place taken out of its sentence; line 0 where it names none."""
    match = re.search(r"\s*\(at line (\d+), column (\d+)\)$", message)
    if match is None:
        bare = message.removesuffix(" (at end of document)")
        return f"{bare} at the end of the file" if bare != message else message, 0, 0
    return message[: match.start()], int(match[1]), int(match[2])


_MAY_HOLD_A_SECRET = re.compile(r"secret|password|bearer|token|user|value|auth|url|client|api", re.IGNORECASE)


def _caret(text: str, line: int, column: int) -> str:
    """The line and its place; nothing where a secret could stand in it."""
    lines = text.split("\n")
    if not 0 < line <= len(lines) or _MAY_HOLD_A_SECRET.search(lines[line - 1]):
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
        section = _convert(settings, wanted, places, keys, mistakes) if wanted else None
        if section is not None:
            made[name] = section
    return made


def _wanted_type(
    table: str, settings: Any, places: TomlPlaces, keys: tuple[str, ...], mistakes: list[ConfigError]
) -> type[Section] | None:
    if table == "field":
        return Field
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


def _convert(
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
        return _unknown_key(places, (*keys, *inner, unknown[1]), names)
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
    found: list[ConfigError] = []
    for keys, section in _sections(settings):
        found += _clear_secrets(keys, section, places)
        found += _out_of_range(keys, section, places)
        if isinstance(section, HttpSource):
            found += _http_contradictions(keys, section, places)
        if isinstance(section, SqlSource) and ":keys" not in section.query:
            found.append(
                ConfigError(
                    "the query does not use :keys",
                    where=places.where(*keys, "query"),
                    advice="Ask for a batch: select … as key, … where customer_id in :keys",
                )
            )
    if not settings.store.url.removeprefix("sqlite:///").strip() or not settings.store.url.startswith("sqlite:///"):
        found.append(
            ConfigError(
                "this version keeps its store in a SQLite file",
                where=places.where("store", "url"),
                advice='Write url = "sqlite:///livemerge.db", or leave [store] out.',
            )
        )
    return found


_RANGES = {
    "timeout_ms": (1, 600_000),
    "connect_timeout_ms": (1, 600_000),
    "deadline_ms": (1, 600_000),
    "retries": (0, 20),
    "connections": (1, 1_000),
    "size": (1, 10_000),
    "max_bytes": (1, 1_000_000_000),
}
"""Least and most of a number, wherever a section has one of this name."""


def _out_of_range(keys: tuple[str, ...], section: Section, places: TomlPlaces) -> Iterable[ConfigError]:
    for name, (least, most) in _RANGES.items():
        if not least <= getattr(section, name, least) <= most:
            what = f"`{name}` is not between {least} and {most}"
            yield ConfigError(what, where=places.where(*keys, name), advice=f"Write a number from {least} to {most}.")


def _http_contradictions(keys: tuple[str, ...], source: HttpSource, places: TomlPlaces) -> Iterable[ConfigError]:
    if not source.url and source.batch is None:
        advice = 'For one customer: url = "https://crm.example/customers/{key}".'
        yield ConfigError("needs a `url` or a `batch`", where=places.where(*keys), advice=advice)
    if source.url and "{key}" not in source.url:
        yield ConfigError(
            "the url does not contain {key}",
            where=places.where(*keys, "url"),
            advice='For one customer: "https://crm.example/customers/{key}".',
        )
    if source.batch and "{keys}" not in source.batch.url + source.batch.body:
        yield ConfigError(
            "neither url nor body of the batch contains {keys}",
            where=places.where(*keys, "batch"),
            advice="body = '{\"ids\": {keys}}' sends them as a JSON list.",
        )
    yield from _not_http(keys, source, places)
    if source.auth is not None and _given(source.auth) != 1:
        yield ConfigError(
            "needs exactly one of bearer, basic, header, query, oauth2",
            where=places.where(*keys, "auth"),
            advice='For instance auth = { bearer = "env:CRM_TOKEN" }.',
        )


def _not_http(keys: tuple[str, ...], source: HttpSource, places: TomlPlaces) -> Iterable[ConfigError]:
    """Addresses that are not http or https. They are not shown: a password may stand in them."""
    oauth2 = source.auth.oauth2 if source.auth else None
    for inner, url in (
        (("url",), source.url),
        (("batch", "url"), source.batch.url if source.batch else ""),
        (("auth", "oauth2", "token_url"), oauth2.token_url if oauth2 else ""),
    ):
        if url and not url.lower().startswith(("http://", "https://")):
            advice = "Begin it with https:// (or http://)."
            yield ConfigError("not an http or https address", where=places.where(*keys, *inner), advice=advice)


def _given(section: Section) -> int:
    """How many keys of a section are set."""
    return sum(1 for field in msgspec.structs.fields(section) if getattr(section, field.name))


def _clear_secrets(keys: tuple[str, ...], section: Section, places: TomlPlaces) -> Iterable[ConfigError]:
    """Secret settings that are not references, and secrets inside addresses and headers."""
    for field in msgspec.structs.fields(type(section)):
        value, where = getattr(section, field.name), places.where(*keys, field.name)
        if field.name in _SECRET_KEYS.get(type(section), ()):
            if value and not value.startswith(("env:", "file:")):
                yield _not_a_reference(where)
        elif field.name in ("url", "token_url") and _has_secret(value):
            yield ConfigError(
                "a secret stands in the address",
                where=where,
                advice='Name it under `user`, `password` or `auth` as "env:NAME", or give the whole url as "env:NAME".',
            )
        elif field.name == "headers" and (names := [name for name in value if name.lower() in _SECRET_HEADERS]):
            yield ConfigError(
                f"the header {names[0]} proves who asks and must not stand in the file",
                where=where,
                advice=f'Write auth = {{ header = {{ name = "{names[0]}", value = "env:NAME" }} }}.',
            )


_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token", "x-access-token"}
)
_SECRET_PARAMETERS = frozenset({"api_key", "apikey", "api-key", "access_token", "token", "secret", "password"})
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


def _has_secret(url: str) -> bool:
    """Whether a password or a token stands in an address. `?token={key}` is a place for the customer's key."""
    try:
        parts = urlsplit(url)
        parameters = parse_qsl(parts.query)
        if parts.password is not None:
            return True
    except ValueError:
        return "@" in url
    return any(name.lower() in _SECRET_PARAMETERS and not value.startswith("{") for name, value in parameters)


def _not_a_reference(where: str) -> ConfigError:
    return ConfigError(
        "a secret must not stand in the file",
        where=where,
        advice='Put it into the environment and write "env:NAME", or into a file and write "file:PATH".',
    )


def _campaign_contradictions(campaign: Campaign, places: TomlPlaces) -> list[ConfigError]:
    found = list(_out_of_range((), campaign, places))
    found += _clear_secrets(("audience",), campaign.audience, places)
    found += _audience_contradictions(campaign.audience, places)
    for name in ("send_at", "expires_at"):
        moment = getattr(campaign, name)
        if moment is not None and moment.tzinfo is None:
            found.append(
                ConfigError("has no time zone", where=places.where(name), advice="Write 2026-12-01T09:00:00Z.")
            )
    if campaign.rate_per_s is not None and not 0 < campaign.rate_per_s <= 1_000_000:
        advice = "Messages a second, 1000000 at most; leave it out for as fast as the relay takes them."
        found.append(ConfigError("must be above 0", where=places.where("rate_per_s"), advice=advice))
    for name in ("unavailable", "failed"):
        share = getattr(campaign.brake, name, None)
        if share is not None and not 0 <= share <= 1:
            advice = "A share of the messages: 0.05 is one in twenty."
            found.append(ConfigError("is not between 0 and 1", where=places.where("brake", name), advice=advice))
    if not campaign.name.strip():
        advice = 'For instance name = "welcome-2026-12".'
        found.append(ConfigError("must not be empty", where=places.where("name"), advice=advice))
    return found


def _audience_contradictions(audience: Audience, places: TomlPlaces) -> Iterable[ConfigError]:
    where = places.where("audience")
    if sum(1 for way in (audience.csv, audience.sql, audience.table) if way) != 1:
        advice = 'For instance audience = { csv = "customers.csv" }.'
        yield ConfigError("an audience is one of csv, sql and table", where=where, advice=advice)
    if audience.sql and not audience.url:
        advice = 'Add url = "env:SHOP_URL".'
        yield ConfigError("a sql audience needs the `url` of its database", where=where, advice=advice)
