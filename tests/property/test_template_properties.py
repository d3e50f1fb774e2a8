"""What holds for any template and any data."""

from __future__ import annotations

import html
import quopri
from html.parser import HTMLParser
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template
from livemerge.template import compile_message

TEXT = st.text(max_size=200)
HOSTILE = st.one_of(
    TEXT,
    st.sampled_from(
        ["<script>", "\"'><", "{{ x }}", "{% raw %}", "*|UNSUB|*", "\r\n.\r\n", "=\r\n", "\0", " \t", "&amp;"]
    ),
    st.text(alphabet="ab <>&\"'=.\r\n\t éß€\0", max_size=200),
)
SCALAR = st.one_of(HOSTILE, st.integers(), st.floats(), st.booleans(), st.none(), st.decimals(), st.dates())
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=8
)
PIECE = st.sampled_from(
    [
        "Häuser ",
        "a  b\n",
        "<p class='x'>",
        "</p>\n",
        "=",
        ".\n",
        "\t",
        "{{ a }}",
        "{{ b | upcase }}",
        "{{ a | append: b }}",
        "{% if a %}",
        "{% else %}",
        "{% endif %}",
        "{% for i in c %}",
        "{{ i }}",
        "{% endfor %}",
        "{% capture d %}",
        "{% endcapture %}",
        "{{ d }}",
        "{% assign a = b %}",
        "{%- echo b -%}",
        "{% cycle a, b %}",
        "{% case a %}{% when b %}",
        "{% endcase %}",
        "{% tablerow t in c %}",
        "{% endtablerow %}",
        "{% break %}",
        "{% increment n %}",
        "{{ a.b[0] }}",
    ]
)
WELL_FORMED = st.lists(
    st.sampled_from(
        [
            "Häuser ",
            "a  b\n",
            "<p>",
            "=",
            ".\n",
            "\t",
            " ",
            "\r\n",
            "{{ a }}",
            "{{ b | upcase }}",
            "{{ a | append: b }}",
            "{% if a %}x {% else %}y{{ b }}{% endif %}",
            "{% for i in c %}{{ i }}, {% endfor %}",
            "{% capture d %}<{{ a }}>{% endcapture %}{{ d }}",
        ]
    ),
    max_size=12,
).map("".join)
DATA = st.fixed_dictionaries({"a": SCALAR, "b": HOSTILE, "c": st.lists(HOSTILE, max_size=4)})


def with_line_feeds(text: str) -> str:
    return text.replace("\r", "")


@given(WELL_FORMED, DATA)
def test_every_writer_says_what_is_rendered(source: str, data: dict[str, Any]) -> None:
    template = compile_template(source)
    rendered = with_line_feeds(template.render(data))

    eight = template.writer("8bit")(data).decode()
    quoted = quopri.decodestring(template.writer("quoted-printable")(data)).decode()
    seven = template.writer("7bit")(data).decode("ascii")
    assert eight.replace("\r\n", "\n") == rendered
    assert quoted.replace("\r\n", "\n") == rendered
    assert html.unescape(seven.replace("\r\n", "\n")) == html.unescape(rendered)


@given(WELL_FORMED, DATA)
def test_octets_have_no_lone_line_ends(source: str, data: dict[str, Any]) -> None:
    template = compile_template(source)
    for encoding in ("8bit", "quoted-printable", "7bit"):
        octets = template.writer(encoding)(data)  # type: ignore[arg-type]
        assert b"\r" not in octets.replace(b"\r\n", b"")
        assert b"\n" not in octets.replace(b"\r\n", b"")


@given(WELL_FORMED, DATA)
def test_quoted_printable_lines_keep_to_rfc_2045(source: str, data: dict[str, Any]) -> None:
    octets = compile_template(source).writer("quoted-printable")(data)
    for line in octets.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.endswith((b" ", b"\t"))


