"""The preview page in a real browser, over a real project served by uvicorn in a process of its own."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="drives a browser through Playwright")
from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

CHROMIUM = os.environ.get("LIVEMERGE_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
TOKEN = "the-token-of-this-test"
WAIT_MS = 90_000  # at most; a slow machine builds its first page in seconds

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which(CHROMIUM), reason=f"needs Chromium at {CHROMIUM} (Debian's package chromium)"),
]

SERVER = """
import asyncio, socket, sys
import uvicorn
from livemerge.api.make import make_api
from livemerge.app import Livemerge
from livemerge.console import mount_console

async def main(folder, token):
    async with Livemerge.open(folder) as project:
        app = make_api(project)
        mount_console(app, project, token=token, inbox_url="http://127.0.0.1:9/inbox/")
        listening = socket.create_server(("127.0.0.1", 0))
        print("PORT", listening.getsockname()[1], flush=True)
        await uvicorn.Server(uvicorn.Config(app, log_level="error")).serve(sockets=[listening])

asyncio.run(main(*sys.argv[1:]))
"""
TOML = """
[transport.outbox]
kind = "maildir"
path = "outbox"

[source.crm]
kind = "table"
path = "crm.csv"
key = "customer_id"

[source.shop]
kind = "table"
path = "shop.jsonl"
key = "id"

[field.first_name]
source = "crm"
type = "text"
fallback = "there"

[field.points]
source = "crm"
type = "integer"

[field.picture]
source = "shop"
type = "url"

