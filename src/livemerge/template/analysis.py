"""Which fields a template reads, where, how, and behind which guards; and what in it cannot be rendered.

The walk follows the template as it runs: a variable stands for the fields its value came from, a loop's name for
the items of its list (`items[]`), and inside a branch every field its conditions looked at is guarded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from livemerge.template import nodes
from livemerge.template.certain import filled_by, is_filled
from livemerge.template.filters import Filter
from livemerge.template.findings import Finding, Read, Source, Usage
from livemerge.template.limits import MAX_INCLUDE_DEPTH
from livemerge.template.nodes import Block, Expression
from livemerge.template.walk import filter_problem

_SAME_LIST = frozenset({"where", "reject", "sort", "sort_natural", "reverse", "uniq", "compact", "concat", "slice"})
_ONE_ITEM = frozenset({"first", "last", "find"})
_COMPARING = frozenset({"equals", "differs", "above", "below", "not_above", "not_below"})
_UNTOLD = frozenset({"v", "attribute", "is_true"})  # what a language's values pass through anyway
_MAX_ORIGINS = 50  # fields one variable is followed to
_MAX_OPERATIONS = 20  # filters and comparisons remembered for one read
_MAX_PATH_CHARACTERS = 300
_MAX_ALTERNATIVES = 12  # paths one read may have instead of its likeliest
MAX_ANALYSED_PARTIALS = 1_000  # calls of partials that are followed for one template
BLOCK_NAME = "@partial-block"
_LOOP_NAMES = frozenset({"forloop", "tablerowloop"})


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a value came from: a field's path, what was done to it on the way, whether a fallback stands in."""

    path: str
    place: nodes.Place
    operations: tuple[str, ...] = ()
    has_fallback: bool = False
    is_exact: bool = True  # a step into the value is a step into the field
    alternatives: tuple[str, ...] = ()  # paths it may have come from instead


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of a template that can be written by name, and what its own names stand for."""

    fragment: nodes.Fragment
    names: _Names
    walker: _Walker


_Origins = tuple[_Origin, ...]
_Names = dict[str, _Origins]
_Guards = frozenset[str]
_NONE: _Guards = frozenset()


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a template needs and what is wrong with it."""

    fields: frozenset[str]
    reads: tuple[Read, ...]
    findings: tuple[Finding, ...]


def analyse(
    block: Block,
    source: Source,
    filters: Mapping[str, Filter],
    load: Callable[[str], tuple[Block, Source] | None],
    before: Block = (),
) -> Analysis:
    """The analysis of a tree. `load` gives the trees of templates included by name, None for unknown ones.

    `before` has run before, and its variables are known; its own reads and findings are told elsewhere.
    """
    walker = _Walker(source, filters, load)
    names: _Names = {}
    if before:
        walker.block(before, names, _NONE)
        walker.reads.clear()
        walker.findings.clear()
    walker.block(block, names, _NONE)
    reads = tuple(dict.fromkeys(walker.reads))
    fields = frozenset(path for read in reads for path in read.paths)
    return Analysis(fields, reads, tuple(dict.fromkeys(walker.findings)))


