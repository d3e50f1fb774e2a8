"""docs/how-to/sign-recipients.md: its lines, rendered by our own front ends, make addresses that the API lets in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from livemerge.access import Conditions, NewKey
from livemerge.api import make_api
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
"""
CUSTOMERS = ["c-1", "zoë@example.com"]


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Livemerge]:
    (tmp_path / "livemerge.toml").write_text(TOML)
    (tmp_path / "people.csv").write_text("customer_id,first_name\nc-1,Ann\nzoë@example.com,Zoë\n", encoding="utf-8")
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
