"""The reading paths over a real project: views in every shape, batch, text, feed, content, simulation, prefetch."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from aiohttp import web

from livemerge.access.keys import Conditions
from livemerge.api.make import make_api
from livemerge.app import Livemerge
from livemerge.template import compile  # noqa: A004

TOML = """
[source.people]
kind = "table"
path = "people.csv"
key = "customer_id"

[source.bought]
kind = "http"
url = "{url}/{{key}}"
timeout_ms = 5000

[source.catalogue]
kind = "table"
path = "products.csv"
key = "product_id"
by = "items[].product_id"

[field.first_name]
source = "people"
type = "text"
max_age = "1h"
stale_for = "1h"
fallback = "there"

[field.points]
source = "people"
type = "integer"
max_age = "1h"

[field.bio]
source = "people"
type = "html"
max_age = "1h"

[field.iban]
source = "people"
type = "text"
private = true

[field.tier]
source = "people"
type = "text"
required = true
max_age = "1h"

[field.items]
source = "bought"
type = "list"
max_age = "1h"

[field.price]
source = "catalogue"
type = "money"
max_age = "1h"

[view.welcome]
fields = ["first_name", "points", "bio"]

[view.basket]
fields = ["first_name", "items"]
shape = "rows"
deadline_ms = 400

[view.basket_xml]
fields = ["first_name", "points", "items"]
shape = "xml"

[view.plain]
fields = ["points"]
shape = "text"

[view.strict]
fields = ["first_name"]
on_miss = "error"

[view.silent]
fields = ["first_name"]
on_miss = "empty"

[view.loyal]
fields = ["first_name", "tier"]
on_miss = "error"

[view.scenario]
fields = ["first_name"]
on_miss = "error"
esp = "bloomreach"

[view.link]
fields = ["first_name"]
escape = "url"

[view.iterable]
fields = ["first_name"]
esp = "iterable"

[view.secret]
fields = ["first_name", "iban"]

[feed.offers]
source = "catalogue"
columns = ["name", "price"]
limit = 2

[feed.broken]
path = "nowhere.csv"

