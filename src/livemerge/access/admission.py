"""What a caller presents → what this request may do, or why not: by key, token, hash, network and share."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import msgspec
import structlog

from livemerge.access.grant import AccessGrant, Network
from livemerge.access.guesses import Guesses
from livemerge.access.keys import Keys
from livemerge.access.scopes import private_fields
from livemerge.access.shares import Shares
from livemerge.access.signing import ADVICE as SIGNING_ADVICE
from livemerge.access.signing import Signatures, Signed
from livemerge.access.tokens import AccessTokens, IssuedToken
from livemerge.access.unusual import Alarm, Unusual
from livemerge.clock import Clock
from livemerge.errors import AccessError, ForbiddenError, SlowDownError, StoreError
from livemerge.values import Key

MAX_ADDRESSES: Final = 10_000  # callers whose networks were looked at, remembered
MAX_HOPS: Final = 32  # of X-Forwarded-For
SECONDS_AN_HOUR: Final = 3_600.0
ADVICE: Final = "Send it as X-API-Key: lm_…, as Authorization: Bearer lm_…, or as the user of Authorization: Basic."
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

log = structlog.get_logger(__name__)


class Presented(msgspec.Struct):  # made for every request
    """What stands in a request about who asks, and for whom."""

    credential: str  # an API key or an access token from a header; empty where there is none
    remote: str  # the caller's address
    query_key: str = ""
    token: str = ""  # signed for one customer
    mac: str = ""  # a keyed hash of one customer's id
    customers: Sequence[Key] = ()  # the ids that path and query name
    is_impersonal: bool = False  # what is asked for is the same for everybody: a feed


class Admission:
    """Decides about every request. Wrong credentials are counted, right ones are never locked out."""

    def __init__(
        self,
        keys: Keys,
        tokens: AccessTokens,
        signatures: Signatures,
        guesses: Guesses,
        shares: Shares,
        unusual: Unusual,
        clock: Clock,
        *,
        rate_per_s: float = 0.0,
        proxies: Sequence[str] = (),
    ) -> None:
        self._keys = keys
        self._tokens = tokens
        self._signatures = signatures
        self._guesses = guesses
        self._shares = shares
        self._unusual = unusual
        self._clock = clock
        self._rate_per_s = rate_per_s
        self._proxies = tuple(ipaddress.ip_network(network) for network in proxies)
        self._inside: dict[tuple[tuple[Network, ...], str], bool] = {}

    def admit(self, presented: Presented) -> AccessGrant:
        """What the request may do. Raises AccessError, ForbiddenError, SlowDownError."""
        try:
            grant = self._proven(presented)
        except SlowDownError:
            raise
        except ForbiddenError as error:
            if presented.token or presented.mac:
                self._count_wrong(presented, _claimed(presented), error)
            raise
        except AccessError as error:
            if _is_anything(presented):
                self._count_wrong(presented, _claimed(presented), error)
            raise
        if grant.networks and not self._is_inside(grant.networks, presented.remote):
            raise ForbiddenError("the API key may not be used from this address", advice="See: livemerge keys ls")
        return self._shaped(grant)

    def spend(self, grant: AccessGrant, customers: int) -> None:
        """Counts a request about many customers as that many, for the key's fair share and where it is slowed."""
        more = customers - 1  # admit took one
        if more < 1:
            return
        rate_per_s = self._rate_per_s if grant.rate_per_s is None else grant.rate_per_s
        if rate_per_s and grant.asks_sources:
            self._shares.owe(grant.prefix, rate_per_s, more)
        if limit := self._slowed_to(grant):
            self._shares.owe(_slow(grant.prefix), limit / SECONDS_AN_HOUR, more)

    def issue(self, client_id: str, client_secret: str, *, scope: str, issuer: str, remote: str) -> IssuedToken:
        """An access token for the owner of a key. Raises AccessError, ForbiddenError, SlowDownError."""
        presented = Presented(client_secret, remote)
        if not self._guesses.is_calm and not self._keys.recalls(client_secret):
            self._guesses.refuse(remote, _prefix_of(client_secret))
        try:
            return self._tokens.issue(client_id, client_secret, scope=scope, issuer=issuer)
        except ForbiddenError:
            raise
        except AccessError as error:
            self._count_wrong(presented, _claimed(presented), error)
            raise

    def remote_of(self, peer: str, forwarded_for: str) -> str:
        """Who asks: the peer, or where that is a proxy of ours, the last address before our proxies."""
        if not self._proxies or not forwarded_for or not self._is_inside(self._proxies, peer):
            return peer
        for hop in reversed(forwarded_for.split(",")[-MAX_HOPS:]):
            if (address := _address(hop.strip())) is None:
                break
            if not self._is_inside(self._proxies, str(address)):
                return str(address)
            peer = str(address)
        return peer

    def _proven(self, presented: Presented) -> AccessGrant:
        """The grant of what was presented, for one customer where that is signed."""
        credential = presented.credential or presented.query_key
        if not credential:
            if not presented.token:
                raise AccessError("an API key is needed", advice=ADVICE)
            return self._of_token(presented, "")
        grant = self._of_credential(credential, presented.remote)
        is_in_query = not presented.credential
        if is_in_query and not grant.allow_query:
            raise ForbiddenError(
                "this API key may not stand in an address",
                advice="Send it in a header, or make one for it: livemerge keys create NAME --allow-query",
            )
        if presented.token:
            return self._narrowed(grant, self._signatures.read_token(presented.token, prefix=grant.prefix))
        if presented.mac:
            return _personal(grant, self._proved_customer(presented, grant.prefix))
        if is_in_query:
            return _impersonal(grant, presented)
        return grant

    def _of_credential(self, credential: str, remote: str) -> AccessGrant:
        if not credential.startswith("lm_") and credential.count(".") == 2:
            if not self._guesses.is_calm:
                self._guesses.refuse(remote, "")
            return self._tokens.check(credential)
        if not self._guesses.is_calm and not self._keys.recalls(credential):
            self._guesses.refuse(remote, _prefix_of(credential))
        return self._keys.check(credential)

    def _of_token(self, presented: Presented, prefix: str) -> AccessGrant:
        if not self._guesses.is_calm:
            self._guesses.refuse(presented.remote, "")
        signed = self._signatures.read_token(presented.token, prefix=prefix)
        return self._narrowed(self._keys.grant_by_prefix(signed.prefix), signed)

    def _narrowed(self, grant: AccessGrant, signed: Signed) -> AccessGrant:
        """For the token's customer alone, and for its view alone where it names one."""
        if not signed.view:
            return _personal(grant, signed.subject)
        grant.require(f"view:{signed.view}")
        private = {f"private:{field}" for field in private_fields(grant.scopes)}
        return grant.narrowed({f"view:{signed.view}", *private}, signed.subject)

    def _proved_customer(self, presented: Presented, prefix: str) -> Key:
        for customer in presented.customers:
            if self._signatures.proves(prefix, customer, presented.mac):
                return customer
        if not presented.customers:
            raise ForbiddenError("there is a hash `h` but no id beside it", advice="Send ?id=…&h=… in the address.")
        raise ForbiddenError("the hash `h` does not prove this id", advice=SIGNING_ADVICE)

    def _shaped(self, grant: AccessGrant) -> AccessGrant:
        """The grant within its key's fair share. Past it: from what is known; past its customers: slowed."""
        if limit := self._slowed_to(grant):
            rate_per_s, name = limit / SECONDS_AN_HOUR, _slow(grant.prefix)
            if not self._shares.take(name, rate_per_s):
                raise SlowDownError(
                    f"this API key read more than {limit} customers in an hour",
                    advice="Was it meant to? Then raise --ids-per-hour. Else: livemerge keys revoke PREFIX",
                    retry_after_s=self._shares.wait_s(name, rate_per_s),
                )
        rate_per_s = self._rate_per_s if grant.rate_per_s is None else grant.rate_per_s
        if rate_per_s and not self._shares.take(grant.prefix, rate_per_s):
            return replace(grant, asks_sources=False)
        return grant

    def _slowed_to(self, grant: AccessGrant) -> int:
        """Customers an hour that a key may read which read more than it may; 0 for one that did not."""
        limit = self._unusual.limit(grant.prefix, grant.ids_per_hour)
        return limit if limit and self._unusual.is_past(grant.prefix) else 0

    def _count_wrong(self, presented: Presented, prefix: str, error: AccessError) -> None:
        if not self._guesses.note(presented.remote, prefix):
            return
        log.warning("many wrong keys", remote=presented.remote, key=prefix, reason=error.what)
        alarm = Alarm(self._clock.now(), prefix, "wrong_keys", f"many from {presented.remote}")
        try:
            self._unusual.tell([alarm])
        except StoreError:
            log.warning("an alarm was not kept", kind=alarm.kind)

    def _is_inside(self, networks: tuple[Network, ...], remote: str) -> bool:
        known = self._inside.get((networks, remote))
        if known is None:
            address = _address(remote)
            known = address is not None and any(address in network for network in networks)
            if len(self._inside) >= MAX_ADDRESSES:
                self._inside.clear()
            self._inside[(networks, remote)] = known
        return known


