"""docs/how-to/sign-recipients.md: its lines, rendered by our own front ends, make addresses that the API lets in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from livemerge.access import Conditions, NewKey
from livemerge.api.make import make_api
from livemerge.app import Livemerge
from livemerge.template import compile  # noqa: A004

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "sign-recipients.md"
BLOCKS = re.findall(
    r"^```(ampscript|liquid|handlebars|python)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S
)
TOML = """
[source.people]
kind = "table"
path = "people.csv"
key = "customer_id"

[field.first_name]
source = "people"
type = "text"
fallback = "there"

[view.welcome]
fields = ["first_name"]

[view.other]
fields = ["first_name"]

[source.offers]
kind = "table"
path = "offers.csv"
key = "sku"

[feed.offers]
source = "offers"
"""
CUSTOMERS = ["c-1", "zoë@example.com"]


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Livemerge]:
    (tmp_path / "livemerge.toml").write_text(TOML)
    (tmp_path / "people.csv").write_text("customer_id,first_name\nc-1,Ann\nzoë@example.com,Zoë\n", encoding="utf-8")
    (tmp_path / "offers.csv").write_text("sku,title\nb-1,Boots\n")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "hello.liquid.html").write_text("<p>Hi {{ first_name }}</p>")
    async with Livemerge.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def made(project: Livemerge) -> NewKey:
    return project.keys.create("esp", conditions=Conditions(allow_query=True))


def filled(block: str, project: Livemerge, made: NewKey) -> str:
    secrets = project.signatures.secrets_of(made.prefix)
    ends_s = int(project.clock.now().timestamp()) + 3600
    words = {"SECRET": secrets.secret, "OUTER": secrets.outer, "INNER": secrets.inner, "EXP": str(ends_s)}
    words |= {"KEY": made.key, "PREFIX": made.prefix}
    return re.sub(r"\b(SECRET|OUTER|INNER|EXP|KEY|PREFIX)\b", lambda word: words[word[1]], block)


def address(kind: str, source: str, customer: str) -> str:
    """What the template prints for the customer."""
    data: dict[str, Any]
    match kind:
        case "ampscript":
            template = compile(source, language="ampscript", escape=None)
            data = {"attributes": {"_subscriberkey": customer}}
        case "liquid":
            template = compile(source, language="liquid", dialect="braze", escape=None)
            data = {"user_id": customer, "userId": customer}
        case _:
            template = compile(source, language="handlebars", dialect="iterable", escape=None)
            data = {"userId": customer}
    return template.render(data).strip()


def client_of(project: Livemerge) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(make_api(project), client=("192.0.2.7", 1234))
    return httpx.AsyncClient(transport=transport, base_url="https://live.example")


def test_the_page_has_every_way() -> None:
    assert [kind for kind, _ in BLOCKS] == ["ampscript", "liquid", "handlebars", "python", "ampscript"]


@pytest.mark.parametrize("customer", CUSTOMERS)
@pytest.mark.parametrize("number", [0, 1, 2, 4])
async def test_what_an_esp_signs_opens_its_customer_and_no_other(
    project: Livemerge, made: NewKey, number: int, customer: str
) -> None:
    kind, block = BLOCKS[number]
    url = urlsplit(address(kind, filled(block, project, made), customer))
    async with client_of(project) as client:
        opened = await client.get(f"{url.path}?{url.query}")
        other = await client.get(f"{url.path}?{re.sub(r'(?<=&id=).*', 'c-2', url.query)}")
    assert (opened.status_code, opened.json()["first_name"]) == (200, {"c-1": "Ann"}.get(customer, "Zoë"))
    assert other.status_code == 403


def test_the_program_makes_the_hash_that_is_checked(project: Livemerge, made: NewKey) -> None:
    names: dict[str, Any] = {}
    exec(BLOCKS[3][1], names)  # noqa: S102  the block is ours
    secrets = project.signatures.secrets_of(made.prefix)
    for customer in CUSTOMERS:
        proof = names["proof"](secrets.outer, secrets.inner, customer)
        assert project.signatures.proves(made.prefix, customer, proof)
        assert not project.signatures.proves(made.prefix, customer + "x", proof)


def token(project: Livemerge, made: NewKey, **claims: Any) -> str:
    ends_s = int(project.clock.now().timestamp()) + 600
    secret = OctKey.import_key(project.signatures.secrets_of(made.prefix).secret)
    return jwt.encode({"alg": "HS256"}, {"iss": made.prefix, "sub": "c-1", "exp": ends_s, **claims}, secret)


READS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "profile": ("GET", "/api/customer-profile/{}", {}),
    "view": ("GET", "/api/views/welcome?id={}", {}),
    "view by body": ("POST", "/api/views/welcome", {"id": "{}"}),
    "several by body": ("POST", "/api/views/welcome", {"ids": ["{}"]}),
    "batch": ("POST", "/api/customer-profiles", {"ids": ["{}"]}),
    "text": ("GET", "/api/text/first_name?id={}", {}),
    "content": ("GET", "/api/content/hello.liquid.html/{}", {}),
}


async def status_of(client: httpx.AsyncClient, how: str, customer: str, **query: str) -> int:
    method, path, body = READS[how]
    sent = {name: customer if value == "{}" else [customer] for name, value in body.items()}
    path = path.format(customer)
    path += ("&" if "?" in path else "?") + urlencode(query)
    return (await client.request(method, path, json=sent or None)).status_code


@pytest.mark.parametrize("how", READS)
async def test_no_way_of_reading_leads_from_one_customers_token_to_another(
    project: Livemerge, made: NewKey, how: str
) -> None:
    async with client_of(project) as client:
        statuses = [await status_of(client, how, customer, t=token(project, made)) for customer in ("c-1", "c-2")]
    assert statuses == [200, 403]


@pytest.mark.parametrize("how", READS)
async def test_no_way_of_reading_opens_to_a_bare_key_in_the_address(project: Livemerge, made: NewKey, how: str) -> None:
    async with client_of(project) as client:
        statuses = [await status_of(client, how, customer, key=made.key) for customer in ("c-1", "nobody")]
    assert statuses == [403, 403]


async def test_more_than_the_signed_customer_is_refused_in_one_request(project: Livemerge, made: NewKey) -> None:
    async with client_of(project) as client:
        for path in ("/api/customer-profiles", "/api/views/welcome"):
            several = await client.post(f"{path}?t={token(project, made)}", json={"ids": ["c-1", "c-2"]})
            assert several.status_code == 403


async def test_a_token_for_a_view_opens_that_view_alone(project: Livemerge, made: NewKey) -> None:
    narrow = token(project, made, view="welcome")
    async with client_of(project) as client:
        assert await status_of(client, "view", "c-1", t=narrow) == 200
        assert (await client.get(f"/api/views/other?id=c-1&t={narrow}")).status_code == 403
        assert await status_of(client, "profile", "c-1", t=narrow) == 403
        assert await status_of(client, "content", "c-1", t=narrow) == 403


async def test_a_token_gives_no_more_than_its_key(project: Livemerge) -> None:
    made = project.keys.create("narrow", scopes=["view:other"])
    async with client_of(project) as client:
        assert await status_of(client, "view", "c-1", t=token(project, made, view="welcome")) == 403
        assert await status_of(client, "profile", "c-1", t=token(project, made)) == 403
        assert (await client.get(f"/api/views/other?id=c-1&t={token(project, made)}")).status_code == 200


async def test_a_feed_opens_to_a_key_in_the_address_that_is_flagged(project: Livemerge, made: NewKey) -> None:
    plain = project.keys.create("plain")
    async with client_of(project) as client:
        assert (await client.get(f"/api/feed/offers?key={made.key}")).status_code == 200
        assert (await client.get(f"/api/feed/offers?key={plain.key}")).status_code == 403
        assert (await client.get("/api/feed/offers")).status_code == 401
