"""Loops over a list's items: Liquid's `for`, and the sections and `each` of Handlebars."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from livemerge.template import nodes
from livemerge.template.generate.conditions import truth
from livemerge.template.generate.filter_calls import value
from livemerge.template.generate.function import Function
from livemerge.template.generate.loop_states import is_position, keep_position, keep_state
from livemerge.template.generate.paths import chain, is_of_data, keep_chain, keep_view
from livemerge.template.limits import ROUND_WORK
from livemerge.template.nodes import Block, Expression, Statement
from livemerge.template.trace import TracePoint
from livemerge.template.walk import uses_name


def for_loop(function: Function, node: nodes.For) -> None:
    items = function.simple(_sliced(function, node))
    if node.condition is not None:
        items = _chosen(function, items, node.name, node.condition)
    _or_else(function, items, lambda: _rounds(function, items, node), node.otherwise)


def _chosen(function: Function, items: str, name: str, condition: Expression) -> str:
    """The name of those items of a loop that fulfil its condition."""
    held = function.fresh("x")
    function.scopes.append({name: held})
    with function.weighed(ROUND_WORK) as work:
        test = truth(function, condition)
    function.emit(f"CHARGE(c, len({items}) * {work})")
    kept = function.simple(f"[{held} for {held} in {items} if {test}]")
    function.scopes.pop()
    return kept


def _or_else(function: Function, items: str, write_rounds: Callable[[], None], otherwise: Block) -> None:
    """A loop's rounds, or another block where there are no items."""
    if not otherwise:
        write_rounds()
        return
    function.emit(f"if {items}:")
    with function.indented():
        write_rounds()
    function.emit("else:")
    with function.indented():
        function.block(otherwise)


def _sliced(function: Function, node: nodes.For) -> str:
    """The items a loop goes over, as a Python expression."""
    items = value(function, node.items)
    if node.limit or node.offset or function.setting.resumes:
        limit = value(function, node.limit) if node.limit else "None"
        offset = value(function, node.offset) if node.offset else "None"
        flags = f"{node.resumes}, {node.is_reversed}"
        return f"PART({items}, c, {node.key!r}, {limit}, {offset}, {flags})"
    if node.is_reversed:
        return f"ITEMS({items})[::-1]"
    name, named = function.named(items)
    return f"({name} if type({named}) is list else ITEMS({name}))"


def _rounds(function: Function, items: str, node: nodes.For) -> None:
    """The Python loop of a loop."""
    held = item_name(function, node.items)
    scope = {node.name: held}
    at = _keep_state(function, items, node, scope)
    shared = shared_names(function, scope)
    with function.weighed(ROUND_WORK) as work:
        items = charged(function, items, work)
        function.emit(f"for {at}, {held} in enumerate({items}):" if at else f"for {held} in {items}:")
        _round(function, node, held, scope, shared, is_stepped=not at)
    if shared:
        function.emit("S.pop()")


def item_name(function: Function, items: Expression, outer: Expression | None = None) -> str:
    """A new name for one of the items of a loop; with `outer` set it may also be the context around."""
    name = function.fresh("x")
    if outer is None and is_of_data(function, items):
        function.of_data.add(name)
    return name


def _round(
    function: Function, node: nodes.For, held: str, scope: dict[str, str], shared: str, *, is_stepped: bool
) -> None:
    with function.nested_loop("for", scope), function.indented():
        if node.state in scope and is_stepped:
            function.emit(f"{scope[node.state]}.index0 += 1")
        keep_view(function, held, node.name, node.body)
        if shared:
            function.emit(f"{shared}[{node.name!r}] = {held}")
        function.block(node.body)


