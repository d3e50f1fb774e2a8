"""[cdn] in livemerge.toml: what is taken, and what is said about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from livemerge import Livemerge
from livemerge.config import load_settings
from livemerge.errors import ConfigError


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('method = "POST"', "does not say where"),
        ('purge = "ftp://cdn.example/{key}"', "not an address"),
        ('purge = "http://{key}.example/"', "not an address"),
        ('purge = "http://cdn.example/"', "what to purge"),
        ('purge = "http://cdn.example/{key}"\nmethod = "GET"', "method"),
        (
            'purge = "http://cdn.example/{key}"\nauth = { bearer = "env:A", query = { name = "k", value = "env:B" } }',
            "one",
        ),
        (
            'purge = "http://cdn.example/{key}"\n'
            'auth = { oauth2 = { token_url = "http://a", client_id = "env:A", client_secret = "env:B" } }',
            "no credential for a CDN",
        ),
    ],
)
def test_each_mistake_is_told(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "livemerge.toml").write_text(f"[cdn]\n{lines}\n")
    with pytest.raises(ConfigError) as refused:
        load_settings(tmp_path)
    assert said in str(refused.value)
    assert "cdn" in refused.value.where


@pytest.mark.parametrize(
    ("lines", "said"),
    [('auth = { bearer = "env:CDN_TOKEN" }', "CDN_TOKEN"), ('headers = { "a b" = "{key}" }', "name of an HTTP header")],
)
def test_what_cannot_be_sent_is_told_before_the_first_request(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "livemerge.toml").write_text(f'[cdn]\npurge = "http://cdn.example/{{key}}"\n{lines}\n')
    with pytest.raises(ConfigError, match=said) as refused:
        _ = Livemerge.open(tmp_path).cdn_credential
    assert refused.value.where.startswith("livemerge.toml:")
