"""Campaigns whose templates fetch, from a real host on loopback: each customer gets their own answer, or none."""

from __future__ import annotations

import asyncio
import csv
import email
import email.policy
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from livemerge.app import Livemerge
from livemerge.campaign import Summary
from livemerge.errors import CampaignError, TemplateError

SETTINGS = """
[transport.outbox]
kind = "maildir"
path = "outbox"
[source.people]
kind = "table"
path = "people.csv"
key = "id"
[field.first_name]
source = "people"
type = "text"
fallback = "there"
[fetch]
hosts = ["127.0.0.1:PORT"]
timeout_ms = 300
"""
TEMPLATE = """+++
subject = "For %%first_name%%: %%=v(@offer)=%%"
language = "ampscript"
+++
<p>%%[
SET @offer = HTTPGet(Concat("http://127.0.0.1:PORT/offer?id=", URLEncode(customer_id, 1, 1)), true, 0, @st)
IF @st != 0 THEN SET @offer = "our best" ENDIF
]%%%%=v(@offer)=%% <a href="%%unsub_center_url%%">no more</a></p>
"""
CAMPAIGN = """
name = "offers"
template = "offers.html"
audience = { csv = "people.csv", key = "id", address = "mail" }
from = "Shop <news@shop.example>"
transport = "outbox"
"""


@dataclass
class Offers:
    """A host with an offer for each customer; what `answer` gives instead is up to the test."""

    asked: list[str] = field(default_factory=list)
    answer: Callable[[str], str | int | None] = lambda key: f"<jug {key}>"
    together: asyncio.Barrier | None = None
    under_way: int = 0
    most_under_way: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        key = request.query["id"]
        self.asked.append(key)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.together is not None:
                await self.together.wait()
            found = self.answer(key)
            if found is None:
                await asyncio.sleep(3600)
            return web.Response(status=found) if isinstance(found, int) else web.Response(text=str(found))
        finally:
            self.under_way -= 1


