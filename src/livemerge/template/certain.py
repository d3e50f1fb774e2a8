"""Which variables and fields surely have a value, by what conditions have said and what was assigned."""

from __future__ import annotations

from livemerge.template import nodes
from livemerge.template.nodes import Expression

_SEEN_THROUGH = frozenset({"attribute", "trim", "v", "is_true", "propercase", "uppercase", "lowercase"})
_NOTHING: frozenset[str] = frozenset()


def filled_by(node: Expression, *, is_taken: bool) -> frozenset[str]:
    """The names that have a value where a condition came out true, or false."""
    if isinstance(node, nodes.Not):
        return filled_by(node.operand, is_taken=not is_taken)
    if isinstance(node, nodes.Logic):
        both = (node.operator == "and") is is_taken
        left, right = filled_by(node.left, is_taken=is_taken), filled_by(node.right, is_taken=is_taken)
        return left | right if both else left & right
    if not isinstance(node, nodes.FilterCall):
        return _NOTHING
    if node.name == "empty":
        return _NOTHING if is_taken else _name_of(node.target)
    if node.name == "is_true":
        return _name_of(node.target) if is_taken else _NOTHING
    if node.name in ("equals", "differs"):
        return _compared(node, is_taken is (node.name == "equals"))
    return _NOTHING


def _compared(node: nodes.FilterCall, is_equal: bool) -> frozenset[str]:
    """A name that equals a text, or differs from the empty one, has a value."""
    other = node.arguments[0] if node.arguments else None
    if not isinstance(other, nodes.Literal) or not isinstance(other.value, str):
        return _NOTHING
    return _name_of(node.target) if bool(other.value) is is_equal else _NOTHING


def _name_of(node: Expression) -> frozenset[str]:
    while isinstance(node, nodes.FilterCall) and node.name in _SEEN_THROUGH:
        node = node.target
    is_name = isinstance(node, nodes.Path) and isinstance(node.root, str) and not node.steps
    return (
        frozenset({node.root}) if is_name and isinstance(node, nodes.Path) and isinstance(node.root, str) else _NOTHING
    )


def is_filled(node: Expression, filled: frozenset[str]) -> bool:
    """Whether an expression surely gives a value, where these names have one."""
    if isinstance(node, nodes.Literal):
        return node.value is not None and bool(str(node.value).strip())
    if isinstance(node, nodes.Choice):
        first = is_filled(node.first, filled | filled_by(node.condition, is_taken=True))
        return first and is_filled(node.second, filled | filled_by(node.condition, is_taken=False))
    if isinstance(node, nodes.FilterCall) and node.name == "concat":
        return any(is_filled(each, filled) for each in (node.target, *node.arguments))
    name = _name_of(node)
    return bool(name) and name <= filled
