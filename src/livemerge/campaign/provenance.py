"""What a message was made of, packed for the ledger and unpacked for explain and replay."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from livemerge.clean import clean_data
from livemerge.fetch import Fetched
from livemerge.template import Reply
from livemerge.values import Cause, Key, LadderStep, Profile, Provenance, Value, tagged, untagged

MAX_KEPT_CHARACTERS: Final = 100_000  # of the replies of one message: larger ones cannot be rendered again
_LEVEL = 1  # a message's data is some 1 KB of repeating JSON: 400 bytes in 15 µs; higher levels gain little


def pack(profile: Profile, made_at: datetime, fetched: Sequence[Fetched] = ()) -> bytes:
    """The profile's values and provenance, when the message was made, and what it fetched."""
    fields = {
        name: (
            profile.values.get(name),
            origin.step.value,
            origin.source,
            _seconds(origin.fetched_at),
            _seconds(origin.as_of),
            origin.cause.value if origin.cause else None,
            origin.detail,
        )
        for name, origin in profile.provenance.items()
    }
    document = {"made_at": made_at.timestamp(), "is_found": profile.is_found, "fields": fields}
    if fetched:
        document["fetched"] = [_packed(each) for each in fetched]
        document["is_whole"] = sum(len(each.reply.body) for each in fetched) <= MAX_KEPT_CHARACTERS
    return zlib.compress(orjson.dumps(document, default=tagged, option=orjson.OPT_PASSTHROUGH_DATETIME), _LEVEL)


def unpack(body: bytes, key: Key) -> tuple[Profile, datetime]:
    """The profile as it was, its texts clean, and when the message was made."""
    document: dict[str, Any] = orjson.loads(zlib.decompress(body))
    values: dict[str, Value] = {}
    provenance: dict[str, Provenance] = {}
    for name, (value, step, source, fetched_at, as_of, cause, detail) in document["fields"].items():
        values[name] = untagged(value)
        provenance[name] = Provenance(
            LadderStep(step), source, _moment(fetched_at), _moment(as_of), Cause(cause) if cause else None, detail
        )
    made_at = datetime.fromtimestamp(document["made_at"], UTC)
    # Earlier versions kept texts that are not clean.
    return Profile(key, clean_data(values), provenance, document["is_found"]), made_at


def unpack_fetched(body: bytes) -> tuple[tuple[Fetched, ...], bool]:
    """What the message fetched, in order, and whether the replies are all there."""
    document: dict[str, Any] = orjson.loads(zlib.decompress(body))
    fetched = tuple(
        Fetched(method, host, path, status, took_ms, is_remembered, _reply(status, reply))
        for method, host, path, status, took_ms, is_remembered, reply in document.get("fetched", ())
    )
    return fetched, document.get("is_whole", True)


def _packed(fetched: Fetched) -> tuple[object, ...]:
    reply = fetched.reply
    kept = (reply.body[:MAX_KEPT_CHARACTERS], reply.content_type, reply.headers, reply.is_html)
    return (
        fetched.method,
        fetched.host,
        fetched.path,
        fetched.status,
        fetched.took_ms,
        fetched.is_remembered,
        kept,
    )


def _reply(status: int, kept: list[Any]) -> Reply:
    body, content_type, headers, is_html = kept
    return Reply(status, body, content_type, tuple((name, value) for name, value in headers), is_html)


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
