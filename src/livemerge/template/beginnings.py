"""What is certain of a text before rendering: how it begins, for each way it may be put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from livemerge.template import nodes
from livemerge.template.nodes import Block, Expression
from livemerge.template.walk import expressions_in, expressions_of, statements_in

MAX_WAYS: Final = 20  # to put one text together, that are followed
MAX_DEPTH: Final = 20  # functions in functions, and variables made of variables
JOINING: Final = frozenset({"append", "concat"})  # functions that give their arguments one after the other
UNCHANGING: Final = frozenset({"v", "strip", "trim"})  # functions that leave the beginning of an address alone


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a text begins, and whether that is all of it."""

    text: str
    is_whole: bool


UNKNOWN: Final = (Beginning("", False),)


class Beginnings:
    """The texts of a template and those it includes, through variables; each variable is followed once."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._held: dict[str, list[Expression | Block]] = {}
        self._known: dict[str, tuple[Beginning, ...]] = {}
        for statement in (each for block in blocks for each in statements_in(block)):
            if isinstance(statement, nodes.Assign):
                self._held.setdefault(statement.name, []).append(statement.value)
            elif isinstance(statement, nodes.Capture):
                self._held.setdefault(statement.name, []).append(statement.body)

    def of(self, value: Expression, depth: int = 0) -> tuple[Beginning, ...]:
        """How a value begins as text, one for each way it may be put together; never empty."""
        if isinstance(value, nodes.Literal):
            return (Beginning("" if value.value is None else str(value.value), True),)
        if depth > MAX_DEPTH:
            return UNKNOWN
        if isinstance(value, nodes.Choice):
            return (*self.of(value.first, depth + 1), *self.of(value.second, depth + 1))[:MAX_WAYS]
        if isinstance(value, nodes.Path) and isinstance(value.root, str) and not value.steps:
            return self._of_variable(value.root, depth)
        if isinstance(value, nodes.FilterCall) and value.name in JOINING:
            return _joined(self.of(each, depth + 1) for each in (value.target, *value.arguments))
        if isinstance(value, nodes.FilterCall) and value.name in UNCHANGING:
            return self.of(value.target, depth + 1)
        return UNKNOWN

    def is_constant(self, value: Expression) -> bool:
        """Whether a value is one text, the same each time."""
        found = self.of(value)
        return len(found) == 1 and found[0].is_whole

    def _of_variable(self, name: str, depth: int) -> tuple[Beginning, ...]:
        if name not in self._held:
            return UNKNOWN
        if name not in self._known:
            self._known[name] = UNKNOWN  # while it is followed: a variable made of itself has no known beginning
            held = (found for each in self._held[name] for found in self._of_held(each, depth + 1))
            self._known[name] = tuple(dict.fromkeys(held))[:MAX_WAYS]
        return self._known[name]

    def _of_held(self, held: Expression | Block, depth: int) -> tuple[Beginning, ...]:
        if not isinstance(held, tuple):
            return self.of(held, depth)
        return _joined(self._of_statement(statement, depth) for statement in held)

    def _of_statement(self, statement: nodes.Statement, depth: int) -> tuple[Beginning, ...]:
        if isinstance(statement, nodes.Text):
            return (Beginning(statement.text, True),)
        return self.of(statement.value, depth) if isinstance(statement, nodes.Output) else UNKNOWN

    def paths(self, value: Expression) -> tuple[str, ...]:
        """The fields a value is made of, through the variables it is held in."""
        found: dict[str, None] = {}
        waiting, followed = [value], set[str]()
        while waiting:
            for path in (each for each in expressions_in(waiting.pop()) if isinstance(each, nodes.Path)):
                if not isinstance(path.root, str) or path.root not in self._held:
                    found[path.source] = None
                elif path.root not in followed:
                    followed.add(path.root)
                    waiting += _expressions_held(self._held[path.root])
        return tuple(found)


def _joined(pieces: Iterator[tuple[Beginning, ...]]) -> tuple[Beginning, ...]:
    """The ways the pieces may follow each other, up to where the first unknown begins."""
    found = [Beginning("", True)]
    for ways in pieces:
        if not any(each.is_whole for each in found):
            break
        grown: list[Beginning] = []
        for each in found:
            grown += [Beginning(each.text + way.text, way.is_whole) for way in ways] if each.is_whole else [each]
        found = grown[:MAX_WAYS]
    return tuple(found)


def _expressions_held(held: list[Expression | Block]) -> Iterator[Expression]:
    for each in held:
        if not isinstance(each, tuple):
            yield each
            continue
        for statement in statements_in(each):
            yield from expressions_of(statement)
