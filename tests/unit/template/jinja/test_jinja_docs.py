"""The examples of docs/languages/jinja.md give what the page says, and what there is stands on the page."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livemerge.errors import SkipRecipient
from livemerge.template import compile as compile_template
from livemerge.template.jinja.methods import DATE_METHODS, LIST_METHODS, MAPPING_METHODS, MOMENT_METHODS, TEXT_METHODS
from livemerge.template.jinja.parser import TAGS
from livemerge.template.jinja.questions import QUESTIONS
from livemerge.template.jinja.table import FUNCTIONS, JINJA_FILTERS, REFUSED_FILTERS

PAGE = (Path(__file__).parents[4] / "docs" / "languages" / "jinja.md").read_text()
EXAMPLES = PAGE.partition("## Examples")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| `(.+)` \| `(.+)` \|$", EXAMPLES, re.MULTILINE)
DATA = json.loads(re.search(r"^`(\{.*\})`$", EXAMPLES, re.MULTILINE)[1])  # type: ignore[index]
NOW = datetime(2026, 3, 4, tzinfo=UTC)


def test_the_page_has_examples() -> None:
    assert len(ROWS) >= 15


@pytest.mark.parametrize(("source", "expected"), ROWS)
def test_an_example_gives_what_the_page_says(source: str, expected: str) -> None:
    assert compile_template(source.replace("\\|", "|"), "jinja").render(DATA, now=NOW) == expected


TABLES = (JINJA_FILTERS, REFUSED_FILTERS, QUESTIONS, FUNCTIONS, TAGS)
METHODS = (TEXT_METHODS, MAPPING_METHODS, LIST_METHODS, DATE_METHODS, MOMENT_METHODS)


@pytest.mark.parametrize("names", [*TABLES, *METHODS])
def test_every_name_there_is_stands_on_the_page(names: dict[str, object]) -> None:
    assert {name for name in names if not re.search(rf"`[^`]*\b{name}\b[^`]*`", PAGE)} == set()


def test_moengage_skips_a_customer_for_whom_a_printed_value_is_not_there() -> None:
    template = compile_template("Hi {{ UserAttribute['First Name'] }}", "jinja", dialect="moengage")

    assert template.fields == {"UserAttribute.First Name"}
    assert template.render({"UserAttribute": {"First Name": "Ann"}}) == "Hi Ann"
    for missing in ({}, {"First Name": None}):
        with pytest.raises(SkipRecipient):
            template.render({"UserAttribute": missing})


def test_moengage_sends_where_a_default_stands_in() -> None:
    source = "Hi {{ UserAttribute['First Name']|default('you', true) }}{% if UserAttribute.Vip %}!{% endif %}"

    assert compile_template(source, "jinja", dialect="moengage").render({"UserAttribute": {}}) == "Hi you"


def test_what_moengage_fetches_itself_is_found() -> None:
    template = compile_template("{% set p = ContentApi.Broker({'a': 1}) %}", "jinja", dialect="moengage")

    assert [finding.code for finding in template.findings] == ["unsupported-function"]
