"""Pieces of a template that are functions: macros, calls of them, and templates that are read for theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template import nodes
from livemerge.template.generate.function import Function, Sink
from livemerge.template.generate.literals import bare
from livemerge.template.generate.variables import store
from livemerge.template.nodes import Expression, Statement


def macro(function: Function, node: nodes.Macro) -> None:
    """A Python function that gives what the macro writes."""
    name = function.fresh("b")
    sink = Sink("o", "a", function.setting.text_encoding, is_inner=True)
    arguments = ", ".join(function.variables[each] for each in node.parameters)
    with function.inner_function(name, arguments, sink), function.weighed() as work:
        function.emit(f"c.work += {work}")
        function.block(node.body)
        function.emit("return M(MERGED(c, o))")
    store(function, node.name, f"MACRO({name}, {node.title!r}, {node.written!r}, {node.defaults}, {node.takes!r})")


def call(function: Function, node: nodes.Call) -> str:
    given = "".join(f"{function.inline(each)}, " for each in node.arguments)
    given += f"*ITEMS({function.inline(node.more)}), " if node.more is not None else ""
    named = "".join(f"{name!r}: {function.inline(each)}, " for name, each in node.options)
    named += f"**NAMES({function.inline(node.names)})" if node.names is not None else ""
    return f"CALL(c, {function.inline(node.callee)}, ({given}), {{{named}}})"


def imported(function: Function, node: nodes.Import) -> None:
    pairs = ", ".join(f"{name!r}: {function.inline(each)}" for name, each in node.arguments or ())
    names = "None" if node.arguments is None else f"{{{pairs}}}"
    store(function, node.name, f"IMPORT(c, S, {bare(function, node.template)}, {names})")


MACROS: dict[type[Statement], Callable[[Function, Any], None]] = {nodes.Macro: macro, nodes.Import: imported}
MACRO_CALLS: dict[type[Expression], Callable[[Function, Any], str]] = {nodes.Call: call}
