"""Hosts that answer what no template wanted, over real sockets. Each ends in a reply, in time, and in no error."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from livemerge import config
from livemerge.clock import SystemClock
from livemerge.fetch import FetchClient, Fetched, Refused, make_fetch_client
from livemerge.fetch.health import SICK_AFTER
from livemerge.template import Reply, Request

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENCE_S = 30.0  # a test that takes this long has failed


@dataclass
class Host:
    """A server that is this handler, and what it was asked."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/name"


def answering(*answers: tuple[str, bytes]) -> Callable[[Host], Handler]:
    """A handler that gives these answers one after the other, the last one ever after."""

    def make(host: Host) -> Handler:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                host.heads.append(head)
                length = next((line[15:] for line in head.split("\r\n") if line.startswith("Content-Length:")), "0")
                host.bodies.append((await reader.readexactly(int(length))).decode())
                answer, body = answers[min(len(host.heads), len(answers)) - 1]
                writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()

        return handle

    return make


def behaving(handler: Handler) -> Callable[[Host], Handler]:
    return lambda host: handler


@asynccontextmanager
async def asking(make: Callable[[Host], Handler], **settings: object) -> AsyncIterator[tuple[FetchClient, Host]]:
    host = Host()
    handler = make(host)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    section = config.Fetch(hosts=[f"127.0.0.1:{host.port}"], **_placed(settings, host))
    client = make_fetch_client(section, read_secret=lambda reference, where: "s3cret", clock=SystemClock())
    try:
        yield client, host
    finally:
        await client.close()
        server.close()


def _placed(settings: Mapping[str, object], host: Host) -> dict[str, object]:
    """The settings; those that need to know the server's own host are functions of it."""
    here = f"127.0.0.1:{host.port}"
    return {name: value(here) if callable(value) else value for name, value in settings.items()}


async def fetched(client: FetchClient, request: Request, within_s: float = 5.0) -> Fetched:
    found, _ = await asyncio.wait_for(client.fetch(request, within_s), PATIENCE_S)
    return found


TEXT = "200 OK\r\nContent-Type: text/plain; charset=utf-8"


async def test_a_text_comes_back_with_its_type_and_headers() -> None:
    async with asking(answering((TEXT + "\r\nX-Age: 3", "Zoë".encode()))) as (client, host):
        found = await fetched(client, Request("GET", host.url + "?token=t#part"))
    assert (found.reply.status, found.reply.body, found.reply.content_type) == (200, "Zoë", "text/plain")
    assert ("X-Age", "3") in found.reply.headers
    assert (found.method, found.host, found.path) == ("GET", "127.0.0.1", "/name")
    assert host.heads[0].startswith("GET /name?token=t HTTP/1.1\r\n")


async def test_a_post_carries_body_headers_and_nothing_that_frames_it() -> None:
    async with asking(answering((TEXT, b"ok"))) as (client, host):
        headers = (("Content-Type", "application/json"), ("X-Customer", "7"), ("User-Agent", "someone else"))
        refused = await fetched(client, Request("POST", host.url, headers, "{}"))
        found = await fetched(client, Request("POST", host.url, headers[:2], "{}"))
    assert (refused.reply.status, found.reply.body, host.bodies) == (0, "ok", ["{}"])
    assert "X-Customer: 7" in host.heads[0] and "User-Agent: livemerge" in host.heads[0]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("200 OK\r\nContent-Type: image/png", b"\x89PNG"),
        ("200 OK\r\nContent-Type: application/octet-stream", b"abc"),
        ("200 OK\r\nContent-Type: application/pdf", b"%PDF"),
        (TEXT, b"\xff\xfe broken"),
        ("200 OK\r\nContent-Type: text/plain; charset=utf-7", b"+ADw-"),
        (TEXT + "\r\nContent-Encoding: gzip", b"not gzip"),
        (TEXT + "\r\nContent-Encoding: gzip", gzip.compress(b"cut short", mtime=0)[:-12]),
        (TEXT + "\r\nContent-Encoding: gzip", gzip.compress(b"whole, but nobody asked for it packed", mtime=0)),
        (TEXT, b"x" * 10_001),
        (TEXT + "\r\nContent-Encoding: gzip", gzip.compress(b"x" * 5_000_000, mtime=0)),
    ],
    ids=["picture", "octets", "document", "no text", "odd charset", "no gzip", "cut", "packed", "too long", "bomb"],
)
async def test_what_is_no_text_or_too_much_of_it_is_no_answer(head: str, body: bytes) -> None:
    async with asking(answering((head, body)), max_bytes=10_000) as (client, host):
        found = await fetched(client, Request("GET", host.url))
    assert found.reply == Reply(0)


