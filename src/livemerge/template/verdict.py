"""What a condition says where the value of a path is known: true, false, or nobody knows before it is rendered.

The functions of the template's own language are asked, so that a verdict is what the rendering will do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from livemerge.template import nodes
from livemerge.template.filters.filter import Filter
from livemerge.template.nodes import Expression
from livemerge.template.runtime import comparison
from livemerge.template.walk import parts_of

UNKNOWN: Final = object()
PASSED_ON: Final = frozenset({"v", "attribute", "as_written"})  # functions that give what they are given
SEEN_THROUGH: Final = PASSED_ON | {
    "trim",
    "strip",
    "upcase",
    "downcase",
    "upper",
    "lower",
    "uppercase",
    "lowercase",
    "propercase",
    "capitalize",
    "is_true",
    "is_true_or_zero",
}  # functions that give something for something and nothing for nothing
_TESTS: Final = frozenset(
    {
        "equals",
        "differs",
        "above",
        "below",
        "not_above",
        "not_below",
        "is_true",
        "is_true_or_zero",
        "has_value",
        "empty",
        "isnull",
        "is_in_group",
        "same_text",
        "contains_text",
        "all_true",
        "any_true",
        "none_true",
        "is_defined",
        "is_none",
        "is_undefined",
    }
)  # functions that are asked of every value; others of nothing alone: no few values stand for all texts
_MAX_LITERALS = 8  # of one condition

COMPARING: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": comparison.equal,
    "!=": lambda left, right: not comparison.equal(left, right),
    "<": comparison.less,
    "<=": comparison.less_equal,
    ">": comparison.greater,
    ">=": comparison.greater_equal,
    "contains": comparison.contains,
}

Known = Callable[[nodes.Path], object]


@dataclass(frozen=True, slots=True)
class Judge:
    """Says what conditions of one language come out as.

    `is_true`: what its `if` takes a value for. `comparing`: its comparisons.
    """

    filters: Mapping[str, Filter]
    is_true: Callable[[Any], bool]
    nothing: object = None  # what a name that is not there gives
    comparing: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=lambda: COMPARING)

    def verdict(self, node: Expression, known: Known) -> bool | None:
        """True, false, or None where that depends on what is not known."""
        if isinstance(node, nodes.Not):
            found = self.verdict(node.operand, known)
            return None if found is None else not found
        if isinstance(node, nodes.Logic):
            return self._joined(node, known)
        value = self._value(node, known)
        return None if value is UNKNOWN else bool(self.is_true(value))

    def _joined(self, node: nodes.Logic, known: Known) -> bool | None:
        decisive = node.operator == "or"
        sides = (self.verdict(node.left, known), self.verdict(node.right, known))
        if decisive in sides:
            return decisive
        return None if None in sides else not decisive

    def _value(self, node: Expression, known: Known) -> object:
        if isinstance(node, nodes.Literal):
            return node.value
        if isinstance(node, nodes.Path):
            return known(node)
        if isinstance(node, nodes.Not | nodes.Logic):
            found = self.verdict(node, known)
            return UNKNOWN if found is None else found
        if isinstance(node, nodes.Comparison):
            compare = self.comparing.get(node.operator)
            return UNKNOWN if compare is None else self._asked(compare, (node.left, node.right), known)
        if isinstance(node, nodes.Choice):
            found = self.verdict(node.condition, known)
            return UNKNOWN if found is None else self._value(node.first if found else node.second, known)
        return self._called(node, known) if isinstance(node, nodes.FilterCall) else UNKNOWN

    def _called(self, node: nodes.FilterCall, known: Known) -> object:
        if node.name in PASSED_ON:
            return self._value(node.target, known)
        function = self.filters.get(node.name)
        if function is None or node.options:
            return UNKNOWN
        if node.name not in _TESTS | SEEN_THROUGH and not self._is_of_nothing(node, known):
            return UNKNOWN
        call = function.call
        if function.takes_context:  # these use it only to count their work on long texts
            return self._asked(lambda *given: call(None, *given), (node.target, *node.arguments), known)
        return self._asked(call, (node.target, *node.arguments), known)

    def is_blank(self, node: nodes.FilterCall, *, was_blank: bool) -> bool:
        """Whether a function makes empty text of what is not there, or of the empty text that had come of it."""
        asked = replace(node, target=nodes.Path("", (), "", node.place))
        return self._called(asked, lambda _: "" if was_blank else self.nothing) == ""

    def _is_of_nothing(self, node: nodes.FilterCall, known: Known) -> bool:
        """Whether a function is asked of nothing or empty text: the length of both is 0, nothing is found in them."""
        given = [each for each in (node.target, *node.arguments) if not isinstance(each, nodes.Literal)]
        values = [self._value(each, known) for each in given]
        return bool(values) and all(value in (None, "") or value is self.nothing for value in values)

    def _asked(self, call: Callable[..., Any], given: tuple[Expression, ...], known: Known) -> object:
        values = [self._value(each, known) for each in given]
        if any(value is UNKNOWN for value in values):
            return UNKNOWN
        try:
            return call(*values)
        except Exception:  # whatever the function says of such a value, it is no verdict
            return UNKNOWN


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition and what its paths stand for: a field's path, or that and `#` where it is one of many values."""

    expression: Expression
    keys: tuple[tuple[nodes.Path, str], ...]
    judge: Judge = field(compare=False, repr=False)

    def verdict(self, is_asked: Callable[[str], bool], value: object) -> bool | None:
        """What it comes out as where what the keys asked for stand for has this value; None where it has none."""
        known, value = dict(self.keys), self.judge.nothing if value is None else value
        return self.judge.verdict(self.expression, lambda path: value if is_asked(known.get(path, "")) else UNKNOWN)

    @property
    def literals(self) -> tuple[object, ...]:
        """The values it compares with, as far as they are written in it."""
        return tuple(literals_in(self.expression))[:_MAX_LITERALS]


@dataclass(frozen=True, slots=True)
class Test:
    """A branch of a template: its condition, and what every way to it has found true or false before.

    `has_other`: something is written where the condition is false.
    """

    condition: Condition
    given: tuple[tuple[Condition, bool], ...]
    source: str
    line: int
    column: int
    has_other: bool = False
    part: str = ""
    file: str = ""  # the name of the template it stands in


def literals_in(node: Expression) -> Iterator[object]:
    """The values written in an expression, without the steps of paths and what only names a field."""
    if isinstance(node, nodes.Literal):
        yield node.value
    elif isinstance(node, nodes.FilterCall) and node.name in PASSED_ON:
        yield from literals_in(node.target)
    elif not isinstance(node, nodes.Path):
        for part in parts_of(node):
            yield from literals_in(part)
