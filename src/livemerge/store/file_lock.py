"""A name that one process at a time holds: a lock on a file beside the store."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livemerge.errors import StoreError


@contextmanager
def lock_beside(place: str, name: str) -> Iterator[bool]:
    """Whether the lock is ours meanwhile; StoreError where it cannot be taken at all.

    The kernel lets go of it when the process dies, however it dies.
    """
    descriptor = _open(Path(f"{place}-send-{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"))
    try:
        yield _is_taken(descriptor)
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        advice = "The lock stands beside the store, in a folder that must be writable."
        raise StoreError(f"cannot lock the campaign: {error.strerror}", where=str(path), advice=advice) from None
