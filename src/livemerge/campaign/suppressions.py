"""Who must not be mailed, and why."""

from __future__ import annotations

from typing import Final

from livemerge.clock import Clock
from livemerge.store import Store
from livemerge.values import Key

ADD: Final = """
INSERT INTO suppression (customer, address, reason, campaign, suppressed_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
ADDRESS_IN_CAMPAIGN: Final = "SELECT address FROM delivery WHERE campaign = ? AND occurrence = ? AND customer = ?"
IS_SUPPRESSED: Final = "SELECT 1 FROM suppression WHERE customer = ? LIMIT 1"


class Suppressions:
    """Keyed by customer, and by address too where it is known: a new key for an old address does not revive it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add(self, customer: Key, *, address: str = "", reason: str, campaign: str = "") -> None:
        """Suppresses a customer; again is no error."""
        self._store.run(ADD, (customer, address.lower(), reason, campaign, self._clock.now().timestamp()))

    def unsubscribe(self, customer: Key, campaign: str, occurrence: str) -> None:
        """Suppresses the customer of a delivery, with the address it went to."""
        row = self._store.row(ADDRESS_IN_CAMPAIGN, (campaign, occurrence, customer))
        self.add(customer, address=row["address"] if row else "", reason="unsubscribed", campaign=campaign)

    def is_suppressed(self, customer: Key) -> bool:
        return self._store.row(IS_SUPPRESSED, (customer,)) is not None
