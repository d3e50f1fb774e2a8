"""Templates in templates: blocks with a context of their own, pieces others write, calls of other templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

from livemerge.template import nodes
from livemerge.template.generate.filter_calls import value
from livemerge.template.generate.function import Function
from livemerge.template.generate.interrupts import interrupted
from livemerge.template.generate.literals import bare
from livemerge.template.generate.outputs import markup_writer
from livemerge.template.generate.paths import chain, keep_chain, keep_view
from livemerge.template.generate.work import TEMPLATE_WORK
from livemerge.template.nodes import Expression, Statement


def bind(function: Function, node: nodes.Bind) -> None:
    held = function.fresh("x")
    function.emit(f"{held} = {function.inline(node.value)}")
    scope = {node.name: held}
    if function.setting.has_chains and node.around is not None:
        keep_chain(function, scope, node.name, f"({held}, {chain(function, node.around)})")
    function.scopes.append(scope)
    keep_view(function, held, node.name, node.body)
    function.block(node.body)
    function.scopes.pop()


def _fragment(function: Function, node: nodes.Fragment) -> str:
    """The name of a function that writes a piece of this template."""
    name, held = function.fresh("b"), function.fresh("x")
    scope = {node.name: held}
    function.scopes.append(scope)
    with function.inner_function(name, f"c, F, o, {held}"), function.weighed() as work:
        function.emit(f"c.work += {work}")
        if function.setting.has_chains:
            keep_chain(function, scope, node.name, f"NEST(F.chain or {chain(function, node.around)}, {held})")
        keep_view(function, held, node.name, node.body)
        function.block(node.body)
    function.scopes.pop()
    return name


def _fragments(function: Function, fragments: Iterable[tuple[str, nodes.Fragment]]) -> str:
    """Pieces of this template by their names, as a run of `key: value`."""
    return ", ".join(f"{name!r}: {_fragment(function, each)}" for name, each in fragments)


def define(function: Function, node: nodes.Define) -> None:
    outer, function.table = function.table, function.fresh("P")
    given = _fragments(function, node.fragments)
    function.emit(f"{function.table} = {{**{outer}, {given}}}")
    function.block(node.body)
    function.flush()
    function.table = outer


def partial(function: Function, node: nodes.Partial) -> None:
    function.work += TEMPLATE_WORK
    table = _table(function, node)
    block = "None" if node.block is None else _fragment(function, node.block)
    fallback = block
    if node.fallback is not node.block:
        fallback = "None" if node.fallback is None else _fragment(function, node.fallback)
    arguments, names = _pairs(function, node.arguments), _pairs(function, node.private)
    contexts = "None" if node.scope is None else chain(function, node.scope)
    name, context = bare(function, node.name), function.inline(node.context)
    start = ""
    if node.indent and not node.indents_source:
        start = function.fresh("n")
        function.emit(f"{start} = len({function.sink.output})")
    call = (
        f"PARTIAL(c, F, {function.sink.output}, {_kind(function)!r}, {name}, {function.table}, {table}, {context}, "
        f"{{{arguments}}}, {f'{{{names}}}' if names else None}, {node.levels}, "
        f"{f'BLOCK({block}, F)' if node.block else None}, {fallback}, {contexts}, "
        f"{node.indent if node.indents_source else ''!r})"
    )
    function.emit(f"if {call}:" if start and node.indents_pieces else call)
    if start:
        mark = f"{node.indent!r}, {markup_writer(function)}, {node.indents_pieces}"
        with function.indented() if node.indents_pieces else nullcontext():
            function.emit(f"INDENT({function.sink.output}, {start}, {mark})")


def _table(function: Function, node: nodes.Partial) -> str:
    """The name of the pieces the called template may write by name."""
    if not node.fragments:
        return function.table
    given = _fragments(function, node.fragments)
    order = f"{{{given}}}, {function.table}" if node.is_outermost_first else f"{function.table}, {{{given}}}"
    table = function.fresh("P")
    function.emit(f"{table} = MERGE({order})")
    return table


def _pairs(function: Function, arguments: Iterable[tuple[str, Expression]]) -> str:
    return ", ".join(f"{name!r}: {function.inline(each)}" for name, each in arguments)


def _kind(function: Function) -> str:
    """The kind of output another template writes here."""
    kind = function.sink.encoding.kind
    return "captured" if kind == "text" and (function.sink.is_inner or not function.is_traced) else kind


def include(function: Function, node: nodes.Include) -> None:
    function.work += TEMPLATE_WORK
    arguments = ", ".join(f"{name!r}: {value(function, each)}" for name, each in node.arguments)
    bound = value(function, node.bound) if node.bound else "MISSING"
    call = "RENDER" if node.is_isolated else "INCLUDE"
    result = function.fresh("r")
    function.emit(
        f"{result} = {call}(c, S, {function.sink.output}, {bare(function, node.name)}, {_kind(function)!r}, "
        f"{{{arguments}}}, {bound}, {node.repeats}, {node.alias!r}"
        f"{', is_optional=True' if node.is_optional else ''}{', is_alone=True' if node.is_alone else ''})"
    )
    if not node.is_isolated:
        interrupted(function, result)


PARTIALS: dict[type[Statement], Callable[[Function, Any], None]] = {
    nodes.Bind: bind,
    nodes.Define: define,
    nodes.Partial: partial,
    nodes.Include: include,
}
