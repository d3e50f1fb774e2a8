"""How messages cross one connection: three ways, the best that the server offers.

    by chunks     BDAT (RFC 3030): whole messages behind one another, several unanswered at a time
    by data       DATA, pipelined (RFC 2920): the next envelope travels behind the final dot, one round trip a message
    in lock step  DATA, every command answered before the next

Each takes parcels until there are none and settles them as replies come. On ConnectionLost, what is left in
`in_flight` has no reply, and `is_handed_over` tells whether all of it was written.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from livemerge.deliver.smtp.connect import Offers
from livemerge.deliver.smtp.wire import Reply, Wire
from livemerge.deliver.transport import Delivery, Outcome, delivery, outcome_of
from livemerge.message import Message

_END_OF_DATA = b".\r\n"
_DOT_LINE = re.compile(rb"\n\.")  # three times faster than `in`: one octet is looked for at memchr's speed
_PATH = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")  # no white space, controls, angle brackets: nothing ends the command


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each answer is waited for, in seconds; RFC 5321 §4.5.3.2 sets the defaults."""

    envelope_s: float = 300.0  # MAIL, RCPT and RSET
    data_s: float = 120.0  # DATA
    block_s: float = 180.0  # until the server takes what we send
    final_s: float = 600.0  # the final dot: the server may be writing to its disk
    goodbye_s: float = 2.0  # QUIT; nothing depends on it


@dataclass(slots=True, eq=False)
class Parcel:
    """A message on its way, and where its delivery is told."""

    message: Message
    settle: Callable[[Delivery], None]
    losses: int = 0  # connections that ended with this message first in line
    is_handed_over: bool = False  # the last octet is written: from here on only the server knows
    is_withdrawn: bool = False


Take: TypeAlias = Callable[[], Parcel | None]
"""The next waiting parcel, None when there is none now."""


@dataclass(slots=True, eq=False)
class Session:
    """One connection and the parcels on it."""

    wire: Wire
    offers: Offers
    patience: Patience
    in_flight: deque[Parcel] = field(default_factory=deque)

    async def reply(self, timeout_s: float, *, may_be_go_ahead: bool = False) -> Reply:
        """The next reply; ConnectionLost when it is a 421, after which nothing is accepted any more."""
        reply = await self.wire.reply(timeout_s)
        if 300 <= reply.code < 400 and not may_be_go_ahead:
            raise self.wire.break_off(f"a reply out of step: {reply.code}")
        if reply.code == 421:
            for parcel in self.in_flight:
                parcel.is_handed_over = False
            raise self.wire.break_off(f"421 {reply.text}", code=421)
        return reply

    async def ask(self, command: bytes, timeout_s: float, *, may_be_go_ahead: bool = False) -> Reply:
        self.wire.write(command, replies=1)
        return await self.reply(timeout_s, may_be_go_ahead=may_be_go_ahead)

    def settle(self, parcel: Parcel, reply: Reply) -> None:
        """Tells a parcel's outcome by the reply that decided it."""
        self.in_flight.remove(parcel)
        parcel.settle(delivery(parcel.message, outcome_of(reply.code), reply.text, reply.code))


async def carry(session: Session, take: Take, window: int) -> None:
    """Carries parcels until there are none; ConnectionLost leaves the unanswered in `in_flight`."""
    if session.offers.has_chunking and session.offers.has_pipelining:
        await carry_by_chunks(session, take, window)
    elif session.offers.has_pipelining:
        await carry_by_data(session, take)
    else:
        await carry_in_lock_step(session, take)


def window_of(offers: Offers, window: int) -> int:
    """How many messages one connection has under way."""
    if not offers.has_pipelining:
        return 1
    return window if offers.has_chunking else 2  # the second one's envelope, behind the first one's dot


async def carry_by_chunks(session: Session, take: Take, window: int) -> None:
    while True:
        while len(session.in_flight) < window and (parcel := _take_sendable(session, take)):
            await _send_chunk(session, parcel)
        if not session.in_flight:
            return
        session.settle(*await _read_chunk_verdict(session))


async def _send_chunk(session: Session, parcel: Parcel) -> None:
    """Writes envelope and message. RSET first: what a server makes of a refused chunk is not the next one's worry."""
    session.in_flight.append(parcel)
    mail, rcpt = _envelope(session.offers, parcel.message)
    octets = parcel.message.octets
    session.wire.write(b"".join((b"RSET\r\n", mail, rcpt, b"BDAT %d LAST\r\n" % len(octets), octets)), replies=4)
    await session.wire.flush(session.patience.block_s)
    parcel.is_handed_over = True


async def _read_chunk_verdict(session: Session) -> tuple[Parcel, Reply]:
    parcel = session.in_flight[0]
    await session.reply(session.patience.envelope_s)  # RSET: always 250
    mail = await session.reply(session.patience.envelope_s)
    rcpt = await session.reply(session.patience.envelope_s)
    final = await session.reply(session.patience.final_s)
    return parcel, _first_refusal(mail, rcpt) or final


