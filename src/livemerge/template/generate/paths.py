"""Names, and steps into what they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template import nodes
from livemerge.template.generate.function import Function
from livemerge.template.generate.literals import bare
from livemerge.template.generate.loop_states import loop_step
from livemerge.template.nodes import Block, Expression
from livemerge.template.walk import has_plain_steps, is_plain_step


def path(function: Function, node: nodes.Path) -> str:
    """The value at the end of a path."""
    if node.demand:
        return _demanded(function, node)
    if isinstance(node.root, str):
        found = load(function, node.root)
    elif isinstance(node.root, nodes.Context):
        found = function.inline(node.root)
    else:
        found = f"LOOKUP(c, S, {function.inline(node.root)})"
    steps = node.steps
    if steps and (known := loop_step(function, found, steps[0])):
        found, steps = known, steps[1:]
    elif steps and is_plain_step(steps[0]) and (view := _view(function, found)):
        found, steps = f"{view}.get({_key_of(steps[0])!r}{function.setting.manner.absent})", steps[1:]
    for key in steps:
        found = _step(function, found, key)
    return found


def load(function: Function, name: str) -> str:
    """A name's value."""
    for scope in reversed(function.scopes):
        if name in scope:
            return scope[name]
    if function.setting.is_shared and name not in function.variables:
        return function.setting.manner.shared_name.format(name=name)
    if name in function.counters:
        return f"COUNTED(c, S, {name!r}, {function.variables.get(name)})"
    return function.variables.get(name) or function.roots.setdefault(name, f"d{len(function.roots)}")


def is_of_data(function: Function, node: Expression) -> bool:
    """Whether a text that an expression gives certainly stands whole in the data.

    One character of a text does not: it may turn the direction of writing without turning it back. So an item counts
    only by its names (languages loop over characters too), and a number is no such name.
    """
    if not isinstance(node, nodes.Path) or not isinstance(node.root, str) or node.demand:
        return False
    name = load(function, node.root)
    is_root = name == function.roots.get(node.root)
    if not node.steps:
        return is_root
    last = node.steps[-1]
    return (is_root or name in function.of_data) and is_plain_step(last) and not str(_key_of(last)).isdecimal()


def _demanded(function: Function, node: nodes.Path) -> str:
    """A path whose parents, and perhaps itself, must be there."""
    found: str
    steps = [bare(function, step.key if isinstance(step, nodes.Index) else step) for step in node.steps]
    if isinstance(node.root, str) and not any(node.root in scope for scope in function.scopes):
        found, steps = "S.data", [repr(node.root), *steps]
    elif isinstance(node.root, str):
        found = load(function, node.root)
    else:
        found = function.inline(node.root)
    for at, key in enumerate(steps, 1):
        call = "REQUIRED" if at == len(steps) and node.demand == "value" else "PARENT"
        found = f"{call}({found}, {key})"
    return found


def _step(function: Function, value: str, step: Expression) -> str:
    """One step into a value; a plain name in a plain dict is looked up on the spot."""
    slow = "ITEM" if isinstance(step, nodes.Index) else "STEP"
    if not is_plain_step(step):
        return f"{slow}({value}, {bare(function, step.key if isinstance(step, nodes.Index) else step)})"
    key = _key_of(step)
    name, named = function.named(value)
    absent = function.setting.manner.absent
    return f"({name}.get({key!r}{absent}) if type({named}) is dict else {slow}({name}, {key!r}))"


def _key_of(step: Expression) -> object:
    """The key of a step that is a literal."""
    key = step.key if isinstance(step, nodes.Index) else step
    return key.value if isinstance(key, nodes.Literal) else None


# --- views: what has the `get` of a name's value, found out once ------------------------------------


def _view(function: Function, name: str) -> str:
    """The name of the view of a name of the data or a loop's item; empty for other values."""
    if name in function.views:
        return function.views[name]
    if name not in function.roots.values():
        return ""
    return function.views.setdefault(name, f"m{name}")


def keep_view(function: Function, held: str, name: str, body: Block) -> None:
    """Emits the view of a value that a block calls `name`, where the block steps into it."""
    if has_plain_steps(body, name):
        view = function.views[held] = f"m{held}"
        function.emit(view_line(view, held))


def view_line(view: str, name: str) -> str:
    """The statement that gives a name's value a view: a plain dict is its own."""
    return f"{view} = {name} if type({name}) is dict else VIEW(GETTER({name}))"


# --- contexts --------------------------------------------------------------------------------------


def data(_function: Function, node: nodes.Data) -> str:
    return "F.root" if node.is_whole else "ROOT(S)"


def private(_function: Function, node: nodes.Private) -> str:
    return f"PRIVATE(F, {'../' * node.levels + node.name!r})"


def around(function: Function, node: nodes.Around) -> str:
    return f"UP({chain(function, node.scope)}, {node.levels})"


def nearest(function: Function, node: nodes.Nearest) -> str:
    return f"FIND({chain(function, node.scope)}, {node.name!r})"


def chain(function: Function, scope: str) -> str:
    """The name of the contexts around, from that of a scope."""
    if not scope:
        return "h"
    return next(found[f"{scope}.chain"] for found in reversed(function.scopes) if f"{scope}.chain" in found)


def keep_chain(function: Function, scope: dict[str, str], name: str, contexts: str) -> None:
    """Emits the contexts around in the scope of the context `name`."""
    held = scope[f"{name}.chain"] = function.fresh("h")
    function.emit(f"{held} = {contexts}")


PATHS: dict[type[Expression], Callable[[Function, Any], str]] = {
    nodes.Path: path,
    nodes.Data: data,
    nodes.Private: private,
    nodes.Around: around,
    nodes.Nearest: nearest,
}
