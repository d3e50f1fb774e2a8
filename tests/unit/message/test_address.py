"""Addresses: what may stand in an envelope, and what is said about what may not."""

from __future__ import annotations

import pytest

from livemerge.errors import ConfigError
from livemerge.message import AddressFault, Sender, parse_sender, usable_address


@pytest.mark.parametrize(
    "text", ["anna@shop.example", "a.b+c@x-y.example", "o'brien@x.example", "x@localhost", f"{'a' * 64}@x.example"]
)
def test_a_plain_address_is_taken_as_it_is(text):
    assert usable_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "@x.example",
        "anna@",
        "a b@x.example",
        "a..b@x.example",
        ".a@x.example",
        "a@x..example",
        "a@-x.example",
        "a@b@c",
        "<a@x.example>",
        "a@x.example\r\nRCPT TO:<b@x.example>",
        "a@x.example\n",
        "a\x00@x.example",
        '"a b"@x.example',
        "a@[127.0.0.1]",
        f"{'a' * 65}@x.example",
        f"a@{'b' * 300}.example",
    ],
)
def test_what_is_no_plain_address_is_refused_without_being_repeated(text):
    with pytest.raises(AddressFault) as raised:
        usable_address(text)
    assert not text.strip() or text not in str(raised.value)


def test_an_internationalised_domain_is_converted():
    assert usable_address("anna@bücher.de") == "anna@xn--bcher-kva.de"


@pytest.mark.parametrize("text", ["änna@shop.de", "anna@bü cher.de", "anna@\ud800.de", "é" * 300])
def test_what_cannot_be_written_in_ascii_is_refused(text):
    with pytest.raises(AddressFault):
        usable_address(text)


@pytest.mark.parametrize(
    "text, name",
    [
        ("Shop <news@shop.example>", "Shop"),
        ('"Shop, Inc." <news@shop.example>', "Shop, Inc."),
        ("Shop, Inc. <news@shop.example>", "Shop, Inc."),
        ("Müller <news@shop.example>", "Müller"),
        ("<news@shop.example>", ""),
        (" news@shop.example ", ""),
    ],
)
def test_a_sender_is_read_from_a_setting(text, name):
    sender = parse_sender(text)
    assert sender == Sender("news@shop.example", name)
    assert sender.domain == "shop.example"


@pytest.mark.parametrize(
    "text", ["", "Shop", "Shop <news>", "a@x.example, b@x.example", "A <a@x.example> <b@x.example>"]
)
def test_a_malformed_sender_is_a_config_error_with_an_example(text):
    with pytest.raises(ConfigError) as raised:
        parse_sender(text)
    assert "Shop <news@shop.example>" in raised.value.advice


def test_a_malformed_reply_to_names_its_setting():
    with pytest.raises(ConfigError) as raised:
        parse_sender("Shop <news@shop.example>", reply_to="nobody")
    assert raised.value.where == "reply_to"
