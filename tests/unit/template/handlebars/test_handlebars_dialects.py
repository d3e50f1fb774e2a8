"""What SendGrid, Mandrill, Mailgun, SES, Iterable and Postmark each make of Handlebars."""

from __future__ import annotations

import quopri
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

NOW = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)


def rendered(dialect: str, source: str, data: Any = None) -> str:
    return compile_template(source, "handlebars", dialect=dialect).render(data or {}, now=NOW)


@pytest.mark.parametrize(
    ("source", "data", "expected"),
    [
        ('{{insert a "default=you"}} {{insert a "you"}}', {"a": ""}, "you you"),
        ('{{insert a "default=you"}}', {"a": 0}, "0"),
        ("{{#equals a b}}=<{{else}}≠{{/equals}}", {"a": 3, "b": "3"}, "=<"),
        ("{{#equals a true}}y{{else}}n{{/equals}}", {"a": True}, "y"),
        ("{{#notEquals a b}}≠{{else}}={{/notEquals}}", {"a": "x", "b": "X"}, "≠"),
        ("{{#notEquals a b}}≠{{else}}={{/notEquals}}", {"a": None, "b": 0}, "≠"),
        ("{{#greaterThan a b}}>{{else}}≤{{/greaterThan}}", {"a": "10", "b": 9}, ">"),
        ("{{#greaterThan a b}}>{{else}}≤{{/greaterThan}}", {"a": Decimal("10.5"), "b": "9"}, ">"),
        ("{{#greaterThan a b}}>{{else}}≤{{/greaterThan}}", {"b": 9}, "≤"),
        ("{{#lessThan a b}}<{{/lessThan}}", {"a": 1, "b": 2}, "<"),
        ("{{#and a b}}both{{else}}no{{/and}}", {"a": "x", "b": 0}, "no"),
        ("{{#or a b}}one{{else}}no{{/or}}", {"a": "", "b": "y"}, "one"),
        ("{{#greaterThan length items 1}}many{{else}}few{{/greaterThan}}", {"items": [1, 2]}, "many"),
        ("{{#equals a 1}}1{{else equals a 2}}2{{else}}3{{/equals}}", {"a": 2}, "2"),
        ("{{#each a}}{{#equals this.k ../b}}{{this.k}}{{/equals}}{{/each}}", {"a": [{"k": 1}, {"k": 2}], "b": 2}, "2"),
        (
            '{{formatDate a "dddd, MMMM D YYYY h:mm A Z"}}',
            {"a": "2026-03-04T15:06:07Z"},
            "Wednesday, March 4 2026 3:06 PM +00:00",
        ),
        ('{{formatDate a "YY-M-DD HH:m:ss" "-0800"}}', {"a": 1772636767}, "26-3-04 07:6:07"),
        ('{{formatDate a "YYYY [at] D"}}', {"a": date(2026, 3, 4)}, "2026 at 4"),
        ('{{formatDate a "YYYY"}}', {"a": 1772636767000}, "2026"),
        ('{{formatDate a "YYYY"}}', {"a": "soon"}, "soon"),
        ("{{a}}", {"a": datetime(2026, 3, 4, 15, tzinfo=UTC)}, "2026-03-04T15:00:00.000Z"),
    ],
)
def test_sendgrid(source: str, data: Any, expected: str) -> None:
    assert rendered("sendgrid", source, data) == expected


