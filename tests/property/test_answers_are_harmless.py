"""Whatever customers are called: answers stay whole in every shape, and begin no code in anybody's template."""

import html
import json
from urllib.parse import unquote
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from livemerge.api.escaping import escaped
from livemerge.api.shapes import as_json, as_text, as_xml, in_ascii, with_rows
from livemerge.template import compile  # noqa: A004

HOSTILE = [
    "{{",
    "{%",
    "{#",
    "%%[",
    "%%=",
    "=%%",
    "]%%",
    "%%x%%",
    "[[",
    "<script>",
    "&amp;",
    '"',
    "'",
    "\\",
    "\x00",
    "\x85",
]
TEXTS = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), max_size=12).map("".join)
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=30)


@given(TEXTS)
def test_escaped_text_begins_nothing_and_is_read_back_as_it_was(text: str) -> None:
    written = escaped(text, "html")
    for opener in ("{{", "{%", "{#", "%%", "[[", "<", ">", '"', "'"):
        assert opener not in written
    # html.unescape follows browsers, which take some numbers for others; what is no control stands there again
    assert html.unescape(written) == escaped(text, "none")


@given(TEXTS)
def test_markup_keeps_its_tags_and_begins_nothing(text: str) -> None:
    written = escaped(f"<b>{text}</b>", "html", is_markup=True)
    assert written.startswith("<b>")
    assert not any(opener in written for opener in ("{{", "{%", "{#", "%%", "[["))


@given(TEXTS)
def test_an_escaped_link_is_read_back_as_it_was(text: str) -> None:
    written = escaped(text, "url")
    assert written.isascii()
    assert unquote(written) == escaped(text, "none")


@given(TEXTS)
def test_a_template_that_runs_what_it_printed_finds_nothing_to_run(text: str) -> None:
    written = escaped(text, "html")
    for language in ("liquid", "ampscript"):
        again = compile(f"<p>{written}</p>", language=language, escape=None)
        assert again.render({}) == f"<p>{written}</p>"
        assert again.fields == frozenset()


@given(PLAIN, st.integers(-(2**53), 2**53), st.booleans(), st.booleans())
def test_every_shape_holds_the_same_values(text: str, number: int, flag: bool, is_ascii: bool) -> None:
    answer = with_rows({"name": text, "points": number, "items": [{"name": text}]}, {"found": flag})
    read = json.loads(as_json(answer, is_ascii=is_ascii))
    assert read["rows"] == [{"found": flag, "name": text, "points": number}]
    root = ElementTree.fromstring(
        as_xml({"name": text, "points": number, "items": [{"name": text}]}, is_ascii=is_ascii)
    )
    assert root.find("rows").attrib == {"name": text, "points": str(number)}  # type: ignore[union-attr]
    assert [item.attrib["name"] for item in root.findall("items")] == [text]


@given(st.text(max_size=40))
def test_ascii_answers_are_ascii_and_say_the_same(text: str) -> None:
    document = json.dumps({"name": text}, ensure_ascii=False).encode("utf-8", "replace")
    written = in_ascii(document)
    assert written.isascii()
    assert json.loads(written) == json.loads(document)
    assert as_text(text, is_ascii=True).isascii()
