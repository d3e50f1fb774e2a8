"""The secret that signs links, for projects that declare none: made once, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from livemerge.errors import ConfigError

SECRET_BYTES = 32


def kept_secret(path: Path) -> bytes:
    """The secret in `path`, made where there is none; the same for all who ask at once. Raises ConfigError."""
    try:
        if not path.exists():
            _make(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"the secret that signs links cannot be kept: {error.strerror}",
            where=path.name,
            advice='Let this folder be written to, or set [public] secret = "env:…".',
        ) from None
    if not secret:
        raise ConfigError("is empty", where=path.name, advice="Remove it: another is made. Links sent before will end.")
    return secret


def _make(path: Path) -> None:
    """Writes a secret; it appears whole, and the first of several makers wins."""
    partial = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES).encode())
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink()
