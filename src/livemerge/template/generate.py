"""Tree to program: one Python function for each template and kind of output, which appends encoded pieces.

The source of the function is made of generated names and of the repr of str, bytes, int and None; everything else
a template says is handed over as an object in the function's namespace. No template text becomes code.

    def program(c, S, o):          context, scope, output
        a = o.append
        d0 = S.data.get('user')                               names of the data, looked up once,
        g0 = d0.get if type(d0) is dict else GETTER(d0)       and how to step into them
        o += [                                                pieces that follow each other, in one go
            b'<p>Hello ',
            E(t1).encode() if type((t1 := g0('name'))) is str and t1.isprintable() else W_auto(t1),
        ]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count as counting
from types import CodeType
from typing import Any

from markupsafe import Markup

from livemerge.template import nodes, runtime
from livemerge.template.calls import CALLS
from livemerge.template.filters import ESCAPING_FILTERS, Filter, default
from livemerge.template.findings import Source
from livemerge.template.limits import MAX_LOOP_NESTING
from livemerge.template.nodes import Block, Expression, Place, Statement
from livemerge.template.runtime import BLANK, EMPTY, Program
from livemerge.template.trace import TracePoint
from livemerge.template.walk import (
    assigned_names,
    calls_in,
    counter_names,
    expressions_in,
    filter_problem,
    has_chains,
    has_frame,
    has_include,
    has_interrupt,
    has_plain_steps,
    has_resume,
    is_plain_step,
    paths_in,
    uses_name,
)
from livemerge.template.wire import Encoding

MAX_INLINE_FILTERS = 6  # filters on one value that are written as one expression
OUTPUTS_BETWEEN_CHECKS = 50  # values written before the size of the output is looked at

_ORDERS = {"<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}


@dataclass(frozen=True, slots=True)
class Manner:
    """What a language does its own way in generated code: calls by another meaning, truth, what literals count as."""

    calls: Mapping[str, object]
    truth: str = "({named} is not None and {name} is not False)"  # of the value that `named` gives the name `name`
    has_escaped_literals: bool = True


LIQUID_MANNER = Manner({})


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program, the template place of each of its lines, and the code of it and its pieces."""

    program: Program
    filename: str
    places: Mapping[int, Place]
    codes: frozenset[CodeType]


@dataclass(slots=True)
class _Sink:
    """Where generated code writes just now: the names of the list and its append, and how."""

    output: str
    append: str
    encoding: Encoding


def generate(
    block: Block,
    source: Source,
    encoding: Encoding,
    text_encoding: Encoding,
    filters: Mapping[str, Filter],
    *,
    is_traced: bool = False,
    shares_scope: bool = False,
    manner: Manner = LIQUID_MANNER,
    before: Block = (),
) -> Compiled:
    """The program of a tree. `text_encoding` writes captures; `shares_scope`: other templates see our variables.

    `before` runs first, for its variables only.
    """
    generator = _Generator(source, encoding, text_encoding, filters, is_traced, manner)
    return generator.compiled(block, shares_scope, before)


