"""What a message was made of, packed for the ledger and unpacked for explain and replay."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import Any

import orjson

from livemerge.values import Cause, Key, LadderStep, Profile, Provenance, Value, tagged, untagged

_LEVEL = 1  # a message's data is some 1 KB of repeating JSON: 400 bytes in 15 µs; higher levels gain little


def pack(profile: Profile, made_at: datetime) -> bytes:
    """The profile's values and provenance, and when the message was made."""
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
    return zlib.compress(orjson.dumps(document, default=tagged, option=orjson.OPT_PASSTHROUGH_DATETIME), _LEVEL)


def unpack(body: bytes, key: Key) -> tuple[Profile, datetime]:
    """The profile as it was, and when the message was made."""
    document: dict[str, Any] = orjson.loads(zlib.decompress(body))
    values: dict[str, Value] = {}
    provenance: dict[str, Provenance] = {}
    for name, (value, step, source, fetched_at, as_of, cause, detail) in document["fields"].items():
        values[name] = untagged(value)
        provenance[name] = Provenance(
            LadderStep(step), source, _moment(fetched_at), _moment(as_of), Cause(cause) if cause else None, detail
        )
    made_at = datetime.fromtimestamp(document["made_at"], UTC)
    return Profile(key, values, provenance, document["is_found"]), made_at


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
