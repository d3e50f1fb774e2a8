"""Handlebars of npm is the oracle: generated templates and data give the same text there and here.

Runs where `make bench` has installed Node's engines. Left out of the grammar, since we differ on purpose or JavaScript
trips over itself there: helpers without their arguments, block parameters of blocks that give none, `lookup` in what is
false, names of Object's own properties, halves of emoji, `noEscape` (which adds numbers that stand side by side).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

NODE = Path(__file__).parents[2] / "bench" / "node"
pytestmark = pytest.mark.skipif(
    not shutil.which("node") or not (NODE / "node_modules" / "handlebars").is_dir(),
    reason="Node's handlebars is not installed (make bench installs it)",
)
SERVER = """
const Handlebars = require('handlebars');
require('readline').createInterface({input: process.stdin}).on('line', line => {
  const asked = JSON.parse(line);
  let answer = null;
  try {
    const own = Handlebars.create();
    for (const [name, text] of Object.entries(asked.partials)) own.registerPartial(name, text);
    answer = own.compile(asked.source, asked.options)(asked.data);
  } catch (error) {}
  process.stdout.write(JSON.stringify(answer) + '\\n');
});
"""
NAMES = st.sampled_from(["a", "b", "c", "e-f", "é"])
SCALARS = st.sampled_from([None, True, False, 0, 1, -2, 3.5, 1e21, 1e-7, "", "t", "<b>&\"'`=", "é", " ", "12", "l\nm"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DATA = st.dictionaries(NAMES, VALUES, max_size=5)
PATHS = st.one_of(
    NAMES,
    NAMES,
    st.tuples(NAMES, st.sampled_from([".", "/"]), NAMES).map("".join),
    NAMES.map(lambda name: f"../{name}"),
    NAMES.map(lambda name: f"{name}.[0]"),
    NAMES.map(lambda name: f"./{name}"),
    st.sampled_from(["this", ".", "@index", "@key", "@first", "@last", "@root", "@../index", "[a b]", "a.length"]),
)
OPENS, CLOSES = st.sampled_from(["{{", "{{", "{{", "{{~"]), st.sampled_from(["}}", "}}", "}}", "~}}"])
TEXTS = st.sampled_from(["x", " ", "\n", "  \n", "\n  ", "a\n b", "<p>", "\r\n", "é", "}", "\\\\x", "\n\n", "[["])
TAGS = st.one_of(
    st.tuples(OPENS, PATHS, CLOSES).map("".join),
    PATHS.map(lambda path: f"|{{{{{{{path}}}}}}}"),  # a text first: Node adds two true that stand side by side
    PATHS.map(lambda path: f"\\{{{{{path}}}}}"),
    st.sampled_from(["{{! c }}", "{{!-- a }} --}}", "{{~!-- x --~}}", "  {{> p}}\n", "{{> q a}}", "{{> p b=a c=1}}"]),
    st.sampled_from(["{{> i}}", "{{> none}}", "{{#> none}}x{{a}}{{/none}}", "{{#> q}}\n{{b}}\n{{/q}}"]),
)
PARTIALS = {"p": "[{{a}}\n{{b}}{{../a}}]\n", "q": "{{#each this}}{{@key}}{{/each}}{{#if c}}{{> @partial-block}}{{/if}}"}


@st.composite
def bodies(draw: st.DrawFn, depth: int = 0) -> str:
    """Some text and tags, and down to a depth blocks around such."""
    pieces = st.one_of(TEXTS, TAGS) if depth >= DEEPEST else st.one_of(TEXTS, TAGS, blocks(depth))
    return "".join(draw(st.lists(pieces, max_size=3)))


@st.composite
def blocks(draw: st.DrawFn, depth: int) -> str:
    """A block: a helper's, a section, a chain of else, one with parameters, an inline partial."""
    kind = draw(st.sampled_from(["helper", "helper", "helper", "chain", "parameters", "section", "inverse", "inline"]))
    name, path, body, other = draw(NAMES), draw(PATHS), draw(bodies(depth + 1)), draw(bodies(depth + 1))
    if kind == "helper":
        head, left, right = draw(HEADS), draw(OPENS), draw(CLOSES)
        inverse = f"{left}else{right}{other}" if draw(st.booleans()) else ""
        return f"{left}#{head} {path}{right}{body}{inverse}{left}/{head}{right}"
    return {
        "chain": f"{{{{#if {path}}}}}{body}{{{{else if {name}}}}}{other}{{{{/if}}}}",
        "parameters": f"{{{{#each {path} as |v k|}}}}{{{{k}}}}{{{{v.a}}}}{body}{{{{/each}}}}",
        "section": f"{{{{#{name}}}}}{body}{{{{/{name}}}}}",
        "inverse": f"{{{{^{name}}}}}{body}{{{{else}}}}{other}{{{{/{name}}}}}",
        "inline": f'{{{{#*inline "i"}}}}{body}{{{{/inline}}}}\n',
    }[kind]


HEADS = st.sampled_from(["if", "unless", "each", "with"])
DEEPEST = 3
TEMPLATES = bodies()
OPTIONS = st.sampled_from([{}, {}, {"preventIndent": True}, {"ignoreStandalone": True}])


@pytest.fixture(scope="module")
def node() -> Iterator[subprocess.Popen[str]]:
    started = ["node", "-e", SERVER]
    with subprocess.Popen(started, cwd=NODE, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


@given(TEMPLATES, DATA, OPTIONS)
@settings(max_examples=300, deadline=None)
def test_a_template_gives_what_nodes_handlebars_gives(
    node: subprocess.Popen[str], source: str, data: dict[str, Any], options: dict[str, bool]
) -> None:
    asked = {"source": source, "data": data, "options": options, "partials": PARTIALS}
    assert node.stdin and node.stdout
    node.stdin.write(json.dumps(asked) + "\n")
    node.stdin.flush()
    expected = json.loads(node.stdout.readline())

    assert rendered(source, data, options) == expected


def rendered(source: str, data: dict[str, Any], options: dict[str, bool]) -> str | None:
    """What a template renders to here; None for an error."""
    try:
        return compile_template(source, "handlebars", options=options, templates=PARTIALS).render(data)
    except TemplateError:
        return None
