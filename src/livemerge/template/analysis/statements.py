"""How the statements of a template are walked: what each reads, and what is known inside it and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from livemerge.template import nodes
from livemerge.template.analysis.expressions import look_at, origins_of, paths_of, record, tested, use
from livemerge.template.analysis.guards import Guards
from livemerge.template.analysis.origins import MAX_ORIGINS, Names, item_of, kind_of, section_items
from livemerge.template.analysis.walk import Follow, Walk
from livemerge.template.certain import filled_by, is_filled


def nothing(walk: Walk, _node: Any, _names: Names, _guards: Guards) -> None:
    """Statements that read no field, and those that the front end has reported."""


def output(walk: Walk, node: nodes.Output, names: Names, guards: Guards) -> None:
    use(walk, node.value, names, guards, "output")


def if_chain(walk: Walk, node: nodes.If, names: Names, guards: Guards) -> None:
    looked_at, known, after = guards, walk.filled, list[frozenset[str]]()
    walk.branches += 1
    for branch in node.branches:
        walk.filled = known
        look_at(walk, branch.condition, names, looked_at)
        walk.filled |= filled_by(branch.condition, is_taken=True)
        walk.block(branch.body, names, looked_at | tested(walk, branch.condition, names, True))
        after.append(walk.filled)
        looked_at |= tested(walk, branch.condition, names, False)
        known |= filled_by(branch.condition, is_taken=False)
    walk.filled = known
    walk.block(node.otherwise, names, looked_at)
    walk.filled = walk.filled.intersection(*after)
    walk.branches -= 1


def case(walk: Walk, node: nodes.Case, names: Names, guards: Guards) -> None:
    values = [value for arm in node.arms for value in arm.values or ()]
    kinds = tuple(dict.fromkeys(kind_of(value) for value in values))
    for origin in origins_of(walk, node.subject, names, guards):
        record(walk, replace(origin, operations=origin.operations + kinds), guards, "condition")
    for value in values:
        use(walk, value, names, guards, "condition")
    inside = guards | paths_of(walk, node.subject, names)
    walk.branches += 1
    for arm in node.arms:
        walk.block(arm.body, names, inside)
    walk.branches -= 1


def loop(walk: Walk, node: nodes.For | nodes.TableRow, names: Names, guards: Guards) -> None:
    origins = use(walk, node.items, names, guards, "loop")
    for argument in (node.limit, node.offset, getattr(node, "columns", None)):
        if argument is not None:
            use(walk, argument, names, guards, "argument")
    outer = names.get(node.name)
    items = tuple(item_of(origin) for origin in origins if origin.is_exact)
    names[node.name] = items
    inside = guards | {origin.path for origin in origins}
    before = walk.filled
    walk.block(node.body, names, inside)
    walk.filled &= before  # the list may be empty
    if outer is None:
        names.pop(node.name, None)
    else:
        names[node.name] = outer
    if isinstance(node, nodes.For):
        walk.block(node.otherwise, names, inside)


def assign(walk: Walk, node: nodes.Assign, names: Names, guards: Guards) -> None:
    """A variable stands for its value's fields; set in a branch, also for those it stood for before."""
    origins = use(walk, node.value, names, guards, "argument")
    before = names.get(node.name, ()) if walk.branches else ()
    names[node.name] = tuple(dict.fromkeys(before + origins))[:MAX_ORIGINS]
    own = frozenset({node.name})
    walk.filled = walk.filled | own if is_filled(node.value, walk.filled) else walk.filled - own


def capture(walk: Walk, node: nodes.Capture, names: Names, guards: Guards) -> None:
    walk.block(node.body, names, guards)
    names[node.name] = ()


def counter(walk: Walk, node: nodes.Counter, names: Names, _guards: Guards) -> None:
    names.setdefault(node.name, ())


def cycle(walk: Walk, node: nodes.Cycle, names: Names, guards: Guards) -> None:
    for value in node.values:
        use(walk, value, names, guards, "output")
    if node.group is not None:
        origins_of(walk, node.group, names, guards, is_read=False)


def if_changed(walk: Walk, node: nodes.IfChanged, names: Names, guards: Guards) -> None:
    walk.block(node.body, names, guards)


def bind(walk: Walk, node: nodes.Bind, names: Names, guards: Guards) -> None:
    """A name for a value; reading it is told where the name is used."""
    bound = {**names, node.name: origins_of(walk, node.value, names, guards)}
    walk.block(node.body, bound, guards)


def each(walk: Walk, node: nodes.Each, names: Names, guards: Guards) -> None:
    origins = use(walk, node.items, names, guards, "loop" if node.outer is None else "condition")
    items = tuple(item_of(origin) for origin in origins if origin.is_exact and origin.path)
    if node.outer is not None:
        outer = origins_of(walk, node.outer, names, guards, is_read=False)
        items = section_items(items, origins, outer)
    inside = guards | {origin.path for origin in origins}
    own = {f"{node.name}.{word}": () for word in ("index", "key", "first", "last", "loops")}
    walk.branches += 1
    walk.block(node.body, {**names, **own, node.name: items}, inside)
    walk.block(node.otherwise, names, inside)
    walk.branches -= 1


STATEMENTS: Final[Mapping[type, Follow]] = {
    nodes.Text: nothing,
    nodes.Output: output,
    nodes.If: if_chain,
    nodes.Case: case,
    nodes.For: loop,
    nodes.Bind: bind,
    nodes.Each: each,
    nodes.TableRow: loop,
    nodes.Assign: assign,
    nodes.Capture: capture,
    nodes.Counter: counter,
    nodes.Cycle: cycle,
    nodes.Interrupt: nothing,
    nodes.IfChanged: if_changed,
    nodes.Unsupported: nothing,
}
