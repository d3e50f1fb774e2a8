"""The examples of docs/languages/handlebars.md give what the page says, and no helper is left out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livemerge.template import compile as compile_template
from livemerge.template.handlebars import DIALECTS

PAGE = (Path(__file__).parents[4] / "docs" / "languages" / "handlebars.md").read_text()
ROWS = re.findall(r"^\| (?:`(\w+)`)? ?\| (`+)(.+?)\2 \| `([^`]*)` \|$", PAGE, re.MULTILINE)
DATA = {"name": "Ada & Co", "items": [{"n": "A"}, {"n": "B"}], "count": "3", "at": "2026-03-04T15:06:07Z"}


def test_the_page_has_examples_of_every_dialect() -> None:
    assert {dialect for dialect, *_ in ROWS} >= {
        "",
        "sendgrid",
        "mandrill",
        "iterable",
        "mailgun",
        "postmark",
        "mustache",
    }


@pytest.mark.parametrize(("dialect", "_ticks", "source", "expected"), ROWS)
def test_an_example_gives_what_the_page_says(dialect: str, _ticks: str, source: str, expected: str) -> None:
    template = compile_template(source.replace("\\|", "|"), "handlebars", dialect=dialect or None)

    assert template.render(DATA, now=datetime(2026, 3, 4, tzinfo=UTC)) == expected


@pytest.mark.parametrize("name", sorted(filter(None, DIALECTS)))
def test_every_helper_of_a_dialect_is_on_the_page(name: str) -> None:
    dialect = DIALECTS[name]
    helpers = {*dialect.helpers, *dialect.tests, *dialect.bindings, *dialect.vendor_only}

    assert {helper for helper in helpers if not re.search(rf"`[^`]*\b{helper}\b[^`]*`", PAGE)} == set()
