"""The function that is being written: its lines, the names in it, and where it writes just now."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count as counting
from typing import Any

from livemerge.template.filters import Filter
from livemerge.template.findings import Source
from livemerge.template.generate.manner import Manner
from livemerge.template.limits import MAX_LINES, MAX_LOOP_NESTING
from livemerge.template.nodes import Block, Expression, Place, Statement
from livemerge.template.wire import Encoding

STATEMENT_WORK = 5  # units that any statement takes


@dataclass(frozen=True, slots=True)
class Sink:
    """Where generated code writes: the names of the list and its append, and how. `is_inner`: a text of its own."""

    output: str
    append: str
    encoding: Encoding
    is_inner: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same while one function is written."""

    source: Source
    manner: Manner
    filters: Mapping[str, Filter]
    encoding: Encoding
    text_encoding: Encoding  # of captures
    statements: Mapping[type[Statement], Callable[[Function, Any], None]]
    expressions: Mapping[type[Expression], Callable[[Function, Any], str]]
    is_shared: bool  # variables are kept where other templates see them
    resumes: bool  # a loop may ask where the last one stopped
    has_frame: bool
    has_chains: bool


@dataclass(slots=True)
class Function:
    """One function while it is written."""

    setting: Setting
    sink: Sink
    is_traced: bool
    variables: Mapping[str, str] = field(default_factory=dict)  # names the template sets → Python names
    counters: frozenset[str] = frozenset()
    place: Place | None = None  # of the statement that is being written
    lines: list[str] = field(default_factory=list)
    places: dict[int, Place] = field(default_factory=dict)  # by the number of a line, from 1
    constants: dict[str, object] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)  # names of the data → Python names
    views: dict[str, str] = field(default_factory=dict)  # of names that are stepped into
    scopes: list[dict[str, str]] = field(default_factory=list)  # names that loops and blocks give, innermost last
    states: dict[str, Mapping[str, str]] = field(default_factory=dict)  # of loops: their names' values as Python
    kinds: dict[str, str] = field(default_factory=dict)  # of expressions that are certainly a `number` or a `boolean`
    of_data: set[str] = field(default_factory=set)  # names of the items of loops over the data
    loops: list[str] = field(default_factory=list)  # what an interrupt leaves: `for`, or the name that keeps it
    table: str = "P"  # the name of what holds the pieces that can be written by name
    outputs: int = 0  # values written so far
    work: int = 0  # units that what is written takes at least, once: see generate.work
    repeated: frozenset[Hashable] = frozenset()  # the spellings of values that are written more than once
    _known: list[dict[Hashable, str]] = field(default_factory=lambda: [{}])  # by block: what was written → its name
    _indent: int = 1
    _numbers: Iterator[int] = field(default_factory=counting)
    _pieces: list[tuple[str, Place | None]] = field(default_factory=list)  # written, but not emitted yet

    # --- lines ---

    def emit(self, line: str) -> None:
        """A statement; what was written before it comes first."""
        self.flush()
        self._line(line, self.place)

    def piece(self, expression: str) -> None:
        """Something that is written here; pieces that follow each other are written in one go."""
        self._pieces.append((expression, self.place))

    def flush(self) -> None:
        """Emits the pieces that wait."""
        pieces, self._pieces = self._pieces, []
        if len(pieces) == 1:
            self._line(f"{self.sink.append}({pieces[0][0]})", pieces[0][1])
        elif pieces:
            self._line(f"{self.sink.output} += (", pieces[0][1])
            for expression, place in pieces:
                self._line(f" {expression},", place)
            self._line(")", None)

    def _line(self, line: str, place: Place | None) -> None:
        self.lines.append(" " * self._indent + line)
        if len(self.lines) > MAX_LINES:
            what = f"the template becomes a program of more than {MAX_LINES} lines"
            raise self.setting.source.error(what, place or Place(1, 1), "move some of it into templates of their own")
        if place is not None:
            self.places[len(self.lines)] = place

    @contextmanager
    def indented(self) -> Iterator[None]:
        """A block of Python around what is written inside."""
        self._indent += 1
        self._known.append({})
        before = len(self.lines)
        yield
        self.flush()
        if len(self.lines) == before:
            self.emit("pass")
        self._known.pop()
        self._indent -= 1

    # --- names ---

    def fresh(self, letter: str) -> str:
        """A name nothing else has."""
        return f"{letter}{next(self._numbers)}"

    def constant(self, value: object) -> str:
        """The name of an object that generated code uses."""
        name = self.fresh("K")
        self.constants[name] = value
        return name

    def named(self, expression: str) -> tuple[str, str]:
        """A name for an expression's value, and the expression that gives it that name when it is looked at."""
        if expression.isidentifier():
            return expression, expression
        name = self.fresh("t")
        return name, f"({name} := {expression})"

    def simple(self, expression: str) -> str:
        """A name that holds the value of an expression."""
        if expression.isidentifier():
            return expression
        name = self.fresh("t")
        self.emit(f"{name} = {expression}")
        return name

    def name_of(self, key: Hashable) -> str:
        """The name of something that was certainly evaluated before; empty for none."""
        return next((known[key] for known in self._known if key in known), "")

    def name_from_here(self, key: Hashable, expression: str) -> str:
        """An expression that gives its value a name for the rest of this block of Python."""
        name = self._known[-1][key] = self.fresh("p")
        return f"({name} := {expression})"

    # --- the tree ---

    def block(self, block: Block) -> None:
        """Writes the statements of a block."""
        for statement in block:
            self.place = statement.place
            self.work += STATEMENT_WORK
            self.setting.statements[type(statement)](self, statement)

    def inline(self, node: Expression) -> str:
        """An expression's value as one Python expression, evaluated where it stands."""
        return self.setting.expressions[type(node)](self, node)

    # --- what is around ---

    @contextmanager
    def nested_loop(self, kind: str, scope: dict[str, str]) -> Iterator[None]:
        """A loop around what is written inside, and the names it gives."""
        if len(self.loops) >= MAX_LOOP_NESTING:
            place = self.place or Place(1, 1)
            raise self.setting.source.error(f"loops are nested deeper than {MAX_LOOP_NESTING}", place)
        self.loops.append(kind)
        self.scopes.append(scope)
        yield
        self.scopes.pop()
        self.loops.pop()

    @contextmanager
    def weighed(self, least: int = 0) -> Iterator[str]:
        """The name of the work that what is written inside takes each time; it does not count for what is around."""
        around, self.work = self.work, 0
        name = self.fresh("K")
        yield name
        self.constants[name] = max(self.work, least)
        self.work = around

    def alternative(self, block: Block) -> int:
        """Writes a block that is run in some cases only. Gives its work, which does not count yet."""
        before = self.work
        with self.indented():
            self.block(block)
        taken, self.work = self.work - before, before
        return taken

    @contextmanager
    def writing_to(self, sink: Sink) -> Iterator[None]:
        """Another sink for what is written inside."""
        self.flush()
        outer, self.sink = self.sink, sink
        yield
        self.flush()
        self.sink = outer

    @contextmanager
    def inner_function(self, name: str, arguments: str, sink: Sink | None = None) -> Iterator[None]:
        """A Python function inside ours around what is written inside; it knows nothing that was evaluated outside."""
        self.emit(f"def {name}({arguments}):")
        (loops, self.loops), (known, self._known) = (self.loops, []), (self._known, [{}])
        with self.writing_to(sink or Sink("o", "a", self.setting.encoding)), self.indented():
            if sink is not None:
                self.emit("o = OUTPUT()")
            self.emit("a = o.append")
            yield
        self.loops, self._known = loops, known

    def inner_sink(self) -> Sink:
        """A sink for a text of its own."""
        return Sink(self.fresh("o"), self.fresh("a"), self.setting.text_encoding, is_inner=True)
