"""Nothing of the console is reached without its token."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message, Scope
from starlette.websockets import WebSocket

from livemerge.console.gate import Gate

TOKEN = "a-token-of-some-length"


async def _inside(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


def _app() -> Gate:
    routes = [Route("/{path:path}", _inside), WebSocketRoute("/console/ws", _socket)]
    return Gate(Starlette(routes=routes), path="/console", token=TOKEN)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(_app()), base_url="http://console")


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/_nicegui/static/x.js", "/console?token="])
async def test_without_a_token_nothing_opens(path: str) -> None:
    async with _client() as client:
        response = await client.get(path)
    assert response.status_code == 401
    assert "inside" not in response.text


async def test_a_wrong_token_opens_nothing_and_sets_no_cookie() -> None:
    async with _client() as client:
        for token in ("x", TOKEN[:-1], TOKEN + "x", "é", "%00"):
            response = await client.get("/console", params={"token": token})
            assert response.status_code == 401
            assert "set-cookie" not in response.headers


async def test_the_token_becomes_a_cookie_and_leaves_the_address() -> None:
    async with _client() as client:
        response = await client.get("/console", params={"token": TOKEN})
        assert (response.status_code, response.headers["location"]) == (303, "/console/")
        cookie = response.headers["set-cookie"]
        assert TOKEN not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Path=/console" in cookie
        inside = await client.get("/console/")
        assert inside.text == "inside"
        assert inside.headers["x-frame-options"] == "DENY"


async def test_another_consoles_cookie_opens_nothing() -> None:
    async with _client() as client:
        name = (await client.get("/console", params={"token": TOKEN})).headers["set-cookie"].split("=")[0]
        client.cookies.clear()
        response = await client.get("/console/", headers={"Cookie": f"{name}={'0' * 64}"})
    assert response.status_code == 401


async def test_what_is_not_the_console_stays_open() -> None:
    async with _client() as client:
        for path in ("/healthz", "/consoles", "/api/console/"):
            assert (await client.get(path)).text == "inside"


async def _first_answer(cookie: str, **more: str) -> str:
    """The type of what a web socket's opening is answered with."""
    headers = [(b"host", b"console"), (b"cookie", cookie.encode())]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in more.items()]
    scope: Scope = {"type": "websocket", "path": "/console/ws", "headers": headers, "query_string": b"", "scheme": "ws"}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await _app()(scope, receive, send)
    return str(sent[0]["type"])


async def test_the_web_socket_needs_the_cookie_too() -> None:
    async with _client() as client:
        cookie = (await client.get("/console", params={"token": TOKEN})).headers["set-cookie"].split(";")[0]
    assert await _first_answer("") == "websocket.close"
    assert await _first_answer("a=b; \x01") == "websocket.close"
    assert await _first_answer(f"a=b; {cookie}") == "websocket.accept"


ELSEWHERE = ["http://console:9999", "https://evil.example", "null", "http://console.evil.example", "http://[", ""]


@pytest.mark.parametrize("origin", ELSEWHERE)
async def test_a_page_from_elsewhere_opens_nothing_with_the_cookie_of_its_reader(origin: str) -> None:
    async with _client() as client:
        cookie = (await client.get("/console", params={"token": TOKEN})).headers["set-cookie"].split(";")[0]
        for method in ("GET", "POST"):
            response = await client.request(method, "/console/", headers={"Origin": origin})
            assert response.status_code == 401
            assert "inside" not in response.text
    assert await _first_answer(cookie, origin=origin) == "websocket.close"


async def test_the_consoles_own_pages_and_links_to_it_open() -> None:
    async with _client() as client:
        cookie = (await client.get("/console", params={"token": TOKEN})).headers["set-cookie"].split(";")[0]
        linked = await client.get("/console/", headers={"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"})
    assert linked.text == "inside"
    assert await _first_answer(cookie, origin="http://console") == "websocket.accept"
    behind_a_proxy = {"origin": "https://public.example", "sec_fetch_site": "same-origin"}
    assert await _first_answer(cookie, **behind_a_proxy) == "websocket.accept"


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="16 characters"):
        Gate(Starlette(), path="/console", token="short")