async def carry_by_data(session: Session, take: Take) -> None:
    parcel = _take_sendable(session, take)
    if parcel:
        session.in_flight.append(parcel)
        session.wire.write(_opening(session.offers, parcel), replies=3)
    while parcel:
        parcel = await _carry_one_by_data(session, parcel, take)


async def _carry_one_by_data(session: Session, parcel: Parcel, take: Take) -> Parcel | None:
    """Brings one message over whose envelope is written; gives the parcel whose envelope followed it."""
    mail = await session.reply(session.patience.envelope_s)
    rcpt = await session.reply(session.patience.envelope_s)
    data = await session.reply(session.patience.data_s, may_be_go_ahead=True)
    refusal = _first_refusal(mail, rcpt) or (None if _is_go_ahead(session, data) else data)
    if refusal is None:
        await _write_body(session, parcel)
    elif not _is_go_ahead(session, data) and mail.is_ok:  # the transaction is open still
        await session.ask(b"RSET\r\n", session.patience.envelope_s)
    following = _take_sendable(session, take)
    if following:
        session.in_flight.append(following)
    # where nobody will get it but DATA was granted, an empty message ends it: RFC 2920 §3.1
    end = _END_OF_DATA if _is_go_ahead(session, data) else b""
    opening = _opening(session.offers, following) if following else b""
    session.wire.write(end + opening, replies=bool(end) + (3 if following else 0))
    parcel.is_handed_over = refusal is None
    final = await session.reply(session.patience.final_s) if end else data
    session.settle(parcel, refusal or final)
    return following


async def carry_in_lock_step(session: Session, take: Take) -> None:
    while parcel := _take_sendable(session, take):
        session.in_flight.append(parcel)
        session.settle(parcel, await _verdict_in_lock_step(session, parcel))


async def _verdict_in_lock_step(session: Session, parcel: Parcel) -> Reply:
    mail, rcpt = _envelope(session.offers, parcel.message)
    patience = session.patience
    reply = await session.ask(mail, patience.envelope_s)
    if not reply.is_ok:
        return reply
    reply = await session.ask(rcpt, patience.envelope_s)
    if reply.is_ok:
        reply = await session.ask(b"DATA\r\n", patience.data_s, may_be_go_ahead=True)
        if _is_go_ahead(session, reply):
            await _write_body(session, parcel)
            session.wire.write(_END_OF_DATA, replies=1)
            parcel.is_handed_over = True
            return await session.reply(patience.final_s)
    await session.ask(b"RSET\r\n", patience.envelope_s)
    return reply


async def _write_body(session: Session, parcel: Parcel) -> None:
    """Writes all but the final dot, and waits until it has left: only then may the dot be doubted."""
    session.wire.write(dot_stuffed(parcel.message.octets), replies=0)
    await session.wire.flush(session.patience.block_s)


def dot_stuffed(octets: bytes) -> bytes:
    """The octets with a dot before each that begins a line (RFC 5321 §4.5.2)."""
    if octets.startswith(b"."):
        octets = b"." + octets
    return octets.replace(b"\n.", b"\n..") if _DOT_LINE.search(octets) else octets


def _opening(offers: Offers, parcel: Parcel) -> bytes:
    return b"".join((*_envelope(offers, parcel.message), b"DATA\r\n"))


def _envelope(offers: Offers, message: Message) -> tuple[bytes, bytes]:
    """MAIL and RCPT; `_take_sendable` has seen to it that addresses and octets may go."""
    size = f" SIZE={len(message.octets)}" if offers.has_size else ""
    body = " BODY=8BITMIME" if offers.has_8bit and message.is_8bit else ""
    return (
        f"MAIL FROM:<{message.sender}>{size}{body}\r\n".encode("ascii"),
        f"RCPT TO:<{message.recipient}>\r\n".encode("ascii"),
    )


def _take_sendable(session: Session, take: Take) -> Parcel | None:
    """The next parcel that may cross this connection; those that may not are settled on the way."""
    while parcel := take():
        refusal = _own_refusal(session.offers, parcel.message)
        if refusal is None:
            return parcel
        parcel.settle(refusal)
    return None


def _own_refusal(offers: Offers, message: Message) -> Delivery | None:
    if not (_PATH.fullmatch(message.sender) and _PATH.fullmatch(message.recipient)):
        return delivery(message, Outcome.FAILED, "the envelope's address cannot be written in an SMTP command")
    if message.is_8bit and not offers.has_8bit:
        return delivery(message, Outcome.RETRY, "composed in 8bit, which this relay does not take now")
    return None


def _first_refusal(mail: Reply, rcpt: Reply) -> Reply | None:
    return next((reply for reply in (mail, rcpt) if not reply.is_ok), None)


def _is_go_ahead(session: Session, data: Reply) -> bool:
    """Whether DATA was granted; a reply that fits no DATA means that replies and commands are out of step."""
    if data.code == 354:
        return True
    if data.code < 400:
        raise session.wire.break_off(f"DATA was answered with {data.code}")
    return False
