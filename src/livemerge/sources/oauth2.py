"""OAuth 2.0 client credentials (RFC 6749 §4.4): one token, asked for once, used until shortly before it ends."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import aiohttp
import orjson
from yarl import URL

from livemerge.clock import Clock
from livemerge.errors import SourceError
from livemerge.sources.exchange import Peer, Reply, Request, exchange, json_document, refusal, shown_address

MAX_TOKEN_BYTES: Final = 65_536  # of the endpoint's whole answer
DEFAULT_LIFE_S: Final = 300.0  # where the endpoint names none; expires_in is only recommended, §5.1
MAX_MARGIN_S: Final = 30.0  # a token this close to its end may end on the way
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,8192}")  # what a header can carry, RFC 6749 appendix A.12
_ERROR_CODE: Final = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks for tokens. The secrets are never printed."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str = ""

    def __repr__(self) -> str:
        return f"Client({shown_address(self.token_url)})"


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    ends_at_s: float  # on the monotonic clock, margin taken off


class ClientCredentials:
    """Tokens for one client. Callers that come together share one request; a cancelled one passes the turn on."""

    def __init__(self, client: Client, *, where: str, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._peer = Peer(f"{where}.auth", shown_address(client.token_url), MAX_TOKEN_BYTES)
        self._turn = asyncio.Lock()
        self._token: _Token | None = None
        self._is_secret_in_body = False
        self._failures = 0
        self._failure: SourceError | None = None

    async def token(self, session: aiohttp.ClientSession, *, refused: str = "") -> str:
        """A token to use now, another one than `refused`. Raises SourceError."""
        failures = self._failures
        async with self._turn:
            if self._token is None or self._token.text == refused or self._is_over(self._token):
                if self._failure is not None and self._failures > failures:
                    raise self._failure  # while this caller waited; asking again at once would say the same
                self._token = None
                self._token = await self._ask_noting_failure(session)
            return self._token.text

    def _is_over(self, token: _Token) -> bool:
        return self._clock.monotonic_s() >= token.ends_at_s

    async def _ask_noting_failure(self, session: aiohttp.ClientSession) -> _Token:
        try:
            return await self._ask(session)
        except SourceError as error:
            self._failures += 1
            self._failure = error
            raise

    async def _ask(self, session: aiohttp.ClientSession) -> _Token:
        asked_at_s = self._clock.monotonic_s()
        reply = await exchange(session, self._request(), self._peer)
        if self._wants_the_other_way(reply):
            self._is_secret_in_body = not self._is_secret_in_body
            reply = await exchange(session, self._request(), self._peer)
        if not 200 <= reply.status < 300:
            raise self._refused(reply)
        return self._read(json_document(reply, self._peer), asked_at_s)

    def _wants_the_other_way(self, reply: Reply) -> bool:
        """Every server should take Basic (§2.3.1); some take the secret in the form alone."""
        return reply.status == 401 or (reply.status == 400 and _error_code(reply) == "invalid_client")

    def _request(self) -> Request:
        client = self._client
        form = {"grant_type": "client_credentials"} | ({"scope": client.scope} if client.scope else {})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._is_secret_in_body:
            form |= {"client_id": client.client_id, "client_secret": client.client_secret}
        else:
            # §2.3.1: both parts are form-encoded before Basic puts them together.
            pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return Request("POST", URL(client.token_url), headers, urlencode(form).encode())

    def _refused(self, reply: Reply) -> SourceError:
        error = refusal(reply, self._peer, self._clock.now())
        if not (code := _error_code(reply)):
            return error
        return SourceError(
            f"refused to give a token: {code} (status {reply.status})",
            where=error.where,
            advice="Check client_id, client_secret and scope.",
            retryable=error.retryable,
            retry_after_s=error.retry_after_s,
        )

    def _read(self, document: Any, asked_at_s: float) -> _Token:
        grant = document if isinstance(document, Mapping) else {}
        text, kind = grant.get("access_token"), grant.get("token_type", "bearer")
        if not isinstance(text, str) or not _TOKEN.fullmatch(text) or str(kind).lower() != "bearer":
            raise SourceError(
                "answered without a bearer token",
                where=self._peer.place,
                advice="Is token_url the address of an OAuth 2.0 token endpoint?",
                retryable=False,
            )
        life_s = _life_s(grant.get("expires_in"))
        return _Token(text, asked_at_s + life_s - min(MAX_MARGIN_S, life_s / 10))


def _life_s(expires_in: Any) -> float:
    """Seconds a token lives; some servers write the number as text."""
    if isinstance(expires_in, bool) or not re.fullmatch(r"\d{1,9}", str(expires_in), re.ASCII):
        return DEFAULT_LIFE_S
    return float(expires_in)


def _error_code(reply: Reply) -> str:
    """The `error` of RFC 6749 §5.2, only where it looks like one: the rest of the answer may repeat what we sent."""
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return ""
    code = document.get("error") if isinstance(document, Mapping) else None
    return code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""
