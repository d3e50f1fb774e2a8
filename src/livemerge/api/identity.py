"""Which customers a request is about: `id` in the query, or `id` and `ids` in a JSON body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from livemerge.api.asked import Asked
from livemerge.api.refusal import Refusal
from livemerge.values import MAX_KEY_CHARACTERS, Key

MAX_KEYS: Final = 1_000  # in one request
NOBODY: Final[Key] = ""  # what stands for a key that no source can know
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
ADVICE: Final = 'Say whom it is about: ?id=…, or a POST with {"id": "…"}.'


def wrong_with(key: str) -> str:
    """What is wrong with a customer's key; empty where it is one."""
    if len(key) <= MAX_KEY_CHARACTERS and key.isascii() and key.isprintable() and not key.isspace() and key:
        return ""  # as nearly all are
    if len(key) > MAX_KEY_CHARACTERS:
        return f"the customer's key is longer than {MAX_KEY_CHARACTERS} characters"
    if not key.strip() or _CONTROL.search(key):
        return "the customer's key is empty or has control characters"
    return ""


def key_of(asked: Asked, body: Mapping[str, Any]) -> Key:
    """The one customer a request is about; NOBODY for a text that can be no key. Raises Refusal 400 for no text at all.

    A contact without an id is a bad record, not a bad request: services skip whom a 400 is answered for, or end there.
    """
    given = asked.query["id"] if "id" in asked.query else body.get("id")
    if given is None:
        raise Refusal(400, "the request names no customer", ADVICE)
    key = as_key(given)
    if key is None:
        raise Refusal(400, "`id` is no text and no whole number", ADVICE)
    return NOBODY if wrong_with(key) else key


def keys_of(body: Mapping[str, Any]) -> list[Any]:
    """The list `ids` of a body, as it was sent. Raises Refusal 400 where it is none, or too long."""
    given = body.get("ids")
    if not isinstance(given, list) or not given:
        raise Refusal(400, "`ids` is not a list of customers' keys", 'Send {"ids": ["a", "b"]}.')
    if len(given) > MAX_KEYS:
        raise Refusal(400, f"`ids` names more than {MAX_KEYS} customers", "Send them in several requests.")
    return given


def as_key(given: object) -> Key | None:
    """The key that a JSON value is; None where it is none. Numbers are keys in many systems."""
    if isinstance(given, str):
        return given
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else None
