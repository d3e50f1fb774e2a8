"""What the demo's inbox keeps: one .eml file a message, and an index of them in memory. Both are bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path
from typing import Final

MOST_MESSAGES: Final = 20_000
MOST_BYTES: Final = 1_000_000_000
HEADER_BYTES: Final = 32_768  # read of each file to fill the index

_HEADERS: Final = BytesHeaderParser()
_WHOLE: Final = BytesParser()


@dataclass(frozen=True, slots=True)
class Kept:
    """One message in the inbox, as its list shows it."""

    number: int
    sender: str
    recipient: str  # the envelope's
    subject: str
    received_at: datetime
    size_bytes: int


class Mailbox:
    """The messages of a folder, oldest first. When a bound is reached the oldest go."""

    def __init__(self, folder: Path, *, most_messages: int = MOST_MESSAGES, most_bytes: int = MOST_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._kept: OrderedDict[int, Kept] = OrderedDict()
        self._size_bytes = 0
        self.forgotten = 0  # messages that had to go
        for path in sorted(folder.glob("*.eml")):
            self._remember(_kept(int(path.stem), path) if path.stem.isdigit() else None)
        self._next = max(self._kept, default=0) + 1

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Kept]:
        return iter(list(self._kept.values()))

    def add(self, octets: bytes, *, sender: str, recipient: str, received_at: datetime) -> Kept:
        """Keeps a message. Raises OSError when it cannot be written."""
        number = self._next
        # The envelope is not part of a message; it goes in front, as mail servers write it.
        envelope = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n"
        self._path(number).write_bytes(envelope.encode("utf-8", "replace") + octets)
        self._next += 1
        kept = Kept(number, sender, recipient, _subject(octets), received_at, len(octets))
        self._remember(kept)
        return kept

    def get(self, number: int) -> Kept | None:
        return self._kept.get(number)

    def octets(self, number: int) -> bytes:
        """The message as it came, with Return-Path and Delivered-To in front. Raises KeyError."""
        self._kept[number]
        return self._path(number).read_bytes()

    def message(self, number: int) -> Message:
        """The message, parsed. Raises KeyError."""
        return _WHOLE.parsebytes(self.octets(number))

    def find(self, text: str = "") -> list[Kept]:
        """Messages whose address or subject has `text`, newest first."""
        wanted = text.casefold().strip()
        return [
            kept for kept in reversed(self._kept.values()) if wanted in f"{kept.recipient}\n{kept.subject}".casefold()
        ]

    def _remember(self, kept: Kept | None) -> None:
        if kept is None:
            return
        self._kept[kept.number] = kept
        self._size_bytes += kept.size_bytes
        while len(self._kept) > self._most_messages or self._size_bytes > self._most_bytes:
            number, oldest = self._kept.popitem(last=False)
            self._size_bytes -= oldest.size_bytes
            self.forgotten += 1
            self._path(number).unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08}.eml"


def _kept(number: int, path: Path) -> Kept:
    """A message of an earlier run, from its file."""
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    headers = _HEADERS.parsebytes(head)
    facts = path.stat()
    return Kept(
        number,
        shown_header(headers.get("Return-Path", "")).strip("<>"),
        shown_header(headers.get("Delivered-To", "")),
        _subject(head),
        datetime.fromtimestamp(facts.st_mtime, UTC),
        facts.st_size,
    )


def _subject(octets: bytes) -> str:
    head = octets.partition(b"\r\n\r\n")[0][:HEADER_BYTES]
    return shown_header(_HEADERS.parsebytes(head).get("Subject", ""))


def shown_header(value: object) -> str:
    """A header as people read it, on one line: encoded words decoded, or left as they are where they are broken."""
    text = str(value)
    try:
        text = str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        pass
    return " ".join(text.split())
