"""The state of one walk over a tree: the template it is in, what was found so far, and what is known here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from livemerge.template import nodes
from livemerge.template.analysis.facts import NO_FACTS, Facts
from livemerge.template.analysis.origins import Names, Origins
from livemerge.template.findings import Finding, Read, Source
from livemerge.template.kinds import Kinds
from livemerge.template.nodes import Block, Expression, Place
from livemerge.template.verdict import Condition, Judge, Test
from livemerge.template.walk import assigned_names

MAX_ANALYSED_TEMPLATES = 1_000  # calls of other templates that are followed for one
MAX_LEARNED = 10_000  # terms of conditions that are understood, for one template; people's own have some hundreds
MAX_GONE_OVER = 20_000  # statements of loops that are walked once more, for what one round leaves to the next
MAX_GIVEN = 20  # conditions remembered on the way to a place

Load = Callable[[str], tuple[Block, Source] | None]
Follow = Callable[["Walk", Any, Names], None]
Choose = Callable[["Walk", nodes.Choice, Names, bool], Origins]
Spots = Callable[[Block], Mapping[Place, str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a template that can be written by name, and what its own names stand for."""

    fragment: nodes.Fragment
    names: Names
    walk: Walk


@dataclass(frozen=True, slots=True)
class MacroPiece:
    """A macro, and what the names around it stand for."""

    node: nodes.Macro
    names: Names
    walk: Walk


@dataclass(frozen=True, slots=True)
class SlotPiece:
    """One template's way to write a slot, and what its names stand for."""

    node: nodes.Slot
    names: Names
    walk: Walk


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A language as the analysis needs it: what its conditions say, what its functions take, where values stand."""

    judge: Judge
    kinds: Mapping[str, Kinds]
    spots: Spots
    templates: Collection[str] = ()  # names that may be included, for advice


@dataclass(frozen=True, slots=True)
class Answers:
    """What a test says of nothing and of several values, where it looks at one path."""

    test: Expression  # kept, so that its id stays its own
    path: nodes.Path | None
    of_nothing: bool | None = None
    of_values: frozenset[bool | None] = frozenset()


@dataclass(slots=True)
class Found:
    """What a walk, with those over the templates inside, has found."""

    reads: list[Read] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)
    templates_left: int = MAX_ANALYSED_TEMPLATES
    versions: dict[str, int] = field(default_factory=dict)  # how often each variable was set
    loops: int = 0  # loops entered so far
    assigned: dict[int, frozenset[str]] = field(default_factory=dict)  # variables that blocks set, by the blocks' ids
    gone_over_left: int = MAX_GONE_OVER
    going_over: int = 0  # loops around this place that are walked for their variables alone
    learned_left: int = field(default_factory=lambda: MAX_LEARNED)
    answers: dict[tuple[int, bool], Answers] = field(default_factory=dict)  # by the tests' ids, and for empty text


@dataclass(slots=True)
class Walk:
    """`followers` say how each kind of node is walked, and what a call that writes a template does."""

    source: Source
    vocabulary: Vocabulary
    load: Load
    followers: Mapping[type, Follow]
    choose: Choose  # where the value of a choice comes from
    found: Found = field(default_factory=Found)
    facts: Facts = NO_FACTS
    given: tuple[tuple[Condition, bool], ...] = ()  # conditions that every way here has passed or failed
    spots: Mapping[Place, str] = field(default_factory=dict)  # where in HTML the values of this template stand
    depth: int = 0
    branches: int = 0  # arms of conditions around this place
    loop: int = 0  # the innermost loop around this place, by its number
    base: Origins | None = None  # what the template's data is, where that is not all of the data
    pieces: Mapping[str, Piece] = field(default_factory=dict)  # that can be written by name
    active: tuple[str, ...] = ()  # templates around this one
    macros: dict[str, MacroPiece] = field(default_factory=dict)  # by the variables that hold them
    modules: dict[str, Mapping[str, MacroPiece]] = field(default_factory=dict)  # of imported templates
    slots: dict[str, list[SlotPiece]] = field(default_factory=dict)  # the last heir's first
    slot: int = 0  # which heir's way is walked

    def block(self, block: Block, names: Names) -> None:
        for statement in block:
            if self.found.going_over:
                self.found.gone_over_left -= 1
                if self.found.gone_over_left < 0:
                    return
            self.followers[type(statement)](self, statement, names)

    def assigned_in(self, block: Block) -> frozenset[str]:
        """The variables a block sets; each block is looked through once."""
        found = self.found.assigned.get(id(block))
        if found is None:
            found = self.found.assigned[id(block)] = frozenset(assigned_names(block))
        return found

    def report(self, finding: Finding) -> None:
        self.found.findings.append(finding)

    def is_given(self, condition: Condition, is_true: bool) -> None:
        """Remembers what every way from here on has found."""
        if condition.keys:
            self.given = (*self.given, (condition, is_true))[-MAX_GIVEN:]

    def sets(self, names: Iterable[str]) -> None:
        """Forgets what was known of variables that are set now, or in a loop's next round."""
        names = set(names)
        self.facts = self.facts.forgetting(f"${name}" for name in names)
        for name in names:
            self.found.versions[name] = self.found.versions.get(name, 0) + 1

    @contextmanager
    def in_branch(self) -> Iterator[None]:
        """Walks what may or may not be written; the conditions given in it end with it."""
        given = self.given
        self.branches += 1
        yield
        self.branches -= 1
        self.given = given

    @contextmanager
    def in_loop(self) -> Iterator[None]:
        """Walks what is written any number of times: what is known before it is what is known behind it."""
        before, outer = self.facts, self.loop
        self.found.loops += 1
        self.loop = self.found.loops
        with self.in_branch():
            yield
        self.loop = outer
        self.facts = before

    @contextmanager
    def going_over(self) -> Iterator[None]:
        """Walks a loop's round for what its variables stand for at the end, which is what the next one begins with.

        What it finds is found again when the loop is walked for good.
        """
        found, facts = self.found, self.facts
        kept = (found.reads, found.findings, found.tests, found.templates_left)
        found.reads, found.findings, found.tests = [], [], []
        found.going_over += 1
        with self.in_loop():
            yield
        found.going_over -= 1
        found.reads, found.findings, found.tests, found.templates_left = kept
        self.facts = facts

    def beside(self, source: Source, block: Block) -> Walk:
        """A walk over a template that shares our variables; what it finds is ours too."""
        return Walk(
            source,
            self.vocabulary,
            self.load,
            self.followers,
            self.choose,
            self.found,
            self.facts,
            self.given,
            self.vocabulary.spots(block),
            self.depth + 1,
            self.branches,
            self.loop,
        )

    def inner(self, source: Source, block: Block, base: Origins | None, active: tuple[str, ...]) -> Walk:
        """A walk over a template that is given other data; what it finds is ours too."""
        inner = self.beside(source, block)
        inner.base, inner.active = base, active
        return inner
