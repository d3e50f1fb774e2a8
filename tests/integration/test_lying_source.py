"""A batch API that lies in every way it can, through a whole campaign: nobody's value is ever in another's mail."""

from __future__ import annotations

import csv
import email
import email.policy
import logging
import random
import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from livemerge.app import Livemerge

SECRET = "k3y-that-nobody-may-read"
MARK = re.compile(r"of\(([0-9a-f]+)\)")  # each value names the key it belongs to, in hexadecimal
KEYS = [
    *(f"c-{number}" for number in range(30)),
    *(
        "C-1",
        "1",
        "01",
        "001",
        "1.0",
        "1e0",
        "+1",
        "true",
        "null",
        "None",
        "{keys}",
        '"',
        "'",
        "\\",
        "a/b",
        "..",
        "?x=1",
    ),
    *(
        "%",
        "%2e%2e",
        "é",
        "e\u0301",
        "ﬁ",
        "fi",
        "ß",
        "SS",
        "ı",
        "i",
        "{{ first_name }}",
        "*|FNAME|*",
        "=1+1",
        "𝟏",
        "１",
    ),
    *("a\u2028b", "a\u0085b", "a\nb", "a\tb", "<b>", "[1]", "x" * 500),
]

SETTINGS = """
[transport.outbox]
kind = "maildir"
path = "outbox"
[source.crm]
kind = "http"
batch = {{ url = "{url}/read", method = "POST", body = '{{"ids": {{keys}}}}', size = 20, records = "rows", key = "id" }}
auth = {{ query = {{ name = "api_key", value = "env:LYING_CRM_KEY" }} }}
timeout_ms = 2000
[source.products]
kind = "http"
by = "seen"
batch = {{ url = "{url}/read", method = "POST", body = '{{"ids": {{keys}}}}', size = 7, records = "rows", key = "id" }}
auth = {{ bearer = "env:LYING_CRM_KEY" }}
[field.first_name]
source = "crm"
type = "text"
max_age = "1h"
fallback = "there"
[field.points]
source = "crm"
type = "integer"
fallback = 0
[field.seen]
source = "crm"
type = "text"
[field.product_name]
source = "products"
path = "first_name"
type = "text"
max_age = "1h"
fallback = "nothing"
[field.orders]
source = "crm"
type = "list"
"""
TEMPLATE = """+++
subject = "Hi {{ first_name }} {{ product_name }}"
preheader = "{{ first_name }}"
+++
<html><body><p title="{{ first_name }}">{{ first_name }} {{ points }} {{ product_name }}</p>
{% for order in orders %}<i>{{ order.name }}</i>{% endfor %}</body></html>
"""
CAMPAIGN = """
name = "lies"
occurrence = "{occurrence}"
template = "lies.liquid.html"
audience = {{ csv = "people.csv", key = "id", address = "mail" }}
from = "Shop <news@shop.example>"
transport = "outbox"
"""


