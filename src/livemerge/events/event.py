"""One thing a customer did, as it is kept; and events read from a file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from livemerge.errors import LivemergeError
from livemerge.values import MAX_KEY_CHARACTERS, Key

MAX_NAME_CHARACTERS: Final = 200
MAX_MESSAGE_ID_CHARACTERS: Final = 200
MAX_PROPERTIES_BYTES: Final = 32_768  # the size Segment's HTTP API allows one event
MAX_LINE_BYTES: Final = 4 * MAX_PROPERTIES_BYTES  # the same, with escapes and white space
_NUL: Final = re.compile(rb"((?<!\\)(?:\\\\)*)\\u0000")  # not one whose backslash is itself escaped
_FILE_KEYS: Final = frozenset({"customer", "name", "occurred_at", "properties", "message_id"})


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to whom, when. The same `message_id` twice is kept once; an empty one is never the same."""

    customer: Key
    name: str
    occurred_at: datetime
    properties: Mapping[str, Any]
    message_id: str = ""


def encode_properties(event: Event) -> str:
    """The properties as compact JSON, every spelling of a text the same. Raises LivemergeError for an unfit event."""
    _check_text(event.customer, "customer", MAX_KEY_CHARACTERS)
    _check_text(event.name, "name", MAX_NAME_CHARACTERS)
    if event.message_id:
        _check_text(event.message_id, "message_id", MAX_MESSAGE_ID_CHARACTERS)
    if event.occurred_at.tzinfo is None:
        raise LivemergeError("an event's `occurred_at` has no time zone", advice="Write 2026-12-01T09:00:00Z.")
    try:
        encoded = orjson.dumps(event.properties)
    except orjson.JSONEncodeError:
        raise LivemergeError("an event's `properties` are not JSON", advice="Texts, numbers, lists, objects.") from None
    if not encoded.startswith(b"{"):
        raise LivemergeError("an event's `properties` are no JSON object")
    if len(encoded) > MAX_PROPERTIES_BYTES:
        raise LivemergeError(f"an event's `properties` are longer than {MAX_PROPERTIES_BYTES} bytes")
    # PostgreSQL's JSON has no NUL, and one event that it cannot read would cost the others theirs.
    return _NUL.sub(rb"\1\\ufffd", encoded).decode()


def load_jsonl(path: Path, *, shown: str = "") -> Iterator[Event]:
    """The events of a JSON Lines file, one at a time. Raises LivemergeError naming file:line.

    An event without `message_id` gets one made of its line, so that reading a file twice adds nothing.
    """
    shown = shown or path.name
    try:
        with path.open("rb") as file:
            line = 0
            while written := file.readline(MAX_LINE_BYTES + 1):
                line += 1
                if written.strip():
                    yield _event(written, f"{shown}:{line}")
    except OSError as error:
        raise LivemergeError(f"cannot be read: {error.strerror}", where=shown) from None


def _event(written: bytes, place: str) -> Event:
    if len(written) > MAX_LINE_BYTES:
        raise LivemergeError(f"is longer than {MAX_LINE_BYTES} bytes", where=place, advice="One event a line.")
    try:
        found = orjson.loads(written)
    except orjson.JSONDecodeError:
        raise LivemergeError("is not JSON", where=place, advice="Each line holds one JSON object.") from None
    if not isinstance(found, dict):
        raise LivemergeError("is no JSON object", where=place, advice="Each line holds one event.")
    if unknown := sorted(found.keys() - _FILE_KEYS):
        advice = f"Known: {', '.join(sorted(_FILE_KEYS))}."
        raise LivemergeError(f"`{unknown[0]}` is no part of an event", where=place, advice=advice)
    event = Event(
        customer=_text_of(found, "customer", place),
        name=_text_of(found, "name", place),
        occurred_at=_moment(found.get("occurred_at"), place),
        properties=found.get("properties", {}),
        message_id=found.get("message_id") or "line-" + hashlib.sha256(written.strip()).hexdigest()[:32],
    )
    try:
        encode_properties(event)
    except LivemergeError as error:
        raise LivemergeError(error.what, where=place, advice=error.advice) from None
    return event


def _text_of(found: Mapping[str, Any], name: str, place: str) -> str:
    value = found.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # customer numbers are written both ways
    if not isinstance(value, str) or not value:
        raise LivemergeError(f"`{name}` is missing or no text", where=place)
    return value


def _moment(value: Any, place: str) -> datetime:
    advice = "ISO 8601 with a time zone: 2026-12-01T09:00:00Z."
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise LivemergeError("`occurred_at` is missing or no date and time", where=place, advice=advice) from None
    if moment.tzinfo is None:
        raise LivemergeError("`occurred_at` has no time zone", where=place, advice=advice)
    return moment.astimezone(UTC)


def _check_text(value: Any, name: str, most: int) -> None:
    if not isinstance(value, str) or not value:
        raise LivemergeError(f"an event's `{name}` is empty or no text")
    if len(value) > most:
        raise LivemergeError(f"an event's `{name}` is longer than {most} characters")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise LivemergeError(f"an event's `{name}` is not valid Unicode")
