"""OAuth 2.0 access tokens (RFC 6749 §4.4, RFC 9068): a key's owner exchanges it for a token that ends within the hour.

A client is an API key: its prefix is the client_id, the key itself the client_secret. Tokens are signed by ES256 with
a key that is replaced every month; the one before verifies what it signed until that has ended.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog
from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey

from livemerge.access.grant import AccessGrant
from livemerge.access.keys import Keys
from livemerge.access.scopes import covers
from livemerge.clock import Clock
from livemerge.errors import AccessError, ForbiddenError
from livemerge.store import Store

LIFE_S: Final = 3_600.0  # Braze keeps a token for five minutes and more, Journey Optimizer for an hour
OVERLAP_S: Final = 300.0  # callers' clocks differ, and who keeps a token asks for the next one late
SIGNS_FOR_S: Final = 30 * 86_400.0
RELOAD_EVERY_S: Final = 1.0  # at most; a stranger's token must not read the store each time
MAX_VERIFIED: Final = 10_000  # tokens remembered: verifying takes 90 µs, remembering 1
MAX_CHARACTERS: Final = 4_096
AUDIENCE: Final = "livemerge"

KEYS: Final = "SELECT kid, public_jwk, private_part, retires_at FROM token_key ORDER BY created_at DESC, kid"
ADD: Final = """
INSERT INTO token_key (kid, public_jwk, private_part, created_at, retires_at) VALUES (?, ?, ?, ?, ?)
"""
RETIRE: Final = "UPDATE token_key SET retires_at = ? WHERE retires_at > ?"
FORGET: Final = "DELETE FROM token_key WHERE retires_at < ?"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token just made."""

    token: str
    expires_in_s: int
    scope: str  # with spaces between

    def __repr__(self) -> str:
        return f"IssuedToken({self.scope})"


@dataclass(frozen=True, slots=True)
class TokenKey:
    """What signs tokens, or signed some that still live."""

    kid: str
    public_jwk: Mapping[str, Any]
    private_part: bytes  # encrypted
    retires_at_s: float  # seconds since 1970


@dataclass(frozen=True, slots=True)
class _Verified:
    prefix: str
    scopes: tuple[str, ...]
    ends_at_s: float  # seconds since 1970