[transport.outbox]
kind = "maildir"
path = "outbox"
"""
PEOPLE = """customer_id,first_name,points,bio,iban,tier,email
c-1,Zoë & <Co> %%x%% {{y}} {%z,1290,<b>Hi</b> {{z}},XX00,gold,zoe@example.com
c-2,Ann,7,,,,ann@example.com
42,Bob,1,,,silver,bob@example.com
"""
PRODUCTS = "product_id,name,price\np-1,Boots,89.9\np-2,Søcks <new>,5\np-3,Hat,20\n"
HELLO = '+++\nsubject = "Hi"\n+++\n<p>Hi {{ first_name }}, {{ points }}, {{ customer_id }} {{ email }}.</p>\n'
CAMPAIGN = """
name = "hello"
template = "hello.liquid.html"
audience = { csv = "people.csv" }
from = "Shop <news@shop.example>"
transport = "outbox"
"""


@pytest.fixture
async def bought() -> AsyncIterator[dict[str, Any]]:
    """A source of lists: `url`, whom it was asked for (`asked`), and how long it takes (`wait_s`)."""
    source: dict[str, Any] = {"asked": [], "wait_s": 0.0}

    async def answer(request: web.Request) -> web.Response:
        source["asked"].append(request.match_info["key"])
        await asyncio.sleep(source["wait_s"])
        return web.json_response({"items": [{"product_id": "p-1"}, {"product_id": "p-2"}]})

    app = web.Application()
    app.router.add_get("/{key:.+}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    source["url"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield source
    await runner.cleanup()


@pytest.fixture
async def project(tmp_path: Path, bought: dict[str, Any]) -> AsyncIterator[Livemerge]:
    files = {
        "livemerge.toml": TOML.replace("{url}", bought["url"]).replace("{{key}}", "{key}"),
        "people.csv": PEOPLE,
        "products.csv": PRODUCTS,
        "templates/hello.liquid.html": HELLO,
        "templates/banner.liquid.html": '+++\nsubject = "x"\n+++\n<p>Sale until {{ "2026-12-01" }}</p>\n',
        "templates/private.liquid.html": '+++\nsubject = "x"\n+++\n<p>{{ iban }}</p>\n',
        "templates/loyal.liquid.html": '+++\nsubject = "x"\n+++\n<p>{{ tier }}</p>\n',
        "templates/broken.liquid.html": '+++\nsubject = "x"\n+++\n{% if %}\n',
        "campaigns/hello.toml": CAMPAIGN,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    async with Livemerge.open(tmp_path) as opened:
        yield opened


@pytest.fixture
async def client(project: Livemerge) -> AsyncIterator[httpx.AsyncClient]:
    key = project.keys.create("test", conditions=Conditions(is_test=True)).key
    transport = httpx.ASGITransport(make_api(project, deadline_s=1.0))
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers={"X-API-Key": key}) as opened:
        yield opened


def _key(project: Livemerge, *scopes: str, **conditions: Any) -> dict[str, str]:
    return {"X-API-Key": project.keys.create("k", scopes=scopes, conditions=Conditions(**conditions)).key}


# -- views ---------------------------------------------------------------------------------------------------


async def test_a_view_is_one_flat_object_with_twins_and_headers(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/views/welcome?id=c-2&unheard=of")
    answer = response.json()
    assert (answer["ok"], answer["found"], answer["first_name"], answer["points"]) == (True, True, "Ann", 7)
    assert (answer["points_display"], answer["bio"]) == ("7", "")
    assert set(answer) == {"ok", "found", "source", "as_of", "age_s", "request_id"} | {
        "first_name",
        "points",
        "points_display",
        "bio",
    }
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["x-request-id"] == answer["request_id"]
    assert response.headers["server-timing"].startswith("total;dur=")


async def test_a_prepared_answer_says_the_same_as_the_one_before(client: httpx.AsyncClient) -> None:
    answers = [(await client.get("/api/views/welcome?id=c-1")).json() for _ in range(3)]
    assert len({answer.pop("request_id") for answer in answers}) == 3
    assert answers[1]["source"] == "cache"
    assert [answer["first_name"] for answer in answers] == [answers[0]["first_name"]] * 3


async def test_texts_are_escaped_for_html_and_cannot_begin_code(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/views/welcome?id=c-1")).json()
    assert answer["first_name"] == "Zoë &amp; &lt;Co&gt; &#37;%x&#37;% &#123;{y}} &#123;%z"
    assert answer["bio"] == "<b>Hi</b> &#123;{z}}"


async def test_a_view_escapes_as_it_says(client: httpx.AsyncClient) -> None:
    raw = (await client.get("/api/views/iterable?id=c-1")).json()["first_name"]
    assert raw == "Zoë & <Co> %%x%% {{y}} {%z"
    link = (await client.get("/api/views/link?id=c-1")).json()["first_name"]
    assert link.startswith("Zo%C3%AB%20%26%20%3CCo%3E%20%25%25x")


async def test_rows_are_one_row_that_ampscript_makes_columns_of(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/views/basket?id=c-1&ascii=1")
    assert response.content.isascii()
    answer = response.json()
    assert set(answer["rows"][0]) == {"found", "source", "first_name"}
    assert [item["product_id"] for item in answer["items"]] == ["p-1", "p-2"]
    assert [item["price_display"] for item in answer["items"]] == ["89.90", "5.00"]
    read = (
        '%%[ SET @r = Row(BuildRowsetFromJSON(@body, "$.rows[*]", 1), 1) '
        'SET @items = BuildRowsetFromJSON(@body, "$.items[*]", 1) ]%%'
        '%%=Field(@r, "first_name", 0)=%%|%%=RowCount(@items)=%%|%%=Field(Row(@items, 2), "price_display")=%%'
    )
    source = read.replace("@body", "[body]")
    shown = compile(source, language="ampscript", escape=None).render({"attributes": {"body": response.text}})
    assert shown == "Zoë &amp; &lt;Co&gt; &#37;%x&#37;% &#123;{y}} &#123;%z|2|5.00"


@pytest.mark.parametrize("ascii_", ["0", "1"])
async def test_xml_is_read_by_ampscript_and_by_every_parser(client: httpx.AsyncClient, ascii_: str) -> None:
    response = await client.get(f"/api/views/basket_xml?id=c-1&ascii={ascii_}")
    assert response.headers["content-type"] == "application/xml; charset=utf-8"
    root = ElementTree.fromstring(response.content)
    assert root.find("rows").attrib["points"] == "1290"  # type: ignore[union-attr]
    assert [item.attrib["product_id"] for item in root.findall("items")] == ["p-1", "p-2"]
    source = (
        '%%[ SET @r = Row(BuildRowsetFromXML([body], "/answer/rows", 1), 1) ]%%'
        '%%=Field(@r, "first_name_att", 0)=%%|%%=Field(@r, "points_att", 0)=%%'
    )
    shown = compile(source, language="ampscript", escape=None).render({"attributes": {"body": response.text}})
    assert shown == "Zoë &amp; &lt;Co&gt; &#37;%x&#37;% &#123;{y}} &#123;%z|1290"


async def test_a_text_view_is_the_bare_value(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/views/plain?id=c-1")
    assert (response.text, response.headers["content-type"]) == ("1290", "text/plain; charset=utf-8")


async def test_the_shape_may_be_asked_for(client: httpx.AsyncClient) -> None:
    assert "rows" in (await client.get("/api/views/welcome?id=c-1&shape=rows")).json()
    assert (await client.get("/api/views/welcome?id=c-1&shape=text")).status_code == 400
    refused = await client.get("/api/views/welcome?id=c-1&shape=row")
    assert refused.json()["error"] == {"what": "`row` is no shape", "advice": "Did you mean `rows`?"}


@pytest.mark.parametrize(
    ("view", "id_", "status", "body"),
    [
        ("welcome", "nobody", 200, None),
        ("strict", "nobody", 404, None),
        ("strict", "c-2", 200, None),
        ("silent", "nobody", 200, b""),
        ("loyal", "c-2", 404, None),
        ("loyal", "c-1", 200, None),
    ],
)
async def test_a_miss_gives_what_the_view_says(
    client: httpx.AsyncClient, view: str, id_: str, status: int, body: bytes | None
) -> None:
    for _ in range(2):  # the second time from what is known
        response = await client.get(f"/api/views/{view}?id={id_}")
        assert response.status_code == status
        assert body is None or response.content == body


async def test_an_unknown_customer_gets_typed_fallbacks(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/views/welcome?id=nobody")).json()
    assert (answer["found"], answer["source"], answer["first_name"], answer["points"]) == (
        False,
        "default",
        "there",
        0,
    )


async def test_bloomreach_never_gets_a_400_or_404_for_one_customer(
    project: Livemerge, client: httpx.AsyncClient
) -> None:
    missed = await client.get("/api/views/scenario?id=nobody")
    assert (missed.status_code, missed.json()["ok"], missed.json()["found"]) == (200, False, False)
    headers = _key(project, esp="bloomreach")
    for path in (
        "/api/views/welcome",
        "/api/views/unheard_of?id=c-1",
        "/api/customer-profile/%20",
        "/api/text/unheard_of?id=c-1",
        "/api/content/hello.liquid.html/%01",
    ):
        response = await client.get(path, headers=headers)
        assert (response.status_code, response.json()["ok"], response.json()["found"]) == (200, False, False)
    assert (await client.get("/api/views/welcome?id=c-1", headers={"X-API-Key": "wrong"})).status_code == 401


async def test_identity_comes_from_query_or_body(client: httpx.AsyncClient) -> None:
    for sent in ({"id": "c-2"}, {"id": "c-2", "more": 1}):
        assert (await client.post("/api/views/welcome", json=sent)).json()["first_name"] == "Ann"
    assert (await client.post("/api/views/welcome", json={"id": 42})).json()["first_name"] == "Bob"
    assert (await client.post("/api/views/welcome?id=c-2", content=b"")).json()["first_name"] == "Ann"
    for refused in ({}, {"id": None}, {"id": ["c-1"]}, {"id": True}):
        assert (await client.post("/api/views/welcome", json=refused)).status_code == 400


async def test_a_form_names_the_customer_as_json_does(client: httpx.AsyncClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/api/views/welcome?shape=object", "/api/text/first_name"):
        for body in (b"id=c-2", b"more=1&id=c-2", b' {"id": "c-2"}'):  # the last is what curl -d sends
            response = await client.post(path, content=body, headers=form)
            assert (response.status_code, "Ann" in response.text) == (200, True)
    assert (await client.post("/api/views/welcome", content=b"&".join([b"a=1"] * 200), headers=form)).status_code == 400


@pytest.mark.parametrize("id_", ["", " ", "a\n", "x" * 513])
async def test_a_contact_without_a_usable_id_is_a_customer_nobody_knows(client: httpx.AsyncClient, id_: str) -> None:
    told = await client.get("/api/views/welcome", params={"id": id_})
    assert (told.status_code, told.json()["found"], told.json()["first_name"]) == (200, False, "there")
    posted = await client.post("/api/views/welcome", json={"id": id_})
    assert (posted.status_code, posted.json()["found"]) == (200, False)
    assert (await client.get("/api/views/strict", params={"id": id_})).status_code == 404
    assert (await client.get("/api/views/silent", params={"id": id_})).content == b""
    text = await client.get("/api/text/first_name", params={"id": id_, "default": "you"})
    assert (text.status_code, text.text) == (200, "you")


async def test_the_access_log_says_who_was_nobody_also_when_the_answer_was_prepared(
    project: Livemerge, client: httpx.AsyncClient
) -> None:
    for _ in range(3):
        assert (await client.get("/api/views/welcome?id=nobody")).json()["found"] is False
    assert [row.outcome for row in project.access_log.ls(customer="nobody")] == ["not_found"] * 3


async def test_several_ids_are_answered_by_key(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/views/strict", json={"ids": ["c-2", "nobody", 42]})
    profiles = response.json()["profiles"]
    assert profiles["c-2"]["first_name"] == "Ann"
    assert profiles["nobody"] == {"ok": False, "found": False}
    assert profiles["42"]["first_name"] == "Bob"
    assert (await client.post("/api/views/plain", json={"ids": ["c-2"]})).status_code == 400


async def test_a_key_reads_only_its_views_and_private_fields_only_by_name(
    project: Livemerge, client: httpx.AsyncClient
) -> None:
    narrow = _key(project, "view:welcome")
    assert (await client.get("/api/views/welcome?id=c-1", headers=narrow)).status_code == 200
    for path in ("/api/views/plain?id=c-1", "/api/text/first_name?id=c-1", "/api/feed/offers"):
        assert (await client.get(path, headers=narrow)).status_code == 403
    assert (await client.get("/api/views/secret?id=c-1")).json()["iban"] == ""
    named = _key(project, "view:secret", "private:iban")
    assert (await client.get("/api/views/secret?id=c-1", headers=named)).json()["iban"] == "XX00"


async def test_a_source_that_is_late_costs_its_field_within_the_views_deadline(
    client: httpx.AsyncClient, bought: dict[str, Any]
) -> None:
    bought["wait_s"] = 3.0
    response = await client.get("/api/views/basket?id=c-1")
    answer = response.json()
    assert (response.status_code, answer["items"], answer["source"]) == (200, [], "default")
    assert answer["first_name"].startswith("Zoë")


# -- batch ---------------------------------------------------------------------------------------------------


async def test_a_batch_has_an_answer_for_each_and_one_bad_key_harms_no_other(client: httpx.AsyncClient) -> None:
    body = {"ids": ["c-1", "c-2", "nobody", "", 42, None, "c-1"], "fields": ["first_name", "points"]}
    response = await client.post("/api/customer-profiles", json=body)
    assert response.status_code == 200
    profiles = response.json()["profiles"]
    assert [name for name, one in profiles.items() if one["ok"]] == ["c-1", "c-2", "nobody", "42"]
    assert profiles["c-2"]["first_name"] == "Ann"
    assert (profiles["nobody"]["found"], profiles["nobody"]["first_name"]) == (False, "there")
    assert profiles[""]["error"]["what"] == "the customer's key is empty or has control characters"
    assert profiles["null"]["error"]["what"] == "this is no customer's key"


@pytest.mark.parametrize("cut", [b"\\ud83d", b"\xed\xa0\xbd", b"\xf0\x9f"])
async def test_half_a_character_in_one_key_harms_no_other(client: httpx.AsyncClient, cut: bytes) -> None:
    body = b'{"ids": ["c-2", "Zo%b"], "fields": ["first_name"]}' % cut
    response = await client.post("/api/customer-profiles", content=body, headers={"Content-Type": "application/json"})
    known, broken = response.json()["profiles"].values()
    assert (response.status_code, known["first_name"], broken["found"]) == (200, "Ann", False)


async def test_what_is_no_json_is_told(client: httpx.AsyncClient) -> None:
    for body in (b'{"ids": [NaN]}', b'{"ids": ["c-2"]', b"[" * 20_000, b'{"ids": [%b]}' % (b"9" * 9_000)):
        refused = await client.post("/api/customer-profiles", content=body)
        assert (refused.status_code, refused.json()["error"]["what"][:20]) == (400, "the body is not JSON")


async def test_a_batch_of_what_is_known_says_what_single_answers_say(client: httpx.AsyncClient) -> None:
    ids = ["c-1", "c-2", "nobody", "42"]
    body = {"ids": ids, "fields": ["first_name", "points", "items"]}
    whole = [(await client.post("/api/customer-profiles", json=body)).json() for _ in range(2)]
    single = {
        key: (await client.get(f"/api/customer-profile/{key}?fields=first_name,points,items")).json() for key in ids
    }
    assert whole[1]["profiles"]["c-2"]["source"] == "cache"
    for key in ids:
        assert set(single[key]) - set(whole[0]["profiles"][key]) == {"request_id"}
        for volatile in ("source", "as_of", "age_s", "request_id"):
            for answer in (single[key], whole[0]["profiles"][key], whole[1]["profiles"][key]):
                answer.pop(volatile, None)
        assert whole[0]["profiles"][key] == whole[1]["profiles"][key] == single[key]


@pytest.mark.parametrize(
    ("view", "missed"),
    [("strict", {"ok": False, "found": False}), ("silent", {}), ("loyal", {"ok": False, "found": False})],
)
async def test_a_batch_says_of_the_missed_what_the_view_says_each_time(
    client: httpx.AsyncClient, view: str, missed: dict[str, Any]
) -> None:
    for _ in range(2):  # the second time from what is known
        response = await client.post(f"/api/views/{view}?ascii=1", json={"ids": ["c-1", "nobody", "Zoë"]})
        assert response.content.isascii()
        profiles = response.json()["profiles"]
        assert (profiles["nobody"], profiles["Zoë"]) == (missed, missed)
        assert profiles["c-1"]["first_name"].startswith("Zoë")


async def test_a_batch_has_a_bound(client: httpx.AsyncClient) -> None:
    most = await client.post(
        "/api/customer-profiles", json={"ids": [f"n-{n}" for n in range(1_000)], "fields": ["points"]}
    )
    assert len(most.json()["profiles"]) == 1_000
    more = await client.post("/api/customer-profiles", json={"ids": [f"n-{n}" for n in range(1_001)]})
    assert more.status_code == 400
    for wrong in ({}, {"ids": []}, {"ids": "c-1"}, {"ids": ["c-1"], "fields": "a"}, {"ids": ["c-1"], "fields": ["no"]}):
        assert (await client.post("/api/customer-profiles", json=wrong)).status_code == 400


async def test_who_asks_in_another_way_is_told_which_ways_there_are(client: httpx.AsyncClient) -> None:
    for path, method, allowed in (
        ("/api/customer-profiles", "GET", "POST"),
        ("/api/views/welcome", "PUT", "GET, HEAD, POST"),
        ("/oauth/token", "GET", "POST"),
    ):
        refused = await client.request(method, path)
        assert (refused.status_code, refused.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/.well-known/jwks.json", "/api/feed/offers"])
async def test_a_head_is_answered_as_a_get_without_its_body(client: httpx.AsyncClient, path: str) -> None:
    asked, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == asked.headers["content-type"]


# -- text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("points?id=c-1", "1290"),
        ("points_display?id=c-1", "1,290"),
        ("first_name?id=c-2", "Ann"),
        ("first_name?id=nobody", "there"),
        ("first_name?id=nobody&default=friend", "friend"),
        ("first_name?id=c-2&default=friend", "Ann"),
        ("first_name?id=c-1&escape=none", "Zoë & <Co> %%x%% {{y}} {%z"),
        ("first_name?id=c-1&ascii=1", "Zo&#235; &amp; &lt;Co&gt; &#37;%x&#37;% &#123;{y}} &#123;%z"),
        ("bio?id=c-1", "<b>Hi</b> &#123;{z}}"),
    ],
)
async def test_a_text_is_one_value(client: httpx.AsyncClient, asked: str, text: str) -> None:
    response = await client.get(f"/api/text/{asked}")
    assert (response.status_code, response.text) == (200, text)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "asked", ["items?id=c-1", "nope?id=c-1", "points", "points?id=c-1&escape=xml", "bio_display?id=1"]
)
async def test_what_is_no_text_is_refused(client: httpx.AsyncClient, asked: str) -> None:
    assert (await client.get(f"/api/text/{asked}")).status_code == 400


# -- feeds ---------------------------------------------------------------------------------------------------


async def test_a_feed_is_small_shared_and_may_be_kept(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/feed/offers")
    answer = response.json()
    assert answer["items"] == [{"name": "Boots", "price": "89.9"}, {"name": "Søcks &lt;new&gt;", "price": "5"}]
    assert (answer["ok"], answer["source"]) == (True, "live")
    assert response.headers["cache-control"] == "public, max-age=60, s-maxage=900"
    assert response.headers["surrogate-key"] == "livemerge feed-offers"
    tag = (await client.get("/api/feed/offers")).headers["etag"]
    again = await client.get("/api/feed/offers", headers={"If-None-Match": f'"x", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert "content-length" not in again.headers  # it would be the length of what is not sent (RFC 9110 §8.6)


async def test_a_feed_shows_a_changed_file(project: Livemerge, client: httpx.AsyncClient) -> None:
    before = await client.get("/api/feed/offers")
    (project.settings.root / "products.csv").write_text("product_id,name,price\np-9,Gloves,10\n")
    after = await client.get("/api/feed/offers", headers={"If-None-Match": before.headers["etag"]})
    assert [item["name"] for item in after.json()["items"]] == ["Gloves"]


async def test_a_feed_that_cannot_be_read_is_empty_and_kept_by_nobody(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/feed/broken")
    assert (response.status_code, response.json()["items"], response.json()["source"]) == (200, [], "default")
    assert response.headers["cache-control"] == "no-cache"


async def test_a_feed_whose_file_is_broken_shows_what_it_was(project: Livemerge, client: httpx.AsyncClient) -> None:
    await client.get("/api/feed/offers")
    (project.settings.root / "products.csv").write_bytes(b"product_id,name,price\n\xff,x,1\n")
    answer = (await client.get("/api/feed/offers")).json()
    assert (answer["source"], len(answer["items"])) == ("stale", 2)


# -- content -------------------------------------------------------------------------------------------------


async def test_content_is_the_html_for_one_customer(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/content/hello.liquid.html/c-2")
    assert response.text == "<p>Hi Ann, 7, c-2 .</p>\n"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "private, no-store"


async def test_content_without_any_customers_data_may_be_kept(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/content/banner.liquid.html/c-2")
    assert "Sale until 2026-12-01" in response.text
    assert response.headers["cache-control"] == "public, max-age=0, s-maxage=60"
    tag = response.headers["etag"]
    again = await client.get("/api/content/banner.liquid.html/c-1", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await client.get("/api/content/banner.liquid.html/c-1", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


async def test_content_is_limited_to_the_keys_fields(project: Livemerge, client: httpx.AsyncClient) -> None:
    path = "/api/content/private.liquid.html/c-1"
    assert (await client.get(path)).status_code == 403
    named = _key(project, "content:private.liquid.html", "private:iban")
    assert (await client.get(path, headers=named)).text == "<p>XX00</p>\n"
    assert (await client.get("/api/content/hello.liquid.html/c-1", headers=named)).status_code == 403


async def test_content_is_empty_for_who_gets_none(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/content/loyal.liquid.html/c-2")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    ("name", "status"),
    [("nope.liquid.html", 400), ("..%2Flivemerge.toml", 400), ("%2Fetc%2Fpasswd", 400), ("broken.liquid.html", 500)],
)
async def test_only_templates_of_the_project_are_rendered(client: httpx.AsyncClient, name: str, status: int) -> None:
    response = await client.get(f"/api/content/{name}/c-1")
    assert (response.status_code, response.json()["ok"]) == (status, False)


# -- simulation ----------------------------------------------------------------------------------------------


async def test_a_test_key_sees_what_goes_wrong_and_nothing_of_it_stays(client: httpx.AsyncClient) -> None:
    first = (await client.get("/api/views/welcome?id=c-2")).json()
    missed = (await client.get("/api/views/welcome?id=c-2&simulate=miss")).json()
    assert (missed["found"], missed["first_name"], missed["points"]) == (False, "there", 0)
    stale = (await client.get("/api/views/welcome?id=c-2&simulate=stale")).json()
    assert (stale["source"], stale["first_name"]) == ("stale", "Ann")
    assert stale["age_s"] > 3_600
    assert (await client.get("/api/views/welcome?id=c-2&simulate=500")).status_code == 500
    again = (await client.get("/api/views/welcome?id=c-2")).json()
    assert (again["first_name"], again["points"], again["found"]) == ("Ann", 7, first["found"])


async def test_a_profile_is_simulated_like_a_view_whether_it_is_known_or_not(client: httpx.AsyncClient) -> None:
    path = "/api/customer-profile/c-2?fields=first_name"
    for _ in range(2):
        missed = (await client.get(f"{path}&simulate=miss")).json()
        assert (missed["found"], missed["source"], missed["first_name"]) == (False, "default", "there")
        assert (await client.get(f"{path}&simulate=stale")).json()["source"] == "stale"
        assert (await client.post(f"{path}&simulate=500")).status_code == 500
        assert (await client.get(f"{path}&simulate=nonsense")).status_code == 400
        assert (await client.get(path)).json()["first_name"] == "Ann"


async def test_a_keys_service_gives_its_deadline_to_profiles_too(project: Livemerge, bought: dict[str, Any]) -> None:
    bought["wait_s"] = 0.4
    transport = httpx.ASGITransport(make_api(project, deadline_s=0.05))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        patient, hasty = _key(project, esp="braze"), _key(project)
        late = await client.get("/api/customer-profile/c-1?fields=items", headers=hasty)
        in_time = await client.get("/api/customer-profile/c-2?fields=items", headers=patient)
    assert (late.json()["source"], in_time.json()["source"]) == ("default", "live")


async def test_a_batch_is_simulated_whether_it_is_known_or_not(client: httpx.AsyncClient) -> None:
    for _ in range(2):  # the second time what is simulated is in the cache
        batch = await client.post("/api/customer-profiles?simulate=miss", json={"ids": ["c-2"]})
        assert batch.json()["profiles"]["c-2"]["first_name"] == "there"
        assert (await client.get("/api/customer-profile/c-2")).json()["first_name"] == "Ann"


async def test_simulating_needs_a_test_key(project: Livemerge, client: httpx.AsyncClient) -> None:
    for path in ("views/welcome?id=c-2&", "text/points?id=c-2&", "feed/offers?", "customer-profile/c-2?"):
        refused = await client.get(f"/api/{path}simulate=miss", headers=_key(project))
        assert refused.status_code == 403
    assert (await client.get("/api/views/welcome?id=c-2&simulate=mis")).status_code == 400


async def test_slow_comes_after_the_deadline(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/views/basket?id=c-1&simulate=slow")
    assert float(response.headers["server-timing"].split("total;dur=")[1].split(",")[0]) >= 800.0


# -- prefetch ------------------------------------------------------------------------------------------------


async def _job(client: httpx.AsyncClient, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """A prefetch, when it is over."""
    taken = await client.post("/api/prefetch", json=body, headers=headers)
    assert taken.status_code == 202
    async with asyncio.timeout(20):
        while True:
            told: dict[str, Any] = (
                await client.get(f"/api/prefetch?job={taken.json()['job']}", headers=headers)
            ).json()
            if told["state"] != "running":
                return told
            await asyncio.sleep(0.01)


async def test_a_prefetch_fills_the_cache_before_the_send(
    project: Livemerge, client: httpx.AsyncClient, bought: dict[str, Any]
) -> None:
    headers = _key(project, "prefetch", "view:basket")
    told = await _job(client, {"view": "basket", "ids": ["c-1", "c-2", "nobody", None]}, headers)
    assert (told["state"], told["total"], told["done"]) == ("done", 3, 3)
    asked = len(bought["asked"])
    answer = (await client.get("/api/views/basket?id=c-1")).json()
    assert (answer["source"], len(bought["asked"])) == ("cache", asked)


@pytest.mark.parametrize("told", [{"id": "c-1"}, {"ids": ["c-1", None], "source": "bought"}])
async def test_who_changed_is_asked_for_anew(
    project: Livemerge, client: httpx.AsyncClient, bought: dict[str, Any], told: dict[str, Any]
) -> None:
    for _ in range(2):
        await client.get("/api/views/basket?id=c-1")
    assert bought["asked"].count("c-1") == 1
    answer = await client.post("/api/changed", json=told, headers=_key(project, "track"))
    assert (answer.status_code, answer.json()["changed"]) == (200, 1)
    await client.get("/api/views/basket?id=c-1")
    assert bought["asked"].count("c-1") == 2


async def test_what_changed_is_told_only_by_who_may_and_of_somebody(
    project: Livemerge, client: httpx.AsyncClient
) -> None:
    assert (await client.post("/api/changed", json={"ids": ["c-1"]})).status_code == 403
    headers = _key(project, "track")
    assert (await client.get("/api/changed", headers=headers)).status_code == 405
    for body in (
        {},
        {"ids": []},
        {"ids": [""]},
        {"id": None},
        {"id": "c-1", "source": "nobody"},
        {"id": 1.5},
        {"id": 1, "source": []},
    ):
        assert (await client.post("/api/changed", json=body, headers=headers)).status_code == 400


async def test_a_person_sees_how_the_sources_answer(
    project: Livemerge, client: httpx.AsyncClient, bought: dict[str, Any]
) -> None:
    assert (await client.get("/api/sources")).status_code == 403
    headers = _key(project, "sources")
    await client.get("/api/views/basket?id=c-1")
    bought["wait_s"] = 3.0
    await client.get("/api/views/basket?id=c-2")
    sources = (await client.get("/api/sources", headers=headers)).json()["sources"]
    assert set(sources) == set(project.settings.source)
    told = sources["bought"]
    assert (told["state"], told["answered"]) == ("closed", 1)
    assert 0 < told["p50_ms"] <= told["p99_ms"]


async def test_a_prefetch_takes_a_campaigns_audience(project: Livemerge, client: httpx.AsyncClient) -> None:
    headers = _key(project, "prefetch", "view:welcome")
    told = await _job(client, {"view": "welcome", "campaign": "hello.toml"}, headers)
    assert (told["state"], told["total"], told["found"]) == ("done", 3, 3)


async def test_a_prefetch_refuses_what_it_cannot_do(project: Livemerge, client: httpx.AsyncClient) -> None:
    headers = _key(project, "prefetch", "view:welcome")
    assert (await client.post("/api/prefetch", json={"view": "welcome", "ids": ["c-1"]})).status_code == 403
    for body, status in (
        ({}, 400),
        ({"view": "welcome"}, 400),
        ({"view": "welcome", "campaign": "../livemerge.toml"}, 400),
        ({"view": "plain", "ids": ["c-1"]}, 403),
    ):
        assert (await client.post("/api/prefetch", json=body, headers=headers)).status_code == status
    assert (await client.get("/api/prefetch?job=p_1", headers=headers)).status_code == 404


# -- the rest ------------------------------------------------------------------------------------------------


async def test_every_read_of_a_customer_stands_in_the_access_log(project: Livemerge, client: httpx.AsyncClient) -> None:
    await client.get("/api/views/welcome?id=c-2")
    await client.get("/api/text/points?id=c-2")
    await client.get("/api/content/hello.liquid.html/c-2")
    await client.post("/api/customer-profiles", json={"ids": ["c-2"], "fields": ["points"]})
    rows = project.access_log.ls(customer="c-2")
    assert sorted(row.fields for row in rows) == sorted(
        [("first_name", "points", "bio"), ("points",), ("first_name", "points"), ("points",)]
    )


async def test_a_kept_answer_about_nobody_is_logged_as_such(project: Livemerge, client: httpx.AsyncClient) -> None:
    for _ in range(3):  # who tries ids must not look like a reader of customers from the second try on
        await client.get("/api/views/welcome?id=nobody")
        await client.post("/api/customer-profiles", json={"ids": ["nobody"], "fields": ["points"]})
    assert {row.outcome for row in project.access_log.ls(customer="nobody")} == {"not_found"}


async def test_openapi_names_exactly_what_is_answered(project: Livemerge, client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    api = make_api(project)
    assert {path for path in paths if path.startswith("/api/")} == set(api.reading.patterns)
    assert paths["/api/views/{view}"]["get"]["parameters"][0]["schema"]["enum"] == sorted(project.catalog.views)
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names))
