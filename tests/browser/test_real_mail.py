"""Mail that people really send, rendered with sample data and shown in a real browser: no tag and no error in sight."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from livemerge.template import Template

playwright = pytest.importorskip("playwright.sync_api", reason="drives a browser through Playwright")
from playwright.sync_api import Browser, Route, sync_playwright  # noqa: E402

CHROMIUM = os.environ.get("LIVEMERGE_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
SHARED = Path(os.environ.get("LIVEMERGE_SHARED", Path(__file__).parents[2].parent / "shared"))
FILES = sorted(path for path in (SHARED / "templates").glob("*/*") if path.suffix in (".html", ".liquid"))
PICTURES = os.environ.get("LIVEMERGE_PICTURES")  # a folder: what was shown is kept there, to be looked at
LEAST_WORDS = 10
FOLKLORE = "*|FNAME|fallback:there|*"  # no merge tag: Mailchimp leaves it as it stands, too

pytestmark = [
    pytest.mark.browser,
    pytest.mark.shared,
    pytest.mark.skipif(not FILES, reason="the shared templates are not beside this clone"),
    pytest.mark.skipif(not shutil.which(CHROMIUM), reason=f"needs Chromium at {CHROMIUM} (Debian's package chromium)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_template_is_shown_without_a_tag_or_an_error(
    browser: Browser, rendered_sample: Callable[[Path], tuple[Template, str]], path: Path
) -> None:
    _, html = rendered_sample(path)
    page = browser.new_page(viewport={"width": 700, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/*", answer_nothing)

    page.set_content(html, wait_until="domcontentloaded")
    shown = page.inner_text("body").replace(FOLKLORE, "")
    links = page.eval_on_selector_all("a[href]", "all => all.map(each => each.getAttribute('href'))")
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{path.name}.png", full_page=True)
    page.close()

    assert errors == []
    assert len(shown.split()) >= LEAST_WORDS
    for text in (shown, *links):
        assert not re.search(r"\{\{|\}\}|\{%|%\}|\*\||\|\*|Undefined|\[object Object\]", text)


def answer_nothing(route: Route) -> None:
    """Nothing is fetched: pictures and fonts of the templates are elsewhere."""
    route.abort()
