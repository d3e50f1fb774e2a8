"""API keys: made, shown once, checked at every call, replaced and withdrawn. Only a hash of each is kept."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from livemerge.access.grant import AccessGrant
from livemerge.access.scopes import check_scopes, effective, private_fields
from livemerge.clock import Clock
from livemerge.errors import AccessError, StoreError
from livemerge.store import Store

DAY_S: Final = 86_400.0
LIFE_S: Final = 90 * DAY_S  # of a key for which nobody chose another
GRACE_S: Final = DAY_S  # how long a replaced key lives on, so that callers can change theirs
REMEMBERED_S: Final = 3.0  # a withdrawn key opens nothing after this long
OUTAGE_S: Final = 300.0  # after that, and while the store cannot be asked, a key that was good opens on
MAX_REMEMBERED: Final = 10_000
MAX_NAME_CHARACTERS: Final = 200
LONGEST_KEY: Final = 64  # characters; one of ours has 55
MAX_SCOPES: Final = 200
MAX_NETWORKS: Final = 100
MAX_PER_S: Final = 1e9
PREFIX_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_ESP: Final = re.compile(r"(?:[a-z][a-z0-9-]{0,39})?")
_PREFIX: Final = re.compile(r"[a-z0-9]{8}")
_KEY: Final = re.compile(r"lm_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")

ADD: Final = """
INSERT INTO api_key (prefix, name, hash, scopes, created_at, expires_at, networks, allow_query, esp, is_test,
                     rate_per_s, ids_per_hour, replaces)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