class _Generator:
    def __init__(
        self,
        source: Source,
        encoding: Encoding,
        text_encoding: Encoding,
        filters: Mapping[str, Filter],
        is_traced: bool,
        manner: Manner,
    ) -> None:
        self.source = source
        self.manner = manner
        self.text_encoding = text_encoding
        self.filters = filters
        self.is_traced = is_traced
        self.lines: list[str] = []
        self.places: dict[int, Place] = {}
        self.indent = 1
        self.place: Place | None = None
        self.numbers = counting()
        self.constants: dict[str, object] = {}
        self.roots: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.counters: frozenset[str] = frozenset()
        self.scopes: list[dict[str, str]] = []
        self.getters: dict[str, str] = {}  # of variables that are stepped into: how
        self.pieces: list[tuple[str, Place | None]] = []  # written, but not emitted yet
        self.loops: list[str] = []  # what an interrupt leaves: `for`, or the name that keeps it until it can
        self.encoding = encoding
        self.sink = _Sink("o", "a", encoding)
        self.table = "P"  # the name of what holds the pieces that can be written by name
        self.has_frame = False
        self.has_chains = False
        self.is_shared = False
        self.resumes = False
        self.outputs = 0

    def compiled(self, block: Block, shares_scope: bool, before: Block) -> Compiled:
        calls = calls_in((*before, *block), self.filters)
        self.is_shared = shares_scope or has_include(block) or any(each.shares_scope for each in calls)
        self.resumes = has_resume(block) or self.is_shared
        self.counters = counter_names(block)
        if self.manner is not LIQUID_MANNER:
            self.has_chains = has_chains(block)
            self.has_frame = self.has_chains or has_frame(block)
        if not self.is_shared:
            self.variables = {name: f"v{at}" for at, name in enumerate(sorted(assigned_names((*before, *block))))}
        if before:
            self.unwritten(before)
        self.block(block)
        self.flush()
        return self.built()

    def unwritten(self, block: Block) -> None:
        """Runs a block for the variables it sets; nothing of it is written or traced."""
        is_traced, self.is_traced = self.is_traced, False
        self.captured(block)
        self.is_traced = is_traced

    def built(self) -> Compiled:
        prelude = ["def program(c, S, o):", " a = o.append"]
        if self.roots or self.variables:
            prelude.append(" G = S.data.get")
        if self.has_frame:
            prelude += [" F = FRAME(S)", " P = F.partials"]
        if self.has_chains:
            prelude.append(" h = CHAIN(F, S)")
        prelude += [f" {name} = G({root!r})" for root, name in self.roots.items()]
        prelude += [
            f" {name} = {None if root in self.counters else f'G({root!r})'}" for root, name in self.variables.items()
        ]
        prelude += [
            f" {getter} = {name}.get if type({name}) is dict else GETTER({name})"
            for name, getter in self.getters.items()
            if name in self.roots.values()
        ]
        filename = f"<template {self.source.name}>"
        code = compile("\n".join([*prelude, *self.lines, " return None"]), filename, "exec")
        namespace: dict[str, Any] = {**CALLS, **self.manner.calls, **self.namespace(), **self.constants}
        exec(code, namespace)  # noqa: S102  # safe literals and generated names only, see above
        places = {number + len(prelude): place for number, place in self.places.items()}
        program: Program = namespace["program"]
        return Compiled(program, filename, places, frozenset(_codes_in(code)))

    def namespace(self) -> dict[str, object]:
        """What generated code calls that depends on the encoding; names end in the kind of output."""
        names: dict[str, object] = {
            "M": Markup if self.text_encoding.escape else str,
            "Q": self.sink.encoding.static,
        }
        for prefix, encoding in (("W", self.sink.encoding), ("X", self.text_encoding)):
            for escaping, write in encoding.writers.items():
                names[f"{prefix}_{_WRITER_NAMES[escaping]}"] = write
            names[f"{prefix}_static"] = encoding.static
        return names

    # --- lines and names ---

    def emit(self, line: str) -> None:
        """A statement; what was written before it comes first."""
        self.flush()
        self.line(line, self.place)

    def piece(self, expression: str) -> None:
        """Something that is written here; pieces that follow each other are written in one go."""
        self.pieces.append((expression, self.place))

    def flush(self) -> None:
        pieces, self.pieces = self.pieces, []
        if len(pieces) == 1:
            self.line(f"{self.sink.append}({pieces[0][0]})", pieces[0][1])
        elif pieces:
            self.line(f"{self.sink.output} += [", pieces[0][1])
            for expression, place in pieces:
                self.line(f" {expression},", place)
            self.line("]", None)

    def line(self, line: str, place: Place | None) -> None:
        self.lines.append(" " * self.indent + line)
        if place is not None:
            self.places[len(self.lines)] = place

    def fresh(self, letter: str) -> str:
        return f"{letter}{next(self.numbers)}"

    def constant(self, value: object) -> str:
        name = self.fresh("K")
        self.constants[name] = value
        return name

    @contextmanager
    def indented(self) -> Iterator[None]:
        self.indent += 1
        before = len(self.lines)
        yield
        self.flush()
        if len(self.lines) == before:
            self.emit("pass")
        self.indent -= 1

    # --- statements ---

    def block(self, block: Block) -> None:
        for statement in block:
            self.place = statement.place
            STATEMENTS[type(statement)](self, statement)

    def text(self, node: nodes.Text) -> None:
        self.static(node.text)

    def static(self, text: str) -> None:
        piece = self.sink.encoding.static(text)
        if piece:
            self.piece(repr(piece))

    def output(self, node: nodes.Output) -> None:
        if isinstance(node.value, nodes.Literal) and not self.is_traced:
            value = node.value.value
            self.static("" if isinstance(value, runtime.Special) else runtime.text_of(value))
        elif node.absent is not None:
            self.output_or_absent(node)
        else:
            self.write(self.written(node.value), node)

    def output_or_absent(self, node: nodes.Output) -> None:
        """A value, or a fixed text where the data has no such name."""
        name = next(found.root for found in expressions_in(node.value) if isinstance(found, nodes.Path))
        self.emit(f"if S.data.get({name!r}, MISSING) is MISSING:")
        with self.indented():
            self.static(node.absent or "")
        self.emit("else:")
        with self.indented():
            self.write(self.written(node.value), node)

    def written(self, value: Expression) -> str:
        """A value to be written; long chains of filters come first, so that they do not nest."""
        length, inner = 0, value
        while isinstance(inner, nodes.FilterCall):
            length, inner = length + 1, inner.target
        return self.value(value) if length > MAX_INLINE_FILTERS else self.inline(value)

    def write(self, value: str, node: nodes.Output) -> None:
        """Writes the value of an expression, the short way where it is a printable text."""
        encoding = self.sink.encoding
        escaping = "always'" if node.keeps_apostrophe and node.escaping == "always" else node.escaping
        prefix = "X" if self.sink.append != "a" else "W"
        writer = f"{prefix}_{_WRITER_NAMES[escaping]}"
        if encoding.fast and escaping in ("auto", "always"):
            name, named = self.named(value)
            test = f"type({named}) is str and {name}.isprintable()"
            self.piece(f"{encoding.fast.format(name)} if {test} else {writer}({name})")
        else:
            self.piece(f"{writer}({value})")
        if self.is_traced and self.sink.append == "a":
            point = TracePoint(node.place.line, node.place.column, node.source, tuple(paths_in(node.value)))
            self.emit(f"c.trace.append((len(o) - 1, {self.constant(point)}, None))")
        self.outputs += 1
        if self.outputs % OUTPUTS_BETWEEN_CHECKS == 0:
            self.emit(f"CHECK({self.sink.output})")

    def if_chain(self, node: nodes.If) -> None:
        word = "if"
        for branch in node.branches:
            self.place = branch.place
            self.emit(f"{word} {self.decided(branch.condition, branch.source, branch.place)}:")
            with self.indented():
                self.block(branch.body)
            word = "elif"
        if node.otherwise:
            self.emit("else:")
            with self.indented():
                self.block(node.otherwise)

    def decided(self, condition: Expression, source: str, place: Place) -> str:
        """A condition as Python, which in a trace reports which way it went."""
        test = self.truth(condition)
        if not self.is_traced:
            return test
        point = self.constant(TracePoint(place.line, place.column, source, tuple(paths_in(condition))))
        return f"BRANCH(c, {point}, {test})"

    def case(self, node: nodes.Case) -> None:
        subject = self.simple(self.value(node.subject))
        if any(arm.values is None for arm in node.arms):
            done = self.fresh("m")
            self.emit(f"{done} = False")
        else:
            done = ""
        for arm in node.arms:
            self.place = arm.place
            self.arm(arm, subject, done)

    def arm(self, arm: nodes.When, subject: str, done: str) -> None:
        if arm.values is None:
            self.emit(f"if not {done}:")
        else:
            tests = " or ".join(f"EQ({subject}, {self.bare(value)})" for value in arm.values)
            if self.is_traced:
                tests = f"BRANCH(c, {self.constant(TracePoint(arm.place.line, arm.place.column, arm.source))}, {tests})"
            self.emit(f"if {tests}:")
        with self.indented():
            if done and arm.values is not None:
                self.emit(f"{done} = True")
            self.block(arm.body)

    def loop(self, node: nodes.For) -> None:
        items = self.simple(self.sliced(node))
        if node.otherwise:
            self.emit(f"if {items}:")
            with self.indented():
                self.rounds(items, node)
            self.emit("else:")
            with self.indented():
                self.block(node.otherwise)
        else:
            self.rounds(items, node)

    def sliced(self, node: nodes.For) -> str:
        """The items a loop goes over, as a Python expression."""
        value = self.value(node.items)
        if node.limit or node.offset or self.resumes:
            limit = self.value(node.limit) if node.limit else "None"
            offset = self.value(node.offset) if node.offset else "None"
            flags = f"{node.resumes}, {node.is_reversed}"
            return f"PART({value}, c, {node.key!r}, {limit}, {offset}, {flags})"
        return f"ITEMS({value}){'[::-1]' if node.is_reversed else ''}"

    def rounds(self, items: str, node: nodes.For) -> None:
        """The Python loop of a loop."""
        scope = {node.name: self.fresh("x")}
        needs_state = self.is_shared or uses_name(node.body, "forloop")
        if needs_state:
            state = self.fresh("f")
            parent = self.outer_state()
            self.emit(f"{state} = FORLOOP({node.key!r}, len({items}), {parent})")
            scope["forloop"] = state
        shared = self.shared_names(scope)
        self.emit(f"for {scope[node.name]} in ROUNDS(c, {items}, {self.sink.output}):")
        with self.nested_loop("for", scope), self.indented():
            if needs_state:
                self.emit(f"{scope['forloop']}.index0 += 1")
            if has_plain_steps(node.body, node.name):
                item = scope[node.name]
                getter = self.getters[item] = f"g{item}"
                self.emit(f"{getter} = {item}.get if type({item}) is dict else GETTER({item})")
            if shared:
                self.emit(f"{shared}[{node.name!r}] = {scope[node.name]}")
            self.block(node.body)
        if shared:
            self.emit("S.pop()")

    def outer_state(self) -> str:
        found = next((scope["forloop"] for scope in reversed(self.scopes) if "forloop" in scope), None)
        return found or ("S.get('forloop', EMPTY_DICT)" if self.is_shared else "None")

    def shared_names(self, scope: Mapping[str, str]) -> str:
        """The name of a mapping that shows a loop's names to other templates; empty where there are none."""
        if not self.is_shared:
            return ""
        shared = self.fresh("s")
        pairs = ", ".join(f"{name!r}: {variable}" for name, variable in scope.items() if name == "forloop")
        self.emit(f"{shared} = S.push({{{pairs}}})")
        return shared

    @contextmanager
    def nested_loop(self, kind: str, scope: dict[str, str]) -> Iterator[None]:
        self.loops.append(kind)
        if len(self.loops) > MAX_LOOP_NESTING:
            place = self.place or Place(1, 1)
            raise self.source.error(f"loops are nested deeper than {MAX_LOOP_NESTING}", place)
        self.scopes.append(scope)
        yield
        self.scopes.pop()
        self.loops.pop()

    # --- contexts, and pieces of templates in each other ---

    def bind(self, node: nodes.Bind) -> None:
        held = self.fresh("x")
        self.emit(f"{held} = {self.inline(node.value)}")
        scope = {node.name: held}
        if self.has_chains and node.around is not None:
            chain = scope[f"{node.name}.chain"] = self.fresh("h")
            self.emit(f"{chain} = ({held}, {self.chain(node.around)})")
        self.scopes.append(scope)
        self.keep_getter(held, node.name, node.body)
        self.block(node.body)
        self.scopes.pop()

    def keep_getter(self, held: str, name: str, body: Block) -> None:
        if has_plain_steps(body, name):
            getter = self.getters[held] = f"g{held}"
            self.emit(f"{getter} = {held}.get if type({held}) is dict else GETTER({held})")

    def each(self, node: nodes.Each) -> None:
        items, extra = self.fresh("t"), self.fresh("t")
        if node.outer is None:
            self.emit(f"{items}, {extra} = EACH({self.value(node.items)})")
        else:
            self.emit(f"{extra}, {items} = SECTION({self.value(node.items)}, {self.inline(node.outer)})")
        if self.is_traced:
            point = self.constant(TracePoint(node.place.line, node.place.column, node.source))
            self.emit(f"BRANCH(c, {point}, len({items}) > 0)")
        if not node.otherwise:
            self.each_round(node, items, extra)
            return
        self.emit(f"if {items}:")
        with self.indented():
            self.each_round(node, items, extra)
        self.emit("else:")
        with self.indented():
            self.block(node.otherwise)

    def each_round(self, node: nodes.Each, items: str, extra: str) -> None:
        held, at = self.fresh("x"), self.fresh("i")
        is_section = node.outer is not None
        scope = {
            node.name: held,
            f"{node.name}.index": at,
            f"{node.name}.key": at if is_section else f"({at} if {extra} is None else {extra}[{at}])",
            f"{node.name}.first": f"({at} == 0)",
            f"{node.name}.last": f"({at} == len({items}) - 1)",
            f"{node.name}.loops": extra if is_section else "True",
        }
        self.emit(f"for {at}, {held} in enumerate(ROUNDS(c, {items}, {self.sink.output})):")
        with self.nested_loop("for", scope), self.indented():
            if self.has_chains:
                chain = scope[f"{node.name}.chain"] = self.fresh("h")
                around = self.chain(node.around)
                same = f"{around} if {held} is {around}[0] else " if is_section else ""
                self.emit(f"{chain} = {same}({held}, {around})")
            self.keep_getter(held, node.name, node.body)
            self.block(node.body)

    def chain(self, scope: str) -> str:
        """The name of the contexts around, from that of a scope."""
        if not scope:
            return "h"
        return next(found[f"{scope}.chain"] for found in reversed(self.scopes) if f"{scope}.chain" in found)

    def fragment(self, node: nodes.Fragment) -> str:
        """The name of a function that writes a piece of this template."""
        name, held = self.fresh("b"), self.fresh("x")
        sink, loops = self.sink, self.loops
        self.emit(f"def {name}(c, F, o, {held}):")
        self.sink, self.loops = _Sink("o", "a", self.encoding), []
        scope = {node.name: held}
        self.scopes.append(scope)
        with self.indented():
            self.emit("a = o.append")
            if self.has_chains:
                chain = scope[f"{node.name}.chain"] = self.fresh("h")
                around = self.chain(node.around)
                self.emit(f"{chain} = NEST(F.chain or {around}, {held})")
            self.keep_getter(held, node.name, node.body)
            self.block(node.body)
        self.scopes.pop()
        self.sink, self.loops = sink, loops
        return name

    def define(self, node: nodes.Define) -> None:
        outer, self.table = self.table, self.fresh("P")
        pairs = [(name, self.fragment(fragment)) for name, fragment in node.fragments]
        given = ", ".join(f"{name!r}: {function}" for name, function in pairs)
        self.emit(f"{self.table} = {{**{outer}, {given}}}")
        self.block(node.body)
        self.flush()
        self.table = outer

    def partial(self, node: nodes.Partial) -> None:
        table = self.table
        if node.fragments:
            given = ", ".join(f"{name!r}: {self.fragment(fragment)}" for name, fragment in node.fragments)
            table = self.fresh("P")
            order = f"{{{given}}}, {self.table}" if node.is_outermost_first else f"{self.table}, {{{given}}}"
            self.emit(f"{table} = MERGE({order})")
        block = "None" if node.block is None else self.fragment(node.block)
        fallback = block
        if node.fallback is not node.block:
            fallback = "None" if node.fallback is None else self.fragment(node.fallback)
        arguments = ", ".join(f"{name!r}: {self.inline(value)}" for name, value in node.arguments)
        names = ", ".join(f"{name!r}: {self.inline(value)}" for name, value in node.private)
        kind: str = self.sink.encoding.kind
        if kind == "text" and (self.sink.append != "a" or not self.is_traced):
            kind = "captured"
        chain = "None" if node.scope is None else self.chain(node.scope)
        name, context = self.bare(node.name), self.inline(node.context)
        start = ""
        if node.indent and not node.indents_source:
            start = self.fresh("n")
            self.emit(f"{start} = len({self.sink.output})")
        self.emit(
            f"PARTIAL(c, F, {self.sink.output}, {kind!r}, {name}, {table}, {context}, {{{arguments}}}, "
            f"{f'{{{names}}}' if names else None}, {node.levels}, "
            f"{f'BLOCK({block}, F)' if node.block else None}, {fallback}, {chain}, "
            f"{node.indent if node.indents_source else ''!r})"
        )
        if start:
            self.emit(f"INDENT({self.sink.output}, {start}, {node.indent!r}, {self.markup_writer()})")

    def table_rows(self, node: nodes.TableRow) -> None:
        value = self.simple(self.value(node.items))
        limit = f"WHOLE({self.value(node.limit)})" if node.limit else "None"
        offset = f"WHOLE({self.value(node.offset)})" if node.offset else "None"
        self.emit(f"if {value} is not None and {value} is not False:")
        with self.indented():
            items = self.simple(f"PART({value}, c, '', {limit}, {offset}, False, False)")
            self.rows(node, items)

    def rows(self, node: nodes.TableRow, items: str) -> None:
        columns = f"COLUMNS({self.value(node.columns)})" if node.columns else f"len({items})"
        state, leaves, row = self.fresh("f"), self.fresh("k"), self.fresh("x")
        self.emit(f"{state} = FORLOOP('', len({items}), None, {columns} or 1)")
        self.emit(f"{leaves} = None")
        write = f"{self.sink.append}({self.markup_writer()}"
        self.static('<tr class="row1">\n')
        self.emit(f"for {row} in ROUNDS(c, {items}, {self.sink.output}):")
        scope = {node.name: row, "tablerowloop": state}
        shared = ""
        with self.nested_loop("row", scope), self.indented():
            shared = self.shared_names({})
            if shared:
                self.emit(f"{shared}.update({{{node.name!r}: {row}, 'tablerowloop': {state}}})")
            self.cell(node, state, leaves, write)
            if shared:
                self.emit("S.pop()")
            self.emit(f"if {leaves} == 'break': break")
            self.emit(f"if {state}.step('col_last') and not {state}.step('last'):")
            with self.indented():
                self.emit(f"{write}(ROW({state})))")
        self.static("</tr>\n")

    def cell(self, node: nodes.TableRow, state: str, leaves: str, write: str) -> None:
        """One cell; its body is a loop of one round, so that an interrupt still closes the cell."""
        self.emit(f"{state}.index0 += 1")
        self.emit(f"{write}(CELL({state})))")
        self.loops[-1] = leaves
        self.emit("for _ in ONCE:")
        with self.indented():
            self.block(node.body)
        self.static("</td>")

    def markup_writer(self) -> str:
        return f"{'X' if self.sink.append != 'a' else 'W'}_static"

    def interrupt(self, node: nodes.Interrupt) -> None:
        if not self.loops:
            self.emit(f"return {node.kind!r}")
        elif self.loops[-1] == "for":
            self.emit(node.kind)
        else:
            self.emit(f"{self.loops[-1]} = {node.kind!r}")
            self.emit("break")

    def assign(self, node: nodes.Assign) -> None:
        self.store(node.name, self.value(node.value))

    def store(self, name: str, value: str) -> None:
        if self.is_shared:
            self.emit(f"S.variables[{name!r}] = {value}")
        else:
            self.emit(f"{self.variables[name]} = {value}")

    def capture(self, node: nodes.Capture) -> None:
        if not has_interrupt(node.body):
            self.store(node.name, f"M({self.captured(node.body)})")
            return
        leaves = self.fresh("k")
        self.emit(f"{leaves} = None")
        text = self.captured(node.body, leaves)
        self.store(node.name, f"M({text})")
        self.interrupted(leaves)

    def captured(self, body: Block, leaves: str = "") -> str:
        """The text a block writes, as a Python expression; an interrupt in it is kept under the name `leaves`."""
        self.flush()
        outer = self.sink
        self.sink = _Sink(self.fresh("o"), self.fresh("a"), self.text_encoding)
        self.emit(f"{self.sink.output} = OUTPUT()")
        self.emit(f"{self.sink.append} = {self.sink.output}.append")
        if leaves:
            self.loops.append(leaves)
            self.emit("for _ in ONCE:")
            with self.indented():
                self.block(body)
            self.loops.pop()
        else:
            self.block(body)
        self.flush()
        text = f"MERGED({self.sink.output})"
        self.sink = outer
        return text

    def counter(self, node: nodes.Counter) -> None:
        name = self.simple(f"COUNT(c, {node.name!r}, {node.step})")
        self.write(name, nodes.Output(nodes.Literal(None, node.place), "", node.place))

    def cycle(self, node: nodes.Cycle) -> None:
        is_fixed = all(isinstance(value, nodes.Literal) for value in node.values)
        own = ("cycle", node.key) if is_fixed else ("cycle", node.place.line, node.place.column)
        group = self.value(node.group) if node.group else repr(own)
        values = self.simple(f"({', '.join(self.value(value) for value in node.values)},)")
        chosen = self.simple(f"STEP({values}, NEXT(c, {group}, {len(node.values)}))")
        self.write(chosen, nodes.Output(nodes.Literal(None, node.place), "", node.place))

    def if_changed(self, node: nodes.IfChanged) -> None:
        text = self.simple(f"M({self.captured(node.body)})")
        self.emit(f"if {text} != c.changed:")
        with self.indented():
            self.emit(f"c.changed = {text}")
            self.write(text, nodes.Output(nodes.Literal(None, node.place), "", node.place))

    def include(self, node: nodes.Include) -> None:
        arguments = ", ".join(f"{name!r}: {self.value(value)}" for name, value in node.arguments)
        bound = self.value(node.bound) if node.bound else "MISSING"
        kind: str = self.sink.encoding.kind
        if kind == "text" and (self.sink.append != "a" or not self.is_traced):
            kind = "captured"
        call = "RENDER" if node.is_isolated else "INCLUDE"
        result = self.fresh("r")
        self.emit(
            f"{result} = {call}(c, S, {self.sink.output}, {self.bare(node.name)}, {kind!r}, "
            f"{{{arguments}}}, {bound}, {node.repeats}, {node.alias!r})"
        )
        if not node.is_isolated:
            self.interrupted(result)

    def interrupted(self, result: str) -> None:
        """What an included template's break or continue does here."""
        for kind in ("break", "continue"):
            self.emit(f"if {result} == {kind!r}:")
            with self.indented():
                self.interrupt(nodes.Interrupt(kind, self.place or Place(1, 1)))

    def unsupported(self, node: nodes.Unsupported) -> None:
        self.emit(f"raise FAULT({self.constant(node.what)}, {self.constant(node.advice)})")

    # --- values ---

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

    def value(self, node: Expression) -> str:
        """An expression's value as Python; filters get lines of their own, so that chains do not nest."""
        if isinstance(node, nodes.FilterCall):
            return self.filtered(node, self.simple)
        return self.inline(node)

    def inline(self, node: Expression) -> str:
        """An expression's value as one Python expression, evaluated where it stands."""
        if isinstance(node, nodes.Literal):
            return self.literal(node)
        if isinstance(node, nodes.Path):
            return self.path(node)
        if isinstance(node, nodes.Range):
            return f"RANGE({self.inline(node.start)}, {self.inline(node.end)})"
        if isinstance(node, nodes.FilterCall):
            return self.filtered(node, lambda expression: f"({expression})")
        if isinstance(node, nodes.Choice):
            return f"({self.inline(node.first)} if {self.truth(node.condition)} else {self.inline(node.second)})"
        if isinstance(node, nodes.Context):
            return self.context(node)
        return self.truth(node)

    def context(self, node: nodes.Context) -> str:
        """What stands at the start of a path instead of a name."""
        if isinstance(node, nodes.Data):
            return "F.root" if node.is_whole else "ROOT(S)"
        if isinstance(node, nodes.Private):
            return f"PRIVATE(F, {'../' * node.levels + node.name!r})"
        if isinstance(node, nodes.Around):
            return f"UP({self.chain(node.scope)}, {node.levels})"
        return f"FIND({self.chain(node.scope)}, {node.name!r})"

    def literal(self, node: nodes.Literal) -> str:
        """A literal; where output is escaped, a text of the template's author counts as escaped in most languages."""
        value = node.value
        if isinstance(value, Markup):
            return self.constant(value)
        if isinstance(value, str) and self.text_encoding.escape and self.manner.has_escaped_literals:
            return self.constant(Markup(value))
        return self.bare_value(value)

    def bare(self, node: Expression) -> str:
        """A value that is compared, not written: literals are plain."""
        return self.bare_value(node.value) if isinstance(node, nodes.Literal) else self.inline(node)

    def bare_value(self, value: object) -> str:
        if value is None or (isinstance(value, bool | str) and not isinstance(value, Markup)):
            return repr(value)
        if isinstance(value, int):
            return f"({value!r})" if abs(value) < 10**18 else self.constant(value)
        return self.constant(value)

    def path(self, node: nodes.Path) -> str:
        if node.demand:
            return self.demanded(node)
        if isinstance(node.root, str):
            found = self.load(node.root)
        elif isinstance(node.root, nodes.Context):
            found = self.context(node.root)
        else:
            found = f"LOOKUP(c, S, {self.inline(node.root)})"
        steps = node.steps
        if steps and is_plain_step(steps[0]) and (getter := self.getter(found)):
            found, steps = f"{getter}({_key_of(steps[0])!r})", steps[1:]
        for key in steps:
            found = self.step(found, key)
        return found

    def demanded(self, node: nodes.Path) -> str:
        """A path whose parents, and perhaps itself, must be there."""
        found: str
        steps = [self.bare(step.key if isinstance(step, nodes.Index) else step) for step in node.steps]
        if isinstance(node.root, str) and not any(node.root in scope for scope in self.scopes):
            found, steps = "S.data", [repr(node.root), *steps]
        elif isinstance(node.root, str):
            found = self.load(node.root)
        else:
            found = self.inline(node.root)
        for at, key in enumerate(steps, 1):
            call = "REQUIRED" if at == len(steps) and node.demand == "value" else "PARENT"
            found = f"{call}({found}, {key})"
        return found

    def getter(self, name: str) -> str:
        """The name of the function that steps into a name of the data or a loop's item; empty for other values."""
        if name in self.getters:
            return self.getters[name]
        if name not in self.roots.values():
            return ""
        return self.getters.setdefault(name, f"g{name}")

    def load(self, name: str) -> str:
        """The Python expression that gives a name's value."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        if self.is_shared:
            return f"S.get({name!r}, c.counters)"
        if name in self.counters:
            return f"COUNTED(c, S, {name!r}, {self.variables.get(name)})"
        return self.variables.get(name) or self.roots.setdefault(name, f"d{len(self.roots)}")

    def step(self, value: str, step: Expression) -> str:
        """One step into a value; a plain name in a plain dict is looked up on the spot."""
        slow = "ITEM" if isinstance(step, nodes.Index) else "STEP"
        if not is_plain_step(step):
            return f"{slow}({value}, {self.bare(step.key if isinstance(step, nodes.Index) else step)})"
        key = _key_of(step)
        name, named = self.named(value)
        return f"({name}.get({key!r}) if type({named}) is dict else {slow}({name}, {key!r}))"

    def filtered(self, node: nodes.FilterCall, hold: Callable[[str], str]) -> str:
        problem = filter_problem(node, self.filters)
        if problem is not None:
            return f"REFUSE({self.constant(problem.what)}, {self.constant(problem.advice)})"
        known = self.filters[node.name]
        plain = isinstance(node.target, nodes.Literal) and node.name in ESCAPING_FILTERS
        if plain:
            target = self.bare(node.target)
        elif isinstance(node.target, nodes.FilterCall):
            target = hold(self.filtered(node.target, hold))
        else:
            target = self.inline(node.target)
        if known.call is default and len(node.arguments) == 1 and not node.options:
            name, named = self.named(target)
            other = f"F_default({name}, {self.inline(node.arguments[0])})"
            self.function("default", known)
            return f"({name} if type({named}) is str and {name} else {other})"
        given = ["c"] if known.takes_context else []
        given += [target, *(self.inline(argument) for argument in node.arguments)]
        given += [f"{name}={self.inline(argument)}" for name, argument in node.options]
        return f"{self.function(node.name, known)}({', '.join(given)})"

    def function(self, name: str, known: Filter) -> str:
        key = f"F_{name}"
        self.constants[key] = known.call
        return key

    # --- conditions ---

    def truth(self, node: Expression) -> str:
        """A condition as a Python expression that is True or False."""
        if isinstance(node, nodes.Logic):
            return self.logic(node)
        if isinstance(node, nodes.Not):
            return f"(not {self.truth(node.operand)})"
        if isinstance(node, nodes.Comparison):
            return self.comparison(node)
        if isinstance(node, nodes.Literal) and self.manner.truth == LIQUID_MANNER.truth:
            return repr(runtime.is_true(node.value))
        found = self.inline(node)
        name, named = self.named(found)
        return self.manner.truth.format(name=name, named=named)

    def logic(self, node: nodes.Logic) -> str:
        """A run of the same operator without brackets in between, so that long ones do not nest."""
        terms = [self.truth(node.left)]
        right: Expression = node.right
        while isinstance(right, nodes.Logic) and right.operator == node.operator:
            terms.append(self.truth(right.left))
            right = right.right
        terms.append(self.truth(right))
        return f"({f' {node.operator} '.join(terms)})"

    def comparison(self, node: nodes.Comparison) -> str:
        if node.operator in ("==", "!="):
            test = self.equality(node.left, node.right)
            return test if node.operator == "==" else f"(not {test})"
        if node.operator == "contains":
            return f"CONTAINS({self.bare(node.left)}, {self.bare(node.right)})"
        return f"{_ORDERS[node.operator]}({self.bare(node.left)}, {self.bare(node.right)})"

    def equality(self, left: Expression, right: Expression) -> str:
        """Equality, the short way for the commonest kinds of literal."""
        if isinstance(left, nodes.Literal) and not isinstance(right, nodes.Literal):
            left, right = right, left
        if not isinstance(right, nodes.Literal) or isinstance(left, nodes.Literal):
            return f"EQ({self.bare(left)}, {self.bare(right)})"
        value, found = right.value, self.inline(left)
        if value is None or value is True or value is False:
            return f"({found} is {value!r})"
        if value is EMPTY or value is BLANK:
            return f"{'IS_EMPTY' if value is EMPTY else 'IS_BLANK'}({found})"
        if isinstance(value, str) and value.strip():
            name, named = self.named(found)
            return f"({name} == {value!r} if type({named}) is str else EQ({name}, {value!r}))"
        return f"EQ({found}, {self.bare(right)})"


def _key_of(step: Expression) -> object:
    """The key of a step that is a literal."""
    key = step.key if isinstance(step, nodes.Index) else step
    return key.value if isinstance(key, nodes.Literal) else None


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    """The code of functions in code."""
    for found in code.co_consts:
        if isinstance(found, CodeType):
            yield found
            yield from _codes_in(found)


_WRITER_NAMES = {"auto": "auto", "always": "always", "always'": "text", "raw": "raw"}

STATEMENTS: dict[type[Statement], Callable[[_Generator, Any], None]] = {
    nodes.Text: _Generator.text,
    nodes.Output: _Generator.output,
    nodes.If: _Generator.if_chain,
    nodes.Case: _Generator.case,
    nodes.For: _Generator.loop,
    nodes.Bind: _Generator.bind,
    nodes.Each: _Generator.each,
    nodes.Define: _Generator.define,
    nodes.Partial: _Generator.partial,
    nodes.TableRow: _Generator.table_rows,
    nodes.Assign: _Generator.assign,
    nodes.Capture: _Generator.capture,
    nodes.Counter: _Generator.counter,
    nodes.Cycle: _Generator.cycle,
    nodes.Interrupt: _Generator.interrupt,
    nodes.IfChanged: _Generator.if_changed,
    nodes.Include: _Generator.include,
    nodes.Unsupported: _Generator.unsupported,
}
