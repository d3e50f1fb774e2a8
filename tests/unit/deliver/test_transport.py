"""Deliveries: what is kept of a reply, and what a code means."""

from __future__ import annotations

import pytest

from livemerge.deliver import CaptureTransport, Outcome
from livemerge.deliver.transport import MAX_REPLY_CHARACTERS, delivery, outcome_of
from livemerge.message import Message

MESSAGE = Message("c-1", "<1@x.example>", "a@x.example", "b@x.example", b"a: b\r\n\r\n", False, "")


@pytest.mark.parametrize(
    "code, outcome",
    [(250, "sent"), (251, "sent"), (421, "retry"), (452, "retry"), (550, "failed"), (554, "failed"), (354, "unknown")],
)
def test_a_code_says_what_became_of_a_message(code, outcome):
    assert outcome_of(code) == outcome


def test_a_reply_is_kept_without_addresses_in_one_bounded_line():
    told = delivery(MESSAGE, Outcome.FAILED, "5.1.1 <anna.b@shop.example>:\r\n\x1b[31mgone\u2028 " + "x" * 5000, 550)
    assert told.reply.startswith("5.1.1 <(address)>: [31mgone xxx")
    assert len(told.reply) == MAX_REPLY_CHARACTERS
    assert told.enhanced == "5.1.1"


@pytest.mark.parametrize("text", ["ok", "15.1.1 no", "5.1.1.1 no", "9.1.1 no", ""])
def test_what_is_no_enhanced_code_is_not_taken_for_one(text):
    assert delivery(MESSAGE, Outcome.FAILED, text, 550).enhanced == ""


async def test_the_capture_transport_answers_as_it_is_told():
    transport = CaptureTransport({"b@x.example": Outcome.UNKNOWN})
    (told,) = await transport.deliver([MESSAGE])
    assert told.outcome is Outcome.UNKNOWN
    assert transport.messages == []


async def test_the_capture_transport_is_bounded():
    transport = CaptureTransport(capacity=1)
    deliveries = await transport.deliver([MESSAGE, MESSAGE])
    assert [told.outcome for told in deliveries] == [Outcome.SENT, Outcome.RETRY]
