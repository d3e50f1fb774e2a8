"""docs/limits.md says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template
from livemerge.template import limits

PAGE = Path(__file__).parents[3] / "docs" / "limits.md"
ROWS = re.findall(r"^\| `([A-Z_]+)` \| ([0-9,]+) \|", PAGE.read_text(), re.MULTILINE)
UNTOLD = {"ROUND_WORK", "MAX_REMEMBERED_PARTIALS"}  # told in words, or nothing an author meets


@pytest.mark.parametrize(("name", "number"), ROWS)
def test_the_page_has_the_number_of_each_limit(name: str, number: str) -> None:
    assert getattr(limits, name) == int(number.replace(",", ""))


def test_the_page_leaves_no_limit_out() -> None:
    known = {name for name in vars(limits) if name.startswith("MAX_")}

    assert known - UNTOLD == {name for name, _ in ROWS}


@pytest.mark.parametrize(
    ("language", "source", "text"),
    [
        ("liquid", "{{ v | size }}", "3"),
        ("liquid", "{{ v | slice: 0, 2 }}", "e\u0301"),
        ("liquid", "{{ v | truncate: 2, '' }}", "e\u0301"),
        ("liquid", "{{ v | split: '' | reverse | join: '|' }}", "😀|\u0301|e"),
        ("liquid", "{{ 'straße' | upcase }}", "STRASSE"),
        ("ampscript", "%%=Length(v)=%%", "4"),
        ("ampscript", "%%=Substring(v, 3, 1)=%%", "😀"),
        ("ampscript", '%%=Uppercase("straße")=%%', "STRAßE"),
        ("handlebars", "{{v.length}}", "3"),
        ("jinja", "{{ v|length }}", "3"),
        ("jinja", "{{ v|upper }}", "E\u0301😀"),
        ("mailchimp", "*|UPPER:V|*", "E\u0301😀"),
        ("liquid", "{{ a | upcase }}|{{ a | size }}|{{ a | reverse | first }}", "שלום|4|שלום"),
    ],
)
def test_characters_count_as_the_page_says(language: str, source: str, text: str) -> None:
    value = "e\u0301😀"
    data = {"v": value, "V": value, "a": "שלום"}

    assert compile_template(source, language).render(data) == text


@pytest.mark.parametrize("before", ["é", "e\u0301", "😀", "שלום", "日本", "\u202e", "\t"])
def test_columns_of_errors_count_characters(before: str) -> None:
    with pytest.raises(TemplateError) as refused:
        compile_template(f"line\n{before}{{% nope")

    assert (refused.value.line, refused.value.column) == (2, len(before) + 1)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ '<' | append: v }}", "&lt;b onclick=x"),
        ("{{ '<a href=' | append: v | append: '>' }}", "&lt;a href=b onclick=x>"),
        ("{{ '<a href=\"' | append: v | append: '\">' }}", '<a href="b onclick=x">'),
        ("{{ '<b>' | append: v | append: '</b>' }}", "<b>b onclick=x</b>"),
        ("{{ v | escape | replace: 'c', '<i>' }}", "b on<i>li<i>k=x"),
        ("{{ v | escape | replace: 'b', '<' }}", "&lt; onclick=x"),
        ("{{ v | replace: 'b', '<' }}", "&lt; onclick=x"),
    ],
)
def test_literals_are_trusted_as_far_as_they_are_whole(source: str, text: str) -> None:
    assert compile_template(source).render({"v": "b onclick=x"}) == text
