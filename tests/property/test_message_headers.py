"""Headers, links and addresses hold for any text."""

from __future__ import annotations

import email
import email.policy

from hypothesis import given
from hypothesis import strategies as st

from livemerge.errors import AccessError
from livemerge.message import AddressFault, LinkClaim, headers, read, sign, usable_address

SECRET = b"a secret of thirty-two bytes, see"
ANY_TEXT = st.text(st.characters(), max_size=200)  # lone surrogates and controls too
PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(ANY_TEXT)
def test_any_subject_is_one_header_that_reads_as_one_line(text: str) -> None:
    line = headers.text_header("Subject", text)
    message = email.message_from_bytes(line + b"\r\n", policy=email.policy.default)
    assert message.items() == [("Subject", headers.one_line(text))]
    assert all(len(each) <= 76 for each in line.split(b"\r\n"))


@given(ANY_TEXT)
def test_any_display_name_leaves_one_address(name: str) -> None:
    line = headers.address_header("From", "news@shop.example", name)
    message = email.message_from_bytes(line + b"\r\n", policy=email.policy.default)
    assert message.keys() == ["From"]
    assert [each.addr_spec for each in message["From"].addresses] == ["news@shop.example"]


@given(PLAIN_TEXT, PLAIN_TEXT, PLAIN_TEXT)
def test_every_token_reads_back(campaign: str, occurrence: str, key: str) -> None:
    try:
        token = sign(SECRET, "p", campaign, occurrence, key)
    except AccessError:  # longer than a link may be
        return
    assert read(SECRET, "p", token) == LinkClaim(campaign, occurrence, key)


@given(st.one_of(ANY_TEXT, st.from_regex(r"[A-Za-z0-9_-]{20,200}", fullmatch=True)))
def test_no_text_of_others_is_a_token(text: str) -> None:
    try:
        read(SECRET, "u", text)
    except AccessError:
        return
    raise AssertionError("a token that was never signed was read")


@given(st.one_of(ANY_TEXT, st.emails()))
def test_a_usable_address_can_neither_end_a_line_nor_an_envelope(text: str) -> None:
    try:
        address = usable_address(text)
    except AddressFault:
        return
    assert address.isascii() and address.isprintable()
    assert not set(address) & set(' <>",;:\\()[]')
