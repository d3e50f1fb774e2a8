"""Filters that write a value in another code, and read it back: URLs, base64, JSON."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes

from livemerge.template.filters.text import bounded, plain, shown
from livemerge.template.runtime import Fault


def url_encode(value: Any) -> str | None:
    if value is None:
        return None
    return quote_plus(plain(value).encode("utf-8", "replace"), safe="*-._~")


def url_decode(value: Any) -> str | None:
    return None if value is None else _utf8(unquote_to_bytes(plain(value).replace("+", " ").encode("utf-8", "replace")))


def _utf8(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise Fault("what is decoded here is not UTF-8 text") from error


def base64_encode(value: Any) -> str:
    return base64.b64encode(plain(value).encode("utf-8", "replace")).decode()


def base64_decode(value: Any) -> str:
    return _from_base64(plain(value), None)


def base64_url_safe_encode(value: Any) -> str:
    return base64.urlsafe_b64encode(plain(value).encode("utf-8", "replace")).decode()


def base64_url_safe_decode(value: Any) -> str:
    text = plain(value)
    return _from_base64(text + "=" * (-len(text) % 4), b"-_")


def _from_base64(text: str, altchars: bytes | None) -> str:
    try:
        octets = base64.b64decode(text.encode(), altchars, validate=True)
        if base64.b64encode(octets, altchars).decode() != text:  # bits are left over
            raise Fault("what is decoded here is not base64")
    except (binascii.Error, ValueError) as error:
        raise Fault("what is decoded here is not base64") from error
    return octets.decode("utf-8", "replace")


def to_json(value: Any) -> str:
    """The value as JSON text (not HTML-safe by itself)."""
    try:
        return bounded(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_json_value))
    except (ValueError, RecursionError) as error:
        raise Fault("this value cannot be written as JSON") from error


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, range):
        return shown(value)
    return value.isoformat() if isinstance(value, datetime.date) else None
