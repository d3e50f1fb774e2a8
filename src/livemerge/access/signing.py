"""What a caller signs for one customer: a compact JWT (`t`), or a keyed hash of the customer's id (`h`).

The secrets of a key are derived from the project's, so that a copy of the store alone signs nothing. A round is a
set of them; a new round ends the one before after a grace.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from livemerge.access.keys import KeyRecord, Keys
from livemerge.clock import Clock
from livemerge.errors import AccessError
from livemerge.values import MAX_KEY_CHARACTERS, Key

MAX_TOKEN_CHARACTERS: Final = 4_096
MAX_LIFE_S: Final = 366 * 86_400.0  # a token without an end in sight would be a key
LEEWAY_S: Final = 300.0  # callers' clocks differ
ROUND_GRACE_S: Final = 86_400.0  # how long what was signed in the round before is taken
MIN_RSA_BITS: Final = 2_048
MAX_DERIVED: Final = 2_000  # rounds whose secrets are kept in memory
ADVICE: Final = "docs/how-to/sign-recipients.md shows how to sign in each ESP."


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """The secrets of one round of a key; each 64 hexadecimal digits, which is one block of SHA-256."""

    secret: str  # HS256, and HMAC-SHA256 of the id
    outer: str  # h = SHA256(outer + SHA256(inner + id))
    inner: str

    def __repr__(self) -> str:
        return "SigningSecrets()"

    def hashes(self, customer: Key) -> tuple[str, str]:
        """The two hashes that prove the id: the nested one, and HMAC."""
        octets = customer.encode("utf-8", "replace")
        nested = hashlib.sha256(self.inner.encode() + octets).hexdigest()
        return (
            hashlib.sha256(f"{self.outer}{nested}".encode()).hexdigest(),
            hmac.new(self.secret.encode(), octets, hashlib.sha256).hexdigest(),
        )


@dataclass(frozen=True, slots=True)
class Signed:
    """What a token says, after its signature was found right."""

    prefix: str
    subject: Key
    view: str  # empty: whatever its key may read


class Signatures:
    """Checks what callers signed with the secrets of their keys. Reads the store about once a key and second."""

    def __init__(self, keys: Keys, clock: Clock, project_secret: Callable[[], bytes]) -> None:
        self._keys = keys
        self._clock = clock
        self._project_secret = project_secret
        self._derived: dict[tuple[str, int], SigningSecrets] = {}

    def secrets_of(self, prefix: str) -> SigningSecrets:
        """The secrets of a key's present round, which begins where there was none. Raises AccessError."""
        record = self._keys.record(prefix)
        if not record.signing_round:
            record = self._keys.begin_signing(prefix)
        return self._derive(prefix, record.signing_round)

    def renew(self, prefix: str) -> SigningSecrets:
        """Other secrets; what the former signed is taken for ROUND_GRACE_S more. Raises AccessError."""
        return self._derive(prefix, self._keys.begin_signing(prefix).signing_round)

    def trust(self, prefix: str, pem: str) -> None:
        """Takes the key's tokens by RS256 from now on, verified with this public key. Raises AccessError."""
        self._keys.trust(prefix, _public_pem(pem))

    def proves(self, prefix: str, customer: Key, presented: str) -> bool:
        """Whether `presented` is a keyed hash of the customer's id. Takes as long for a wrong one as for a right."""
        given, is_right = presented.strip().lower().encode(), False
        for secrets in self._rounds(self._keys.signer(prefix)):
            for expected in secrets.hashes(customer):
                is_right |= hmac.compare_digest(expected.encode(), given)
        return is_right

    def read_token(self, token: str, *, prefix: str = "") -> Signed:
        """What a token says. `prefix`: of the key sent beside it, which must have signed it. Raises AccessError."""
        head, said = _unverified(token)
        named = prefix or _text(said.get("iss")) or _text(head.get("kid"))
        if not named:
            raise AccessError("the token does not say which key signed it", advice="Claim iss: the key's prefix.")
        claims = self._verified(token, head, self._keys.signer(named))
        self._refuse_untimely(claims)
        subject = _text(claims.get("sub"))
        if not subject or len(subject) > MAX_KEY_CHARACTERS:
            raise AccessError("the token names no customer", advice="Claim sub: the customer's id.")
        return Signed(named, subject, _text(claims.get("view")))

    def _verified(self, token: str, head: Mapping[str, Any], record: KeyRecord) -> Mapping[str, Any]:
        """The claims. The key decides what may be: a token's own `alg` never turns a public key into a secret."""
        candidates: list[tuple[str, OctKey | RSAKey]] = []
        if head.get("alg") == "RS256" and record.signing_public:
            candidates = [("RS256", RSAKey.import_key(record.signing_public))]
        elif head.get("alg") == "HS256":
            candidates = [("HS256", OctKey.import_key(secrets.secret)) for secrets in self._rounds(record)]
        for algorithm, key in candidates:
            try:
                return jwt.decode(token, key, algorithms=[algorithm]).claims
            except (JoseError, ValueError):
                continue
        raise AccessError("the token's signature is not right", advice=ADVICE)

    def _refuse_untimely(self, claims: Mapping[str, Any]) -> None:
        ends_s, now_s = _seconds(claims.get("exp")), self._clock.now().timestamp()
        if ends_s is None:
            raise AccessError("the token has no end", advice="Claim exp: seconds since 1970, as number or text.")
        if ends_s <= now_s - LEEWAY_S:
            raise AccessError("the token has expired", advice="Sign it when the message is rendered.")
        if ends_s > now_s + MAX_LIFE_S:
            raise AccessError("the token ends in more than a year", advice="Choose an exp within days of the send.")
        begins_s = _seconds(claims.get("nbf"))
        if begins_s is not None and begins_s > now_s + LEEWAY_S:
            raise AccessError("the token is not valid yet", advice="Check nbf and the signer's clock.")

    def _rounds(self, record: KeyRecord) -> Iterator[SigningSecrets]:
        """The secrets that are taken now: the present round's, and during its grace the one's before."""
        if not record.signing_round:
            return
        yield self._derive(record.prefix, record.signing_round)
        since = record.signing_since
        is_fresh = since is not None and (self._clock.now() - since).total_seconds() < ROUND_GRACE_S
        if record.signing_round > 1 and is_fresh:
            yield self._derive(record.prefix, record.signing_round - 1)

    def _derive(self, prefix: str, number: int) -> SigningSecrets:
        known = self._derived.get((prefix, number))
        if known is None:
            if len(self._derived) >= MAX_DERIVED:
                self._derived.clear()
            project = self._project_secret()
            labels = (f"livemerge signing 1\n{prefix}\n{number}\n{use}" for use in ("secret", "outer", "inner"))
            known = SigningSecrets(*(hmac.new(project, label.encode(), hashlib.sha256).hexdigest() for label in labels))
            self._derived[(prefix, number)] = known
        return known


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Head and claims as they stand there, to find the key by. Raises AccessError."""
    parts = token.split(".") if len(token) <= MAX_TOKEN_CHARACTERS else []
    if len(parts) != 3:
        raise AccessError("this is no signed token", advice=ADVICE)
    try:
        head, claims = (orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (binascii.Error, ValueError):
        raise AccessError("this is no signed token", advice=ADVICE) from None
    if not isinstance(head, dict) or not isinstance(claims, dict):
        raise AccessError("this is no signed token", advice=ADVICE)
    return head, claims


def _public_pem(pem: str) -> str:
    """The public key alone, in its usual form. Raises AccessError."""
    advice = "Write it with: openssl rsa -in private.pem -pubout"
    if len(pem) > 20_000 or "PRIVATE" in pem:
        raise AccessError("this is not a public key", advice=advice)
    try:
        key = RSAKey.import_key(pem)
        bits = key.public_key.key_size
        written = key.as_pem(private=False).decode()
    except (JoseError, ValueError, TypeError):
        raise AccessError("this is no RSA public key in PEM", advice=advice) from None
    if bits < MIN_RSA_BITS:
        raise AccessError(f"the RSA key has fewer than {MIN_RSA_BITS} bits", advice="Make one of 2048 or more.")
    return written


def _text(claim: object) -> str:
    """A claim as text. ESPs that build JSON by hand write numbers without quotes."""
    if isinstance(claim, str):
        return claim.strip()
    return str(claim) if isinstance(claim, int) and not isinstance(claim, bool) else ""


def _seconds(claim: object) -> float | None:
    """A moment as ESPs write it: a number, or a number in quotes."""
    try:
        seconds = float(claim) if isinstance(claim, str | int | float) and not isinstance(claim, bool) else None
    except (ValueError, OverflowError):
        return None
    return seconds if seconds is not None and abs(seconds) < 1e12 else None
