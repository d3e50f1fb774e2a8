"""What is easy to get otherwise than Ruby has it; the rows were checked against Liquid 5.4 on Ruby 3.1."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

DATA = {
    "a": [3, 1, 2],
    "nest": [[2, 1], [3, [4]]],
    "objects": [{"n": 2}, {"n": 3}, {"m": 9}],
    "mixed": [{"n": 2}, True, 1.5, None],
    "h": {"x": 1, "y": 2},
    "gap": [1, None, 2],
    "three": 3,
    "text": "abcb",
}


def rendered(template: str, templates: Mapping[str, str] | None = None, *, escape: str | None = None) -> str:
    return compile_template(template, escape=escape).render(DATA, templates=templates)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ a | concat: nest | size }}", "5"),
        ("{{ nest | concat: a | size }}", "7"),
        ("{{ mixed | sum: 'n' }} {{ objects | sum: 'n' }}", "2 5"),
        ("{{ three | sort: 'n' }}{{ three | sort_natural: 'n' }}", "33"),
        ("{{ (1..3) | slice: 1, 2 }}", ".."),
        ("{% assign x = nil | escape_once %}{% if x %}text{% endif %}", "text"),
        ("{% assign none = '' | split: ',' %}{% if text contains none %}Y{% else %}N{% endif %}", "N"),
    ],
)
def test_a_filter_gives_what_it_gives_in_ruby(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("replacement", "text"),
    [
        ("[\\0]", "a[b]c[b]"),
        ("[\\&]", "a[b]c[b]"),
        ("\\1", "ac"),
        ("\\\\", "a\\c\\"),
        ("\\x", "a\\xc\\x"),
        ("(\\`)", "a(a)c(abc)"),
        ("(\\')", "a(cb)c()"),
    ],
)
def test_a_backslash_in_a_replacement_speaks_of_what_is_replaced(replacement: str, text: str) -> None:
    template = f'{{{{ text | replace: "b", "{replacement}" }}}}'
    assert rendered(template) == text
    assert rendered(template, escape="html") == text


def test_what_a_replacement_repeats_is_escaped_as_the_text_it_is_from() -> None:
    template = compile_template('{{ name | replace: "b", "<br>\\0" }}')
    assert template.render({"name": "a<b"}) == "a&lt;<br>b"


def test_a_replacement_that_grows_beyond_measure_is_refused() -> None:
    template = "{{ long | replace: 'a', \"\\`\" | size }}"
    with pytest.raises(TemplateError):
        compile_template(template).render({"long": "a" * 100_000})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% cycle 'a','b' %}{% cycle \"a\" , 'b' %}", "ab"),
        ("{% cycle 1, 2 %}{% cycle 1.0, 2 %}{% cycle '1', 2 %}{% cycle 1, 2 %}", "11.012"),
        ("{% cycle 'g': 1, 2 %}{% cycle 'g': 'x', 'y' %}", "1y"),
        ("{% cycle three, 'b' %}{% cycle three, 'b' %}", "33"),
    ],
)
def test_cycles_of_the_same_values_are_one_however_they_are_written(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% render 'p' for h %}", "[x1/1][y2/2]"),
        ("{% render 'p' for three %}", "[3/]"),
        ("{% render 'p' for nobody %}", "[/]"),
        ("{% render 'p' for a as p %}", "[3/1][1/2][2/3]"),
        ("{% include 'p' for gap %}", "[1/][/][2/]"),
        ("{% assign p = 5 %}{% include 'p' with nobody %}{{ p }}", "[/]5"),
    ],
)
def test_a_template_is_written_for_each_item_with_that_item(template: str, text: str) -> None:
    assert rendered(template, {"p": "[{{ p }}/{{ forloop.index }}]"}) == text


@pytest.mark.parametrize(
    "template",
    [
        "{% increment %}",
        "{% increment & %}",
        '{% decrement "n %}',
        "{% decrement n 42 %}",
        "{% capture n | %}{% endcapture %}",
        "{% capture 42 %}{% endcapture %}",
        "{% case 1 %}{% else 2 %}{% endcase %}",
        "{% assign n( = 1 %}",
        "{{ contains }}",
        "{% if contains %}{% endif %}",
        "{% raw x %}{% endraw %}",
    ],
)
def test_what_makes_no_sense_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(template)


@pytest.mark.parametrize(
    "template", ["{% capture 'n' %}x{% endcapture %}{{ n }}", '{% capture "n" %}x{% endcapture %}{{ n }}']
)
def test_a_captured_name_may_stand_in_quotes(template: str) -> None:
    assert rendered(template) == "x"


def test_a_condition_behind_else_is_passed_over_and_told() -> None:
    template = compile_template("{% if nobody %}A{% else if nobody %}B{% endif %}")
    assert template.render(DATA) == "B"
    assert [(each.code, each.severity) for each in template.findings] == [("else-condition", "warning")]
