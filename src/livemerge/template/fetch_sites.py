"""Where a template fetches, what of each address is certain before rendering, and how many calls that can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from livemerge.template import nodes
from livemerge.template.beginnings import Beginning, Beginnings
from livemerge.template.filters import Filter
from livemerge.template.findings import Source
from livemerge.template.nodes import Block, Statement
from livemerge.template.walk import blocks_of, calls_in, expressions_in, expressions_of, statements_in

ANY_NUMBER: Final = 1_000_000  # of calls, where a loop asks for another address each round
_LOOPS = nodes.For | nodes.Each | nodes.TableRow


@dataclass(frozen=True, slots=True)
class FetchSite:
    """One place that fetches. `urls`: how the address begins, for each way it may be put together."""

    line: int
    column: int
    name: str  # of the function or tag
    is_post: bool
    urls: tuple[str, ...]
    is_repeated: bool  # in a loop that may ask for another address each round
    paths: tuple[str, ...]  # the fields its address is made of
    part: str = ""
    file: str = ""  # the name of the template it stands in


Units: TypeAlias = Sequence[tuple[Block, Source]]
"""A template and those it includes, the first one first."""


def fetch_sites(units: Units, filters: Mapping[str, Filter], before: Block = ()) -> tuple[FetchSite, ...]:
    """Every place that fetches, in the order of the template. before: what ran before it and shares its variables."""
    if not _fetches(units, filters):
        return ()
    known = Beginnings([before, *(block for block, _ in units)])
    return tuple(
        replace(site, file=source.name)
        for block, source in units
        for site in _sites(block, filters, known, is_in_loop=False)
    )


def _sites(block: Block, filters: Mapping[str, Filter], known: Beginnings, *, is_in_loop: bool) -> Iterator[FetchSite]:
    for statement in block:
        for call in _own_calls(statement, filters):
            yield _site(call, known, is_in_loop)
        for inner in blocks_of(statement):
            yield from _sites(inner, filters, known, is_in_loop=is_in_loop or isinstance(statement, _LOOPS))


@dataclass(frozen=True, slots=True)
class Calls:
    """What one rendering asks at most: calls that are the same each time, by what they ask, and how many others."""

    constant: frozenset[tuple[str, ...]] = frozenset()
    varying: int = 0

    @property
    def count(self) -> int:
        return len(self.constant) + self.varying

    def __add__(self, other: Calls) -> Calls:
        return Calls(self.constant | other.constant, self.varying + other.varying)


def most_calls(units: Units, filters: Mapping[str, Filter]) -> Calls:
    """The calls of one rendering at most; of a condition's branches only one runs."""
    if not _fetches(units, filters):
        return Calls()
    known = Beginnings(block for block, _ in units)
    own, *included = [_calls_of(block, filters, known) for block, _ in units]
    inside = sum(included, Calls())
    if inside.varying and any(_includes_in_loop(block) for block, _ in units):
        return own + Calls(inside.constant, ANY_NUMBER)
    return own + inside


def _fetches(units: Units, filters: Mapping[str, Filter]) -> bool:
    return any(call.fetches for block, _ in units for call in calls_in(block, filters))


def _includes_in_loop(block: Block) -> bool:
    loops = (each for each in statements_in(block) if isinstance(each, _LOOPS))
    inside = (each for loop in loops for body in blocks_of(loop) for each in statements_in(body))
    return any(isinstance(each, nodes.Include | nodes.Partial) for each in inside)


def runs_unknown(block: Block, filters: Mapping[str, Filter]) -> bool:
    """Whether other texts are run, which may fetch too."""
    if not any(each.fetches for each in filters.values()):
        return False
    return any(isinstance(each, nodes.Include | nodes.Partial) for each in statements_in(block)) or any(
        call.shares_scope or call.includes for call in calls_in(block, filters)
    )


def _calls_of(block: Block, filters: Mapping[str, Filter], known: Beginnings) -> Calls:
    return sum((_calls_of_one(statement, filters, known) for statement in block), Calls())


def _calls_of_one(statement: Statement, filters: Mapping[str, Filter], known: Beginnings) -> Calls:
    found = sum((_call(call, known) for call in _own_calls(statement, filters)), Calls())
    inner = [_calls_of(each, filters, known) for each in blocks_of(statement)]
    if isinstance(statement, nodes.If | nodes.Case):
        return found + max(inner, key=lambda each: each.count, default=Calls())
    inside = sum(inner, Calls())
    if isinstance(statement, _LOOPS) and inside.varying:
        return found + Calls(inside.constant, ANY_NUMBER)
    return found + inside


def _call(call: nodes.FilterCall, known: Beginnings) -> Calls:
    given = (call.target, *call.arguments, *(value for _, value in call.options))
    if not all(known.is_constant(each) for each in given):
        return Calls(varying=1)
    return Calls(frozenset({(call.name, *(known.of(each)[0].text for each in given))}))


def _own_calls(statement: Statement, filters: Mapping[str, Filter]) -> Iterator[nodes.FilterCall]:
    """The calls directly in a statement that fetch."""
    for expression in expressions_of(statement):
        for found in expressions_in(expression):
            if isinstance(found, nodes.FilterCall) and found.name in filters and filters[found.name].fetches:
                yield found


def _site(call: nodes.FilterCall, known: Beginnings, is_in_loop: bool) -> FetchSite:
    return FetchSite(
        call.place.line,
        call.place.column,
        call.name,
        _is_post(call),
        tuple(_address(each) for each in known.of(call.target)),
        is_in_loop and _call(call, known).varying > 0,
        known.paths(call.target),
    )


def _address(begins: Beginning) -> str:
    """How an address begins; one that is a host and nothing else ends in the / that it means."""
    host = begins.text.partition("://")[2]
    return f"{begins.text}/" if begins.is_whole and host and not any(mark in host for mark in "/?#") else begins.text


def _is_post(call: nodes.FilterCall) -> bool:
    methods = (value for name, value in call.options if name == "method")
    written = (str(each.value).strip().lower() for each in methods if isinstance(each, nodes.Literal))
    return "post" in call.name.lower() or "post" in written
