"""Whatever the data, a message reads back as what was rendered, and its octets are lawful mail."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from livemerge.message import Composer, Links, Recipient, headers, parse_sender
from livemerge.message.compose import _boundary
from livemerge.template import compile_message

NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
TO = Recipient("c-1", "anna@customer.example")
TEMPLATE = compile_message(
    """+++
subject = "Für {{ name }}: {{ offer }}"
text = '''
{{ name }}
{{ offer }} and {{ name }}
.
From {{ offer }}'''
+++
<html><body><p>{{ name }}</p>
{{ offer }}
<a href="https://x.example/{{ name }}">{{ offer }} = é €</a></body></html>
""",
    name="hostile.liquid.html",
)
COMPOSER = Composer(
    TEMPLATE,
    parse_sender("Müller & Söhne <news@shop.example>"),
    Links("https://mail.example", b"a secret of thirty-two bytes, see"),
    campaign="c",
    occurrence="o",
)
BOUNDARY = _boundary("c", "o", 0)
LINE_ENDS = ("\r", "\n", "\r\n", "\n\n", "=\n", "  \n", "\t\n", "\x0b\x0c", "\x85", "\u2028")
DOTS = (".", "\n.", "\n.\n", "\r\n.\r\n", "\nFrom ")
LOOK_ALIKES = (f"\n--{BOUNDARY}\n", f"--{BOUNDARY}--", "\nSubject: x", "Bcc: a@b", "=?utf-8?q?x?=", "=3D", "=")
ODD = ("\x00", "\ud800", "\udfff", "\ufeff", "😀", "é", "<b>", "&amp;", "{{ name }}", "*|UNSUB|*", " ")
LONG = ("x" * 80, "y" * 997, "z" * 1500, "é" * 500)
PIECES = st.sampled_from((*LINE_ENDS, *DOTS, *LOOK_ALIKES, *ODD, *LONG))
HOSTILE = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join))


def normalised(text: str) -> str:
    """Mail has one kind of line end; a carriage return of the data's own goes."""
    return text.replace("\r", "")


@given(name=HOSTILE, offer=HOSTILE, takes_8bit=st.booleans())
@example(name="", offer="", takes_8bit=True)
@example(name="x" * 5000, offer=f"\n--{BOUNDARY}--\n", takes_8bit=True)
def test_a_message_reads_back_as_it_was_rendered(name: str, offer: str, takes_8bit: bool) -> None:
    data = {"name": name, "offer": offer}
    message = COMPOSER.compose(TO, data, now=NOW, takes_8bit=takes_8bit)
    parsed = email.message_from_bytes(message.octets, policy=email.policy.default)
    text, html = (part.get_payload(decode=True).decode() for part in parsed.iter_parts())
    assert normalised(text) == normalised(TEMPLATE.text.render(data, now=NOW))
    assert normalised(html) == normalised(TEMPLATE.html.render(data, now=NOW))
    assert parsed["Subject"] == message.subject == headers.one_line(TEMPLATE.subject.render(data, now=NOW))


@given(name=HOSTILE, offer=HOSTILE, takes_8bit=st.booleans())
def test_octets_are_lawful_mail(name: str, offer: str, takes_8bit: bool) -> None:
    octets = COMPOSER.compose(TO, {"name": name, "offer": offer}, now=NOW, takes_8bit=takes_8bit).octets
    assert octets.endswith(b"\r\n")
    assert not re.search(rb"[^\r]\n|\r[^\n]|\0", octets)
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert takes_8bit or octets.isascii()


@given(name=HOSTILE, offer=HOSTILE)
def test_quoted_printable_lines_are_short(name: str, offer: str) -> None:
    octets = COMPOSER.compose(TO, {"name": name, "offer": offer}, now=NOW, takes_8bit=False).octets
    body = octets.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76


@given(name=HOSTILE)
def test_data_adds_no_header_and_no_part(name: str) -> None:
    usual = email.message_from_bytes(
        COMPOSER.compose(TO, {"name": "A", "offer": ""}, now=NOW, takes_8bit=True).octets, policy=email.policy.default
    )
    odd = email.message_from_bytes(
        COMPOSER.compose(TO, {"name": name, "offer": ""}, now=NOW, takes_8bit=True).octets, policy=email.policy.default
    )
    assert odd.keys() == usual.keys()
    assert len(list(odd.iter_parts())) == 2
    assert not odd.defects
