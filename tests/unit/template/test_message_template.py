"""One file, its front matter, and the parts of a message."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from markupsafe import Markup

from livemerge.errors import TemplateError
from livemerge.template import Template, compile_message

FILE = """+++
subject = "Hello {{ first_name }}"
preheader = "For {{ first_name }}"
+++
<html><head><title>x</title><style>p {}</style></head><body>
<p>Dear {{ first_name | escape }},</p>
{% if offer %}<p><a href="{{ url }}">See the offer</a></p>{% endif %}
</body></html>
"""


def test_a_file_gives_subject_preheader_html_and_text() -> None:
    message = compile_message(FILE, name="welcome.liquid.html")
    data = {"first_name": "Tom & Jerry", "offer": True, "url": "https://x.example/?a=1&b=2"}

    assert list(message.parts) == ["subject", "preheader", "html", "text"]
    assert message.subject.render(data) == "Hello Tom & Jerry"
    assert message.preheader is not None
    assert message.preheader.render(data) == "For Tom &amp; Jerry"
    assert "Dear Tom &amp; Jerry," in message.html.render(data)
    assert message.text.render(data) == "Dear Tom & Jerry,\n\nSee the offer (https://x.example/?a=1&b=2)\n\n"
    assert message.fields == {"first_name", "offer", "url"}


def test_a_branch_that_is_not_taken_leaves_no_gap_in_the_text() -> None:
    message = compile_message(FILE, name="welcome.liquid.html")

    assert message.text.render({"first_name": "A"}).strip() == "Dear A,"


def test_a_text_of_its_own_is_used() -> None:
    message = compile_message('+++\ntext = """\nHi {{ a }}\n"""\n+++\n<p>{{ b }}</p>', name="x.liquid")

    assert message.text.render({"a": "<1>"}) == "Hi <1>\n"
    assert message.fields == {"a", "b"}


def test_html_that_is_not_escaped_by_default_still_escapes_where_it_is_told_to() -> None:
    message = compile_message(
        '+++\nescape = "none"\n+++\n<p title="{{ a | escape }}">{{ a }}{{ b }}</p>', name="x.liquid.html"
    )

    assert message.html.render({"a": '"&', "b": Markup("<i>x</i>")}) == '<p title="&quot;&amp;">"&<i>x</i></p>'
    assert message.text.render({"a": '"&', "b": Markup("<i>x</i>")}) == '"&x\n'


def test_places_count_in_the_file() -> None:
    with pytest.raises(TemplateError) as caught:
        compile_message(FILE.replace("{{ url }}", "{{ url | }}"), name="welcome.liquid.html")
    assert caught.value.line == 7

    with pytest.raises(TemplateError) as caught:
        compile_message(FILE.replace("For {{ first_name }}", "{{ a b }}"), name="welcome.liquid.html")
    assert caught.value.line == 3

    message = compile_message(FILE, name="welcome.liquid.html")
    places = {(read.part, read.path, read.line) for read in message.reads}
    assert {("subject", "first_name", 2), ("html", "url", 7)} <= places


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("+++\nsubjekt = 'x'\n+++\n", "unknown key `subjekt`", 2),
        ("+++\nsubject = 3\n+++\n", "`subject` must be a text", 2),
        ("+++\nsubject = \n+++\n", "is not TOML", 2),
        ("+++\nsubject = 'x'\n", "is not closed", 1),
        ("+++\nescape = 'yes'\n+++\n", "`escape` is", 2),
        ("+++\nlanguage = 'liquit'\n+++\n", "unknown template language", 0),
    ],
)
def test_mistakes_of_the_front_matter_are_named_by_line(text: str, what: str, line: int) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_message(text, name="x.liquid")

    assert what in caught.value.what
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("name", "language"),
    [("a.liquid.html", "liquid"), ("b/c.mailchimp.html", "mailchimp"), ("d.liquid", "liquid")],
)
def test_the_language_comes_from_the_ending(name: str, language: str) -> None:
    assert compile_message("x", name=name).language == language


def test_a_name_without_a_language_is_refused_with_advice() -> None:
    with pytest.raises(TemplateError, match=r"welcome\.liquid\.html"):
        compile_message("x", name="welcome.html")


def test_a_missing_subject_is_a_warning() -> None:
    (finding,) = compile_message("x", name="a.liquid").findings

    assert (finding.code, finding.severity, finding.part) == ("no-subject", "warning", "subject")


def test_the_digest_pins_the_file() -> None:
    one, other = (compile_message(text, name="a.liquid").digest for text in ("x", "y"))

    assert one != other
    assert len(one) == 64


def test_html_fields_lose_their_tags_in_text_parts() -> None:
    message = compile_message("+++\nsubject = '{{ x }}'\n+++\n<p>{{ x }}</p>", name="a.liquid")
    data = {"x": Markup("<b>1 &amp; 2</b>")}

    assert message.subject.render(data) == "1 & 2"
    assert message.text.render(data) == "1 & 2\n"
    assert message.html.render(data) == "<p><b>1 &amp; 2</b></p>"


def test_html_that_does_not_turn_into_a_text_template_is_read_when_rendered() -> None:
    source = "<head>{% if a %}</head><body><p>one</p>{% else %}<p>two</p>{% endif %}</body>"
    message = compile_message(source, name="a.liquid")

    assert not isinstance(message.text, Template)
    assert "derived-text" in {finding.code for finding in message.findings}
    assert message.text.render({"a": 1}).strip() == "one"
    assert message.text.writer("8bit")({"a": 1}) == b"one\r\n"


def test_text_that_looks_like_a_tag_stays_text() -> None:
    liquid = compile_message("<p>&#123;&#123; secret }}</p>", name="a.liquid")
    mailchimp = compile_message("<p>*&#124;SECRET|*</p>", name="a.mailchimp.html")

    assert liquid.text.render({"secret": "x"}) == "{{ secret }}\n"
    assert "x" not in mailchimp.text.render({"SECRET": "x"})


def test_windows_line_ends_are_line_ends() -> None:
    message = compile_message("+++\r\nsubject = 'a'\r\n+++\r\n<p>x</p>\r\n", name="a.liquid")

    assert message.html.render({}) == "<p>x</p>\n"


def test_a_mistake_in_the_front_matter_is_shown_where_it_stands_in_the_file() -> None:
    file = '+++\nsubject = "Hi {{ name | nope }}"\ntext = """\nDear {{ name | nope }}"""\n+++\n<p></p>\n'
    message = compile_message(file, name="welcome.liquid.html")

    assert [(finding.line, finding.column) for finding in message.findings] == [(2, 25), (4, 16)]
    assert file.splitlines()[1][24:28] == file.splitlines()[3][15:19] == "nope"


# --- the locale ------------------------------------------------------------------------------------


def with_locale(locale: str, body: str, **front: str) -> str:
    keys = "".join(f'{key} = "{value}"\n' for key, value in ({"subject": "Hi", "locale": locale} | front).items())
    return f"+++\n{keys}+++\n{body}"


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("de-DE", "1.234,50 Mittwoch"), ("fr_FR", "1\u00a0234,50 mercredi"), ("", "1,234.50 Wednesday")],
)
def test_ampscript_formats_by_the_messages_locale_where_it_names_none(locale: str, expected: str) -> None:
    body = '%%=FormatNumber(1234.5, "N2")=%% %%=Format(Now(), "dddd")=%%'
    message = compile_message(with_locale(locale, body), name="a.html", language="ampscript")

    assert message.html.render({}, now=datetime(2026, 3, 4, 12, tzinfo=UTC)).strip() == expected


def test_a_locale_in_the_template_comes_before_the_messages() -> None:
    body = '%%=FormatNumber(1234.5, "N2", "en-US")=%%'
    message = compile_message(with_locale("de-DE", body), name="a.html", language="ampscript")

    assert message.html.render({}).strip() == "1,234.50"


@pytest.mark.parametrize(
    ("language", "front", "code"),
    [
        ("liquid", {}, "unused-locale"),
        ("mailchimp", {"dialect": "mandrill"}, "unused-locale"),
        ("handlebars", {"dialect": "sendgrid"}, "unused-locale"),
    ],
)
def test_a_locale_that_does_nothing_is_a_warning_at_its_place(language: str, front: dict[str, str], code: str) -> None:
    message = compile_message(with_locale("de-DE", "x", **front), name="a.html", language=language)

    found = [finding for finding in message.findings if finding.code == code]
    assert [(finding.severity, finding.line) for finding in found] == [("warning", 3)]
    assert "locale" in found[0].caret


def test_a_locale_that_nobody_knows_is_a_warning() -> None:
    message = compile_message(with_locale("de-DX", "x"), name="a.html", language="ampscript")

    assert [(finding.code, finding.severity) for finding in message.findings] == [("unknown-locale", "warning")]
