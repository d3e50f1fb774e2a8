"""Questions to a tree: what is inside a node, which names it sets, which paths it reads, which filters it lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from livemerge.errors import nearest
from livemerge.template import nodes
from livemerge.template.filters import Filter
from livemerge.template.nodes import Block, Expression, Statement

FRAMED = nodes.Define | nodes.Partial | nodes.Slot | nodes.Inherited | nodes.Extends  # what knows other templates
LOCAL = "~"  # in the names of variables that only a part of a template has
_PSEUDO_STEPS = frozenset({"size", "first", "last"})  # Liquid answers these itself where the data does not


def blocks_of(statement: Statement) -> Iterable[Block]:
    """The blocks directly inside a statement."""
    inside = _BLOCKS.get(type(statement))
    return inside(statement) if inside else ()


def fragments_of(statement: nodes.Partial) -> Iterator[nodes.Fragment]:
    """The pieces of this template that a call of another one carries, each once."""
    yield from (fragment for _, fragment in statement.fragments)
    if statement.block is not None:
        yield statement.block
    if statement.fallback is not None and statement.fallback is not statement.block:
        yield statement.fallback


def statements_in(block: Block) -> Iterator[Statement]:
    """Every statement of a block, at any depth, in the order of the template."""
    for statement in block:
        yield statement
        for inner in blocks_of(statement):
            yield from statements_in(inner)


def expressions_of(statement: Statement) -> Iterable[Expression]:
    """The expressions directly in a statement, not those of the blocks in it."""
    inside = _EXPRESSIONS.get(type(statement))
    return inside(statement) if inside else ()


def parts_of(expression: Expression) -> Iterable[Expression]:
    """The expressions directly inside an expression."""
    inside = _PARTS.get(type(expression))
    return inside(expression) if inside else ()


def expressions_in(expression: Expression) -> Iterator[Expression]:
    """An expression and everything inside it."""
    waiting = [expression]
    while waiting:
        found = waiting.pop()
        yield found
        if inside := parts_of(found):
            waiting += reversed(tuple(inside))


def all_expressions(block: Block) -> Iterator[Expression]:
    """Every expression anywhere in a block."""
    for statement in statements_in(block):
        for expression in expressions_of(statement):
            yield from expressions_in(expression)


def paths_in(expression: Expression) -> list[str]:
    """The paths an expression reads, as written, in order."""
    return [found.source for found in expressions_in(expression) if isinstance(found, nodes.Path)]


def assigned_names(block: Block) -> set[str]:
    """The variables a template sets."""
    setting = nodes.Assign | nodes.Capture | nodes.Macro | nodes.Import
    found = {statement.name for statement in statements_in(block) if isinstance(statement, setting)}
    macros = (statement for statement in statements_in(block) if isinstance(statement, nodes.Macro))
    return found.union(*(macro.parameters for macro in macros))


def counter_names(block: Block) -> frozenset[str]:
    """The counters a template moves."""
    return frozenset(statement.name for statement in statements_in(block) if isinstance(statement, nodes.Counter))


def has_include(block: Block) -> bool:
    """Whether other templates share this one's variables, or a name is known only while rendering."""
    shares = any(
        (isinstance(statement, nodes.Include) and not statement.is_isolated)
        or isinstance(statement, nodes.Slot | nodes.Extends)
        for statement in statements_in(block)
    )
    return shares or any(
        isinstance(found, nodes.Path) and not isinstance(found.root, str | nodes.Context)
        for found in all_expressions(block)
    )


def has_chains(block: Block) -> bool:
    """Whether a context around another one is asked for, here or in a template this one writes."""
    return any(isinstance(found, nodes.Around | nodes.Nearest) for found in all_expressions(block)) or any(
        isinstance(statement, nodes.Partial) and statement.scope is not None for statement in statements_in(block)
    )


def has_frame(block: Block) -> bool:
    """Whether anything is asked for beside the data a template is given: private names, pieces of other templates."""
    return any(
        isinstance(found, nodes.Private) or (isinstance(found, nodes.Data) and found.is_whole)
        for found in all_expressions(block)
    ) or any(isinstance(statement, FRAMED) for statement in statements_in(block))


def has_interrupt(block: Block) -> bool:
    """Whether a block, or a template it includes, may leave the loop around it."""
    return any(
        isinstance(statement, nodes.Interrupt) or (isinstance(statement, nodes.Include) and not statement.is_isolated)
        for statement in statements_in(block)
    )


def calls_in(block: Block, filters: Mapping[str, Filter]) -> Iterator[Filter]:
    """The filters that a block calls, as far as they are known."""
    for found in all_expressions(block):
        if isinstance(found, nodes.FilterCall) and found.name in filters:
            yield filters[found.name]


def has_resume(block: Block) -> bool:
    """Whether a loop goes on where another stopped."""
    return any(isinstance(statement, nodes.For) and statement.resumes for statement in statements_in(block))


