"""Which requests of templates may leave: to declared hosts only, with credentials only for whom they are meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from yarl import URL

from livemerge import config
from livemerge.config import Origin
from livemerge.template import Request

METHODS: Final = ("GET", "POST")
MAX_URL_CHARACTERS: Final = 8_192
MAX_BODY_CHARACTERS: Final = 262_144
MAX_HEADERS: Final = 50
# Headers that say how a request is framed, who it is for, and how it travels: ours, RFC 9110 §7 and 9112.
OWN_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"}
    | {"proxy-authorization", "proxy-connection", "cookie", "user-agent"}
)
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # a token, RFC 9110 §5.6.2
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Refused(Exception):
    """A request that no declaration allows. The text names settings, nothing of the request."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Rules:
    """What [fetch] allows."""

    allowed: frozenset[Origin]
    html: frozenset[Origin]
    private: frozenset[str]  # names of hosts whose addresses may be internal ones
    credentials: Mapping[str, frozenset[Origin]]

    def admitted(self, request: Request) -> URL | None:
        """Where a request goes; None where it cannot be sent as it is. Raises Refused for what is not allowed."""
        if request.method not in METHODS:
            raise Refused("templates fetch with GET and POST only", "Use one of them.")
        url = _url(request.url)
        if url is None:
            return None
        if origin_of(url) not in self.allowed:
            raise Refused(
                "this fetches from a host that is not declared",
                "Add the host to [fetch] hosts, or mend the address.",
            )
        self._check_credentials(request.credentials, url)
        return url if _is_sendable(request) else None

    def _check_credentials(self, name: str, url: URL) -> None:
        if not name:
            return
        if name not in self.credentials:
            raise Refused("this fetches with a credential that is not declared", "Declare [fetch.credential.NAME].")
        if origin_of(url) not in self.credentials[name]:
            raise Refused(
                "this would show a credential to a host it is not meant for",
                "Add the host to the `hosts` of the credential.",
            )


def read_rules(section: config.Fetch) -> Rules:
    """The rules a project declares."""
    allowed = config.origins_of(section.hosts)
    return Rules(
        allowed,
        config.origins_of(section.html),
        frozenset(origin.host for origin in config.origins_of(section.private))
        | {origin.host for origin in allowed if config.is_loopback(origin.host)},
        {name: config.origins_of(each.hosts) for name, each in section.credential.items()},
    )


def origin_of(url: URL) -> Origin:
    """What an address goes to."""
    return Origin(url.scheme, (url.raw_host or "").lower(), url.port or 0)


def _url(text: str) -> URL | None:
    """The address, None for what is none, and for one that would hold a password."""
    if len(text) > MAX_URL_CHARACTERS or _CONTROL.search(text):
        return None
    try:
        url = URL(text.strip())
    except ValueError:
        return None
    is_plain = url.scheme in config.PORTS and url.raw_host and url.raw_user is None and url.raw_password is None
    return url.with_fragment(None) if is_plain else None


def _is_sendable(request: Request) -> bool:
    if len(request.body) > MAX_BODY_CHARACTERS or len(request.headers) > MAX_HEADERS:
        return False
    return all(
        _HEADER_NAME.fullmatch(name) and name.lower() not in OWN_HEADERS and not _CONTROL.search(value)
        for name, value in request.headers
    )
