"""Snippets do what they are for: our front ends render them with what the API serves, and with what it does not."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from livemerge.access.keys import Conditions
from livemerge.api.make import make_api
from livemerge.api.snippets import WRITERS, Part, make_snippet
from livemerge.app import Livemerge
from livemerge.catalog import ESPS
from livemerge.errors import ConfigError, SkipRecipient
from livemerge.template import Reply, Request, Unanswered, compile  # noqa: A004

TOML = """
[source.people]
kind = "table"
path = "people.csv"
key = "customer_id"

[source.catalogue]
kind = "table"
path = "products.csv"
key = "product_id"
by = "favourites[].product_id"

[source.basket]
kind = "table"
path = "baskets.jsonl"
key = "customer_id"

[field.first_name]
source = "people"
type = "text"
fallback = "dear \\"friend\\""

[field.points]
source = "people"
type = "integer"
fallback = 1500

[field.greeting]
source = "people"
type = "html"
fallback = "<b>Hello</b>"

[field.is_member]
source = "people"
type = "boolean"

[field.favourites]
source = "basket"
type = "list"

[field.title]
source = "catalogue"
type = "text"

[field.price]
source = "catalogue"
type = "money"

[view.welcome]
fields = ["first_name", "points", "favourites"]

[view.iterable]
fields = ["first_name", "points", "favourites"]
esp = "iterable"

[view.marked]
fields = ["first_name", "greeting", "is_member"]
esp = "iterable"

[view.as_text]
fields = ["points"]
shape = "text"

[feed.offers]
path = "products.csv"
columns = ["title"]
"""
FILES = {
    "people.csv": "customer_id,first_name,points\nc-1,Ann,1290\n",
    "products.csv": "product_id,title,price\np-1,Boots & more,89.9\n",
    "baskets.jsonl": '{"customer_id": "c-1", "favourites": [{"product_id": "p-1"}]}\n',
}
BASE = "https://mail.example"


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Livemerge]:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "livemerge.toml").write_text(TOML)
    async with Livemerge.open(tmp_path) as opened:
        yield opened


class Served:
    """The API as a template's fetches reach it."""

    def __init__(self, project: Livemerge) -> None:
        conditions = Conditions(allow_query=True)
        made = project.keys.create("esp", conditions=conditions)
        self.key, self.prefix = made.key, made.prefix
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(make_api(project, deadline_s=5)), base_url=BASE)

    async def reply(self, request: Request) -> Reply:
        """The answer; whom the request's credential names is sent as its header."""
        assert request.url.startswith(f"{BASE}/api/")
        headers = dict(request.headers) | ({"X-API-Key": self.key} if request.credentials else {})
        answer = await self._client.request(request.method, request.url, headers=headers, content=request.body.encode())
        kind = answer.headers.get("content-type", "").split(";")[0]
        return Reply(answer.status_code, answer.text, kind)

    async def answer(self, path: str) -> dict[str, Any]:
        parts = urlsplit(path)
        answer = await self._client.get(f"{parts.path}?{parts.query}", headers={"X-API-Key": self.key})
        assert answer.status_code == 200
        told: dict[str, Any] = answer.json()
        return told

    async def rendered(self, part: Part, data: Mapping[str, Any], *, is_up: bool = True) -> str:
        """What the part prints; where the API is down, every fetch fails."""
        text = part.text.replace("YOUR_KEY", self.key)
        template = compile(text, language=part.language, dialect=part.dialect or None, escape=None)
        replies: dict[Request, Reply] = {}
        for _ in range(5):
            try:
                return template.render(data, replies=replies)
            except Unanswered as error:
                replies[error.request] = await self.reply(error.request) if is_up else Reply(0)
        raise AssertionError("the part asks without end")


@pytest.fixture
def served(project: Livemerge) -> Served:
    return Served(project)


def parts_of(project: Livemerge, esp: str, view: str = "welcome") -> list[Part]:
    return [part for part in make_snippet(project.catalog, esp, view, BASE).parts if part.language]


