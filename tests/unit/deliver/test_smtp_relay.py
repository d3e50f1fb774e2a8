"""A relay's address: read, checked, and never more talkative than it should be."""

from __future__ import annotations

import pytest

from livemerge.deliver import is_loopback, parse_relay
from livemerge.deliver.smtp import Security
from livemerge.deliver.smtp.conversation import dot_stuffed
from livemerge.errors import ConfigError


@pytest.mark.parametrize(
    "url, host, port, security",
    [
        ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, Security.NONE),
        ("smtp://relay.example", "relay.example", 25, Security.NONE),
        ("smtps://relay.example", "relay.example", 465, Security.TLS),
        ("smtp+starttls://relay.example/", "relay.example", 587, Security.STARTTLS),
        ("smtp://[::1]:2525", "::1", 2525, Security.NONE),
    ],
)
def test_a_relay_is_read_from_its_url(url, host, port, security):
    relay = parse_relay(url)
    assert (relay.host, relay.port, relay.security) == (host, port, security)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example:25",
        "http://relay.example",
        "smtp://",
        "smtp://x:99999",
        "smtp://x:y",
        "smtp://x/path",
        "smtp://x?a=b",
    ],
)
def test_what_is_no_relay_is_a_config_error_with_advice(url):
    with pytest.raises(ConfigError) as raised:
        parse_relay(url)
    assert raised.value.advice


def test_a_password_in_the_url_is_refused_without_being_repeated():
    with pytest.raises(ConfigError) as raised:
        parse_relay("smtps://shop:sesame@relay.example")
    assert "sesame" not in str(raised.value)


def test_a_password_never_crosses_a_network_in_the_clear():
    with pytest.raises(ConfigError, match="in the clear"):
        parse_relay("smtp://relay.example", user="shop", password="sesame")
    assert parse_relay("smtp://127.0.0.1", user="shop", password="sesame").user == "shop"


def test_an_unverified_server_is_only_allowed_on_loopback():
    with pytest.raises(ConfigError, match="only for a relay on loopback"):
        parse_relay("smtps://relay.example", tls_verify=False)
    assert not parse_relay("smtps://localhost", tls_verify=False).tls_verify


def test_a_password_is_not_shown():
    assert "sesame" not in repr(parse_relay("smtps://relay.example", user="shop", password="sesame"))


@pytest.mark.parametrize(
    "host, answer",
    [("localhost", True), ("127.8.9.1", True), ("::1", True), ("10.0.0.1", False), ("localhost.example", False)],
)
def test_loopback_is_known_without_asking_the_network(host, answer):
    assert is_loopback(host) is answer


@pytest.mark.parametrize(
    "octets, stuffed",
    [
        (b"a\r\n.\r\n", b"a\r\n..\r\n"),
        (b".a\r\n..b\r\n", b"..a\r\n...b\r\n"),
        (b"a.b\r\n", b"a.b\r\n"),
        (b"", b""),
    ],
)
def test_dots_at_line_starts_are_doubled(octets, stuffed):
    assert dot_stuffed(octets) == stuffed
