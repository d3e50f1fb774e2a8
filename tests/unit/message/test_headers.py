"""Header lines: they read back as what was meant, and nothing gets out of one."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage

import pytest

from livemerge.message import headers


def parsed(*lines: bytes) -> EmailMessage:
    return email.message_from_bytes(b"".join(lines) + b"\r\n", policy=email.policy.default)


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "Grüße aus Köln",
        "plain words " * 20,
        "x" * 300,
        "=?utf-8?q?look-alike?=",
        "日本語の件名" * 30,
        "😀" * 100,
        "a" * 66 + "é",
        "tail with a colon: and a dot.",
        "€ 54,43 – jetzt",
    ],
)
def test_a_subject_reads_back_as_it_was(text):
    line = headers.text_header("Subject", text)
    assert parsed(line)["Subject"] == text.strip()
    assert all(len(each) <= 76 for each in line.split(b"\r\n"))


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a\r\nBcc: evil@x.example", "a Bcc: evil@x.example"),
        ("a\n\nbody", "a body"),
        ("\x00a\x1b\x7fb\x85c\u2028d", "a b c d"),
        ("  much \t  space  ", "much space"),
        ("bad \ud83d half", "bad half"),
        ("", ""),
    ],
)
def test_no_text_leaves_its_header(text, shown):
    line = headers.text_header("Subject", text)
    message = parsed(line)
    assert message.keys() == ["Subject"]
    assert message["Subject"] == shown == headers.one_line(text)


def test_a_subject_has_an_end():
    assert len(headers.one_line("x" * 100_000)) == headers.MAX_TEXT_CHARACTERS


@pytest.mark.parametrize(
    "name", ["Shop", "Müller & Söhne", 'Say "hi"', "Back\\slash", "Doe, J.", "a@b", "=?x?=", "(c)"]
)
def test_a_display_name_reads_back_as_it_was(name):
    address = parsed(headers.address_header("From", "news@shop.example", name))["From"].addresses[0]
    assert (address.display_name, address.addr_spec) == (name, "news@shop.example")


@pytest.mark.parametrize(
    "name", ["x " * 60, "日本語ショップ" * 20, 'A "B" <evil@x.example>, ', "a\r\nBcc: evil@x.example"]
)
def test_a_display_name_never_becomes_a_second_address(name):
    line = headers.address_header("From", "news@shop.example", name)
    message = parsed(line)
    assert message.keys() == ["From"]
    assert [each.addr_spec for each in message["From"].addresses] == ["news@shop.example"]
    assert all(len(each) <= 76 for each in line.split(b"\r\n"))


def test_a_message_id_is_stable_and_tells_nothing():
    made = headers.message_id("welcome", "2026", "anna@customer.example", "shop.example")
    assert made == headers.message_id("welcome", "2026", "anna@customer.example", "shop.example")
    assert made.startswith("<") and made.endswith("@shop.example>")
    assert "anna" not in made
    assert made != headers.message_id("welcome", "202", "6anna@customer.example", "shop.example")


def test_every_campaign_occurrence_and_customer_has_message_ids_of_its_own():
    triples = [
        ("welcome", "2026", "anna"),
        ("goodbye", "2026", "anna"),
        ("welcome", "2027", "anna"),
        ("welcome", "2026", "ben"),
    ]
    assert len({headers.message_id(*triple, "shop.example") for triple in triples}) == len(triples)


def test_a_date_is_written_in_utc():
    moment = datetime(2026, 12, 1, 9, 0, tzinfo=timezone(timedelta(hours=2)))
    assert headers.date_header(moment) == b"Date: Tue, 01 Dec 2026 07:00:00 +0000\r\n"
    assert parsed(headers.date_header(moment))["Date"].datetime == moment.astimezone(UTC)


def test_ids_are_made_of_harmless_characters():
    assert headers.list_id_header("news @shop\r\n") == b"List-Id: <news-shop>\r\n"
    assert len(headers.list_id_header("n" * 3_000)) == len("List-Id: ") + 255 + len("\r\n")
    assert (
        headers.feedback_id_header("a b:c", "", "shop.example") == b"Feedback-ID: a-b-c:none:livemerge:shop.example\r\n"
    )
