"""One process at a time sends a campaign run."""

from __future__ import annotations

from pathlib import Path

import pytest

from livemerge.campaign.lock import lock_path, only_sender
from livemerge.errors import CampaignError, StoreError


def test_the_lock_is_one_senders_until_it_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with only_sender(path, "welcome"), pytest.raises(CampaignError, match="another process"), only_sender(path, "w"):
        pytest.fail("two senders")
    with only_sender(path, "welcome"):
        assert path.exists()


def test_every_run_of_a_store_has_its_own_lock() -> None:
    runs = [("shop.db", "a", "b"), ("shop.db", "a", "c"), ("shop.db", "ab", ""), ("other.db", "a", "b")]
    assert len({lock_path(*run) for run in runs}) == len(runs)


def test_a_lock_that_cannot_be_made_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot lock"), only_sender(tmp_path / "nowhere" / "run.lock", "welcome"):
        pytest.fail("sent without a lock")
