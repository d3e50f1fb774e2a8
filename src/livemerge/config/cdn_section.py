"""What is wrong with `[cdn]`."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from livemerge.config.places import TomlPlaces
from livemerge.config.sections import Cdn
from livemerge.errors import ConfigError

_AUTH = 'One of bearer, basic, header and query: auth = { header = { name = "Fastly-Key", value = "env:FASTLY_KEY" } }.'


def cdn_contradictions(cdn: Cdn, places: TomlPlaces) -> Iterable[ConfigError]:
    """An address that is none, a purge that does not say of what, a credential of another kind."""
    if not cdn.purge:
        if cdn != Cdn():
            advice = 'purge = "http://127.0.0.1:6081/" with headers = { Surrogate-Key = "{key}" }.'
            yield ConfigError("does not say where", where=places.where("cdn"), advice=advice)
        return
    parts = urlsplit(cdn.purge)
    if parts.scheme not in ("http", "https") or not parts.hostname or "{key}" in parts.netloc:
        advice = "https://cdn.example/purge/{key}"
        yield ConfigError("is not an address", where=places.where("cdn", "purge"), advice=advice)
    if not any("{key}" in text for text in (cdn.purge, cdn.body, *cdn.headers.values())):
        advice = "Put {key} into purge, headers or body: there the surrogate key is named."
        yield ConfigError("does not say what to purge", where=places.where("cdn", "purge"), advice=advice)
    if cdn.auth is not None and cdn.auth.oauth2 is not None:
        yield ConfigError("is no credential for a CDN", where=places.where("cdn", "auth", "oauth2"), advice=_AUTH)
