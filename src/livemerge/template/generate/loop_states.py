"""What a Liquid template may ask of the loop it is in: a position where that is all it asks, else a ForLoop."""

from __future__ import annotations

from livemerge.template import nodes
from livemerge.template.generate.function import Function
from livemerge.template.nodes import Block, Expression
from livemerge.template.walk import all_expressions

_NAMES = {  # as Python, from the position and the number of items
    "index": "({at} + 1)",
    "index0": "{at}",
    "rindex": "({length} - {at})",
    "rindex0": "({length} - {at} - 1)",
    "first": "({at} == 0)",
    "last": "({at} == {length} - 1)",
    "length": "{length}",
}
_TRUTHS = ("first", "last")


def is_position(body: Block, name: str) -> bool:
    """Whether a block asks the state of the loop around it, or of one inside, only where it stands."""
    return all(
        found.steps and isinstance(found.steps[0], nodes.Literal) and found.steps[0].value in _NAMES
        for found in all_expressions(body)
        if isinstance(found, nodes.Path) and found.root == name
    )


def keep_position(function: Function, at: str, items: str) -> None:
    """The names of a loop whose position is in a Python variable."""
    function.states[at] = {name: each.format(at=at, length=f"len({items})") for name, each in _NAMES.items()}


def keep_state(function: Function, state: str) -> None:
    """The names of a loop whose ForLoop is in a Python variable."""
    at, length = f"{state}.index0", f"{state}.length"
    function.states[state] = {name: each.format(at=at, length=length) for name, each in _NAMES.items()}


def loop_step(function: Function, found: str, step: Expression) -> str:
    """The value of a loop's name as Python, where `found` is a loop's state and the step one of its names."""
    names = function.states.get(found)
    key = step.value if isinstance(step, nodes.Literal) else None
    if names is None or not isinstance(key, str) or key not in names:
        return ""
    function.kinds[names[key]] = "boolean" if key in _TRUTHS else "number"
    return names[key]
