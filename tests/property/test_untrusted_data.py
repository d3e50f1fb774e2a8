"""What a customer is called is text and nothing else: in every language, dialect, part and way a mail travels.

Data may look like a tag of any language, like HTML, like the end of a header or of a message; it may turn the direction
of writing around or be half a character. It appears as that text; no tag, no attribute and no other value comes of it.
"""

from __future__ import annotations

import html
import quopri
import re
import unicodedata
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from livemerge.clean import clean_data, clean_html, clean_text
from livemerge.template import LANGUAGES, compile_message
from livemerge.template import compile as compile_template

NOW = datetime(2026, 3, 4, 19, 5, 7, tzinfo=UTC)
SECRET = "S3CRET"
NASTY = [
    *("{{ secret }}", "{{{secret}}}", "{% raw %}", "{%", "}}", "{{", "[[secret]]", "${secret}", "{# #}", "{{> p}}"),
    *("*|SECRET|*", "*|UNSUB|*", "*|IF:X|*", "%%=v(secret)=%%", "%%secret%%", "%%[ SET @n = 1 ]%%", "%%=Now()=%%"),
    *("{{.slot}}", "<script>alert(1)</script>", "<b>", "<img src=x onerror=alert(1)>", "--><b>", "</p>", "]]>", "<!--"),
    *("&lt;b&gt;", '" onclick="x', "' onclick='x", "`onclick=x", "img src=x onerror=alert(1) ", "a href=javascript:x"),
    *("&", "&amp;", "\r\nBcc: all@a.example\r\n\r\n", "\r\n.\r\n", "=\r\n", "=3D", "\0", "\x1b[31m", "\x7f\x85"),
    *("\u2028\u2029", "\ufeff", "\u202egpj.exe", "\u2066\u202b", "\u202c\u2069", "\ud800", "\udc00x", "\ufffe"),
    *("e\u0301", "\U0001f468\u200d\U0001f469", "\ue0000_1\ue001", "@ data 0_0", "../../etc/passwd", "O'Neill"),
    *("a\\b", "$&", "\\1"),
]
VALUES = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=12),
    st.lists(st.sampled_from([*NASTY, "a", " "]), max_size=4).map("".join),
)

VARIANTS = [(name, dialect) for name, each in LANGUAGES.items() for dialect in (None, *each.dialects)]

