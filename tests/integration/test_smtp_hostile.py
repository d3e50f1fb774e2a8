"""The smtp transport against servers that answer as a test tells them: slow, odd, hostile or gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from livemerge.clock import FakeClock
from livemerge.deliver import Outcome, Patience, SmtpTransport
from livemerge.errors import DeliveryError
from livemerge.message import Message

VANISH = "(vanish)"
SILENCE = "(silence)"
BY_DATA = ("PIPELINING", "8BITMIME")
BY_CHUNKS = (*BY_DATA, "CHUNKING")
IN_LOCK_STEP = ("8BITMIME",)
EVERY_WAY = pytest.mark.parametrize("offers", [IN_LOCK_STEP, BY_DATA, BY_CHUNKS], ids=["lock step", "data", "chunks"])


@dataclass(frozen=True)
class Asked:
    """What the server was asked: a verb ("END" is the final dot), its argument, and on which connection."""

    verb: str
    argument: str
    connection: int
    recipient: str = ""


Answer = Callable[[Asked], str | bytes | None]
USUAL = {"CONNECT": "220 here", "DATA": "354 go", "QUIT": "221 bye"}


@dataclass
class ScriptedServer:
    """A small SMTP server. `answer` may give its own reply, VANISH, SILENCE, raw octets, or None for the usual."""

    answer: Answer
    offers: tuple[str, ...]
    port: int = 0
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await _Dialogue(self, reader, writer, self.connections).run()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@dataclass
class _Dialogue:
    server: ScriptedServer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    sender: str = ""
    recipient: str = ""
    is_silent: bool = False  # a server that stops answering does so for good: replies cannot be left out

    async def run(self) -> None:
        is_open = self.say("CONNECT", "", self.usual("CONNECT"))
        while is_open and (line := (await self.reader.readline()).decode().strip()):
            verb, _, argument = line.partition(" ")
            is_open = await self.act(verb.upper(), argument)
            await self.writer.drain()

    async def act(self, verb: str, argument: str) -> bool:
        if verb == "BDAT":
            octets = await self.reader.readexactly(int(argument.split()[0]))
            return self.end(octets, "BDAT", argument)
        usual = self.usual(verb)
        if verb == "MAIL" and self.sender:
            usual = "503 nested MAIL"
        if (verb in ("RCPT", "DATA") and not self.sender) or (verb == "DATA" and not self.recipient):
            usual = "503 out of order"
        reply = self.reply(verb, argument, usual)
        if verb == "MAIL" and reply.startswith(b"2"):
            self.sender = argument
        if verb == "RCPT" and reply.startswith(b"2"):
            self.recipient = argument[4:-1]
        if verb == "RSET":
            self.sender = self.recipient = ""
        if not self.send(reply) or verb == "QUIT":
            return False
        if verb == "DATA" and reply.startswith(b"354"):
            octets = b"\r\n" + await self.reader.readuntil(b".\r\n")
            while not octets.endswith(b"\r\n.\r\n"):
                octets += await self.reader.readuntil(b".\r\n")
            return self.end(octets[2:-3].replace(b"\r\n..", b"\r\n."), "END", "")
        return True

    def end(self, octets: bytes, verb: str, argument: str) -> bool:
        usual = "250 2.0.0 kept" if self.recipient else "554 5.5.1 no valid recipients"
        reply = self.reply(verb, argument, usual)
        if reply.startswith(b"2"):
            self.server.accepted.append((self.recipient, octets))
        if reply.startswith(b"2") or verb == "END":  # a refused chunk leaves the transaction open: RFC 3030 §2
            self.sender = self.recipient = ""
        return self.send(reply)

    def usual(self, verb: str) -> str:
        if verb == "EHLO":
            lines = ["here", *self.server.offers]
            return "\r\n".join(f"250{'-' if line != lines[-1] else ' '}{line}" for line in lines)
        return USUAL.get(verb, "250 2.0.0 fine")

    def say(self, verb: str, argument: str, usual: str) -> bool:
        return self.send(self.reply(verb, argument, usual))

    def reply(self, verb: str, argument: str, usual: str) -> bytes:
        asked = Asked(verb, argument, self.number, self.recipient)
        self.server.asked.append(asked)
        told = self.server.answer(asked)
        return told if isinstance(told, bytes) else f"{usual if told is None else told}\r\n".encode()

    def send(self, reply: bytes) -> bool:
        if reply == f"{VANISH}\r\n".encode():
            return False
        self.is_silent = self.is_silent or reply == f"{SILENCE}\r\n".encode()
        if not self.is_silent:
            self.writer.write(reply)
        return not reply.startswith(b"421")


@asynccontextmanager
async def scripted(answer: Answer, offers: tuple[str, ...] = BY_DATA) -> AsyncIterator[ScriptedServer]:
    scripted_server = ScriptedServer(answer, offers)
    server = await asyncio.start_server(scripted_server.serve, "127.0.0.1", 0, limit=1 << 20)
    scripted_server.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted_server
    finally:
        server.close()


@asynccontextmanager
async def sending(
    server: ScriptedServer, *, connections: int = 1, patience: Patience | None = None
) -> AsyncIterator[SmtpTransport]:
    transport = SmtpTransport(
        f"smtp://127.0.0.1:{server.port}", connections=connections, patience=patience, clock=FakeClock()
    )
    await transport.open()
    try:
        yield transport
    finally:
        await transport.close()


def message(number: int, octets: bytes = b"Subject: hello\r\n\r\nhello\r\n") -> Message:
    return Message(
        key=f"c-{number}",
        message_id=f"<{number}@shop.example>",
        sender="news@shop.example",
        recipient=f"c{number}@customer.example",
        octets=octets,
        is_8bit=not octets.isascii(),
        subject="hello",
    )


def messages(count: int) -> list[Message]:
    return [message(number) for number in range(count)]


def once(verb: str, reply: str | bytes, *, of: str = "") -> Answer:
    """Gives the reply the first time the verb (about recipient `of`) comes, the usual afterwards."""
    given: list[Asked] = []

    def answer(asked: Asked) -> str | bytes | None:
        if asked.verb != verb or of not in asked.argument + asked.recipient or given:
            return None
        given.append(asked)
        return reply

    return answer


def usual(asked: Asked) -> None:
    return None


@EVERY_WAY
async def test_messages_arrive_as_they_are(offers):
    bodies = [
        b"Subject: a\r\n\r\n.\r\n..\r\n.dot\r\nend\r\n",
        "Subject: b\r\n\r\nGrüße 😀\r\n".encode(),
        b"Subject: c\r\n\r\n\r\n.\r\n",
    ]
    sent = [message(number, octets) for number, octets in enumerate(bodies)]
    async with scripted(usual, offers) as server, sending(server) as transport:
        deliveries = await transport.deliver(sent)
    assert [told.outcome for told in deliveries] == [Outcome.SENT] * 3
    assert server.accepted == [(each.recipient, each.octets) for each in sent]


@EVERY_WAY
async def test_refusals_hit_only_their_own_message(offers):
    def answer(asked: Asked) -> str | None:
        if asked.verb == "RCPT":
            return {"c1": "550 5.1.1 <c1@customer.example> unknown", "c3": "450 4.2.0 later"}.get(asked.argument[4:6])
        return "552 5.3.4 too big" if asked.verb in ("END", "BDAT") and asked.recipient.startswith("c4") else None

    async with scripted(answer, offers) as server, sending(server) as transport:
        deliveries = await transport.deliver(messages(6))
    outcomes = [told.outcome for told in deliveries]
    assert outcomes == ["sent", "failed", "sent", "retry", "failed", "sent"]
    assert [told.key for told in deliveries] == [f"c-{number}" for number in range(6)]
    assert (deliveries[1].code, deliveries[1].enhanced) == (550, "5.1.1")
    assert deliveries[1].reply == "5.1.1 <(address)> unknown"
    assert [recipient[:2] for recipient, _ in server.accepted] == ["c0", "c2", "c5"]


@EVERY_WAY
async def test_a_refused_sender_is_each_messages_own_refusal(offers):
    async with scripted(once("MAIL", "451 4.3.0 not now"), offers) as server, sending(server) as transport:
        deliveries = await transport.deliver(messages(2))
    assert [(told.outcome, told.code) for told in deliveries] == [("retry", 451), ("sent", 250)]
    assert len(server.accepted) == 1


async def test_a_go_ahead_without_recipients_is_ended_by_a_lone_dot():
    def answer(asked: Asked) -> str | None:
        if asked.argument.startswith("TO:<c0"):
            return "550 no"
        return "354 go on anyway" if asked.verb == "DATA" else None

    async with scripted(answer) as server, sending(server) as transport:
        deliveries = await transport.deliver(messages(2))
    assert [told.outcome for told in deliveries] == ["failed", "sent"]
    assert [octets for _, octets in server.accepted] == [message(1).octets]


@pytest.mark.parametrize("verb, offers", [("END", IN_LOCK_STEP), ("END", BY_DATA), ("BDAT", BY_CHUNKS)])
async def test_a_lost_answer_to_a_whole_message_is_unknown(verb, offers):
    async with scripted(once(verb, VANISH), offers) as server, sending(server) as transport:
        first = await transport.deliver(messages(1))
        second = await transport.deliver([message(7)])
    assert [told.outcome for told in first] == ["unknown"]
    assert [told.outcome for told in second] == ["sent"]
    assert server.connections == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("offers", [IN_LOCK_STEP, BY_DATA])
async def test_a_server_that_vanishes_before_the_data_gets_the_message_again(verb, offers):
    async with scripted(once(verb, VANISH), offers) as server, sending(server) as transport:
        deliveries = await transport.deliver(messages(3))
    assert [told.outcome for told in deliveries] == ["sent"] * 3
    assert sorted(recipient for recipient, _ in server.accepted) == [each.recipient for each in messages(3)]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_a_server_that_always_vanishes_before_the_data_gets_no_doubt(verb):
    async with scripted(lambda asked: VANISH if asked.verb == verb else None) as server, sending(server) as transport:
        deliveries = await transport.deliver(messages(2))
    assert [told.outcome for told in deliveries] == ["retry"] * 2
    assert server.accepted == []


async def test_data_that_was_not_taken_whole_is_certainly_not_accepted():
    """The server grants DATA, reads nothing and goes away: the socket's buffers cannot hold all of the message."""
    big = message(0, b"Subject: big\r\n\r\n" + b"0123456789abcdef\r\n" * 1_500_000)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        await reader.readline()
        writer.write(b"250-here\r\n250 PIPELINING\r\n")
        await reader.readuntil(b"DATA\r\n")
        writer.write(b"354 go\r\n")
        await reader.readexactly(100_000)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1024)
    transport = SmtpTransport(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", connections=1)
    await transport.open()
    deliveries = await transport.deliver([big])
    await transport.close()
    server.close()
    assert [told.outcome for told in deliveries] == ["retry"]


@EVERY_WAY
async def test_a_421_between_messages_costs_a_new_connection_and_no_message(offers):
    def answer(asked: Asked) -> str | None:
        is_third = (
            asked.verb == "MAIL"
            and sum(a.verb == "MAIL" and a.connection == asked.connection for a in server.asked) > 2
        )
        return "421 4.7.0 two messages are enough" if is_third else None

    async with scripted(answer, offers) as server, sending(server) as transport:
        deliveries = await transport.deliver(messages(7))
    assert [told.outcome for told in deliveries] == ["sent"] * 7
    assert sorted(recipient for recipient, _ in server.accepted) == [each.recipient for each in messages(7)]
    assert server.connections == 4


@pytest.mark.parametrize("verb, offers", [("END", BY_DATA), ("BDAT", BY_CHUNKS)])
async def test_a_421_to_the_end_of_a_message_means_not_accepted(verb, offers):
    async with scripted(once(verb, "421 4.3.2 going down"), offers) as server, sending(server) as transport:
        deliveries = await transport.deliver(messages(3))
    assert [told.outcome for told in deliveries] == ["sent"] * 3
    assert len(server.accepted) == 3


async def test_a_server_that_is_gone_gives_everything_back():
    async with scripted(once("MAIL", VANISH)) as server, sending(server, connections=3) as transport:
        server.answer = lambda asked: VANISH
        deliveries = await transport.deliver(messages(20))
    assert {told.outcome for told in deliveries} == {Outcome.RETRY}
    assert len(deliveries) == 20


@pytest.mark.parametrize(
    "verb, patience, outcome",
    [
        ("MAIL", Patience(envelope_s=0.05), "retry"),
        ("DATA", Patience(data_s=0.05), "retry"),
        ("END", Patience(final_s=0.05), "unknown"),
    ],
)
async def test_a_reply_that_never_comes_is_not_waited_for_longer_than_patience(verb, patience, outcome):
    async with (
        scripted(lambda asked: SILENCE if asked.verb == verb else None) as server,
        sending(server, patience=patience) as transport,
    ):
        deliveries = await transport.deliver(messages(1))
    assert [told.outcome for told in deliveries] == [outcome]


@pytest.mark.parametrize(
    "reply",
    [
        b"250 " + b"x" * 100_000,
        b"250-more\r\n" * 10_000,
        b"hello\r\n",
        b"999 what\r\n",
        b"\xff\xfe\x00\r\n",
        b"354 go\r\n",
        b"\r\n",
    ],
    ids=["endless line", "endless reply", "no code", "no such class", "no text", "out of step", "empty"],
)
async def test_nonsense_in_place_of_the_final_reply_is_doubt_and_is_bounded(reply):
    async with scripted(once("END", reply)) as server, sending(server) as transport:
        first = await transport.deliver(messages(1))
        second = await transport.deliver([message(5)])
    assert [told.outcome for told in (*first, *second)] == ["unknown", "sent"]
    assert all(len(told.reply) <= 300 for told in first)


async def test_a_data_command_answered_like_a_finished_message_is_no_success():
    async with (
        scripted(lambda asked: "250 done already" if asked.verb == "DATA" else None) as server,
        sending(server) as transport,
    ):
        deliveries = await transport.deliver(messages(1))
    assert [told.outcome for told in deliveries] == ["retry"]


async def test_replies_that_nobody_asked_for_cannot_stand_for_later_ones():
    async with scripted(once("EHLO", b"250-here\r\n250 PIPELINING\r\n")) as server, sending(server) as transport:
        server.answer = once("END", b"250 kept\r\n250 and the next one too\r\n")
        first = await transport.deliver(messages(1))
        await asyncio.sleep(0)
        second = await transport.deliver([message(3)])
    assert [told.outcome for told in (*first, *second)] == ["sent", "sent"]
    assert [recipient for recipient, _ in server.accepted] == [message(0).recipient, message(3).recipient]


async def test_a_long_reply_is_kept_in_one_bounded_line():
    reply = "250-2.0.0 kept\r\n250-for anna@customer.example\x07\r\n250 " + "z" * 900
    async with scripted(once("END", reply)) as server, sending(server) as transport:
        (told,) = await transport.deliver(messages(1))
    assert told.outcome == "sent"
    assert told.reply.startswith("2.0.0 kept for (address) zzz")
    assert len(told.reply) == 300


async def test_8bit_is_said_only_where_it_is_offered_and_needed():
    plain, accented = message(0), message(1, "Subject: é\r\n\r\né\r\n".encode())
    async with scripted(usual, ("PIPELINING",)) as server, sending(server) as transport:
        refused = await transport.deliver([plain, accented])
        assert not transport.takes_8bit
    assert [told.outcome for told in refused] == ["sent", "retry"]
    async with scripted(usual, (*BY_DATA, "SIZE 100000")) as server, sending(server) as transport:
        await transport.deliver([plain, accented])
        assert transport.takes_8bit
    mails = [asked.argument for asked in server.asked if asked.verb == "MAIL"]
    assert mails == ["FROM:<news@shop.example> SIZE=25", "FROM:<news@shop.example> SIZE=19 BODY=8BITMIME"]


@EVERY_WAY
async def test_an_address_cannot_smuggle_a_command(offers):
    hostile = Message(
        "c-0", "<0@x>", "news@shop.example", "a@b>\r\nRCPT TO:<evil@x.example", b"a: b\r\n\r\n", False, ""
    )
    async with scripted(usual, offers) as server, sending(server) as transport:
        deliveries = await transport.deliver([hostile, message(1)])
    assert [told.outcome for told in deliveries] == ["failed", "sent"]
    assert all("evil" not in asked.argument for asked in server.asked)


async def test_several_callers_share_the_connections_and_each_gets_its_own_deliveries():
    async with scripted(usual, BY_CHUNKS) as server, sending(server, connections=3) as transport:
        groups = [[message(100 * group + number) for number in range(30)] for group in range(4)]
        answers = await asyncio.gather(*(transport.deliver(group) for group in groups))
    assert [[told.key for told in answer] for answer in answers] == [[each.key for each in group] for group in groups]
    assert len(server.accepted) == 120
    assert server.connections <= 3


async def test_a_cancelled_caller_gets_no_message_begun_afterwards():
    reached = asyncio.Event()

    def answer(asked: Asked) -> str | None:
        if asked.verb == "END" and not reached.is_set():
            reached.set()
            return SILENCE
        return None

    told: list[str] = []
    patience = Patience(final_s=0.5)
    async with scripted(answer) as server, sending(server, patience=patience) as transport:
        handing = asyncio.create_task(transport.deliver(messages(50), lambda each: told.append(each.outcome)))
        await reached.wait()
        handing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handing
        after = await transport.deliver([message(99)])
    assert [each.outcome for each in after] == ["sent"]
    assert sorted(told) == ["retry", "unknown"]  # the second one's envelope was on its way behind the first one's dot
    assert {recipient for recipient, _ in server.accepted} <= {message(0).recipient, message(99).recipient}


async def test_each_delivery_is_told_when_it_is_known():
    told: list[str] = []
    async with scripted(usual) as server, sending(server) as transport:
        deliveries = await transport.deliver(messages(5), lambda each: told.append(each.key))
    assert told == [each.key for each in deliveries]


@pytest.mark.parametrize(
    "verb, reply, is_retryable",
    [("CONNECT", "554 5.7.1 go away", False), ("CONNECT", "421 4.3.2 busy", True), ("CONNECT", VANISH, True)],
)
async def test_a_relay_that_does_not_let_us_in_is_a_delivery_error(verb, reply, is_retryable):
    async with scripted(once(verb, reply)) as server:
        transport = SmtpTransport(f"smtp://127.0.0.1:{server.port}")
        with pytest.raises(DeliveryError) as raised:
            await transport.open()
    assert raised.value.retryable is is_retryable
    assert raised.value.advice
    assert str(server.port) in raised.value.where


async def test_what_is_no_relay_at_all_is_named_so():
    async with scripted(once("CONNECT", b"HTTP/1.1 400 Bad Request\r\n")) as server:
        with pytest.raises(DeliveryError, match="does not speak SMTP"):
            await SmtpTransport(f"smtp://127.0.0.1:{server.port}").open()


async def test_a_relay_that_says_nothing_is_not_waited_for():
    async with scripted(lambda asked: SILENCE) as server:
        transport = SmtpTransport(f"smtp://127.0.0.1:{server.port}", connect_timeout_s=0.05)
        with pytest.raises(DeliveryError, match="no answer from the relay in time"):
            await transport.open()


async def test_messages_before_open_are_a_clear_error():
    with pytest.raises(DeliveryError, match="while the transport was not open"):
        await SmtpTransport("smtp://127.0.0.1:1").deliver(messages(1))


async def test_a_server_from_before_ehlo_is_spoken_to_in_its_own_way():
    async with scripted(once("EHLO", "502 what is that")) as server, sending(server) as transport:
        deliveries = await transport.deliver(messages(2))
    assert [told.outcome for told in deliveries] == ["sent", "sent"]
    assert transport.max_in_flight == 1