[field.picks]
source = "shop"
type = "list"
max_age = "1h"
"""
CAMPAIGN = """
name = "hello"
template = "hello.liquid.html"
audience = { csv = "people.csv", key = "customer_id", address = "email" }
from = "Shop <news@shop.example>"
transport = "outbox"
"""
TEMPLATE = """+++
subject = "Hi {{ first_name }}"
preheader = "News & more"
+++
<!doctype html><html><head><title>Hi {{ first_name }}</title></head><body>
<h1>Hi {{ first_name }}</h1>
{% if points > 100 %}<p>You have {{ points }} points.</p>{% else %}<p>No points yet.</p>{% endif %}
{% if picture %}<img src="{{ picture }}" alt="a pick" width="10" height="10">{% endif %}
<ul>{% for pick in picks %}<li>{{ pick.name }}</li>{% endfor %}</ul>
<script>parent.document.title = "owned"; document.body.textContent = "owned"</script>
<a href="https://elsewhere.example/" onclick="parent.document.title = 'owned'">Shop</a>
</body></html>
"""
BROKEN = "<p>Hi</p>\n{% if points %}never closed\n"
PEOPLE = "customer_id,email\nc-1,ann@post.example\nc-2,bo@post.example\n"
CRM = (
    'customer_id,first_name,points\nc-1,Ann,290\nc-2,"<img src=x onerror=""parent.document.title=\'owned\'"">",\n'
    "c-3,Cy,1\n"
)
SHOP = '{"id": "c-1", "picks": [{"name": "Jug"}, {"name": "Pan"}]}\n'


@dataclass(frozen=True, slots=True)
class Served:
    folder: Path
    url: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "livemerge.toml").write_text(TOML)
    for name, text in (("crm.csv", CRM), ("shop.jsonl", SHOP), ("people.csv", PEOPLE)):
        (folder / name).write_text(text)
    for name, text in (("campaigns/hello.toml", CAMPAIGN), ("templates/hello.liquid.html", TEMPLATE)):
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)
    (folder / "templates" / "broken.liquid.html").write_text(BROKEN)
    # NiceGUI behaves otherwise where it sees this variable.
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder), TOKEN], stdout=subprocess.PIPE, text=True, env=env
    )
    assert server.stdout
    line = server.stdout.readline()
    assert line.startswith("PORT "), "the server did not start"
    yield Served(folder, f"http://127.0.0.1:{line.split()[1]}")
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(served: Served, browser: Browser) -> Iterator[Page]:
    """The page, opened with its token. Anything the browser complains of fails the test."""
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        opened = context.new_page()
        opened.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        complaints: list[str] = []
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(f"{served.url}/console?token={TOKEN}")
        expect(opened.locator("tr[data-field=first_name]")).to_be_visible()
        yield opened
        # The browser says of each script it keeps from running in the mail that it did.
        assert [text for text in complaints if "sandboxed" not in text] == []
        assert [url for url in asked if not url.startswith((served.url, "data:", "blob:"))] == []


def _mail(page: Page):  # type: ignore[no-untyped-def]  # Playwright's FrameLocator
    return page.frame_locator("#lm-frame")


def _row(page: Page, field: str):  # type: ignore[no-untyped-def]  # Playwright's Locator
    return page.locator(f"tr[data-field={field}]")


def _choose(page: Page, key: str) -> None:
    box = page.get_by_label("Search, or type a key")
    box.fill(key)
    box.press("Enter")


def test_without_the_token_there_is_no_page(served: Served) -> None:
    for path in ("/console", "/console/", "/console/?token=wrong"):
        response = httpx.get(served.url + path, follow_redirects=True)
        assert response.status_code == 401
        assert "Ann" not in response.text


def test_the_first_customers_mail_is_shown_with_its_subject_and_preheader(page: Page) -> None:
    expect(page.locator(".lm-subject")).to_have_text("Hi Ann")
    expect(page.locator(".lm-preheader")).to_have_text("News & more")
    expect(_mail(page).locator("h1")).to_have_text("Hi Ann")
    expect(_mail(page).locator("lm-value")).to_have_text(["Ann", "290", "Jug", "Pan"])
    assert TOKEN not in page.url


def test_pointing_at_a_value_tells_where_it_came_from(page: Page) -> None:
    _mail(page).locator("lm-value", has_text="290").hover()
    card = page.locator("#lm-card")
    expect(card).to_contain_text("points")
    expect(card).to_contain_text("live")
    expect(card).to_contain_text("crm")
    expect(card).to_contain_text("line 7: points")
    expect(_row(page, "points")).to_have_class(re.compile("lm-lit"))
    _mail(page).locator("lm-value", has_text="Jug").focus()
    expect(card).to_contain_text("picks")
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_pointing_at_a_field_lights_its_places(page: Page) -> None:
    _row(page, "picks").focus()
    expect(_mail(page).locator(".lm-lit")).to_have_text(["Jug", "Pan"])
    _row(page, "first_name").hover()
    expect(_mail(page).locator(".lm-lit")).to_have_text(["Ann"])


def test_branches_say_which_way_they_went(page: Page) -> None:
    row = page.locator(".lm-branches tr", has_text="points > 100").first
    expect(row).to_contain_text("yes")
    _choose(page, "c-3")
    expect(row).to_contain_text("no")


def test_a_source_switched_off_changes_the_mail_and_says_why(page: Page) -> None:
    crm = page.get_by_role("group", name="Source crm")
    crm.get_by_role("button", name="Off").click()
    expect(_mail(page).locator("h1")).to_have_text("Hi there")
    expect(_row(page, "first_name")).to_contain_text("fallback")
    expect(_row(page, "first_name")).to_contain_text("switched off")
    expect(_mail(page).locator("lm-value", has_text="Jug")).to_be_visible()
    crm.get_by_role("button", name="Normal").click()
    expect(_mail(page).locator("h1")).to_have_text("Hi Ann")


def test_a_slow_source_is_late(page: Page) -> None:
    page.get_by_role("group", name="Source crm").get_by_role("button", name="Slow").click()
    expect(_row(page, "first_name")).to_contain_text("late")
    expect(_mail(page).locator("h1")).to_have_text("Hi there")


def test_customers_can_be_walked_through_and_typed(page: Page) -> None:
    page.get_by_role("button", name="Next").click()
    expect(_mail(page).locator("h1")).to_contain_text("<img src=x")
    page.get_by_role("button", name="Next").click()
    expect(_mail(page).locator("h1")).to_have_text("Hi Ann")
    page.get_by_role("button", name="Previous").click()
    expect(_mail(page).locator("h1")).to_contain_text("<img src=x")
    _choose(page, "c-3")
    expect(_mail(page).locator("h1")).to_have_text("Hi Cy")
    _choose(page, "nobody")
    expect(_mail(page).locator("h1")).to_have_text("Hi there")
    expect(_row(page, "first_name")).to_contain_text("no such value")


def test_a_template_that_cannot_be_compiled_says_where(page: Page) -> None:
    page.get_by_label("Campaign or template").click()
    page.get_by_role("option", name="broken.liquid.html").click()
    expect(page.get_by_role("alert")).to_contain_text("broken.liquid.html:2")
    expect(page.locator("tr[data-field]")).to_have_count(0)
    page.get_by_label("Campaign or template").click()
    page.get_by_role("option", name="hello.liquid.html", exact=True).click()
    expect(_mail(page).locator("h1")).to_have_text("Hi Ann")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_nothing_in_a_mail_runs(page: Page) -> None:
    page.get_by_role("button", name="Next").click()
    expect(_mail(page).locator("h1")).to_contain_text("<img src=x")
    _mail(page).get_by_text("Shop").click()
    expect(_mail(page).locator("h1")).to_be_visible()
    assert "owned" not in page.title()
    assert page.locator("#lm-frame").get_attribute("sandbox") == "allow-same-origin"


def test_the_test_sends_the_octets_that_are_shown(page: Page, served: Served) -> None:
    shown = page.locator("[data-fact='SHA-256']").inner_text()
    page.get_by_label("Address of the test").fill("not an address")
    page.get_by_role("button", name="Send this as a test").click()
    expect(page.locator("#lm-sent")).to_contain_text("is not an email address")
    page.get_by_label("Address of the test").fill("tester@shop.example")
    page.get_by_role("button", name="Send this as a test").click()
    expect(page.locator("#lm-sent")).to_contain_text("Sent")
    expect(page.locator("#lm-sent a")).to_have_attribute("href", "http://127.0.0.1:9/inbox/")
    (written,) = (served.folder / "outbox" / "new").iterdir()
    assert hashlib.sha256(written.read_bytes()).hexdigest() == shown
    page.get_by_role("button", name="Source", exact=True).click()
    assert "Subject: Hi Ann" in page.locator(".lm-source-text").inner_text()


def test_the_mail_is_as_wide_as_was_chosen(page: Page) -> None:
    frame = page.locator("#lm-frame")
    assert round(frame.bounding_box()["width"]) == 640
    page.get_by_role("button", name="Phone").click()
    expect(frame).to_have_css("width", "375px")


def test_on_a_phone_everything_fits(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".lm-subject")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#lm-frame").bounding_box()["width"] <= 390


def test_every_control_has_a_name(page: Page) -> None:
    for role in ("button", "combobox", "textbox", "switch", "link"):
        for control in page.get_by_role(role).all():
            assert control.aria_snapshot().split("\n")[0].count('"') >= 2, control.evaluate("it => it.outerHTML")
