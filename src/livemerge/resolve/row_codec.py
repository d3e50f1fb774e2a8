"""What one source said of one key, as octets for the tiers outside this process, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any

import msgspec
import orjson

from livemerge.catalog import Catalog, WrongTypeError, admit
from livemerge.resolve.ladder import Known
from livemerge.values import tagged, untagged


class Remembered(msgspec.Struct, frozen=True, gc=False):
    """What one source said of one key."""

    fields: Mapping[str, Known]
    has_row: bool
    expires_at: datetime  # still good at this moment, forgotten after it


def encode(row: Remembered) -> bytes:
    """The row as JSON: field → [value, fetched_at, as_of], and its seconds of freshness where the source says them."""
    fields = {
        name: (known.value, known.fetched_at.timestamp(), known.as_of.timestamp(), *_limit(known))
        for name, known in row.fields.items()
    }
    document = {"fields": fields, "has_row": row.has_row, "expires_at": row.expires_at.timestamp()}
    return orjson.dumps(document, default=tagged, option=orjson.OPT_PASSTHROUGH_DATETIME)


def decode(body: bytes, catalog: Catalog, kept: Mapping[str, object]) -> Remembered | None:
    """A row as it was written; None where nothing of it fits the catalog any more, or somebody else wrote it."""
    try:
        document: dict[str, Any] = orjson.loads(body)
        fields = {
            name: known
            for name, found in document["fields"].items()
            if name in kept and (known := _known(catalog, name, *found)) is not None
        }
        if not fields:
            return None
        return Remembered(fields, document["has_row"] is True, datetime.fromtimestamp(document["expires_at"], UTC))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, OSError):
        return None


def _limit(known: Known) -> tuple[float, ...]:
    return () if known.fresh_for_s == inf else (known.fresh_for_s,)


def _known(
    catalog: Catalog, name: str, value: Any, fetched_at: float, as_of: float, fresh_for_s: float = inf
) -> Known | None:
    """The value; None where it is not of the field's type any more."""
    try:
        typed = None if value is None else admit(catalog.fields[name].type, untagged(value))
    except WrongTypeError:
        return None
    return Known(typed, datetime.fromtimestamp(fetched_at, UTC), datetime.fromtimestamp(as_of, UTC), float(fresh_for_s))
