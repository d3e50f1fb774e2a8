"""What a template may ask of the loop it is in: where it is, its neighbours, what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from livemerge.template.jinja import operators
from livemerge.template.jinja.values import UNDEFINED, Steps
from livemerge.template.runtime import MISSING, Fault


class Loop(Steps):
    """The state of one loop, read by templates as `loop`."""

    __slots__ = ("changed", "depth0", "index0", "items")

    def __init__(self, items: Sequence[Any], depth0: int) -> None:
        self.items = items
        self.depth0 = depth0
        self.index0 = -1
        self.changed: object = MISSING

    def step(self, key: object) -> object:
        read = LOOP_NAMES.get(key) if isinstance(key, str) else None
        return UNDEFINED if read is None else read(self)


def _neighbour(loop: Loop, at: int) -> object:
    return loop.items[at] if 0 <= at < len(loop.items) else UNDEFINED


LOOP_NAMES: Final[Mapping[str, Callable[[Loop], object]]] = {
    "index": lambda loop: loop.index0 + 1,
    "index0": lambda loop: loop.index0,
    "revindex": lambda loop: len(loop.items) - loop.index0,
    "revindex0": lambda loop: len(loop.items) - loop.index0 - 1,
    "first": lambda loop: loop.index0 == 0,
    "last": lambda loop: loop.index0 == len(loop.items) - 1,
    "length": lambda loop: len(loop.items),
    "depth": lambda loop: loop.depth0 + 1,
    "depth0": lambda loop: loop.depth0,
    "previtem": lambda loop: _neighbour(loop, loop.index0 - 1),
    "nextitem": lambda loop: _neighbour(loop, loop.index0 + 1),
}


JINJA_LOOP: Final[Mapping[str, str]] = {  # those that need nothing but the position and the number of items, as Python
    "index": "({at} + 1)",
    "index0": "{at}",
    "revindex": "({length} - {at})",
    "revindex0": "({length} - {at} - 1)",
    "first": "({at} == 0)",
    "last": "({at} == {length} - 1)",
    "length": "{length}",
}


def _cycle(loop: Loop, *values: Any) -> Any:
    if not values:
        raise Fault("`loop.cycle` has no values", "write the values it goes round")
    return values[loop.index0 % len(values)]


def _changed(loop: Loop, *values: Any) -> bool:
    before, loop.changed = loop.changed, values
    return before is MISSING or not operators.equal(before, values)


LOOP_METHODS: Final[Mapping[str, Callable[..., Any]]] = {"cycle": _cycle, "changed": _changed}