# One value written as text and in quoted attributes, straight and through what keeps it as it is.
WRITTEN = {
    "liquid": [
        "{{ v }}",
        "{{ v | append: '' }}",
        "{{ v | escape }}",
        "{% assign x = v %}{{ x }}",
        "{% capture x %}{{ v }}{% endcapture %}{{ x }}",
        "{% render 'p', v: v %}",
        "{% include 'p' %}",
        "{% for x in l %}{{ x }}{% endfor %}",
        "{{ l | join: ', ' }}",
        "{{ l | first | prepend: '' }}",
        "{% echo v %}",
        "{{ nothing | default: v }}",
        "{{ v | replace: 'nothing in it', '<i>' }}",
    ],
    "mailchimp": ["*|V|*", "*|IF:V|**|V|**|ELSE:|**|V|**|END:IF|*"],
    "ampscript": [
        "%%v%%",
        "%%=v(v)=%%",
        "%%[ SET @x = v ]%%%%=v(@x)=%%",
        "%%=Concat(v, '')=%%",
        "%%=TreatAsContent(Concat('%%=v(v)=%%', ''))=%%",
        "%%=TreatAsContent(v)=%%",
        "%%=IIf(1 == 1, v, '')=%%",
        "%%=Lookup('T', 'v', 'id', 1)=%%",
        "%%=ContentBlockByKey('p')=%%",
    ],
    "handlebars": ["{{v}}", "{{#if v}}{{v}}{{else}}{{v}}{{/if}}", "{{#each l}}{{this}}{{/each}}", "{{o.v}}"],
    "jinja": [
        "{{ v }}",
        "{{ v ~ '' }}",
        "{{ v|e }}",
        "{% set x = v %}{{ x }}",
        "{% set x %}{{ v }}{% endset %}{{ x }}",
        "{% for x in l %}{{ x }}{% endfor %}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(v) }}",
        "{% include 'p' %}",
        "{{ o.v }}",
    ],
}
# What changes the value: what it becomes is the language's business, but it stays text.
CHANGED = {
    "liquid": [
        "{{ v | escape | replace: 'a', '<b>' }}",
        "{{ v | replace: 'a', '<b>' }}",
        "{{ v | replace_first: 's', '<' }}",
        "{{ v | escape | replace: 's', '<' }}",
        "{{ v | escape | replace_last: 's', '<' }}",
        "{{ '<' | append: v }}",
        "{{ '<b title=' | append: v | append: '>' }}",
        "{{ '<b title=\"' | append: v | append: '\">' }}",
        "{{ v | prepend: '<' }}{{ v | append: '<b>' }}",
        "{{ '<b X>' | replace: 'X', v }}",
        "{{ v | escape | split: '&' | join: '<b>' }}",
        "{{ v | split: '' | join: '<' }}",
        "{{ v | newline_to_br | upcase }}",
        "{{ v | escape_once }}{{ v | strip_html }}",
        "{{ v | json }}{{ l | json }}",
        "{{ v | url_encode }}{{ v | url_encode | url_decode }}",
        "{{ v | escape | url_decode }}",
        "{{ v | escape | truncate: 5, '<b>' }}{{ v | escape | slice: 1, 4 }}",
        "{{ v | base64_encode | base64_decode }}",
        "{{ v | escape | remove: ';' }}",
        "{{ v | capitalize | downcase | strip }}",
        "{% capture x %}<b>{% endcapture %}{{ x | append: v | upcase }}",
        "{{ o }}{{ l }}",
    ],
    "mailchimp": ["*|UPPER:V|**|LOWER:V|**|TITLE:V|**|URL:V|*"],
    "ampscript": [
        "%%=Concat('<', v)=%%",
        "%%=Concat('<b>', v, '</b>')=%%",
        "%%=Replace(v, 's', '<')=%%",
        "%%=Replace(v, 's', '<b>')=%%",
        "%%=Uppercase(Concat('<b>', v))=%%",
        "%%=Substring(Concat('<b>', v), 2)=%%",
        "%%=TreatAsContent(Concat('<', v))=%%",
        "%%=URLEncode(v)=%%",
        "%%=ProperCase(v)=%%",
    ],
    "handlebars": ["{{{v}}}", "{{&v}}", "{{o}}{{l}}"],
    "jinja": [
        "{{ ('<'|safe) ~ v }}",
        "{{ '<' ~ v }}",
        "{{ v|e|replace('s', '<') }}",
        "{{ v|replace('s', '<b>') }}",
        "{{ v|upper|title|trim }}",
        "{{ l|join('<b>') }}",
        "{{ v|tojson }}",
        "{{ v|urlencode }}",
        "{{ v|safe }}",
        "{{ v|striptags }}",
        "{{ l }}{{ o }}",
    ],
}
PARTIALS = {
    "liquid": {"p": "{{ v }}"},
    "jinja": {"p": "{{ v }}"},
    "handlebars": {"p": "{{v}}"},
}


NO_HELPERS = ("mustache", "postmark")  # dialects with sections alone


def written_in(language: str, dialect: str | None) -> list[str]:
    return ["{{v}}", "{{#o}}{{v}}{{/o}}"] if dialect in NO_HELPERS else WRITTEN[language]


def data_of(language: str, value: str) -> dict[str, Any]:
    found: dict[str, Any] = {"v": value, "l": [value], "o": {"v": value}, "secret": SECRET, "SECRET": SECRET}
    if language == "mailchimp":
        return {**found, "V": value, "LIST:V": value}
    if language == "ampscript":
        tables = {"data_extensions": {"T": [{"id": 1, "v": value}]}, "content_blocks": {"p": "%%=v(v)=%%"}}
        return {"attributes": found, **tables}
    return found


