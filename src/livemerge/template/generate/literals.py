"""Values that stand in the template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from livemerge.template import nodes
from livemerge.template.generate.function import Function
from livemerge.template.nodes import Expression

MAX_WRITTEN_NUMBER = 10**18  # whole numbers below it are written into the code, others handed over


def literal(function: Function, node: nodes.Literal) -> str:
    """A literal; where output is escaped, a text of the template's author counts as escaped in most languages."""
    value = node.value
    if isinstance(value, Markup):
        return function.constant(value)
    setting = function.setting
    if isinstance(value, str) and setting.text_encoding.escape and setting.manner.has_escaped_literals:
        return function.constant(Markup(value))
    return _plain(function, value)


def bare(function: Function, node: Expression) -> str:
    """A value that is compared, not written: literals are plain."""
    return _plain(function, node.value) if isinstance(node, nodes.Literal) else function.inline(node)


def _plain(function: Function, value: object) -> str:
    if value is None or (isinstance(value, bool | str) and not isinstance(value, Markup)):
        return repr(value)
    if isinstance(value, int) and abs(value) < MAX_WRITTEN_NUMBER:
        return f"({value!r})"
    return function.constant(value)


def number_range(function: Function, node: nodes.Range) -> str:
    return f"RANGE({function.inline(node.start)}, {function.inline(node.end)})"


LITERALS: dict[type[Expression], Callable[[Function, Any], str]] = {
    nodes.Literal: literal,
    nodes.Range: number_range,
}