FIND: Final = "SELECT * FROM api_key WHERE prefix = ?"
LIST: Final = "SELECT * FROM api_key ORDER BY created_at, prefix"
ENDED: Final = "SELECT prefix FROM api_key WHERE revoked_at IS NOT NULL OR expires_at <= ?"
SUCCESSORS: Final = """
SELECT prefix FROM api_key WHERE replaces = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
"""
SHORTEN: Final = """
UPDATE api_key SET expires_at = ? WHERE prefix = ?
"""
SIGN: Final = "UPDATE api_key SET signing_round = signing_round + 1, signing_since = ? WHERE prefix = ?"
TRUST: Final = "UPDATE api_key SET signing_public = ? WHERE prefix = ?"
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
class Conditions:
    """What a key's maker declares beyond its scopes."""

    networks: tuple[str, ...] = ()  # CIDR; none: from anywhere
    allow_query: bool = False  # may stand in an address, beside a proof of the customer
    esp: str = ""  # whose habits answers follow
    is_test: bool = False  # may simulate
    rate_per_s: float | None = None  # its fair share; None: the project's
    ids_per_hour: int | None = None  # customers after which it is slowed; None: the project's


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is known about a key; the key itself is not."""

    prefix: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None  # None: never
    revoked_at: datetime | None
    conditions: Conditions = Conditions()
    replaces: str = ""  # prefix of the key it follows
    signing_round: int = 0  # 0: nothing is signed with it
    signing_since: datetime | None = None
    signing_public: str = ""  # PEM


class Keys:
    """The keys of a store. Good ones are remembered for some seconds, so that most checks read nothing."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._remembered: dict[bytes, tuple[AccessGrant, float]] = {}  # by hash; with the monotonic end in s
        self._signers: dict[str, tuple[KeyRecord, float]] = {}  # by prefix

    def create(
        self,
        name: str,
        *,
        scopes: Sequence[str] = (),
        expires_in_s: float | None = LIFE_S,
        conditions: Conditions | None = None,
    ) -> NewKey:
        """A new key; `expires_in_s` None: it never ends. Raises AccessError for what makes no sense."""
        return self._create(name, scopes, expires_in_s, conditions or Conditions())

    def rotate(self, prefix: str, *, grace_s: float = GRACE_S) -> NewKey:
        """A key with the same name, scopes, conditions and length of life; the old one ends after the grace.

        Raises AccessError, also where it has a successor already: no more than two are alive at a time.
        """
        with self._store.transaction():
            old = self._live(prefix)
            self._refuse_third(old)
            life_s = None if old.expires_at is None else (old.expires_at - old.created_at).total_seconds()
            new = self._create(old.name, old.scopes, life_s, old.conditions, replaces=prefix)
            ends_s = self._clock.now().timestamp() + grace_s
            if old.expires_at is None or old.expires_at.timestamp() > ends_s:
                self._store.run(SHORTEN, (ends_s, prefix))
        self._forget()
        return new

    def _create(
        self,
        name: str,
        scopes: Sequence[str],
        expires_in_s: float | None,
        conditions: Conditions,
        replaces: str = "",
    ) -> NewKey:
        _check(name, scopes, expires_in_s)
        conditions = _checked(conditions)
        now_s = self._clock.now().timestamp()
        ends_s = None if expires_in_s is None else now_s + expires_in_s
        prefix = "".join(secrets.choice(PREFIX_LETTERS) for _ in range(8))
        key = f"lm_{prefix}_{secrets.token_urlsafe(32)}"
        listed = orjson.dumps(sorted(set(scopes))).decode()
        self._store.run(ADD, (prefix, name, _hash(key), listed, now_s, ends_s, *_written(conditions), replaces))
        return NewKey(prefix, key, _moment(ends_s))

    def _refuse_third(self, old: KeyRecord) -> None:
        now_s = self._clock.now().timestamp()
        if successor := self._store.row(SUCCESSORS, (old.prefix, now_s)):
            raise AccessError(
                f"the API key was replaced by {successor['prefix']} already",
                where=old.prefix,
                advice=f"Give callers that one; or rotate it: livemerge keys rotate {successor['prefix']}",
            )
        before = self._store.row(FIND, (old.replaces,)) if old.replaces else None
        if before and before["revoked_at"] is None and (before["expires_at"] or 0) > now_s:
            raise AccessError(
                f"the API key that it replaced, {old.replaces}, is still alive",
                where=old.prefix,
                advice=f"Two may live at a time. End the older one: livemerge keys revoke {old.replaces}",
            )

    def revoke(self, prefix: str) -> None:
        """Ends a key now; other processes notice within REMEMBERED_S. Raises AccessError where there is none."""
        if not self._store.run(REVOKE, (self._clock.now().timestamp(), prefix)):
            raise _no_such(prefix)
        self._forget()

    def ls(self) -> Sequence[KeyRecord]:
        """All keys, oldest first, the ended ones too."""
        return [_record(row) for row in self._store.rows(LIST)]

    def ended(self) -> frozenset[str]:
        """The prefixes of keys that were withdrawn, or whose time is over."""
        return frozenset(row["prefix"] for row in self._store.rows(ENDED, (self._clock.now().timestamp(),)))

    def check(self, presented: str) -> AccessGrant:
        """What this key opens. Raises AccessError, in the same words for a wrong key as for an unknown one."""
        if len(presented) >= LONGEST_KEY:
            raise _no_key()
        digest = _hash(presented)
        if (grant := self._recall(digest)) is None:
            if (match := _KEY.fullmatch(presented)) is None:
                raise _no_key()
            grant = self._look_up(match[1], digest)
        return self._unexpired(grant)

    def recalls(self, presented: str) -> bool:
        """Whether this very key was found good here before, however long ago; reads nothing."""
        return len(presented) < LONGEST_KEY and _hash(presented) in self._remembered

    def grant_by_prefix(self, prefix: str) -> AccessGrant:
        """What a key opens, for those who proved otherwise that they may use it. Raises AccessError."""
        by = prefix.encode()
        grant = self._recall(by)
        if grant is None:
            grant = self._remember(by, _grant(self._live(prefix)))
        return self._unexpired(grant)

    def record(self, prefix: str) -> KeyRecord:
        """What is known of a key that was not revoked. Raises AccessError."""
        return self._live(prefix)

    def signer(self, prefix: str) -> KeyRecord:
        """What is known of a key whose signature is to be checked; remembered for as long as grants are.

        Raises AccessError in the same words for what is no key and for one that is not alive.
        """
        known = self._signers.get(prefix)
        if known is None or known[1] < self._clock.monotonic_s():
            record = _record(row) if _PREFIX.fullmatch(prefix) and (row := self._store.row(FIND, (prefix,))) else None
            if record is None or record.revoked_at is not None:
                raise AccessError(
                    "no key that is alive signed this", advice="`livemerge keys ls` shows the known ones."
                )
            if len(self._signers) >= MAX_REMEMBERED:
                self._signers.clear()
            known = self._signers[prefix] = (record, self._clock.monotonic_s() + REMEMBERED_S)
        return known[0]

    def begin_signing(self, prefix: str) -> KeyRecord:
        """Begins another round of the key's signing secrets. Raises AccessError."""
        with self._store.transaction():
            self._live(prefix)
            self._store.run(SIGN, (self._clock.now().timestamp(), prefix))
            self._signers.pop(prefix, None)
            return self._live(prefix)

    def trust(self, prefix: str, public_pem: str) -> None:
        """Keeps the public key of who signs with this key. Raises AccessError."""
        self._live(prefix)
        self._store.run(TRUST, (public_pem, prefix))
        self._signers.pop(prefix, None)

    def _forget(self) -> None:
        self._remembered.clear()
        self._signers.clear()

    def _unexpired(self, grant: AccessGrant) -> AccessGrant:
        if grant.expires_at is not None and grant.expires_at <= self._clock.now():
            raise AccessError("the API key has expired", advice=f"livemerge keys rotate {grant.prefix}")
        return grant

    def _recall(self, by: bytes) -> AccessGrant | None:
        remembered = self._remembered.get(by)
        if remembered is None or remembered[1] < self._clock.monotonic_s():
            return None
        return remembered[0]

    def _look_up(self, prefix: str, digest: bytes) -> AccessGrant:
        try:
            with self._store.impatient():
                row = self._store.row(FIND, (prefix,))
        except StoreError:
            # A mail waits for the answer: what was good a moment ago is, while the store cannot be asked.
            known = self._remembered.get(digest)
            if known is None or known[1] + OUTAGE_S < self._clock.monotonic_s():
                raise
            return known[0]
        if not hmac.compare_digest(row["hash"] if row else bytes(len(digest)), digest) or row is None:
            raise AccessError("the API key is not known", advice="`livemerge keys ls` shows the known ones.")
        if row["revoked_at"] is not None:
            raise AccessError("the API key was revoked", advice="`livemerge keys create NAME` makes another.")
        return self._remember(digest, _grant(_record(row)))

    def _remember(self, by: bytes, grant: AccessGrant) -> AccessGrant:
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()  # a few thousand look-ups of 17 µs are cheaper than keeping an order
        self._remembered[by] = (grant, self._clock.monotonic_s() + REMEMBERED_S)
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


