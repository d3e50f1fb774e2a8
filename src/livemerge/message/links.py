"""Signed links: a customer in a campaign, as a token nobody else can make.

The token is the claim in the open (JSON, base64url) behind a truncated HMAC-SHA256 over its kind and itself, so an
unsubscribe link cannot be turned into a link that shows the message.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from livemerge.errors import AccessError, ConfigError
from livemerge.values import MAX_KEY_CHARACTERS, Key

Kind: TypeAlias = Literal["u", "p", "v"]
"""u: unsubscribe, p: preferences, v: view in the browser. The path segment too."""

MIN_SECRET_BYTES = 16  # shorter ones can be searched
MAX_TOKEN_CHARACTERS = 2 * MAX_KEY_CHARACTERS  # longer addresses are cut by mail programs and logs
_MAC_BYTES = 16  # 128 bits
_CONTEXT = b"livemerge link 1 "  # the secret may sign other things elsewhere; a new layout gets a new number
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_URL = re.compile(r"[!#-;=?-Z\[\]_a-z~%]+")  # what RFC 3986 allows: no white space, quotes or angle brackets


@dataclass(frozen=True, slots=True)
class LinkClaim:
    """Whom and what a link is about."""

    campaign: str
    occurrence: str
    key: Key


def sign(secret: bytes, kind: Kind, campaign: str, occurrence: str, key: Key) -> str:
    """The token for one customer in one occurrence: URL-safe, the same for the same arguments.

    AccessError where the token would be longer than MAX_TOKEN_CHARACTERS or the text is not valid Unicode.
    """
    try:
        payload = msgspec.json.encode((campaign, occurrence, key))
    except UnicodeEncodeError:
        raise AccessError("a link's campaign, occurrence or key is not valid Unicode") from None
    token = _to_base64url(_mac(secret, kind, payload) + payload)
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise AccessError(
            f"a link's token would be longer than {MAX_TOKEN_CHARACTERS} characters",
            advice="Use shorter customer keys or campaign names.",
        )
    return token


def read(secret: bytes, kind: Kind, token: str) -> LinkClaim:
    """The claim of a token that `sign` made with this secret and kind; AccessError for every other text."""
    if len(token) > MAX_TOKEN_CHARACTERS or not _TOKEN.fullmatch(token):
        raise _not_ours()
    signed = _from_base64url(token)
    mac, payload = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, kind, payload)):
        raise _not_ours()
    try:
        return LinkClaim(*msgspec.json.decode(payload, type=tuple[str, str, str]))
    except msgspec.DecodeError:
        raise _not_ours() from None


class Links:
    """The addresses a message carries back to us."""

    def __init__(self, public_url: str, secret: bytes) -> None:
        self._base = _checked_url(public_url)
        self._secret = secret
        if len(secret) < MIN_SECRET_BYTES:
            raise ConfigError(
                f"the secret that signs links has {len(secret)} bytes, {MIN_SECRET_BYTES} are the least",
                where="[public] secret",
                advice="Use at least 32 random bytes.",
            )

    def unsubscribe(self, campaign: str, occurrence: str, key: Key) -> str:
        return f"{self._base}/u/{sign(self._secret, 'u', campaign, occurrence, key)}"

    def preferences(self, campaign: str, occurrence: str, key: Key) -> str:
        return f"{self._base}/p/{sign(self._secret, 'p', campaign, occurrence, key)}"

    def view(self, campaign: str, occurrence: str, key: Key) -> str:
        return f"{self._base}/v/{sign(self._secret, 'v', campaign, occurrence, key)}"


def _mac(secret: bytes, kind: Kind, payload: bytes) -> bytes:
    return hmac.digest(secret, _CONTEXT + kind.encode() + b" " + payload, "sha256")[:_MAC_BYTES]


def _to_base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _from_base64url(token: str) -> bytes:
    """The octets, only for the one spelling that `_to_base64url` gives; AccessError for any other."""
    try:
        octets = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise _not_ours() from None
    if _to_base64url(octets) != token:
        raise _not_ours()
    return octets


def _not_ours() -> AccessError:
    """One answer for every fault, so that a guess learns nothing."""
    return AccessError("this link is not valid", advice="Use the link of the message as it was sent.")


def _checked_url(public_url: str) -> str:
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise _bad_url()
    if not _URL.fullmatch(public_url):
        raise _bad_url()
    return public_url.rstrip("/")


def _bad_url() -> ConfigError:
    return ConfigError(
        "the public address is not an http(s) address without query",
        where="[public] url",
        advice='Write it like url = "https://mail.example".',
    )