class Liar:
    """Answers each batch with true rows among lies. `asked` counts batches."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.asked = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        ids = (await request.json())["ids"]
        match self._dice.randrange(12):
            case 0:
                return web.Response(status=self._dice.choice([400, 404, 429, 500]), text=f"no: {request.url}")
            case 1:
                return web.json_response({"rows": {key: self._row(key) for key in ids}})
            case 2:
                return web.json_response({"rows": [self._values(key) for key in ids]})  # by position, without keys
        rows = [row for key in ids for row in self._lies_about(key)]
        self._dice.shuffle(rows)
        return web.json_response({"rows": rows})

    def _lies_about(self, key: str) -> list[Any]:
        other = self._dice.choice(KEYS)
        match self._dice.randrange(12):
            case 0:
                return []
            case 1:
                return [None, [], "x", 7, {"id": None, **self._values(other)}]
            case 2:
                return [self._row(key), self._row(key)]
            case 3:
                return [self._row(key), {**self._row(key), "first_name": f"another of({key.encode().hex()})"}]
            case 4:
                return [{"id": spelt, **self._values(other)} for spelt in _misspellings(key)]
            case 5:
                return [self._row(other)]
            case 6:
                return [{**self._row(key), "first_name": {"deep": [other]}, "orders": [[other]], "points": "1e400"}]
            case 7:
                return [{**self._row(key), "orders": [{"name": None}, {"x": {"y": 1}}], "points": 2**200}]
        return [self._row(key)]

    def _row(self, key: str) -> dict[str, Any]:
        return {"id": key, **self._values(key)}

    def _values(self, key: str) -> dict[str, Any]:
        mark = f"of({key.encode().hex()})"
        seen = f"p-{self._dice.randrange(9)}"
        nasty = self._dice.choice(
            ["", "\r\nBcc: x@example.com\r\n\r\n", "\u2028", "<script>", '" onload="x', "\x00\x1b["]
        )
        return {
            "first_name": mark + nasty,
            "points": 7,
            "seen": seen,
            "orders": [{"name": mark}, {"name": mark + nasty}],
        }


def _misspellings(key: str) -> list[Any]:
    spelt = [
        f"{key} ",
        f" {key}",
        f"{key}\x00",
        key.upper(),
        key.lower(),
        key.casefold(),
        [key],
        {"id": key},
        True,
        1.0,
    ]
    return [one for one in spelt if one not in KEYS]  # a row under another customer's very key is that one's row


@pytest.fixture(params=range(6))
async def liar(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Liar, str]]:
    liar = Liar(request.param)
    app = web.Application()
    app.router.add_post("/read", liar.answer)
    runner = web.AppRunner(app, access_log=None)  # it would write the secret that it got
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield liar, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def make_project(folder: Path, url: str) -> Path:
    for name in ("templates", "campaigns"):
        (folder / name).mkdir()
    (folder / "livemerge.toml").write_text(SETTINGS.format(url=url))
    (folder / "templates" / "lies.liquid.html").write_text(TEMPLATE)
    for occurrence in ("one", "two"):
        (folder / "campaigns" / f"{occurrence}.toml").write_text(CAMPAIGN.format(occurrence=occurrence))
    with (folder / "people.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "mail"])
        rows.writerows([key, f"n{number}@example.com"] for number, key in enumerate(KEYS))
    return folder


def mails(folder: Path) -> list[EmailMessage]:
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted((folder / "outbox" / "new").iterdir())
    ]


async def test_nobodys_value_is_ever_in_anothers_mail(
    tmp_path: Path,
    liar: tuple[Liar, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("LYING_CRM_KEY", SECRET)
    project = make_project(tmp_path, liar[1])
    told = []
    for occurrence in ("one", "two"):  # the second finds the first one's cache
        async with Livemerge.open(project) as shop:
            summary = await shop.send(f"campaigns/{occurrence}.toml")
            told += [repr(summary), repr(shop.explain("lies", "c-1", occurrence)), repr(shop.settings)]
        assert summary.states["sent"] == len(KEYS)
    owners = {f"n{number}@example.com": key.encode().hex() for number, key in enumerate(KEYS)}
    products = {f"p-{number}".encode().hex() for number in range(9)}
    marks = 0
    for mail in mails(project):
        found = MARK.findall("\n".join([str(mail["subject"]), *(part.get_content() for part in mail.iter_parts())]))
        own = owners[mail["to"].addresses[0].addr_spec]
        assert set(found) <= {own} | products
        assert "Bcc" not in mail
        assert not [header for header in mail if mail[header].defects]
        marks += own in found
    assert marks > len(KEYS) / 3  # of two mails each: true rows did arrive between the lies
    output = capfd.readouterr()
    told += [caplog.text, output.out, output.err]
    assert not [text for text in told if SECRET in text]
    assert not [path for path in project.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
