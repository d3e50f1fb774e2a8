"""Jinja's tests, what stands after `is`: each by its name, applied to a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from livemerge.template.jinja import operators
from livemerge.template.jinja.values import Callee, Undefined, not_there, text
from livemerge.template.runtime import Fault

_ITERABLE: Final = (str, list, tuple, range, dict, Mapping, Undefined)
_SEQUENCE: Final = (str, list, tuple, range, dict, Mapping, Undefined)


def _number(value: Any) -> Any:
    """A number to be divided. Raises Fault for other values."""
    if isinstance(value, Undefined):
        raise not_there()
    if not isinstance(value, (int, float, Decimal)):
        raise Fault("this test is for numbers", "turn the value into one with `|int`")
    return value


def _divides(value: Any, by: Any) -> bool:
    return bool(operators.modulo(_number(value), _number(by)) == 0)


def _is_same(value: Any, other: Any) -> bool:
    """Whether two values are one and the same: of one kind, and equal; lists and mappings the very same one."""
    if isinstance(value, (str, int, float)) or value is None:
        return type(value) is type(other) and value == other
    return value is other


QUESTIONS: Final[Mapping[str, Callable[..., bool]]] = {
    "boolean": lambda value: value is True or value is False,
    "callable": lambda value: isinstance(value, Callee),
    "defined": lambda value: not isinstance(value, Undefined),
    "divisibleby": _divides,
    "eq": operators.equal,
    "equalto": operators.equal,
    "escaped": lambda value: isinstance(value, Markup),
    "even": lambda value: _divides(value, 2),
    "false": lambda value: value is False,
    "float": lambda value: isinstance(value, float),
    "ge": operators.greater_equal,
    "greaterthan": operators.greater,
    "gt": operators.greater,
    "in": operators.within,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "iterable": lambda value: isinstance(value, _ITERABLE),
    "le": operators.less_equal,
    "lessthan": operators.less,
    "lower": lambda value: text(value).islower(),
    "lt": operators.less,
    "mapping": lambda value: isinstance(value, (dict, Mapping)),
    "ne": operators.differs,
    "none": lambda value: value is None,
    "number": lambda value: isinstance(value, (int, float, Decimal)),
    "odd": lambda value: bool(operators.modulo(_number(value), 2) == 1),
    "sameas": _is_same,
    "sequence": lambda value: isinstance(value, _SEQUENCE),
    "string": lambda value: isinstance(value, str),
    "true": lambda value: value is True,
    "undefined": lambda value: isinstance(value, Undefined),
    "upper": lambda value: text(value).isupper(),
}
"""By the names templates use, beside the comparisons `==` `!=` `<` `<=` `>` `>=` that `select` also takes."""

COMPARISONS: Final[Mapping[str, Callable[..., bool]]] = {
    "==": operators.equal,
    "!=": operators.differs,
    "<": operators.less,
    "<=": operators.less_equal,
    ">": operators.greater,
    ">=": operators.greater_equal,
}
