"""Which fields the expressions of a template read."""

from __future__ import annotations

from dataclasses import replace

from livemerge.template import nodes
from livemerge.template.analysis.facts import Paths
from livemerge.template.analysis.joined import part_of, parts_in
from livemerge.template.analysis.origins import (
    MAX_ORIGINS,
    Names,
    Origin,
    Origins,
    compared,
    filtered_by,
    is_shown,
    kind_of,
    one_of,
    other_too,
    property_paths,
    stepped,
    wanted,
)
from livemerge.template.analysis.walk import Walk
from livemerge.template.findings import Read, Usage
from livemerge.template.kinds import PROPERTY, PROPERTY_OPTIONS
from livemerge.template.nodes import Expression, Place
from livemerge.template.walk import filter_problem

_COMPARING = frozenset({"equals", "differs", "above", "below", "not_above", "not_below"})
_LOOP_NAMES = frozenset({"forloop", "tablerowloop"})


def use(walk: Walk, node: Expression, names: Names, usage: Usage, spot: str = "") -> Origins:
    """Records that an expression's fields are used, and gives their origins."""
    origins = origins_of(walk, node, names)
    for origin in origins:
        record(walk, origin, usage, spot)
    return origins


def record(walk: Walk, origin: Origin, usage: Usage, spot: str = "") -> None:
    """Remembers that a field is read here. `spot`: where in HTML its value stands."""
    if not origin.path:
        _reads_everything(walk, origin.place)
        return
    facts = walk.facts
    walk.found.reads.append(
        Read(
            origin.path,
            origin.place.line,
            origin.place.column,
            usage,
            origin.is_tested or _is_guarded(walk, origin.path),
            origin.has_fallback,
            origin.operations,
            alternatives=tuple((path, _is_guarded(walk, path)) for path in origin.alternatives if path),
            wants=origin.wants,
            spot=origin.behind if spot == "address" and origin.behind else spot,
            tested=facts.tested,
            present=facts.present,
            missing=facts.missing,
            file=walk.source.name,
            is_maybe=origin.is_maybe,
        )
    )


def _is_guarded(walk: Walk, path: str) -> bool:
    return walk.facts.is_tested(path) and path not in walk.facts.missing


def _reads_everything(walk: Walk, place: Place) -> None:
    what = "this reads all of the data, so its fields are known only while rendering"
    walk.report(walk.source.finding("dynamic-field", "warning", what, place, "write the field's name"))


def paths_of(walk: Walk, node: Expression, names: Names) -> Paths:
    """The paths whose values an expression is, without recording that they are read."""
    origins = origins_of(walk, node, names, is_read=False)
    return frozenset(origin.path for origin in origins if not origin.is_part)


def origins_of(walk: Walk, node: Expression, names: Names, *, is_read: bool = True) -> Origins:
    """Where an expression's value comes from. Arguments of filters and indexes are recorded as read."""
    if isinstance(node, nodes.Path):
        return _path(walk, node, names, is_read)
    if isinstance(node, nodes.FilterCall):
        return _filtered(walk, node, names, is_read)
    if isinstance(node, nodes.Range):
        both = origins_of(walk, node.start, names, is_read=is_read)
        both += origins_of(walk, node.end, names, is_read=is_read)
        return tuple(replace(origin, is_exact=False) for origin in both)
    if isinstance(node, nodes.Call):
        if is_read:
            walk.followers[nodes.Call](walk, node, names)
        return ()
    if isinstance(node, nodes.Logic) and node.gives_operand:
        return _operand(walk, node, names, is_read)
    if isinstance(node, nodes.Comparison | nodes.Logic):
        both = origins_of(walk, node.left, names, is_read=is_read)
        return both + origins_of(walk, node.right, names, is_read=is_read)
    if isinstance(node, nodes.Not):
        return origins_of(walk, node.operand, names, is_read=is_read)
    if isinstance(node, nodes.Choice):
        return walk.choose(walk, node, names, is_read)
    if isinstance(node, nodes.Context):
        return context_of(walk, node, names)
    return ()


def _operand(walk: Walk, node: nodes.Logic, names: Names, is_read: bool) -> Origins:
    """The side that decides: behind `or` stands what is shown where the left has nothing."""
    left = origins_of(walk, node.left, names, is_read=is_read)
    if node.operator == "or":
        left = tuple(replace(each, has_fallback=each.has_fallback or is_shown(node.right)) for each in left)
    return other_too((left + origins_of(walk, node.right, names, is_read=is_read))[:MAX_ORIGINS])


def context_of(walk: Walk, node: nodes.Context, names: Names) -> Origins:
    """Where what stands at the start of a path comes from; the origin of all the data has no path."""
    if isinstance(node, nodes.Data):
        return (Origin("", node.place),) if walk.base is None or node.is_whole else walk.base
    if isinstance(node, nodes.Around):
        return origins_of(walk, node.likely, names, is_read=False) if node.likely is not None else ()
    if isinstance(node, nodes.Private):
        return ()
    found = [origins_of(walk, each, names, is_read=False) for each in node.contexts]
    return one_of([stepped(origin, (nodes.Literal(node.name, node.place),)) for each in found for origin in each])


