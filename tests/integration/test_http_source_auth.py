"""How an HTTP source proves who asks, over real sockets; and that its secrets stay where they belong."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import pytest
from aiohttp import web

from livemerge import config
from livemerge.clock import FakeClock
from livemerge.errors import ConfigError, SourceError
from livemerge.sources.credential import read_credential
from livemerge.sources.http import HttpSource, make_http

SECRETS = {"env:TOKEN": "t0ken", "env:USER": "anna:ü", "env:PASSWORD": "p&ss w%rd", "env:BROKEN": "a\r\nX-Evil: 1"}


class Forgetful(set[str]):
    """Tokens that are given out and never accepted."""

    def add(self, _: str) -> None: ...


class Api:
    """An OAuth server and the API it guards, on one port."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.token_requests: list[tuple[str | None, dict[str, list[str]]]] = []
        self.valid_tokens: set[str] = set()
        self.is_open = True  # any credential will do
        self.takes_basic = True
        self.grant: dict[str, Any] = {"token_type": "Bearer", "expires_in": 100}
        self.token_status = 200
        self.token_asked = asyncio.Event()
        self.token_gate = asyncio.Event()
        self.token_gate.set()
        self.url = ""

    async def customer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        if (
            not self.is_open
            and request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.valid_tokens
        ):
            return web.Response(status=401)
        return web.json_response({"name": "Anna"})

    async def token(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/x-www-form-urlencoded"
        self.token_requests.append((request.headers.get("Authorization"), parse_qs(await request.text())))
        self.token_asked.set()
        await self.token_gate.wait()
        if self.token_status != 200:
            return web.json_response(
                {"error": "invalid_scope", "error_description": "p&ss w%rd"}, status=self.token_status
            )
        if not self.takes_basic and "Authorization" in request.headers:
            return web.json_response({"error": "invalid_client"}, status=400)
        token = f"token-{len(self.token_requests)}"
        self.valid_tokens.add(token)
        return web.json_response({"access_token": token, **self.grant})


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api()
    app = web.Application()
    app.router.add_get("/customers/{key}", api.customer)
    app.router.add_post("/token", api.token)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield api
    await runner.cleanup()


@asynccontextmanager
async def asking(
    api: Api, auth: config.Auth | None, *, clock: FakeClock | None = None, query: str = "", **settings: Any
) -> AsyncIterator[HttpSource]:
    section = config.HttpSource(url=f"{api.url}/customers/{{key}}{query}", auth=auth, **settings)
    source = make_http("crm", section, read_secret=lambda reference, _: SECRETS[reference], clock=clock or FakeClock())
    yield source
    await source.close()


def oauth2(api: Api, **more: str) -> config.Auth:
    return config.Auth(
        oauth2=config.OAuth2(token_url=f"{api.url}/token", client_id="env:USER", client_secret="env:PASSWORD", **more)
    )


async def test_a_bearer_token_goes_into_its_header(api: Api) -> None:
    async with asking(api, config.Auth(bearer="env:TOKEN")) as source:
        await source.fetch(["c-1"], [])
    assert api.requests[0].headers["Authorization"] == "Bearer t0ken"


async def test_user_and_password_go_into_the_header_as_utf_8(api: Api) -> None:
    async with asking(api, config.Auth(basic=config.Basic(user="env:USER", password="env:PASSWORD"))) as source:
        await source.fetch(["c-1"], [])
    kind, _, pair = api.requests[0].headers["Authorization"].partition(" ")
    assert (kind, base64.b64decode(pair).decode()) == ("Basic", "anna:ü:p&ss w%rd")


async def test_a_named_header_carries_its_secret_beside_the_declared_ones(api: Api) -> None:
    auth = config.Auth(header=config.Named(name="X-Api-Key", value="env:TOKEN"))
    async with asking(api, auth, headers={"X-Tenant": "shop"}) as source:
        await source.fetch(["c-1"], [])
    assert api.requests[0].headers["X-Api-Key"] == "t0ken"
    assert api.requests[0].headers["X-Tenant"] == "shop"


@pytest.mark.parametrize("query", ["", "?expand=all"])
async def test_a_secret_in_the_query_is_escaped_and_leaves_the_rest_as_it_was(api: Api, query: str) -> None:
    auth = config.Auth(query=config.Named(name="api key", value="env:PASSWORD"))
    async with asking(api, auth, query=query) as source:
        await source.fetch(["a&api key=mine"], [])
    request = api.requests[0]
    assert request.match_info["key"] == "a&api key=mine"
    assert request.query["api key"] == "p&ss w%rd"
    assert len(request.query) == 1 + bool(query)


def test_a_secret_that_would_end_its_header_is_refused_at_once() -> None:
    section = config.HttpSource(url="https://crm.example/{key}", auth=config.Auth(bearer="env:BROKEN"))
    with pytest.raises(ConfigError) as caught:
        make_http("crm", section, read_secret=lambda reference, _: SECRETS[reference], clock=FakeClock())
    assert caught.value.where == "source.crm.auth.bearer"
    assert "Evil" not in str(caught.value)


@pytest.mark.parametrize(
    "auth",
    [
        config.Auth(bearer="env:PASSWORD"),
        config.Auth(query=config.Named(name="k", value="env:PASSWORD")),
        config.Auth(basic=config.Basic(user="env:USER", password="env:PASSWORD")),
    ],
)
async def test_no_error_shows_a_secret_or_a_query(api: Api, auth: config.Auth) -> None:
    api.is_open = False
    async with asking(api, auth, query="?q=private") as source:
        with pytest.raises(SourceError) as caught:
            await source.fetch(["c-1"], [])
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert "p&ss" not in shown
    assert "p%26ss" not in shown
    assert "private" not in shown
    assert "auth" in caught.value.advice


async def test_a_client_asks_once_for_a_token_and_reuses_it(api: Api) -> None:
    api.is_open = False
    async with asking(api, oauth2(api, scope="read all")) as source:
        for _ in range(3):
            await source.fetch(["c-1"], [])
    [(authorization, form)] = api.token_requests
    assert form == {"grant_type": ["client_credentials"], "scope": ["read all"]}
    user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    assert (unquote_plus(user), unquote_plus(password)) == ("anna:ü", "p&ss w%rd")


async def test_callers_that_come_together_share_one_token_request(api: Api) -> None:
    api.is_open = False
    async with asking(api, oauth2(api)) as source:
        await asyncio.gather(*(source.fetch([f"c-{number}"], []) for number in range(20)))
    assert len(api.token_requests) == 1
    assert len(api.requests) == 20


async def test_callers_that_come_together_share_a_failure_and_the_next_asks_again(api: Api) -> None:
    api.is_open = False
    api.token_status = 503
    async with asking(api, oauth2(api)) as source:
        calls = (source.fetch([f"c-{number}"], []) for number in range(20))
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(outcome, SourceError) for outcome in outcomes)
        assert len(api.token_requests) == 1
        api.token_status = 200
        assert (await source.fetch(["c-1"], [])).rows == {"c-1": {"name": "Anna"}}


