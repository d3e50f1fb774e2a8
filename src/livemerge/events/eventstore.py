"""Customers' events, kept: added once each, asked for features, erased on request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from livemerge.catalog import Feature
from livemerge.clock import Clock
from livemerge.events.changes import MOST_APART, Changes
from livemerge.events.event import Event, encode_properties
from livemerge.events.features import read_feature
from livemerge.store import Store
from livemerge.values import Key

ADD: Final = """
INSERT INTO event (customer, name, occurred_at, received_at, properties, message_id) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (message_id) DO NOTHING
"""
ERASE: Final = "DELETE FROM event WHERE customer = ?"


class EventStore:
    """The event table of a store."""

    def __init__(
        self, store: Store, clock: Clock, changes: Changes | None = None, *, sources: Sequence[str] = ()
    ) -> None:
        """changes: where it is told that these sources say something new of whom an event is about."""
        self._store = store
        self._clock = clock
        self._changes = changes
        self._sources = sources

    def add(self, events: Iterable[Event]) -> int:
        """Keeps the events, all or none; gives how many were new. Raises LivemergeError for an unfit one."""
        received_at_s = self._clock.now().timestamp()
        customers: dict[Key, None] = {}

        def rows() -> Iterator[tuple[Any, ...]]:
            for event in events:
                if len(customers) <= MOST_APART:
                    customers[event.customer] = None
                yield _row(event, received_at_s)

        with self._store.transaction():
            added = self._store.run_many(ADD, rows())
            self._tell(list(customers) if added else [])
        return added

    def erase(self, customer: Key) -> int:
        """Forgets a customer; gives how many events went."""
        with self._store.transaction():
            self._tell([customer])
            return self._store.run(ERASE, (customer,))

    def _tell(self, customers: Sequence[Key]) -> None:
        if self._changes is not None:
            self._changes.tell(self._sources, customers)

    def features(self, customers: Sequence[Key], wanted: Mapping[str, Feature]) -> Mapping[Key, Mapping[str, Any]]:
        """Values by customer and wanted name. No event, no value, no customer; but a count is 0 for everyone."""
        now_s = self._clock.now().timestamp()
        found: dict[Key, dict[str, Any]] = {}
        for name, feature in wanted.items():
            for customer, value in read_feature(self._store, customers, feature, now_s=now_s).items():
                found.setdefault(customer, {})[name] = value
        return found


def _row(event: Event, received_at_s: float) -> tuple[Any, ...]:
    properties = encode_properties(event)
    return (
        event.customer,
        event.name,
        event.occurred_at.timestamp(),
        received_at_s,
        properties,
        event.message_id or None,  # NULL is never equal to another, so nothing is dropped
    )
