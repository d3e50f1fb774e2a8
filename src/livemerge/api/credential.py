"""A request → what its credentials open: a key or token in a header, what is signed for one customer in the query."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from livemerge.access import AccessGrant, Admission, Presented
from livemerge.api.asked import Asked

FEEDS: Final = "/api/feed/"


def grant_of(asked: Asked, admission: Admission) -> AccessGrant:
    """What the caller may do. Raises AccessError, ForbiddenError, SlowDownError."""
    query = asked.query
    if not query:
        return admission.admit(Presented(presented_key(asked.headers), asked.remote))
    named = query.get("id")
    return admission.admit(
        Presented(
            presented_key(asked.headers),
            asked.remote,
            query.get("key", "").strip(),
            query.get("t", "").strip(),
            query.get("h", "").strip(),
            asked.parts[-1:] if named is None else (named, *asked.parts[-1:]),
            asked.path.startswith(FEEDS),
        )
    )


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
    user, password = basic_pair(credential)
    return password if password.startswith("lm_") else user


def basic_pair(credential: str) -> tuple[str, str]:
    """User and password of `Authorization: Basic`; both empty for what is none."""
    try:
        decoded = base64.b64decode(credential.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    user, _, password = decoded.partition(":")
    return user, password