def _path(walk: Walk, node: nodes.Path, names: Names, is_read: bool) -> Origins:
    for inner in (node.root, *(key.key for key in node.steps if isinstance(key, nodes.Index))):
        if is_read and not isinstance(inner, str | nodes.Literal | nodes.Context):
            use(walk, inner, names, "argument")
    if isinstance(node.root, nodes.Context):
        roots = context_of(walk, node.root, names)
        return tuple(replace(stepped(origin, node.steps), place=node.place) for origin in roots)
    if not isinstance(node.root, str):
        _dynamic_name(walk, node, is_read)
        return ()
    if node.root in _LOOP_NAMES or (node.root.startswith(("@", "\0")) and node.root not in names):
        return ()  # a language's own names are no fields
    if node.root in names:
        return _variable(walk, node, names[node.root])
    if walk.base is not None:
        steps = (nodes.Literal(node.root, node.place), *node.steps)
        return tuple(replace(stepped(origin, steps), place=node.place) for origin in walk.base)
    return (stepped(Origin(node.root, node.place), node.steps),)


def _variable(walk: Walk, node: nodes.Path, origins: Origins) -> Origins:
    """A variable that surely has something to show needs no fallback, whichever field that came from."""
    is_sure = not node.steps and walk.facts.has(f"${node.root}")
    return tuple(
        replace(
            stepped(each, node.steps),
            place=node.place,
            has_fallback=each.has_fallback or (is_sure and not each.is_part),
        )
        for each in origins
    )


def _dynamic_name(walk: Walk, node: nodes.Path, is_read: bool) -> None:
    if is_read:
        what = f"`{node.source}` reads a field whose name is known only while rendering"
        walk.report(walk.source.finding("dynamic-field", "warning", what, node.place, "write the field's name"))


def _filtered(walk: Walk, node: nodes.FilterCall, names: Names, is_read: bool) -> Origins:
    filters = walk.vocabulary.judge.filters
    problem = filter_problem(node, filters)
    if problem is not None and is_read:
        walk.report(walk.source.finding(problem.code, "error", problem.what, node.place, problem.advice))
    target = origins_of(walk, node.target, names, is_read=is_read)
    known = filters.get(node.name)
    if is_read and known is not None and known.includes:
        walk.followers[nodes.FilterCall](walk, node, names)
    given = _arguments(walk, node, names) if is_read else ()
    if is_read:
        _properties(walk, node, target)
    if known is not None and known.fetches:  # a reply is no field, whatever its address is made of
        for origin in target if is_read else ():
            record(walk, origin, "argument")
        return ()
    if node.name in _COMPARING and node.arguments:
        kind = kind_of(node.arguments[0])
        return tuple(replace(compared(origin, kind), is_exact=False) for origin in target)
    fallback = node.name == "default" and bool(node.arguments) and is_shown(node.arguments[0])
    kinds = walk.vocabulary.kinds.get(node.name)
    both = tuple(_filtered_one(walk, origin, node, fallback) for origin in target)
    parts = parts_in(node, kinds)
    if parts:
        both = tuple(each for part in parts for each in _part(walk, node, part, parts, both, names))
    elif node.name in ("default", "concat"):
        both += given
    return tuple(dict.fromkeys(both))[:MAX_ORIGINS]


def _filtered_one(walk: Walk, origin: Origin, node: nodes.FilterCall, fallback: bool) -> Origin:
    is_blank = walk.vocabulary.judge.is_blank(node, was_blank=origin.is_blank)
    return replace(filtered_by(origin, node, fallback, walk.vocabulary.kinds.get(node.name)), is_blank=is_blank)


def _part(
    walk: Walk,
    node: nodes.FilterCall,
    part: Expression,
    parts: tuple[Expression, ...],
    target: Origins,
    names: Names,
) -> Origins:
    """The origins of one part of a text that is put together, and what they are in it."""
    origins = target if part is node.target else origins_of(walk, part, names, is_read=False)
    return part_of(origins, part, parts, walk.vocabulary.kinds.get(node.name))


def _properties(walk: Walk, node: nodes.FilterCall, target: Origins) -> None:
    """Records what a function reads of each item of its list, by the names given to it: `where: "on"` reads `on`."""
    kinds = walk.vocabulary.kinds.get(node.name)
    takes = kinds.takes[1:] if kinds is not None else ()
    named = [argument for take, argument in zip(takes, node.arguments, strict=False) if take == PROPERTY]
    named += [argument for name, argument in node.options if name in PROPERTY_OPTIONS]
    for argument in named:
        for origin in target:
            for path in property_paths(origin, argument):
                record(walk, path, "argument")


def _arguments(walk: Walk, node: nodes.FilterCall, names: Names) -> Origins:
    """The fields in a function's arguments, each with the kind of value the function needs there."""
    kinds = walk.vocabulary.kinds.get(node.name)
    found: list[Origin] = []
    for at, argument in enumerate((*node.arguments, *(value for _, value in node.options)), start=1):
        origins = origins_of(walk, argument, names)
        found += origins
        for origin in origins:
            is_told = kinds is not None and at < len(kinds.takes)
            record(walk, wanted(origin, kinds.takes[at], kinds.name) if kinds and is_told else origin, "argument")
    return tuple(found)