def _personal(grant: AccessGrant, customer: Key) -> AccessGrant:
    """What the grant opens of one customer: not what it may do to all."""
    return grant.narrowed(grant.scopes - {"prefetch", "track", "sources"}, customer)


def _impersonal(grant: AccessGrant, presented: Presented) -> AccessGrant:
    """A key in an address, with no proof of a customer, opens what is the same for everybody."""
    if not presented.is_impersonal:
        raise ForbiddenError(
            "a key in the address reads no customer unless the id is signed",
            advice=f"Else it tells anybody who is a customer. Add a token `t` or a hash `h`: {SIGNING_ADVICE}",
        )
    return grant.narrowed(scope for scope in grant.scopes if scope.startswith("feed:"))


def _slow(prefix: str) -> str:
    """The name of a key's share while it is slowed."""
    return f"slow {prefix}"


def _address(text: str) -> Address | None:
    """The address a text is; an IPv4 one also where it came over IPv6, as it does to a socket that takes both."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_anything(presented: Presented) -> bool:
    return bool(presented.credential or presented.query_key or presented.token)


def _claimed(presented: Presented) -> str:
    return _prefix_of(presented.credential or presented.query_key)


def _prefix_of(credential: str) -> str:
    """The prefix a key claims; empty for what has not its form."""
    start, _, rest = credential[:13].partition("_")
    prefix, _, _ = rest.partition("_")
    return prefix if start == "lm" and len(prefix) == 8 and prefix.isalnum() and prefix.isascii() else ""
