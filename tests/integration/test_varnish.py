"""A real Varnish in front, as it comes: what a cache between us and the callers may never do."""

from __future__ import annotations

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
"""

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
        self.project = project
        self._url = url
        self._client = client

    async def ask(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, bytes, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._client.request(method, self._url + path, headers=named) as response:
            return response.status, await response.read(), response.headers


def rules_for(port: int) -> Path:
    """A folder that Varnish's own user can enter, with its rules for a backend on this port."""
    folder = Path(tempfile.mkdtemp(prefix="livemerge-varnish-"))
    folder.chmod(0o755)
    (folder / "front.vcl").write_text(PURGING.format(port=port))
    return folder


@pytest.fixture
async def front(tmp_path: Path, free_port: Callable[[], int], start_server: Callable[..., Any]) -> AsyncIterator[Front]:
    (tmp_path / "livemerge.toml").write_text(PROJECT)
    (tmp_path / "people.csv").write_text("id,first_name\nc1,Anna\n")
    (tmp_path / "news.csv").write_text("title,price\nShoes,9\n")
    listening, port = bind("127.0.0.1", 0), free_port()
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
    again = await front.ask("/api/feed/news", X_API_Key=made.key)
    assert (first[0], first[2]["x-hits"], again[2]["x-hits"]) == (200, "0", "1")
    assert again[1] == first[1]
    assert b"Shoes" in first[1]
    for stranger in ({}, {"X_API_Key": made.key[:-1] + "x"}):
        status, body, _ = await front.ask("/api/feed/news", **stranger)
        assert (status, b"Shoes" in body) == (401, False)


async def test_after_a_key_was_revoked_a_purge_of_everything_shuts_it_out(front: Front) -> None:
    made = front.project.keys.create("esp")
    assert (await front.ask("/api/feed/news", X_API_Key=made.key))[0] == 200
    front.project.keys.revoke(made.prefix)
    assert (await front.ask("/", method="PURGE", Surrogate_Key="livemerge"))[0] == 200
    assert (await front.ask("/api/feed/news", X_API_Key=made.key))[0] == 401


async def test_a_feed_that_its_reader_has_is_not_sent_again(front: Front) -> None:
    made = front.project.keys.create("esp")
    _, _, headers = await front.ask("/api/feed/news", X_API_Key=made.key)
    status, body, _ = await front.ask("/api/feed/news", X_API_Key=made.key, If_None_Match=headers["ETag"])
    assert (status, body) == (304, b"")


async def test_a_feed_that_changed_is_asked_for_again_when_its_surrogate_key_is_purged(front: Front) -> None:
    made = front.project.keys.create("esp")
    await front.ask("/api/feed/news", X_API_Key=made.key)
    assert (await front.ask("/api/feed/news", X_API_Key=made.key))[2]["x-hits"] == "1"
    assert (await front.ask("/", method="PURGE", Surrogate_Key="feed-other"))[0] == 200
    assert (await front.ask("/api/feed/news", X_API_Key=made.key))[2]["x-hits"] == "2"
    assert (await front.ask("/", method="PURGE", Surrogate_Key="feed-news"))[0] == 200
    assert (await front.ask("/api/feed/news", X_API_Key=made.key))[2]["x-hits"] == "0"
