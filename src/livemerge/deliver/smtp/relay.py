"""Where mail is handed over: a relay's address as settings write it, checked."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import SplitResult, urlsplit

from livemerge.errors import ConfigError


class Security(Enum):
    """How a connection is protected; the values are URL schemes."""

    NONE = "smtp"
    TLS = "smtps"  # from the first octet (RFC 8314 §3.3)
    STARTTLS = "smtp+starttls"  # demanded, never optional


_PORTS = {Security.NONE: 25, Security.TLS: 465, Security.STARTTLS: 587}


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay, and who we are to it."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)
    tls_verify: bool = True
    ca_file: str = ""  # PEM of a private authority; empty: the system's authorities

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"{self.security.value}://{self.host}:{self.port}"


def parse_relay(url: str, *, user: str = "", password: str = "", tls_verify: bool = True, ca_file: str = "") -> Relay:
    """A relay from `smtp://host:port`, `smtps://…` or `smtp+starttls://…`.

    ConfigError for any other form, and where a password or an unverified server would cross a network.
    """
    parts = urlsplit(url)
    security = next((s for s in Security if s.value == parts.scheme), None)
    if security is None or not parts.hostname or _has_more(parts):
        raise _bad("the relay's address is not of the form smtp://host:port", "Schemes are " + _SCHEMES)
    if parts.username is not None or parts.password is not None:
        raise _bad("the relay's address holds a user or password", "Write them as user and password.")
    relay = Relay(parts.hostname, _port(parts, security), security, user, password, tls_verify, ca_file)
    _refuse_exposure(relay)
    return relay


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_SCHEMES = ", ".join(s.value for s in Security)


def _has_more(parts: SplitResult) -> bool:
    return parts.path not in ("", "/") or bool(parts.query) or bool(parts.fragment)


def _port(parts: SplitResult, security: Security) -> int:
    try:
        return parts.port or _PORTS[security]
    except ValueError:
        raise _bad("the relay's port is not a number up to 65535", "Write it like smtp://host:587.") from None


def _refuse_exposure(relay: Relay) -> None:
    if relay.is_loopback:
        return
    if not relay.tls_verify:
        raise _bad("tls_verify = false is only for a relay on loopback", "Name your authority in ca_file.")
    if relay.user and relay.security is Security.NONE:
        raise _bad("a password would cross the network in the clear", "Use smtp+starttls:// or smtps://.")


def _bad(what: str, advice: str) -> ConfigError:
    return ConfigError(what, where="url", advice=advice)
