"""One row of the access log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from livemerge.values import MAX_KEY_CHARACTERS, Key

MAX_LISTED: Final = 1_000  # rows that are shown at a time
BETWEEN: Final = "\x1f"  # ASCII's unit separator, which stands in no customer's key
_SECRET: Final = re.compile(
    r"lm_([a-z0-9]{8})_[A-Za-z0-9_-]{20,}"  # an API key; its prefix may stay
    r"|eyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){1,2}"  # a JWT
    r"|(?<=[?&;])((?:key|t|h|client_secret|access_token)=)[^&;\s]+"
)


# Made for every request; a frozen dataclass takes five times as long.
class AccessRow(msgspec.Struct, frozen=True, gc=False):
    """One reading of one customer's fields."""

    at: datetime
    key_prefix: str
    customer: Key
    fields: tuple[str, ...]
    outcome: str  # ok, not_found, refused, error
    remote: str  # address of the caller


class BatchRow(msgspec.Struct, frozen=True, gc=False):
    """One reading of the same fields of several customers, with one outcome. Kept as one row: a tenth of the work."""

    at: datetime
    key_prefix: str
    customers: Sequence[Key]
    fields: tuple[str, ...]
    outcome: str
    remote: str

    def each(self) -> list[AccessRow]:
        """A row for each customer."""
        return [
            AccessRow(self.at, self.key_prefix, customer, self.fields, self.outcome, self.remote)
            for customer in self.customers
        ]


def redacted(text: str) -> str:
    """The text without the keys, tokens and hashes that callers put where they do not belong."""
    return _SECRET.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    if match[1]:
        return f"lm_{match[1]}_…"
    return f"{match[2]}…" if match[2] else "…"


def kept(text: str) -> str:
    """What a caller sent, so that it can be kept: short, without secrets, and in characters a store can write."""
    if not _has_mark(text) and text.isascii() and len(text) <= MAX_KEY_CHARACTERS:
        return text  # as nearly all are
    return redacted(text)[:MAX_KEY_CHARACTERS].replace(BETWEEN, " ").encode("utf-8", "replace").decode()


def kept_together(customers: Sequence[Key]) -> str:
    """Several customers as one text; `customers_in` reads it."""
    together = BETWEEN.join(customers)
    if _has_mark(together.replace(BETWEEN, "")) or not together.isascii():
        together = BETWEEN.join(map(kept, customers))
    return f"{BETWEEN}{together}{BETWEEN}"


def customers_in(text: str) -> list[Key]:
    """The customers of a row as it is kept: one, or those of a batch."""
    return text[1:-1].split(BETWEEN) if text.startswith(BETWEEN) else [text]


def _has_mark(text: str) -> bool:
    """Whether there may be a secret in it; in what has none of these there is none."""
    return "lm_" in text or "eyJ" in text or "=" in text or BETWEEN in text
