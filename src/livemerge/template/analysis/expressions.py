"""Which fields the expressions of a template read, and what its conditions look at."""

from __future__ import annotations

from dataclasses import replace

from livemerge.template import nodes
from livemerge.template.analysis.guards import NOTHING, Guards, is_guarded
from livemerge.template.analysis.origins import (
    MAX_ORIGINS,
    Names,
    Origin,
    Origins,
    filtered_by,
    is_shown,
    kind_of,
    one_of,
    stepped,
)
from livemerge.template.analysis.walk import Walk
from livemerge.template.findings import Read, Usage
from livemerge.template.nodes import Expression
from livemerge.template.walk import filter_problem

_COMPARING = frozenset({"equals", "differs", "above", "below", "not_above", "not_below"})
_LOOP_NAMES = frozenset({"forloop", "tablerowloop"})


def origins_of(walk: Walk, node: Expression, names: Names, guards: Guards, *, is_read: bool = True) -> Origins:
    """Where an expression's value comes from. Arguments of filters and indexes are recorded as read."""
    if isinstance(node, nodes.Path):
        return _path(walk, node, names, guards, is_read)
    if isinstance(node, nodes.FilterCall):
        return _filtered(walk, node, names, guards, is_read)
    if isinstance(node, nodes.Range):
        both = origins_of(walk, node.start, names, guards, is_read=is_read)
        both += origins_of(walk, node.end, names, guards, is_read=is_read)
        return tuple(replace(origin, is_exact=False) for origin in both)
    if isinstance(node, nodes.Comparison | nodes.Logic):
        both = origins_of(walk, node.left, names, guards, is_read=is_read)
        return both + origins_of(walk, node.right, names, guards, is_read=is_read)
    if isinstance(node, nodes.Not):
        return origins_of(walk, node.operand, names, guards, is_read=is_read)
    if isinstance(node, nodes.Choice):
        return _choice(walk, node, names, guards, is_read)
    if isinstance(node, nodes.Context):
        return context_of(walk, node, names, guards)
    return ()


def _choice(walk: Walk, node: nodes.Choice, names: Names, guards: Guards, is_read: bool) -> Origins:
    """One of two values: what the condition has looked at has the other value for a fallback."""
    if is_read:
        look_at(walk, node.condition, names, guards)
    tested = paths_of(walk, node.condition, names)
    first, second = (
        origins_of(walk, each, names, guards | tested, is_read=is_read) for each in (node.first, node.second)
    )
    both = (
        replace(origin, has_fallback=origin.has_fallback or (origin.path in tested and is_shown(other)))
        for origins, other in ((first, node.second), (second, node.first))
        for origin in origins
    )
    return tuple(dict.fromkeys(both))[:MAX_ORIGINS]


def context_of(walk: Walk, node: nodes.Context, names: Names, guards: Guards) -> Origins:
    """Where what stands at the start of a path comes from; the origin of all the data has no path."""
    if isinstance(node, nodes.Data):
        return (Origin("", node.place),) if walk.base is None or node.is_whole else walk.base
    if isinstance(node, nodes.Around):
        return origins_of(walk, node.likely, names, guards, is_read=False) if node.likely is not None else ()
    if isinstance(node, nodes.Private):
        return ()
    found = [origins_of(walk, each, names, guards, is_read=False) for each in node.contexts]
    return one_of([stepped(origin, (nodes.Literal(node.name, node.place),)) for each in found for origin in each])


def _path(walk: Walk, node: nodes.Path, names: Names, guards: Guards, is_read: bool) -> Origins:
    for inner in (node.root, *(key.key for key in node.steps if isinstance(key, nodes.Index))):
        if is_read and not isinstance(inner, str | nodes.Literal | nodes.Context):
            use(walk, inner, names, guards, "argument")
    if isinstance(node.root, nodes.Context):
        roots = context_of(walk, node.root, names, guards)
        return tuple(replace(stepped(origin, node.steps), place=node.place) for origin in roots)
    if not isinstance(node.root, str):
        _dynamic_name(walk, node, is_read)
        return ()
    if node.root in _LOOP_NAMES or (node.root.startswith("@") and node.root not in names):
        return ()  # a language's own names are no fields
    if node.root in names:
        is_sure = node.root.startswith("@") and node.root in walk.filled
        return tuple(
            replace(stepped(each, node.steps), place=node.place, has_fallback=each.has_fallback or is_sure)
            for each in names[node.root]
        )
    if walk.base is not None:
        steps = (nodes.Literal(node.root, node.place), *node.steps)
        return tuple(replace(stepped(origin, steps), place=node.place) for origin in walk.base)
    return (stepped(Origin(node.root, node.place), node.steps),)


