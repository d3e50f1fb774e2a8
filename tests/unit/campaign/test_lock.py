"""One process at a time sends a campaign run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from livemerge.campaign.lock import only_sender
from livemerge.errors import CampaignError, StoreError
from livemerge.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "livemerge.db")
    yield store
    store.close()


def test_the_lock_is_one_senders_until_it_lets_go(store: Store, tmp_path: Path) -> None:
    other = open_store(tmp_path / "livemerge.db")
    with (
        only_sender(store, "welcome", "once"),
        pytest.raises(CampaignError, match="another process"),
        only_sender(other, "welcome", "once"),
    ):
        pytest.fail("two senders")
    with only_sender(other, "welcome", "once"):
        assert list(tmp_path.glob("*.lock"))
    other.close()


def test_every_run_of_a_store_has_its_own_lock(store: Store, tmp_path: Path) -> None:
    other = open_store(tmp_path / "other.db")
    with ExitStack() as locks:
        for campaign, occurrence in [("a", "b"), ("a", "c"), ("ab", "")]:
            locks.enter_context(only_sender(store, campaign, occurrence))
        locks.enter_context(only_sender(other, "a", "b"))
    other.close()


def test_a_lock_that_cannot_be_made_is_no_traceback(store: Store) -> None:
    store.place = "/nowhere/livemerge.db"
    with pytest.raises(StoreError, match="cannot lock"), only_sender(store, "welcome", "once"):
        pytest.fail("sent without a lock")