def _check(name: str, scopes: Sequence[str], expires_in_s: float | None) -> None:
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise AccessError("a key needs a name of one line", advice="Name who will use it: livemerge keys create braze")
    check_scopes(scopes)
    if len(scopes) > MAX_SCOPES:
        raise AccessError(f"more than {MAX_SCOPES} scopes", advice="view:* is every view.")
    if expires_in_s is not None and not 0 < expires_in_s < 100 * 365 * DAY_S:
        raise AccessError("a key must end in the future", advice="90d is usual.")


def _checked(conditions: Conditions) -> Conditions:
    """The conditions, networks in their shortest form. Raises AccessError."""
    try:
        networks = tuple(dict.fromkeys(str(ipaddress.ip_network(network)) for network in conditions.networks))
    except ValueError:
        advice = "192.0.2.0/24 or 2001:db8::/32, without bits behind the length; one address is 192.0.2.7/32."
        raise AccessError("this is no network", advice=advice) from None
    if len(networks) > MAX_NETWORKS:
        raise AccessError(f"more than {MAX_NETWORKS} networks", advice="Join neighbours into wider ones.")
    if not _ESP.fullmatch(conditions.esp):
        raise AccessError("this is no name of an ESP", advice="For instance braze, ajo-helper, iterable.")
    for number in (conditions.rate_per_s, conditions.ids_per_hour):
        if number is not None and not 0 < number < MAX_PER_S:
            raise AccessError("a rate is a number above 0", advice="Leave it out to use the project's.")
    return replace(conditions, networks=networks)


def _written(conditions: Conditions) -> tuple[Any, ...]:
    return (
        orjson.dumps(conditions.networks).decode(),
        int(conditions.allow_query),
        conditions.esp,
        int(conditions.is_test),
        conditions.rate_per_s,
        conditions.ids_per_hour,
    )


def _grant(record: KeyRecord) -> AccessGrant:
    scopes, told = effective(record.scopes), record.conditions
    return AccessGrant(
        prefix=record.prefix,
        name=record.name,
        private_fields=private_fields(scopes),
        expires_at=record.expires_at,
        scopes=scopes,
        allow_query=told.allow_query,
        networks=tuple(ipaddress.ip_network(network) for network in told.networks),
        profile=told.esp,
        is_test=told.is_test,
        rate_per_s=told.rate_per_s,
        ids_per_hour=told.ids_per_hour,
    )


def _hash(key: str) -> bytes:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _record(row: Any) -> KeyRecord:
    return KeyRecord(
        prefix=row["prefix"],
        name=row["name"],
        scopes=tuple(orjson.loads(row["scopes"])),
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
        expires_at=_moment(row["expires_at"]),
        revoked_at=_moment(row["revoked_at"]),
        conditions=Conditions(
            networks=tuple(orjson.loads(row["networks"])),
            allow_query=bool(row["allow_query"]),
            esp=row["esp"],
            is_test=bool(row["is_test"]),
            rate_per_s=row["rate_per_s"],
            ids_per_hour=row["ids_per_hour"],
        ),
        replaces=row["replaces"],
        signing_round=row["signing_round"],
        signing_since=_moment(row["signing_since"] or None),
        signing_public=row["signing_public"],
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _no_key() -> AccessError:
    return AccessError("this is no API key", advice="Send: Authorization: Bearer lm_…")


def _no_such(prefix: str) -> AccessError:
    return AccessError("there is no such API key", where=prefix, advice="`livemerge keys ls` shows the known ones.")