def _dynamic_name(walk: Walk, node: nodes.Path, is_read: bool) -> None:
    if is_read:
        what = f"`{node.source}` reads a field whose name is known only while rendering"
        finding = walk.source.finding("dynamic-field", "warning", what, node.place, "write the field's name")
        walk.findings.append(finding)


def _filtered(walk: Walk, node: nodes.FilterCall, names: Names, guards: Guards, is_read: bool) -> Origins:
    problem = filter_problem(node, walk.filters)
    if problem is not None and is_read:
        walk.findings.append(walk.source.finding(problem.code, "error", problem.what, node.place, problem.advice))
    target = origins_of(walk, node.target, names, guards, is_read=is_read)
    known = walk.filters.get(node.name)
    if is_read and known is not None and known.includes:
        walk.followers[nodes.FilterCall](walk, node, names, guards)
    given = tuple(
        origin
        for argument in (*node.arguments, *(value for _, value in node.options))
        for origin in (use(walk, argument, names, guards, "argument") if is_read else ())
    )
    fallback = node.name == "default" and bool(node.arguments) and is_shown(node.arguments[0])
    combined = given if node.name in ("default", "concat") else ()
    if node.name in _COMPARING and node.arguments:
        kind = kind_of(node.arguments[0])
        return tuple(replace(origin, operations=(*origin.operations, kind), is_exact=False) for origin in target)
    both = tuple(filtered_by(origin, node, fallback) for origin in target) + combined
    return tuple(dict.fromkeys(both))[:MAX_ORIGINS]


def use(walk: Walk, node: Expression, names: Names, guards: Guards, usage: Usage) -> Origins:
    """Records that an expression's fields are used, and gives their origins."""
    origins = origins_of(walk, node, names, guards)
    for origin in origins:
        record(walk, origin, guards, usage)
    return origins


def record(walk: Walk, origin: Origin, guards: Guards, usage: Usage) -> None:
    if not origin.path:
        _reads_everything(walk, origin.place)
        return
    walk.reads.append(
        Read(
            origin.path,
            origin.place.line,
            origin.place.column,
            usage,
            is_guarded(origin.path, guards),
            origin.has_fallback,
            origin.operations,
            alternatives=tuple((path, is_guarded(path, guards)) for path in origin.alternatives if path),
        )
    )


def _reads_everything(walk: Walk, place: nodes.Place) -> None:
    what = "this reads all of the data, so its fields are known only while rendering"
    walk.findings.append(walk.source.finding("dynamic-field", "warning", what, place, "write the field's name"))


# --- conditions ---


def look_at(walk: Walk, node: Expression, names: Names, guards: Guards) -> None:
    """Records what a condition reads, with the kind of each comparison."""
    if isinstance(node, nodes.Logic):
        look_at(walk, node.left, names, guards)
        look_at(walk, node.right, names, guards | tested(walk, node.left, names, node.operator == "and"))
    elif isinstance(node, nodes.Not):
        look_at(walk, node.operand, names, guards)
    elif isinstance(node, nodes.Comparison):
        _compared(walk, node.left, node, node.right, names, guards)
        _compared(walk, node.right, node, node.left, names, guards)
    else:
        use(walk, node, names, guards, "condition")


def _compared(
    walk: Walk, side: Expression, node: nodes.Comparison, other: Expression, names: Names, guards: Guards
) -> None:
    kind = "contains" if node.operator == "contains" else kind_of(other)
    for origin in origins_of(walk, side, names, guards):
        record(walk, replace(origin, operations=(*origin.operations, kind)), guards, "condition")


def tested(walk: Walk, node: Expression, names: Names, is_taken: bool) -> Guards:
    """The paths every way through a condition has looked at, where it came out true or false."""
    if isinstance(node, nodes.Not):
        return tested(walk, node.operand, names, not is_taken)
    if not isinstance(node, nodes.Logic):
        return paths_of(walk, node, names)
    first = tested(walk, node.left, names, is_taken)
    if (node.operator == "and") is is_taken:
        return first | tested(walk, node.right, names, is_taken)
    return _looked_at_first(walk, node, names)


def _looked_at_first(walk: Walk, node: nodes.Logic, names: Names) -> Guards:
    left = node.left
    while isinstance(left, nodes.Logic):
        left = left.left
    return paths_of(walk, left, names)


def paths_of(walk: Walk, node: Expression, names: Names) -> Guards:
    """The paths of an expression, without recording that they are read."""
    return frozenset(origin.path for origin in origins_of(walk, node, names, NOTHING, is_read=False))