def is_plain_step(step: Expression) -> bool:
    """Whether a step asks for one key by its name; size, first and last after a dot may mean more."""
    if isinstance(step, nodes.Index):
        return isinstance(step.key, nodes.Literal) and isinstance(step.key.value, str)
    return isinstance(step, nodes.Literal) and isinstance(step.value, str) and step.value not in _PSEUDO_STEPS


def has_plain_steps(block: Block, name: str) -> bool:
    """Whether a block steps into a name by plain keys."""
    return any(
        isinstance(found, nodes.Path) and found.root == name and found.steps and is_plain_step(found.steps[0])
        for found in all_expressions(block)
    )


def uses_name(block: Block, name: str) -> bool:
    """Whether any path in a block starts with a name."""
    return any(isinstance(found, nodes.Path) and found.root == name for found in all_expressions(block))


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a filter cannot be called as written."""

    code: str
    what: str
    advice: str


def filter_problem(call: nodes.FilterCall, filters: Mapping[str, Filter]) -> Problem | None:
    """What is wrong with a filter call: an unknown name, too few or too many arguments, an unknown option."""
    known = filters.get(call.name)
    if known is None:
        advice = nearest(call.name, filters) or "remove it; it is not one of the standard filters"
        return Problem("unknown-filter", f"unknown filter `{call.name}`", advice)
    given = len(call.arguments)
    if not known.least <= given <= known.most:
        wanted = str(known.least) if known.least == known.most else f"{known.least} to {known.most}"
        return Problem(
            "filter-arguments", f"`{call.name}` takes {wanted} arguments, {given} given", "count its arguments"
        )
    for name, _ in call.options:
        if name not in known.options:
            return Problem(
                "filter-option", f"`{call.name}` has no option `{name}`", nearest(name, known.options) or "remove it"
            )
    return None


# --- by the kind of node -------------------------------------------------------------------------------


def _given(*expressions: Expression | None) -> tuple[Expression, ...]:
    return tuple(expression for expression in expressions if expression is not None)


def _values(named: Iterable[tuple[str, Expression]]) -> tuple[Expression, ...]:
    return tuple(value for _, value in named)


def _body(statement: Any) -> tuple[Block, ...]:
    return (statement.body,)


def _value(statement: Any) -> tuple[Expression, ...]:
    return (statement.value,)


_BLOCKS: Mapping[type[Statement], Callable[[Any], Iterable[Block]]] = {
    nodes.If: lambda found: (*(branch.body for branch in found.branches), found.otherwise),
    nodes.Case: lambda found: tuple(arm.body for arm in found.arms),
    nodes.For: lambda found: (found.body, found.otherwise),
    nodes.Each: lambda found: (found.body, found.otherwise),
    nodes.Bind: _body,
    nodes.Define: lambda found: (*(fragment.body for _, fragment in found.fragments), found.body),
    nodes.Partial: lambda found: tuple(fragment.body for fragment in fragments_of(found)),
    nodes.TableRow: _body,
    nodes.Capture: _body,
    nodes.IfChanged: _body,
    nodes.Macro: _body,
    nodes.Slot: _body,
}
_EXPRESSIONS: Mapping[type[Statement], Callable[[Any], Iterable[Expression]]] = {
    nodes.Output: _value,
    nodes.Assign: _value,
    nodes.Bind: _value,
    nodes.If: lambda found: tuple(branch.condition for branch in found.branches),
    nodes.Case: lambda found: (found.subject, *(value for arm in found.arms for value in arm.values or ())),
    nodes.For: lambda found: _given(found.items, found.limit, found.offset, found.condition, found.depth),
    nodes.Each: lambda found: _given(found.items, found.outer),
    nodes.Partial: lambda found: (
        *_given(found.name, found.context),
        *_values(found.arguments),
        *_values(found.private),
    ),
    nodes.TableRow: lambda found: _given(found.items, found.columns, found.limit, found.offset),
    nodes.Cycle: lambda found: _given(found.group, *found.values),
    nodes.Include: lambda found: (*_given(found.name, found.bound), *_values(found.arguments)),
    nodes.Import: lambda found: (found.template, *_values(found.arguments or ())),
    nodes.Extends: lambda found: (found.template,),
    nodes.Slot: lambda found: _values(found.arguments or ()),
}
_PARTS: Mapping[type[Expression], Callable[[Any], Iterable[Expression]]] = {
    nodes.Path: lambda found: found.steps if isinstance(found.root, str) else (found.root, *found.steps),
    nodes.Index: lambda found: (found.key,),
    nodes.Range: lambda found: (found.start, found.end),
    nodes.FilterCall: lambda found: (found.target, *found.arguments, *_values(found.options)),
    nodes.Call: lambda found: (
        *_given(found.callee, *found.arguments, found.more, found.names),
        *_values(found.options),
    ),
    nodes.Comparison: lambda found: (found.left, found.right),
    nodes.Logic: lambda found: (found.left, found.right),
    nodes.Not: lambda found: (found.operand,),
    nodes.Choice: lambda found: (found.condition, found.first, found.second),
}
