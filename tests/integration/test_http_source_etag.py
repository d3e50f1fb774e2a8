"""A source's ETag over real sockets: what did not change is not sent again, and nobody gets another's answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from livemerge import config
from livemerge.clock import FakeClock
from livemerge.errors import SourceError
from livemerge.sources.http import HttpSource, make_http


class Versioned:
    """A server that knows which version of a row its reader has."""

    def __init__(self) -> None:
        self.etag = 'W/"1"'
        self.row = b'{"name": "Anna"}'
        self.headers = {"Cache-Control": "max-age=60", "Age": "40"}
        self.statuses: list[int] = []
        self.is_confused = False  # answers 304 whatever it is asked

    async def answer(self, request: web.Request) -> web.Response:
        has_it = request.headers.get("If-None-Match") == self.etag or self.is_confused
        self.statuses.append(304 if has_it else 200)
        if has_it:
            return web.Response(status=304, headers={"ETag": self.etag, "Cache-Control": "max-age=5"})
        headers = {"ETag": self.etag, **self.headers}
        return web.Response(body=self.row, content_type="application/json", headers=headers)


@pytest.fixture
def server() -> Versioned:
    return Versioned()


@pytest.fixture
async def source(server: Versioned) -> AsyncIterator[HttpSource]:
    app = web.Application()
    app.add_routes([web.get("/{key}", server.answer)])
    async with TestServer(app) as running:
        section = config.HttpSource(url=str(running.make_url("/")) + "{key}", max_bytes=300_000)
        made = make_http("crm", section, read_secret=lambda reference, where: "", clock=FakeClock())
        yield made
        await made.close()


async def name_of(source: HttpSource, key: str = "c1") -> object:
    return (await source.fetch([key], [])).rows[key]["name"]


async def test_a_row_that_did_not_change_is_not_sent_again(server: Versioned, source: HttpSource) -> None:
    assert [await name_of(source) for _ in range(3)] == ["Anna"] * 3
    assert server.statuses == [200, 304, 304]


async def test_a_row_that_changed_is_the_new_one_from_then_on(server: Versioned, source: HttpSource) -> None:
    await name_of(source)
    server.etag, server.row = '"2"', b'{"name": "Anne"}'
    assert [await name_of(source) for _ in range(2)] == ["Anne"] * 2
    assert server.statuses == [200, 200, 304]


async def test_one_customers_version_is_no_other_customers(server: Versioned, source: HttpSource) -> None:
    await name_of(source)
    await name_of(source, "c2")
    assert server.statuses == [200, 200]


async def test_freshness_is_by_the_word_of_the_304_and_its_age_begins_anew(
    server: Versioned, source: HttpSource
) -> None:
    first = await source.fetch(["c1"], [])
    again = await source.fetch(["c1"], [])
    assert (first.fresh_for_s, again.fresh_for_s) == (60.0, 5.0)
    assert first.as_of is not None
    assert again.as_of is None  # true now


@pytest.mark.parametrize("row", [b'{"name": ', b"[1]", b'{"name": "' + b"x" * 262_144 + b'"}'])
async def test_what_cannot_be_read_or_is_large_is_sent_again(server: Versioned, source: HttpSource, row: bytes) -> None:
    server.row = row
    for _ in range(2):
        try:
            await source.fetch(["c1"], [])
        except SourceError:
            continue
    assert server.statuses == [200, 200]


@pytest.mark.parametrize("etag", ["1", '"' + "x" * 500 + '"', '"a" "b"', ""])
async def test_what_is_no_etag_is_not_sent_back(server: Versioned, source: HttpSource, etag: str) -> None:
    server.etag = etag
    assert [await name_of(source) for _ in range(2)] == ["Anna"] * 2
    assert server.statuses == [200, 200]


async def test_what_must_not_be_stored_is_sent_again(server: Versioned, source: HttpSource) -> None:
    server.headers = {"Cache-Control": "private, no-store"}
    await name_of(source)
    await name_of(source)
    assert server.statuses == [200, 200]


async def test_a_304_that_nobody_asked_for_is_an_error(server: Versioned, source: HttpSource) -> None:
    server.is_confused = True
    with pytest.raises(SourceError, match="304"):
        await source.fetch(["c1"], [])
