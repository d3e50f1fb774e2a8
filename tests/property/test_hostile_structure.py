"""Templates that are well formed and odd: every function of every language over every kind of value, blocks in blocks.

Only TemplateError may come out, and never one that says no more than the kind of a Python exception.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from livemerge.errors import TemplateError
from livemerge.template import LANGUAGES
from livemerge.template import compile as compile_template
from livemerge.template.handlebars import DIALECTS as HANDLEBARS
from livemerge.template.jinja.table import JINJA_FILTERS
from livemerge.template.languages import language_of

NOW = datetime(2026, 3, 4, 19, 5, 7, tzinfo=UTC)

# --- data ------------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *("", " ", "<b>", "a,b", "12", "-1.5e3", "1" * 400, "2026-03-04", "12:61", "now", "true", "%Y %z", "#fff"),
            *("https://a.example/?q=1", "a@b.example", "e\u0301\u202e\u2028", "\ud800", "\0\r\n"),
            *("\U0001f468\u200d\U0001f469", '{"a": [1]}', "=C3=A4", "YWJj", "%C3%A4%", "ß" * 60, "ﬃ", "İ", "١٢", "²"),
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(-3, 12),
    st.sampled_from([10**30, -(10**400), 2**63, 0.0, -0.0, 1e308, 5e-324, float("inf"), float("nan")]),
    st.sampled_from([Decimal("12.50"), Decimal("1e300"), Decimal("NaN"), Decimal("-0")]),
)
DATES = st.sampled_from([NOW, datetime.min, datetime.max, date(1, 1, 1), date(9999, 12, 31), datetime(2026, 3, 4)])
SCALARS = TEXTS | NUMBERS | DATES | st.booleans() | st.none()
KEYS = st.sampled_from(["a", "b", "size", "first", "length", "0", "", "é"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=3), st.tuples(inner, inner)
    ),
    max_leaves=8,
)
DATA = st.dictionaries(st.sampled_from(["a", "b", "c", "d", "A", "B"]), VALUES, max_size=6)

# --- templates -------------------------------------------------------------------------------------

ATOMS = st.sampled_from(
    [
        *("a", "b", "c", "d", "a.b", "c[0]", "a.size", "b.first", "'x'", '"<i>"', "''", "0", "1", "-2", "2.5"),
        *("99999999999", "9" * 20, "true", "nil", "'%Y-%m-%d'", "'a'", "', '", "'1e400'", "500000", "'&amp;'"),
    ]
)


def liquid_value(dialect: str | None) -> st.SearchStrategy[str]:
    known = language_of("liquid", dialect).filters
    chain = st.lists(st.sampled_from(sorted(known)).flatmap(lambda name: liquid_filter(name, known)), max_size=3)
    return st.tuples(ATOMS | st.just("(1..b)"), chain).map(lambda found: found[0] + "".join(found[1]))


def liquid_filter(name: str, known: Any) -> st.SearchStrategy[str]:
    each = known[name]
    given_values = st.lists(ATOMS, min_size=each.least, max_size=min(each.most, each.least + 3))
    named = st.lists(st.sampled_from(sorted(each.options) or ["allow_false"]), max_size=1, unique=True)
    options = named.map(lambda names: [f"{option}: b" for option in names if option in each.options])
    return st.tuples(given_values, options).map(lambda found: written_filter(name, [*found[0], *found[1]]))


def written_filter(name: str, arguments: list[str]) -> str:
    return f" | {name}" + (f": {', '.join(arguments)}" if arguments else "")


def liquid_blocks(dialect: str | None) -> st.SearchStrategy[str]:
    value = liquid_value(dialect)
    test = st.builds(
        lambda one, sign, other: f"{one} {sign} {other}",
        ATOMS,
        st.sampled_from(["==", "!=", "<", ">=", "contains", "and", "or"]),
        ATOMS | st.sampled_from(["blank", "empty"]),
    )
    plain = st.one_of(
        value.map(lambda each: f"{{{{ {each} }}}}"),
        value.map(lambda each: f"{{% assign d = {each} %}}"),
        st.sampled_from(["text ", "<a href='", "'>", "{% cycle a, b %}", "{% increment c %}", "{% break %}", "\n"]),
        st.sampled_from(["{% render 'p', a: b %}", "{% include 'p' with c as a %}", "{% render 'p' for c as a %}"]),
    )
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map("".join),
            st.builds(lambda t, x, y: f"{{% if {t} %}}{x}{{% else %}}{y}{{% endif %}}", test, inner, inner),
            st.builds(lambda v, x: f"{{% for a in {v} %}}{x}{{{{ forloop.index }}}}{{% endfor %}}", ATOMS, inner),
            st.builds(lambda v, x: f"{{% tablerow a in {v} cols: b %}}{x}{{% endtablerow %}}", ATOMS, inner),
            st.builds(lambda v, x: f"{{% case {v} %}}{{% when a, b %}}{x}{{% endcase %}}", ATOMS, inner),
            inner.map(lambda x: f"{{% capture d %}}{x}{{% endcapture %}}{{{{ d }}}}"),
            inner.map(lambda x: f"{{% ifchanged %}}{x}{{% endifchanged %}}"),
        ),
        max_leaves=8,
    )


PATHS = st.sampled_from(
    ["a", "b", "c", "this", "../a", "a.b", "c.[0]", "@index", "@root.a", "'x'", "3", "true", "a.length"]
)


def handlebars_blocks(dialect: str | None) -> st.SearchStrategy[str]:
    known = HANDLEBARS.get(dialect or "")
    helpers = sorted({*(known.helpers if known else ()), "lookup"})
    call = st.builds(
        lambda name, given_values: " ".join([name, *given_values]),
        st.sampled_from(helpers),
        st.lists(PATHS, min_size=1, max_size=3),
    )
    tests = sorted({*(known.tests if known else ()), "if", "unless"})
    plain = st.one_of(
        (PATHS | call).map(lambda each: f"{{{{{each}}}}}"),
        PATHS.map(lambda each: f"{{{{{{{each}}}}}}}"),
        st.sampled_from(["text ", "\n", "{{> p}}", "{{> p a x=b}}", "<a href='"]),
    )
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map("".join),
            st.builds(
                lambda name, given_values, x, y: (
                    f"{{{{#{name} {' '.join(given_values)}}}}}{x}{{{{else}}}}{y}{{{{/{name}}}}}"
                ),
                st.sampled_from(tests),
                st.lists(PATHS, min_size=1, max_size=2),
                inner,
                inner,
            ),
            st.builds(lambda v, x: f"{{{{#each {v}}}}}{x}{{{{@key}}}}{{{{/each}}}}", PATHS, inner),
            st.builds(lambda v, x: f"{{{{#{v}}}}}{x}{{{{/{v}}}}}", st.sampled_from(["a", "b", "c"]), inner),
            inner.map(lambda x: f"{{{{#> p}}}}{x}{{{{/p}}}}"),
        ),
        max_leaves=8,
    )


def jinja_blocks() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(["a", "b", "c[0]", "a.b", "'x'", "2", "-1", "2.5", "[a, b]", "{'a': b}", "none", "a[1:]"])
    call = st.builds(
        lambda name, given_values: f"{name}({', '.join(given_values)})",
        st.sampled_from(sorted(JINJA_FILTERS)),
        st.lists(atoms | st.sampled_from(["'upper'", "'a'", "attribute='a'", "500000"]), max_size=3),
    )
    value = st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.builds(lambda one, filters: "|".join([f"({one})", *filters]), inner, st.lists(call, max_size=2)),
            st.builds(
                lambda x, sign, y: f"({x} {sign} {y})",
                inner,
                st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in"]),
                inner,
            ),
        ),
        max_leaves=4,
    )
    plain = value.map(lambda each: f"{{{{ {each} }}}}") | value.map(lambda each: f"{{% set d = {each} %}}{{{{ d }}}}")
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map("".join),
            st.builds(lambda v, x: f"{{% for a in {v} %}}{x}{{{{ loop.cycle(1, a) }}}}{{% endfor %}}", value, inner),
            st.builds(lambda v, x: f"{{% if {v} %}}{x}{{% endif %}}", value, inner),
            inner.map(lambda x: f"{{% macro m(a=b) %}}{x}{{% endmacro %}}{{{{ m() }}}}{{{{ m(c) }}}}"),
            inner.map(lambda x: f"{{% filter upper %}}{x}{{% endfilter %}}"),
        ),
        max_leaves=6,
    )


def mailchimp_blocks() -> st.SearchStrategy[str]:
    names = st.sampled_from(["A", "B", "C", "UPPER:A", "HTML:A", "TITLE:A", "LOWER:B", "URL:A", "DATE:d/m/Y", "LIST:A"])
    plain = names.map(lambda each: f"*|{each}|*") | st.sampled_from(["text", "<a title=", ">", "*|"])
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map("".join),
            st.builds(
                lambda sign, right, x: f"*|IF:A{sign}{right}|*{x}*|ELSE:|*{x}*|END:IF|*",
                st.sampled_from([" = ", "!=", " < ", ">="]),
                st.sampled_from(["3", "x", "", "é"]),
                inner,
            ),
            inner.map(lambda x: f"*|INTERESTED:A:B,C|*{x}*|END:INTERESTED|*"),
        ),
        max_leaves=6,
    )


VARIANTS = [(name, dialect) for name, each in LANGUAGES.items() for dialect in (None, *each.dialects)]


def blocks(language: str, dialect: str | None) -> st.SearchStrategy[str]:
    """Templates of a language; AMPscript's are in test_ampscript_properties."""
    if language == "liquid":
        return liquid_blocks(dialect)
    if language == "handlebars":
        return handlebars_blocks(dialect)
    return jinja_blocks() if language == "jinja" else mailchimp_blocks()


CASES = st.sampled_from([each for each in VARIANTS if each[0] != "ampscript"]).flatmap(
    lambda variant: st.tuples(st.just(variant), blocks(*variant))
)
PARTIALS = {"p": "[{{a}}{{ b }}]"}


@settings(max_examples=400, deadline=None)
@given(CASES, DATA, st.sampled_from(["html", None]), st.booleans())
def test_odd_templates_render_or_say_what_is_wrong(
    case: tuple[tuple[str, str | None], str], data: dict[str, Any], escape: Any, is_plain: bool
) -> None:
    (language, dialect), source = case
    try:
        template = compile_template(
            source, language, dialect=dialect, escape=escape, templates=PARTIALS, plain_text=is_plain
        )
        text = template.render(data, now=NOW)
        octets = template.writer("quoted-printable")(data, NOW)
    except TemplateError as error:
        assert "cannot be rendered (" not in error.what
        return
    assert isinstance(text, str)
    assert all(len(line) <= 76 for line in octets.split(b"\r\n"))
