"""The API over a real project: tables on disk, an HTTP source on loopback that can hang, keys, links, refusals."""

import asyncio
import base64
import re
import socket
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from aiohttp import web

from livemerge.access.log import FLUSH_ROWS
from livemerge.api.make import make_api
from livemerge.app import Livemerge
from livemerge.message import sign

TOML = """
[source.people]
kind = "table"
path = "people.csv"
key = "customer_id"

[source.slow]
kind = "http"
url = "{url}/{{key}}"
timeout_ms = 5000

[field.first_name]
source = "people"
type = "text"
fallback = "there"
alias = ["FNAME"]

[field.points]
source = "people"
type = "integer"
max_age = "0s"

[field.iban]
source = "people"
type = "text"
private = true
purpose = "refunds"

[field.city]
source = "slow"
type = "text"
fallback = "your city"
"""
PEOPLE = "customer_id,first_name,points,iban\nc-1,Ann,1290,XX00 1234\na/b?c=ü,Odd,7,\nc-3,,nonsense,\n"
TEMPLATE = (
    '+++\nsubject = "Hi {{ first_name }}"\n+++\n<p>Hi {{ first_name }}<a href="{{ unsubscribe_url }}">no</a></p>\n'
)
CAMPAIGN = """
name = "hello"
template = "hello.liquid.html"
audience = { table = "people", key = "customer_id", address = "first_name" }
from = "Shop <news@shop.example>"
transport = "outbox"
"""


