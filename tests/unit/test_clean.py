"""Clean texts, clean data, and what templates write of data that are marked clean."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from livemerge.clean import CleanData, clean_data, clean_html, clean_text
from livemerge.template import compile as compile_template

DIRTY = "a\x07\x85\r\n\ufdd0\u202eb"
CLEAN = "a\n\u202eb\u202c"

MAKERS = {  # what writes a text that does not stand whole in the data, or looks as if, by language
    "liquid": (
        "{{ p | url_decode }}",
        "a{{ d.first }}{{ t.first }}{{ t.last }}",
        "a{% for x in t %}{{ x.first }}{{ x[0] }}{% endfor %}",
        "{% assign v = p | url_decode %}{{ v }}",
        "{% assign p = p | url_decode %}{{ p }}",
        "{% assign l = p | url_decode | split: '!' %}{% for x in l %}{{ x }}{% endfor %}",
        "{% assign l = p | url_decode | split: '!' %}{% tablerow x in l %}{{ x }}{% endtablerow %}",
        "{% assign v = p | url_decode %}{% render 'piece', x: v %}",
        "{% assign x = p | url_decode %}{% include 'piece' %}",
        "{% capture v %}{{ p | url_decode }}{% endcapture %}{{ v }}",
        "{{ 'a\x07\x85\r\n\ufdd0\u202eb' }}",
    ),
    "jinja": (
        "a{{ t[0] }}{{ t[-1] }}{% for x in t %}{{ x }}{% endfor %}",
        "a{% for x in m %}{{ x }}{% endfor %}{{ m[1] }}",
        "{% set v = d ~ '\x07' %}{{ v }}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(d ~ '\x07') }}",
        "{% for x in [d ~ '\x07'] %}{{ x }}{% endfor %}",
        "{% with d = d ~ '\x07' %}{{ d }}{% endwith %}",
        "{% for d in l if d %}{{ d ~ '\x07' }}{% endfor %}",
    ),
    "handlebars": (
        "{{#with 'a\x07'}}{{this}}{{/with}}",
        "{{#each l as |x|}}{{lookup ../o 'k'}}{{x}}{{/each}}",
        "{{#each o}}{{@key}}{{this}}{{/each}}",
        "{{> piece x='a\x07\x85'}}",
        "a{{t.[0]}}{{lookup t 0}}{{#with t}}{{this.[0]}}{{/with}}",
        "{{#with 'a\x07'}}{{#../y}}{{this}}{{/../y}}{{/with}}",
        "{{#each l as |x|}}{{#with 'a\x07'}}{{#../../y as |z|}}{{z}}{{/../../y}}{{/with}}{{/each}}a",
    ),
    "ampscript": (
        "%%=v(Concat(d, Char(7)))=%%",
        "%%[ SET @v = Concat(d, Char(7)) ]%%%%=v(@v)=%%",
        "%%[ SET @r = BuildRowsetFromString(Concat(d, Char(7)), '!') ]%%%%=v(Field(Row(@r, 1), 1))=%%",
    ),
    "mailchimp": ("*|URL:D|*", "*|D|*", "*|IF:D|**|UPPER:D|**|END:IF|*"),
}
PIECES = {"liquid": {"piece": "{{ x }}"}, "handlebars": {"piece": "{{x}}"}}


def test_clean_html_drops_what_mail_cannot_carry_and_turns_the_direction_back() -> None:
    assert clean_html(DIRTY) == CLEAN
    assert clean_html("\ud800") == "\ufffd"
    assert clean_html("one\rtwo\r\nthree") == "one\ntwo\nthree"


@given(st.text())
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    for clean in (clean_html, clean_text):
        assert clean(clean(text)) == clean(text)
    assert clean_text(clean_html(text)) == clean_html(text)


def test_clean_data_is_clean_in_all_its_places_and_a_copy() -> None:
    markup, items = Markup(f"<b>{DIRTY}</b>"), [{DIRTY: DIRTY}, (DIRTY, 1)]
    data: dict[str, Any] = {
        DIRTY: DIRTY,
        "l": items,
        "m": MappingProxyType({"v": DIRTY}),
        "n": 1.5,
        "h": markup,
        ("k", 1): None,
    }

    found = clean_data(data)

    assert type(found) is CleanData
    kept = {"n": 1.5, "h": Markup("<b>a\n\u202eb</b>\u202c"), ("k", 1): None}
    assert found == {CLEAN: CLEAN, "l": [{CLEAN: CLEAN}, (CLEAN, 1)], "m": {"v": CLEAN}, **kept}
    assert type(found["h"]) is Markup
    assert type(found["m"]) is dict
    assert items == [{DIRTY: DIRTY}, (DIRTY, 1)]


def test_data_without_an_end_is_refused() -> None:
    data: dict[str, Any] = {}
    data["again"] = data

    with pytest.raises(ValueError, match="holds itself"):
        clean_data(data)


@pytest.mark.parametrize(("language", "source"), [(one, each) for one, found in MAKERS.items() for each in found])
def test_what_a_template_makes_itself_is_looked_at_also_where_the_data_are_clean(language: str, source: str) -> None:
    escaped = "".join(f"%{octet:02X}" for octet in DIRTY.encode())
    given: dict[str, Any] = {"p": escaped, "d": CLEAN, "D": CLEAN, "l": [CLEAN], "o": {"k": CLEAN, CLEAN: "v"}}
    given |= {"t": "\u202eb", "m": Markup("a\x07b"), "y": True}
    template = compile_template(source, language, templates=PIECES.get(language))
    clean = clean_data(given)

    text = template.render(clean)

    assert text == clean_html(text) == template.render(dict(clean))
    assert "a" in text.lower()
    for kind in ("8bit", "quoted-printable", "7bit"):
        assert template.writer(kind)(clean) == template.writer(kind)(dict(clean))


def test_what_the_data_hold_is_written_as_it_is_where_they_are_said_to_be_clean() -> None:
    template = compile_template("{{ a }}{% for x in l %}{{ x.b }}{% endfor %}")

    said = CleanData({"a": "1\x07", "l": [{"b": "2\x07"}]})

    assert template.render(said) == "1\x072\x07"
    assert template.render(dict(said)) == "12"


def test_markup_and_what_is_no_text_are_looked_at_in_clean_data_too() -> None:
    template = compile_template("{{ m }}|{{ n }}|{{ t }}|{{ z }}")

    assert template.render(CleanData(m=Markup("<b>\x07</b>"), n=None, t=3, z="<\n>")) == "<b></b>||3|&lt;\n&gt;"
