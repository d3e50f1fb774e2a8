"""Signed links: only ours are read, and only for what they were made."""

from __future__ import annotations

import re

import pytest

from livemerge.errors import AccessError, ConfigError
from livemerge.message import LinkClaim, Links, read, sign

SECRET = b"a secret of thirty-two bytes, see"
CLAIM = LinkClaim("welcome-2026-12", "2026-12-01", "c-1001")


def token(kind="u", secret=SECRET, claim=CLAIM) -> str:
    return sign(secret, kind, claim.campaign, claim.occurrence, claim.key)


def test_a_token_reads_back_as_its_claim():
    assert read(SECRET, "u", token()) == CLAIM


def test_a_token_is_safe_in_a_url_and_the_same_each_time():
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token())
    assert token() == token()


@pytest.mark.parametrize("key", ["a\x1fb", 'a","b', "", "日本語", "a\nb", "../..", "a" * 512])
def test_any_key_survives(key):
    claim = LinkClaim("c", "o", key)
    assert read(SECRET, "v", token("v", claim=claim)) == claim


def test_the_parts_of_a_claim_cannot_be_shifted_into_each_other():
    assert token(claim=LinkClaim("a", "bc", "d")) != token(claim=LinkClaim("ab", "c", "d"))


@pytest.mark.parametrize("made, asked", [("u", "v"), ("v", "p"), ("p", "u")])
def test_a_token_of_one_kind_is_none_of_another(made, asked):
    with pytest.raises(AccessError):
        read(SECRET, asked, token(made))


def test_another_secret_reads_nothing():
    with pytest.raises(AccessError):
        read(b"another secret of thirty-two byte", "u", token())


def test_no_single_changed_character_is_accepted():
    good = token()
    for place in range(len(good)):
        changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        with pytest.raises(AccessError):
            read(SECRET, "u", changed)


@pytest.mark.parametrize(
    "text", ["", "x", "=", "A" * 21, "A" * 22, "A" * 100, "A" * 100_000, "é" * 30, "a b", "\x00" * 40, "..", "%41" * 10]
)
def test_whatever_is_no_token_is_the_same_access_error(text):
    with pytest.raises(AccessError, match="not valid"):
        read(SECRET, "u", text)


def test_a_second_spelling_of_a_token_is_refused():
    with pytest.raises(AccessError):
        read(SECRET, "u", token() + "=")
    with pytest.raises(AccessError):
        read(SECRET, "u", token()[:-1] + chr(ord(token()[-1]) + 1))


def test_a_claim_too_long_for_a_url_is_refused_when_it_is_made():
    with pytest.raises(AccessError, match="longer than"):
        token(claim=LinkClaim("c", "o", "長" * 512))


def test_links_are_full_addresses():
    links = Links("https://mail.example/base/", SECRET)
    url = links.unsubscribe(CLAIM.campaign, CLAIM.occurrence, CLAIM.key)
    assert url == f"https://mail.example/base/u/{token('u')}"
    assert links.preferences(*("c", "o", "k")).startswith("https://mail.example/base/p/")
    assert links.view(*("c", "o", "k")).startswith("https://mail.example/base/v/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "ftp://mail.example",
        "https://",
        "https://a.example/?x=1",
        "https://a b",
        "https://a>\r\nBcc: x",
    ],
)
def test_a_public_address_that_could_break_a_header_is_refused(url):
    with pytest.raises(ConfigError):
        Links(url, SECRET)


def test_a_short_secret_is_refused():
    with pytest.raises(ConfigError, match="bytes"):
        Links("https://mail.example", b"short")
