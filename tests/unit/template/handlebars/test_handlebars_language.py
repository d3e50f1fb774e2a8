"""Handlebars as handlebarsjs.com documents it: paths, blocks, private names, partials, white space."""

from __future__ import annotations

import quopri
from typing import Any

import pytest
from markupsafe import Markup

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

LIST = {"items": [{"name": "one"}, {"name": "two"}], "title": "T"}


def rendered(source: str, data: Any, dialect: str | None = None, **settings: Any) -> str:
    return compile_template(source, "handlebars", dialect=dialect, **settings).render(data)


@pytest.mark.parametrize(
    ("source", "data", "expected"),
    [
        ("{{a.b}} {{a/b}} {{[a].[b]}} {{this.a.b}} {{./a.b}}", {"a": {"b": 1}}, "1 1 1 1 1"),
        ("{{a.0.b}} {{a.[1].b}} {{a.length}}", {"a": [{"b": 1}, {"b": 2}]}, "1 2 2"),
        ("{{a.[0x]}} {{a.[007]}}", {"a": {"0x": "x", "007": "y"}}, "x y"),
        ("{{lookup a k}} {{lookup a 1}} {{#with (lookup a k)}}{{this}}{{/with}}", {"a": ["x", "y"], "k": 0}, "x y x"),
        ("{{a}} {{b}} {{c}} {{d}}", {"a": 1.0, "b": 0.1, "c": 1e21, "d": 1e-7}, "1 0.1 1e+21 1e-7"),
        ("{{a}} {{b}} {{c}}", {"a": [1, None, "x"], "b": {"k": 1}, "c": None}, "1,,x [object Object] "),
    ],
)
def test_values_are_found_and_printed_as_javascript_does(source: str, data: Any, expected: str) -> None:
    assert rendered(source, data) == expected


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [(True, 1), (False, 0), (None, 0), ("", 0), ("0", 1), (0, 0), (0.0, 0), (1, 1), ([], 0), ([0], 1), ({}, 1)],
)
def test_if_and_unless_take_what_javascript_takes_for_true(value: object, is_taken: int) -> None:
    source = "{{#if a}}1{{else}}0{{/if}}{{#unless a}}0{{else}}1{{/unless}}"
    assert rendered(source, {"a": value}) == f"{is_taken}{is_taken}"


@pytest.mark.parametrize(("asked", "is_taken"), [("true", True), ("false", False), ("on", True), ("off", False)])
def test_include_zero_counts_zero_as_a_value_where_it_is_true(asked: str, is_taken: bool) -> None:
    source = f"{{{{#if a includeZero={asked}}}}}y{{{{/if}}}}{{{{#unless a includeZero={asked}}}}}n{{{{/unless}}}}"
    assert rendered(source, {"a": 0, "on": 1, "off": None}) == ("y" if is_taken else "n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{#each items}}{{@index}}{{name}}{{@first}}{{@last}} {{/each}}", "0onetruefalse 1twofalsetrue "),
        ("{{#each items as |i k|}}{{k}}{{i.name}}{{../title}}{{/each}}", "0oneT1twoT"),
        ("{{#each items}}{{#if name}}{{../title}}{{/if}}{{/each}}", "TT"),
        ("{{#each items}}{{#each ../items}}{{@../index}}{{@index}} {{/each}}{{/each}}", "00 01 10 11 "),
        ("{{#items}}{{name}}{{@index}}{{../title}}{{/items}}", "one0Ttwo1T"),
        ("{{#each none}}x{{else}}nothing{{/each}}", "nothing"),
        ("{{#each title}}x{{else}}a text is no list{{/each}}", "a text is no list"),
        ("{{^items}}x{{/items}}{{^none}}y{{/none}}", "y"),
        ("{{#with items.[1] as |it|}}{{name}}{{it.name}}{{../title}}{{else}}x{{/with}}", "twotwoT"),
        ("{{#with this}}{{title}}{{../title}}{{/with}}", "T"),
        ("{{#each items}}{{@root.title}}{{@../root.title}}{{/each}}", "TTTT"),
        ("{{#items}}{{@key.length}}{{@../index}}{{/items}}", ""),
        ("{{{{if title}}}}{{name}}{{{{/if}}}} {{{{each items}}}}{{x}}{{{{/each}}}}", "{{name}} {{x}}{{x}}"),
        ("{{#if none}}a{{else each items}}{{name}}{{else}}b{{/if}}", "onetwo"),
    ],
)
def test_blocks_change_the_context_as_documented(source: str, expected: str) -> None:
    assert rendered(source, LIST) == expected