@given(WELL_FORMED, DATA)
def test_a_trace_says_what_is_rendered(source: str, data: dict[str, Any]) -> None:
    template = compile_template(source)

    assert template.trace(data).text == template.render(data)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, [name for name, _ in attrs]))

    def handle_comment(self, data: str) -> None:
        self.seen.append("comment")


@given(HOSTILE)
def test_data_never_becomes_markup(value: str) -> None:
    liquid = "<p title=\"{{ v }}\" class='{{ v }}'>{{ v }}{{ v | append: '<br>' }}{{ v | truncate: 3 }}</p>"
    mailchimp = "<p title=\"*|V|*\" class='*|V|*'>*|V|**|UPPER:V|*<br></p>"
    for source, language, name in ((liquid, "liquid", "v"), (mailchimp, "mailchimp", "V")):
        tags = _Tags()
        tags.feed(compile_template(source, language).render({name: value}))
        assert tags.seen == [("p", ["title", "class"]), ("br", [])]


@settings(max_examples=300)
@given(
    st.one_of(TEXT, st.lists(PIECE, max_size=20).map("".join)),
    st.dictionaries(st.sampled_from("abcd"), VALUE),
    st.booleans(),
)
def test_any_text_compiles_and_renders_or_raises_a_template_error(
    source: str, data: dict[str, Any], is_strict: bool
) -> None:
    for language in ("liquid", "mailchimp"):
        try:
            compile_template(source, language, strict=is_strict).render(data)
        except TemplateError as error:
            assert error.what


@settings(max_examples=200)
@given(st.text(alphabet="{}%|*:.,'\"[]() -ab1<>=\n#", max_size=80), st.booleans())
def test_any_punctuation_compiles_or_raises_a_template_error(text: str, is_strict: bool) -> None:
    for source in (
        text,
        "{{ " + text + " }}",
        "{% if " + text + " %}{% endif %}",
        "{% for a in " + text + " %}{% endfor %}",
    ):
        try:
            compile_template(source, strict=is_strict).render({"a": [1], "b": {"a": 2}})
        except TemplateError as error:
            assert error.what


@settings(max_examples=100)
@given(
    st.lists(
        st.one_of(PIECE, st.sampled_from(["<head>", "</head>", "<a href='{{ a }}'>", "</a>", "<li>"])), max_size=20
    )
)
def test_any_file_gives_a_message_or_a_template_error(pieces: list[str]) -> None:
    try:
        message = compile_message("".join(pieces), name="x.liquid.html")
        message.text.render({"a": "1", "c": ["2"]})
    except TemplateError as error:
        assert error.what


FILTERS = sorted(
    {
        "abs",
        "append",
        "at_least",
        "base64_decode",
        "capitalize",
        "ceil",
        "compact",
        "concat",
        "date",
        "default",
        "divided_by",
        "escape_once",
        "find",
        "first",
        "floor",
        "has",
        "join",
        "json",
        "map",
        "modulo",
        "newline_to_br",
        "plus",
        "remove_last",
        "replace",
        "round",
        "size",
        "slice",
        "sort",
        "sort_natural",
        "split",
        "strip_html",
        "sum",
        "times",
        "truncate",
        "truncatewords",
        "uniq",
        "url_decode",
        "url_encode",
        "where",
    }
)


@settings(max_examples=400)
@given(st.sampled_from(FILTERS), VALUE, st.lists(VALUE, max_size=2))
def test_any_filter_over_any_data_gives_text_or_a_template_error(
    name: str, value: Any, given_values: list[Any]
) -> None:
    arguments = ", ".join(f"g{at}" for at in range(len(given_values)))
    template = compile_template(f"{{{{ v | {name}{': ' if arguments else ''}{arguments} }}}}")
    try:
        assert isinstance(
            template.render({"v": value, **{f"g{at}": each for at, each in enumerate(given_values)}}), str
        )
    except TemplateError as error:
        assert error.what
