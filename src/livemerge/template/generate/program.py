"""The finished program: every family of nodes put together, the prelude, and Python's own compiler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from markupsafe import Markup

from livemerge.template.calls import CALLS
from livemerge.template.filters import Filter
from livemerge.template.findings import Source
from livemerge.template.generate.choices import CHOICES
from livemerge.template.generate.conditions import CONDITIONS
from livemerge.template.generate.filter_calls import FILTER_CALLS
from livemerge.template.generate.function import Function, Setting, Sink
from livemerge.template.generate.inheritance import INHERITANCE, keep_slots
from livemerge.template.generate.interrupts import INTERRUPTS
from livemerge.template.generate.literals import LITERALS
from livemerge.template.generate.loops import LOOPS
from livemerge.template.generate.macros import MACRO_CALLS, MACROS
from livemerge.template.generate.manner import LIQUID_MANNER, Manner
from livemerge.template.generate.outputs import OUTPUTS, writers
from livemerge.template.generate.partials import PARTIALS
from livemerge.template.generate.paths import PATHS, view_line
from livemerge.template.generate.repeats import repeated_values
from livemerge.template.generate.table_rows import TABLE_ROWS
from livemerge.template.generate.variables import VARIABLES, captured
from livemerge.template.nodes import Block, Expression, Place, Statement
from livemerge.template.runtime import Program
from livemerge.template.walk import (
    LOCAL,
    assigned_names,
    calls_in,
    counter_names,
    has_chains,
    has_frame,
    has_include,
    has_resume,
)
from livemerge.template.wire import Encoding

EXPRESSIONS: dict[type[Expression], Callable[[Function, Any], str]] = {
    **LITERALS,
    **PATHS,
    **FILTER_CALLS,
    **CONDITIONS,
    **MACRO_CALLS,
}
STATEMENTS: dict[type[Statement], Callable[[Function, Any], None]] = {
    **OUTPUTS,
    **CHOICES,
    **LOOPS,
    **TABLE_ROWS,
    **INTERRUPTS,
    **VARIABLES,
    **PARTIALS,
    **MACROS,
    **INHERITANCE,
}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program, the template place of each of its lines, and the code of it and its pieces."""

    program: Program
    filename: str
    places: Mapping[int, Place]
    codes: frozenset[CodeType]


def generate(
    block: Block,
    source: Source,
    encoding: Encoding,
    text_encoding: Encoding,
    filters: Mapping[str, Filter],
    *,
    is_traced: bool = False,
    shares_scope: bool = False,
    manner: Manner = LIQUID_MANNER,
    before: Block = (),
) -> Compiled:
    """The program of a tree. `text_encoding` writes captures; `shares_scope`: other templates see our variables.

    `before` runs first, for its variables only.
    """
    whole = (*before, *block)
    is_shared = shares_scope or has_include(block) or any(each.shares_scope for each in calls_in(whole, filters))
    chains = manner is not LIQUID_MANNER and has_chains(block)
    setting = Setting(
        source,
        manner,
        filters,
        encoding,
        text_encoding,
        STATEMENTS,
        EXPRESSIONS,
        is_shared=is_shared,
        resumes=(is_shared and manner.shares_loops) or has_resume(block),
        has_frame=chains or (manner is not LIQUID_MANNER and has_frame(block)),
        has_chains=chains,
    )
    names = sorted(name for name in assigned_names(whole) if LOCAL in name or not is_shared)
    function = Function(
        setting,
        Sink("o", "a", encoding),
        is_traced,
        variables={name: f"v{at}" for at, name in enumerate(names)},
        counters=counter_names(block),
        repeated=repeated_values(block, filters),
    )
    keep_slots(function, block)
    if before:
        _run_unwritten(function, before)
    function.block(block)
    function.flush()
    return _built(function)


def _run_unwritten(function: Function, block: Block) -> None:
    """Runs a block for the variables it sets; nothing of it is written or traced."""
    is_traced, function.is_traced = function.is_traced, False
    captured(function, block)
    function.is_traced = is_traced


def _built(function: Function) -> Compiled:
    """The function, compiled."""
    setting, prelude = function.setting, list(_prelude(function))
    filename = f"<template {setting.source.name}>"
    code = compile("\n".join([*prelude, *function.lines, " return None"]), filename, "exec")
    markup = {"M": Markup if setting.text_encoding.escape else str}
    written = writers(setting.encoding, setting.text_encoding)
    namespace: dict[str, Any] = {**CALLS, **setting.manner.calls, **markup, **written, **function.constants}
    exec(code, namespace)  # noqa: S102  # safe literals and generated names only, see the package's docstring
    places = {number + len(prelude): place for number, place in function.places.items()}
    program: Program = namespace["program"]
    return Compiled(program, filename, places, frozenset(_codes_in(code)))


def _prelude(function: Function) -> Iterator[str]:
    """The first lines: what is looked up once."""
    yield from ("def program(c, S, o):", " a = o.append", f" c.work += {function.work}")
    if function.roots or function.variables:
        yield " G = S.data.get"
        yield " C = S.is_clean"
    if function.setting.has_frame:
        yield from (" F = FRAME(S)", " P = F.partials")
    if function.setting.has_chains:
        yield " h = CHAIN(F, S)"
    absent = function.setting.manner.absent
    for root, name in function.roots.items():
        yield f" {name} = G({root!r}{absent})"
    for root, name in function.variables.items():
        if LOCAL not in root:
            yield f" {name} = {None if root in function.counters else f'G({root!r}{absent})'}"
    for name, view in function.views.items():
        if name in function.roots.values():
            yield f" {view_line(view, name)}"


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    """The code of functions in code."""
    for found in code.co_consts:
        if isinstance(found, CodeType):
            yield found
            yield from _codes_in(found)
