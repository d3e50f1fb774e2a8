"""How the statements of a template are walked: what each reads, and what is known inside it and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from livemerge.template import nodes
from livemerge.template.analysis.conditions import is_surely_shown, learned, look_at, made_condition
from livemerge.template.analysis.expressions import origins_of, paths_of, record, use
from livemerge.template.analysis.facts import Facts, after
from livemerge.template.analysis.origins import MAX_ORIGINS, Names, item_of, kind_of, other_too, section_items
from livemerge.template.analysis.walk import Follow, MacroPiece, Walk
from livemerge.template.analysis.ways import is_followed, ways_from
from livemerge.template.nodes import Block, Expression
from livemerge.template.verdict import Test

_ROUNDS: Final = 2  # walked for what one leaves to the next: a value that goes through one more variable is found
_LEAVING: Final = frozenset({"raiseerror", "refuse", "refused"})  # functions after which nothing is written


def nothing(_walk: Walk, _node: Any, _names: Names) -> None:
    """Statements that read no field."""


def leave(walk: Walk, _node: Any, _names: Names) -> None:
    """Statements after which nothing of this way is written: leaving a loop, and what cannot be rendered."""
    walk.facts = replace(walk.facts, is_left=True)


def output(walk: Walk, node: nodes.Output, names: Names) -> None:
    spot = walk.spots.get(node.place, "")
    if spot == "unquoted" and not isinstance(node.value, nodes.Literal):
        what = f"`{node.source}` stands in a tag without quotes"
        advice = 'put quotes around it: href="…"'
        walk.report(walk.source.finding("unquoted-attribute", "warning", what, node.place, advice))
    use(walk, node.value, names, "output", spot)
    _leave_where(walk, node.value)


def _leave_where(walk: Walk, node: Expression) -> None:
    while isinstance(node, nodes.FilterCall):
        if node.name in _LEAVING:
            walk.facts = replace(walk.facts, is_left=True)
        node = node.target


def if_chain(walk: Walk, node: nodes.If, names: Names) -> None:
    before, ways, variables = walk.facts, list[Facts](), ways_from(names)
    has_other = len(node.branches) > 1 or bool(node.otherwise)
    with walk.in_branch():
        for at, branch in enumerate(node.branches):
            condition = made_condition(walk, branch.condition, names)
            is_last = at + 1 == len(node.branches)
            place = branch.place
            writes_else, file = bool(node.otherwise) or not is_last, walk.source.name
            test = Test(condition, walk.given, branch.source, place.line, place.column, writes_else, file=file)
            walk.found.tests.append(test)
            look_at(walk, branch.condition, names)
            untaken = walk.facts.learning(learned(walk, branch.condition, names, is_true=False))
            walk.facts = walk.facts.learning(learned(walk, branch.condition, names, is_true=True))
            with walk.in_branch():
                walk.is_given(condition, True)
                walk.block(branch.body, names)
            ways.append(walk.facts)
            variables.ends_one()
            walk.facts = untaken
            walk.is_given(condition, False)
        walk.block(node.otherwise, names)
    ways.append(walk.facts)
    walk.facts = after(before, ways)
    variables.ends_one()
    variables.join(walk, node.place)
    if not has_other and ways[0].is_left:
        walk.is_given(condition, False)


def case(walk: Walk, node: nodes.Case, names: Names) -> None:
    values = [value for arm in node.arms for value in arm.values or ()]
    kinds = tuple(dict.fromkeys(kind_of(value) for value in values))
    for origin in origins_of(walk, node.subject, names):
        record(walk, replace(origin, operations=origin.operations + kinds), "condition")
    for value in values:
        use(walk, value, names, "condition")
    before, ways, variables = walk.facts, list[Facts](), ways_from(names)
    tested = Facts(tested=paths_of(walk, node.subject, names))
    for arm in node.arms:
        equal = _any_equal(node.subject, arm) if arm.values else None
        walk.facts = before.learning(tested)
        if equal is not None:
            walk.facts = walk.facts.learning(learned(walk, equal, names, is_true=True))
        with walk.in_branch():
            if equal is not None:
                condition = made_condition(walk, equal, names)
                place = arm.place
                file = walk.source.name
                test = Test(condition, walk.given, f"when {arm.source}", place.line, place.column, True, file=file)
                walk.found.tests.append(test)
                walk.is_given(condition, True)
            walk.block(arm.body, names)
        ways.append(walk.facts)
        variables.ends_one()
    walk.facts = after(before, [*ways, before.learning(tested)])
    if all(arm.values for arm in node.arms):
        variables.ends_one()  # no arm ran
    variables.join(walk, node.place)


def _any_equal(subject: Expression, arm: nodes.When) -> Expression:
    """An arm of a case as the condition it is."""
    found: Expression | None = None
    for value in arm.values or ():
        equal = nodes.Comparison(subject, "==", value, arm.place)
        found = equal if found is None else nodes.Logic(found, "or", equal, arm.place)
    return found or nodes.Literal(False, arm.place)


def loop(walk: Walk, node: nodes.For | nodes.TableRow, names: Names) -> None:
    origins = use(walk, node.items, names, "loop")
    for argument in (node.limit, node.offset, getattr(node, "columns", None)):
        if argument is not None:
            use(walk, argument, names, "argument")
    outer = names.get(node.name)
    names[node.name] = tuple(item_of(origin) for origin in origins if origin.is_exact)
    chosen = node.condition if isinstance(node, nodes.For) else None
    if isinstance(node, nodes.For):
        names[node.state] = ()
    _go_over(walk, node, names)
    walk.sets({node.name, *walk.assigned_in(node.body)})
    paths, variables = frozenset(origin.path for origin in origins), ways_from(names)
    with walk.in_loop():
        _know_items(walk, paths)
        if chosen is not None:
            look_at(walk, chosen, names)
            walk.facts = walk.facts.learning(learned(walk, chosen, names, is_true=True))
        walk.block(node.body, names)
    variables.ends_one()
    variables.ends_one()  # no round at all
    variables.join(walk, node.place)
    walk.sets({node.name, *walk.assigned_in(node.body)})
    if outer is None:
        names.pop(node.name, None)
    else:
        names[node.name] = outer
    if isinstance(node, nodes.For):
        _otherwise(walk, node.otherwise, names, paths)


def _go_over(walk: Walk, node: nodes.For | nodes.TableRow | nodes.Each, names: Names) -> None:
    """A round may begin with what the one before has set: then a variable stands for that, or what it was before."""
    if not walk.assigned_in(node.body):
        return
    for _ in range(_ROUNDS):
        variables = ways_from(names)
        with walk.going_over():
            walk.block(node.body, names)
        variables.ends_one()
        variables.ends_one()
        variables.join(walk, node.place)


def _know_items(walk: Walk, paths: frozenset[str]) -> None:
    """In a loop there is an item; what was known of the items of a loop around it says nothing of this one."""
    items = frozenset(f"{path}[]" for path in paths if path)
    walk.facts = walk.facts.forgetting(items).learning(Facts(paths, paths | items))


def _otherwise(walk: Walk, block: Block, names: Names, paths: frozenset[str]) -> None:
    """What is written where a list has no items."""
    before, variables = walk.facts, ways_from(names)
    walk.facts = before.learning(Facts(paths))
    with walk.in_branch():
        walk.block(block, names)
    walk.facts = after(before, [walk.facts, before])
    variables.ends_one()
    variables.ends_one()
    if block:
        variables.join(walk, block[0].place)


def assign(walk: Walk, node: nodes.Assign, names: Names) -> None:
    """A variable stands for its value's fields."""
    if node.is_start:
        outer = node.value.root if isinstance(node.value, nodes.Path) else ""
        names[node.name] = names.get(outer, ()) if isinstance(outer, str) else ()
        return
    walk.followers[MacroPiece](walk, node, names)
    origins = use(walk, node.value, names, "argument")
    is_shown = is_surely_shown(walk, node.value, names)
    if walk.branches and not is_followed(names):
        origins = other_too(names.get(node.name, ()) + origins)
    names[node.name] = tuple(dict.fromkeys(origins))[:MAX_ORIGINS]
    walk.sets([node.name])
    if is_shown:
        walk.facts = walk.facts.learning(Facts(present=frozenset({f"${node.name}"})))
    _leave_where(walk, node.value)


