"""Use of a key that people should look at: many customers, many of them unknown, a network it never came from."""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import structlog

from livemerge.access.log_row import MAX_LISTED, AccessRow
from livemerge.clock import Clock
from livemerge.store import Store

WINDOW_S: Final = 3_600.0
MAX_KEYS: Final = 2_000  # watched at a time; the one not seen for longest starts anew
MAX_NETWORKS: Final = 1_000  # remembered of one key; past that new ones are no news
LEAST_READS: Final = 200  # fewer misses than that tell nothing
LEAST_BITS: Final = 1 << 16
MOST_BITS: Final = 1 << 27  # 16 MB: some ten million customers

ADD: Final = "INSERT INTO access_alarm (at, key_prefix, kind, detail) VALUES (?, ?, ?, ?)"
LIST: Final = """
SELECT at, key_prefix, kind, detail FROM access_alarm
WHERE (:prefix = '' OR key_prefix = :prefix) AND at >= :since ORDER BY at DESC, id DESC LIMIT :most
"""
FORGET: Final = "DELETE FROM access_alarm WHERE at < ?"
NETWORKS: Final = "SELECT network FROM access_network WHERE key_prefix = ? LIMIT ?"
ADD_NETWORK: Final = """
INSERT INTO access_network (key_prefix, network, first_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One unusual use of a key."""

    at: datetime
    key_prefix: str
    kind: str  # many_customers, many_misses, new_network, wrong_keys
    detail: str