@pytest.mark.parametrize(
    ("dialect", "source", "what"),
    [
        ("sendgrid", "{{#with a}}{{/with}}", "SendGrid has no helper `with`"),
        ("sendgrid", "{{#if (eq a b)}}{{/if}}", "SendGrid does not deliver calls in parentheses"),
        ("sendgrid", "{{#eq a b}}{{/eq}}", "SendGrid has no helper `eq`"),
        ("mailgun", "{{#equals a b}}{{/equals}}", "Mailgun has no helper `equals`"),
        ("mandrill", "{{unsub 'https://x'}}", "`unsub` is filled by Mandrill itself"),
        ("iterable", "{{#catalog 'c' id as |c|}}{{/catalog}}", "`catalog` is filled by Iterable itself"),
        ("ses", "{{upper a}}", "SES has no helper `upper`"),
    ],
)
def test_what_a_vendor_does_not_deliver_is_found(dialect: str, source: str, what: str) -> None:
    findings = compile_template(source, "handlebars", dialect=dialect).findings
    assert any(what in finding.what and finding.severity == "error" for finding in findings)


@pytest.mark.parametrize("dialect", ["sendgrid", "mailgun", "iterable"])
def test_partials_are_refused_where_the_vendor_has_none(dialect: str) -> None:
    with pytest.raises(TemplateError, match="has no partials"):
        compile_template("{{> p}}", "handlebars", dialect=dialect)


@pytest.mark.parametrize(
    ("source", "data", "expected"),
    [
        ('{{upper a}} {{lower "AB"}} {{title "the lord of the rings"}}', {"a": "é"}, "É ab The Lord of the Rings"),
        ("<a href='?q={{url a}}'>", {"a": "a b&c/é"}, "<a href='?q=a%20b%26c%2F%C3%A9'>"),
        ("{{striptags a}}", {"a": "<b>x</b> & y"}, "x &amp; y"),
        ('{{date "Y-m-d"}} {{date}}', {}, "2026-03-04 04/03/2026"),
        ('{{#if `n > 3`}}a{{elseif `os == "OS X"`}}b{{else}}c{{/if}}', {"n": 3, "os": "OS X"}, "b"),
        ("{{#if `n >= 3 && (a || !b)`}}y{{else}}n{{/if}}", {"n": 3, "b": 0}, "y"),
        ("{{#unless `user.n == 1 or x`}}y{{/unless}}", {"user": {"n": 2}}, "y"),
        ("{{#each l}}{{#if `../n == this.k`}}{{k}}{{/if}}{{/each}}", {"n": 2, "l": [{"k": 1}, {"k": 2}]}, "2"),
        ("{{#items}}{{this}},{{/items}}", {"items": [1, 2]}, "1,2,"),
        ('<template name="row"><b>{{n}}</b></template>{{#each l}}{{> row}}{{/each}}', {"l": [{"n": 1}]}, "<b>1</b>"),
        ("\\{{x}} \\\\{{x}}", {"x": 1}, "{{x}} \\1"),
    ],
)
def test_mandrill(source: str, data: Any, expected: str) -> None:
    assert rendered("mandrill", source, data) == expected


@pytest.mark.parametrize("source", ["{{#if `a >`}}x{{/if}}", "{{#if `a # b`}}x{{/if}}", "{{#if `(a`}}x{{/if}}"])
def test_a_malformed_condition_is_an_error_at_its_place(source: str) -> None:
    with pytest.raises(TemplateError) as raised:
        compile_template(source, "handlebars", dialect="mandrill")
    assert raised.value.caret


def test_mailgun_compares_what_values_look_like() -> None:
    source = "{{#equal a b}}={{else if c}}c{{else}}≠{{/equal}}"
    assert rendered("mailgun", source, {"a": 3, "b": "3"}) == "="
    assert rendered("mailgun", source, {"a": 3, "b": 4, "c": 1}) == "c"


def test_ses_refuses_what_is_not_there_instead_of_losing_the_mail() -> None:
    assert rendered("ses", "{{a}}{{#if b}}{{/if}}", {"a": ""}) == ""
    with pytest.raises(TemplateError, match="the data has no `a`"):
        rendered("ses", "{{a}}")


