"""Filters on values: calls of functions of the language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template import nodes
from livemerge.template.filters import ESCAPING_FILTERS, INDIFFERENT_FILTERS, SHORT_FILTERS, Filter, default
from livemerge.template.filters.filter import Short
from livemerge.template.generate.function import Function
from livemerge.template.generate.literals import bare
from livemerge.template.generate.work import call, short_call
from livemerge.template.nodes import Expression
from livemerge.template.walk import filter_problem
from livemerge.template.wire import escape_kernel

MAX_INLINE_FILTERS = 6  # filters on one value that are written as one expression


def value(function: Function, node: Expression) -> str:
    """An expression's value as Python; filters get lines of their own, so that chains do not nest."""
    if isinstance(node, nodes.FilterCall):
        return _filtered(function, node, function.simple)
    return function.inline(node)


def written(function: Function, node: Expression) -> str:
    """A value to be written; long chains of filters come first, so that they do not nest."""
    length, inner = 0, node
    while isinstance(inner, nodes.FilterCall):
        length, inner = length + 1, inner.target
    return value(function, node) if length > MAX_INLINE_FILTERS else function.inline(node)


def inline_filter(function: Function, node: nodes.FilterCall) -> str:
    return _filtered(function, node, lambda expression: f"({expression})")


def _filtered(function: Function, node: nodes.FilterCall, hold: Callable[[str], str]) -> str:
    """The call of a filter; `hold` gives the value of the filter before it."""
    filters = function.setting.filters
    problem = filter_problem(node, filters)
    if problem is not None:
        return f"REFUSE({function.constant(problem.what)}, {function.constant(problem.advice)})"
    target, known = _target(function, node, hold), filters[node.name]
    if known.call is default and len(node.arguments) == 1 and not node.options:
        return _default(function, target, node.arguments[0])
    python = _name(function, node.name, known)
    if known.call in SHORT_FILTERS and not node.arguments:
        return short_call(function, python, known, target, SHORT_FILTERS[known.call])
    arguments = [("", each) for each in node.arguments] + list(node.options)
    given = [(*each, _argument(function, each[1], known)) for each in arguments]
    if known.short is None or not _is_short(known.short, node):
        found = call(function, python, known, target, given)
    else:
        name, named = function.named(target)
        test = known.short.test.format(name=name, named=named)
        found = f"({known.short.gives.format(name=name)} if {test} else {call(function, python, known, name, given)})"
    if known.gives:
        function.kinds[found] = known.gives
    return found


def _is_short(short: Short, node: nodes.FilterCall) -> bool:
    """Whether a filter is called in the way that can be done on the spot."""
    is_known = all(isinstance(each, nodes.Literal) for each in node.arguments)
    return is_known and not node.options and len(node.arguments) in short.arguments


def _argument(function: Function, node: Expression, known: Filter) -> str:
    """An argument; a text that escaping would not change is plain, so that what it is put into stays plain too."""
    if known.call in INDIFFERENT_FILTERS and isinstance(node, nodes.Literal) and isinstance(node.value, str):
        text = str.__str__(node.value)
        return repr(text) if escape_kernel(text) == text else function.inline(node)
    return function.inline(node)


def _target(function: Function, node: nodes.FilterCall, hold: Callable[[str], str]) -> str:
    if isinstance(node.target, nodes.FilterCall):
        return hold(_filtered(function, node.target, hold))
    is_plain = node.name in ESCAPING_FILTERS
    return bare(function, node.target) if is_plain else function.inline(node.target)


def _default(function: Function, target: str, other: Expression) -> str:
    """Liquid's `default`, the short way for a text that is not empty."""
    name, named = function.named(target)
    known = function.setting.filters["default"]
    fallback = _name(function, "default", known)
    instead = _argument(function, other, known)
    return f"({name} if type({named}) is str and {name} else {fallback}({name}, {instead}))"


def _name(function: Function, name: str, known: Filter) -> str:
    key = f"F_{name}"
    function.constants[key] = known.call
    return key


FILTER_CALLS: dict[type[Expression], Callable[[Function, Any], str]] = {nodes.FilterCall: inline_filter}