@dataclass(slots=True)
class _Walker:
    source: Source
    filters: Mapping[str, Filter]
    load: Callable[[str], tuple[Block, Source] | None]
    reads: list[Read] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    depth: int = 0
    branches: int = 0  # arms of conditions around this place
    base: _Origins | None = None  # what the template's data is, where that is not all of the data
    pieces: Mapping[str, _Piece] = field(default_factory=dict)  # that can be written by name
    active: tuple[str, ...] = ()  # templates around this one
    budget: list[int] = field(default_factory=lambda: [MAX_ANALYSED_PARTIALS])
    filled: frozenset[str] = _NONE  # names that surely have a value here

    # --- statements ---

    def block(self, block: Block, names: _Names, guards: _Guards) -> None:
        for statement in block:
            _STATEMENTS[type(statement)](self, statement, names, guards)

    def nothing(self, _node: Any, _names: _Names, _guards: _Guards) -> None:
        """Statements that read no field."""

    def output(self, node: nodes.Output, names: _Names, guards: _Guards) -> None:
        self.use(node.value, names, guards, "output")

    def if_chain(self, node: nodes.If, names: _Names, guards: _Guards) -> None:
        looked_at, known, after = guards, self.filled, list[frozenset[str]]()
        self.branches += 1
        for branch in node.branches:
            self.filled = known
            self.condition(branch.condition, names, looked_at)
            self.filled |= filled_by(branch.condition, is_taken=True)
            self.block(branch.body, names, looked_at | self.tested(branch.condition, names, True))
            after.append(self.filled)
            looked_at |= self.tested(branch.condition, names, False)
            known |= filled_by(branch.condition, is_taken=False)
        self.filled = known
        self.block(node.otherwise, names, looked_at)
        self.filled = self.filled.intersection(*after)
        self.branches -= 1

    def case(self, node: nodes.Case, names: _Names, guards: _Guards) -> None:
        values = [value for arm in node.arms for value in arm.values or ()]
        kinds = tuple(dict.fromkeys(_kind_of(value) for value in values))
        for origin in self.origins(node.subject, names, guards):
            self.read(replace(origin, operations=origin.operations + kinds), guards, "condition")
        for value in values:
            self.use(value, names, guards, "condition")
        inside = guards | self.paths(node.subject, names)
        self.branches += 1
        for arm in node.arms:
            self.block(arm.body, names, inside)
        self.branches -= 1

    def loop(self, node: nodes.For | nodes.TableRow, names: _Names, guards: _Guards) -> None:
        origins = self.use(node.items, names, guards, "loop")
        for argument in (node.limit, node.offset, getattr(node, "columns", None)):
            if argument is not None:
                self.use(argument, names, guards, "argument")
        outer = names.get(node.name)
        items = tuple(_item(origin) for origin in origins if origin.is_exact)
        names[node.name] = items
        inside = guards | {origin.path for origin in origins}
        before = self.filled
        self.block(node.body, names, inside)
        self.filled &= before  # the list may be empty
        if outer is None:
            names.pop(node.name, None)
        else:
            names[node.name] = outer
        if isinstance(node, nodes.For):
            self.block(node.otherwise, names, inside)

    def assign(self, node: nodes.Assign, names: _Names, guards: _Guards) -> None:
        """A variable stands for its value's fields; set in a branch, also for those it stood for before."""
        origins = self.use(node.value, names, guards, "argument")
        before = names.get(node.name, ()) if self.branches else ()
        names[node.name] = tuple(dict.fromkeys(before + origins))[:_MAX_ORIGINS]
        own = frozenset({node.name})
        self.filled = self.filled | own if is_filled(node.value, self.filled) else self.filled - own

    def capture(self, node: nodes.Capture, names: _Names, guards: _Guards) -> None:
        self.block(node.body, names, guards)
        names[node.name] = ()

    def counter(self, node: nodes.Counter, names: _Names, _guards: _Guards) -> None:
        names.setdefault(node.name, ())

    def cycle(self, node: nodes.Cycle, names: _Names, guards: _Guards) -> None:
        for value in node.values:
            self.use(value, names, guards, "output")
        if node.group is not None:
            self.origins(node.group, names, guards, is_read=False)

    def if_changed(self, node: nodes.IfChanged, names: _Names, guards: _Guards) -> None:
        self.block(node.body, names, guards)

    def unsupported(self, _node: nodes.Unsupported, _names: _Names, _guards: _Guards) -> None:
        """The front end has reported it."""

    def include(self, node: nodes.Include, names: _Names, guards: _Guards) -> None:
        given = {name: self.use(value, names, guards, "argument") for name, value in node.arguments}
        if node.bound is not None:
            origins = self.use(node.bound, names, guards, "argument")
            alias = node.alias or _included_name(node)
            given[alias] = tuple(_item(origin) if node.repeats else origin for origin in origins)
        name = node.name.value if isinstance(node.name, nodes.Literal) else None
        found = self.load(name) if isinstance(name, str) else None
        if found is None:
            self.unknown_include(node)
        elif self.depth < MAX_INCLUDE_DEPTH:
            self.included(found, given if node.is_isolated else {**names, **given}, names, node, guards)

    def included(
        self, found: tuple[Block, Source], given: _Names, names: _Names, node: nodes.Include, guards: _Guards
    ) -> None:
        inner = _Walker(found[1], self.filters, self.load, self.reads, self.findings, self.depth + 1)
        inner.block(found[0], given, guards)
        if not node.is_isolated:
            arguments = {name for name, _ in node.arguments}
            names.update({name: value for name, value in given.items() if name not in arguments})

    def content(self, node: nodes.FilterCall, names: _Names, guards: _Guards) -> None:
        """Another template that a function writes with our variables."""
        name = node.target.value if isinstance(node.target, nodes.Literal) else None
        found = self.load(str.__str__(name)) if isinstance(name, str) else None
        self.budget[0] -= 1
        if found is None:
            self.unknown_include(nodes.Include(node.target, False, (), node.place))
        elif self.depth < MAX_INCLUDE_DEPTH and self.budget[0] >= 0:
            inner = _Walker(found[1], self.filters, self.load, self.reads, self.findings, self.depth + 1)
            inner.budget = self.budget
            inner.block(found[0], names, guards)
            self.filled = _NONE

    def unknown_include(self, node: nodes.Include) -> None:
        if isinstance(node.name, nodes.Literal):
            what = f"the included template `{node.name.value}` is not there yet"
        else:
            what = "the name of an included template is known only while rendering"
            self.origins(node.name, {}, _NONE)
        advice = "its fields are not known; give it when compiling"
        self.findings.append(self.source.finding("unknown-include", "warning", what, node.place, advice))

    # --- contexts, and pieces of templates in each other ---

    def bind(self, node: nodes.Bind, names: _Names, guards: _Guards) -> None:
        """A name for a value; reading it is told where the name is used."""
        bound = {**names, node.name: self.origins(node.value, names, guards)}
        self.block(node.body, bound, guards)

    def each(self, node: nodes.Each, names: _Names, guards: _Guards) -> None:
        origins = self.use(node.items, names, guards, "loop" if node.outer is None else "condition")
        items = tuple(_item(origin) for origin in origins if origin.is_exact and origin.path)
        if node.outer is not None:
            outer = self.origins(node.outer, names, guards, is_read=False)
            items = _section_items(items, origins, outer)
        inside = guards | {origin.path for origin in origins}
        own = {f"{node.name}.{word}": () for word in ("index", "key", "first", "last", "loops")}
        self.branches += 1
        self.block(node.body, {**names, **own, node.name: items}, inside)
        self.block(node.otherwise, names, inside)
        self.branches -= 1

    def define(self, node: nodes.Define, names: _Names, guards: _Guards) -> None:
        outer, self.pieces = self.pieces, dict(self.pieces)
        self.pieces.update({name: _Piece(fragment, names, self) for name, fragment in node.fragments})
        self.block(node.body, names, guards)
        self.pieces = outer

    def partial(self, node: nodes.Partial, names: _Names, guards: _Guards) -> None:
        """Walks what a partial writes, with its context as the data; each template at most twice in itself."""
        arguments = {name: self.use(value, names, guards, "argument") for name, value in node.arguments}
        context = self.origins(node.context, names, guards)
        name = node.name.value if isinstance(node.name, nodes.Literal) else None
        if name is None:
            self.use(node.name, names, guards, "argument")
        pieces = {**self.pieces, **{key: _Piece(each, names, self) for key, each in node.fragments}}
        if node.block is not None:
            pieces[BLOCK_NAME] = _Piece(node.block, names, self)
        self.budget[0] -= 1
        is_circle = name != BLOCK_NAME and isinstance(name, str) and self.active.count(name) > 1
        if is_circle or self.budget[0] < 0 or self.depth >= MAX_INCLUDE_DEPTH:
            return
        found = pieces.get(name) if isinstance(name, str) else None
        loaded = self.load(name) if isinstance(name, str) and found is None else None
        if loaded is not None:
            inner = self.inner(loaded[1], context, pieces, (*self.active, str(name)))
            inner.block(loaded[0], arguments, guards)
        elif found is None and node.fallback is not None:
            found = _Piece(node.fallback, names, self)
        if found is not None:
            piece = found
            if name == BLOCK_NAME:  # a block's own block is that of the template it stands in
                pieces.pop(BLOCK_NAME, None)
                pieces |= {key: each for key, each in piece.walker.pieces.items() if key == BLOCK_NAME}
            inner = piece.walker.inner(piece.walker.source, piece.walker.base, pieces, (*self.active, str(name)))
            inner.block(piece.fragment.body, {**piece.names, piece.fragment.name: context}, guards)
        elif loaded is None and name != BLOCK_NAME:
            self.unknown_include(nodes.Include(node.name, True, (), node.place))

    def inner(
        self, source: Source, base: _Origins | None, pieces: Mapping[str, _Piece], active: tuple[str, ...]
    ) -> _Walker:
        """A walker for another template, whose reads and findings are ours too."""
        return _Walker(
            source,
            self.filters,
            self.load,
            self.reads,
            self.findings,
            self.depth + 1,
            self.branches,
            base,
            pieces,
            active,
            self.budget,
        )

    # --- conditions ---

    def condition(self, node: Expression, names: _Names, guards: _Guards) -> None:
        """Records what a condition reads, with the kind of each comparison."""
        if isinstance(node, nodes.Logic):
            self.condition(node.left, names, guards)
            self.condition(node.right, names, guards | self.tested(node.left, names, node.operator == "and"))
        elif isinstance(node, nodes.Not):
            self.condition(node.operand, names, guards)
        elif isinstance(node, nodes.Comparison):
            self.compared(node.left, node, node.right, names, guards)
            self.compared(node.right, node, node.left, names, guards)
        else:
            self.use(node, names, guards, "condition")

    def compared(
        self, side: Expression, node: nodes.Comparison, other: Expression, names: _Names, guards: _Guards
    ) -> None:
        kind = "contains" if node.operator == "contains" else _kind_of(other)
        for origin in self.origins(side, names, guards):
            self.read(replace(origin, operations=(*origin.operations, kind)), guards, "condition")

    def tested(self, node: Expression, names: _Names, is_taken: bool) -> _Guards:
        """The paths every way through a condition has looked at, where it came out true or false."""
        if isinstance(node, nodes.Not):
            return self.tested(node.operand, names, not is_taken)
        if not isinstance(node, nodes.Logic):
            return self.paths(node, names)
        first = self.tested(node.left, names, is_taken)
        if (node.operator == "and") is is_taken:
            return first | self.tested(node.right, names, is_taken)
        return self.paths_looked_at_first(node, names)

    def paths_looked_at_first(self, node: nodes.Logic, names: _Names) -> _Guards:
        left = node.left
        while isinstance(left, nodes.Logic):
            left = left.left
        return self.paths(left, names)

    def paths(self, node: Expression, names: _Names) -> _Guards:
        """The paths of an expression, without recording that they are read."""
        return frozenset(origin.path for origin in self.origins(node, names, _NONE, is_read=False))

    # --- expressions ---

    def use(self, node: Expression, names: _Names, guards: _Guards, usage: Usage) -> _Origins:
        """Records that an expression's fields are used, and gives their origins."""
        origins = self.origins(node, names, guards)
        for origin in origins:
            self.read(origin, guards, usage)
        return origins

    def read(self, origin: _Origin, guards: _Guards, usage: Usage) -> None:
        if not origin.path:
            self.reads_everything(origin.place)
            return
        self.reads.append(
            Read(
                origin.path,
                origin.place.line,
                origin.place.column,
                usage,
                _is_guarded(origin.path, guards),
                origin.has_fallback,
                origin.operations,
                alternatives=tuple((path, _is_guarded(path, guards)) for path in origin.alternatives if path),
            )
        )

    def origins(self, node: Expression, names: _Names, guards: _Guards, *, is_read: bool = True) -> _Origins:
        """Where an expression's value comes from. Arguments of filters and indexes are recorded as read."""
        if isinstance(node, nodes.Path):
            return self.path(node, names, guards, is_read)
        if isinstance(node, nodes.FilterCall):
            return self.filtered(node, names, guards, is_read)
        if isinstance(node, nodes.Range):
            both = self.origins(node.start, names, guards, is_read=is_read)
            both += self.origins(node.end, names, guards, is_read=is_read)
            return tuple(replace(origin, is_exact=False) for origin in both)
        if isinstance(node, nodes.Comparison | nodes.Logic):
            both = self.origins(node.left, names, guards, is_read=is_read)
            return both + self.origins(node.right, names, guards, is_read=is_read)
        if isinstance(node, nodes.Not):
            return self.origins(node.operand, names, guards, is_read=is_read)
        if isinstance(node, nodes.Choice):
            return self.choice(node, names, guards, is_read)
        if isinstance(node, nodes.Context):
            return self.context(node, names, guards)
        return ()

    def choice(self, node: nodes.Choice, names: _Names, guards: _Guards, is_read: bool) -> _Origins:
        """One of two values: what the condition has looked at has the other value for a fallback."""
        if is_read:
            self.condition(node.condition, names, guards)
        tested = self.paths(node.condition, names)
        first, second = (
            self.origins(each, names, guards | tested, is_read=is_read) for each in (node.first, node.second)
        )
        both = (
            replace(origin, has_fallback=origin.has_fallback or (origin.path in tested and _is_filled(other)))
            for origins, other in ((first, node.second), (second, node.first))
            for origin in origins
        )
        return tuple(dict.fromkeys(both))[:_MAX_ORIGINS]

    def context(self, node: nodes.Context, names: _Names, guards: _Guards) -> _Origins:
        """Where what stands at the start of a path comes from; the origin of all the data has no path."""
        if isinstance(node, nodes.Data):
            return (_Origin("", node.place),) if self.base is None or node.is_whole else self.base
        if isinstance(node, nodes.Around):
            return self.origins(node.likely, names, guards, is_read=False) if node.likely is not None else ()
        if isinstance(node, nodes.Private):
            return ()
        found = [self.origins(each, names, guards, is_read=False) for each in node.contexts]
        return _one_of([_stepped(origin, (nodes.Literal(node.name, node.place),)) for each in found for origin in each])

    def reads_everything(self, place: nodes.Place) -> None:
        what = "this reads all of the data, so its fields are known only while rendering"
        self.findings.append(self.source.finding("dynamic-field", "warning", what, place, "write the field's name"))

    def path(self, node: nodes.Path, names: _Names, guards: _Guards, is_read: bool) -> _Origins:
        for inner in (node.root, *(key.key for key in node.steps if isinstance(key, nodes.Index))):
            if is_read and not isinstance(inner, str | nodes.Literal | nodes.Context):
                self.use(inner, names, guards, "argument")
        if isinstance(node.root, nodes.Context):
            roots = self.context(node.root, names, guards)
            return tuple(replace(_stepped(origin, node.steps), place=node.place) for origin in roots)
        if not isinstance(node.root, str):
            self.dynamic_name(node, is_read)
            return ()
        if node.root in _LOOP_NAMES or (node.root.startswith("@") and node.root not in names):
            return ()  # a language's own names are no fields
        if node.root in names:
            is_sure = node.root.startswith("@") and node.root in self.filled
            return tuple(
                replace(_stepped(each, node.steps), place=node.place, has_fallback=each.has_fallback or is_sure)
                for each in names[node.root]
            )
        if self.base is not None:
            steps = (nodes.Literal(node.root, node.place), *node.steps)
            return tuple(replace(_stepped(origin, steps), place=node.place) for origin in self.base)
        return (_stepped(_Origin(node.root, node.place), node.steps),)

    def dynamic_name(self, node: nodes.Path, is_read: bool) -> None:
        if is_read:
            what = f"`{node.source}` reads a field whose name is known only while rendering"
            finding = self.source.finding("dynamic-field", "warning", what, node.place, "write the field's name")
            self.findings.append(finding)

    def filtered(self, node: nodes.FilterCall, names: _Names, guards: _Guards, is_read: bool) -> _Origins:
        problem = filter_problem(node, self.filters)
        if problem is not None and is_read:
            self.findings.append(self.source.finding(problem.code, "error", problem.what, node.place, problem.advice))
        target = self.origins(node.target, names, guards, is_read=is_read)
        known = self.filters.get(node.name)
        if is_read and known is not None and known.includes:
            self.content(node, names, guards)
        given = tuple(
            origin
            for argument in (*node.arguments, *(value for _, value in node.options))
            for origin in (self.use(argument, names, guards, "argument") if is_read else ())
        )
        fallback = node.name == "default" and bool(node.arguments) and _is_filled(node.arguments[0])
        combined = given if node.name in ("default", "concat") else ()
        if node.name in _COMPARING and node.arguments:
            kind = _kind_of(node.arguments[0])
            return tuple(replace(origin, operations=(*origin.operations, kind), is_exact=False) for origin in target)
        both = tuple(_filtered(origin, node, fallback) for origin in target) + combined
        return tuple(dict.fromkeys(both))[:_MAX_ORIGINS]