class Distinct:
    """About how many different customers were read: one bit each by its hash (linear counting)."""

    def __init__(self, expected: int) -> None:
        bits = 1 << max(0, min(MOST_BITS, max(LEAST_BITS, expected * 8)) - 1).bit_length()
        self._bits = bytearray(bits // 8)
        self._mask = bits - 1
        self._set = 0

    def add(self, customer: str) -> None:
        digest = hashlib.blake2b(customer.encode("utf-8", "replace"), digest_size=8).digest()
        place = int.from_bytes(digest) & self._mask
        byte, bit = place >> 3, 1 << (place & 7)
        if not self._bits[byte] & bit:
            self._bits[byte] |= bit
            self._set += 1

    @property
    def count(self) -> int:
        size = self._mask + 1
        return round(-size * math.log((size - self._set) / size)) if self._set < size else size * 10


@dataclass(slots=True)
class Watched:
    """What one key did in this hour."""

    ends_s: float  # monotonic
    customers: Distinct | None  # None: nobody set a limit
    reads: int = 0
    misses: int = 0
    alarmed: set[str] = field(default_factory=set)
    remotes: set[str] = field(default_factory=set)  # addresses whose networks are known


class Unusual:
    """Watches what the access log is given. Figures are of this process; alarms are kept in the store.

    ids_per_hour: customers a key may read before it is slowed, 0 for any number. misses: the share of reads of
    unknown customers that is alarming, 0 for none.
    """

    def __init__(self, store: Store, clock: Clock, *, ids_per_hour: int, misses: float) -> None:
        self._store = store
        self._clock = clock
        self._ids_per_hour = ids_per_hour
        self._misses = misses
        self._watched: OrderedDict[str, Watched] = OrderedDict()
        self._limits: dict[str, int] = {}  # of keys that have one of their own
        self._networks: OrderedDict[str, set[str]] = OrderedDict()

    def limit(self, prefix: str, own: int | None) -> int:
        """How many customers an hour this key may read; 0: any number."""
        if own is not None and self._limits.get(prefix) != own:
            if len(self._limits) >= MAX_KEYS:
                self._limits.clear()
            self._limits[prefix] = own
            self._watched.pop(prefix, None)
        return own if own is not None else self._ids_per_hour

    def is_past(self, prefix: str) -> bool:
        """Whether the key read more customers in this hour than it may."""
        watched = self._watched.get(prefix)
        return watched is not None and "many_customers" in watched.alarmed and watched.ends_s > self._now_s()

    def look(self, rows: Iterable[AccessRow]) -> list[Alarm]:
        """Counts these reads; what is unusual about them, each kind once a key and hour. Raises StoreError."""
        of_key: dict[str, list[AccessRow]] = {}
        for row in rows:
            if row.key_prefix and row.outcome in ("ok", "not_found"):
                of_key.setdefault(row.key_prefix, []).append(row)
        alarms = [alarm for prefix, reads in of_key.items() for alarm in self._look_at(prefix, reads)]
        self.tell(alarms)
        return alarms

    def tell(self, alarms: Iterable[Alarm]) -> None:
        """Logs alarms and keeps them for `livemerge access alarms`. Raises StoreError."""
        for alarm in alarms:
            log.warning("unusual use of a key", kind=alarm.kind, key=alarm.key_prefix, detail=alarm.detail)
            self._store.run(ADD, (alarm.at.timestamp(), alarm.key_prefix, alarm.kind, alarm.detail))

    def ls(self, *, prefix: str = "", since: datetime | None = None, most: int = 100) -> list[Alarm]:
        """The newest alarms, of one key or of all."""
        told = {"prefix": prefix, "since": since.timestamp() if since else 0.0, "most": min(most, MAX_LISTED)}
        return [
            Alarm(datetime.fromtimestamp(row["at"], UTC), row["key_prefix"], row["kind"], row["detail"])
            for row in self._store.rows(LIST, told)
        ]

    def forget_before(self, moment: datetime) -> None:
        """Deletes older alarms."""
        self._store.run(FORGET, (moment.timestamp(),))

    def _look_at(self, prefix: str, reads: Sequence[AccessRow]) -> Iterable[Alarm]:
        """Counts the reads of one key."""
        watched = self._of(prefix)
        watched.reads += len(reads)
        watched.misses += sum(row.outcome == "not_found" for row in reads)
        if watched.customers is not None:
            for customer in {row.customer for row in reads}:
                watched.customers.add(customer)
        for row in reads:
            if row.remote not in watched.remotes:
                yield from self._new_network(row, watched)
                if len(watched.remotes) < MAX_NETWORKS:
                    watched.remotes.add(row.remote)
        yield from self._too_many(prefix, watched)

    def _of(self, prefix: str) -> Watched:
        watched = self._watched.pop(prefix, None)
        if watched is None or watched.ends_s <= self._now_s():
            limit = self._limits.get(prefix, self._ids_per_hour)
            watched = Watched(self._now_s() + WINDOW_S, Distinct(limit) if limit else None)
        if len(self._watched) >= MAX_KEYS:
            self._watched.popitem(last=False)
        self._watched[prefix] = watched
        return watched

    def _too_many(self, prefix: str, watched: Watched) -> Iterable[Alarm]:
        limit = self._limits.get(prefix, self._ids_per_hour)
        if watched.customers is not None and watched.customers.count > limit:
            yield from self._once(watched, prefix, "many_customers", f"more than {limit} customers in an hour")
        if self._misses and watched.reads >= LEAST_READS and watched.misses >= self._misses * watched.reads:
            share = f"{watched.misses} of {watched.reads} reads found nobody"
            yield from self._once(watched, prefix, "many_misses", share)

    def _new_network(self, row: AccessRow, watched: Watched) -> Iterable[Alarm]:
        network = network_of(row.remote)
        known = self._known_networks(row.key_prefix)
        if not network or network in known or len(known) >= MAX_NETWORKS:
            return
        is_first = not known
        known.add(network)
        self._store.run(ADD_NETWORK, (row.key_prefix, network, row.at.timestamp()))
        if not is_first:
            yield from self._once(watched, row.key_prefix, "new_network", f"first used from {network}")

    def _known_networks(self, prefix: str) -> set[str]:
        known = self._networks.pop(prefix, None)
        if known is None:
            known = {row["network"] for row in self._store.rows(NETWORKS, (prefix, MAX_NETWORKS))}
        if len(self._networks) >= MAX_KEYS:
            self._networks.popitem(last=False)
        self._networks[prefix] = known
        return known

    def _once(self, watched: Watched, prefix: str, kind: str, detail: str) -> Iterable[Alarm]:
        if kind not in watched.alarmed:
            watched.alarmed.add(kind)
            yield Alarm(self._clock.now(), prefix, kind, detail)

    def _now_s(self) -> float:
        return self._clock.monotonic_s()


def network_of(remote: str) -> str:
    """The /24 or /48 an address belongs to; empty for what is no address."""
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
    except ValueError:
        return ""
    length = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, length), strict=False))
