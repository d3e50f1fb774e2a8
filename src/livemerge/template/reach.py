"""Which other templates a template includes by name, directly and through them, and where they include each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from livemerge.template import nodes
from livemerge.template.filters.filter import Filter
from livemerge.template.findings import Finding, Source
from livemerge.template.limits import MAX_INCLUDE_DEPTH
from livemerge.template.nodes import Block, Place, Statement
from livemerge.template.walk import expressions_in, expressions_of, statements_in

MAX_REACHED = 1_000  # templates that one message is made of

Load = Callable[[str], tuple[Block, Source] | None]


@dataclass(slots=True)
class Reach:
    """What is included by name, each template once."""

    templates: list[tuple[Block, Source]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)  # one for each circle
    names: dict[str, Source] = field(default_factory=dict)  # as they are written


def reach_of(block: Block, source: Source, filters: Mapping[str, Filter], load: Load) -> Reach:
    """The templates that a template is made of, in the order they are first named. Raises what `load` raises."""
    reach = Reach()
    _follow(block, source, (), reach, _Names(filters, load))
    return reach


@dataclass(slots=True)
class _Names:
    """Reads which templates a block names, and remembers which were followed."""

    filters: Mapping[str, Filter]
    load: Load
    seen: set[Source] = field(default_factory=set)

    def of(self, block: Block) -> Iterator[tuple[str, Place]]:
        """The names of templates in a block, and where they stand."""
        for statement in statements_in(block):
            if isinstance(statement, nodes.Include | nodes.Partial):
                yield from _literal(statement.name, statement.place)
            elif isinstance(statement, nodes.Import | nodes.Extends):
                yield from _literal(statement.template, statement.place)
            for call in self.calls_of(statement):
                yield from _literal(call.target, call.place)

    def calls_of(self, statement: Statement) -> Iterator[nodes.FilterCall]:
        """The calls in a statement's own expressions that write another template."""
        for expression in expressions_of(statement):
            for found in expressions_in(expression):
                if isinstance(found, nodes.FilterCall) and (call := self.filters.get(found.name)) and call.includes:
                    yield found


def _literal(name: nodes.Expression, place: Place) -> Iterator[tuple[str, Place]]:
    if isinstance(name, nodes.Literal) and isinstance(name.value, str):
        yield str.__str__(name.value), place


def _follow(block: Block, source: Source, around: tuple[Source, ...], reach: Reach, names: _Names) -> None:
    path = (*around, source)
    if len(path) > MAX_INCLUDE_DEPTH:  # nothing deeper can be rendered
        return
    for name, place in names.of(block):
        found = names.load(name)
        if found is None:
            continue
        inner = reach.names[name] = found[1]
        if inner in path or inner.name in [each.name for each in path if each.name]:
            reach.findings.append(_circle(path, inner, source, place))
        elif inner not in names.seen and len(reach.templates) < MAX_REACHED:
            names.seen.add(inner)
            reach.templates.append(found)
            _follow(found[0], inner, path, reach, names)


def _circle(path: tuple[Source, ...], inner: Source, source: Source, place: Place) -> Finding:
    start = next(at for at, each in enumerate(path) if each is inner or each.name == inner.name)
    way = " → ".join([*(each.name for each in path[start:]), inner.name])
    what = f"templates include each other in a circle: {way}"
    advice = "Take one of these includes out: a message would go round until the limit stops it."
    return source.finding("circular-include", "warning", what, place, advice)
