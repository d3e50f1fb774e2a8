"""A transport that keeps messages in memory, for tests and rehearsals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from livemerge.deliver.transport import Delivery, OnDelivery, Outcome, delivery
from livemerge.message import Message

DEFAULT_CAPACITY = 10_000  # messages; 36 KB each would be 360 MB


class CaptureTransport:
    """Keeps what it takes in `messages`. `outcomes` names the recipients that get another answer than SENT."""

    def __init__(
        self,
        outcomes: Mapping[str, Outcome] | None = None,
        *,
        takes_8bit: bool = True,
        max_in_flight: int = 50,
        capacity: int = DEFAULT_CAPACITY,
    ) -> None:
        self.messages: list[Message] = []
        self.takes_8bit = takes_8bit
        self.max_in_flight = max_in_flight
        self._outcomes = dict(outcomes or {})
        self._capacity = capacity

    async def open(self) -> None:
        """Nothing to connect to."""

    async def deliver(self, messages: Sequence[Message], on_delivery: OnDelivery | None = None) -> Sequence[Delivery]:
        deliveries = []
        for message in messages:
            deliveries.append(self._take(message))
            if on_delivery:
                on_delivery(deliveries[-1])
        return deliveries

    async def close(self) -> None:
        """Keeps the messages: they are what it is for."""

    def _take(self, message: Message) -> Delivery:
        outcome = self._outcomes.get(message.recipient, Outcome.SENT)
        if outcome is not Outcome.SENT:
            return delivery(message, outcome, f"told to answer {outcome}")
        if len(self.messages) >= self._capacity:
            return delivery(message, Outcome.RETRY, f"full: {self._capacity} messages are kept")
        self.messages.append(message)
        return delivery(message, Outcome.SENT, "kept")
