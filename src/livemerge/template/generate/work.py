"""What the pieces of a template take at least, in units of work, and calls whose work depends on their values.

A call on a short text is written as it is: the work of all calls there are is counted where the loop around them is.
Any other value is measured beside the call.
"""

from __future__ import annotations

from collections.abc import Sequence

from livemerge.template import nodes
from livemerge.template.filters.filter import Filter
from livemerge.template.generate.function import Function
from livemerge.template.nodes import Expression

OUTPUT_WORK = 30
CALL_WORK = 20  # of a filter or a comparison of short values
LETTER_WORK = 5  # of a character of an argument that stands in the template: forms of dates are read letter by letter
TEMPLATE_WORK = 100  # of a call of another template

Argument = tuple[str, Expression, str]  # the name of an option or nothing, what stands there, and its code

_SHORT = 100  # characters of a value that need not be measured
_FEW = 30  # items of a list that need not be measured where each is only looked at
_SHORT_LITERAL = 50  # characters of an argument beside it: what both give together stays short
_SMALL_LITERAL = 1_000  # a number beside it, as the width of a text


def call(function: Function, name: str, known: Filter, target: str, given: Sequence[Argument]) -> str:
    """The call of a filter under a Python name."""
    function.work += CALL_WORK + LETTER_WORK * sum(_length(node) for _, node, _ in given)
    context = ["c"] if known.takes_context else []
    if known.work is None:
        return f"{name}({', '.join([*context, target, *_written(given)])})"
    value, named = function.named(target)
    if all(_is_short(node) for _, node, _ in given):
        plain = f"{name}({', '.join([*context, value, *_written(given)])})"
        return f"({plain} if {_is_small(value, named)} else {_charged(function, name, known, plain, [value])})"
    names = [(code, code) if isinstance(node, nodes.Literal) else function.named(code) for _, node, code in given]
    codes = [(option, node, code) for (option, node, _), (_, code) in zip(given, names, strict=True)]
    plain = f"{name}({', '.join([*context, named, *_written(codes)])})"
    return _charged(function, name, known, plain, [value, *(each for each, _ in names)])


def short_call(function: Function, name: str, known: Filter, target: str, short: str) -> str:
    """The call of a filter without arguments; `short` is what it does with a short text, as Python."""
    function.work += CALL_WORK
    value, named = function.named(target)
    if known.work is None:
        return f"({short.format(value)} if type({named}) is str else {name}({value}))"
    charged = _charged(function, name, known, f"{name}({value})", [value])
    return f"({short.format(value)} if type({named}) is str and len({value}) < {_SHORT} else {charged})"


def compared(function: Function, name: str, left: Expression, right: Expression, values: tuple[str, str]) -> str:
    """A comparison of two values by a function; what is compared with a literal takes no longer than that."""
    function.work += CALL_WORK
    first, second = values
    if isinstance(left, nodes.Literal) or (isinstance(right, nodes.Literal) and name != "CONTAINS"):
        return f"{name}({first}, {second})"
    value, named = function.named(first)
    if not _is_short(right):
        other, other_named = function.named(second)
        return f"CHARGED(c, WHOLE_SIZE, {name}({named}, {other_named}), {value}, {other})"
    test = f"{_is_small(value, named)} or (type({value}) is list and len({value}) < {_FEW})"
    plain = f"{name}({value}, {second})"
    return f"({plain} if {test} else CHARGED(c, SIZE, {plain}, {value}))"


def _written(given: Sequence[Argument]) -> list[str]:
    return [f"{option}={code}" if option else code for option, _, code in given]


def _charged(function: Function, name: str, known: Filter, call: str, values: Sequence[str]) -> str:
    """A call with the sizes of values it is given, and of what it gives, counted as work."""
    function.constants[f"{name}_size"] = known.work
    return f"CHARGED(c, {name}_size, {call}, {', '.join(values)})"


def _is_small(value: str, named: str) -> str:
    """A test for a value whose size need not be measured."""
    return f"(type({named}) is str and len({value}) < {_SHORT}) or type({value}) in SMALL"


def _is_short(node: Expression) -> bool:
    """Whether an argument is a literal so small that it makes no short value long."""
    if not isinstance(node, nodes.Literal) or _length(node) >= _SHORT_LITERAL:
        return False
    return not isinstance(node.value, int) or abs(node.value) <= _SMALL_LITERAL


def _length(node: Expression) -> int:
    return len(node.value) if isinstance(node, nodes.Literal) and isinstance(node.value, str) else 0
