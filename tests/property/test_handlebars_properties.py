"""What holds for any Handlebars template, in every dialect, and any data."""

from __future__ import annotations

import html
import quopri
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from livemerge.errors import TemplateError
from livemerge.template import LANGUAGES
from livemerge.template import compile as compile_template

DIALECTS = (None, *LANGUAGES["handlebars"].dialects)
TEXT = st.text(max_size=60)
HOSTILE = st.one_of(
    TEXT,
    st.sampled_from(["<script>", "\"'><`=", "{{ x }}", "{{{x}}}", "[[x]]", "\r\n.\r\n", "=\r\n", "\0", " \t", "&amp;"]),
    st.text(alphabet="ab <>&\"'=`.\r\n\t éß€\0{}", max_size=60),
)
SCALAR = st.one_of(HOSTILE, st.integers(), st.floats(), st.booleans(), st.none(), st.decimals(), st.datetimes())
NAMES = st.sampled_from(["a", "b", "c", "d", "length", "0", "@root", "@index"])
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
DATA = st.dictionaries(NAMES, VALUE, max_size=5)
# fmt: off
PIECES = st.sampled_from(
    [
        "Häuser ", "a  b\n", "<p class='x'>", "=", "\\", "\n", "{{", "}}", "[[", "~", "`", "|", "(", '"', "{{a}}",
        "{{{a}}}", "{{&b}}", "{{~a~}}", "{{a.b}}", "{{../a}}", "{{this}}", "{{.}}", "{{@index}}", "{{@../key}}",
        "{{#if a}}", "{{else if b}}", "{{else}}", "{{^}}", "{{/if}}", "{{#unless b}}", "{{/unless}}",
        "{{elseif c}}", "{{#each c}}", "{{#each c as |i k|}}", "{{i}}", "{{/each}}", "{{#with d}}", "{{/with}}",
        "{{#a}}", "{{^a}}", "{{/a}}", "{{#b}}", "{{/b}}", "{{> p}}", "{{> p a x=b}}", "{{#> p}}", "{{/p}}",
        "{{> @partial-block}}", '{{#*inline "q"}}', "{{/inline}}", "{{> q}}", "{{lookup a b}}", "{{upper a}}",
        '{{insert a "default=x"}}', '{{formatDate a "YYYY"}}', "{{#equals a b}}", "{{/equals}}", "{{{{raw}}}}",
        "{{{{/raw}}}}", "{{!-- c --}}", "{{=<% %>=}}", "<% a %>", "{{<p}}", "{{$x}}", "{{/x}}",
        "{{> (lookup a 'b')}}", "{{#urlEncode}}", "{{/urlEncode}}", '{{#if `a > 3 && b == "x"`}}', "  {{> p}}\n",
        "{{{a}}", "{{ [a b].c }}", "{{#ifMatchesRegexStr a b}}", "{{/ifMatchesRegexStr}}", '{{now "yyyy"}}',
        '{{date "d/m/Y"}}', "{{toJson a}}", '<template name="q">', "</template>", '{{numberFormat a "currency" b}}',
        '{{numberFormat a "#,##0.0#" minimumFractionDigits=3}}', '{{dateFormat a "full" tz=b}}', "{{math a '/' b}}",
        '{{dateMath a "-1M+1d/d" format=b}}', '{{#assign "v"}}', "{{/assign}}", "{{v}}", "{{sendSkip cause=a}}",
        '{{join c ", " prefix=a}}', '{{{snippet "q" x=a}}}', '{{#sortBy c field="a" as |s|}}', "{{/sortBy}}", "{{s}}",
        '{{#minInList c "a"}}', "{{/minInList}}", "{{c.size}}", '{{eq a b yes="y" no=c}}', "{{#ifModEq a b 0}}",
        "{{/ifModEq}}", "{{#breaklines}}", "{{/breaklines}}", "{{#lookup d a as |l|}}", "{{/lookup}}", "{{a.0}}",
    ]
)
# fmt: on
PARTIALS = {
    "p": "[{{a}}\n{{> @partial-block}}{{x}}{{> q}}]",
    "r": "{{> r}}{{> r}}",
    "q": "{{#each this}}{{@key}}{{/each}}",
}
WELL_FORMED = st.lists(
    st.sampled_from(
        [
            "Häuser ",
            "a  b\n",
            "=",
            ".\n",
            "\t",
            "{{a}}",
            "{{{b}}}",
            "{{#if a}}x {{else}}y{{b}}{{/if}}",
            "{{#each c}}{{@index}}{{this}} {{../a}},{{/each}}",
            "{{#c}}{{.}}{{^}}none{{/c}}",
            "{{#with d}}{{a}}{{/with}}",
            "  {{> line}}\n",
            "{{#> box}}{{a}}{{/box}}",
        ]
    ),
    max_size=12,
).map("".join)
SAFE_PARTIALS = {"line": "é={{a}}\n{{b}}", "box": "<b>{{> @partial-block}}</b>\n"}


@given(st.lists(PIECES, max_size=16).map("".join), st.sampled_from(DIALECTS), DATA)
@settings(max_examples=400, deadline=None)
def test_any_text_compiles_and_renders_or_raises_a_template_error(source: str, dialect: str, data: Any) -> None:
    try:
        template = compile_template(source, "handlebars", dialect=dialect, templates=PARTIALS)
        template.trace(data)
        template.writer("quoted-printable")(data)
    except TemplateError as error:
        assert error.what


@given(WELL_FORMED, DATA, st.sampled_from(["8bit", "quoted-printable", "7bit"]))
@settings(max_examples=200, deadline=None)
def test_every_writer_writes_what_render_gives(source: str, data: Any, encoding: Any) -> None:
    template = compile_template(source, "handlebars", templates=SAFE_PARTIALS)

    octets = template.writer(encoding)(data)

    whole = quopri.decodestring(octets) if encoding == "quoted-printable" else octets
    text = html.unescape(whole.decode()) if encoding == "7bit" else whole.decode()
    rendered = template.render(data).replace("\r", "").replace("\n", "\r\n")
    assert text.replace("\r", "") == (html.unescape(rendered) if encoding == "7bit" else rendered).replace("\r", "")
    assert template.trace(data).text == template.render(data)


@given(HOSTILE, st.sampled_from(DIALECTS))
@settings(max_examples=200, deadline=None)
def test_data_never_becomes_markup_or_a_tag(value: str, dialect: str) -> None:
    template = compile_template("<a title='{{a}}'>{{#b}}{{.}}{{/b}}</a>{{a}}", "handlebars", dialect=dialect)

    text = template.render({"a": value, "b": [value]})

    body = text.removeprefix("<a title='").replace("'>", "", 1).replace("</a>", "", 1)
    assert not set(body) & set("<>\"'")