@pytest.mark.parametrize(
    ("source", "data", "expected"),
    [
        ('{{defaultIfEmpty a "there"}} [[defaultIfEmpty b "x"]]', {"b": "B"}, "there B"),
        ("{{#ifEq a b}}={{else}}≠{{/ifEq}}{{#lte a 3}}≤{{/lte}}{{#gt a 3}}>{{/gt}}", {"a": 3, "b": "3"}, "=≤"),
        ('{{#ifContainsStr a "b"}}y{{/ifContainsStr}}', {"a": "abc"}, "y"),
        ('{{#ifMatchesRegexStr a "[a-z]+@(x|y)\\.com"}}y{{else}}n{{/ifMatchesRegexStr}}', {"a": "ab@y.com"}, "y"),
        ('{{#ifMatchesRegexStr a "[a-z]+"}}y{{else}}n{{/ifMatchesRegexStr}}', {"a": "ab1"}, "n"),
        ("{{capitalize a}} {{capitalizeFirst a}} {{upper a}} {{length a}}", {"a": "ab cd"}, "Ab Cd Ab cd AB CD 5"),
        (
            '{{substring a 1 3}} {{abbreviate a 5}} {{replace a "b" "x"}} {{cut a "b"}}',
            {"a": "abcdefg"},
            "bc ab... axcdefg acdefg",
        ),
        ('{{slugify a}} {{center "x" size=5 pad="*"}}', {"a": " Joe is: a Slug! "}, "joe-is-a-slug **x**"),
        (
            "{{#urlEncode}}{{a}} ?{{/urlEncode}} {{#base64}}{{b}}{{/base64}}",
            {"a": "x&y", "b": "hi"},
            "x%26y+%3F aGk&#x3D;",
        ),
        ("{{md5 a}}", {"a": "x"}, "9dd4e461268c8034f5c8564e155c67a6"),
        ("{{sha1 a}}", {"a": "x"}, "11f6ad8ec52a2984abaafd7c3b516503785c2072"),
        ('{{hmacSHA1 a "key"}}', {"a": "x"}, "2a00e8e8343df86c4c188b263eeca331afa31548"),
        ("{{{toJson a}}}", {"a": {"k": [1, "é"]}}, '{"k":[1,"é"]}'),
        ('{{now "yyyy-MM-dd HH:mm"}} {{now "EEE d MMM" tz="Asia/Tokyo"}}', {}, "2026-03-04 15:06 Thu 5 Mar"),
        ("[[#each l]][[this]][[else]]-[[/each]] a[0] [x] [[", {"l": [1, 2]}, "12 a[0] [x] [["),
        ('{{#if (eq a "x")}}y{{/if}}', {"a": "x"}, "y"),
    ],
)
def test_iterable(source: str, data: Any, expected: str) -> None:
    assert rendered("iterable", source, data) == expected


def test_a_hostile_regular_expression_cannot_hang() -> None:
    with pytest.raises(TemplateError, match="too long to be matched"):
        rendered("iterable", "{{#ifMatchesRegexStr a '(a|a|aa)+b'}}{{/ifMatchesRegexStr}}", {"a": "a" * 100_000})


@pytest.mark.parametrize(
    ("source", "data", "expected"),
    [
        ("{{a}}{{{a}}}{{&a}}", {"a": "<"}, "&lt;<<"),
        ("{{a}} {{b}} {{c}}{{d}}", {"a": True, "b": 1.5, "c": [1], "d": {}}, "True 1.5 "),
        ("{{#a}}{{x}}{{../y}}{{/a}}", {"a": {"x": 1}, "y": 2}, "12"),
        ("{{#a}}yes{{^a}}no{{/a}}", {"a": 0}, "no"),
        ("{{#a}}yes{{^a}}no{{/a}}", {"a": [0]}, "yes"),
        ("{{^a}}{{../y}}{{/a}}", {"y": 2}, "2"),
        ("{{#each l}}{{n}}{{../../y}}{{.}} {{/each}}", {"l": [{"n": 1}, {"n": 2}], "y": "!"}, "1! 2! "),
        ("{{#each l}}{{.}}{{/each}}", {"l": ["a", "b"]}, "ab"),
        ("{{#each l}}x{{/each}}", {"l": None}, ""),
        ("{{a.b.c}}{{! gone }}", {"a": {"b": {"c": 1}}}, "1"),
        ("{{a.length}}{{../../x}}", {"a": [1], "x": 3}, "3"),
        ("{{{@content}}}", {"@content": "<p>"}, "<p>"),
    ],
)
def test_postmark(source: str, data: Any, expected: str) -> None:
    assert rendered("postmark", source, data) == expected


