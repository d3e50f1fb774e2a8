"""Jinja2's own sandbox is the oracle: for templates of our subset and any data, both write the same or both fail."""

from __future__ import annotations

import quopri
import re
from typing import Any

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader
from jinja2.sandbox import SandboxedEnvironment

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

FAILED = "(fails)"
TEMPLATES = {
    "card.html": "[{{ title }}|{{ name }}|{{ y }}]{% set title = 'kept inside' %}",
    "base.html": "<{% block head %}base {{ name }}{% endblock %}|{% block body %}-{% endblock %}|{{ y }}>",
    "middle.html": "{% extends 'base.html' %}{% block head %}middle {{ super() }}{% endblock %}",
    "lib.html": (
        "{% set tone = 'warm' %}{% macro link(to, text='here') %}"
        '<a href="{{ to }}">{{ text }}{{ name }}</a>{% endmacro %}'
    ),
}

# --- data ------------------------------------------------------------------------------------------

SIGNS = st.sampled_from(["a", "b", "A", "é", " ", "<", "&", "'", '"', "x", "1", "-", ",", "{{", "%}", "\n", "😀"])
TEXTS = st.lists(SIGNS, max_size=6).map("".join)
NUMBERS = st.integers(-50, 50) | st.floats(-50, 50, width=16)
PLAIN = TEXTS | NUMBERS | st.booleans() | st.none()
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["k", "t", "z"]), inner, max_size=3),
    max_leaves=6,
)
DATA = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "n": st.integers(-5, 12),
        "xs": st.lists(st.integers(-5, 9), max_size=4),
        "words": st.lists(TEXTS, max_size=3),
        "d": st.dictionaries(st.sampled_from(["k", "t", "z"]), PLAIN, max_size=3),
        "ps": st.lists(st.fixed_dictionaries({"t": TEXTS, "p": NUMBERS}, optional={"k": PLAIN}), max_size=3),
        "v": VALUES,
    },
    optional={"w": VALUES},
)

# --- expressions -----------------------------------------------------------------------------------


def one_of(words: str) -> st.SearchStrategy[str]:
    """One of the pieces of a text, which have two spaces or more between them."""
    return st.sampled_from(re.split(r"\s{2,}", words.strip()))


LITERALS = one_of("""0  1  2  7  -3  1.5  2.0  10  true  false  none  ''  'a'  "<b>"  'a b'  'x-y'""")
NAMES = one_of("name  n  xs  words  d  ps  v  w  missing  x  y  d.k  d['t']  xs[0]")
LISTS = one_of("xs  words  ps  [1, 2, 3]  ('a', 'b')  d  v  range(3)  'abc'  missing  []")
BINARY = one_of("+  -  *  /  //  %  ~  ==  !=  <  <=  >  >=  in  not in  and  or")
FILTERS = one_of(
    """
    abs  capitalize  default('-')  d('', true)  escape  e  first  last  float  forceescape  int  int(7)  join
    join(', ')  length  count  list  lower  upper  max  min  sum  replace('a', 'Z')  replace('<', '&', 1)
    replace('b', '<i>'|safe)  reverse|list  round  round(1)
    round(0, 'floor')  round(method='ceil')  safe  sort|list  sort(reverse=true)|list
    string  striptags  title  trim  trim('a')  truncate(4)  truncate(3, true, '')  unique|list  urlencode  wordcount
    center(7)  indent  indent(2, true)  wordwrap(3)  tojson  filesizeformat  xmlattr  map('upper')|list
    map('string')|join('+')  map(attribute='t')|join('/')  select|list  reject|list  select('string')|list
    select('gt', 1)|list  reject('in', [1, 'a'])|list  selectattr('k')|list  selectattr('t', 'equalto', 'a')|list
    rejectattr('p', 'odd')|list  groupby('t')|list  dictsort  batch(2)|list  batch(2, '-')|list  slice(2)|list
    slice(3, 'x')|list  items|list  sum(attribute='p')  sort(attribute='t')|list  min(attribute='p')
    join('; ', attribute='t')  format(1)  map('default', '?')|list
    """
)
TESTS = one_of(
    """
    defined  undefined  none  string  number  integer  float  boolean  true  false  mapping  sequence  iterable  odd
    even  divisibleby(2)  divisibleby 3  lower  upper  escaped  eq 1  ne('a')  gt 2  lessthan(3)  in [1, 2]
    sameas none  sameas(true)  callable
    """
)
METHODS = one_of(
    """
    upper()  lower()  strip()  split()  split(',')  replace('a', 'b')  startswith('a')  title()  get('k')
    get('q', 'none')  items()|list  keys()|list  values()|list  count('a')  index('a')  endswith('b')  find('a')
    join(['p', 'q'])  format(1, 2)  zfill(4)  splitlines()  partition('a')
    """
)
STEPS = one_of(".k  .t  ['t']  [0]  [-1]  [1:]  [:2]  [::-1]  [1:3]  .k.t  [n]")


