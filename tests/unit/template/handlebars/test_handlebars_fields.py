"""Which fields a Handlebars template reads, through contexts, block parameters, partials and sections."""

from __future__ import annotations

import pytest

from livemerge.template import Read
from livemerge.template import compile as compile_template


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("{{a}} {{b.c}} {{lookup d 'e'}}", {"a", "b.c", "d.e"}),
        ("{{#each items}}{{name}}{{../title}}{{@index}}{{/each}}", {"items", "items[].name", "title"}),
        (
            "{{#each items as |i|}}{{i.name}}{{#each i.sub}}{{x}}{{/each}}{{/each}}",
            {"items", "items[].name"} | {"items[].sub", "items[].sub[].x"},
        ),
        ("{{#with user}}{{name}}{{@root.city}}{{/with}}", {"user", "user.name", "city"}),
        ("{{#if a}}{{b}}{{else if c}}{{d}}{{/if}}", {"a", "b", "c", "d"}),
        ("{{> p user}}", {"user.name"}),
        ("{{> p x=a}}", {"a", "name"}),
        ("{{#> box}}{{a}}{{/box}}", {"a", "inside"}),
        ("{{#*inline 'q'}}{{a}}{{/inline}}{{> q user}}", {"user.a"}),
        ("{{items.[0].name}}", {"items[].name"}),
        ("{{#items}}{{name}}{{/items}}", {"items", "items[].name", "items.name", "name"}),
    ],
)
def test_the_fields_of_a_template(source: str, fields: set[str]) -> None:
    templates = {"p": "{{name}}{{x}}" if "x=a" in source else "{{name}}", "box": "{{inside}}{{> @partial-block}}"}
    template = compile_template(source, "handlebars", templates=templates)
    assert template.fields == fields


def reads_of(source: str, dialect: str | None = None) -> dict[str, Read]:
    return {read.path: read for read in compile_template(source, "handlebars", dialect=dialect).reads}


def test_what_every_way_has_tested_is_guarded() -> None:
    reads = reads_of("{{#if a}}{{a}}{{b}}{{/if}}{{#each c}}{{d}}{{/each}}{{#with e}}{{f}}{{/with}}{{g}}")

    guarded = {path for path, read in reads.items() if read.usage == "output" and read.is_guarded}
    assert guarded == {"a", "e.f"}  # that c has items says nothing of what is in one


def test_a_fallback_of_the_dialect_is_one() -> None:
    assert reads_of('{{insert name "default=you"}}', "sendgrid")["name"].has_fallback
    assert reads_of('{{defaultIfEmpty name "you"}}', "iterable")["name"].has_fallback
    assert not reads_of('{{insert name "default="}}', "sendgrid")["name"].has_fallback


def test_a_section_names_what_may_be_read_instead() -> None:
    read = reads_of("{{#if name}}{{#member}}{{name}}{{/member}}{{/if}}")["member[].name"]

    assert read.paths == ("member[].name", "member.name", "name")
    assert dict(read.alternatives) == {"member.name": True, "name": True}


def test_comparisons_and_dates_are_told_apart() -> None:
    reads = reads_of('{{#equals a 3}}{{/equals}}{{#equals b "x"}}{{/equals}}{{formatDate c "YYYY"}}', "sendgrid")

    assert reads["a"].operations == ("compare_number",)
    assert reads["b"].operations == ("compare_text",)
    assert reads["c"].operations == ("date",)


def test_a_trace_tells_values_and_branches() -> None:
    template = compile_template("{{#each a}}{{#if x}}{{x}}{{/if}}{{/each}}", "handlebars")

    trace = template.trace({"a": [{"x": "v"}, {}]})

    assert [(trace.text[value.start : value.end], value.expression) for value in trace.values] == [("v", "x")]
    assert [(each.condition, each.is_taken) for each in trace.branches] == [
        ("each a", True),
        ("if x", True),
        ("if x", False),
    ]