async def test_a_redirect_is_not_followed() -> None:
    async with asking(answering(("302 Found\r\nLocation: http://169.254.169.254/", b"secret"))) as (client, host):
        found = await fetched(client, Request("GET", host.url))
    assert (found.reply.status, found.reply.body, len(host.heads)) == (302, "", 1)


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff\x13 no HTTP at all \r\n\r\n" * 50)
    await writer.drain()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize("handler", [hang, trickle, babble, hang_up], ids=lambda handler: handler.__name__)
async def test_a_host_that_does_not_answer_in_time_or_in_http_is_no_answer(handler: Handler) -> None:
    async with asking(behaving(handler), timeout_ms=200) as (client, host):
        found = await fetched(client, Request("GET", host.url))
    assert found.reply == Reply(0)


async def test_no_time_left_asks_nobody() -> None:
    async with asking(answering((TEXT, b"ok"))) as (client, host):
        assert (await fetched(client, Request("GET", host.url), within_s=0.0)).reply == Reply(0)
    assert host.heads == []


async def test_attempts_are_repeated_only_where_the_template_asks() -> None:
    busy = ("503 Busy", b"")
    async with asking(answering(busy, busy, (TEXT, b"ok"))) as (client, host):
        assert (await fetched(client, Request("GET", host.url, retries=2))).reply.body == "ok"
    async with asking(answering(busy, (TEXT, b"ok"))) as (client, host):
        assert (await fetched(client, Request("GET", host.url))).reply.status == 503
    assert len(host.heads) == 1


async def test_retries_end_where_the_messages_time_does() -> None:
    async with asking(answering(("503 Busy", b""))) as (client, host):
        found = await fetched(client, Request("GET", host.url, retries=5), within_s=0.05)
    assert (found.reply.status, len(host.heads)) == (503, 1)


@pytest.mark.parametrize("hasty_first", [True, False])
async def test_who_shares_a_call_waits_for_it_by_their_own_time(hasty_first: bool) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()

    async with asking(behaving(slow), timeout_ms=20_000) as (client, host):
        shared = Request("GET", host.url, max_age_s=60.0)
        times_s = (0.01, 20.0) if hasty_first else (20.0, 0.01)
        first, second = (asyncio.create_task(fetched(client, shared, within_s)) for within_s in times_s)
        hasty, patient = (first, second) if hasty_first else (second, first)
        assert (await hasty).status == 0  # while the host has said nothing
        await asked.wait()
        go.set()
        assert ((await patient).status, (await patient).reply.body) == (200, "hi")


async def test_a_success_is_shared_for_as_long_as_the_template_says() -> None:
    async with asking(answering((TEXT, b"1"), (TEXT, b"2"))) as (client, host):
        shared = Request("GET", host.url, max_age_s=60.0)
        first, second = await fetched(client, shared), await fetched(client, shared)
        own = await fetched(client, Request("GET", host.url))
    assert (first.reply.body, second.reply.body, own.reply.body) == ("1", "1", "2")
    assert (first.is_remembered, second.is_remembered) == (False, True)


async def test_those_who_ask_the_same_at_the_same_time_share_one_call() -> None:
    async with asking(answering((TEXT, b"1"))) as (client, host):
        request = Request("GET", host.url, max_age_s=60.0)
        found = await asyncio.gather(*(fetched(client, request) for _ in range(50)))
    assert {each.reply.body for each in found} == {"1"}
    assert len(host.heads) == 1


async def test_a_failure_is_never_shared_later() -> None:
    async with asking(answering(("500 Oh", b""), (TEXT, b"ok"))) as (client, host):
        request = Request("GET", host.url, max_age_s=60.0)
        assert [(await fetched(client, request)).reply.status for _ in range(2)] == [500, 200]


