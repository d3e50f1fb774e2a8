"""What holds for any merge tags, in both dialects, and any data."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

TAGS = (
    "A _a UPPER:A HTML:B URL:A MC:DATE IF:A IFNOT:B=x ELSEIF:B ELSE: END:IF IF:ARCHIVE_PAGE INTERESTED:C:x,y "
    "END:INTERESTED RSSITEMS: RSSITEMS:[$count=2] RSSITEM:TITLE RSSITEM:CONTENT END:RSSITEMS RSSFEED:T FACEBOOK:X "
    "DATE:Y-m-dTH:i:seTUrc UNSUB:https://a.example FEEDBLOCK:x END:FEEDBLOCK"
)
WRITTEN = [f"*|{tag}|*" for tag in (*TAGS.split(), "IF:A >= 3")]
PIECES = st.sampled_from(["x", "\n", "*|", "|*", "<a href='", "'>", *WRITTEN])
SCALAR = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.datetimes())
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["TITLE", "items", "A", "C"]), inner),
    max_leaves=6,
)
NAMES = [
    "A",
    "B",
    "b",
    "INTERESTED:C",
    "RSSITEMS",
    "FACEBOOK:X",
    "UNSUB",
    "_groups",
    "_rss",
    "_global",
    "_defaults",
    "_now",
]
DATA = st.dictionaries(st.sampled_from(NAMES), VALUE)
DIALECTS = st.sampled_from(["mailchimp", "mandrill"])


@given(st.lists(PIECES, max_size=14).map("".join), DIALECTS, DATA, st.booleans(), st.sampled_from(["", "de-DE", "\0"]))
@settings(max_examples=300, deadline=None)
def test_any_tags_render_in_every_way_or_raise_a_template_error(
    source: str, dialect: str, data: dict[str, Any], is_strict: bool, locale: str
) -> None:
    try:
        template = compile_template(source, "mailchimp", dialect=dialect, strict=is_strict, locale=locale)
        text = template.render(data)
    except TemplateError as error:
        assert error.what
        return
    assert template.trace(data).text == text
    assert template.writer("quoted-printable")(data) is not None


@given(st.text(max_size=40), DIALECTS)
@settings(max_examples=200, deadline=None)
def test_data_is_never_a_tag_or_markup(value: str, dialect: str) -> None:
    source = "<p title='*|A|*'>*|A|**|IF:B|**|URL:B|**|END:IF|*</p>"

    text = compile_template(source, "mailchimp", dialect=dialect).render({"A": f"*|B|*<{value}", "B": "secret"})

    assert text.count("secret") == 1
    assert text.count("<") == 2