class AccessTokens:
    """Makes and checks access tokens."""

    def __init__(self, store: Store, keys: Keys, clock: Clock, project_secret: Callable[[], bytes]) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._project_secret = project_secret
        self._known: tuple[TokenKey, ...] = ()
        self._loaded_s: float | None = None  # monotonic
        self._verified: dict[bytes, _Verified] = {}
        self._narrowed: dict[bytes, tuple[AccessGrant, AccessGrant]] = {}

    def issue(self, client_id: str, client_secret: str, *, scope: str = "", issuer: str) -> IssuedToken:
        """A token for the client, for the scopes it asked for or all it has. Raises AccessError, ForbiddenError."""
        grant = self._keys.check(client_secret)
        if not hmac.compare_digest(grant.prefix.encode(), client_id.encode("utf-8", "replace")):
            raise AccessError("client_id is not the prefix of this key", advice="The eight letters after lm_.")
        scopes = tuple(dict.fromkeys(scope.split())) or tuple(sorted(grant.scopes))
        for one in scopes:
            if not covers(grant.scopes, one):
                raise ForbiddenError(f"the API key lacks the scope `{one[:80]}`", advice="Ask for less, or for none.")
        now_s = self._clock.now().timestamp()
        life_s = LIFE_S if grant.expires_at is None else min(LIFE_S, grant.expires_at.timestamp() - now_s)
        claims = {
            "iss": issuer,
            "aud": AUDIENCE,
            "sub": grant.prefix,
            "client_id": grant.prefix,
            "scope": " ".join(scopes),
            "iat": int(now_s),
            "exp": int(now_s + life_s),
            "jti": secrets.token_urlsafe(12),
        }
        kid, key = self._signing_key()
        token = jwt.encode({"alg": "ES256", "kid": kid, "typ": "at+jwt"}, claims, key, algorithms=["ES256"])
        return IssuedToken(token, int(life_s), " ".join(scopes))

    def check(self, token: str) -> AccessGrant:
        """What a token opens: never more than its key does now. Raises AccessError."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        verified = self._verified.get(digest) or self._verify(token, digest)
        if verified.ends_at_s <= self._clock.now().timestamp() - OVERLAP_S:
            raise AccessError("the access token has expired", advice="Get another: POST /oauth/token")
        base = self._keys.grant_by_prefix(verified.prefix)
        known = self._narrowed.get(digest)
        if known is None or known[0] is not base:
            scopes = [scope for scope in verified.scopes if covers(base.scopes, scope)]
            known = self._narrowed[digest] = (base, base.narrowed(scopes))
        return known[1]

    def jwks(self) -> Sequence[Mapping[str, Any]]:
        """The public keys, the one that signs now first (RFC 7517)."""
        self._signing_key()
        return [key.public_jwk for key in self._known]

    def rotate(self) -> str:
        """Replaces the signing key now; gives the new one's name."""
        now_s = self._clock.now().timestamp()
        with self._store.transaction():
            self._store.run(RETIRE, (now_s, now_s))
            kid = self._make()
        self._load()
        return kid

    def _verify(self, token: str, digest: bytes) -> _Verified:
        refused = AccessError("the access token is not valid", advice="Get another: POST /oauth/token")
        if len(token) > MAX_CHARACTERS or not token.isascii():
            raise refused
        try:
            read = jwt.decode(token, self._public_key, algorithms=["ES256"])  # no other, whatever its head says
            claims = read.claims
            if read.header.get("typ") != "at+jwt" or claims["aud"] != AUDIENCE:
                raise refused
            verified = _Verified(str(claims["sub"]), tuple(str(claims["scope"]).split()), float(claims["exp"]))
        except (JoseError, ValueError, KeyError, TypeError):
            raise refused from None
        if len(self._verified) >= MAX_VERIFIED:
            self._verified.clear()
            self._narrowed.clear()
        self._verified[digest] = verified
        return verified

    def _public_key(self, signed: Any) -> ECKey:
        """The key a token's head names; the store is asked once where another process may have made it."""
        kid = signed.headers().get("kid")
        for is_last in (False, True):
            for key in self._known:
                if key.kid == kid:
                    return ECKey.import_key(dict(key.public_jwk))
            if is_last or not self._may_reload():
                break
            self._load()
        raise ValueError("no such key")

    def _may_reload(self) -> bool:
        return self._loaded_s is None or self._clock.monotonic_s() - self._loaded_s >= RELOAD_EVERY_S

    def _load(self) -> None:
        """Reads the keys whose tokens may still live, the newest first."""
        lived_s = self._clock.now().timestamp() - LIFE_S - 2 * OVERLAP_S
        self._known = tuple(
            TokenKey(row["kid"], orjson.loads(row["public_jwk"]), bytes(row["private_part"]), row["retires_at"])
            for row in self._store.rows(KEYS)
            if row["retires_at"] > lived_s
        )
        self._loaded_s = self._clock.monotonic_s()

    def _signing_key(self) -> tuple[str, ECKey]:
        """The key that signs now; made where there is none or where its private part cannot be read."""
        if self._may_reload():
            self._load()
        if (found := self._usable()) is None:
            with self._store.transaction():  # of several processes one makes it
                self._load()
                if (found := self._usable()) is None:
                    self._make()
                    self._load()
                    found = self._usable()
        assert found is not None, "a key just made can be read"
        return found

    def _usable(self) -> tuple[str, ECKey] | None:
        now_s = self._clock.now().timestamp()
        for key in self._known:
            if key.retires_at_s <= now_s:
                continue
            try:
                part = jwe.decrypt_compact(key.private_part, self._wrapping_key(), algorithms=["dir", "A256GCM"])
                return key.kid, ECKey.import_key(orjson.loads(part.plaintext or b""))
            except (JoseError, ValueError):
                log.warning("a token key cannot be read: the project's secret is another one", kid=key.kid)
        return None

    def _make(self) -> str:
        now_s = self._clock.now().timestamp()
        key = ECKey.generate_key("P-256")
        kid = secrets.token_urlsafe(9)
        public = {**key.as_dict(private=False), "kid": kid, "alg": "ES256", "use": "sig"}
        private = jwe.encrypt_compact(
            {"alg": "dir", "enc": "A256GCM"},
            orjson.dumps(key.as_dict(private=True)),
            self._wrapping_key(),
            algorithms=["dir", "A256GCM"],
        )
        self._store.run(FORGET, (now_s - LIFE_S - 2 * OVERLAP_S,))
        written = orjson.dumps(public).decode()
        self._store.run(ADD, (kid, written, private.encode(), now_s, now_s + SIGNS_FOR_S))
        return kid

    def _wrapping_key(self) -> OctKey:
        """Derived, so that a copy of the store without the project's secret makes no tokens."""
        return OctKey.import_key(hmac.new(self._project_secret(), b"livemerge token keys 1", hashlib.sha256).digest())
