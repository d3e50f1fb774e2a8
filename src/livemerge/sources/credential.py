"""`auth` of an http source → what each request carries. Secrets are read once, and never printed."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import quote

from livemerge import config
from livemerge.clock import Clock
from livemerge.errors import ConfigError
from livemerge.sources.oauth2 import Client, ClientCredentials

ReadSecret: TypeAlias = Callable[[str, str], str]
"""(reference, where) → secret. Raises ConfigError that names the reference."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves who asks: headers, a piece of query, or tokens."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)  # percent-encoded `name=value`
    tokens: ClientCredentials | None = None


def read_credential(auth: config.Auth | None, *, where: str, read_secret: ReadSecret, clock: Clock) -> Credential:
    """The credential of a source. Raises ConfigError for a secret that is missing or cannot be sent."""

    def secret(reference: str, key: str) -> str:
        return _sendable(read_secret(reference, f"{where}.{key}"), f"{where}.{key}")

    match auth:
        case config.Auth(bearer=reference) if reference:
            return Credential({"Authorization": f"Bearer {secret(reference, 'bearer')}"})
        case config.Auth(basic=config.Basic(user=user, password=password)):
            pair = f"{secret(user, 'basic.user')}:{secret(password, 'basic.password')}"
            return Credential({"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()})
        case config.Auth(header=config.Named(name=name, value=value)):
            return Credential({_header_name(name, f"{where}.header.name"): secret(value, "header.value")})
        case config.Auth(query=config.Named(name=name, value=value)):
            return Credential(query=f"{quote(name, safe='')}={quote(secret(value, 'query.value'), safe='')}")
        case config.Auth(oauth2=config.OAuth2() as oauth2):
            client_id = secret(oauth2.client_id, "oauth2.client_id")
            client_secret = secret(oauth2.client_secret, "oauth2.client_secret")
            client = Client(oauth2.token_url, client_id, client_secret, oauth2.scope)
            return Credential(tokens=ClientCredentials(client, where=where.removesuffix(".auth"), clock=clock))
    return Credential()


def checked_headers(headers: Mapping[str, str], where: str) -> Mapping[str, str]:
    """Headers that can be sent as they are. Raises ConfigError."""
    return {
        _header_name(name, f"{where}.{name}"): _sendable(value, f"{where}.{name}") for name, value in headers.items()
    }


def _sendable(value: str, where: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise ConfigError("contains a line break or another control character", where=where)
    return value


def _header_name(name: str, where: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):  # a token, RFC 9110 §5.6.2
        raise ConfigError("is not the name of an HTTP header", where=where)
    return name
