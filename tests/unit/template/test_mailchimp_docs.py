"""The examples of docs/languages/mailchimp.md give what the page says, in both dialects where both have them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livemerge.template import compile as compile_template

PAGE = (Path(__file__).parents[3] / "docs" / "languages" / "mailchimp.md").read_text()
EXAMPLES = PAGE.partition("## Examples")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| `(.+)` \| `(.+)` \|$", EXAMPLES, re.MULTILINE)
DATA = json.loads(re.search(r"^`(\{.*\})`$", EXAMPLES, re.MULTILINE)[1])  # type: ignore[index]
NOW = datetime(2026, 3, 4, tzinfo=UTC)
ONLY_MARKETING = re.compile(r"INTERESTED|RSS|LIST:|MC:DATE")


def test_the_page_has_examples() -> None:
    assert len(ROWS) >= 10


@pytest.mark.parametrize(("source", "expected"), ROWS)
def test_an_example_gives_what_the_page_says(source: str, expected: str) -> None:
    source, expected = source.replace("\\|", "|"), expected.replace("\\|", "|")

    assert compile_template(source, "mailchimp").render(DATA, now=NOW) == expected
    if not ONLY_MARKETING.search(source):
        assert compile_template(source, "mailchimp", dialect="mandrill").render(DATA, now=NOW) == expected
