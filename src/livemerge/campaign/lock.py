"""One process at a time sends a campaign run."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livemerge.errors import CampaignError, StoreError


def lock_path(store: str, campaign: str, occurrence: str) -> Path:
    """The run's lock file, beside the file of the store: who shares the ledger shares the lock."""
    name = hashlib.sha256(f"{campaign}\n{occurrence}".encode()).hexdigest()[:16]
    return Path(f"{store}-send-{name}.lock")


@contextmanager
def only_sender(path: Path, campaign: str) -> Iterator[None]:
    """Holds the lock; CampaignError while another process does, StoreError where it cannot be taken at all.

    The kernel lets go of it when the process dies, however it dies.
    """
    descriptor = _open(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CampaignError(
                "another process is sending this campaign", where=campaign, advice="Wait for it, or stop it."
            ) from None
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        advice = "The lock stands beside the store, in a folder that must be writable."
        raise StoreError(f"cannot lock the campaign: {error.strerror}", where=str(path), advice=advice) from None
