"""`[fetch]`: which hosts a project allows, and what is refused in how they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from livemerge.config import Origin, load_settings, origins_of
from livemerge.errors import ConfigError


def settings(folder: Path, text: str) -> object:
    (folder / "livemerge.toml").write_text(text, encoding="utf-8")
    return load_settings(folder)


@pytest.mark.parametrize(
    ("written", "origins"),
    [
        ("api.example", {Origin("https", "api.example", 443)}),
        ("API.example:8443", {Origin("https", "api.example", 8443)}),
        ("https://api.example", {Origin("https", "api.example", 443)}),
        ("http://crm.internal:8080", {Origin("http", "crm.internal", 8080)}),
        ("127.0.0.1:9000", {Origin("https", "127.0.0.1", 9000), Origin("http", "127.0.0.1", 9000)}),
        ("https://localhost", {Origin("https", "localhost", 443)}),
        ("[::1]:9000", {Origin("https", "::1", 9000), Origin("http", "::1", 9000)}),
        ("müller.example", {Origin("https", "xn--mller-kva.example", 443)}),
    ],
)
def test_a_host_means_https_unless_http_is_written_or_it_is_this_machine(written: str, origins: set[Origin]) -> None:
    assert origins_of([written]) == origins


@pytest.mark.parametrize(
    "written",
    [
        "",
        "api.example/path",
        "https://u:p@api.example",
        "ftp://api.example",
        "*.example",
        "api.example?x",
        "a b",
        "x:99999",
    ],
)
def test_what_is_no_host_is_refused_with_its_line(tmp_path: Path, written: str) -> None:
    with pytest.raises(ConfigError, match=r"livemerge\.toml:2 .*is not a host"):
        settings(tmp_path, f'[fetch]\nhosts = ["{written}"]\n')


@pytest.mark.parametrize("key", ["private", "html"])
def test_a_trusted_host_must_be_allowed(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="names a host that"):
        settings(tmp_path, f'[fetch]\nhosts = ["api.example"]\n{key} = ["api.exmaple"]\n')


@pytest.mark.parametrize(
    ("credential", "what"),
    [
        ('hosts = []\nauth = { bearer = "env:T" }', "names no host"),
        ('hosts = ["other.example"]\nauth = { bearer = "env:T" }', "names a host that"),
        ('hosts = ["api.example"]\nauth = { bearer = "in the clear" }', "must not stand in the file"),
        ('hosts = ["api.example"]\nauth = {}', "exactly one of"),
        ('hosts = ["api.example"]', "`auth` is missing"),
        ('hosts = ["api.example"]\nauth = { bearer = "env:T" }\nheaders = {}', "unknown key"),
    ],
)
def test_a_credential_names_its_hosts_and_one_proof(tmp_path: Path, credential: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        settings(tmp_path, f'[fetch]\nhosts = ["api.example"]\n[fetch.credential.broker]\n{credential}\n')


def test_numbers_have_ranges(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="timeout_ms"):
        settings(tmp_path, "[fetch]\ntimeout_ms = 0\n")