def test_objects_are_looped_over_in_javascripts_order_of_keys() -> None:
    data = {"a": {"b": 1, "10": 2, "2": 3, "a": 4}}
    assert rendered("{{#each a}}{{@key}}={{this}} {{/each}}", data) == "2=3 10=2 b=1 a=4 "


def test_a_section_over_true_keeps_the_context_and_its_parents() -> None:
    data = {"a": {"on": True, "x": "inner"}, "x": "outer"}
    assert rendered("{{#with a}}{{#on}}{{x}} {{../x}}{{/on}}{{/with}}", data) == "inner outer"


def test_a_section_that_is_no_loop_shows_the_index_of_the_loop_around() -> None:
    data = {"items": [{"on": True}, {"on": {"x": 1}}, {"on": ["a", "b"]}]}
    assert rendered("{{#each items}}{{#on}}{{@index}}{{/on}} {{/each}}", data) == "0 1 01 "


@pytest.mark.parametrize(
    ("source", "templates", "expected"),
    [
        ("{{> p}}", {"p": "{{title}}"}, "T"),
        ("{{> p items.[0] extra='x'}}", {"p": "{{name}}{{extra}}{{title}}"}, "onex"),
        ("{{#each items}}{{> p}}{{/each}}", {"p": "{{@index}}{{name}}{{@root.title}} "}, "0oneT 1twoT "),
        (
            "{{#each items}}{{#each ../items}}{{> p}}{{/each}}{{/each}}",
            {"p": "{{@../index}}{{@index}} "},
            "00 01 10 11 ",
        ),
        ("{{> (lookup . 'which')}}{{> [a b/c.d]}}", {"a b/c.d": "y"}, None),
        ("  {{> p}}\nend", {"p": "a\nb\n"}, "  a\n  b\nend"),
        ("a {{> p}}\n", {"p": "1\n2"}, "a 1\n2\n"),
        ("{{#> p}}{{title}}{{/p}}", {"p": "<{{> @partial-block}}>"}, "<T>"),
        ("{{#> p}}{{title}}{{/p}}", {}, "T"),
        ("{{#> p}}b{{/p}}{{> p}}", {"p": "{{#if @partial-block}}<{{> @partial-block}}>{{else}}none{{/if}}"}, "<b>none"),
        ("{{> x}}{{#*inline 'x'}}{{title}}{{/inline}}", {}, "T"),
        ("{{#each items}}{{#*inline 'x'}}{{name}}{{/inline}}{{> x}}{{/each}}", {"x": "outer"}, "onetwo"),
        ("{{#> p}}{{#*inline 'slot'}}mine{{/inline}}{{/p}}", {"p": "[{{> slot}}]", "slot": "theirs"}, "[mine]"),
        ("{{#> p}}{{#each items}}{{name}}{{../title}}{{/each}}{{/p}}", {"p": "{{> @partial-block}}!"}, "oneTtwoT!"),
        ("{{> p none b=1 a=2 b=3}}", {"p": "{{#each this}}{{@key}}{{this}}{{/each}}"}, "b1a2"),
        ("{{> p items a=2}}", {"p": "{{#each this}}{{@key}}{{name}} {{/each}}"}, "0one 1two a "),
        ("{{#*inline x}}{{/inline}}{{> x}}", {"x": ""}, None),
        ("{{#*inline 'x'}}{{name}}{{../title}}{{/inline}}{{#each items}}{{> x}}{{/each}}", {}, "onetwo"),
        ("{{#each items}}{{#*inline 'x'}}{{../title}}{{/inline}}{{> x}}{{> x none}}{{/each}}", {}, "TTTT"),
        ("{{#each items}}{{#if name}}{{#*inline 'x'}}{{../name}}{{/inline}}{{> x none}}{{/if}}{{/each}}", {}, "onetwo"),
    ],
)
def test_partials_see_what_they_are_given(source: str, templates: dict[str, str], expected: str | None) -> None:
    if expected is None:
        with pytest.raises(TemplateError):
            rendered(source, LIST, templates=templates)
    else:
        assert rendered(source, LIST, templates=templates) == expected


