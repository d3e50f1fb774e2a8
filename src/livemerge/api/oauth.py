"""OAuth 2.0 for callers that want it: `POST /oauth/token` (RFC 6749 §4.4), metadata (RFC 8414), keys (RFC 7517).

A client is an API key: client_id is its prefix, client_secret the key itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

import orjson
from starlette.requests import Request
from starlette.responses import Response

from livemerge.api.body import read_body
from livemerge.api.credential import basic_pair
from livemerge.api.refusal import Refusal, json_response
from livemerge.app import Livemerge
from livemerge.errors import AccessError, ForbiddenError, SlowDownError

TOKEN_PATH: Final = "/oauth/token"
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
JWKS_PATH: Final = "/.well-known/jwks.json"
NO_STORE: Final[Mapping[str, str]] = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 §5.1
KEYS_FOR_S: Final = 300  # how long others may keep our public keys
CHALLENGE: Final = 'Basic realm="livemerge", charset="UTF-8"'
MAX_PARAMETERS: Final = 50
SCOPES: Final = ("profile", "view:*", "feed:*", "content:*", "prefetch", "track", "sources")


class OAuthError(Exception):
    """A refusal in the words of RFC 6749 §5.2."""

    def __init__(self, error: str, description: str, status: int = 400, *, retry_after_s: float | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status
        self.retry_after_s = retry_after_s


class OAuth:
    """The authorization server of one project."""

    def __init__(self, project: Livemerge) -> None:
        self._project = project

    async def token(self, request: Request) -> Response:
        """An access token for the client, or an error as RFC 6749 writes it."""
        try:
            asked = _parameters(await read_body(request), request.headers.get("content-type", ""))
            return self._issued(request, asked)
        except OAuthError as error:
            return _refused(error)
        except Refusal as error:
            return _refused(OAuthError("invalid_request", error.what, error.status))

    async def metadata(self, request: Request) -> Response:
        """What this server can do, for clients that find out by themselves."""
        issuer = self._issuer(request)
        return json_response(
            {
                "issuer": issuer,
                "token_endpoint": f"{issuer}{TOKEN_PATH}",
                "jwks_uri": f"{issuer}{JWKS_PATH}",
                "grant_types_supported": ["client_credentials"],
                "response_types_supported": [],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "scopes_supported": list(SCOPES),
            },
            headers={"Cache-Control": f"public, max-age={KEYS_FOR_S}"},
        )

    async def jwks(self, _request: Request) -> Response:
        """The public keys that verify access tokens, those of the months before too while their tokens live."""
        keys = [dict(key) for key in self._project.access_tokens.jwks()]
        return json_response({"keys": keys}, headers={"Cache-Control": f"public, max-age={KEYS_FOR_S}"})

    def _issued(self, request: Request, asked: Mapping[str, str]) -> Response:
        if "grant_type" not in asked:
            raise OAuthError("invalid_request", "grant_type is missing")
        if asked["grant_type"] != "client_credentials":
            raise OAuthError("unsupported_grant_type", "grant_type is not client_credentials")
        client_id, client_secret = _client(request.headers.get("authorization", ""), asked)
        peer = request.client.host if request.client else ""
        admission = self._project.admission
        remote = admission.remote_of(peer, request.headers.get("x-forwarded-for", ""))
        try:
            issued = admission.issue(
                client_id, client_secret, scope=asked.get("scope", ""), issuer=self._issuer(request), remote=remote
            )
        except SlowDownError as error:
            raise OAuthError("invalid_client", error.what, 429, retry_after_s=error.retry_after_s) from None
        except ForbiddenError as error:
            raise OAuthError("invalid_scope", error.what) from None
        except AccessError as error:
            raise OAuthError("invalid_client", error.what, 401) from None
        answer = {
            "access_token": issued.token,
            "token_type": "Bearer",
            "expires_in": issued.expires_in_s,
            "scope": issued.scope,
        }
        return json_response(answer, headers=NO_STORE)

    def _issuer(self, request: Request) -> str:
        return (self._project.settings.public.url or str(request.base_url)).rstrip("/")


def _client(authorization: str, asked: Mapping[str, str]) -> tuple[str, str]:
    """client_id and client_secret, from the header or the body, not from both (RFC 6749 §2.3)."""
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() == "basic":
        client_id, client_secret = (unquote_plus(part) for part in basic_pair(credential))
        if "client_secret" in asked or asked.get("client_id", client_id) != client_id:
            raise OAuthError("invalid_request", "the client is named twice: in the header and in the body")
    else:
        client_id, client_secret = asked.get("client_id", ""), asked.get("client_secret", "")
    if not client_id or not client_secret:
        raise OAuthError("invalid_client", "client_id (a key's prefix) or client_secret (the key) is missing", 401)
    return client_id, client_secret


def _parameters(body: bytes, content_type: str) -> Mapping[str, str]:
    """The parameters of a form or of a flat JSON object, which several ESPs send. Raises OAuthError."""
    if "json" in content_type.lower():
        return _json_parameters(body)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=False, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise OAuthError("invalid_request", "the body is no form") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise OAuthError("invalid_request", "a parameter stands there twice")
    return parameters


def _json_parameters(body: bytes) -> Mapping[str, str]:
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise OAuthError("invalid_request", "the body is not JSON") from None
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        raise OAuthError("invalid_request", "the body is not a flat JSON object of texts")
    return {name: value for name, value in document.items() if value}  # empty means left out (§3.1)


def _refused(error: OAuthError) -> Response:
    headers = dict(NO_STORE)
    if error.status == 401:  # also to who sent no header (RFC 9110 §15.5.2)
        headers["WWW-Authenticate"] = CHALLENGE
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(int(error.retry_after_s) + 1)
    answer = {"error": error.error, "error_description": _ascii(error.description)}
    return json_response(answer, error.status, headers)


def _ascii(text: str) -> str:
    """What may stand in an error_description (RFC 6749 §5.2): printable ASCII without quotes and backslashes."""
    return "".join(letter if " " <= letter <= "~" and letter not in '"\\' else "'" for letter in text)


def token_operation() -> dict[str, Any]:
    """OpenAPI of the token's path."""
    text = {"type": "string"}
    asked = {
        "type": "object",
        "required": ["grant_type"],
        "properties": {
            "grant_type": {"const": "client_credentials"},
            "client_id": {**text, "description": "The prefix of an API key"},
            "client_secret": {**text, "description": "The API key"},
            "scope": {**text, "description": "Fewer scopes than the key has, with spaces between"},
        },
    }
    issued = {
        "type": "object",
        "required": ["access_token", "token_type", "expires_in", "scope"],
        "properties": {
            "access_token": text,
            "token_type": {"const": "Bearer"},
            "expires_in": {"type": "integer", "description": "Seconds"},
            "scope": text,
        },
    }
    error = {
        "type": "object",
        "required": ["error", "error_description"],
        "properties": {"error": text, "error_description": text},
    }
    refusals = {
        "400": "The request lacks something, or asks for scopes that the key does not have.",
        "401": "The client is not known.",
        "413": "The body is too long.",
        "429": "Too many wrong keys came from this address.",
    }
    return {
        "security": [{"basic": []}, {}],
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": asked}, "application/json": {"schema": asked}},
        },
        "responses": {
            "200": {"description": "A token for an hour.", "content": {"application/json": {"schema": issued}}},
            **{
                status: {"description": told, "content": {"application/json": {"schema": error}}}
                for status, told in refusals.items()
            },
        },
    }
