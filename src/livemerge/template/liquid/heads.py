"""What the markup of a tag says, however it was read, and what a reader of markup offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from livemerge.template.nodes import Expression


@dataclass(frozen=True, slots=True)
class Markup:
    """The inside of a tag or an output, and where it starts in the source."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class LoopHead:
    """`for` and `tablerow`: the item's name, what is gone over, and which part of it."""

    name: str
    items: Expression
    written: str  # the items as written
    is_reversed: bool = False
    arguments: dict[str, Expression] = field(default_factory=dict)
    resumes: bool = False  # `offset: continue`


@dataclass(frozen=True, slots=True)
class CycleHead:
    """`cycle`: its values, and the group it belongs to."""

    values: tuple[Expression, ...]
    group: Expression | None = None


@dataclass(frozen=True, slots=True)
class IncludeHead:
    """`include` and `render`: the template's name, what it is given and under which names."""

    name: Expression
    arguments: dict[str, Expression]
    bound: Expression | None = None
    repeats: bool = False
    alias: str | None = None


class Grammar(Protocol):
    """Reads markup. Each reading raises TemplateError where it makes no sense of it."""

    def filtered(self, markup: Markup) -> Expression:
        """A value and its filters."""

    def condition(self, markup: Markup) -> Expression:
        """What an `if` tests."""

    def subject(self, markup: Markup) -> Expression:
        """What a `case` compares."""

    def when(self, markup: Markup) -> list[Expression]:
        """The values of one `when`."""

    def loop(self, markup: Markup) -> LoopHead:
        """The head of a `for`."""

    def row(self, markup: Markup) -> LoopHead:
        """The head of a `tablerow`."""

    def cycle(self, markup: Markup) -> CycleHead:
        """The head of a `cycle`."""

    def include(self, markup: Markup, *, is_isolated: bool) -> IncludeHead:
        """The head of an `include`, or of a `render`."""