class Tags(HTMLParser):
    """The tags of HTML with the names of their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[tuple[str, ...]] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add((tag, *(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.tags.add(("comment",))

    def handle_decl(self, decl: str) -> None:
        self.tags.add(("declaration",))

    def handle_pi(self, data: str) -> None:
        self.tags.add(("instruction",))

    def handle_data(self, data: str) -> None:
        self.text += data


def one_line(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(("language", "dialect"), VARIANTS)
@settings(max_examples=25, deadline=None)
@given(value=VALUES)
@example(value="".join(NASTY))
def test_data_appears_as_its_text_in_html(language: str, dialect: str | None, value: str) -> None:
    for written in written_in(language, dialect):
        template = compile_template(
            f"<p>{written}</p>", language, dialect=dialect, templates=PARTIALS.get(language), raw="markup"
        )
        for data in (data_of(language, value), clean_data(data_of(language, value))):
            text = template.render(data, now=NOW)

            shown = Tags(text)
            assert shown.tags == {("p",)}
            assert one_line(shown.text) == one_line(clean_html(value)), written
            octets = template.writer("quoted-printable")(data, NOW)
            assert one_line(Tags(quopri.decodestring(octets).decode()).text) == one_line(shown.text)
            assert one_line(Tags(template.writer("8bit")(data, NOW).decode()).text) == one_line(shown.text)
            assert one_line(html.unescape(template.writer("7bit")(data, NOW).decode("ascii"))) == one_line(
                html.unescape(text)
            )


@pytest.mark.parametrize(("language", "dialect"), VARIANTS)
@settings(max_examples=25, deadline=None)
@given(value=VALUES)
@example(value="".join(NASTY))
def test_data_stays_inside_quoted_attributes(language: str, dialect: str | None, value: str) -> None:
    written = WRITTEN[language][0]
    source = f"<p title=\"{written}\" class='{written}'>x</p>"
    text = compile_template(source, language, dialect=dialect).render(data_of(language, value), now=NOW)

    assert Tags(text).tags == {("p", "title", "class")}


@pytest.mark.parametrize("language", list(LANGUAGES))
@settings(max_examples=60, deadline=None)
@given(value=VALUES)
@example(value="".join(NASTY))
@example(value="simg src=x onerror=alert(1) ")
@example(value="\\0\\` onload=alert(1) \\'\\&")
def test_what_changes_data_makes_no_markup_of_it(language: str, value: str) -> None:
    allowed = {("p",), ("b",), ("b", "title"), ("br",)}
    for changed in CHANGED[language]:
        template = compile_template(f"<p>{changed}</p>", language, raw="markup")
        try:
            text = template.render(data_of(language, value), now=NOW)
        except Exception as error:
            assert type(error).__name__ == "TemplateError", changed
            continue
        assert Tags(text).tags <= allowed, changed
        assert SECRET not in text


SUBJECTS = {
    "liquid": "Hi {{ v }}",
    "mailchimp": "Hi *|V|*",
    "ampscript": "Hi %%v%%",
    "handlebars": "Hi {{v}}",
    "jinja": "Hi {{ v }}",
}


@pytest.mark.parametrize(("language", "dialect"), VARIANTS)
@settings(max_examples=25, deadline=None)
@given(value=VALUES)
@example(value="".join(NASTY))
def test_data_is_that_text_in_every_part_of_a_message(language: str, dialect: str | None, value: str) -> None:
    written = SUBJECTS[language]
    spoken = f'dialect = "{dialect}"\n' if dialect else ""
    source = f"+++\nsubject = '''{written}'''\npreheader = '''{written}'''\n{spoken}+++\n<p>{written}</p>"
    message = compile_message(source, name="x.html", language=language)
    assert message.preheader is not None
    for data in (data_of(language, value), clean_data(data_of(language, value))):
        expected = one_line("Hi" + clean_text(value))
        assert one_line(message.subject.render(data, now=NOW)) == expected
        assert one_line(message.text.render(data, now=NOW)) == expected
        assert one_line(html.unescape(message.preheader.render(data, now=NOW))) == one_line("Hi" + clean_html(value))
        assert Tags(message.html.render(data, now=NOW)).tags == {("p",)}


@given(VALUES)
def test_the_direction_of_writing_is_turned_back(value: str) -> None:
    openers, closers = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068", "\u202c\u2069"
    for clean in (clean_html, clean_text):
        text = clean(value)
        assert sum(text.count(each) for each in openers) == sum(text.count(each) for each in closers)
        assert re.sub(f"[{openers}{closers}]", "", text) == re.sub(f"[{openers}{closers}]", "", clean(value))


@given(st.text(alphabet="ab\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", max_size=30))
def test_turns_are_closed_in_the_order_they_were_opened(value: str) -> None:
    text = clean_text(value)

    assert clean_text(text) == text
    assert text.replace("\u202c", "").replace("\u2069", "").strip("ab") == "" or unicodedata.bidirectional(text[-1])
