"""What every transport promises, asked of each of them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from livemerge.deliver import CaptureTransport, MaildirTransport, Outcome, SmtpTransport, Transport
from livemerge.message import Message


@dataclass
class Ready:
    """An open transport, and how to see what arrived, as octets."""

    transport: Transport
    arrived: Callable[[], list[bytes]]


class Inbox:
    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: object, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope.content)
        return "250 2.0.0 kept"


async def ready_capture(folder: Path) -> AsyncIterator[Ready]:
    transport = CaptureTransport()
    yield Ready(transport, lambda: [message.octets for message in transport.messages])


async def ready_maildir(folder: Path) -> AsyncIterator[Ready]:
    transport = MaildirTransport(folder / "outbox")
    yield Ready(transport, lambda: [path.read_bytes() for path in (folder / "outbox" / "new").iterdir()])


async def ready_smtp(folder: Path) -> AsyncIterator[Ready]:
    inbox = Inbox()
    server = await asyncio.get_running_loop().create_server(
        functools.partial(SMTP, inbox, hostname="inbox"), "127.0.0.1", 0
    )
    transport = SmtpTransport(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    yield Ready(transport, lambda: inbox.mails)
    server.close()


READY = {"capture": ready_capture, "maildir": ready_maildir, "smtp": ready_smtp}


@pytest.fixture(params=list(READY))
async def ready(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ready]:
    async for each in READY[request.param](tmp_path):
        await each.transport.open()
        yield each
        await each.transport.close()


def messages(count: int, first: int = 0) -> list[Message]:
    return [
        Message(
            key=f"c-{number}",
            message_id=f"<{number}@shop.example>",
            sender="news@shop.example",
            recipient=f"c{number}@customer.example",
            octets=f"Subject: {number}\r\n\r\n.\r\nGrüße\r\n..\r\n".encode(),
            is_8bit=True,
            subject=str(number),
        )
        for number in range(first, first + count)
    ]


async def test_every_message_arrives_as_it_is(ready):
    sent = messages(70)
    deliveries = await ready.transport.deliver(sent)
    assert {told.outcome for told in deliveries} == {Outcome.SENT}
    assert sorted(ready.arrived()) == sorted(each.octets for each in sent)


async def test_deliveries_name_their_messages_in_order(ready):
    sent = messages(20)
    deliveries = await ready.transport.deliver(sent)
    assert [(told.key, told.message_id) for told in deliveries] == [(each.key, each.message_id) for each in sent]
    assert all(told.reply and "\n" not in told.reply for told in deliveries)


async def test_each_delivery_is_told_once_as_it_becomes_known(ready):
    told = []
    deliveries = await ready.transport.deliver(messages(20), told.append)
    assert sorted(each.key for each in told) == sorted(each.key for each in deliveries)


async def test_no_messages_are_no_deliveries(ready):
    assert list(await ready.transport.deliver([])) == []


async def test_several_callers_may_hand_over_at_once(ready):
    groups = [messages(15, first) for first in (0, 100, 200)]
    answers = await asyncio.gather(*(ready.transport.deliver(group) for group in groups))
    assert [[told.key for told in answer] for answer in answers] == [[each.key for each in group] for group in groups]
    assert len(ready.arrived()) == 45


async def test_what_it_takes_is_known_after_opening(ready):
    assert ready.transport.takes_8bit is True
    assert ready.transport.max_in_flight >= 1


async def test_closing_twice_does_no_harm(ready):
    await ready.transport.deliver(messages(1))
    await ready.transport.close()
    await ready.transport.close()
    assert len(ready.arrived()) == 1
