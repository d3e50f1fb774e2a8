"""The tables of livemerge.toml and of campaign files, as frozen structs: what may be written, and what is left out."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from livemerge.config.places import TomlPlaces

FIELD_NAME = re.compile(r"^[a-z][a-z0-9_]*\Z")  # what every ESP's template language can read

RESERVED_FIELDS = frozenset({"ok", "found", "source", "as_of", "age_s", "request_id", "rows", "provenance"})

PROVIDED_NAMES = frozenset({"customer_id", "email", "campaign_name", "unsubscribe_url", "preferences_url", "view_url"})

SecretRef: TypeAlias = str
"""`env:NAME` or `file:PATH`; safe to print."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a settings file."""


class Public(Section, frozen=True):
    url: str = ""
    secret: SecretRef = ""


class Store(Section, frozen=True):
    url: str = "sqlite:///livemerge.db"


class Cache(Section, frozen=True):
    """What several processes remember together. Without a url: the store's table."""

    url: str = ""


class Access(Section, frozen=True):
    """Who may ask how often, and for how long it is known who did."""

    keep: str = "90d"
    keep_rows: int = 5_000_000
    proxies: list[str] = []
    rate_per_s: float = 0.0
    burst_s: float = 10.0
    ids_per_hour: int = 0
    misses: float = 0.5
    wrong_keys_per_minute: int = 30


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


class Cdn(Section, frozen=True):
    """How a CDN in front is told that something is not right any more. `{key}` is the surrogate key."""

    purge: str = ""
    method: Literal["PURGE", "POST", "DELETE", "BAN"] = "PURGE"
    headers: dict[str, str] = {}
    body: str = ""
    auth: Auth | None = None


class HttpBatch(Section, frozen=True):
    """One call for many keys. `{keys}` in `body` is a JSON list; in `url`, comma-separated."""

    url: str
    method: Literal["GET", "POST"] = "POST"
    body: str = ""
    size: int = 100
    records: str = ""  # JMESPath to the list of rows; default: the document itself
    key: str = "id"  # JMESPath to a row's key


class Quota(Section, frozen=True):
    """What a source allows, for all processes of the project together."""

    per_s: int | None = None
    per_day: int | None = None  # UTC


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
    quota: Quota | None = None
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
    quota: Quota | None = None
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


class FetchCredential(Section, frozen=True):
    """What proves to these hosts, and to no others, who asks."""

    hosts: list[str]
    auth: Auth


class Fetch(Section, frozen=True):
    """What templates may ask over the network while they render. Without hosts: nothing."""

    hosts: list[str] = []  # `api.example`, `api.example:8443`, `http://crm.internal:8080`
    private: list[str] = []  # those of them that may lead to addresses of an internal network
    html: list[str] = []  # those of them whose HTML stands in messages as it is
    credential: dict[str, FetchCredential] = {}
    timeout_ms: int = 2_000  # one attempt; Braze gives as long
    connections: int = 20
    max_bytes: int = 1_000_000


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


class DataExtension(Section, frozen=True):
    """A whole table that AMPscript's Lookup functions read by its name. Exactly one of source and path."""

    source: str = ""
    path: str = ""
    query: str = ""
    columns: list[str] = []
    max_age: str = "15m"
    stale_for: str = "0s"
    timeout_ms: int = 30_000


class View(Section, frozen=True):
    """Fields that an ESP may read together, and how they are written for it."""

    fields: list[str]
    shape: Literal["object", "rows", "xml", "text"] = "object"
    esp: str = ""
    deadline_ms: int | None = None
    on_miss: Literal["default", "empty", "error"] = "default"
    escape: Literal["none", "html", "url"] | None = None
    ascii: bool = False


class Feed(Section, frozen=True):
    """Rows that are the same for everybody. Exactly one of source and path."""

    source: str = ""
    path: str = ""
    query: str = ""
    columns: list[str] = []
    limit: int = 100
    escape: Literal["none", "html", "url"] = "html"
    max_age: str = "15m"
    stale_for: str = "1d"
    timeout_ms: int = 4_000


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
    cache: Cache = Cache()
    access: Access = Access()
    cdn: Cdn = Cdn()
    transport: dict[str, Transport] = {}
    source: dict[str, Source] = {}
    field: dict[str, Field] = {}
    data_extension: dict[str, DataExtension] = {}
    view: dict[str, View] = {}
    feed: dict[str, Feed] = {}
    fetch: Fetch = Fetch()
    places: TomlPlaces | None = None

    def where(self, *keys: str) -> str:
        """`livemerge.toml:12 source.crm.url`: how errors about a setting name it."""
        return self.places.where(*keys) if self.places else ".".join(keys)