@pytest.mark.parametrize(
    ("source", "column", "what"),
    [
        ("{{#a}}", 1, "never closed"),
        ("{{#a}}{{/b}}", 7, "closes nothing; `a` is open"),
        ("{{#each}}{{/each}}", 1, "needs a list"),
        ("{{a b}}", 1, "is no name"),
        ("{{a..b}}", 1, "is no name"),
        ("x {{a", 3, "not closed"),
    ],
)
def test_postmark_refuses_what_mustachio_refuses(source: str, column: int, what: str) -> None:
    with pytest.raises(TemplateError) as raised:
        compile_template(source, "handlebars", dialect="postmark")
    assert what in raised.value.what
    assert raised.value.column == column


def test_postmarks_each_refuses_what_is_no_list() -> None:
    with pytest.raises(TemplateError, match="goes over a list"):
        rendered("postmark", "{{#each a}}{{/each}}", {"a": {"b": 1}})


@pytest.mark.parametrize(
    ("dialect", "source", "what"),
    [
        ("sendgrid", "{{formatDate at}}", "`formatDate` takes 2 to 3 values, 1 given"),
        ("sendgrid", "{{#equals a}}x{{/equals}}", "`equals` takes 2 values, 1 given"),
        ("iterable", "{{#if a}}{{substring b}}{{/if}}", "`substring` takes 2 to 3 values, 1 given"),
        ("iterable", "{{eq a b c}}", "`eq` takes 2 values, 3 given"),
    ],
)
def test_a_helper_with_too_few_values_or_too_many_is_refused_by_its_own_name(
    dialect: str, source: str, what: str
) -> None:
    with pytest.raises(TemplateError) as raised:
        compile_template(source, "handlebars", dialect=dialect)
    assert raised.value.what == what


def test_elseif_where_it_is_unknown_is_told_as_else_if() -> None:
    template = compile_template("{{#if a}}x{{elseif b}}y{{/if}}", "handlebars", dialect="sendgrid")
    assert [found.advice for found in template.findings] == ["Write `{{else if …}}`."]


def test_an_unknown_dialect_names_the_nearest() -> None:
    with pytest.raises(TemplateError, match="Did you mean `sendgrid`"):
        compile_template("x", "handlebars", dialect="sendgird")


