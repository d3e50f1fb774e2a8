"""Filters of Braze beside Liquid's own (docs.braze.com, "Filters", "Advanced filters"), and what its tags call."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NoReturn
from urllib.parse import parse_qsl, quote
from zoneinfo import ZoneInfo

from markupsafe import Markup

from livemerge.errors import SkipRecipient
from livemerge.template.fetches import Reply, Request
from livemerge.template.filters import LIQUID_FILTERS
from livemerge.template.filters.filter import make_filter
from livemerge.template.filters.numbers import number
from livemerge.template.filters.text import bounded, moment_of, plain, shown
from livemerge.template.limits import MAX_TEXT_CHARACTERS
from livemerge.template.runtime import LISTS, MAPPINGS, Context, Fault, is_number, too_long, whole_number

_MOST_HOURS = 13  # that `time_zone` takes, as Rails does; a zone has no greater number
CACHED_S = 300.0  # Braze keeps a reply to GET for five minutes at least, and for four hours at most
LONGEST_S = 14_400.0
RETRIES = 5

# --- codes and hashes ------------------------------------------------------------------------------


def _digest(kind: str) -> Callable[[Any], str]:
    def digest(value: Any) -> str:
        return hashlib.new(kind, _octets(value), usedforsecurity=False).hexdigest()

    return digest


def _hmac(kind: str, *, is_hex: bool = True) -> Callable[[Any, Any], str]:
    def signature(value: Any, key: Any) -> str:
        made = hmac.new(_octets(key), _octets(value), kind)
        return made.hexdigest() if is_hex else base64.b64encode(made.digest()).decode()

    return signature


def _octets(value: Any) -> bytes:
    return plain(value).encode("utf-8", "replace")


def url_escape(value: Any) -> str:
    """Percent-encoded, but for what may stand in a URL."""
    return quote(_octets(value), safe="-_.!~*'();/?:@&=+$,[]%")


def url_param_escape(value: Any) -> str:
    """Percent-encoded for one parameter of a URL."""
    return quote(_octets(value), safe="-_.~")


def json_escape(value: Any) -> str:
    """The inside of a JSON string."""
    return bounded(json.dumps(plain(value), ensure_ascii=False)[1:-1])


def json_parse(value: Any) -> Any:
    """A JSON text as a value; nil for what is none."""
    return parsed_json(plain(value))[0]


def parsed_json(text: str) -> tuple[Any, bool]:
    """The value of a JSON text, and whether it is one."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise too_long()
    try:
        return json.loads(text, parse_constant=_no_number), True
    except (ValueError, RecursionError):
        return None, False


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


# --- numbers, money, time --------------------------------------------------------------------------


def money(value: Any) -> Any:
    """A number with two decimals; anything else as it is (`| plus: 0` makes a number of a text)."""
    return _fixed(value) if is_number(value) else value


def _fixed(value: Any) -> str:
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite() or exact.adjusted() > 40:
        raise Fault("this is no amount of money")
    return format(exact.quantize(Decimal("0.01"), ROUND_HALF_UP), "f")


def number_with_delimiter(value: Any) -> Any:
    """A number with a comma between each three digits; what is no number as it is."""
    text = plain(value)
    whole, dot, rest = text.partition(".")
    digits = whole.removeprefix("-")
    if not digits.isdecimal() or (rest and not rest.isdecimal()) or len(digits) > 400:
        return value
    return f"{'-' if whole.startswith('-') else ''}{int(digits):,}{dot}{rest}"


def time_zone(context: Context, value: Any, zone: Any) -> Any:
    """A moment on the clocks of a time zone: its name, or hours ahead of UTC. What is no date stays as it is."""
    at = moment_of(value, context)
    if at is None:
        return value
    if is_number(zone) and abs(zone) <= _MOST_HOURS:
        return at.astimezone(timezone(timedelta(hours=float(zone))))
    return in_zone(at, plain(zone))


def in_zone(at: datetime, name: str) -> datetime:
    """A moment in a zone of the IANA data base. Raises Fault for a name it does not have."""
    try:
        return at.astimezone(ZoneInfo(name))
    except (ValueError, OSError, LookupError, OverflowError) as error:
        advice = "use a name like Europe/Berlin, with a fallback for customers without one"
        raise Fault("there is no such time zone", advice) from error


def property_accessor(value: Any, key: Any) -> Any:
    """The value of a key."""
    return value.get(plain(key)) if isinstance(value, MAPPINGS) else None


def index(value: Any, at: Any) -> Any:
    """The item at a position that counts from 0."""
    place = whole_number(at)
    if isinstance(value, LISTS) and -len(value) <= place < len(value):
        return value[place]
    return None


# --- what tags call --------------------------------------------------------------------------------


def abort_message(reason: Any) -> NoReturn:
    """No message for this customer. Raises SkipRecipient."""
    raise SkipRecipient(plain(reason))


