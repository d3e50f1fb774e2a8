"""What every source of customer data promises, whatever stands behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from livemerge.catalog import Field
from livemerge.values import MAX_KEY_CHARACTERS, Answer, Key


class Source(Protocol):
    """Where customer data comes from. One call serves one batch of keys."""

    @property
    def name(self) -> str:
        """As the project declares it."""

    @property
    def max_batch(self) -> int:
        """Keys that one call may carry; 1 where there are only single calls."""

    @property
    def connections(self) -> int:
        """Calls that may be under way at once."""

    async def fetch(self, keys: Sequence[Key], fields: Sequence[Field]) -> Answer:
        """Rows by key; a key without a row means 'no such customer', never an error.

        One attempt, with at most `max_batch` keys. Raises SourceError when the source gave no answer. The caller
        sets the deadline and may cancel: no connection is left broken for the next call.
        """

    async def close(self) -> None:
        """Gives connections and threads back. The source is not used afterwards."""


def unaskable(keys: Sequence[Key]) -> Mapping[Key, str]:
    """Keys that no source is asked for, each with the reason."""
    return {key: reason for key in keys if (reason := _key_fault(key))}


def _key_fault(key: Key) -> str:
    if not key:
        return "an empty key names nobody"
    if len(key) > MAX_KEY_CHARACTERS:
        return f"the key is longer than {MAX_KEY_CHARACTERS} characters"
    # A lone surrogate has no UTF-8 form; one such key must not fail the others of its batch.
    if key.isascii():  # nearly all keys: a look at each character would cost more than the call
        return ""
    return "the key is not valid Unicode" if any("\ud800" <= character <= "\udfff" for character in key) else ""
