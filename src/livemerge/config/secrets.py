"""Secrets are references, `env:NAME` or `file:PATH`: read when needed, refused in the clear, never printed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec

from livemerge.config.places import TomlPlaces
from livemerge.config.sections import (
    Auth,
    Basic,
    Named,
    OAuth2,
    Public,
    SecretRef,
    Section,
    Smtp,
)
from livemerge.errors import ConfigError


def read_secret(reference: SecretRef, root: Path, *, where: str) -> str:
    """The secret a reference stands for. Raises ConfigError that names the reference, never its value."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        if value := os.environ.get(name):
            return value
        raise ConfigError(
            f"environment variable {name} is not set",
            where=where,
            advice=f"Set it before the command: export {name}=…",
        )
    if kind == "file":
        return _read_secret_file(root / name, name, where)
    raise not_a_reference(where)


def _read_secret_file(path: Path, name: str, where: str) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror}", where=where) from None
    except ValueError:  # not UTF-8; its text would show the bytes
        raise ConfigError(f"{name} is not UTF-8 text", where=where) from None
    if not secret:
        raise ConfigError(f"{name} is empty", where=where, advice="Put the secret into it, and nothing else.")
    return secret


def clear_secrets(keys: tuple[str, ...], section: Section, places: TomlPlaces) -> Iterable[ConfigError]:
    """Secret settings that are not references, and secrets inside addresses and headers."""
    for field in msgspec.structs.fields(type(section)):
        value, where = getattr(section, field.name), places.where(*keys, field.name)
        if field.name in SECRET_KEYS.get(type(section), ()):
            if value and not value.startswith(("env:", "file:")):
                yield not_a_reference(where)
        elif field.name in ("url", "token_url") and _has_secret(value):
            yield ConfigError(
                "a secret stands in the address",
                where=where,
                advice='Name it under `user`, `password` or `auth` as "env:NAME", or give the whole url as "env:NAME".',
            )
        elif field.name == "headers" and (names := [name for name in value if name.lower() in _SECRET_HEADERS]):
            yield ConfigError(
                f"the header {names[0]} proves who asks and must not stand in the file",
                where=where,
                advice=f'Write auth = {{ header = {{ name = "{names[0]}", value = "env:NAME" }} }}.',
            )


_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token", "x-access-token"}
)

_SECRET_PARAMETERS = frozenset({"api_key", "apikey", "api-key", "access_token", "token", "secret", "password"})

SECRET_KEYS: Mapping[type, tuple[str, ...]] = {
    Public: ("secret",),
    Smtp: ("user", "password"),
    Auth: ("bearer",),
    Basic: ("user", "password"),
    Named: ("value",),
    OAuth2: ("client_id", "client_secret"),
}


def _has_secret(url: str) -> bool:
    """Whether a password or a token stands in an address. `?token={key}` is a place for the customer's key."""
    try:
        parts = urlsplit(url)
        parameters = parse_qsl(parts.query)
        if parts.password is not None:
            return True
    except ValueError:
        return "@" in url
    return any(name.lower() in _SECRET_PARAMETERS and not value.startswith("{") for name, value in parameters)


def not_a_reference(where: str) -> ConfigError:
    return ConfigError(
        "a secret must not stand in the file",
        where=where,
        advice='Put it into the environment and write "env:NAME", or into a file and write "file:PATH".',
    )
