"""Customer data from the events that Livemerge keeps itself: each field is a feature of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from livemerge.catalog import Field
from livemerge.errors import SourceError, StoreError
from livemerge.events import EventStore
from livemerge.sources.source import unaskable
from livemerge.values import Answer, Key

MAX_BATCH: Final = 500


class EventsSource:
    """Rows of {field name: value}, for exactly the fields asked."""

    connections = 1  # the store is one connection, asked directly
    max_batch = MAX_BATCH

    def __init__(self, name: str, events: EventStore) -> None:
        self.name = name
        self._events = events

    async def fetch(self, keys: Sequence[Key], fields: Sequence[Field]) -> Answer:
        refused = unaskable(keys)
        wanted = {field.name: field.feature for field in fields if field.feature is not None}
        customers = [key for key in dict.fromkeys(keys) if key not in refused]
        try:
            return Answer(self._events.features(customers, wanted), row_errors=refused)
        except StoreError as error:
            raise SourceError(error.what, where=f"source.{self.name}", advice=error.advice, retryable=True) from error

    async def close(self) -> None:
        """The store belongs to the project, not to the source."""