async def test_a_dead_host_is_left_in_peace() -> None:
    async with asking(behaving(hang_up)) as (client, host):
        for _ in range(SICK_AFTER):
            await fetched(client, Request("GET", host.url))
        found, took_s = await client.fetch(Request("GET", host.url, timeout_s=30.0), 30.0)
    assert (found.reply.status, found.took_ms) == (0, 0) and took_s < 30.0


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://127.0.0.1.example:{port}/",
        "https://api.example/",
        "http://0x7f000001:{port}/",
        "http://[::1]:{port}/",
    ],
)
async def test_only_declared_origins_are_asked(url: str) -> None:
    async with asking(answering((TEXT, b"ok"))) as (client, host):
        wanted = url.format(port=host.port)
        if wanted.startswith("https://127"):
            assert (await fetched(client, Request("GET", wanted))).reply == Reply(0)  # declared, but speaks no TLS
            return
        with pytest.raises(Refused, match="not declared"):
            await client.fetch(Request("GET", wanted), 5.0)
    assert host.heads == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example",
        "file:///etc/passwd",
        "http://u:p@127.0.0.1/",
        "http://127.0.0.1/\r\nX: 1",
        "http://",
        "x" * 9_000,
    ],
)
async def test_what_is_no_address_is_no_answer(url: str) -> None:
    async with asking(answering((TEXT, b"ok"))) as (client, _):
        assert (await fetched(client, Request("GET", url))).reply == Reply(0)


async def test_a_header_with_a_line_break_is_not_sent() -> None:
    async with asking(answering((TEXT, b"ok"))) as (client, host):
        for header in (("X-A", "1\r\nX-B: 2"), ("X A", "1"), ("Host", "other.example"), ("Content-Length", "1")):
            assert (await fetched(client, Request("GET", host.url, (header,)))).reply == Reply(0)
    assert host.heads == []


async def test_other_methods_are_refused() -> None:
    async with asking(answering((TEXT, b"ok"))) as (client, host):
        with pytest.raises(Refused, match="GET and POST"):
            await client.fetch(Request("DELETE", host.url), 5.0)


def credential(hosts: list[str], **auth: object) -> dict[str, config.FetchCredential]:
    return {"broker": config.FetchCredential(hosts=hosts, auth=config.Auth(**auth))}


async def test_a_credential_goes_to_its_own_hosts_only() -> None:
    named = config.Named(name="X-API-Key", value="env:KEY")
    here, other = answering((TEXT, b"ok")), "127.0.0.1:9"
    async with asking(here, credential=credential([other], header=named)) as (client, host):
        with pytest.raises(Refused, match="not meant for"):
            await client.fetch(Request("GET", host.url, credentials="broker"), 5.0)
        with pytest.raises(Refused, match="not declared"):
            await client.fetch(Request("GET", host.url, credentials="nobody"), 5.0)
    assert host.heads == []


@pytest.mark.parametrize(
    ("auth", "sent"),
    [
        ({"header": config.Named(name="X-API-Key", value="env:KEY")}, "X-API-Key: s3cret"),
        ({"bearer": "env:KEY"}, "Authorization: Bearer s3cret"),
        ({"query": config.Named(name="key", value="env:KEY")}, "GET /name?a=1&key=s3cret "),
        ({"basic": config.Basic(user="env:U", password="env:P")}, "Authorization: Basic czNjcmV0OnMzY3JldA=="),
    ],
    ids=["header", "bearer", "query", "basic"],
)
async def test_a_declared_credential_is_sent_and_not_recorded(auth: dict[str, object], sent: str) -> None:
    declared = lambda here: credential([here], **auth)  # noqa: E731
    own = (("x-api-key", "mine"),)
    async with asking(answering((TEXT, b"ok")), credential=declared) as (client, host):
        found = await fetched(client, Request("GET", host.url + "?a=1", own, credentials="broker"))
    assert sent in host.heads[0]
    assert "s3cret" not in repr(found)
    assert ("mine" in host.heads[0]) is ("header" not in auth)  # a credential takes the place of the template's own


async def test_html_is_trusted_of_declared_hosts_only() -> None:
    page = answering(("200 OK\r\nContent-Type: text/html", b"<b>x</b>"))
    async with asking(page) as (client, host):
        assert not (await fetched(client, Request("GET", host.url))).reply.is_html
    async with asking(page, html=lambda here: [here]) as (client, host):
        assert (await fetched(client, Request("GET", host.url))).reply.is_html
    async with asking(answering((TEXT, b"<b>x</b>")), html=lambda here: [here]) as (client, host):
        assert not (await fetched(client, Request("GET", host.url))).reply.is_html
