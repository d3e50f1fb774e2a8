"""Templates that extend others: slots, what stands in them, and the template above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template import nodes
from livemerge.template.generate.function import Function
from livemerge.template.generate.literals import bare
from livemerge.template.nodes import Block, Place, Statement
from livemerge.template.walk import statements_in


def keep_slots(function: Function, block: Block) -> None:
    """Emits, before all else, how this template writes each of its slots."""
    for node in statements_in(block):
        if isinstance(node, nodes.Slot):
            function.place = node.place
            name = function.fresh("b")
            with function.inner_function(name, "c, S, o, n"):
                if node.is_required:
                    function.emit(f"raise FAULT({f'the block `{node.name}` is required'!r}, 'write it in the heir')")
                function.block(node.body)
            function.emit(f"KEEP_BLOCK(F, {node.name!r}, {name})")


def slot(function: Function, node: nodes.Slot) -> None:
    if not node.is_written:
        return
    pairs = ", ".join(f"{name!r}: {function.inline(each)}" for name, each in node.arguments)
    _write(function, node.name, "0", f"{{{pairs}}}" if pairs else "None", node.place)


def inherited(function: Function, node: nodes.Inherited) -> None:
    _write(function, node.name, "n + 1" if node.is_above else "0", "None", node.place)


def _write(function: Function, name: str, at: str, names: str, place: Place) -> None:
    sink = function.sink
    if sink.is_inner:
        advice = "write it outside of `set`, `filter`, `call` and macros"
        raise function.setting.source.error("a block stands in a text that is kept", place, advice)
    function.emit(f"BLOCK(c, S, {sink.output}, F, {name!r}, {at}, {names})")


def extends(function: Function, node: nodes.Extends) -> None:
    kind = function.sink.encoding.kind
    function.emit(f"EXTEND(c, S, {function.sink.output}, F, {bare(function, node.template)}, {kind!r})")


INHERITANCE: dict[type[Statement], Callable[[Function, Any], None]] = {
    nodes.Slot: slot,
    nodes.Inherited: inherited,
    nodes.Extends: extends,
}