def _included_name(node: nodes.Include) -> str:
    name = node.name.value if isinstance(node.name, nodes.Literal) else ""
    return str(name).rsplit("/", 1)[-1]


def _item(origin: _Origin) -> _Origin:
    alternatives = tuple(f"{path}[]" for path in origin.alternatives)
    return replace(origin, path=f"{origin.path}[]", operations=(), alternatives=alternatives)


def _section_items(items: _Origins, origins: _Origins, outer: _Origins) -> _Origins:
    """A section's context: most likely an item of its list, else its value, else what is around it."""
    around = tuple(path for origin in outer for path in (origin.path, *origin.alternatives))
    values = tuple(path for origin in origins for path in (origin.path, *origin.alternatives) if path)
    others = (values + around)[:_MAX_ALTERNATIVES]
    return tuple(replace(each, alternatives=(each.alternatives + others)[:_MAX_ALTERNATIVES]) for each in items)


def _one_of(origins: list[_Origin]) -> _Origins:
    """One origin that may be any of them; the first is the likeliest."""
    if not origins:
        return ()
    others = (path for origin in origins[1:] for path in (origin.path, *origin.alternatives))
    alternatives = dict.fromkeys((*origins[0].alternatives, *others))
    alternatives.pop(origins[0].path, None)
    return (replace(origins[0], alternatives=tuple(alternatives)[:_MAX_ALTERNATIVES]),)


