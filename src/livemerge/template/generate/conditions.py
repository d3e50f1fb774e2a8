"""Conditions: expressions that are true or false, and the values they choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template import nodes, runtime
from livemerge.template.generate.function import Function
from livemerge.template.generate.literals import bare
from livemerge.template.generate.manner import LIQUID_MANNER
from livemerge.template.generate.work import compared
from livemerge.template.nodes import Expression, Place
from livemerge.template.runtime import BLANK, EMPTY
from livemerge.template.trace import TracePoint
from livemerge.template.walk import paths_in

_ORDERS = {"<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}


def decided(function: Function, condition: Expression, source: str, place: Place) -> str:
    """A condition as Python, which in a trace reports which way it went."""
    test = truth(function, condition)
    if not function.is_traced:
        return test
    point = function.constant(TracePoint(place.line, place.column, source, tuple(paths_in(condition))))
    return f"BRANCH(c, {point}, {test})"


def truth(function: Function, node: Expression) -> str:
    """A condition as a Python expression that is True or False."""
    if isinstance(node, nodes.Logic):
        return logic(function, node)
    if type(node) in CONDITIONS and not isinstance(node, nodes.Choice):
        return function.inline(node)
    manner = function.setting.manner
    if isinstance(node, nodes.Literal) and manner.truth == LIQUID_MANNER.truth:
        return repr(runtime.is_true(node.value))
    found = function.inline(node)
    if function.kinds.get(found) == "boolean":
        return found
    name, named = function.named(found)
    return manner.truth.format(name=name, named=named)


def negation(function: Function, node: nodes.Not) -> str:
    return f"(not {truth(function, node.operand)})"


def choice(function: Function, node: nodes.Choice) -> str:
    return f"({function.inline(node.first)} if {truth(function, node.condition)} else {function.inline(node.second)})"


def logic(function: Function, node: nodes.Logic) -> str:
    """A run of the same operator without brackets in between, so that long ones do not nest."""
    terms = [truth(function, node.left)]
    right: Expression = node.right
    while isinstance(right, nodes.Logic) and right.operator == node.operator:
        terms.append(truth(function, right.left))
        right = right.right
    terms.append(truth(function, right))
    return f"({f' {node.operator} '.join(terms)})"


def comparison(function: Function, node: nodes.Comparison) -> str:
    if node.operator in ("==", "!="):
        test = _equality(function, node.left, node.right)
        return test if node.operator == "==" else f"(not {test})"
    left, right = bare(function, node.left), bare(function, node.right)
    if node.operator == "contains":
        return compared(function, "CONTAINS", node.left, node.right, (left, right))
    if node.operator not in _ORDERS:
        what, advice = f"unknown operator `{node.operator}`", "use == != < > <= >= or contains"
        return f"REFUSE({function.constant(what)}, {function.constant(advice)})"
    call = _ORDERS[node.operator]
    if not isinstance(node.right, nodes.Literal) or type(node.right.value) is not int:
        return compared(function, call, node.left, node.right, (left, right))
    name, named = function.named(left)
    return f"({name} {node.operator} {right} if type({named}) is int else {call}({name}, {right}))"


def _equality(function: Function, left: Expression, right: Expression) -> str:
    """Equality, the short way for the commonest kinds of literal."""
    if isinstance(left, nodes.Literal) and not isinstance(right, nodes.Literal):
        left, right = right, left
    if not isinstance(right, nodes.Literal) or isinstance(left, nodes.Literal):
        return compared(function, "EQ", left, right, (bare(function, left), bare(function, right)))
    return equality_with(function, function.inline(left), right)


def equality_with(function: Function, found: str, literal: nodes.Literal) -> str:
    """Whether a value as Python equals one that stands in the template."""
    value = literal.value
    if value is None or value is True or value is False:
        return f"({found} is {value!r})"
    if value is EMPTY or value is BLANK:
        return f"IS_EMPTY({found})" if value is EMPTY else _blank(function, found)
    if isinstance(value, str) and value.strip():
        name, named = function.named(found)
        return f"({name} == {value!r} if type({named}) is str else EQ({name}, {value!r}))"
    if type(value) is int:
        (name, named), number = function.named(found), bare(function, literal)
        return f"({name} == {number} if type({named}) is int else EQ({name}, {number}))"
    return f"EQ({found}, {bare(function, literal)})"


def operand(function: Function, node: nodes.Logic) -> str:
    """The value of the side that decides, or of a condition that is true or false."""
    if not node.gives_operand:
        return logic(function, node)
    name, named = function.named(function.inline(node.left))
    test = function.setting.manner.truth.format(name=name, named=named)
    right = function.inline(node.right)
    return f"({name} if {test} else {right})" if node.operator == "or" else f"({right} if {test} else {name})"


def _blank(function: Function, found: str) -> str:
    name, named = function.named(found)
    return f"CHARGED(c, SIZE, IS_BLANK({named}), {name})"


CONDITIONS: dict[type[Expression], Callable[[Function, Any], str]] = {
    nodes.Not: negation,
    nodes.Logic: operand,
    nodes.Comparison: comparison,
    nodes.Choice: choice,
}
