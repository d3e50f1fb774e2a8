"""Values that a template writes more than once: a product's URL behind its picture, its title and its button.

Each is looked up and escaped once, where it is written first, and its piece has a name from then on. This goes for
values that cannot change in between: names of the data and of loops, steps into them, and filters of them that see
nothing else. Variables may change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping

from livemerge.template import nodes
from livemerge.template.filters import Filter
from livemerge.template.generate.function import Function
from livemerge.template.generate.paths import load
from livemerge.template.nodes import Block, Expression
from livemerge.template.walk import expressions_in, statements_in


def repeated_values(block: Block, filters: Mapping[str, Filter]) -> frozenset[Hashable]:
    """The values a block writes more than once, as they are spelled."""
    found = Counter(
        spelling_of(statement.value, filters)
        for statement in statements_in(block)
        if isinstance(statement, nodes.Output) and not isinstance(statement.value, nodes.Literal)
    )
    return frozenset(spelling for spelling, count in found.items() if count > 1 and spelling is not None)


def spelling_of(node: Expression, filters: Mapping[str, Filter]) -> Hashable | None:
    """Equal for expressions that say the same in different places; None where that may not be the same value."""
    if isinstance(node, nodes.Literal):
        return (type(node.value), node.value) if isinstance(node.value, str | int | None) else None
    if isinstance(node, nodes.Path) and isinstance(node.root, str):
        parts = [(type(step), spelling_of(_key_of(step), filters)) for step in node.steps]
        return None if any(key is None for _, key in parts) else (node.root, node.demand, *parts)
    if isinstance(node, nodes.FilterCall) and _sees_nothing_else(node.name, filters):
        arguments = (node.target, *node.arguments, *(value for _, value in node.options))
        found = [spelling_of(each, filters) for each in arguments]
        names = tuple(name for name, _ in node.options)
        return None if None in found else (node.name, "()", names, *found)
    return None


def _key_of(step: Expression) -> Expression:
    return step.key if isinstance(step, nodes.Index) else step


def _sees_nothing_else(name: str, filters: Mapping[str, Filter]) -> bool:
    """Whether a filter gives the same for the same arguments."""
    known = filters.get(name)
    return known is not None and not known.takes_context and not known.has_effects


def piece_key(function: Function, node: nodes.Output) -> Hashable | None:
    """Equal for outputs that write the same piece; None for those that are written once or may change."""
    if not function.repeated:
        return None
    spelling = spelling_of(node.value, function.setting.filters)
    if spelling not in function.repeated:
        return None
    found = [load(function, name) for name in _roots_in(node.value)]
    if any(not name.isidentifier() or name in function.variables.values() for name in found):
        return None
    return (function.sink.is_inner, node.escaping, node.keeps_apostrophe, node.absent, spelling, *found)


def _roots_in(node: Expression) -> list[str]:
    return [each.root for each in expressions_in(node) if isinstance(each, nodes.Path) and isinstance(each.root, str)]