def _stepped(origin: _Origin, steps: tuple[Expression, ...]) -> _Origin:
    """The origin of a path's value: named steps are dots, numbers are items; any other step ends the path."""
    added = ""
    for step in steps:
        key = step.key if isinstance(step, nodes.Index) else step
        value = key.value if isinstance(key, nodes.Literal) else None
        if not origin.is_exact or value is None or len(origin.path) + len(added) > _MAX_PATH_CHARACTERS:
            return replace(_longer(origin, added), is_exact=False)
        added += "[]" if isinstance(value, int | float) else f".{value}"
    return _longer(origin, added)


def _longer(origin: _Origin, added: str) -> _Origin:
    """An origin with something added to its paths; all of the data has an empty path."""
    alternatives = tuple(dict.fromkeys(f"{path}{added}".removeprefix(".") for path in origin.alternatives))
    return replace(origin, path=f"{origin.path}{added}".removeprefix("."), alternatives=alternatives)


def _filtered(origin: _Origin, node: nodes.FilterCall, fallback: bool) -> _Origin:
    path = origin.path
    if origin.is_exact and node.name in _ONE_ITEM:
        path += "[]"
    elif origin.is_exact and node.name == "map" and node.arguments:
        name = node.arguments[0]
        path += f"[].{name.value}" if isinstance(name, nodes.Literal) else "[]"
    is_exact = origin.is_exact and (node.name in _SAME_LIST | _ONE_ITEM or node.name == "default")
    return replace(
        origin,
        path=path,
        operations=(*origin.operations, *((node.name,) if node.name not in _UNTOLD else ()))[:_MAX_OPERATIONS],
        has_fallback=origin.has_fallback or fallback,
        is_exact=is_exact,
    )


