"""What a template remembers: variables, captured text, counters and turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template import nodes
from livemerge.template.generate.filter_calls import value
from livemerge.template.generate.function import Function
from livemerge.template.generate.interrupts import interrupted
from livemerge.template.generate.outputs import write_plainly
from livemerge.template.nodes import Block, Statement
from livemerge.template.walk import has_interrupt


def assign(function: Function, node: nodes.Assign) -> None:
    store(function, node.name, value(function, node.value))


def store(function: Function, name: str, found: str) -> None:
    """Gives a variable a value: a name of the function's own, or where other templates see it."""
    function.emit(f"{function.variables.get(name) or f'S.variables[{name!r}]'} = {found}")


def capture(function: Function, node: nodes.Capture) -> None:
    if not has_interrupt(node.body):
        store(function, node.name, f"M({captured(function, node.body)})")
        return
    leaves = function.fresh("k")
    function.emit(f"{leaves} = None")
    store(function, node.name, f"M({captured(function, node.body, leaves)})")
    interrupted(function, leaves)


def captured(function: Function, body: Block, leaves: str = "") -> str:
    """The text a block writes, as a Python expression; an interrupt in it is kept under the name `leaves`."""
    sink = function.inner_sink()
    with function.writing_to(sink):
        function.emit(f"{sink.output} = OUTPUT()")
        function.emit(f"{sink.append} = {sink.output}.append")
        if leaves:
            _once(function, body, leaves)
        else:
            function.block(body)
    return f"MERGED(c, {sink.output})"


def _once(function: Function, body: Block, leaves: str) -> None:
    """A block in a loop of one round, so that an interrupt ends it."""
    function.loops.append(leaves)
    function.emit("for _ in ONCE:")
    with function.indented():
        function.block(body)
    function.loops.pop()


def counter(function: Function, node: nodes.Counter) -> None:
    count = function.simple(f"COUNT(c, {node.name!r}, {node.step})")
    write_plainly(function, count, node.place)


def cycle(function: Function, node: nodes.Cycle) -> None:
    is_fixed = all(isinstance(each, nodes.Literal) for each in node.values)
    own = ("cycle", node.key) if is_fixed else ("cycle", node.place.line, node.place.column)
    group = value(function, node.group) if node.group else repr(own)
    values = function.simple(f"({', '.join(value(function, each) for each in node.values)},)")
    chosen = function.simple(f"STEP({values}, NEXT(c, {group}, {len(node.values)}))")
    write_plainly(function, chosen, node.place)


def if_changed(function: Function, node: nodes.IfChanged) -> None:
    """What was written until an interrupt is written; then the loop around is left."""
    leaves = function.fresh("k") if has_interrupt(node.body) else ""
    if leaves:
        function.emit(f"{leaves} = None")
    text = function.simple(f"M({captured(function, node.body, leaves)})")
    function.emit(f"if {text} != c.changed:")
    with function.indented():
        function.emit(f"c.changed = {text}")
        write_plainly(function, text, node.place)
    if leaves:
        interrupted(function, leaves)


VARIABLES: dict[type[Statement], Callable[[Function, Any], None]] = {
    nodes.Assign: assign,
    nodes.Capture: capture,
    nodes.Counter: counter,
    nodes.Cycle: cycle,
    nodes.IfChanged: if_changed,
}
