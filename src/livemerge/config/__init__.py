"""livemerge.toml and campaign files → frozen settings. Every mistake names file, line, key, and what would be right.

Secrets never stand in TOML: a secret setting is a reference, `env:NAME` or `file:PATH`, read by `read_secret`.
"""

from livemerge.config.document import PROJECT_FILE
from livemerge.config.durations import MAX_DURATION_S, parse_duration_s
from livemerge.config.fetch_hosts import PORTS, Origin, is_loopback, origins_of
from livemerge.config.load import load_campaign, load_settings
from livemerge.config.places import TomlPlaces
from livemerge.config.secrets import read_secret
from livemerge.config.sections import (
    FIELD_NAME,
    PROVIDED_NAMES,
    RESERVED_FIELDS,
    Audience,
    Auth,
    Basic,
    Brake,
    Campaign,
    DataExtension,
    EventsSource,
    Fetch,
    FetchCredential,
    Field,
    FieldType,
    HttpBatch,
    HttpSource,
    Maildir,
    Named,
    OAuth2,
    Public,
    SecretRef,
    Section,
    Settings,
    Smtp,
    Source,
    SqlSource,
    Store,
    TableSource,
    Transport,
)
from livemerge.config.template_files import TEMPLATES, template_files, template_texts

__all__ = [
    "FIELD_NAME",
    "MAX_DURATION_S",
    "PORTS",
    "PROJECT_FILE",
    "PROVIDED_NAMES",
    "RESERVED_FIELDS",
    "TEMPLATES",
    "Audience",
    "Auth",
    "Basic",
    "Brake",
    "Campaign",
    "DataExtension",
    "EventsSource",
    "Fetch",
    "FetchCredential",
    "Field",
    "FieldType",
    "HttpBatch",
    "HttpSource",
    "Maildir",
    "Named",
    "OAuth2",
    "Origin",
    "Public",
    "SecretRef",
    "Section",
    "Settings",
    "Smtp",
    "Source",
    "SqlSource",
    "Store",
    "TableSource",
    "TomlPlaces",
    "Transport",
    "is_loopback",
    "load_campaign",
    "load_settings",
    "origins_of",
    "parse_duration_s",
    "read_secret",
    "template_files",
    "template_texts",
]
