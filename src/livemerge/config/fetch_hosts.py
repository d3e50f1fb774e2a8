"""`[fetch] hosts` → the origins that templates may ask, and what is wrong with how they are written."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from livemerge.config.places import TomlPlaces
from livemerge.config.sections import Fetch
from livemerge.errors import ConfigError, nearest_or_all

PORTS: Final = {"https": 443, "http": 80}
ADVICE: Final = 'A host and nothing else: "api.example", "api.example:8443", or "http://crm.internal:8080".'


class Origin(NamedTuple):
    """What one request goes to; the host in small letters, as ASCII."""

    scheme: str
    host: str
    port: int


def origins_of(hosts: Sequence[str]) -> frozenset[Origin]:
    """The origins these settings mean: https, and plain http only where it is written or the host is this machine.

    Raises ValueError for what is no host.
    """
    return frozenset(origin for host in hosts for origin in _origins(host))


def _origins(written: str) -> Iterable[Origin]:
    """Raises ValueError, UnicodeError among them."""
    has_scheme = "://" in written
    parts = urlsplit(written if has_scheme else f"https://{written}")
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc or parts.path.strip("/"):
        raise ValueError("no host")
    if parts.query or parts.fragment or any(each.isspace() or each == "*" for each in written):
        raise ValueError("no host")
    host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode("ascii")
    schemes = [parts.scheme] if has_scheme or not is_loopback(host) else list(PORTS)
    return [Origin(scheme, host.lower(), parts.port or PORTS[scheme]) for scheme in schemes]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def fetch_contradictions(fetch: Fetch, places: TomlPlaces) -> Iterable[ConfigError]:
    """Hosts that are none, and those that are trusted without being allowed."""
    for keys, hosts in (("hosts", fetch.hosts), ("private", fetch.private), ("html", fetch.html)):
        yield from _hosts_mistakes(hosts, fetch.hosts, places.where("fetch", keys))
    for name, credential in fetch.credential.items():
        where = places.where("fetch", "credential", name, "hosts")
        yield from _hosts_mistakes(credential.hosts, fetch.hosts, where)
        if not credential.hosts:
            yield ConfigError("names no host", where=where, advice="Say who may see the credential: hosts = […].")


def _hosts_mistakes(hosts: Sequence[str], allowed: Sequence[str], where: str) -> Iterable[ConfigError]:
    for host in hosts:
        try:
            origins_of([host])
        except ValueError:
            yield ConfigError("is not a host", where=where, advice=ADVICE)
            continue
        if host not in allowed:
            advice = f"{nearest_or_all(host, allowed)} Write it as it stands there."
            yield ConfigError("names a host that [fetch] hosts does not", where=where, advice=advice)
