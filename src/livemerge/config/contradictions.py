"""What each key alone cannot show: sources without a way to be asked, ranges, audiences of two kinds."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from livemerge.config.access_section import access_contradictions
from livemerge.config.cdn_section import cdn_contradictions
from livemerge.config.fetch_hosts import fetch_contradictions
from livemerge.config.places import TomlPlaces
from livemerge.config.secrets import clear_secrets
from livemerge.config.sections import (
    Audience,
    Auth,
    Campaign,
    HttpSource,
    Section,
    Settings,
    SqlSource,
)
from livemerge.errors import ConfigError

STORES = ("sqlite:///", "postgresql://", "postgres://", "env:", "file:")
CACHES = ("redis://", "rediss://", "unix://", "env:", "file:")


def contradictions(settings: Settings, places: TomlPlaces) -> list[ConfigError]:
    """What each key alone cannot show: secrets in the clear, sources without a way to be asked."""
    found: list[ConfigError] = []
    for keys, section in _sections(settings):
        found += clear_secrets(keys, section, places)
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
        if isinstance(section, Auth) and _given(section) != 1:
            found.append(
                ConfigError(
                    "needs exactly one of bearer, basic, header, query, oauth2",
                    where=places.where(*keys),
                    advice='For instance auth = { bearer = "env:CRM_TOKEN" }.',
                )
            )
    found += fetch_contradictions(settings.fetch, places)
    found += access_contradictions(settings.access, places)
    found += cdn_contradictions(settings.cdn, places)
    public = urlsplit(settings.public.url)
    if settings.public.url and (public.scheme not in ("http", "https") or not public.hostname):
        found.append(
            ConfigError(
                "not an http or https address",
                where=places.where("public", "url"),
                advice='Links in messages begin with it: url = "https://mail.example".',
            )
        )
    found += _no_address("store", settings.store.url or "nothing", STORES, places)
    if settings.cache.url:
        found += _no_address("cache", settings.cache.url, CACHES, places)
    return found


def _no_address(table: str, url: str, kinds: tuple[str, ...], places: TomlPlaces) -> Iterable[ConfigError]:
    """Of a server or file that can be opened."""
    kind = next((kind for kind in kinds if url.startswith(kind)), None)
    if kind is None or not url.removeprefix(kind).strip():
        advice = f"One of {', '.join(kinds)}… or leave [{table}] out."
        yield ConfigError(f"no address of a {table}", where=places.where(table, "url"), advice=advice)


RANGES = {
    "timeout_ms": (1, 600_000),
    "connect_timeout_ms": (1, 600_000),
    "deadline_ms": (1, 600_000),
    "retries": (0, 20),
    "connections": (1, 1_000),
    "size": (1, 10_000),
    "max_bytes": (1, 1_000_000_000),
    "per_s": (1, 100_000),
    "per_day": (1, 1_000_000_000),
}

"""Least and most of a number, wherever a section has one of this name."""


def _out_of_range(keys: tuple[str, ...], section: Section, places: TomlPlaces) -> Iterable[ConfigError]:
    for name, (least, most) in RANGES.items():
        given = getattr(section, name, least)
        if given is not None and not least <= given <= most:
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


def _sections(settings: Settings) -> Iterable[tuple[tuple[str, ...], Section]]:
    """Every section with its keys, the nested ones too."""
    roots: list[tuple[tuple[str, ...], Section]] = [
        (("public",), settings.public),
        (("store",), settings.store),
        (("cache",), settings.cache),
        (("cdn",), settings.cdn),
        *((("transport", name), section) for name, section in settings.transport.items()),
        *((("source", name), section) for name, section in settings.source.items()),
        *((("data_extension", name), section) for name, section in settings.data_extension.items()),
        *((("view", name), section) for name, section in settings.view.items()),
        *((("feed", name), section) for name, section in settings.feed.items()),
        (("fetch",), settings.fetch),
        *((("fetch", "credential", name), section) for name, section in settings.fetch.credential.items()),
    ]
    while roots:
        keys, section = roots.pop(0)
        yield keys, section
        for field in msgspec.structs.fields(section):
            if isinstance(inner := getattr(section, field.name), Section):
                roots.append(((*keys, field.encode_name), inner))


def campaign_contradictions(campaign: Campaign, places: TomlPlaces) -> list[ConfigError]:
    found = list(_out_of_range((), campaign, places))
    found += clear_secrets(("audience",), campaign.audience, places)
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
    found += _name_mistakes(campaign, places)
    return found


MAX_NAME_CHARACTERS = 100
"""Of a campaign and of an occurrence. Both stand in every link of every message, which mail programs cut when long."""


def _name_mistakes(campaign: Campaign, places: TomlPlaces) -> Iterable[ConfigError]:
    if not campaign.name.strip():
        advice = 'For instance name = "welcome-2026-12".'
        yield ConfigError("must not be empty", where=places.where("name"), advice=advice)
    for key, name in (("name", campaign.name), ("occurrence", campaign.occurrence)):
        if len(name) > MAX_NAME_CHARACTERS:
            what = f"is longer than {MAX_NAME_CHARACTERS} characters"
            yield ConfigError(what, where=places.where(key), advice="It stands in every link: choose a short one.")
        if not name.isprintable():
            what = "has a line end or another character that cannot be seen"
            yield ConfigError(what, where=places.where(key), advice="Letters, digits, spaces and signs are fine.")


def _audience_contradictions(audience: Audience, places: TomlPlaces) -> Iterable[ConfigError]:
    where = places.where("audience")
    if sum(1 for way in (audience.csv, audience.sql, audience.table) if way) != 1:
        advice = 'For instance audience = { csv = "customers.csv" }.'
        yield ConfigError("an audience is one of csv, sql and table", where=where, advice=advice)
    if audience.sql and not audience.url:
        advice = 'Add url = "env:SHOP_URL".'
        yield ConfigError("a sql audience needs the `url` of its database", where=where, advice=advice)