def _keep_state(function: Function, items: str, node: nodes.For, scope: dict[str, str]) -> str:
    """Puts the loop's state into its scope, where the body asks for it; gives the position's name if that is all."""
    manner, is_shared = function.setting.manner, function.setting.is_shared
    is_seen = is_shared and manner.shares_loops
    if not is_seen and not uses_name(node.body, node.state):
        return ""
    if not is_seen and node.depth is None and is_position(function, node.body, node.state):
        at = scope[node.state] = function.fresh("i")
        keep_position(function, at, items)
        return at
    state = function.fresh("f")
    depth = "0" if node.depth is None else function.inline(node.depth)
    outer = _outer_state(function)
    function.emit(f"{state} = {manner.loop_state.format(key=node.key, items=items, outer=outer, depth=depth)}")
    scope[node.state] = state
    keep_state(function, state)
    return ""


def charged(function: Function, items: str, work: str) -> str:
    """The items of a loop, after their rounds were charged to the rendering's limits."""
    function.emit(f"c.work += len({items}) * {work}")
    return f"{items} if c.work < c.checkpoint else CHECKED(c, {items}, {function.sink.output}, {work})"


def _outer_state(function: Function) -> str:
    """The state of the loop around this one."""
    found = next((scope["forloop"] for scope in reversed(function.scopes) if "forloop" in scope), None)
    return found or ("S.get('forloop', EMPTY_DICT)" if function.setting.is_shared else "None")


def shared_names(function: Function, scope: Mapping[str, str]) -> str:
    """The name of a mapping that shows a loop's names to other templates; empty where there are none."""
    if not function.setting.is_shared or not function.setting.manner.shares_loops:
        return ""
    shared = function.fresh("s")
    pairs = ", ".join(f"{name!r}: {variable}" for name, variable in scope.items() if name == "forloop")
    function.emit(f"{shared} = S.push({{{pairs}}})")
    return shared


def each(function: Function, node: nodes.Each) -> None:
    items, extra = function.fresh("t"), function.fresh("t")
    if node.outer is None:
        name, named = function.named(value(function, node.items))
        function.emit(f"{items}, {extra} = ({name}, None) if type({named}) is list else EACH({name})")
    else:
        name, named = function.named(value(function, node.items))
        other = f"SECTION({name}, {function.inline(node.outer)}, {node.skips_empty})"
        function.emit(f"{extra}, {items} = (True, {name}) if type({named}) is list else {other}")
    if function.is_traced:
        point = function.constant(TracePoint(node.place.line, node.place.column, node.source))
        function.emit(f"BRANCH(c, {point}, len({items}) > 0)")
    _or_else(function, items, lambda: _each_round(function, node, items, extra), node.otherwise)


def _each_round(function: Function, node: nodes.Each, items: str, extra: str) -> None:
    held, at = item_name(function, node.items, node.outer), function.fresh("i")
    is_section = node.outer is not None
    scope = {
        node.name: held,
        f"{node.name}.index": at,
        f"{node.name}.key": at if is_section else f"({at} if {extra} is None else {extra}[{at}])",
        f"{node.name}.first": f"({at} == 0)",
        f"{node.name}.last": f"({at} == len({items}) - 1)",
        f"{node.name}.loops": extra if is_section else "True",
    }
    function.kinds[at] = "number"
    function.kinds |= {scope[f"{node.name}.{name}"]: "boolean" for name in ("first", "last")}
    with function.weighed(ROUND_WORK) as work:
        function.emit(f"for {at}, {held} in enumerate({charged(function, items, work)}):")
        _each_body(function, node, held, scope, extra)


def _each_body(function: Function, node: nodes.Each, held: str, scope: dict[str, str], extra: str) -> None:
    with function.nested_loop("for", scope), function.indented():
        if function.setting.has_chains:
            around = chain(function, node.around)
            same = f"{around} if {held} is {around}[0] else " if node.outer is not None else ""
            keep_chain(function, scope, node.name, f"{same}({held}, {around})")
        keep_view(function, held, node.name, node.body)
        function.block(node.body)


LOOPS: dict[type[Statement], Callable[[Function, Any], None]] = {nodes.For: for_loop, nodes.Each: each}