def spaced(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The parts in brackets, with spaces between them."""
    return st.tuples(*parts).map(lambda found: f"({' '.join(found)})")


def piped(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A value and its filters."""
    return st.tuples(*parts).map(lambda found: "|".join((f"({found[0]})", *found[1:])))


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions made of smaller ones, of any kind: many of them fail in both."""
    return st.one_of(
        spaced(inner, BINARY, inner),
        st.tuples(inner, BINARY, inner).map(" ".join),
        piped(inner, FILTERS),
        piped(NAMES | LISTS, FILTERS, FILTERS),
        spaced(inner.map("({})".format), one_of("is  is not"), TESTS),
        st.tuples(NAMES, METHODS).map(".".join),
        st.tuples(NAMES | LISTS, STEPS).map("".join),
        spaced(inner, st.just("if"), inner, st.just("else"), inner),
        spaced(inner, st.just("if"), inner),
        st.lists(inner, max_size=3).map(lambda found: f"[{', '.join(found)}]"),
        st.lists(inner, min_size=1, max_size=2).map(lambda found: f"({', '.join(found)},)"),
        st.tuples(inner, inner).map(lambda found: f"{{'k': {found[0]}, 't': {found[1]}}}"),
        inner.map("not ({})".format),
        inner.map("-({})".format),
        st.tuples(inner, inner, inner).map(lambda found: f"({found[0]}) < ({found[1]}) <= ({found[2]})"),
        inner.map("'%s-%s' % (1, {})".format),
    )


WILD = st.recursive(LITERALS | NAMES, compound, max_leaves=5)
NUMBER = st.recursive(
    one_of("n  1  2.5  xs|length  xs|sum  name|length  ps|sum(attribute='p')  loop.index  d|count"),
    lambda inner: (
        spaced(inner, one_of("+  -  *"), inner) | piped(inner, one_of("round  abs  int  float  round(1, 'ceil')"))
    ),
    max_leaves=3,
)
TEXT = st.recursive(
    one_of("name  'a b'  words|join|safe  words|first|string  words|join(', ')  '-' ~ n  ps|map(attribute='t')|join"),
    lambda inner: st.one_of(
        piped(inner, one_of("upper  title  trim  e  replace('a', '<')  truncate(5)  striptags  string")),
        spaced(inner, st.just("~"), inner | NUMBER),
        spaced(inner, st.just("or"), inner),
        st.tuples(inner.map("({})".format), one_of("[:3]  [::-1]  .upper()  .strip()  .replace('a', 'b')")).map(
            "".join
        ),
        inner.map("'%s!' % ({})".format),
    ),
    max_leaves=3,
)
LIST = st.recursive(
    one_of("xs  words  ps  d|dictsort  d.items()|list  range(n)|list  missing|default([])  ps|map(attribute='t')|list"),
    lambda inner: st.one_of(
        piped(inner, one_of("sort(attribute='t')  reverse|list  unique|list  list  batch(2)|list  select|list")),
        inner.map("({})[1:]".format),
    ),
    max_leaves=2,
)
CONDITION = st.one_of(
    spaced(NUMBER, one_of("<  ==  >=  !="), NUMBER),
    spaced(TEXT, one_of("==  in  not in"), TEXT),
    spaced(NAMES, one_of("is defined  is not none  is string  is mapping")),
)
EXPRESSIONS = st.one_of(NUMBER, TEXT, LIST, CONDITION, WILD)

# --- templates -------------------------------------------------------------------------------------

STATIC = st.sampled_from(["a", " ", "\n", " b \n", "<p>", "{", "}}", "% }", "é\n\n", "  "])
OPEN, CLOSE = st.sampled_from(["{%", "{%-", "{%+"]), st.sampled_from(["%}", "-%}"])
LOOP_WORDS = one_of(
    """
    index  index0  revindex  revindex0  first  last  length  depth  previtem  nextitem  cycle('o', 'e')
    changed(x)  nope
    """
)


@st.composite
def tags(draw: Any, words: str) -> str:
    return f"{draw(OPEN)} {words} {draw(CLOSE)}"


@st.composite
def outputs(draw: Any) -> str:
    mark, end = draw(st.sampled_from([("{{", "}}"), ("{{-", "}}"), ("{{", "-}}"), ("{{-", "-}}")]))
    return f"{mark} {draw(EXPRESSIONS)} {end}"


def block(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Tags around smaller templates."""

    @st.composite
    def made(draw: Any) -> str:
        body, other = draw(inner), draw(inner)
        value, items = draw(EXPRESSIONS), draw(LISTS)
        kind = draw(st.integers(0, 13))
        if kind == 0:
            return f"{draw(tags(f'if {value}'))}{body}{draw(tags('endif'))}"
        if kind == 1:
            arms = f"{draw(tags('elif n'))}{other}{draw(tags('else'))}z"
            return f"{draw(tags(f'if {value}'))}{body}{arms}{draw(tags('endif'))}"
        if kind == 2:
            return f"{draw(tags(f'for x in {items}'))}{body}{{{{ loop.{draw(LOOP_WORDS)} }}}}{draw(tags('endfor'))}"
        if kind == 3:
            head = draw(
                tags(f"for x in {items} if {draw(st.sampled_from(['x', 'x is odd', 'x != n', 'x is string']))}")
            )
            return f"{head}{{{{ loop.index }}}}{body}{draw(tags('else'))}{other}{draw(tags('endfor'))}"
        if kind == 4:
            return f"{draw(tags('for k, x in d|dictsort'))}{{{{ k }}}}{body}{draw(tags('endfor'))}"
        if kind == 5:
            return f"{draw(tags(f'set y = {value}'))}{body}{{{{ y }}}}"
        if kind == 6:
            return f"{draw(tags('set y'))}{body}{draw(tags('endset'))}{other}{{{{ y }}}}{{{{ y|length }}}}"
        if kind == 7:
            macro = f"{draw(tags('macro m(x, y=name)'))}{body}{{{{ x }}}}/{{{{ y }}}}{draw(tags('endmacro'))}"
            return f"{macro}{{{{ m({value}) }}}}{other}{{{{ m(y=n, x=1) }}}}"
        if kind == 8:
            macro = "{% macro q(z) %}<{{ caller(z) if caller else '' }}>{% endmacro %}"
            return f"{macro}{draw(tags(f'call(x) q({value})'))}{body}{{{{ x }}}}{draw(tags('endcall'))}{{{{ q(1) }}}}"
        if kind == 9:
            return f"{draw(tags(f'with x = {value}, y = n'))}{body}{{{{ x }}}}{draw(tags('endwith'))}{{{{ y }}}}"
        if kind == 10:
            name = draw(st.sampled_from(["upper", "replace('a', 'b')", "trim", "title", "indent(2)", "lower|trim"]))
            return f"{draw(tags(f'filter {name}'))}{body}{draw(tags('endfilter'))}"
        if kind == 11:
            count = "{% set ns = namespace(c=0) %}{% for x in xs %}{% set ns.c = ns.c + x %}"
            return f"{count}{body}{{% endfor %}}{{{{ ns.c }}}}"
        if kind == 12:
            wanted = "'card.html'  'nope' ignore missing  ['nope', 'card.html']  'card.html' without context"
            include = draw(one_of(wanted))
            return f"{{% set title = n %}}{draw(tags(f'include {include}'))}{body}"
        lib = "{% import 'lib.html' as lib %}{% from 'lib.html' import link as l, tone with context %}"
        return f"{lib}{{{{ lib.link({value}) }}}}{{{{ l('/', text=name) }}}}{{{{ tone }}}}{{{{ lib.tone }}}}{body}"

    return made()


BODIES = st.recursive(
    st.lists(STATIC | outputs(), max_size=3).map("".join),
    lambda inner: st.lists(inner | block(inner), min_size=1, max_size=3).map("".join),
    max_leaves=4,
)


@st.composite
def heirs(draw: Any) -> str:
    """A template that extends another one."""
    base = draw(st.sampled_from(["base.html", "middle.html"]))
    head, body = draw(BODIES), draw(BODIES)
    above = draw(st.sampled_from(["", "{{ super() }}"]))
    return (
        f"{{% extends '{base}' %}}{{% set y = {draw(EXPRESSIONS)} %}}dropped {{{{ n }}}}"
        f"{{% block head %}}{above}{head}{{{{ y }}}}{{% endblock %}}{{% block body %}}{body}{{% endblock %}}"
    )


# --- the two of them -------------------------------------------------------------------------------


def theirs(source: str, data: dict[str, Any], *, escapes: bool) -> str:
    environment = SandboxedEnvironment(autoescape=escapes, loader=DictLoader(TEMPLATES))
    try:
        return environment.from_string(source).render(data)
    except Exception:  # Jinja2 lets any of Python's errors through
        return FAILED


def ours(source: str, data: dict[str, Any], *, escapes: bool) -> str:
    try:
        escape: Any = "html" if escapes else None
        return compile_template(source, "jinja", escape=escape, templates=TEMPLATES).render(data)
    except TemplateError:
        return FAILED


def compare(source: str, data: dict[str, Any], *, escapes: bool) -> None:
    expected = theirs(source, data, escapes=escapes)
    assert ours(source, data, escapes=escapes) == expected


MANY = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
HTML_WORDS = re.compile(r"\b(?:e|escape|forceescape|safe|tojson|xmlattr)\b")  # without escaping they do nothing here


@MANY
@given(EXPRESSIONS, DATA)
@example("1 / 0", {"n": 1})
@example("missing.k", {})
def test_an_expression_gives_what_jinja2_gives(expression: str, data: dict[str, Any]) -> None:
    compare(f"{{{{ {expression} }}}}", data, escapes=True)


@MANY
@given(BODIES, DATA)
def test_a_template_writes_what_jinja2_writes(source: str, data: dict[str, Any]) -> None:
    compare(source, data, escapes=True)


@MANY
@given(BODIES, DATA)
def test_a_template_without_escaping_writes_what_jinja2_writes(source: str, data: dict[str, Any]) -> None:
    assume(not HTML_WORDS.search(source))
    compare(source, data, escapes=False)


@MANY
@given(heirs(), DATA)
def test_a_template_that_extends_another_writes_what_jinja2_writes(source: str, data: dict[str, Any]) -> None:
    compare(source, data, escapes=True)


@MANY
@given(st.text(alphabet="{%}#-+ \n'\"|.,()[]=~ab1\\", max_size=60), DATA)
def test_any_signs_at_all_give_a_text_or_a_template_error(source: str, data: dict[str, Any]) -> None:
    found = ours(source, data, escapes=True)
    expected = theirs(source, data, escapes=True)

    assert found == expected or FAILED in (found, expected)


@MANY
@given(BODIES, DATA)
def test_every_writer_says_what_is_rendered(source: str, data: dict[str, Any]) -> None:
    try:
        template = compile_template(source, "jinja", templates=TEMPLATES)
        text = template.render(data)
    except TemplateError:
        return

    octets = quopri.decodestring(template.writer("quoted-printable")(data))

    assert octets.decode() == text.replace("\n", "\r\n")