LIVE = ["<p>Ann</p>", "<p>1,290</p>", "<li>Boots &amp; more 89.90</li>"]
FALLBACKS = ['<p>dear "friend"</p>', "<p>1,500</p>"]


def assert_shows(shown: str, wanted: list[str]) -> None:
    assert [line for line in wanted if line not in shown] == []


async def test_braze_asks_for_itself_and_has_fallbacks(project: Livemerge, served: Served) -> None:
    (part,) = parts_of(project, "braze")
    assert_shows(await served.rendered(part, {"user_id": "c-1"}), LIVE)
    assert_shows(await served.rendered(part, {"user_id": "c-1"}, is_up=False), FALLBACKS)


async def test_marketing_cloud_asks_by_post_with_the_key_in_a_header(project: Livemerge, served: Served) -> None:
    by_header, _, must = parts_of(project, "sfmc")
    data = {"attributes": {"_subscriberkey": "c-1"}}
    for part in (by_header, must):
        assert_shows(await served.rendered(part, data), LIVE)
    assert_shows(await served.rendered(by_header, data, is_up=False), FALLBACKS)
    with pytest.raises(SkipRecipient):
        await served.rendered(must, data, is_up=False)
    with pytest.raises(SkipRecipient):
        await served.rendered(must, {"attributes": {"_subscriberkey": "nobody"}})


async def test_marketing_cloud_proves_the_id_where_the_key_stands_in_the_address(
    project: Livemerge, served: Served
) -> None:
    _, hashed, _ = parts_of(project, "sfmc")
    data = {"attributes": {"_subscriberkey": "c-1"}}
    assert_shows(await served.rendered(hashed, data), FALLBACKS)  # without the secrets nothing is told
    secrets = project.signatures.renew(served.prefix)
    signed = Part(
        hashed.place,
        hashed.text.replace("INNER_SECRET", secrets.inner).replace("OUTER_SECRET", secrets.outer),
        hashed.language,
    )
    assert_shows(await served.rendered(signed, data), LIVE)


async def test_marketing_clouds_token_opens_for_its_customer(project: Livemerge, served: Served) -> None:
    part = next(part for part in make_snippet(project.catalog, "sfmc", "welcome", BASE).parts if "token" in part.place)
    secret = project.signatures.renew(served.prefix).secret
    # Key Management is the vendor's: with the secret in the text, the same function signs the same claims.
    text = part.text.replace('GetJWTByKeyName("livemerge",', f'GetJWT("{secret}",')
    assert text != part.text
    data = {"attributes": {"_subscriberkey": "c-1"}}
    assert_shows(await served.rendered(Part(part.place, text, "ampscript"), data), LIVE)
    wrong = text.replace(secret, "0" * 64)
    assert_shows(await served.rendered(Part(part.place, wrong, "ampscript"), data), FALLBACKS)


@pytest.mark.parametrize(
    ("esp", "laid_out"),
    [
        ("customerio", lambda answer: {"journey": {"livemerge": answer}}),
        ("clevertap", lambda answer: {"Linked": {"Livemerge": answer}}),
        ("onesignal", lambda answer: {"data_feed": {"livemerge": answer}}),
        ("blueshift", lambda answer: {"livemerge": answer}),
        ("bloomreach", lambda answer: {"event": {"livemerge": answer}}),
    ],
)
async def test_what_an_esp_fetched_is_printed_with_fallbacks(
    project: Livemerge, served: Served, esp: str, laid_out: Any
) -> None:
    (part,) = parts_of(project, esp)
    answer = await served.answer("/api/views/welcome?id=c-1")
    assert_shows(await served.rendered(part, laid_out(answer)), LIVE)
    if esp != "bloomreach":  # a name that is not there is an error in strict Jinja, as it is in its ESP
        assert_shows(await served.rendered(part, laid_out({})), FALLBACKS)


