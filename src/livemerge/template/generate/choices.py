"""Blocks that are written in some cases only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template import nodes
from livemerge.template.generate.conditions import decided, equality_with
from livemerge.template.generate.filter_calls import value
from livemerge.template.generate.function import Function
from livemerge.template.generate.literals import bare
from livemerge.template.nodes import Expression, Statement
from livemerge.template.trace import TracePoint


def if_chain(function: Function, node: nodes.If) -> None:
    word = "if"
    for branch in node.branches:
        function.place = branch.place
        function.emit(f"{word} {decided(function, branch.condition, branch.source, branch.place)}:")
        with function.indented():
            function.block(branch.body)
        word = "elif"
    if node.otherwise:
        function.emit("else:")
        with function.indented():
            function.block(node.otherwise)


def case(function: Function, node: nodes.Case) -> None:
    subject = function.simple(value(function, node.subject))
    done = ""
    if any(arm.values is None for arm in node.arms):
        done = function.fresh("m")
        function.emit(f"{done} = False")
    for arm in node.arms:
        function.place = arm.place
        _arm(function, arm, subject, done)


def _arm(function: Function, arm: nodes.When, subject: str, done: str) -> None:
    """One arm; `done` is the name of whether one ran before, where an else asks for it."""
    function.emit(f"if {_test(function, arm, subject) if arm.values is not None else f'not {done}'}:")
    with function.indented():
        if done and arm.values is not None:
            function.emit(f"{done} = True")
        function.block(arm.body)


def _test(function: Function, arm: nodes.When, subject: str) -> str:
    tests = " or ".join(_equals(function, subject, value) for value in arm.values or ())
    if not function.is_traced:
        return tests
    point = function.constant(TracePoint(arm.place.line, arm.place.column, arm.source))
    return f"BRANCH(c, {point}, {tests})"


def _equals(function: Function, subject: str, value: Expression) -> str:
    """Whether a case's subject equals one of an arm's values."""
    if isinstance(value, nodes.Literal):
        return equality_with(function, subject, value)
    return f"EQ({subject}, {bare(function, value)})"


def unsupported(function: Function, node: nodes.Unsupported) -> None:
    function.emit(f"raise FAULT({function.constant(node.what)}, {function.constant(node.advice)})")


CHOICES: dict[type[Statement], Callable[[Function, Any], None]] = {
    nodes.If: if_chain,
    nodes.Case: case,
    nodes.Unsupported: unsupported,
}
