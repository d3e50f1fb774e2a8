"""What our Jinja does of its own: errors with their places, what is refused, fields, messages, other templates."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment
from markupsafe import Markup

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template
from livemerge.template import compile_message

EMAIL = Path(__file__).parents[4] / "bench" / "email"


def render(source: str, data: dict[str, Any] | None = None, **options: Any) -> str:
    return compile_template(source, "jinja", **options).render(data or {})


# --- errors and findings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "line", "column", "what"),
    [
        ("a\n{% if x %}b", 2, 1, "`if` is never closed"),
        ("{{ x", 1, 1, "`{{` is not closed"),
        ("{# x", 1, 1, "`{#` is not closed"),
        ("{% raw %}x", 1, 1, "`raw` is never closed"),
        ("a {% endfor %}", 1, 3, "`endfor` stands outside `for`"),
        ("{{ 'abc }}", 1, 4, "this text is not closed"),
        ("{{ a b }}", 1, 6, "unexpected `b`"),
        ("{{ dict(a, **b) }}", 1, 17, "`dict` takes its arguments one by one"),
        ("{% set n = namespace(*a) %}", 1, 26, "`namespace` takes its arguments one by one"),
        ("{{ (a }}", 1, 7, "`}` closes nothing"),
        ("{{ a) }}", 1, 5, "`)` closes nothing"),
        ("{% for in xs %}{% endfor %}", 1, 8, "expected a name, found `in`"),
        ("{% for loop in xs %}{% set loop = 1 %}{% endfor %}", 1, 28, "`loop` is the loop's own name"),
        ("{% block a %}{% endblock %}{% block a %}{% endblock %}", 1, 28, "the block `a` is there twice"),
        ("{% macro m(a=1, b) %}{% endmacro %}", 1, 18, "a parameter without a default follows one with a default"),
        ("{% call x %}{% endcall %}", 1, 1, "`call` needs the call of a macro"),
        (
            "{% filter upper %}{% block a %}{% endblock %}{% endfilter %}",
            1,
            19,
            "a block stands in a text that is kept",
        ),
    ],
)
def test_malformed_templates_name_the_place(source: str, line: int, column: int, what: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(source, "jinja")

    assert (caught.value.line, caught.value.column) == (line, column)
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("{{ x|uper }}", "unknown-filter"),
        ("{{ x|op_add(1) }}", "unknown-filter"),
        ("{{ x|truncate(1, 2, 3, 4, 5) }}", "filter-arguments"),
        ("{{ x|truncate(size=3) }}", "filter-option"),
        ("{{ x|attr('y') }}", "unsupported-filter"),
        ("{{ x|random }}", "unsupported-filter"),
        ("{{ x is shiny }}", "unknown-test"),
        ("{{ lipsum() }}", "unsupported-function"),
        ("{% trans %}x{% endtrans %}", "unsupported-tag"),
        ("{% glitter %}", "unknown-tag"),
        ("{% if x %}{% extends 'y' %}{% endif %}", "unsupported-tag"),
        ("{% include 'nowhere' %}", "unknown-include"),
        ("{% extends 'nowhere' %}", "unknown-include"),
        ("{% import 'nowhere' as n %}", "unknown-include"),
        ("<a href={{ x }}>", "unquoted-attribute"),
    ],
)
def test_what_cannot_be_rendered_is_found_before(source: str, code: str) -> None:
    assert [finding.code for finding in compile_template(source, "jinja").findings] == [code]


def test_an_include_that_may_be_missing_is_no_finding() -> None:
    assert compile_template("{% include 'nowhere' ignore missing %}", "jinja").findings == ()


def test_a_mistake_in_a_branch_nobody_reaches_stops_nobody() -> None:
    assert render("{% if false %}{{ x|uper }}{% glitter %}{% endif %}ok") == "ok"


def test_a_loops_state_is_not_seen_by_the_templates_its_body_includes() -> None:
    templates = {
        "row": "{{ x }}{{ loop is defined }} ",
        "lib": "{% macro m() %}{{ x }}{{ loop is defined }} {% endmacro %}",
    }
    source = "{% for x in [1, 2] %}{% include 'row' %}{% from 'lib' import m with context %}{{ m() }}{% endfor %}"
    assert render(source, templates=templates) == "1False 1False 2False 2False "


def test_an_error_in_another_template_names_that_template() -> None:
    template = compile_template("{% extends 'base' %}", "jinja", name="heir", templates={"base": "\n{{ a.b.c }}"})

    with pytest.raises(TemplateError) as caught:
        template.render({"a": {}})

    assert (caught.value.where, caught.value.line) == ("base", 2)


# --- values ----------------------------------------------------------------------------------------


def test_what_is_not_there_prints_nothing_and_reading_on_from_it_is_an_error() -> None:
    assert render("[{{ a }}{{ a.b }}{% for x in c %}x{% endfor %}]", {"a": {}}) == "[{}]"
    with pytest.raises(TemplateError, match="not there"):
        render("{{ a.b.c }}", {"a": {}})


def test_a_name_of_the_data_wins_over_a_method_of_the_same_name() -> None:
    assert (
        render("{{ order.items|length }} {{ order.values[0] }}", {"order": {"items": [1, 2], "values": [3]}}) == "2 3"
    )


def test_decimals_meet_the_numbers_of_templates() -> None:
    data = {"price": Decimal("12.50")}

    assert render("{{ price * 1.2 }} {{ price + 1 }} {{ price == 12.5 }} {{ price|round(1) }}", data) == (
        "15.000 13.50 True 12.5"
    )


def test_dates_are_read_reckoned_and_formatted() -> None:
    data = {"at": datetime(2026, 3, 4, 15, 6, tzinfo=UTC), "day": date(2026, 3, 1), "later": timedelta(days=2)}

    assert render("{{ at.strftime('%d.%m.%Y') }} {{ day.year }} {{ (at - later).day }}", data) == "04.03.2026 2026 2"
    assert render("{{ at|strftime('%H:%M') }} {{ day.isoformat() }} {{ later.days }}", data) == "15:06 2026-03-01 2"


def test_now_is_the_moment_of_the_rendering() -> None:
    template = compile_template("{{ now().year }}", "jinja")

    assert template.render({}, now=datetime(2031, 1, 1, tzinfo=UTC)) == "2031"


def test_data_is_escaped_exactly_once_wherever_it_goes() -> None:
    source = (
        "{% macro m(a) %}<i>{{ a }}</i>{% endmacro %}{% set kept %}{{ name }}{% endset %}"
        "{{ name }} {{ name|e }} {{ name|upper }} {{ m(name) }} {{ kept }} {{ [name]|join }} {{ '<b>'|safe ~ name }}"
    )

    assert render(source, {"name": "<&"}) == " ".join(
        ["&lt;&amp;", "&lt;&amp;", "&lt;&amp;", "<i>&lt;&amp;</i>", "&lt;&amp;", "&lt;&amp;", "<b>&lt;&amp;"]
    )


def test_in_projects_safe_is_for_html_fields_and_for_the_authors_own_text() -> None:
    source = (
        "{{ text|safe }} {{ html|safe }} {{ html }} {{ '<b>'|safe }}{% autoescape false %}{{ text }}{% endautoescape %}"
    )
    data = {"text": "<i>", "html": Markup("<p>")}

    assert render(source, data, raw="markup") == "&lt;i&gt; <p> <p> <b>&lt;i&gt;"
    assert render(source, data) == "<i> <p> <p> <b><i>"


def test_in_projects_a_field_without_a_value_is_not_there() -> None:
    tests = "{{ a|default('x') }}{{ a is defined }}{{ a is none }}{{ a == none }}"
    source = tests + "[{{ a }}{{ a|upper }}{{ b.c }}{{ '-' ~ a }}]"
    data = {"a": None, "b": {"c": None}}

    assert render(source, data, raw="markup") == "xFalseTrueTrue[-]"
    assert render(source, data) == "NoneTrueTrueTrue[NoneNONENone-None]"


# --- names -----------------------------------------------------------------------------------------


def test_what_is_set_in_a_loop_ends_with_its_round() -> None:
    source = (
        "{% set y = 0 %}{% for x in xs %}{{ y }}{% if x == 1 %}{% set y = 5 %}{% endif %}{{ y }}{% endfor %}{{ y }}"
    )

    assert render(source, {"xs": [1, 2]}) == "05000"


def test_a_name_that_no_template_can_write_is_not_read_from_data() -> None:
    assert render("{% for x in xs %}{{ y }}{% endfor %}", {"xs": [1], "y~1": "?", "x~0": "?", "item~0": "?"}) == ""


# --- other templates -------------------------------------------------------------------------------


def test_blocks_know_their_heirs_and_those_above() -> None:
    templates = {
        "base": "{% block a %}1{% block b %}2{% endblock %}{% endblock %}{% block c required %}{% endblock %}",
        "middle": "{% extends 'base' %}{% block b %}({{ super() }}){% endblock %}",
    }
    heir = "{% extends 'middle' %}{% block a %}[{{ super() }}]{% endblock %}{% block c %}{{ self.b() }}{% endblock %}"

    assert render(heir, templates=templates) == "[1(2)](2)"
    with pytest.raises(TemplateError, match="required"):
        render("{% extends 'middle' %}", templates=templates)


def test_every_transfer_encoding_writes_blocks_macros_and_includes_alike() -> None:
    templates = {
        "base": "<p>{% block a %}é{% endblock %}</p>{% include 'part' %}",
        "part": "{% from 'lib' import b %}{{ b('=') }}",
        "lib": "{% macro b(x) %}<b>{{ x }}</b>{% endmacro %}",
    }
    template = compile_template(
        "{% extends 'base' %}{% block a %}{{ super() }}ü{% endblock %}", "jinja", templates=templates
    )

    assert template.render({}) == "<p>éü</p><b>=</b>"
    assert template.writer("8bit")({}).decode() == "<p>éü</p><b>=</b>"
    assert template.writer("7bit")({}) == b"<p>&#233;&#252;</p><b>=</b>"
    assert template.trace({}).text == "<p>éü</p><b>=</b>"


# --- fields ----------------------------------------------------------------------------------------


def fields(source: str, **options: Any) -> set[str]:
    return set(compile_template(source, "jinja", **options).fields)


def test_fields_are_followed_through_variables_loops_and_macros() -> None:
    source = (
        "{% macro card(p, note='') %}{{ p.title }}{{ note }}{{ shop }}{% endmacro %}"
        "{% for x in cart.lines if x.qty %}{{ card(x.product, note=x.text) }}{% endfor %}"
        "{% set who = customer %}{{ who.name }}{{ (names|first).short }}{{ xs|map(attribute='u')|join }}"
    )

    assert fields(source) == {
        *("cart.lines", "cart.lines[].qty", "cart.lines[].product.title", "cart.lines[].text", "shop"),
        *("customer", "customer.name", "names[].short", "xs[].u"),
    }


def test_fields_are_followed_through_callers_imports_and_heirs() -> None:
    templates = {
        "lib": "{% macro box(p) %}{{ p.a }}{{ caller(p.b) }}{{ hidden }}{% endmacro %}",
        "base": "{{ top }}{% block x %}{{ never }}{% endblock %}{% block y %}{{ kept }}{% endblock %}",
    }
    source = (
        "{% extends 'base' %}{% import 'lib' as lib %}{% from 'lib' import box as b %}"
        "{% block x %}{% call(q) lib.box(one) %}{{ q.c }}{% endcall %}"
        "{% call(q) b(two) %}{{ q }}{% endcall %}{% endblock %}"
    )

    assert fields(source, templates=templates) == {
        *("top", "kept", "one.a", "one.b.c", "two.a", "two.b"),
    }


def test_guards_and_fallbacks_are_understood() -> None:
    source = (
        "{% if a is defined and a %}{{ a }}{% endif %}{{ b|default('x') }}{{ c or 'there' }}"
        "{% if d %}{{ d }}{% endif %}{{ e if e else '-' }}{{ f }}"
    )
    reads = {read.path: read for read in compile_template(source, "jinja").reads if read.usage == "output"}

    assert {path for path, read in reads.items() if not (read.is_guarded or read.has_fallback)} == {"f"}


def test_in_a_project_an_items_missing_value_is_not_defined_as_any_other() -> None:
    message = compile_message(
        "{% for i in items %}{{ i.n if i.n is defined else 'none' }},{{ i.n is undefined }};{% endfor %}"
        "{{ user.n is defined }}",
        name="t.jinja.html",
    )

    assert message.html.render({"items": [{"n": "A"}, {"n": None}], "user": {"n": None}}) == ("A,False;none,True;False")


# --- messages --------------------------------------------------------------------------------------


def test_a_message_has_subject_html_and_a_text_made_from_it() -> None:
    message = compile_message(
        '+++\nsubject = "Hi {{ name }}"\n+++\n<p>{# note #}{% if name %}Hi {{ name }}{% endif %}</p>'
        "<ul>{% for x in xs %}<li>{{ x }}</li>{% endfor %}</ul>{% raw %}{{ x }}{% endraw %}",
        name="welcome.jinja.html",
    )
    data = {"name": "A & B", "xs": ["<1>", "2"]}
    parts = {name: part.render(data) for name, part in message.parts.items()}

    assert parts["subject"] == "Hi A & B"
    assert parts["html"] == "<p>Hi A &amp; B</p><ul><li>&lt;1&gt;</li><li>2</li></ul>{{ x }}"
    assert parts["text"].split() == ["Hi", "A", "&", "B", "*", "<1>", "*", "2", "{{", "x", "}}"]


@pytest.mark.parametrize("name", ["a.jinja.html", "a.html.jinja", "a.jinja2", "a.html.j2"])
def test_a_files_ending_names_the_language(name: str) -> None:
    assert compile_message("{{ 1 if true }}", name=name).language == "jinja"


def test_the_shop_email_is_that_of_jinja2_and_of_our_liquid() -> None:
    source = (EMAIL / "jinja.html").read_text()
    ours, liquid = compile_template(source, "jinja"), compile_template((EMAIL / "liquid.html").read_text())
    theirs = Environment(autoescape=True).from_string(source)
    profiles = json.loads((EMAIL / "profiles.json").read_text())

    assert ours.fields == liquid.fields
    for profile in profiles[:100]:
        assert ours.render(profile) == theirs.render(profile)
        assert ours.render(profile).rstrip("\n") == liquid.render(profile).rstrip("\n")
