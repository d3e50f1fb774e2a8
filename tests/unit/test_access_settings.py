"""[access] in livemerge.toml: what is taken, and what is said about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from livemerge.config import Access, load_settings
from livemerge.errors import ConfigError


def loaded(folder: Path, text: str) -> Access:
    (folder / "livemerge.toml").write_text(text)
    return load_settings(folder).access


def test_without_the_table_nobody_is_slowed_and_the_log_is_kept_for_ninety_days(tmp_path: Path) -> None:
    access = loaded(tmp_path, "")
    assert (access.keep, access.rate_per_s, access.ids_per_hour, access.proxies) == ("90d", 0, 0, [])


def test_what_is_declared_is_taken(tmp_path: Path) -> None:
    access = loaded(tmp_path, '[access]\nkeep = "30d"\nproxies = ["10.0.0.0/8", "::1/128"]\nrate_per_s = 2.5\n')
    assert (access.keep, access.proxies, access.rate_per_s) == ("30d", ["10.0.0.0/8", "::1/128"], 2.5)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('keep = "long"', "span of time"),
        ('keep = "0s"', "span of time"),
        ('proxies = ["proxy.example"]', "not a network"),
        ('proxies = ["10.0.0.1/8"]', "not a network"),
        ("rate_per_s = -1", "between"),
        ("rate_per_s = nan", "between"),
        ("burst_s = 0", "between"),
        ("misses = 1.5", "between"),
        ("ids_per_hour = -1", "between"),
        ("keep_rows = 0", "between"),
        ("wrong_keys_per_minute = 0", "between"),
        ("rate = 1", "unknown key"),
    ],
)
def test_each_mistake_is_told_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, f"[access]\n{line}\n")
    assert said in refused.value.what
    assert refused.value.where.startswith(f"livemerge.toml:2 access.{line.split()[0]}")
    assert refused.value.advice
