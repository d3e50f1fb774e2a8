"""A request's headers → what its API key opens. A key in the query string is never looked at: URLs end in logs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from livemerge.access import AccessGrant, Keys
from livemerge.errors import AccessError

ADVICE: Final = "Send it as X-API-Key: lm_…, as Authorization: Bearer lm_…, or as the user of Authorization: Basic."


def grant_of(headers: Mapping[bytes, bytes], keys: Keys) -> AccessGrant:
    """What the caller may read. Raises AccessError for a key that is missing, wrong, expired or revoked."""
    presented = presented_key(headers)
    if not presented:
        raise AccessError("an API key is needed", advice=ADVICE)
    return keys.check(presented)


def presented_key(headers: Mapping[bytes, bytes]) -> str:
    """The key as it was sent; empty where there is none. headers: their names in lower case."""
    if key := headers.get(b"x-api-key"):
        return key.decode("latin-1").strip()
    scheme, _, credential = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return credential.strip()
    return _basic_key(credential) if scheme.lower() == "basic" else ""


def _basic_key(credential: str) -> str:
    """ESPs differ in which of the two boxes takes the key (RFC 7617)."""
    try:
        decoded = base64.b64decode(credential.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    user, _, password = decoded.partition(":")
    return password if password.startswith("lm_") else user
