"""API keys: made, shown once, checked at every call, replaced and withdrawn. Only a hash of each is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from livemerge.clock import Clock
from livemerge.errors import AccessError
from livemerge.store import Store

DAY_S: Final = 86_400.0
LIFE_S: Final = 90 * DAY_S  # of a key for which nobody chose another
GRACE_S: Final = DAY_S  # how long a replaced key lives on, so that callers can change theirs
REMEMBERED_S: Final = 3.0  # a withdrawn key opens nothing after this long
MAX_REMEMBERED: Final = 10_000
MAX_NAME_CHARACTERS: Final = 200
PREFIX_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_KEY: Final = re.compile(r"lm_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
_SCOPE: Final = re.compile(r"private:[a-z][a-z0-9_]*")

ADD: Final = """
INSERT INTO api_key (prefix, name, hash, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
"""
FIND: Final = """
SELECT prefix, name, hash, scopes, created_at, expires_at, revoked_at FROM api_key WHERE prefix = ?
"""
LIST: Final = """
SELECT prefix, name, hash, scopes, created_at, expires_at, revoked_at FROM api_key ORDER BY created_at, prefix
"""
SHORTEN: Final = """
UPDATE api_key SET expires_at = min(coalesce(expires_at, ?), ?) WHERE prefix = ?
"""
REVOKE: Final = "UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE prefix = ?"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `key` is shown once and cannot be found out again."""

    prefix: str
    key: str
    expires_at: datetime | None

    def __repr__(self) -> str:
        return f"NewKey({self.prefix})"


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is known about a key; the key itself is not."""

    prefix: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None  # None: never
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """What the bearer of a key may do: read the fields that are not private, and the private ones named here."""

    prefix: str
    name: str
    private_fields: frozenset[str]
    expires_at: datetime | None


class Keys:
    """The keys of a store. Good ones are remembered for some seconds, so that most checks read nothing."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._remembered: dict[bytes, tuple[AccessGrant, float]] = {}  # by hash; with the monotonic end in s

    def create(self, name: str, *, scopes: Sequence[str] = (), expires_in_s: float | None = LIFE_S) -> NewKey:
        """A new key; `expires_in_s` None: it never ends. Raises AccessError for a scope or name that is none."""
        _check(name, scopes, expires_in_s)
        now_s = self._clock.now().timestamp()
        ends_s = None if expires_in_s is None else now_s + expires_in_s
        prefix = "".join(secrets.choice(PREFIX_LETTERS) for _ in range(8))
        key = f"lm_{prefix}_{secrets.token_urlsafe(32)}"
        listed = orjson.dumps(sorted(set(scopes))).decode()
        self._store.run(ADD, (prefix, name, _hash(key), listed, now_s, ends_s))
        return NewKey(prefix, key, _moment(ends_s))

    def rotate(self, prefix: str, *, grace_s: float = GRACE_S) -> NewKey:
        """A key with the same name, scopes and length of life; the old one ends after the grace. Raises AccessError."""
        with self._store.transaction():
            old = self._live(prefix)
            life_s = None if old.expires_at is None else (old.expires_at - old.created_at).total_seconds()
            new = self.create(old.name, scopes=old.scopes, expires_in_s=life_s)
            ends_s = self._clock.now().timestamp() + grace_s
            self._store.run(SHORTEN, (ends_s, ends_s, prefix))
        self._remembered.clear()
        return new

    def revoke(self, prefix: str) -> None:
        """Ends a key now; other processes notice within REMEMBERED_S. Raises AccessError where there is none."""
        if not self._store.run(REVOKE, (self._clock.now().timestamp(), prefix)):
            raise _no_such(prefix)
        self._remembered.clear()

    def ls(self) -> Sequence[KeyRecord]:
        """All keys, oldest first, the ended ones too."""
        return [_record(row) for row in self._store.rows(LIST)]

    def check(self, presented: str) -> AccessGrant:
        """What this key opens. Raises AccessError, in the same words for a wrong key as for an unknown one."""
        match = _KEY.fullmatch(presented) if len(presented) < 64 else None
        if match is None:
            raise AccessError("this is no API key", advice="Send: Authorization: Bearer lm_…")
        digest = _hash(presented)
        grant = self._recall(digest) or self._look_up(match[1], digest)
        if grant.expires_at is not None and grant.expires_at <= self._clock.now():
            raise AccessError("the API key has expired", advice=f"livemerge keys rotate {grant.prefix}")
        return grant

    def _recall(self, digest: bytes) -> AccessGrant | None:
        remembered = self._remembered.get(digest)
        if remembered is None or remembered[1] < self._clock.monotonic_s():
            return None
        return remembered[0]

    def _look_up(self, prefix: str, digest: bytes) -> AccessGrant:
        row = self._store.row(FIND, (prefix,))
        if not hmac.compare_digest(row["hash"] if row else bytes(len(digest)), digest) or row is None:
            raise AccessError("the API key is not known", advice="`livemerge keys ls` shows the known ones.")
        if row["revoked_at"] is not None:
            raise AccessError("the API key was revoked", advice="`livemerge keys create NAME` makes another.")
        record = _record(row)
        private_fields = frozenset(scope.removeprefix("private:") for scope in record.scopes)
        grant = AccessGrant(prefix, record.name, private_fields, record.expires_at)
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()  # a few thousand look-ups of 17 µs are cheaper than keeping an order
        self._remembered[digest] = (grant, self._clock.monotonic_s() + REMEMBERED_S)
        return grant

    def _live(self, prefix: str) -> KeyRecord:
        row = self._store.row(FIND, (prefix,))
        if row is None:
            raise _no_such(prefix)
        if row["revoked_at"] is not None:
            raise AccessError(
                "the API key was revoked", where=prefix, advice="Make another: livemerge keys create NAME"
            )
        return _record(row)


def _check(name: str, scopes: Iterable[str], expires_in_s: float | None) -> None:
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise AccessError("a key needs a name of one line", advice="Name who will use it: livemerge keys create braze")
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            advice = "private:FIELD lets a key read one private field."
            raise AccessError(f"`{scope}` is no scope", advice=advice)
    if expires_in_s is not None and not 0 < expires_in_s < 100 * 365 * DAY_S:
        raise AccessError("a key must end in the future", advice="90d is usual.")


def _hash(key: str) -> bytes:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(key.encode()).digest()


def _record(row: Any) -> KeyRecord:
    return KeyRecord(
        prefix=row["prefix"],
        name=row["name"],
        scopes=tuple(orjson.loads(row["scopes"])),
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
        expires_at=_moment(row["expires_at"]),
        revoked_at=_moment(row["revoked_at"]),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _no_such(prefix: str) -> AccessError:
    return AccessError("there is no such API key", where=prefix, advice="`livemerge keys ls` shows the known ones.")