@pytest.mark.parametrize(
    ("source", "templates", "expected"),
    [
        ("{{#a}}{{b}}{{#c}}{{b}}{{.}}{{/c}}{{/a}}", {}, "11x"),
        ("{{=<% %>=}}<%b%>{{b}}", {}, "1{{b}}"),
        ("{{>*name}}{{> missing}}", {"p": "({{b}})"}, "(1)"),
        ("{{> * name }}{{>**name}}{{<*name}}{{$x}}mine{{/x}}{{/ * name}}", {"p": "({{$x}}{{/x}})"}, "()(mine)"),
        ("{{<p}}{{$x}}mine{{/x}}{{/p}}", {"p": "[{{$x}}theirs{{/x}}{{$y}}kept{{/y}}]"}, "[minekept]"),
        (" {{> p}}\n", {"p": "{{b}}\n{{text}}"}, " 1\n l1\nl2"),
        ("{{#zero}}x{{/zero}}{{^zero}}none{{/zero}}{{#empty}}x{{/empty}}{{^empty}}none{{/empty}}", {}, "nonenone"),
        ("a{b:{{b}}} {c:{{{b}}}} {{=[ ]=}}[b]]", {}, "a{b:1} {c:1} 1]"),
        (r"\{{b}} \\{{b}}", {}, r"\1 \\1"),
        (" {{<p}}{{/p}}\n.", {"p": "1\n\n2\n"}, " 1\n\n 2\n."),
        ("a {{<p}}\n{{/p}}\n.", {"p": "1\n2\n"}, "a 1\n2\n\n."),
        ("{{<p}}{{$x}}\n    1\n\n     2\n{{/x}}{{/p}}", {"p": "a\n  {{$x}}\n  {{/x}}\n."}, "a\n  1\n\n   2\n."),
        ("{{<p}}{{$x}}\n1\n2{{/x}}{{/p}}", {"p": "a\n  {{$x}}{{/x}}\n."}, "a\n  1\n  2\n."),
        ("{{<p}}{{$x}}1\n2\n{{/x}}{{/p}}", {"p": "a\n{{$x}}\n   own\n  less\n{{/x}}."}, "a\n   1\n   2\n."),
        (
            "{{<p}}{{/p}}",
            {"p": "a\n  {{$x}}\n   own\n  less\n  {{/x}}\n {{$y}}1\n2{{/y}}\n."},
            "a\n   own\n  less\n 1\n2\n.",
        ),
        (
            "{{<p}}{{$in}}\n3\n{{/in}}{{/p}}",
            {"p": "{{<q}}{{$x}}\n  1\n  {{$in}}\n    2\n  {{/in}}\n{{/x}}{{/q}}", "q": " {{$x}}\n {{/x}}\n"},
            " 1\n   3\n",
        ),
        (
            "{{<p}}{{$x}}\n  {{#a}}\n  {{b}}\n    {{> q}}\n  {{/a}}\n{{/x}}{{/p}}",
            {"p": " {{$x}}\n {{/x}}\n", "q": "q\nq\n"},
            " 1\n   q\n   q\n",
        ),
    ],
)
def test_mustache(source: str, templates: dict[str, str], expected: str) -> None:
    data = {"a": [{"c": ["x"], "b": 1}], "b": 1, "name": "p", "text": "l1\nl2", "zero": 0, "empty": ""}
    template = compile_template(source, "handlebars", dialect="mustache", templates=templates)
    assert template.render(data) == expected


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable"])
def test_what_fills_a_slot_is_indented_in_every_encoding(encoding: Any) -> None:
    templates = {"p": "<\n    {{$x}}\n    {{/x}}\n>"}
    source = "{{<p}}{{$x}}\n  é={{a}}\n\n  {{a}}\n{{/x}}{{/p}}"
    template = compile_template(source, "handlebars", dialect="mustache", templates=templates)

    octets = template.writer(encoding)({"a": "é" * 40})

    plain = quopri.decodestring(octets) if encoding == "quoted-printable" else octets
    assert plain.decode() == f"<\r\n    é={'é' * 40}\r\n\r\n    {'é' * 40}\r\n>"


@pytest.mark.parametrize(
    ("dialect", "source", "codes"),
    [
        ("mandrill", "{{title}}", ["hidden-by-helper"]),
        ("mandrill", "{{#each a}}{{url}}{{/each}}", ["hidden-by-helper"]),
        ("mandrill", "{{this.title}} {{a.title}} {{date}} {{upper title}}", []),
        ("sendgrid", "{{title}} {{length}}", ["hidden-by-helper"]),
        ("mailgun", "{{title}}", []),
    ],
)
def test_a_field_with_a_helpers_name_is_hidden_at_the_vendor_and_found(
    dialect: str, source: str, codes: list[str]
) -> None:
    template = compile_template(source, "handlebars", dialect=dialect)

    assert [finding.code for finding in template.findings] == codes
    assert "T" in template.render({"title": "T", "length": "T", "a": [{"url": "T"}]}) or not codes
