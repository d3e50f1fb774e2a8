"""A transport that writes each message as a file, in the layout of a maildir that any mail reader opens.

A file gets its name from the Message-ID, so the same message written twice is one file; it appears in `new` whole
or not at all, and is on the disk when its delivery says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from livemerge.deliver.transport import Delivery, OnDelivery, Outcome, delivery
from livemerge.errors import DeliveryError
from livemerge.message import Message

MAX_IN_FLIGHT = 50  # messages written by one thread before their folder is synced once


class MaildirTransport:
    """Writes messages to `path`/new."""

    takes_8bit = True
    max_in_flight = MAX_IN_FLIGHT

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    async def open(self) -> None:
        """Makes the folders; DeliveryError when that fails."""
        try:
            for name in ("tmp", "new", "cur"):
                (self._path / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeliveryError(
                f"cannot make the outbox folder: {error.strerror}",
                where=str(self._path),
                advice="Name a folder that can be written to.",
                retryable=False,
            ) from error

    async def deliver(self, messages: Sequence[Message], on_delivery: OnDelivery | None = None) -> Sequence[Delivery]:
        """Writes the messages in groups, each group synced before it is told."""
        deliveries: list[Delivery] = []
        for start in range(0, len(messages), MAX_IN_FLIGHT):
            group = await asyncio.to_thread(self._write_all, messages[start : start + MAX_IN_FLIGHT])
            for written in group:
                deliveries.append(written)
                if on_delivery:
                    on_delivery(written)
        return deliveries

    async def close(self) -> None:
        """Nothing is held open between messages."""

    def _write_all(self, messages: Sequence[Message]) -> list[Delivery]:
        deliveries = [self._write(message) for message in messages]
        try:
            _sync_folder(self._path / "new")
        except OSError as error:
            return [_refused(message, error) for message in messages]
        return deliveries

    def _write(self, message: Message) -> Delivery:
        name = file_name(message)
        partial = self._path / "tmp" / f"{name}.{os.getpid()}.{threading.get_ident()}"
        try:
            with partial.open("wb") as file:
                file.write(message.octets)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path / "new" / name)
        except OSError as error:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                partial.unlink()
            return _refused(message, error)
        return delivery(message, Outcome.SENT, f"written to new/{name}")


def file_name(message: Message) -> str:
    """The file of a message: safe in every file system, the same for the same Message-ID."""
    return f"{hashlib.sha256(message.message_id.encode('utf-8', 'replace')).hexdigest()[:40]}.eml"


def _refused(message: Message, error: OSError) -> Delivery:
    return delivery(message, Outcome.RETRY, f"cannot write the file: {error.strerror}")


def _sync_folder(path: Path) -> None:
    """Puts the folder's entries on the disk: without it a rename may be forgotten when the power goes."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