def test_a_partial_may_be_given_when_rendering() -> None:
    template = compile_template("{{> p}}", "handlebars")

    assert [finding.code for finding in template.findings] == ["unknown-include"]
    assert template.render({"a": 1}, templates={"p": "{{a}}"}) == "1"


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable"])
def test_an_indented_partial_is_indented_in_every_encoding(encoding: Any) -> None:
    template = compile_template("  {{> p}}\nend", "handlebars", templates={"p": "é={{a}}\n\n{{b}}\n"})

    octets = template.writer(encoding)({"a": "x\ny", "b": "z" * 100})

    plain = quopri.decodestring(octets) if encoding == "quoted-printable" else octets
    assert plain.decode() == "  é=x\r\n  y\r\n  \r\n  " + "z" * 100 + "\r\nend"
    assert all(len(line) <= 76 for line in octets.split(b"\r\n")) or encoding == "8bit"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a {{~x~}} b", "aXb"),
        ("{{#if x}}\n  line\n{{else}}\n  other\n{{/if}}\nend", "  line\nend"),
        ("{{! gone }}\n{{!-- }} gone --}}x", "x"),
        ("\\{{x}} \\\\{{x}}", "{{x}} \\X"),
        ("{{{{raw}}}}{{x}}{{#if}}{{{{/raw}}}}", "{{x}}{{#if}}"),
    ],
)
def test_white_space_comments_and_escapes(source: str, expected: str) -> None:
    assert rendered(source, {"x": "X"}) == expected


def test_data_is_escaped_once_and_raw_only_where_the_author_asked() -> None:
    data = {"a": "<b>'\"`=&", "b": Markup("<i>")}

    assert rendered("{{a}}", data) == "&lt;b&gt;&#x27;&quot;&#x60;&#x3D;&amp;"
    assert rendered("{{{a}}}{{&a}}", data) == data["a"] * 2
    assert rendered("{{b}}", data) == "<i>"
    assert rendered("{{{a}}}{{{b}}}", data, raw="markup") == "&lt;b&gt;&#x27;&quot;&#x60;&#x3D;&amp;<i>"
    assert rendered("{{a}}", data, escape=None) == data["a"]


def test_handlebars_compile_options_mean_what_they_mean_there() -> None:
    assert rendered("{{#a}}{{b}}{{/a}}", {"a": [{}], "b": 1}, options={"compat": True}) == "1"
    assert rendered("{{#a}}\nx\n{{/a}}\n", {"a": True}, options={"ignoreStandalone": True}) == "\nx\n\n"
    with pytest.raises(TemplateError, match="the data has no `a`"):
        rendered("{{a}}", {}, options={"strict": True})
    assert rendered("{{lookup a k}}", {"a": {"x": 1}, "k": "x"}, options={"strict": True}) == "1"
    with pytest.raises(TemplateError, match="no option `compact`"):
        rendered("{{a}}", {}, options={"compact": True})


@pytest.mark.parametrize(
    ("source", "line", "column", "what"),
    [
        ("x\n {{#if a}}", 2, 2, "`if` is never closed"),
        ("{{#if a}}{{/each}}", 1, 10, "`{{/each}}` closes `if`"),
        ("{{/if}}", 1, 1, "closes nothing"),
        ("{{else}}", 1, 1, "stands outside a block"),
        ("{{a", 1, 1, "not closed"),
        ("{{{a}}", 1, 5, "no meaning"),
        ("{{a}}}", 1, 4, "no meaning"),
        ("{{a/../b}}", 1, 5, "stands inside a path"),
        ("{{a (b}}", 1, 5, "`(` is not closed"),
        ("{{#if}}{{/if}}", 1, 1, "takes one value"),
        ("{{#each a as |}}{{/each}}", 1, 15, "`as |` needs names"),
        ("{{> p a b}}", 1, 5, "one context"),
        ("{{* d}}", 1, 1, "decorators"),
        ("{{!-- a", 1, 1, "comment is not closed"),
        ("{{{{raw}}}} x", 1, 1, "`raw` is never closed"),
    ],
)
def test_what_is_malformed_is_an_error_at_its_place(source: str, line: int, column: int, what: str) -> None:
    with pytest.raises(TemplateError) as raised:
        compile_template(source, "handlebars", name="t")

    assert what in raised.value.what
    assert (raised.value.line, raised.value.column) == (line, column)
    assert raised.value.caret
    assert raised.value.advice


@pytest.mark.parametrize("name", ["if", "unless", "each", "with", "lookup"])
def test_a_helper_of_its_own_is_called_with_something(name: str) -> None:
    with pytest.raises(TemplateError, match=f"`{name}` needs a value"):
        compile_template(f"{{{{{name}}}}}", "handlebars")
    assert rendered(f"{{{{this.{name}}}}}", {name: "a field"}) == "a field"


@pytest.mark.parametrize("source", ["{{#if (a)}}x{{/if}}", "{{lookup (a) 0}}"])
def test_what_is_called_in_parentheses_is_a_helper(source: str) -> None:
    template = compile_template(source, "handlebars")
    assert [found.code for found in template.findings] == ["unknown-helper"]
    with pytest.raises(TemplateError, match="there is no helper `a`"):
        template.render({"a": [1]})