def connected_content(
    context: Context,
    url: Any,
    *,
    method: Any = "GET",
    headers: Any = None,
    body: Any = "",
    content_type: Any = None,
    basic_auth: Any = "",
    auth_credentials: Any = "",
    max_age: Any = None,
    no_cache: Any = False,
    retry: Any = False,
    timeout_ms: Any = None,
) -> dict[str, Any]:
    """A reply: its `value`, where it is JSON, and else its `text`. Both are empty where it is no success.

    Raises SkipRecipient where the tag asked to try again and all attempts failed.
    """
    kind = None if content_type is None else _unescaped(content_type)
    request = Request(
        plain(method),
        _unescaped(url).strip(),
        (*_default_headers(plain(method), kind), *_headers(headers)),
        _body(_unescaped(body), kind),
        _unescaped(basic_auth) or _unescaped(auth_credentials),
        None if no_cache else _max_age_s(plain(method), max_age),
        timeout_s=None if timeout_ms is None else timeout_ms / 1000,
        retries=RETRIES if retry else 0,
    )
    reply = context.fetch(request)
    if retry and not reply.is_success:
        raise SkipRecipient("connected content gave no reply after all its attempts")
    return _content(reply)


def _unescaped(value: Any) -> str:
    """A value's text as it reads: what was captured or put together for HTML is escaped for it, and no other reader."""
    text = shown(value)
    if not isinstance(text, Markup):
        return text
    found = plain(text)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"'), ("&quot;", '"'), ("&#39;", "'")):
        found = found.replace(entity, character)
    return found.replace("&amp;", "&")


def _default_headers(method: str, kind: str | None) -> tuple[tuple[str, str], ...]:
    if kind:
        return (("Content-Type", kind), ("Accept", kind))
    if method == "POST":
        return (("Content-Type", "application/x-www-form-urlencoded"),)
    return (("Content-Type", "application/json"), ("Accept", "*/*"))


def _headers(headers: Any) -> tuple[tuple[str, str], ...]:
    """The headers of a JSON object. Raises Fault for what is none, and for values that would begin another header."""
    if headers is None:
        return ()
    found, is_json = parsed_json(_unescaped(headers))
    if not is_json or not isinstance(found, dict):
        raise Fault("the headers are no JSON object")
    pairs = tuple((str(name), str(value)) for name, value in found.items())
    if any(not (name + value).isprintable() for name, value in pairs):
        raise Fault("a header has a line break or another control character in it")
    return pairs


def _body(body: str, kind: str | None) -> str:
    """The body; pairs of names and values become JSON where JSON is to be sent."""
    if kind == "application/json" and "=" in body and not body.lstrip().startswith(("{", "[", '"')):
        return json.dumps(dict(parse_qsl(body, keep_blank_values=True)), separators=(",", ":"), ensure_ascii=False)
    return body


def _max_age_s(method: str, wanted: Any) -> float | None:
    """How old a shared reply may be; replies to POST are shared only where the tag says so."""
    if wanted is None:
        return CACHED_S if method == "GET" else None
    return min(max(float(number(wanted)), CACHED_S), LONGEST_S)


def _content(reply: Reply) -> dict[str, Any]:
    if not reply.is_success:
        return {"value": None, "text": ""}
    value, is_json = parsed_json(reply.body)
    if not is_json:
        return {"value": None, "text": Markup(reply.body) if reply.is_html else reply.body}
    if isinstance(value, dict):
        value["__http_status_code__"] = reply.status
    return {"value": value, "text": ""}


_BRAZE: dict[str, Callable[..., Any]] = {
    "abort_message": abort_message,
    "base64": LIQUID_FILTERS["base64_encode"].call,
    "connected_content": connected_content,
    "hmac_sha1": _hmac("sha1"),
    "hmac_sha1_base64": _hmac("sha1", is_hex=False),
    "hmac_sha1_hex": _hmac("sha1"),
    "hmac_sha256": _hmac("sha256"),
    "hmac_sha256_base64": _hmac("sha256", is_hex=False),
    "hmac_sha256_hex": _hmac("sha256"),
    "hmac_sha512": _hmac("sha512"),
    "hmac_sha512_base64": _hmac("sha512", is_hex=False),
    "hmac_sha512_hex": _hmac("sha512"),
    "index": index,
    "json_escape": json_escape,
    "json_parse": json_parse,
    "md5": _digest("md5"),
    "money": money,
    "number_with_delimiter": number_with_delimiter,
    "property_accessor": property_accessor,
    "sha1": _digest("sha1"),
    "sha2": _digest("sha256"),
    "sha256": _digest("sha256"),
    "sha512": _digest("sha512"),
    "time_zone": time_zone,
    "url_escape": url_escape,
    "url_param_escape": url_param_escape,
}

BRAZE_FILTERS = {**LIQUID_FILTERS, **{name: make_filter(call) for name, call in _BRAZE.items()}}
BRAZE_FILTERS["connected_content"] = replace(BRAZE_FILTERS["connected_content"], fetches=True)
