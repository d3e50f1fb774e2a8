"""One HTTP exchange: a request out, one JSON document in, or the SourceError that says what came instead.

A request's URL and headers may hold secrets, so errors show the declared address without its query, never the request,
and never a server's own words. What an error says is the same each time, so that errors can be counted by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import orjson
from yarl import URL

from livemerge.errors import SourceError

ERROR_BODY_BYTES: Final = 16_384  # of an answer that is no success; enough for an OAuth error, RFC 6749 §5.2
_PASSING: Final = frozenset({408, 425, 429})  # 4xx that ask to come again; every 5xx does
_JSON_TYPE: Final = re.compile(r"(application|text)/([\w.+-]+\+)?json", re.IGNORECASE)
_UTF8_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Request:
    """What goes out."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is asked, as errors name it, and how long an answer may be."""

    where: str
    address: str
    max_bytes: int

    @property
    def place(self) -> str:
        """Setting and address, for errors."""
        return f"{self.where} ({self.address})"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `body` is decompressed, and cut short unless the status is a success."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def shown_address(url: str) -> str:
    """An address as errors may show it: no user, no query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


async def exchange(session: aiohttp.ClientSession, request: Request, peer: Peer) -> Reply:
    """The answer, of any status. Raises SourceError where none came or it is too long."""
    try:
        async with session.request(
            request.method, request.url, headers=request.headers, data=request.body, allow_redirects=False
        ) as response:
            is_success = 200 <= response.status < 300
            body = await _body(response, peer) if is_success else await _start_of_body(response)
            return Reply(response.status, response.headers, body)
    except (aiohttp.ClientError, OSError) as error:
        raise _no_answer(error, peer) from None  # the cause's text may hold the whole URL


def json_document(reply: Reply, peer: Peer) -> Any:
    """The JSON a success carries.

    Damage on the way (empty, cut, not JSON at all) is retryable: a proxy or a restart does that, and reading again is
    harmless. A page of HTML is not: whoever answers with one does so again within any deadline of ours.
    """
    content_type = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type in ("text/html", "application/xhtml+xml"):
        advice = "That is a page for people: a login or an error page. Check address and credential."
        raise SourceError("answered HTML", where=peer.place, advice=advice, retryable=False)
    body = reply.body.removeprefix(_UTF8_BOM)
    if not body.strip():
        raise SourceError("answered with an empty body", where=peer.place, retryable=True)
    if not _JSON_TYPE.fullmatch(content_type):
        what = "answered without a content type" if not content_type else "answered with another content type than JSON"
        advice = "The answer's Content-Type must be application/json."
        raise SourceError(what, where=peer.place, advice=advice, retryable=False)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        advice = f"It has {len(body)} bytes and breaks at character {error.pos}."
        raise SourceError("answered with invalid JSON", where=peer.place, advice=advice, retryable=True) from None


def refusal(reply: Reply, peer: Peer, now: datetime) -> SourceError:
    """The error that a status other than success stands for."""
    status = reply.status
    what, advice = f"answered with status {status}", ""
    if status == 304:
        advice = "Its answer is `as you have it`, which it was not asked about."
    elif 300 <= status < 400:
        what = f"answered with a redirect (status {status})"
        advice = "Redirects are not followed: write the final address."
    elif status in (401, 403):
        what = f"refused the credential (status {status})"
        advice = "Check the source's `auth`, and what the credential may read."
    elif status in (404, 405):
        advice = "Check address and method: this one does not exist there."
    retryable = status >= 500 or status in _PASSING
    wait_s = _retry_after_s(reply.headers.get("Retry-After", ""), now) if retryable else None
    return SourceError(what, where=peer.place, advice=advice, retryable=retryable, retry_after_s=wait_s)


def as_of(reply: Reply, now: datetime) -> datetime | None:
    """When a cache on the way got this answer (Age, RFC 9111 §5.1); None where it came from the source itself."""
    age = reply.headers.get("Age", "").strip()
    return now - timedelta(seconds=int(age)) if re.fullmatch(r"\d{1,9}", age, re.ASCII) else None


def _retry_after_s(text: str, now: datetime) -> float | None:
    """Seconds of a Retry-After, given as seconds or as a date (RFC 9110 §10.2.3); None for anything else."""
    if re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


async def _body(response: aiohttp.ClientResponse, peer: Peer) -> bytes:
    """The whole body. It is decompressed piece by piece, so a small bomb is stopped before it grows."""
    if (response.content_length or 0) > peer.max_bytes:
        raise _too_long(peer)
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > peer.max_bytes:
            raise _too_long(peer)
    return bytes(body)


async def _start_of_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > ERROR_BODY_BYTES:
            break
    return bytes(body[:ERROR_BODY_BYTES])


def _too_long(peer: Peer) -> SourceError:
    return SourceError(
        f"answered with more than {peer.max_bytes} bytes",
        where=peer.place,
        advice="Ask for fewer fields or smaller batches, or raise `max_bytes`.",
        retryable=False,
    )


def _no_answer(error: Exception, peer: Peer) -> SourceError:
    """Why there was no answer, in our words. A certificate or a name does not mend itself within a deadline."""
    retryable, advice = True, ""
    match error:
        case TimeoutError():
            what = "did not answer in time"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            what, retryable = "has a TLS certificate that cannot be trusted", False
            advice = "Check the host name of the address and the certificate it presents."
        case aiohttp.ClientConnectorDNSError():
            what, advice = "has a host name that cannot be found", "Check the host name of the address."
        case aiohttp.ClientConnectorError():
            what, advice = f"cannot be reached: {error.os_error.strerror or 'no connection'}", "Is it running?"
        case aiohttp.ClientPayloadError():
            what = "cut its answer short, or sent it damaged"
        case aiohttp.ClientResponseError():
            what, retryable = "does not answer as HTTP does", False
        case aiohttp.InvalidURL():
            what, retryable = "has an address that is not valid", False
        case _:
            what = "closed the connection without an answer"
    return SourceError(what, where=peer.place, advice=advice, retryable=retryable)