def _is_filled(node: Expression) -> bool:
    """Whether a default is something to show: a literal that is not empty, or anything computed."""
    return not isinstance(node, nodes.Literal) or bool(str(node.value or "").strip()) or node.value == 0


def _kind_of(other: Expression) -> str:
    """What a comparison with this expression takes a field for."""
    if not isinstance(other, nodes.Literal):
        return "compare"
    if isinstance(other.value, bool):
        return "compare_boolean"
    if isinstance(other.value, int | float):
        return "compare_number"
    return "compare_text" if isinstance(other.value, str) else "compare_presence"


def _is_guarded(path: str, guards: _Guards) -> bool:
    """Whether a path, or what it is a part of, was looked at."""
    wholes = (path[:at] for at, character in enumerate(path) if character in ".[")
    return path in guards or any(whole in guards for whole in wholes)


_STATEMENTS: dict[type, Callable[[_Walker, Any, _Names, _Guards], None]] = {
    nodes.Text: _Walker.nothing,
    nodes.Output: _Walker.output,
    nodes.If: _Walker.if_chain,
    nodes.Case: _Walker.case,
    nodes.For: _Walker.loop,
    nodes.Bind: _Walker.bind,
    nodes.Each: _Walker.each,
    nodes.Define: _Walker.define,
    nodes.Partial: _Walker.partial,
    nodes.TableRow: _Walker.loop,
    nodes.Assign: _Walker.assign,
    nodes.Capture: _Walker.capture,
    nodes.Counter: _Walker.counter,
    nodes.Cycle: _Walker.cycle,
    nodes.Interrupt: _Walker.nothing,
    nodes.IfChanged: _Walker.if_changed,
    nodes.Include: _Walker.include,
    nodes.Unsupported: _Walker.nothing,
}