async def test_a_caller_that_gives_up_does_not_take_the_token_from_the_others(api: Api) -> None:
    api.is_open = False
    api.token_gate.clear()
    async with asking(api, oauth2(api)) as source:
        first = asyncio.ensure_future(source.fetch(["c-1"], []))
        await asyncio.wait_for(api.token_asked.wait(), 30)
        second = asyncio.ensure_future(source.fetch(["c-2"], []))
        await asyncio.sleep(0)
        first.cancel()
        api.token_gate.set()
        assert (await second).rows == {"c-2": {"name": "Anna"}}
        assert first.cancelled()


async def test_a_token_is_replaced_shortly_before_it_ends(api: Api) -> None:
    api.is_open = False
    clock = FakeClock()
    async with asking(api, oauth2(api), clock=clock) as source:
        await source.fetch(["c-1"], [])
        clock.advance(89)
        await source.fetch(["c-1"], [])
        assert len(api.token_requests) == 1
        clock.advance(2)
        await source.fetch(["c-1"], [])
    assert len(api.token_requests) == 2


async def test_a_token_withdrawn_early_is_replaced_once_for_all_callers(api: Api) -> None:
    api.is_open = False
    async with asking(api, oauth2(api)) as source:
        await source.fetch(["c-1"], [])
        api.valid_tokens.clear()
        answers = await asyncio.gather(*(source.fetch([f"c-{number}"], []) for number in range(10)))
    assert all(answer.rows for answer in answers)
    assert len(api.token_requests) == 2


