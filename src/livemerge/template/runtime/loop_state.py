"""The state of one loop, which templates read."""

from __future__ import annotations

from collections.abc import Callable


class ForLoop:
    """The state of one loop, read by templates as `forloop` and `tablerowloop`."""

    __slots__ = ("columns", "index0", "length", "name", "parent")

    def __init__(self, name: str, length: int, parent: object = None, columns: int = 0) -> None:
        self.name = name
        self.length = length
        self.parent = parent
        self.columns = columns
        self.index0 = -1

    def step(self, key: object) -> object:
        """The value of one of its names, None for others."""
        read = LOOP_NAMES.get(key) if key.__class__ is str or isinstance(key, str) else None
        if read is None and self.columns:
            read = ROW_NAMES.get(key) if isinstance(key, str) else None
        return None if read is None else read(self)


LOOP_NAMES: dict[str, Callable[[ForLoop], object]] = {
    "name": lambda loop: loop.name,
    "length": lambda loop: loop.length,
    "index": lambda loop: loop.index0 + 1,
    "index0": lambda loop: loop.index0,
    "rindex": lambda loop: loop.length - loop.index0,
    "rindex0": lambda loop: loop.length - loop.index0 - 1,
    "first": lambda loop: loop.index0 == 0,
    "last": lambda loop: loop.index0 == loop.length - 1,
    "parentloop": lambda loop: loop.parent,
}
ROW_NAMES: dict[str, Callable[[ForLoop], object]] = {
    "col": lambda loop: loop.index0 % loop.columns + 1,
    "col0": lambda loop: loop.index0 % loop.columns,
    "row": lambda loop: loop.index0 // loop.columns + 1,
    "col_first": lambda loop: loop.index0 % loop.columns == 0,
    "col_last": lambda loop: (loop.index0 + 1) % loop.columns == 0,
}
