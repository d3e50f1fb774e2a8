"""What of a template other parts of the same message need: the statements that set variables, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from livemerge.template.filters.filter import Filter
from livemerge.template.nodes import Assign, Block, Expression, FilterCall, For, If, Output, Path, Statement
from livemerge.template.walk import all_expressions, assigned_names, calls_in, expressions_in, statements_in

UNREAD = "@ unread"  # the variable that takes a value which was only made for its effects


def effects_of(block: Block, filters: Mapping[str, Filter]) -> Block:
    """The block without what it writes: assignments, calls with effects, and the branches and loops around them."""
    found = (_effect(statement, filters) for statement in block)
    return tuple(statement for statement in found if statement is not None)


def _effect(statement: Statement, filters: Mapping[str, Filter]) -> Statement | None:
    if isinstance(statement, Assign):
        return statement
    if isinstance(statement, Output):
        has_effects = _has_effects(statement.value, filters)
        return Assign(UNREAD, statement.value, statement.place) if has_effects else None
    if isinstance(statement, For):
        body = effects_of(statement.body, filters)
        return replace(statement, body=body, otherwise=()) if body else None
    if isinstance(statement, If):
        branches = tuple(replace(branch, body=effects_of(branch.body, filters)) for branch in statement.branches)
        otherwise = effects_of(statement.otherwise, filters)
        is_needed = otherwise or any(branch.body for branch in branches)
        return replace(statement, branches=branches, otherwise=otherwise) if is_needed else None
    return None


def _has_effects(value: Expression, filters: Mapping[str, Filter]) -> bool:
    calls = (found for found in expressions_in(value) if isinstance(found, FilterCall))
    return any(found.name in filters and filters[found.name].has_effects for found in calls)


def needed_before(block: Block, before: Block, filters: Mapping[str, Filter]) -> Block:
    """What of the parts before must run for this one: nothing, where it reads no variable they set."""
    if not before:
        return ()
    if any(call.has_effects for call in calls_in(block, filters)):
        return before
    read = {found.root for found in all_expressions(block) if isinstance(found, Path) and isinstance(found.root, str)}
    shared = read & assigned_names(before)
    sets_unknown = any(call.shares_scope for call in calls_in(before, filters)) and any(
        name.startswith("@") for name in read
    )
    return before if shared or sets_unknown else ()


def draws_alike(block: Block, other: Block) -> bool:
    """Whether two blocks call what has effects as often, so that a second of them gives the same as the first."""
    return _shape(block) == _shape(other)


def _shape(block: Block) -> list[str]:
    return [type(statement).__name__ for statement in statements_in(block)]
