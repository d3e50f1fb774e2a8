"""Whatever an AMPscript author or a customer writes: only a TemplateError, and data is never code or markup."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

from hypothesis import given, settings
from hypothesis import strategies as st

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template
from livemerge.template.ampscript.functions import FUNCTIONS

NOW = datetime(2026, 3, 4, 19, 5, 7, tzinfo=UTC)
NASTY = [
    "<b>",
    "%%=Now()=%%",
    "%%[ SET @n = 1 ]%%",
    '" )=%% %%=v("x',
    "O'Neill",
    "{{.slot}}",
    "%%",
    "\ue0000_1\ue001",
    "&amp;",
]

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=20),
    st.sampled_from(
        [*NASTY, "2026-03-04", "12:61", "1/2/3", "0001-01-01 00:00 +14:00", "9999-12-31", "1e400", "-5", "$.a[*]"]
    ),
    st.dates(),
    st.datetimes(),
    st.lists(st.one_of(st.text(max_size=3), st.dictionaries(st.text(max_size=3), st.integers())), max_size=3),
)
atoms = st.one_of(
    st.sampled_from(
        ["@n", "Name", "[Full Name]", "true", "false", "Now()", "-1", "0", "2.5", "'x'", '"a""b"', "'2026-03-04'"]
    ),
    st.sampled_from(["'N2'", "'yyyy-MM-dd'", "'D'", "'MI'", "'[0-9]+(a|b)*?'", "'$.a[*]'", "'//a'", "'Table'", "'id'"]),
    st.integers(-10, 10**20).map(str),
)


def _calls(name: str, arguments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Calls of a function with as many arguments as it takes."""
    known = FUNCTIONS[name]
    given = st.lists(arguments, min_size=known.least, max_size=min(known.most, known.least + 3))
    return given.map(lambda each: f"{name}({', '.join(each)})")


expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.sampled_from(sorted(FUNCTIONS)).flatmap(lambda name: _calls(name, inner)),
        st.builds(lambda a, b, c: f"IIf({a}, {b}, {c})", inner, inner, inner),
        st.builds(lambda a: f"AttributeValue({a})", inner),
        st.builds(
            lambda a, o, b: f"({a} {o} {b})", inner, st.sampled_from(["==", "<", "AND", "OR", "!=", ">="]), inner
        ),
        st.builds(lambda a: f"NOT {a}", inner),
    ),
    max_leaves=8,
)
pieces = st.one_of(
    expressions.map(lambda each: f"%%={each}=%%"),
    expressions.map(lambda each: f"%%[ SET @n = {each} ]%%"),
    expressions.map(lambda each: f"%%[ IF {each} THEN ]%%a%%[ ELSE ]%%b%%[ ENDIF ]%%"),
    expressions.map(lambda each: f"%%[ FOR @i = 1 TO {each} DO OutputLine(v(@i)) NEXT ]%%"),
    expressions.map(lambda each: f"%%[ {each} ]%%"),
    st.sampled_from(
        ["%%Name%%", "%%[Full Name]%%", "<p>", "</p>", "%%[", "]%%", "%%=", "=%%", "'", "<script runat=server>"]
    ),
    st.text(max_size=8),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(pieces, max_size=6).map("".join),
    st.dictionaries(
        st.sampled_from(["Name", "full name", "id", "data_extensions", "content_blocks"]), values, max_size=4
    ),
    st.sampled_from(["html", None]),
)
def test_any_template_over_any_data_renders_or_raises_a_template_error(source, data, escape) -> None:
    data = {"data_extensions": {"Table": [{"id": 1, "Name": "<x>"}, data]}, **data}
    try:
        compile_template(source, "ampscript", escape=escape).render(data, now=NOW)
    except TemplateError as error:
        assert "cannot be rendered (" not in error.what


@given(st.text(max_size=30) | st.sampled_from(NASTY))
def test_data_is_text_and_nothing_else_in_every_place(name: str) -> None:
    source = (
        "<p>%%Name%%|%%=v(Name)=%%|%%=Concat('<b>', Name, '</b>')=%%|"
        "%%=TreatAsContent(Concat('%%=Add(1,1)=%%', Name, '%%[ SET @x = \"', Name, '\" ]%%'))=%%|%%=v(@x)=%%</p>"
    )
    text = compile_template(source, "ampscript").render({"Name": name}, now=NOW)

    shown = unescape(re.sub(r"</?[bp]>", "", text))
    clean = compile_template("%%Name%%", "ampscript").render({"Name": name}, now=NOW)
    expected = unescape(clean)
    assert shown == f"{expected}|{expected}|{expected}|2{expected}|{expected}"


@given(st.text(max_size=30) | st.sampled_from(NASTY))
def test_data_is_never_run_where_nothing_is_escaped_either(name: str) -> None:
    source = "%%=TreatAsContent(Concat('%%=Add(1,1)=%%', Name))=%%"
    text = compile_template(source, "ampscript", escape=None).render({"Name": name}, now=NOW)

    assert text == "2" + compile_template("%%Name%%", "ampscript", escape=None).render({"Name": name}, now=NOW)
