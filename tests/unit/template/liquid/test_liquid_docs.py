"""The examples of docs/languages/liquid.md give what the page says."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livemerge.template import compile as compile_template
from livemerge.template.languages import language_of

PAGE = (Path(__file__).parents[4] / "docs" / "languages" / "liquid.md").read_text()
DATA = json.loads(re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0])
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
SECTIONS = {"Liquid as it is": None, "Braze": "braze", "Customer.io": "customerio"}
ROW = re.compile(r"^\| `(.*)` \| `(.*)` \|$", re.MULTILINE)


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


EXAMPLES = [
    (dialect, written.replace("\\|", "|"), gives)
    for title, dialect in SECTIONS.items()
    for written, gives in ROW.findall(section(title).split("| option |")[0])
]


@pytest.mark.parametrize(("dialect", "written", "gives"), EXAMPLES)
def test_each_example_gives_what_the_page_says(dialect: str | None, written: str, gives: str) -> None:
    assert compile_template(written, dialect=dialect).render(DATA, now=NOW) == gives


def test_each_dialect_has_examples() -> None:
    assert all(sum(each[0] == dialect for each in EXAMPLES) >= 8 for dialect in SECTIONS.values())


@pytest.mark.parametrize("title", ["Braze", "Customer.io"])
def test_the_filters_that_the_page_names_are_those_there_are(title: str) -> None:
    named = set(re.findall(r"\w+", re.findall(r"\*\*Filters\*\* beside Liquid's: `([^`]*)`", section(title))[0]))
    known = set(language_of("liquid", SECTIONS[title]).filters) - set(language_of("liquid", None).filters)
    spoken_elsewhere = {"abort_message", "connected_content", "hmac_sha512_base64", "hmac_sha512_hex", "must_exist"}
    assert named == known - spoken_elsewhere