class SlowSource:
    """An HTTP source that answers when it is let, and counts who asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = asyncio.Event()
        self.url = ""

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{key:.+}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.match_info["key"])
        await self.answers.wait()
        return web.json_response({"city": "Ghent"})


@pytest.fixture
async def slow() -> AsyncIterator[SlowSource]:
    source = SlowSource()
    runner = await source.start()
    yield source
    source.answers.set()
    await runner.cleanup()


@pytest.fixture
async def project(tmp_path: Path, slow: SlowSource) -> AsyncIterator[Livemerge]:
    (tmp_path / "livemerge.toml").write_text(TOML.format(url=slow.url))
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "hello.liquid.html").write_text(TEMPLATE)
    async with Livemerge.open(tmp_path) as opened:
        yield opened


@pytest.fixture
async def client(project: Livemerge) -> AsyncIterator[httpx.AsyncClient]:
    key = project.keys.create("test").key
    async with _client(project, {"X-API-Key": key}) as opened:
        yield opened


def _client(project: Livemerge, headers: dict[str, str], *, deadline_s: float = 0.15) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(make_api(project, deadline_s=deadline_s), client=("192.0.2.7", 1234))
    return httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers)


PATH = "/api/customer-profile"


async def test_a_profile_is_complete_typed_and_says_where_the_time_went(
    client: httpx.AsyncClient, slow: SlowSource
) -> None:
    slow.answers.set()
    response = await client.get(f"{PATH}/c-1")
    assert response.status_code == 200
    answer = response.json()
    assert list(answer)[:6] == ["ok", "found", "source", "as_of", "age_s", "request_id"]
    assert (answer["ok"], answer["found"], answer["source"]) == (True, True, "live")
    assert (answer["first_name"], answer["points"], answer["points_display"]) == ("Ann", 1290, "1,290")
    assert answer["city"] == "Ghent"
    assert "iban" not in answer
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["x-request-id"] == answer["request_id"]
    assert int(response.headers["content-length"]) == len(response.content)
    timing = response.headers["server-timing"]
    assert re.fullmatch(r"total;dur=[\d.]+, resolve;dur=[\d.]+, people;dur=[\d.]+, slow;dur=[\d.]+", timing)


async def test_a_source_that_hangs_costs_its_fields_and_nothing_else(client: httpx.AsyncClient) -> None:
    answer = (await client.get(f"{PATH}/c-1?explain=1")).json()
    assert (answer["first_name"], answer["city"], answer["source"]) == ("Ann", "your city", "default")
    provenance = answer["provenance"]
    assert (provenance["city"]["step"], provenance["city"]["cause"]) == ("fallback", "late")
    assert (provenance["first_name"]["step"], provenance["first_name"]["cause"]) == ("live", None)
    assert set(provenance["city"]) == {"step", "source", "fetched_at", "as_of", "age_s", "cause"}


async def test_fewer_fields_call_fewer_sources(client: httpx.AsyncClient, slow: SlowSource) -> None:
    response = await client.get(f"{PATH}/c-1?fields=points,first_name")
    assert [name for name in response.json() if not name.endswith("_display")][6:] == ["points", "first_name"]
    assert slow.asked == []
    assert "slow;" not in response.headers["server-timing"]


async def test_a_post_asks_the_same_way(client: httpx.AsyncClient, slow: SlowSource) -> None:
    response = await client.post(f"{PATH}/c-1", json={"fields": ["first_name"], "explain": True})
    assert response.json()["first_name"] == "Ann"
    assert list(response.json()["provenance"]) == ["first_name"]
    assert slow.asked == []


async def test_keys_are_percent_encoded_in_the_path(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{PATH}/a%2Fb%3Fc%3D%C3%BC?fields=first_name")
    assert (response.json()["first_name"], response.json()["found"]) == ("Odd", True)


async def test_an_unknown_customer_gets_the_declared_fallbacks(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{PATH}/nobody?fields=first_name,points")
    answer = response.json()
    assert (response.status_code, answer["found"], answer["source"]) == (200, False, "default")
    assert (answer["first_name"], answer["points"], answer["points_display"]) == ("there", 0, "")


async def test_a_value_of_the_wrong_type_is_a_fallback_not_a_failure(client: httpx.AsyncClient) -> None:
    answer = (await client.get(f"{PATH}/c-3?fields=points,first_name&explain=1")).json()
    assert answer["provenance"]["points"]["cause"] == "wrong_type"
    assert answer["provenance"]["first_name"]["cause"] == "absent"


async def test_a_private_field_needs_a_key_that_names_it(project: Livemerge, client: httpx.AsyncClient) -> None:
    answer = (await client.get(f"{PATH}/c-1?fields=iban&explain=1")).json()
    assert (answer["iban"], answer["provenance"]["iban"]["cause"]) == ("", "withheld")
    scoped = project.keys.create("refunds", scopes=["private:iban"]).key
    answer = (await client.get(f"{PATH}/c-1?fields=iban", headers={"X-API-Key": scoped})).json()
    assert answer["iban"] == "XX00 1234"


async def test_every_way_to_send_a_key_opens_but_the_query(project: Livemerge) -> None:
    key = project.keys.create("test").key
    ways = [
        {"X-API-Key": key},
        {"Authorization": f"Bearer {key}"},
        {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()},
        {"Authorization": "Basic " + base64.b64encode(f"x:{key}".encode()).decode()},
    ]
    async with _client(project, {}) as client:
        opened = [await client.get(f"{PATH}/c-1?fields=points", headers=way) for way in ways]
        refused = await client.get(f"{PATH}/c-1?fields=points&key={key}&api_key={key}&X-API-Key={key}")
    assert [response.status_code for response in opened] == [200] * 4
    assert refused.status_code == 403
    assert "--allow-query" in refused.json()["error"]["advice"]


async def test_a_missing_wrong_or_revoked_key_is_told_how_to_come_in(project: Livemerge) -> None:
    made = project.keys.create("old")
    project.keys.revoke(made.prefix)
    async with _client(project, {}) as client:
        for headers in ({}, {"X-API-Key": "lm_x"}, {"X-API-Key": made.key}):
            response = await client.get(f"{PATH}/c-1", headers=headers)
            assert response.status_code == 401
            assert response.headers["www-authenticate"].startswith("Bearer ")
            assert response.json()["ok"] is False
            assert response.json()["error"]["advice"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"{PATH}/c-1?fields=frist_name", "`first_name`"),
        (f"{PATH}/c-1?fields=FNAME", "`first_name`"),
        (f"{PATH}/c-1?fields=,", "fields=a,b"),
        (f"{PATH}/", "percent-encoded"),
        (f"{PATH}/a%00b", "percent-encoded"),
    ],
)
async def test_a_request_that_makes_no_sense_is_told_why(client: httpx.AsyncClient, path: str, told: str) -> None:
    response = await client.get(path)
    assert response.status_code == 400
    assert told in response.json()["error"]["advice"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"fields": 3}', b'{"fields": [1]}'])
async def test_a_body_that_makes_no_sense_is_told_why(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post(f"{PATH}/c-1", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["ok"]) == (400, False)


async def test_a_body_is_read_no_further_than_its_bound(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 1000

    assert (await client.post(f"{PATH}/c-1", content=b" " * 70_000)).status_code == 413
    assert (await client.post(f"{PATH}/c-1", content=endless())).status_code == 413


async def test_each_request_leaves_a_row_in_the_access_log(project: Livemerge, client: httpx.AsyncClient) -> None:
    await client.get(f"{PATH}/c-1?fields=points,iban")
    await client.get(f"{PATH}/c-1?fields=nope")
    await client.get(f"{PATH}/c-1", headers={"X-API-Key": "wrong"})
    prefix = project.keys.ls()[0].prefix
    rows = project.access_log.ls(customer="c-1")
    assert sorted((row.outcome, row.key_prefix, row.fields) for row in rows) == sorted(
        [("ok", prefix, ("points", "iban")), ("refused", prefix, ()), ("refused", "", ())]
    )
    assert {row.remote for row in rows} == {"192.0.2.7"}


async def test_the_store_gone_still_gives_the_fallbacks(project: Livemerge) -> None:
    key = project.keys.create("test").key
    async with _client(project, {"X-API-Key": key}) as client:
        await client.get(f"{PATH}/c-1?fields=nope")  # the key is remembered for some seconds
        project.store.run("DROP TABLE override")
        response = await client.get(f"{PATH}/c-1?fields=first_name")
    assert (response.status_code, response.json()["first_name"], response.json()["source"]) == (200, "there", "default")


# -- links -------------------------------------------------------------------------------------------------------------


def _token(project: Livemerge, kind: Any) -> str:
    return sign(project.link_secret, kind, "hello", "once", "c-1")


async def test_opening_an_unsubscribe_link_changes_nothing_and_posting_does(project: Livemerge) -> None:
    token = _token(project, "u")
    async with _client(project, {}) as client:
        asked = await client.get(f"/u/{token}")
        assert asked.status_code == 200
        assert '<form method="post"' in asked.text
        assert not project.suppressions.is_suppressed("c-1")
        for _ in range(2):
            done = await client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
            assert done.status_code == 200
        assert project.suppressions.is_suppressed("c-1")
        assert "set-cookie" not in done.headers
        assert "<form" not in (await client.get(f"/u/{token}")).text


async def test_a_link_of_another_kind_or_maker_opens_nothing(project: Livemerge) -> None:
    good = _token(project, "u")
    async with _client(project, {}) as client:
        for token in ("x", good[:-1], good + "A", _token(project, "v"), sign(b"x" * 32, "u", "hello", "once", "c-1")):
            for response in (await client.get(f"/u/{token}"), await client.post(f"/u/{token}")):
                assert response.status_code == 404
                assert "c-1" not in response.text
    assert not project.suppressions.is_suppressed("c-1")


async def test_preferences_offer_to_unsubscribe(project: Livemerge) -> None:
    async with _client(project, {}) as client:
        page = await client.get(f"/p/{_token(project, 'p')}")
        action = re.search(r'action="\.\.(/u/[^"]+)"', page.text)
        assert action
        assert (await client.post(action[1])).status_code == 200
    assert project.suppressions.is_suppressed("c-1")


async def test_a_message_nobody_kept_is_said_to_be_gone(project: Livemerge) -> None:
    async with _client(project, {}) as client:
        response = await client.get(f"/v/{_token(project, 'v')}")
    assert response.status_code == 404
    assert "can no longer be shown" in response.text


async def test_a_message_that_was_sent_is_shown_without_scripts(tmp_path: Path, project: Livemerge) -> None:
    text = (tmp_path / "livemerge.toml").read_text() + '\n[transport.outbox]\nkind = "maildir"\npath = "outbox"\n'
    (tmp_path / "livemerge.toml").write_text(text)
    (tmp_path / "audience.csv").write_text("customer_id,email\nc-1,ann@shop.example\n")
    (tmp_path / "campaigns").mkdir()
    audience = 'audience = { csv = "audience.csv", key = "customer_id", address = "email" }'
    (tmp_path / "campaigns" / "hello.toml").write_text(re.sub("audience = .*", audience, CAMPAIGN))
    async with Livemerge.open(tmp_path) as again:
        summary = await again.send("campaigns/hello.toml")
        assert summary.states["sent"] == 1
        token = sign(again.link_secret, "v", "hello", summary.occurrence, "c-1")
        async with _client(again, {}) as client:
            response = await client.get(f"/v/{token}")
    assert response.status_code == 200
    assert "Hi Ann" in response.text
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy


# -- everything else ---------------------------------------------------------------------------------------------------


async def test_health_is_answered_without_a_key(project: Livemerge) -> None:
    async with _client(project, {}) as client:
        assert (await client.get("/healthz")).json() == {"ok": True}
        assert (await client.get("/readyz")).json() == {"ok": True}
        project.store.close()


async def test_what_is_not_there_is_json_too(client: httpx.AsyncClient) -> None:
    for response in (await client.get("/nope"), await client.delete("/healthz")):
        assert response.status_code in (404, 405)
        assert response.json()["ok"] is False


async def test_the_description_names_this_projects_fields_and_ways_in(client: httpx.AsyncClient) -> None:
    openapi = (await client.get("/openapi.json")).json()
    ways = {"apiKey", "bearer", "basic", "oauth2", "signedToken", "signedId", "queryKey"}
    assert set(openapi["components"]["securitySchemes"]) == ways
    operations = openapi["paths"]["/api/customer-profile/{customer_id}"]
    schema = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["properties"]["points"]["type"] == "integer"
    assert "iban" not in schema["properties"]
    ids = [told["operationId"] for path in openapi["paths"].values() for told in path.values()]
    assert len(ids) == len(set(ids))


async def test_the_description_tells_the_truth_about_an_answer(client: httpx.AsyncClient) -> None:
    openapi = (await client.get("/openapi.json")).json()
    operation = openapi["paths"]["/api/customer-profile/{customer_id}"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    answer = (await client.get(f"{PATH}/c-1")).json()
    assert set(answer) == set(schema["properties"]) - {"provenance"}
    kinds = {"string": str, "integer": int, "boolean": bool, "number": (int, float), "array": list}
    for name, told in schema["properties"].items():
        if "type" in told and name in answer:
            assert isinstance(answer[name], kinds[told["type"]]), name


async def test_the_docs_page_asks_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert "/api/customer-profile/{customer_id}" in page
    assert not re.search(r'(src|href)=["\']?(https?:)?//', page)


async def test_the_docs_page_says_what_a_body_holds(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert "application/json: ids (needed), fields" in page


# -- over a real server ------------------------------------------------------------------------------------------------


@pytest.fixture
async def served(project: Livemerge) -> AsyncIterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_api(project), log_level="error", lifespan="on"))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await running


@pytest.mark.parametrize("key", ["a/b?c=ü", "c-1"])
async def test_any_key_crosses_the_wire(project: Livemerge, served: str, key: str) -> None:
    headers = {"X-API-Key": project.keys.create("test").key}
    async with httpx.AsyncClient(base_url=served, headers=headers) as client:
        response = await client.get(f"{PATH}/{quote(key, safe='')}", params={"fields": "first_name"})
    assert (response.status_code, response.json()["found"]) == (200, True)


@pytest.mark.parametrize("key", ["%0A", "%00", "a%0D%0Ab", "..%2F..%2Fetc", "%FF", "%ED%A0%80", "x" * 3000, "%20"])
async def test_hostile_keys_are_answered_and_never_break_the_server(project: Livemerge, served: str, key: str) -> None:
    headers = {"X-API-Key": project.keys.create("test").key}
    async with httpx.AsyncClient(base_url=served, headers=headers) as client:
        response = await client.get(f"{PATH}/{key}?fields=first_name")
    assert response.status_code < 500
    assert isinstance(response.json()["ok"], bool)


async def test_while_another_process_writes_nobody_waits_and_an_unsubscribe_is_not_lost(project: Livemerge) -> None:
    """A large campaign's plan holds the store for seconds. Profiles are read on, and whoever unsubscribes has it."""
    other = sqlite3.connect(project.store.place, isolation_level=None)
    key = project.keys.create("test").key
    app = make_api(project)
    async with app.router.lifespan_context(app), _client(project, {"X-API-Key": key}) as client:
        other.execute("BEGIN IMMEDIATE")
        unsubscribing = asyncio.create_task(client.post(f"/u/{_token(project, 'u')}"))
        for number in range(FLUSH_ROWS + 1):  # so many that the access log is due
            await client.get(f"{PATH}/c-{number}?fields=first_name")
        assert not unsubscribing.done()
        assert other.in_transaction  # all of them were answered before it ended
        other.execute("ROLLBACK")
        assert (await unsubscribing).status_code == 200
    assert project.suppressions.is_suppressed("c-1")
    assert len(project.access_log.ls(most=1_000)) == FLUSH_ROWS + 1
    other.close()


async def test_a_caller_who_hangs_up_in_the_middle_of_a_body_is_no_error_of_the_server(
    project: Livemerge, served: str, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = served.removeprefix("http://").split(":")
    head = f"POST {PATH}/c-1 HTTP/1.1\r\nHost: x\r\nX-API-Key: {project.keys.create('test').key}\r\n"
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(30):
        while not project.access_log.ls():
            await asyncio.sleep(0.01)
    assert [row.outcome for row in project.access_log.ls()] == ["refused"]
    assert "Exception" not in caplog.text


async def test_the_access_log_is_written_when_the_server_stops(project: Livemerge) -> None:
    app = make_api(project)
    async with app.router.lifespan_context(app), _client(project, {}) as client:
        await client.get(f"{PATH}/c-1")
    assert project.store.rows("SELECT outcome FROM access_log")[0]["outcome"] == "refused"
    assert project.store.row("SELECT 1")  # the project stays open: it is the caller's
