"""What is wrong with a template's fetches before anything is sent: hosts not allowed, too many calls, data in URLs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from yarl import URL

from livemerge import config
from livemerge.config import Origin
from livemerge.fetch.rules import origin_of
from livemerge.template import Finding, MessageTemplate
from livemerge.template.fetch_sites import FetchSite
from livemerge.template.findings import Severity, Source
from livemerge.template.limits import MAX_FETCHES
from livemerge.template.nodes import Place

KEY_ENDINGS: Final = ("id", "key", "id}")  # of names made to be asked with: customer_id, _subscriberkey, ${user_id}
ENDS_HOST: Final = ("/", "?", "#")


def fetch_findings(
    template: MessageTemplate, shown: Source, section: config.Fetch, private: Collection[str] = ()
) -> Iterator[Finding]:
    """All findings of a template's fetches. private: paths of fields that must not stand in an address."""
    allowed = config.origins_of(section.hosts)
    for site in template.fetches:
        for code, severity, what, advice in _complaints(site, allowed, private):
            place = Place(site.line, site.column)
            yield replace(shown.finding(code, severity, what, place, advice), part=site.part)
    if template.fetches and template.most_fetches > MAX_FETCHES:
        yield _too_many(template, shown)


def _complaints(
    site: FetchSite, allowed: Collection[Origin], private: Collection[str]
) -> Iterator[tuple[str, Severity, str, str]]:
    origins = [_origin(url) for url in site.urls]
    if None in origins:
        yield (
            "fetch-host",
            "error",
            f"`{site.name}` asks a host that is known only while rendering",
            "Begin the address with https:// and the host, written out, and a / behind it.",
        )
    for origin in dict.fromkeys(each for each in origins if each is not None and each not in allowed):
        yield (
            "fetch-host",
            "error",
            f"`{site.name}` asks {_shown(origin)}, which is not declared",
            f'Allow it in livemerge.toml: [fetch] hosts = ["{_shown(origin)}"].',
        )
    known = ", ".join(dict.fromkeys(_shown(each) for each in origins if each in allowed and each is not None))
    if known:
        yield (
            "fetches",
            "warning",
            f"each message asks {known} while it is made",
            "A field with a source is asked once for many customers, and has a fallback; use one where you can.",
        )
    yield from _data_in_address(site, private)


def _data_in_address(site: FetchSite, private: Collection[str]) -> Iterator[tuple[str, Severity, str, str]]:
    """Addresses are kept in the logs of whoever sees them on the way; what a POST sends is not."""
    told = [path for path in site.paths if path in private]
    personal = told or [path for path in site.paths if not path.startswith("@") and not _is_key(path)]
    if personal:
        yield (
            "fetch-data",
            "warning",
            f"`{personal[0]}` stands in the address that `{site.name}` asks, which servers write into their logs",
            "Ask by the customer's key, or send it in the body of a POST.",
        )


def _is_key(path: str) -> bool:
    return path.lower().endswith(KEY_ENDINGS)


def _too_many(template: MessageTemplate, shown: Source) -> Finding:
    site = next((each for each in template.fetches if each.is_repeated), template.fetches[-1])
    what = f"a message may fetch more than {MAX_FETCHES} times, and then it is not made"
    if site.is_repeated:
        what = f"`{site.name}` in a loop may fetch more than {MAX_FETCHES} times, and then the message is not made"
    advice = "Fetch once, for all that the loop needs."
    return replace(
        shown.finding("fetch-too-often", "error", what, Place(site.line, site.column), advice), part=site.part
    )


def _origin(url: str) -> Origin | None:
    """What an address goes to, None where its beginning does not say."""
    text = url.strip()
    scheme, separator, rest = text.partition("://")
    if not separator or not any(mark in rest for mark in ENDS_HOST):
        return None
    try:
        found = URL(text)
        return origin_of(found) if scheme.lower() in config.PORTS and found.raw_host else None
    except ValueError:
        return None


def _shown(origin: Origin) -> str:
    port = "" if origin.port == config.PORTS[origin.scheme] else f":{origin.port}"
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return f"{'http://' if origin.scheme == 'http' else ''}{host}{port}"
