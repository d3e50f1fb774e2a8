"""A real Varnish in front, as it comes: what a cache between us and the callers may never do."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from livemerge import Livemerge
from livemerge.cli.web import bind, serve_faces

VARNISH = shutil.which("varnishd") or shutil.which("varnishd", path="/usr/sbin")

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(VARNISH is None, reason="Debian's package varnish is not installed"),
]

PROJECT = """
[source.people]
kind = "table"
path = "people.csv"
key = "id"

[field.first_name]
source = "people"
type = "text"
max_age = "1h"

[feed.news]
path = "news.csv"
max_age = "1h"

[cdn]
purge = "http://127.0.0.1:{front}/"
headers = {{ Surrogate-Key = "{{key}}" }}
"""
BANNER = '+++\nsubject = "x"\n+++\n<p>{word} for all</p>\n'
SOON_S = 30.0  # a change is purged within some seconds

# What a CDN's purge by surrogate key does, in Varnish's own words; everything else is as it comes.
PURGING = """
vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{port}"; }}
sub vcl_recv {{
    if (req.method == "PURGE") {{
        ban("obj.http.surrogate-key ~ (^|\\s)" + req.http.surrogate-key + "(\\s|$)");
        return (synth(200, "Purged"));
    }}
}}
sub vcl_deliver {{
    set resp.http.x-hits = obj.hits;
}}
"""


class Front:
    """A project, served behind Varnish."""

    def __init__(self, project: Livemerge, url: str, client: aiohttp.ClientSession) -> None:
        self.folder = project.settings.root
        self.project = project
        self._url = url
        self._client = client

    async def ask(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, bytes, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._client.request(method, self._url + path, headers=named) as response:
            return response.status, await response.read(), response.headers

    async def keeps(self, path: str, key: str) -> bool:
        """Whether an answer comes from the cache, soon: it is purged now and then meanwhile."""
        async with asyncio.timeout(SOON_S):
            while (await self.ask(path, X_API_Key=key))[2]["x-hits"] in ("0", None):
                await asyncio.sleep(0.1)
        return True

    async def soon(self, path: str, key: str, is_so: Callable[[int, bytes], bool]) -> bool:
        """Whether it is answered so, soon."""
        async with asyncio.timeout(SOON_S):
            while True:
                status, body, _ = await self.ask(path, X_API_Key=key)
                if is_so(status, body):
                    return True
                await asyncio.sleep(0.1)


def rules_for(port: int) -> Path:
    """A folder that Varnish's own user can enter, with its rules for a backend on this port."""
    folder = Path(tempfile.mkdtemp(prefix="livemerge-varnish-"))
    folder.chmod(0o755)
    (folder / "front.vcl").write_text(PURGING.format(port=port))
    return folder


@pytest.fixture
async def front(tmp_path: Path, free_port: Callable[[], int], start_server: Callable[..., Any]) -> AsyncIterator[Front]:
    listening, port = bind("127.0.0.1", 0), free_port()
    (tmp_path / "livemerge.toml").write_text(PROJECT.format(front=port))
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "banner.liquid.html").write_text(BANNER.format(word="Shoes"))
    (tmp_path / "people.csv").write_text("id,first_name\nc1,Anna\n")
    (tmp_path / "news.csv").write_text("title,price\nShoes,9\n")
    folder = rules_for(listening.getsockname()[1])
    options = ["-F", "-a", f"127.0.0.1:{port}", "-f", str(folder / "front.vcl"), "-n", str(folder / "work")]
    assert VARNISH is not None
    async with Livemerge.open(tmp_path) as project, serve_faces(project, listening), aiohttp.ClientSession() as client:
        varnish = start_server(port, VARNISH, *options, "-s", "malloc,16m", "-j", "none")
        try:
            yield Front(project, f"http://127.0.0.1:{port}", client)
        finally:
            varnish.terminate()
            varnish.wait()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
async def test_a_personal_answer_is_nobody_elses(front: Front, header: str) -> None:
    made = front.project.keys.create("esp")
    proof = {header: made.key if header == "X-API-Key" else f"Bearer {made.key}"}
    path = "/api/customer-profile/c1"
    for _ in range(2):
        status, body, headers = await front.ask(path, **proof)
        assert (status, b"Anna" in body, headers["x-hits"]) == (200, True, "0")
        assert headers["Cache-Control"] == "private, no-store"
    status, body, _ = await front.ask(path)
    assert (status, b"Anna" in body) == (401, False)
    front.project.keys.revoke(made.prefix)
    status, body, _ = await front.ask(path, **proof)
    assert (status, b"Anna" in body) == (401, False)


async def test_a_refusal_is_not_kept_for_who_comes_with_a_key(front: Front) -> None:
    path = "/api/customer-profile/c1"
    assert (await front.ask(path))[0] == 401
    made = front.project.keys.create("esp")
    assert (await front.ask(path, X_API_Key=made.key))[0] == 200


async def test_a_feed_is_kept_for_its_reader_and_only_for_who_has_a_key(front: Front) -> None:
    made = front.project.keys.create("esp")
    first = await front.ask("/api/feed/news", X_API_Key=made.key)
    assert (first[0], first[2]["x-hits"]) == (200, "0")
    assert await front.keeps("/api/feed/news", made.key)
    assert (await front.ask("/api/feed/news", X_API_Key=made.key))[1] == first[1]
    assert b"Shoes" in first[1]
    for stranger in ({}, {"X_API_Key": made.key[:-1] + "x"}):
        status, body, _ = await front.ask("/api/feed/news", **stranger)
        assert (status, b"Shoes" in body) == (401, False)


async def test_a_key_that_was_revoked_is_soon_shut_out_of_what_is_kept_too(front: Front) -> None:
    made, other = front.project.keys.create("esp"), front.project.keys.create("other")
    assert await front.keeps("/api/feed/news", made.key)
    front.project.keys.revoke(made.prefix)
    assert await front.soon("/api/feed/news", made.key, lambda status, body: status == 401)
    assert (await front.ask("/api/feed/news", X_API_Key=other.key))[0] == 200


async def test_a_feed_that_its_reader_has_is_not_sent_again(front: Front) -> None:
    made = front.project.keys.create("esp")
    _, _, headers = await front.ask("/api/feed/news", X_API_Key=made.key)
    status, body, _ = await front.ask("/api/feed/news", X_API_Key=made.key, If_None_Match=headers["ETag"])
    assert (status, body) == (304, b"")


@pytest.mark.parametrize("path", ["/api/feed/news", "/api/content/banner.liquid.html/c1"])
async def test_what_changed_is_soon_shown_though_it_was_kept(front: Front, path: str) -> None:
    made = front.project.keys.create("esp")
    assert await front.keeps(path, made.key)
    assert b"Shoes" in (await front.ask(path, X_API_Key=made.key))[1]
    (front.folder / "news.csv").write_text("title,price\nSocks and more,9\n")
    (front.folder / "templates" / "banner.liquid.html").write_text(BANNER.format(word="Socks and more"))
    assert await front.soon(path, made.key, lambda status, body: b"Socks and more" in body)
    assert await front.keeps(path, made.key)


async def test_content_that_its_reader_has_is_not_sent_again(front: Front) -> None:
    made = front.project.keys.create("esp")
    path = "/api/content/banner.liquid.html/c1"
    _, _, headers = await front.ask(path, X_API_Key=made.key)
    status, body, _ = await front.ask(path, X_API_Key=made.key, If_None_Match=headers["ETag"])
    assert (status, body) == (304, b"")