@dataclass
class Shop:
    """A project in a folder, and the host its template asks."""

    folder: Path
    offers: Offers
    port: int

    def write(self, customers: int, *, template: str = TEMPLATE, settings: str = SETTINGS, **declared: str) -> None:
        for folder in ("templates", "campaigns"):
            (self.folder / folder).mkdir(exist_ok=True)
        (self.folder / "livemerge.toml").write_text(settings.replace("PORT", str(self.port)))
        (self.folder / "templates" / "offers.html").write_text(template.replace("PORT", str(self.port)))
        extra = "".join(f'{key} = "{value}"\n' for key, value in declared.items())
        (self.folder / "campaigns" / "offers.toml").write_text(CAMPAIGN + extra)
        with (self.folder / "people.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "mail", "first_name"])
            rows.writerows([f"c-{n}", f"c{n}@example.com", f"Name{n}"] for n in range(customers))

    def open(self) -> Livemerge:
        return Livemerge.open(self.folder)

    async def send(self) -> Summary:
        async with self.open() as project:
            return await project.send("campaigns/offers.toml")

    def sent(self) -> dict[str, str]:
        """Subjects by address."""
        files = (self.folder / "outbox" / "new").iterdir()
        messages = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]
        return {str(each["To"]): str(each["Subject"]) for each in messages}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    offers = Offers()
    application = web.Application()
    application.router.add_get("/offer", offers.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield Shop(tmp_path, offers, runner.addresses[0][1])
    await runner.cleanup()


async def test_each_customer_gets_their_own_answer_in_every_part(shop: Shop) -> None:
    shop.write(60)
    summary = await shop.send()
    assert summary.states["sent"] == 60
    assert shop.sent() == {f"c{n}@example.com": f"For Name{n}: <jug c-{n}>" for n in range(60)}
    assert sorted(shop.offers.asked) == sorted(f"c-{n}" for n in range(60))


async def test_as_many_are_asked_for_at_once_as_is_declared_and_no_more(shop: Shop) -> None:
    shop.write(40, settings=SETTINGS.replace("timeout_ms = 300", "timeout_ms = 20000"))
    shop.offers.together = asyncio.Barrier(20)  # none is answered before 20 wait
    assert (await shop.send()).states["sent"] == 40
    assert set(shop.sent().values()) == {f"For Name{n}: <jug c-{n}>" for n in range(40)}
    assert shop.offers.most_under_way == 20


async def test_a_host_that_hangs_for_some_holds_up_nobody_else(shop: Shop) -> None:
    shop.write(40)
    shop.offers.answer = lambda key: None if key in ("c-3", "c-17") else key
    summary = await shop.send()
    assert summary.states["sent"] == 40
    subjects = shop.sent()
    assert subjects["c3@example.com"] == "For Name3: our best"
    assert subjects["c4@example.com"] == "For Name4: c-4"
    figures = summary.figures.sources["127.0.0.1"]
    assert (figures.calls, figures.errors) == (40, {"gave no answer": 2})


async def test_a_campaign_may_wait_for_the_answers_it_needs(shop: Shop) -> None:
    shop.write(10, on_unavailable="wait")
    shop.offers.answer = lambda key: 503 if key == "c-3" else key
    summary = await shop.send()
    assert (summary.states["sent"], summary.states["held"]) == (9, 1)
    shop.offers.answer = lambda key: key
    assert (await shop.send()).states["sent"] == 10
    assert shop.sent()["c3@example.com"] == "For Name3: c-3"


async def test_an_answer_that_says_no_is_not_a_failure_to_wait_for(shop: Shop) -> None:
    shop.write(3, on_unavailable="wait")
    shop.offers.answer = lambda key: 404
    assert (await shop.send()).states["sent"] == 3


async def test_a_template_that_needs_its_answer_fails_for_that_customer_only(shop: Shop) -> None:
    shop.write(5, template=TEMPLATE.replace(", true, 0, @st)", ", false, 0, @st)"))
    shop.offers.answer = lambda key: 500 if key == "c-3" else key
    summary = await shop.send()
    assert (summary.states["sent"], summary.states["failed"]) == (4, 1)


async def test_a_template_may_skip_who_has_no_content_or_stop_everything(shop: Shop) -> None:
    skipping = TEMPLATE.replace(", true, 0, @st)", ", true, 2, @st)")
    shop.write(5, template=skipping)
    shop.offers.answer = lambda key: "" if key == "c-3" else key
    summary = await shop.send()
    assert (summary.states["sent"], summary.states["skipped"]) == (4, 1)


async def test_a_template_may_stop_the_campaign_for_want_of_an_answer(shop: Shop) -> None:
    shop.write(5, template=TEMPLATE.replace('SET @offer = "our best"', 'RaiseError("no offers", false)'))
    shop.offers.answer = lambda key: 500
    with pytest.raises(CampaignError, match="no offers"):
        await shop.send()


async def test_preview_equals_send_and_explain_tells_what_was_fetched(shop: Shop) -> None:
    shop.write(1)
    async with shop.open() as project:
        preview = await project.preview("offers.html", "c-0")
        assert preview.rendered.subject == "For Name0: <jug c-0>"
        assert "&lt;jug c-0&gt;" in preview.rendered.html and "<jug c-0>" in preview.rendered.text
        (asked,) = preview.fetched
        assert (asked.method, asked.host, asked.path, asked.status) == ("GET", "127.0.0.1", "/offer", 200)
        await project.send("campaigns/offers.toml")
        shop.offers.answer = lambda key: "another offer by now"
        explanation = project.explain("offers", "c-0")
    assert explanation.traces["subject"].text == "For Name0: <jug c-0>"
    assert [(each.host, each.path, each.status) for each in explanation.fetched] == [("127.0.0.1", "/offer", 200)]
    assert shop.sent() == {"c0@example.com": "For Name0: <jug c-0>"}


async def test_what_is_too_long_to_be_kept_is_told_but_not_rendered_again(shop: Shop) -> None:
    shop.write(1)
    shop.offers.answer = lambda key: "x" * 150_000
    async with shop.open() as project:
        await project.send("campaigns/offers.toml")
        explanation = project.explain("offers", "c-0")
    assert explanation.profile is not None and explanation.traces == {}
    assert [each.status for each in explanation.fetched] == [200]


async def test_a_host_that_is_not_allowed_is_asked_by_nobody(shop: Shop) -> None:
    shop.write(3, settings=SETTINGS.replace('hosts = ["127.0.0.1:PORT"]', 'hosts = ["api.example"]'))
    async with shop.open() as project:
        with pytest.raises(TemplateError, match="not declared"):
            await project.preview("offers.html", "c-0")
        with pytest.raises(CampaignError, match="fetch-host"):
            await project.send("campaigns/offers.toml")
        (checked,) = project.check(["offers.html"])
        assert not checked.is_sendable
    assert shop.offers.asked == []


async def test_the_messages_deadline_bounds_all_its_requests_together(shop: Shop) -> None:
    shop.write(1, settings=SETTINGS.replace("timeout_ms = 300", "timeout_ms = 60000"))
    shop.offers.answer = lambda key: None
    async with shop.open() as project:
        preview = await project.preview("offers.html", "c-0", deadline_s=0.2)
    assert preview.rendered.subject == "For Name0: our best"
    assert [each.status for each in preview.fetched] == [0]


async def test_a_template_that_fetches_in_no_branch_taken_asks_nobody(shop: Shop) -> None:
    template = TEMPLATE.replace("SET @offer = H", 'IF first_name == "Zed" THEN SET @offer = H')
    shop.write(3, template=template.replace("\nIF @st", " ENDIF\nIF @st"))
    assert (await shop.send()).states["sent"] == 3
    assert shop.offers.asked == []


ASK = "{% connected_content http://127.0.0.1:PORT/offer?id={{ customer_id | url_encode }} :no_cache :save offer %}"
BRAZE = """+++
subject = "ASKFor {{ ${first_name} }}: {{ offer.title | default: 'our best' }}"
dialect = "braze"
language = "liquid"
+++
ASK
<p>{% if offer.__http_status_code__ == 200 %}{{ offer.title }}{% else %}our best{% endif %}</p>
<p><a href="{{ unsubscribe_url }}">no more</a></p>
""".replace("ASK", ASK)


async def test_connected_content_is_asked_once_for_all_parts_of_a_customers_message(shop: Shop) -> None:
    shop.write(5, template=BRAZE)
    shop.offers.answer = lambda key: 404 if key == "c-3" else f'{{"title": "<jug {key}>"}}'
    assert (await shop.send()).states["sent"] == 5
    assert sorted(shop.offers.asked) == [f"c-{n}" for n in range(5)]
    assert shop.sent()["c3@example.com"] == "For Name3: our best"
    async with shop.open() as project:
        explanation = project.explain("offers", "c-4")
        (checked,) = project.check(["offers.html"])
        assert "&lt;jug c-4&gt;" in explanation.traces["html"].text
        assert "our best" in project.explain("offers", "c-3").traces["text"].text
    assert checked.is_sendable
    assert [each.code for each in checked.findings if each.code.startswith("fetch")] == ["fetches"] * 2


async def test_connected_content_in_a_loop_is_not_sent(shop: Shop) -> None:
    shop.write(5, template=BRAZE + "{% for n in (1..9) %}" + ASK.replace("customer_id", "n") + "{% endfor %}")
    with pytest.raises(CampaignError, match="fetch-too-often"):
        await shop.send()
    assert shop.offers.asked == []