async def test_a_fresh_token_that_is_refused_too_ends_the_call(api: Api) -> None:
    api.is_open = False
    async with asking(api, oauth2(api)) as source:
        api.valid_tokens = Forgetful()
        with pytest.raises(SourceError) as caught:
            await source.fetch(["c-1"], [])
    assert not caught.value.retryable
    assert len(api.requests) == 2
    assert len(api.token_requests) == 2


async def test_a_server_that_wants_the_secret_in_the_form_gets_it_there_from_then_on(api: Api) -> None:
    api.is_open = api.takes_basic = False
    clock = FakeClock()
    async with asking(api, oauth2(api), clock=clock) as source:
        await source.fetch(["c-1"], [])
        clock.advance(200)
        await source.fetch(["c-1"], [])
    assert [authorization is None for authorization, _ in api.token_requests] == [False, True, True]
    assert api.token_requests[1][1]["client_secret"] == ["p&ss w%rd"]


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (503, True), (429, True)])
async def test_a_refused_token_names_the_reason_and_no_secret(api: Api, status: int, retryable: bool) -> None:
    api.is_open = False
    api.token_status = status
    async with asking(api, oauth2(api)) as source:
        with pytest.raises(SourceError) as caught:
            await source.fetch(["c-1"], [])
    assert "invalid_scope" in caught.value.what
    assert caught.value.where.startswith("source.crm.auth (http://127.0.0.1:")
    assert caught.value.retryable is retryable
    assert "p&ss" not in str(caught.value)


@pytest.mark.parametrize(
    "grant",
    [
        {"token_type": "mac"},
        {"access_token": None},
        {"access_token": ""},
        {"access_token": "two\r\nlines"},
        {"access_token": "x" * 10_000},
        {"access_token": 7},
    ],
)
async def test_what_is_no_bearer_token_is_never_sent(api: Api, grant: dict[str, Any]) -> None:
    api.grant = grant
    async with asking(api, oauth2(api)) as source:
        with pytest.raises(SourceError) as caught:
            await source.fetch(["c-1"], [])
    assert "bearer token" in caught.value.what
    assert api.requests == []


@pytest.mark.parametrize(("life", "lives_s"), [("60", 54), (None, 270), ("soon", 270), (True, 270), (0, 0)])
async def test_a_token_lives_as_long_as_it_says_less_a_margin(api: Api, life: Any, lives_s: float) -> None:
    api.grant = {} if life is None else {"expires_in": life}
    clock = FakeClock()
    async with asking(api, oauth2(api), clock=clock) as source:
        await source.fetch(["c-1"], [])
        if lives_s:
            clock.advance(lives_s - 1)
            await source.fetch(["c-1"], [])
            assert len(api.token_requests) == 1
        clock.advance(1)
        await source.fetch(["c-1"], [])
    assert len(api.token_requests) == 2


@pytest.mark.parametrize(
    "auth", [config.Auth(bearer="env:TOKEN"), config.Auth(query=config.Named(name="k", value="env:TOKEN"))]
)
def test_a_credential_does_not_print_its_secret(auth: config.Auth) -> None:
    made = read_credential(
        auth, where="source.crm.auth", read_secret=lambda reference, _: SECRETS[reference], clock=FakeClock()
    )
    assert "t0ken" not in repr(made)
