"""What is wrong with a template's fetches before anything is sent: hosts not allowed, too many calls, data in URLs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
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
        source = template.included.get(site.file, shown)
        for complaint in _complaints(site, allowed, private):
            yield complaint.at(site, source)
    if template.fetches and template.most_fetches > MAX_FETCHES:
        site = next((each for each in template.fetches if each.is_repeated), template.fetches[-1])
        yield _too_many(site).at(site, template.included.get(site.file, shown))


@dataclass(frozen=True, slots=True)
class _Complaint:
    """`what` is wrong, its `effect` on which customers, and the `advice` that mends it."""

    code: str
    severity: Severity
    what: str
    effect: str
    advice: str

    def at(self, site: FetchSite, source: Source) -> Finding:
        found = source.finding(self.code, self.severity, self.what, Place(site.line, site.column), self.advice)
        return replace(found, effect=self.effect, part=site.part, file=site.file)


def _complaints(site: FetchSite, allowed: Collection[Origin], private: Collection[str]) -> Iterator[_Complaint]:
    origins = [_origin(url) for url in site.urls]
    if None in origins:
        yield _Complaint(
            "fetch-host",
            "error",
            f"`{site.name}` asks a host that is known only while rendering",
            "Data could choose who is asked, so customers who get to this place get no message.",
            "Begin the address with https:// and the host, written out, and a / behind it.",
        )
    for origin in dict.fromkeys(each for each in origins if each is not None and each not in allowed):
        yield _Complaint(
            "fetch-host",
            "error",
            f"`{site.name}` asks {_shown(origin)}, which is not declared",
            "Customers who get to this place get no message.",
            f'Allow it in livemerge.toml: [fetch] hosts = ["{_shown(origin)}"].',
        )
    known = ", ".join(dict.fromkeys(_shown(each) for each in origins if each in allowed and each is not None))
    if known:
        yield _Complaint(
            "fetches",
            "warning",
            f"each message asks {known} while it is made",
            "Each customer's message waits for an answer of its own, and has none where that host is down.",
            "A field with a source is asked once for many customers, and has a fallback; use one where you can.",
        )
    yield from _data_in_address(site, private)


def _data_in_address(site: FetchSite, private: Collection[str]) -> Iterator[_Complaint]:
    """Addresses are kept in the logs of whoever sees them on the way; what a POST sends is not."""
    told = [path for path in site.paths if path in private]
    personal = told or [path for path in site.paths if not path.startswith("@") and not _is_key(path)]
    if personal:
        yield _Complaint(
            "fetch-data",
            "warning",
            f"`{personal[0]}` stands in the address that `{site.name}` asks",
            "Servers on the way write addresses into their logs, with every customer's value.",
            "Ask by the customer's key, or send it in the body of a POST.",
        )


def _is_key(path: str) -> bool:
    return path.lower().endswith(KEY_ENDINGS)


def _too_many(site: FetchSite) -> _Complaint:
    where = f"`{site.name}` in a loop" if site.is_repeated else "a message"
    return _Complaint(
        "fetch-too-often",
        "error",
        f"{where} may fetch more than {MAX_FETCHES} times",
        "Customers who need a fourth answer get no message.",
        "Fetch once, for all that the message needs.",
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
