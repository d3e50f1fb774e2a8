"""Blocks that are written in some cases only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template import nodes
from livemerge.template.generate.conditions import decided, equality_with
from livemerge.template.generate.filter_calls import value
from livemerge.template.generate.function import Function
from livemerge.template.generate.literals import bare
from livemerge.template.generate.work import compared
from livemerge.template.nodes import Expression, Statement
from livemerge.template.trace import TracePoint


def if_chain(function: Function, node: nodes.If) -> None:
    word, most = "if", 0
    for branch in node.branches:
        function.place = branch.place
        function.emit(f"{word} {decided(function, branch.condition, branch.source, branch.place)}:")
        most = max(most, function.alternative(branch.body))
        word = "elif"
    if node.otherwise:
        function.emit("else:")
        most = max(most, function.alternative(node.otherwise))
    function.work += most


def case(function: Function, node: nodes.Case) -> None:
    subject = function.simple(value(function, node.subject))
    done = ""
    if any(arm.values is None for arm in node.arms):
        done = function.fresh("m")
        function.emit(f"{done} = False")
    for arm in node.arms:
        function.place = arm.place
        test = f"not {done}" if arm.values is None else _test(function, arm, node.subject, subject)
        _arm(function, arm, test, done)


def _arm(function: Function, arm: nodes.When, test: str, done: str) -> None:
    """One arm; `done` is the name of whether one ran before, where an else asks for it."""
    function.emit(f"if {test}:")
    with function.indented():
        if done and arm.values is not None:
            function.emit(f"{done} = True")
        function.block(arm.body)


def _test(function: Function, arm: nodes.When, subject: Expression, name: str) -> str:
    """Whether the case's subject, kept under a name, is one of an arm's values."""
    tests = " or ".join(_equals(function, subject, name, value) for value in arm.values or ())
    if not function.is_traced:
        return tests
    point = function.constant(TracePoint(arm.place.line, arm.place.column, arm.source))
    return f"BRANCH(c, {point}, {tests})"


def _equals(function: Function, subject: Expression, name: str, value: Expression) -> str:
    """Whether a case's subject equals one of an arm's values."""
    if isinstance(value, nodes.Literal):
        return equality_with(function, name, value)
    return compared(function, "EQ", subject, value, (name, bare(function, value)))


def unsupported(function: Function, node: nodes.Unsupported) -> None:
    function.emit(f"raise FAULT({function.constant(node.what)}, {function.constant(node.advice)})")


CHOICES: dict[type[Statement], Callable[[Function, Any], None]] = {
    nodes.If: if_chain,
    nodes.Case: case,
    nodes.Unsupported: unsupported,
}
