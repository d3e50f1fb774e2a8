"""HTTP sources that answer what nobody wanted, over real sockets. Each ends in an error that says so, and in time."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import orjson
import pytest

from livemerge import config
from livemerge.clock import FakeClock
from livemerge.errors import SourceError
from livemerge.sources.http import HttpSource, make_http
from livemerge.values import Answer

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENCE_S = 30.0  # a test that takes this long has failed


@asynccontextmanager
async def asking(
    handler: Handler, *, batch: Mapping[str, str] | None = None, **settings: object
) -> AsyncIterator[HttpSource]:
    """A source whose server is this handler: bytes in, bytes out. With `batch` it asks for many."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/customers"
    if batch is None:
        section = config.HttpSource(url=url + "/{key}", **settings)
    else:
        section = config.HttpSource(batch=config.HttpBatch(url=url, body="{keys}", **batch), **settings)
    source = make_http("crm", section, read_secret=lambda reference, where: "s3cret", clock=FakeClock())
    try:
        yield source
    finally:
        await source.close()
        server.close()


def answering(head: str, body: bytes = b"", *, length: int | None = None) -> Handler:
    """A handler that gives this answer to each request of a connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            size = len(body) if length is None else length
            writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {size}\r\n\r\n".encode() + body)
            await writer.drain()

    return handle


async def refusal(source: HttpSource, key: str = "c-1") -> SourceError:
    with pytest.raises(SourceError) as caught:
        await asyncio.wait_for(source.fetch([key], []), PATIENCE_S)
    assert caught.value.where.startswith("source.crm")
    return caught.value


JSON = "200 OK\r\nContent-Type: application/json"


@pytest.mark.parametrize(
    ("head", "body", "said", "retryable"),
    [
        ("200 OK\r\nContent-Type: text/html; charset=utf-8", b"<html>log in</html>", "answered HTML", False),
        ("200 OK\r\nContent-Type: text/plain", b'{"a": 1}', "another content type", False),
        ("200 OK", b'{"a": 1}', "without a content type", False),
        ("200 OK\r\nContent-Type: application/jsonx", b'{"a": 1}', "another content type", False),
        (JSON, b"", "empty body", True),
        (JSON, b" \n", "empty body", True),
        (JSON, b'{"a": ', "invalid JSON", True),
        (JSON, b'{"a": NaN}', "invalid JSON", True),
        (JSON, b'{"a": "\xff"}', "invalid JSON", True),
        (JSON, b"[" * 100_000, "invalid JSON", True),
        (JSON, b"<html>", "invalid JSON", True),
        (JSON, b"[1]", "wanted a JSON object, got a list", False),
        (JSON, b'"text"', "wanted a JSON object, got a text", False),
        (JSON, b"17", "wanted a JSON object, got a number", False),
        (JSON + "\r\nContent-Encoding: gzip", b"not gzip", "damaged", True),
        (JSON + "\r\nContent-Encoding: gzip", gzip.compress(b'{"a": 1}', mtime=0)[:-12], "", True),
    ],
)
async def test_a_success_that_carries_no_row_is_an_error(head: str, body: bytes, said: str, retryable: bool) -> None:
    async with asking(answering(head, body)) as source:
        error = await refusal(source)
        assert said in error.what
        assert error.retryable is retryable


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'\xef\xbb\xbf{"a": 1}'),
        ("Application/JSON;charset=utf-8", b' {"a": 1}\n'),
        ("application/vnd.api+json", b'{"a": 1}'),
        ("application/hal+json; profile=x", b'{"a": 1}'),
        ("text/json", b'{"a": 1}'),
    ],
)
async def test_json_is_read_under_all_its_names(content_type: str, body: bytes) -> None:
    async with asking(answering(f"200 OK\r\nContent-Type: {content_type}", body)) as source:
        assert await source.fetch(["c-1"], []) == Answer({"c-1": {"a": 1}})


@pytest.mark.parametrize("body", [gzip.compress(b'{"a": 1}', mtime=0), zlib.compress(b'{"a": 1}')])
async def test_compressed_json_is_read(body: bytes) -> None:
    encoding = "gzip" if body.startswith(b"\x1f\x8b") else "deflate"
    async with asking(answering(f"{JSON}\r\nContent-Encoding: {encoding}", body)) as source:
        assert await source.fetch(["c-1"], []) == Answer({"c-1": {"a": 1}})


async def test_null_means_no_such_customer() -> None:
    async with asking(answering(JSON, b"null")) as source:
        assert await source.fetch(["c-1"], []) == Answer({})


@pytest.mark.parametrize("head", ["404 Not Found", "410 Gone", "204 No Content"])
async def test_a_customer_the_source_does_not_know_is_absent(head: str) -> None:
    async with asking(answering(head)) as source:
        assert await source.fetch(["c-1"], []) == Answer({})


@pytest.mark.parametrize(
    ("head", "said", "retryable", "retry_after_s"),
    [
        ("429 Too Many Requests\r\nRetry-After: 7", "429", True, 7.0),
        ("503 Unavailable\r\nRetry-After: Thu, 01 Jan 2026 00:01:30 GMT", "503", True, 90.0),
        ("503 Unavailable\r\nRetry-After: Wed, 31 Dec 2025 00:00:00 GMT", "503", True, 0.0),
        ("503 Unavailable\r\nRetry-After: soon", "503", True, None),
        ("503 Unavailable\r\nRetry-After: -5", "503", True, None),
        ("503 Unavailable\r\nRetry-After: 1e9999", "503", True, None),
        ("500 Internal Server Error", "500", True, None),
        ("599 Odd", "599", True, None),
        ("408 Request Timeout", "408", True, None),
        ("401 Unauthorized", "refused the credential", False, None),
        ("403 Forbidden\r\nRetry-After: 7", "refused the credential", False, None),
        ("400 Bad Request", "400", False, None),
        ("301 Moved\r\nLocation: /elsewhere", "redirect", False, None),
    ],
)
async def test_a_status_that_is_no_success_says_whether_to_come_again(
    head: str, said: str, retryable: bool, retry_after_s: float | None
) -> None:
    async with asking(answering(head, b"<html>secret stack trace</html>")) as source:
        error = await refusal(source)
        assert said in error.what
        assert error.retryable is retryable
        assert error.retry_after_s == retry_after_s
        assert "stack trace" not in str(error)


async def test_a_redirect_is_never_followed() -> None:
    followed: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        followed.append(await reader.readuntil(b"\r\n\r\n"))

    server = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asking(answering(f"302 Found\r\nLocation: http://127.0.0.1:{port}/steal")) as source:
        await refusal(source)
    server.close()
    assert followed == []


async def test_cookies_of_one_answer_are_not_sent_with_the_next_request() -> None:
    requests: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readuntil(b"\r\n\r\n"):
            requests.append(request)
            writer.write(f"HTTP/1.1 {JSON}\r\nSet-Cookie: who=anna\r\nContent-Length: 2\r\n\r\n{{}}".encode())

    async with asking(handle) as source:
        await source.fetch(["c-1"], [])
        await source.fetch(["c-2"], [])
    assert len(requests) == 2
    assert b"anna" not in requests[1]


async def test_an_answer_announced_as_too_long_is_refused_before_it_is_read() -> None:
    async with asking(answering(JSON, b"{", length=10_000_000), max_bytes=1_000_000) as source:
        error = await refusal(source)
        assert "more than 1000000 bytes" in error.what
        assert not error.retryable


async def test_ten_megabytes_without_announcement_are_refused_at_the_limit() -> None:
    sent = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {JSON}\r\nConnection: close\r\n\r\n[".encode())
        for _ in range(1_000):
            writer.write(b'{"id": 1},' * 1_000)
            await writer.drain()
            sent += 10_000

    async with asking(handle, max_bytes=100_000) as source:
        error = await refusal(source)
        assert "more than 100000 bytes" in error.what
    assert sent < 10_000_000


async def test_a_small_answer_that_unpacks_to_much_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b'{"a": "' + b"A" * 200_000_000 + b'"}', compresslevel=9)
    assert len(bomb) < 250_000
    async with asking(answering(f"{JSON}\r\nContent-Encoding: gzip", bomb), max_bytes=1_000_000) as source:
        tracemalloc.start()
        error = await refusal(source)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert "more than 1000000 bytes" in error.what
    assert peak_bytes < 20_000_000


@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000,
        b"\x00" * 50,
    ],
)
async def test_a_server_that_closes_or_speaks_something_else_is_an_error(greeting: bytes) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(greeting)
        await writer.drain()

    async with asking(handle) as source:
        await refusal(source)


async def test_an_answer_that_breaks_off_is_an_error_and_worth_asking_again() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f'HTTP/1.1 {JSON}\r\nContent-Length: 100\r\n\r\n{{"name":'.encode())
        await writer.drain()

    async with asking(handle) as source:
        error = await refusal(source)
        assert "cut its answer short" in error.what
        assert error.retryable


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\n", f"HTTP/1.1 {JSON}\r\nContent-Length: 9\r\n\r\n{{".encode()]
)
async def test_a_server_that_never_finishes_is_given_up_and_harms_no_later_call(start: bytes) -> None:
    slow = True
    asked = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            if slow:
                writer.write(start)
                asked.set()
                await asyncio.sleep(PATIENCE_S)
            writer.write(f'HTTP/1.1 {JSON}\r\nContent-Length: 15\r\n\r\n{{"name":"Anna"}}'.encode())

    async with asking(handle, connections=1) as source:
        for _ in range(3):
            asked.clear()
            call = asyncio.ensure_future(source.fetch(["c-1"], []))
            await asyncio.wait_for(asked.wait(), PATIENCE_S)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            assert call.cancelled()
        slow = False
        answer = await asyncio.wait_for(source.fetch(["c-2"], []), PATIENCE_S)
        assert answer.rows == {"c-2": {"name": "Anna"}}


async def test_a_caller_without_a_deadline_is_answered_all_the_same() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(PATIENCE_S)

    async with asking(handle, timeout_ms=1) as source:
        error = await refusal(source)
        assert "did not answer in time" in error.what
        assert error.retryable


async def test_a_server_that_is_not_there_is_an_error_worth_asking_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/{{key}}"
        source = make_http("crm", config.HttpSource(url=url), read_secret=lambda *_: "", clock=FakeClock())
        error = await refusal(source)
        await source.close()
    assert "cannot be reached" in error.what
    assert error.retryable


async def test_a_batch_at_an_address_that_does_not_exist_is_no_batch_of_unknown_customers() -> None:
    async with asking(answering("404 Not Found"), batch={}) as source:
        error = await refusal(source)
        assert "404" in error.what
        assert not error.retryable


@pytest.mark.parametrize("records", [None, {}, "text", {"rows": 1}, 7])
async def test_a_batch_answer_without_its_list_is_an_error(records: object) -> None:
    async with asking(answering(JSON, orjson.dumps({"results": records})), batch={"records": "results"}) as source:
        error = await refusal(source)
        assert "wanted a list of rows" in error.what
        assert not error.retryable


async def test_what_is_no_row_in_a_batch_answer_is_counted_and_null_is_skipped() -> None:
    body = orjson.dumps([None, "text", 7, [], {"id": "c-1", "name": "Anna"}])
    async with asking(answering(JSON, body), batch={}) as source:
        assert await source.fetch(["c-1"], []) == Answer({"c-1": {"id": "c-1", "name": "Anna"}}, foreign_rows=3)


async def test_a_path_whose_function_cannot_take_a_row_leaves_that_row_alone_without_a_key() -> None:
    body = orjson.dumps([{"id": 7}, {"id": ["c", "1"]}])
    async with asking(answering(JSON, body), batch={"key": "join('-', id)"}) as source:
        assert await source.fetch(["c-1"], []) == Answer({"c-1": {"id": ["c", "1"]}}, foreign_rows=1)


async def test_the_age_a_cache_gives_is_when_the_rows_were_true() -> None:
    async with asking(answering(f"{JSON}\r\nAge: 90", b"{}")) as source:
        answer = await source.fetch(["c-1"], [])
        assert answer.as_of == datetime(2025, 12, 31, 23, 58, 30, tzinfo=UTC)


@pytest.mark.parametrize("age", ["-1", "soon", "1e3", "9" * 30, ""])
async def test_an_age_that_is_none_says_nothing(age: str) -> None:
    async with asking(answering(f"{JSON}\r\nAge: {age}", b"{}")) as source:
        assert (await source.fetch(["c-1"], [])).as_of is None


async def test_rows_nested_deeper_than_python_compares_end_in_no_crash() -> None:
    deep = b'{"id": "c-1", "deep": ' + b"[" * 1_015 + b"]" * 1_015 + b"}"
    async with asking(answering(JSON, b"[" + deep + b"," + deep + b"]"), batch={}) as source:
        answer = await source.fetch(["c-1"], [])
        assert [*answer.rows, *answer.row_errors] == ["c-1"]
