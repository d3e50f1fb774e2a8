"""Marking a mail's values: readers' text gets marks, nothing else of the mail changes."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livemerge.console.annotate import annotate
from livemerge.console.html_regions import regions
from livemerge.template import Trace, TracedValue

MARK = re.compile(r'<lm-value tabindex="0" data-lm="\d+">|</lm-value>| data-lm-in="[\d ]+"')


def traced(html: str) -> Trace:
    """A trace of `html`, where ⟦…⟧ are the values."""
    values, text = [], ""
    for number, part in enumerate(re.split("[⟦⟧]", html)):
        if number % 2:
            values.append(TracedValue(len(text), len(text) + len(part), 1, 1, part, (part,)))
        text += part
    return Trace(text, tuple(values), ())


def marked(html: str) -> str:
    return annotate(traced(html)).html


def places(html: str) -> list[tuple[str, bool]]:
    return [(spot.place, spot.is_marked) for spot in annotate(traced(html)).spots]


def test_a_value_in_the_text_gets_an_element_of_its_own() -> None:
    assert marked("<p>Hi ⟦Ann⟧!</p>") == '<p>Hi <lm-value tabindex="0" data-lm="0">Ann</lm-value>!</p>'


def test_values_in_attributes_mark_their_tag_once() -> None:
    assert marked("<img src=\"⟦a⟧\" alt='⟦b⟧'>") == '<img data-lm-in="0 1" src="a" alt=\'b\'>'
    assert places("<img src=⟦a⟧>") == [("attribute of <img>", True)]


@pytest.mark.parametrize(
    ("html", "place"),
    [
        ("<!-- ⟦x⟧ -->", "comment"),
        ("<!--[if mso]><td>⟦x⟧</td><![endif]-->", "comment"),
        ("<style>p { color: ⟦x⟧ }</style>", "style"),
        ("<STYLE>p { color: ⟦x⟧ }</STYLE>", "style"),
        ("<script>if (a < 1) f('</p>⟦x⟧')</script>", "script"),
        ("<title>⟦x⟧</title>", "title"),
        ("<textarea>⟦x⟧</textarea>", "textarea"),
        ("<!doctype ⟦x⟧>", "comment"),
        ("<p>⟦<b>x⟧</b></p>", "markup of its own"),
    ],
)
def test_a_value_that_readers_do_not_see_as_text_is_left_alone(html: str, place: str) -> None:
    assert places(html) == [(place, False)]
    assert marked(html) == traced(html).text


def test_a_tag_whose_name_is_a_value_is_left_alone() -> None:
    assert marked("<h⟦1⟧>x</h⟦1⟧>") == "<h1>x</h1>"


@pytest.mark.parametrize(
    "html",
    [
        "<p title='a > b'>⟦x⟧</p>",
        "<p title=it's>⟦x⟧</p>",
        '<p title = "it\'s">⟦x⟧</p>',
        "1 < 2 ⟦x⟧",
        "<!-->⟦x⟧",
        "<style>a</style >⟦x⟧",
        "<![endif]-->⟦x⟧",
        "a <3 ⟦x⟧ </ >⟦x⟧",
    ],
)
def test_text_is_told_from_tags_as_browsers_do(html: str) -> None:
    assert all(place == "text" for place, _ in places(html))


def test_a_value_inside_another_is_marked_once() -> None:
    outer, inner = TracedValue(0, 5, 1, 1, "c", ("c",)), TracedValue(1, 3, 1, 1, "x", ("x",))
    annotated = annotate(Trace("abcde", (inner, outer), ()))
    assert annotated.html.count("<lm-value") == 1


def test_an_empty_value_has_a_place_but_no_mark() -> None:
    annotated = annotate(traced("<p>⟦⟧</p>⟦⟧"))
    assert [spot.is_marked for spot in annotated.spots] == [False, False]


SNIPPETS = r"""<p> </p> <a_href=' ' " > < <!-- --> <style> </style> <title> </title> <İ ⟦x⟧ ⟦a_b⟧ ⟦⟧ text _ = /
<img_alt= <br> &amp; <![endif]--> é"""
snippets = st.lists(st.sampled_from(SNIPPETS.split()), max_size=25).map(lambda parts: "".join(parts).replace("_", " "))


@given(snippets)
def test_taking_the_marks_away_gives_the_mail_back(html: str) -> None:
    trace = traced(html)
    assert MARK.sub("", annotate(trace).html) == trace.text
    assert len(annotate(trace).spots) == len(trace.values)


@given(snippets)
def test_regions_cover_the_html_without_gaps(html: str) -> None:
    text = traced(html).text
    assert "".join(text[piece.start : piece.end] for piece in regions(text)) == text


class _Text(HTMLParser):
    """What readers see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_data(self, data: str) -> None:
        self.seen.append(data)


@given(st.lists(st.sampled_from(["<p>", "</p>", "<b class='⟦x⟧'>", "⟦Ann⟧", "a &lt; b", "<br>", "<i>", "</i>"])))
def test_marks_do_not_change_what_readers_read(parts: list[str]) -> None:
    trace = traced("".join(parts))
    before, after = _Text(), _Text()
    before.feed(trace.text)
    after.feed(annotate(trace).html)
    assert "".join(after.seen) == "".join(before.seen)


def test_a_long_mail_is_walked_once() -> None:
    html = "<" * 20_000 + "<p a='" * 5_000 + "⟦x⟧"
    assert len(annotate(traced(html)).spots) == 1
