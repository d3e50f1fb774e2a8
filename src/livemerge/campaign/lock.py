"""One process at a time sends a campaign run: who shares the ledger shares the lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from livemerge.errors import CampaignError
from livemerge.store import Store


@contextmanager
def only_sender(store: Store, campaign: str, occurrence: str) -> Iterator[None]:
    """Holds the lock; CampaignError while another process does, StoreError where it cannot be taken at all."""
    with store.only_one(f"{campaign}\n{occurrence}") as is_ours:
        if not is_ours:
            raise CampaignError(
                "another process is sending this campaign", where=campaign, advice="Wait for it, or stop it."
            )
        yield
