"""The state of one walk over a tree: the template it is in, what was found so far, and what is known here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from livemerge.template import nodes
from livemerge.template.analysis.guards import NOTHING, Guards
from livemerge.template.analysis.origins import Names, Origins
from livemerge.template.filters import Filter
from livemerge.template.findings import Finding, Read, Source
from livemerge.template.nodes import Block

MAX_ANALYSED_PARTIALS = 1_000  # calls of partials that are followed for one template

Load = Callable[[str], tuple[Block, Source] | None]
Follow = Callable[["Walk", Any, Names, Guards], None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a template that can be written by name, and what its own names stand for."""

    fragment: nodes.Fragment
    names: Names
    walk: Walk


@dataclass(slots=True)
class Walk:
    """`followers` say how each kind of node is walked, and what a call that writes a template does."""

    source: Source
    filters: Mapping[str, Filter]
    load: Load
    followers: Mapping[type, Follow]
    reads: list[Read] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    depth: int = 0
    branches: int = 0  # arms of conditions around this place
    base: Origins | None = None  # what the template's data is, where that is not all of the data
    pieces: Mapping[str, Piece] = field(default_factory=dict)  # that can be written by name
    active: tuple[str, ...] = ()  # templates around this one
    budget: list[int] = field(default_factory=lambda: [MAX_ANALYSED_PARTIALS])
    filled: frozenset[str] = NOTHING  # names that surely have a value here

    def block(self, block: Block, names: Names, guards: Guards) -> None:
        for statement in block:
            self.followers[type(statement)](self, statement, names, guards)

    def beside(self, source: Source) -> Walk:
        """A walk over a template that shares our variables; its reads and findings are ours too."""
        return Walk(source, self.filters, self.load, self.followers, self.reads, self.findings, self.depth + 1)

    def inner(self, source: Source, base: Origins | None, pieces: Mapping[str, Piece], active: tuple[str, ...]) -> Walk:
        """A walk over a template that is given other data; its reads and findings are ours too."""
        inner = self.beside(source)
        inner.branches, inner.base, inner.pieces, inner.active = self.branches, base, pieces, active
        inner.budget = self.budget
        return inner
