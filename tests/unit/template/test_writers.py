"""The octets of a body: what they decode to, and how long their lines are."""

from __future__ import annotations

import html
import quopri
from datetime import UTC, datetime

import pytest

from livemerge.template import compile as compile_template

WORDS = "Häuser und Gärten, 5 € = günstig. " * 60
SOURCE = f'<p title="{WORDS}">{WORDS}</p>\n<pre>{"x " * 20}</pre>{{% for i in items %}}<b>{{{{ i }}}}</b>{{% endfor %}}'
DATA = {"items": ["ö & <", "line\nend \n", "=3D", ".", "From here", "x" * 300, " "]}


def test_8bit_is_utf8_with_crlf() -> None:
    octets = compile_template("a\nä {{ x }}").writer("8bit")({"x": "ü\nß"})

    assert octets == "a\r\nä ü\r\nß".encode()


def test_quoted_printable_decodes_to_the_rendered_text() -> None:
    template = compile_template(SOURCE)
    octets = template.writer("quoted-printable")(DATA)

    assert quopri.decodestring(octets).replace(b"\r\n", b"\n").decode() == template.render(DATA)
    assert max(map(len, octets.split(b"\r\n"))) <= 76
    assert octets.isascii()
    assert not any(line.endswith((b" ", b"\t")) for line in octets.split(b"\r\n"))


@pytest.mark.parametrize("end", ["\n", " \n", "\t\n", "  \n", "\t\t\n", "é\n", "=\n", " ", "\t"])
def test_no_quoted_line_is_too_long_wherever_it_ends(end: str) -> None:
    for length in range(60, 240):
        text = "x" * length + end
        octets = compile_template(text).writer("quoted-printable")({})

        assert max(map(len, octets.split(b"\r\n"))) <= 76
        assert quopri.decodestring(octets).replace(b"\r\n", b"\n").decode() == text


def test_7bit_says_the_same_html_in_ascii() -> None:
    template = compile_template(SOURCE)
    octets = template.writer("7bit")(DATA)

    assert octets.isascii()
    assert html.unescape(octets.decode()).split() == html.unescape(template.render(DATA)).split()


def test_plain_text_has_no_7bit() -> None:
    with pytest.raises(ValueError, match="7bit"):
        compile_template("x", escape=None).writer("7bit")


@pytest.mark.parametrize("encoding", ["8bit", "7bit"])
def test_long_static_lines_are_broken_where_it_means_nothing(encoding: str) -> None:
    source = f"<p class=a>{WORDS * 2}</p><a {'title=x ' * 200}>y</a>"
    octets = compile_template(source).writer(encoding)({})  # type: ignore[arg-type]

    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert html.unescape(octets.decode()).split() == source.split()


@pytest.mark.parametrize(
    "kept",
    [
        f'<a title="{"word " * 300}">',
        f"<pre>{'word ' * 300}</pre>",
        f"<!-- {'word ' * 300} -->",
        f"<style>{'word ' * 300}</style>",
        f"<script>{'word ' * 300}</script>",
    ],
)
def test_no_line_is_broken_where_it_would_mean_something(kept: str) -> None:
    octets = compile_template(kept).writer("8bit")({})

    assert octets.decode().replace("<a\r\ntitle", "<a title") == kept


def test_long_lines_of_text_are_broken_between_words() -> None:
    octets = compile_template("word " * 500, escape=None).writer("8bit")({})

    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert octets.decode().split() == ["word"] * 500


def test_a_loop_on_one_line_does_not_add_up_to_a_long_one() -> None:
    row = "<td class=cell>a value of some length and then some words</td> "
    octets = compile_template(f"{{% for i in (1..100) %}}{row}{{% endfor %}}").writer("8bit")({})

    assert max(map(len, octets.split(b"\r\n"))) <= 998


def test_a_writer_is_given_the_moment() -> None:
    write = compile_template("{{ 'now' | date: '%Y-%m-%d' }}").writer("8bit")

    assert write({}, datetime(2026, 5, 4, tzinfo=UTC)) == b"2026-05-04"


@pytest.mark.parametrize("text", ["z" * 76, "z" * 75 + "é", "." + "z" * 150, "é" * 25 + "z", "z" * 152])
def test_a_value_that_fills_its_last_quoted_line_still_leaves_room_for_the_soft_break(text: str) -> None:
    octets = compile_template("{{ x }}{{ x }}", escape=None).writer("quoted-printable")({"x": text})

    assert max(map(len, octets.split(b"\r\n"))) <= 76
    assert quopri.decodestring(octets).decode() == text * 2
