"""What a template may ask of its loop: a position where that is all it asks, else an object of its language."""

from __future__ import annotations

from livemerge.template import nodes
from livemerge.template.generate.function import Function
from livemerge.template.nodes import Block, Expression
from livemerge.template.walk import all_expressions

_TRUTHS = ("first", "last")


def is_position(function: Function, body: Block, name: str) -> bool:
    """Whether a block asks the state of the loop around it, or of one inside, only where it stands."""
    names = function.setting.manner.loop_names
    return all(
        found.steps and _key_of(found.steps[0]) in names
        for found in all_expressions(body)
        if isinstance(found, nodes.Path) and found.root == name
    )


def _key_of(step: Expression) -> str:
    """The key of a step that is a text in the template, else nothing."""
    key = step.key if isinstance(step, nodes.Index) else step
    return key.value if isinstance(key, nodes.Literal) and isinstance(key.value, str) else ""


def keep_position(function: Function, at: str, items: str) -> None:
    """The names of a loop whose position is in a Python variable."""
    _keep(function, at, at, f"len({items})")


def keep_state(function: Function, state: str) -> None:
    """The names of a loop whose state is in a Python variable."""
    _keep(function, state, f"{state}.index0", function.setting.manner.loop_length.format(state=state))


def _keep(function: Function, name: str, at: str, length: str) -> None:
    names = function.setting.manner.loop_names
    function.states[name] = {key: each.format(at=at, length=length) for key, each in names.items()}


def loop_step(function: Function, found: str, step: Expression) -> str:
    """The value of a loop's name as Python, where `found` is a loop's state and the step one of its names."""
    key = _key_of(step)
    python = function.states.get(found, {}).get(key, "")
    if python:
        function.kinds[python] = "boolean" if key in _TRUTHS else "number"
    return python