def capture(walk: Walk, node: nodes.Capture, names: Names) -> None:
    walk.block(node.body, names)
    names[node.name] = ()
    walk.sets([node.name])


def counter(walk: Walk, node: nodes.Counter, names: Names) -> None:
    names.setdefault(node.name, ())
    walk.sets([node.name])


def cycle(walk: Walk, node: nodes.Cycle, names: Names) -> None:
    for value in node.values:
        use(walk, value, names, "output", walk.spots.get(node.place, ""))
    if node.group is not None:
        origins_of(walk, node.group, names, is_read=False)


def if_changed(walk: Walk, node: nodes.IfChanged, names: Names) -> None:
    walk.block(node.body, names)


def bind(walk: Walk, node: nodes.Bind, names: Names) -> None:
    """A name for a value; reading it is told where the name is used."""
    walk.block(node.body, {**names, node.name: origins_of(walk, node.value, names)})


def each(walk: Walk, node: nodes.Each, names: Names) -> None:
    origins = use(walk, node.items, names, "loop" if node.outer is None else "condition")
    items = tuple(item_of(origin) for origin in origins if origin.is_exact and origin.path)
    if node.outer is not None:
        outer = origins_of(walk, node.outer, names, is_read=False)
        items = section_items(items, origins, outer)
    paths = frozenset(origin.path for origin in origins)
    own = {f"{node.name}.{word}": () for word in ("index", "key", "first", "last", "loops")} | {node.name: items}
    hidden = {name: names[name] for name in own if name in names}
    names.update(own)
    _go_over(walk, node, names)
    walk.sets(walk.assigned_in(node.body))
    variables = ways_from(names)
    with walk.in_loop():
        _know_items(walk, paths)
        walk.block(node.body, names)
    variables.ends_one()
    variables.ends_one()  # no round at all
    variables.join(walk, node.place)
    walk.sets(walk.assigned_in(node.body))
    for name in own:
        del names[name]
    names.update(hidden)
    _otherwise(walk, node.otherwise, names, paths)


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
    nodes.Interrupt: leave,
    nodes.IfChanged: if_changed,
    nodes.Unsupported: leave,
}
