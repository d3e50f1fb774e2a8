"""What a transport promises, and what it says about each message.

A message is never in two minds: SENT and FAILED are the receiver's word, RETRY means that it certainly was not
accepted, and UNKNOWN that all of it was handed over and the answer was lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from livemerge.message import Message
from livemerge.values import Key

MAX_REPLY_CHARACTERS = 300  # of a reply that is kept: enough for a code, a reason and a queue id

_BREAKING = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ADDRESS = re.compile(r"[^\s<>\"'(),:;@]{1,64}@[^\s<>\"'(),:;@]{1,255}")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")  # RFC 3463 §2


class Outcome(StrEnum):
    """What became of one message; names are the ledger's."""

    SENT = "sent"
    RETRY = "retry"  # not accepted, and trying again may help
    FAILED = "failed"  # refused for good
    UNKNOWN = "unknown"  # handed over in full, the answer was lost


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of handing over one message."""

    key: Key
    message_id: str
    outcome: Outcome
    reply: str  # one line of the receiver's words, or ours where it said nothing; addresses are masked
    code: int = 0  # SMTP reply code, 0 where there was none
    enhanced: str = ""  # enhanced status code such as 5.1.1 (RFC 3463)


OnDelivery = Callable[[Delivery], None]


class Transport(Protocol):
    """What takes messages. Opened once, then handed groups of messages, by several callers at once if they like."""

    @property
    def takes_8bit(self) -> bool:
        """Whether messages may be composed in 8bit; certain after `open`."""

    @property
    def max_in_flight(self) -> int:
        """How many messages can be under way at once; more only wait in line."""

    async def open(self) -> None:
        """Connects once and learns what the receiver offers; DeliveryError when that cannot be done."""

    async def deliver(self, messages: Sequence[Message], on_delivery: OnDelivery | None = None) -> Sequence[Delivery]:
        """One delivery per message, in the messages' order; each is told to `on_delivery` as soon as it is known.

        No message makes it raise. Cancelled, it takes back what has not been begun; what has is told all the same.
        """

    async def close(self) -> None:
        """Lets what is under way finish, within a few seconds, and lets go of everything."""


def outcome_of(code: int) -> Outcome:
    """What a final reply code means (RFC 5321 §4.2.1); a code that makes no sense there proves nothing."""
    by_class = {2: Outcome.SENT, 4: Outcome.RETRY, 5: Outcome.FAILED}
    return by_class.get(code // 100, Outcome.UNKNOWN)


def delivery(message: Message, outcome: Outcome, reply: str, code: int = 0) -> Delivery:
    """The delivery of a message with the reply made fit to keep: one bounded line, addresses masked."""
    line = _BREAKING.sub(" ", reply[: 4 * MAX_REPLY_CHARACTERS]).strip()
    enhanced = _ENHANCED.match(line) if code else None
    return Delivery(
        message.key,
        message.message_id,
        outcome,
        _ADDRESS.sub("(address)", line)[:MAX_REPLY_CHARACTERS],
        code,
        enhanced[0] if enhanced else "",
    )
