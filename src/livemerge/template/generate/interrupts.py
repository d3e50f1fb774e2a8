"""Leaving a loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template import nodes
from livemerge.template.generate.function import Function
from livemerge.template.nodes import Place, Statement


def interrupt(function: Function, node: nodes.Interrupt) -> None:
    """Leaves the innermost loop, at once or where the block that keeps it ends."""
    if not function.loops:
        function.emit(f"return {node.kind!r}")
    elif function.loops[-1] == "for":
        function.emit(node.kind)
    else:
        function.emit(f"{function.loops[-1]} = {node.kind!r}")
        function.emit("break")


def interrupted(function: Function, result: str) -> None:
    """What the break or continue of a block or of another template, kept under the name `result`, does here."""
    for kind in ("break", "continue"):
        function.emit(f"if {result} == {kind!r}:")
        with function.indented():
            interrupt(function, nodes.Interrupt(kind, function.place or Place(1, 1)))


INTERRUPTS: dict[type[Statement], Callable[[Function, Any], None]] = {nodes.Interrupt: interrupt}