async def test_iterable_escapes_by_itself(project: Livemerge, served: Served) -> None:
    (part,) = parts_of(project, "iterable", "iterable")
    answer = await served.answer("/api/views/iterable?id=c-1")
    template = compile(part.text, language="handlebars", dialect="iterable", escape="html")
    assert_shows(template.render(answer), LIVE)
    assert_shows(await served.rendered(part, {}), FALLBACKS)


async def test_every_esp_has_a_snippet_that_names_the_view_and_no_other_address(project: Livemerge) -> None:
    assert set(WRITERS) == set(ESPS) - {"ajo-helper", "getresponse"}  # inbound only; no address per contact
    for esp in WRITERS:
        written = str(make_snippet(project.catalog, esp, "welcome", BASE + "/"))
        assert written.startswith(ESPS[esp].title)
        assert f"{BASE}/api/" in written
        assert f"{BASE}//" not in written
        assert "YOUR_KEY" in written or "process.env" in written or "key as user" in written


async def test_fallbacks_are_those_of_the_catalog(project: Livemerge) -> None:
    for esp in set(WRITERS) - {"klaviyo", "dotdigital"}:
        written = str(make_snippet(project.catalog, esp, "welcome", BASE))
        assert "1,500" in written
        assert "dear" in written


async def test_a_view_of_another_shape_is_asked_for_in_the_shape_the_language_reads(project: Livemerge) -> None:
    assert "/api/views/as_text?shape=object&id=" in str(make_snippet(project.catalog, "braze", "as_text", BASE))
    assert "/api/views/as_text?shape=rows&" in str(make_snippet(project.catalog, "sfmc", "as_text", BASE))


async def test_iterable_prints_html_as_it_is(project: Livemerge) -> None:
    (part,) = parts_of(project, "iterable", "marked")
    template = compile(part.text, language="handlebars", dialect="iterable", escape="html")
    assert "<p><i>Hi</i></p>" in template.render({"greeting": "<i>Hi</i>"})
    assert "<p><b>Hello</b></p>" in template.render({})


async def test_moengages_snippet_is_its_dialect_and_asks_for_the_users_id(project: Livemerge) -> None:
    (part,) = parts_of(project, "moengage")
    assert compile(part.text, language=part.language, dialect=part.dialect).fields == {"UserAttribute.ID", "ContentApi"}


async def test_journey_optimizer_is_shown_a_sample_with_the_types_of_the_answer(
    project: Livemerge, served: Served
) -> None:
    for view in ("welcome", "marked"):
        action = make_snippet(project.catalog, "ajo", view, BASE).parts[0].text
        sample = json.loads(action.splitlines()[2])
        answer = await served.answer(f"/api/views/{view}?id=c-1")
        assert {name: type(value) for name, value in sample.items()} == {name: type(answer[name]) for name in sample}
        for item in sample.get("favourites", []):
            assert item.keys() <= answer["favourites"][0].keys() and item


async def test_who_would_escape_twice_or_never_is_told(project: Livemerge) -> None:
    assert 'esp = "iterable" in [view.welcome]' in str(make_snippet(project.catalog, "iterable", "welcome", BASE))
    assert "escapes" not in str(make_snippet(project.catalog, "iterable", "iterable", BASE))
    assert "Neither it nor the view" in str(make_snippet(project.catalog, "braze", "iterable", BASE))
    assert "escapes" not in str(make_snippet(project.catalog, "braze", "welcome", BASE))


async def test_the_key_that_a_snippet_names_is_no_more_than_it_needs(project: Livemerge) -> None:
    for esp, scope in (("klaviyo", "feed:offers"), ("campaign", "profile"), ("sfmc", "view:welcome")):
        assert f"livemerge keys create NAME --scope {scope}" in str(make_snippet(project.catalog, esp, "welcome", BASE))


async def test_unknown_names_are_told(project: Livemerge) -> None:
    with pytest.raises(ConfigError, match="Did you mean `braze`"):
        make_snippet(project.catalog, "brase", "welcome", BASE)
    with pytest.raises(ConfigError, match="Did you mean `welcome`"):
        make_snippet(project.catalog, "braze", "welcom", BASE)