@pytest.mark.parametrize("options", [{"strict": True}, {"assumeObjects": True}, {"strict": True, "compat": True}])
def test_strict_templates_know_the_index_in_sections_too(options: dict[str, bool]) -> None:
    source = "{{#items}}{{@index}}{{@first}}{{name}} {{/items}}"
    assert rendered(source, LIST, options=options) == "0trueone 1falsetwo "


@pytest.mark.parametrize("source", ["{{@index}}", "{{@brand}}", "{{#each items}}{{@brand}}{{/each}}", "{{@brand.x}}"])
def test_a_strict_template_refuses_private_names_that_are_not_there(source: str) -> None:
    with pytest.raises(TemplateError):
        rendered(source, LIST, options={"strict": True})


def test_a_strict_template_sees_a_private_name_that_was_handed_over() -> None:
    assert rendered("{{@brand}}", {"@brand": "Shop"}, options={"strict": True}) == "Shop"


@pytest.mark.parametrize("source", ["{{none}}", "{{title.x}}", "{{#items}}{{none}}{{/items}}"])
def test_strict_holds_where_names_are_looked_for_around(source: str) -> None:
    with pytest.raises(TemplateError):
        rendered(source, LIST, options={"strict": True, "compat": True})
    assert rendered("{{#items}}{{title}}{{/items}}", LIST, options={"strict": True, "compat": True}) == "TT"


def test_an_unknown_helper_is_found_and_stops_only_who_reaches_it() -> None:
    template = compile_template("{{#if a}}{{shout name}}{{/if}}ok", "handlebars")

    assert [(finding.code, finding.severity) for finding in template.findings] == [("unknown-helper", "error")]
    assert template.render({}) == "ok"
    with pytest.raises(TemplateError, match="no helper `shout`"):
        template.render({"a": 1})


@pytest.mark.parametrize("path", ["a.__class__", "a.[__init__]", "__class__", "a.constructor", "lookup a '__class__'"])
def test_nothing_of_python_can_be_reached(path: str) -> None:
    assert rendered(f"{{{{{path}}}}}", {"a": "x"}) == ""


@pytest.mark.parametrize(
    "templates",
    [{"p": "{{> p}}"}, {"p": "{{> p}}{{> p}}"}, {"p": "{{#> p}}{{> @partial-block}}{{/p}}"}],
)
def test_partials_in_a_circle_end_with_an_error(templates: dict[str, str]) -> None:
    with pytest.raises(TemplateError, match="deeper than 20"):
        rendered("{{> p}}", {}, templates=templates)


def test_an_error_in_a_block_given_to_a_partial_is_told_at_its_place() -> None:
    template = compile_template(
        "{{#> p}}\n  {{shout a}}\n{{/p}}", "handlebars", templates={"p": "{{> @partial-block}}"}
    )

    with pytest.raises(TemplateError) as raised:
        template.render({})

    assert raised.value.line == 2


@pytest.mark.parametrize(
    "source",
    [
        "{{a.0}}",  # the lexer reads a number here, and no path ends in one
        "{{a.true}}",
        "{{{a}}}}",
        "{{!--a}}",
        "{{#if ((a))}}{{/if}}",
        "{{(a)}}",
        "{{^each a}}{{else if b}}{{/each}}",
    ],
)
def test_what_handlebars_own_parser_refuses_is_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(source, "handlebars")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{!--}}a{{!-- b --}}", "a"),
        ("{{#each items}}{{[].name}};{{/each}}", "[object Object];[object Object];"),
        ("{{#if title as |x|}}{{else}}{{x}}{{/if}}", ""),
        ('{{#> p}}{{#*inline "p"}}x{{/inline}}y{{/p}}', "y"),  # a block's pieces are not known where it is called
        ('{{#*inline "p"}}{{#> none}}z{{> @partial-block}}{{/none}}{{/inline}}{{#> p}}y{{/p}}', "zy"),
    ],
)
def test_rare_constructs_give_what_handlebars_gives(source: str, expected: str) -> None:
    assert rendered(source, LIST) == expected


def test_a_block_parameter_that_a_block_does_not_give_is_named_where_it_is_read() -> None:
    template = compile_template("{{#if title as |x|}}{{x.y}}{{/if}}", "handlebars")

    assert template.render({}) == ""
    with pytest.raises(TemplateError, match="gives no block parameters"):
        template.render(LIST)


def test_options_that_turn_escaping_off_or_change_no_text_are_taken() -> None:
    options = {"noEscape": True, "data": False, "knownHelpersOnly": True}

    assert rendered("{{a}}{{#each b}}{{@index}}{{/each}}", {"a": "<&>", "b": [1]}, options=options) == "<&>0"
    assert rendered("{{a}}", {"a": "<"}, options={"noEscape": False}) == "&lt;"
