"""Jinja text to tree. Structure errors raise; tags nobody knows become Unsupported nodes and findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from livemerge.errors import TemplateError, nearest
from livemerge.template.findings import Finding, Source
from livemerge.template.jinja.expressions import Reader
from livemerge.template.jinja.names import Names
from livemerge.template.jinja.tokens import Piece, Pieces
from livemerge.template.limits import MAX_NESTING
from livemerge.template.nodes import (
    Assign,
    Block,
    Branch,
    Call,
    Capture,
    Choice,
    Expression,
    Extends,
    FilterCall,
    For,
    If,
    Import,
    Include,
    Index,
    Inherited,
    Literal,
    Macro,
    Output,
    Path,
    Place,
    Slot,
    Statement,
    Text,
    Unsupported,
)

_PARTS: Final = {  # tags that only mean something inside another
    "elif": "if",
    "else": "if",
    **{
        f"end{name}": name
        for name in ("if", "for", "set", "macro", "call", "filter", "with", "autoescape", "block", "raw")
    },
}
_REFUSED: Final = {
    "do": "a call without a value: write `{% set _ = … %}`",
    "trans": "texts are not translated here; write them in the template",
    "break": "a loop goes to its end: choose its items with `for … if …`",
    "continue": "put what follows into an `if`",
    "debug": "use the preview's trace",
}
Target: TypeAlias = "str | tuple[Target, ...]"  # a name, or several that a value is taken apart into


def parse_jinja(source: Source, *, is_strict: bool) -> tuple[Block, tuple[Finding, ...]]:
    """The tree of a template and what was noticed on the way. Raises TemplateError."""
    return _parse(source, skips_absent=False)


def parse_moengage(source: Source, *, is_strict: bool) -> tuple[Block, tuple[Finding, ...]]:
    """The same for MoEngage's Jinja: a customer for whom a printed value is not there gets no message."""
    return _parse(source, skips_absent=True)


def _parse(source: Source, *, skips_absent: bool) -> tuple[Block, tuple[Finding, ...]]:
    parser = _Parser(source, skips_absent=skips_absent)
    block, _ = parser.block((), None)
    if parser.heir is not None:
        block = (*block, parser.heir)
    return block, tuple(parser.findings)


class _Parser:
    def __init__(self, source: Source, *, skips_absent: bool) -> None:
        self.source = source
        self.skips_absent = skips_absent  # printing what is not there skips the customer
        self.pieces = Pieces(source)
        self.findings: list[Finding] = []
        self.names = Names("template")
        self.open: list[str] = []
        self.slots: set[str] = set()
        self.unknown_tags: set[str] = set()
        self.is_escaping = True
        self.heir: Extends | None = None  # the template this one extends: what it writes itself is dropped
        self.is_kept = False  # inside a macro, a block, or a text of its own

    # --- pieces ---

    def block(self, ends: tuple[str, ...], opener: Piece | None) -> tuple[Block, Reader | None]:
        """Statements up to one of the tags in `ends`, and that tag behind its name."""
        statements: list[Statement] = []
        while (piece := self.pieces.next()) is not None:
            if piece.kind == "text":
                statements += self.written(Text(piece.text, self.source.place(piece.offset)))
                continue
            reader = self.reader(piece)
            if piece.kind == "output":
                statements += self.output(reader, piece)
                continue
            name = reader.expect("name").text
            if name in ends:
                return tuple(statements), reader
            statements += self.tag(name, reader, piece)
        if opener is not None:
            name = opener.words[0].text
            raise self.error(f"`{name}` is never closed", opener, f"close it with `end{name}`")
        return tuple(statements), None

    def reader(self, piece: Piece) -> Reader:
        return Reader(self.source, piece.words, self.names, self.findings, is_escaping=self.is_escaping)

    def error(self, what: str, piece: Piece, advice: str = "") -> TemplateError:
        return self.source.error(what, self.source.place(piece.offset), advice)

    def written(self, *statements: Statement) -> Block:
        """What is written where a template writes anything itself."""
        return () if self.heir is not None and not self.is_kept else statements

    def tag(self, name: str, reader: Reader, piece: Piece) -> Block:
        read = TAGS.get(name)
        if read is None:
            return self.unknown(name, piece)
        self.open.append(name)
        if len(self.open) > MAX_NESTING:
            raise self.error(f"tags are nested deeper than {MAX_NESTING}", piece)
        found = read(self, reader, piece)
        self.open.pop()
        return found

    def unknown(self, name: str, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        if name in _PARTS:
            raise self.error(f"`{name}` stands outside `{_PARTS[name]}`", piece, f"open `{_PARTS[name]}` before")
        if name.startswith("end") and name[3:] in self.unknown_tags:
            return ()
        self.unknown_tags.add(name)
        if name in _REFUSED:
            code, what, advice = "unsupported-tag", f"the tag `{name}` is not supported", _REFUSED[name]
        else:
            code, what = "unknown-tag", f"unknown tag `{name[:40]}`"
            advice = nearest(name, [*TAGS, *_PARTS]) or "remove it; this tag is not part of Jinja"
        self.findings.append(self.source.finding(code, "error", what, place, advice))
        return (Unsupported(what, advice, place),)

    def output(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        inherited = self.inherited(reader, place)
        if inherited is not None:
            return self.written(inherited)
        value = reader.items()
        reader.end()
        return self.written(self.as_output(value, reader.text_from(0), place))

    def as_output(self, value: Expression, source: str, place: Place) -> Output:
        """A value that is written; a text of code is escaped like any other."""
        if isinstance(value, Literal) and type(value.value) is not int:
            value = FilterCall(value, "value_of", (), (), place)
        elif self.skips_absent:
            value = FilterCall(value, "present", (), (), place)
        escaping = "auto" if self.is_escaping else "raw"
        return Output(value, source, place, escaping)

    def inherited(self, reader: Reader, place: Place) -> Inherited | None:
        """`super()` or `self.name()` that stands alone."""
        texts = [word.text for word in reader.words[:-1]]
        if texts == ["super", "(", ")"] and self.block_name() is not None:
            return Inherited(str(self.block_name()), True, place)
        if len(texts) == 5 and texts[:2] == ["self", "."] and texts[3:] == ["(", ")"]:
            return Inherited(texts[2], False, place)
        return None

    def block_name(self) -> str | None:
        """The block this place is in."""
        names: Names | None = self.names
        while names is not None:
            if names.kind == "block":
                return next(iter(names.asked), None)
            names = names.outer
        return None

    # --- parts with names of their own ---

    def part(self, kind: str, ends: tuple[str, ...], piece: Piece, *given: str) -> tuple[Block, Reader, Names]:
        """A body with names of its own, the tag that ends it, and its names. Sets the `given` names in it."""
        outer = self.names
        self.names = outer.inner(kind)
        for name in given:
            self.names.known[name] = self.names.fresh(name)
        body, end = self.block(ends, piece)
        names, self.names = self.names, outer
        assert end is not None  # block() raised otherwise
        return _started(names, piece, self.source) + body, end, names

    def kept_part(self, kind: str, ends: tuple[str, ...], piece: Piece, *given: str) -> tuple[Block, Reader, Names]:
        """The same for a body whose text is kept, also in a template that writes nothing itself."""
        was_kept, self.is_kept = self.is_kept, True
        found = self.part(kind, ends, piece, *given)
        self.is_kept = was_kept
        return found

    # --- tags that choose and repeat ---

    def if_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        branches: list[Branch] = []
        otherwise: Block = ()
        at = place
        self.names.branches += 1
        while True:
            start = reader.at
            condition = reader.items(has_choice=False)
            source = reader.text_from(start)
            reader.accept(":")
            reader.end()
            body, end = self.block(("elif", "else", "endif"), piece)
            branches.append(Branch(condition, source, body, at))
            assert end is not None  # block() raised otherwise
            if end.words[0].text != "elif":
                break
            reader, at = end, self.source.place(end.words[0].offset)
        end.end()
        if end.words[0].text == "else":
            otherwise, end = self.block(("endif",), piece)
            assert end is not None  # block() raised otherwise
            end.end()
        self.names.branches -= 1
        return (If(tuple(branches), otherwise, place),)

    def for_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        target = self.target(reader, ("in",))
        reader.expect("name", "in")
        items = reader.items(ends=("recursive",), has_choice=False)
        outer = self.names
        self.names = inner = outer.inner("part")
        item, state = inner.fresh("item"), inner.fresh("loop")
        condition = self.choice(reader, target, Path(item, (), "item", place))
        is_recursive = reader.accept("name", "recursive") is not None
        reader.accept(":")
        reader.end()
        function = inner.fresh("loop") if is_recursive else ""
        inner.known["loop"] = state
        inner.whole().recursions[state] = function
        start: Block = ()
        if isinstance(target, str):
            inner.known[target] = item
            inner.fixed.add(target)
        else:
            start = self.taken_apart(target, Path(item, (), "item", place), place)
        body, end = self.block(("else", "endfor"), piece)
        self.names = outer
        assert end is not None  # block() raised otherwise
        body = _started(inner, piece, self.source) + start + body
        otherwise: Block = ()
        if end.words[0].text == "else":
            end.end()
            otherwise, end, _ = self.part("part", ("endfor",), piece)
        end.end()
        loop = For(item, items, body, otherwise, place, "", condition=condition, state=state)
        return self.recursive(loop, function, outer, place) if is_recursive else (loop,)

    def choice(self, reader: Reader, target: Target, item: Path) -> Expression | None:
        """The condition a loop chooses its items by; the loop's names are parts of the item in it."""
        if not reader.accept("name", "if"):
            return None
        reader.given = _parts(target, item)
        found = reader.expression()
        reader.given = {}
        return found

    def target(self, reader: Reader, ends: tuple[str, ...] = ()) -> Target:
        """A name, or several that a value is taken apart into."""
        found: list[Target] = []
        has_comma = False
        while not (reader.word.kind == "name" and reader.word.text in ends):
            if reader.accept("("):
                found.append(self.target(reader))
                reader.expect(")")
            else:
                found.append(self.name(reader))
            if not reader.accept(","):
                break
            has_comma = True
        if not found:
            reader.refuse(f"expected a name, found {reader.found()}")
        return tuple(found) if has_comma else found[0]

    def name(self, reader: Reader) -> str:
        name = reader.word.text
        if name in ("true", "false", "none", "True", "False", "None"):
            reader.refuse(f"`{name}` cannot be set")
        if name == "loop" and self.names.meaning(name) != name:
            reader.refuse("`loop` is the loop's own name")
        return reader.expect("name").text

    def taken_apart(self, target: Target, value: Expression, place: Place) -> Block:
        """What sets the names of a target."""
        if isinstance(target, str):
            return (Assign(self.names.set(target), value, place),)
        whole = self.names.fresh("parts")
        parts = FilterCall(value, "made_of", (Literal(len(target), place),), (), place)
        found: list[Statement] = [Assign(whole, parts, place)]
        for at, each in enumerate(target):
            found += self.taken_apart(each, Path(whole, (Index(Literal(at, place), place),), "", place), place)
        return tuple(found)

    def recursive(self, loop: For, function: str, outer: Names, place: Place) -> Block:
        """A loop that calls itself, as a macro of its items and its depth that is called at once."""
        items, depth = outer.fresh("items"), outer.fresh("depth")
        again = replace(loop, items=Path(items, (), "loop", place), depth=Path(depth, (), "loop.depth0", place))
        macro = Macro(function, ("items", "depth"), (items, depth), 0, (again,), place)
        call = Call(Path(function, (), "loop", place), (loop.items, Literal(0, place)), (), place)
        return (macro, *self.written(Output(call, "loop", place, "auto")))

    # --- tags that set ---

    def set_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        if reader.is_next("name") and reader.is_next(".", ahead=1):
            return self.set_name(reader, piece, place)
        target = self.target(reader)
        if reader.accept("="):
            value = reader.items()
            reader.end()
            return self.taken_apart(target, value, place)
        if not isinstance(target, str):
            reader.refuse("a block sets one name")
        written, filters = self.text_block(reader, piece, "endset", place)
        return (*written, Assign(self.names.set(target), filters, place))

    def set_name(self, reader: Reader, piece: Piece, place: Place) -> Block:
        """A name of a namespace."""
        value = reader.name(reader.take().text, place)
        reader.take()
        name = Literal(reader.expect("name").text, place)
        if reader.accept("="):
            new = reader.items()
            reader.end()
            written: Block = ()
        else:
            written, new = self.text_block(reader, piece, "endset", place)
        return (*written, Assign(self.names.fresh("_"), FilterCall(value, "set_name", (name, new), (), place), place))

    def text_block(self, reader: Reader, piece: Piece, end: str, place: Place) -> tuple[Block, Expression]:
        """A block whose text is a value, and that value with the filters in its tag."""
        text = self.names.fresh("text")
        value = self.block_filters(reader, Path(text, (), reader.words[0].text, place))
        body, closing, _ = self.kept_part("part", (end,), piece)
        closing.end()
        return (Capture(text, body, place),), value

    def block_filters(self, reader: Reader, value: Expression) -> Expression:
        while reader.accept("|"):
            value = reader.filter(value)
        reader.end()
        return value

    def print_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        found: list[Statement] = []
        while reader.word.kind != "end":
            if found:
                reader.expect(",")
            start = reader.at
            value = reader.expression()
            found.append(self.as_output(value, reader.text_from(start), place))
        return self.written(*found)

    def filter_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        text = self.names.fresh("text")
        value = self.block_filters(reader, reader.filter(Path(text, (), "filter", place)))
        body, end, _ = self.kept_part("part", ("endfilter",), piece)
        end.end()
        output = self.as_output(value, reader.text_from(1), place)
        return (Capture(text, body, place), *self.written(output))

    def with_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        outer, pairs = self.names, list[tuple[Target, Expression]]()
        while reader.word.kind != "end":
            if pairs:
                reader.expect(",")
            target = self.target(reader, ("=",)) if reader.is_next("(") else self.name(reader)
            reader.expect("=")
            pairs.append((target, reader.expression()))
        self.names = outer.inner("part")
        start = tuple(each for target, value in pairs for each in self.taken_apart(target, value, place))
        body, end = self.block(("endwith",), piece)
        inner, self.names = self.names, outer
        assert end is not None  # block() raised otherwise
        end.end()
        return _started(inner, piece, self.source) + start + body

    def autoescape_tag(self, reader: Reader, piece: Piece) -> Block:
        value = reader.expression()
        reader.end()
        if not isinstance(value, Literal):
            raise self.error("`autoescape` takes true or false", piece, "write `{% autoescape false %}`")
        was_escaping, self.is_escaping = self.is_escaping, bool(value.value)
        body, end, _ = self.part("part", ("endautoescape",), piece)
        self.is_escaping = was_escaping
        end.end()
        return body

    # --- macros ---

    def macro_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        name = self.name(reader)
        own = self.names.set(name)
        parameters = self.signature(reader)
        reader.end()
        return (self.macro(own, name, parameters, "endmacro", piece, place),)

    def signature(self, reader: Reader) -> list[tuple[str, list[int]]]:
        """A macro's parameters, and where in the tag their defaults stand: they are read among the macro's names."""
        found: list[tuple[str, list[int]]] = []
        reader.expect("(")
        while not reader.is_next(")"):
            name = self.name(reader)
            if name in (known for known, _ in found):
                reader.refuse(f"`{name}` is a parameter twice")
            default: list[int] = []
            if reader.accept("="):
                default.append(reader.at)
                findings, reader.findings = reader.findings, []
                reader.expression()
                reader.findings = findings
            elif found and found[-1][1]:
                reader.refuse("a parameter without a default follows one with a default", "change their order")
            found.append((name, default))
            if not reader.accept(","):
                break
        reader.expect(")")
        return found

    def macro(
        self, own: str, name: str, parameters: list[tuple[str, list[int]]], end: str, piece: Piece, place: Place
    ) -> Macro:
        """A macro of the body that follows."""
        outer, was_kept = self.names, self.is_kept
        self.names, self.is_kept = outer.inner("macro"), True
        start: list[Statement] = []
        locals_: list[str] = []
        for each, default in parameters:
            locals_.append(self.names.fresh(each))
            start += self.default(locals_[-1], default, piece, place)
            self.names.known[each] = locals_[-1]
        body, closing = self.block((end,), piece)
        names, self.names, self.is_kept = self.names, outer, was_kept
        assert closing is not None  # block() raised otherwise
        closing.end()
        given = [names.asked[letter] for letter in "ckv" if letter in names.asked]
        whole = (*_started(names, piece, self.source), *start, *body)
        written = tuple(each for each, _ in parameters)
        defaults = sum(bool(default) for _, default in parameters)
        takes = "".join(letter for letter in "ckv" if letter in names.asked)
        return Macro(own, written, (*locals_, *given), defaults, whole, place, name, takes)

    def default(self, name: str, at: list[int], piece: Piece, place: Place) -> list[Statement]:
        """What gives a parameter its default where it is left out."""
        if not at:
            return []
        reader = self.reader(piece)
        reader.at = at[0]
        value = Path(name, (), name, place)
        is_left_out = FilterCall(value, "is_left_out", (), (), place)
        return [Assign(name, Choice(is_left_out, reader.expression(), value, place), place)]

    def call_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        parameters = self.signature(reader) if reader.is_next("(") else []
        start = reader.at
        call = reader.expression()
        source = reader.text_from(start)
        reader.end()
        if not isinstance(call, Call):
            raise self.error("`call` needs the call of a macro", piece, "write it as `{% call name() %}`")
        own = self.names.fresh("caller")
        macro = self.macro(own, "", parameters, "endcall", piece, place)
        given = (*call.options, ("caller", Path(own, (), "caller", place)))
        return (macro, *self.written(self.as_output(replace(call, options=given), source, place)))

    # --- other templates ---

    def block_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        name = reader.expect("name").text
        flags = {word.text for word in iter(lambda: reader.accept("name"), None)}
        reader.end()
        if flags - {"scoped", "required"}:
            raise self.error("`block` may be `scoped` and `required`", piece, "a block's name is one word")
        if name in self.slots:
            raise self.error(
                f"the block `{name[:40]}` is there twice", piece, "write `{{ self.name() }}` for the second"
            )
        self.slots.add(name)
        visible = self.names.visible() if "scoped" in flags else {}
        outer, was_kept = self.names, self.is_kept
        self.names, self.is_kept = outer.inner("block"), True
        self.names.asked[name] = name
        body, end = self.block(("endblock",), piece)
        inner, self.names, self.is_kept = self.names, outer, was_kept
        assert end is not None  # block() raised otherwise
        end.accept("name", name)
        end.end()
        body = _started(inner, piece, self.source) + body
        arguments = tuple((each, Path(tree, (), each, place)) for each, tree in visible.items() if tree != each)
        is_written = self.heir is None or self.is_kept
        return (Slot(name, body, arguments, "required" in flags, is_written, place),)

    def extends_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        name = reader.expression()
        reader.end()
        if self.heir is not None:
            raise self.error("a template extends one other only", piece, "remove this `extends`")
        if len(self.open) > 1 or self.names.outer is not None:
            what, advice = "`extends` stands inside another tag", "put it at the top of the template"
            self.findings.append(self.source.finding("unsupported-tag", "error", what, place, advice))
            return (Unsupported(what, advice, place),)
        self.heir = Extends(name, place)
        return ()

    def include_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        name = reader.expression()
        is_optional = reader.is_next("name", "ignore") and reader.is_next("name", "missing", ahead=1)
        if is_optional:
            reader.take()
            reader.take()
        is_alone = not self.context(reader, otherwise=True)
        reader.end()
        arguments = () if is_alone else self.visible(place)
        return self.written(Include(name, True, arguments, place, is_optional=is_optional, is_alone=is_alone))

    def context(self, reader: Reader, *, otherwise: bool) -> bool:
        """Whether another template sees what this one sees."""
        if not self.is_context(reader):
            return otherwise
        found = reader.take().text == "with"
        reader.take()
        return found

    def visible(self, place: Place) -> tuple[tuple[str, Expression], ...]:
        """All variables there are here, for another template."""
        return tuple((name, Path(tree, (), name, place)) for name, tree in self.names.visible().items())

    def import_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        name = reader.expression()
        reader.expect("name", "as")
        own = self.names.set(self.name(reader))
        self.names.whole().modules.add(own)
        sees_ours = self.context(reader, otherwise=False)
        reader.end()
        return (Import(own, name, self.visible(place) if sees_ours else None, place),)

    def from_tag(self, reader: Reader, piece: Piece) -> Block:
        place = self.source.place(piece.offset)
        name = reader.expression()
        reader.expect("name", "import")
        module = self.names.fresh("module")
        sees_ours = False
        wanted: list[tuple[str, str]] = []
        while True:
            if self.is_context(reader):
                sees_ours = self.context(reader, otherwise=False)
                break
            each = reader.expect("name").text
            if each.startswith("_"):
                raise self.error("names that begin with _ are not imported", piece, "give it another name there")
            wanted.append((each, self.name(reader) if reader.accept("name", "as") else each))
            if not reader.accept(","):
                sees_ours = self.context(reader, otherwise=False)
                break
        reader.end()
        start: list[Statement] = [Import(module, name, self.visible(place) if sees_ours else None, place)]
        for each, own in wanted:
            tree = self.names.set(own)
            found = FilterCall(Path(module, (), each, place), "member", (Literal(each, place),), (), place)
            start.append(Assign(tree, found, place))
        return tuple(start)

    def is_context(self, reader: Reader) -> bool:
        return reader.word.text in ("with", "without") and reader.is_next("name", "context", ahead=1)


TAGS: Final[dict[str, Callable[[_Parser, Reader, Piece], Block]]] = {
    "autoescape": _Parser.autoescape_tag,
    "block": _Parser.block_tag,
    "call": _Parser.call_tag,
    "extends": _Parser.extends_tag,
    "filter": _Parser.filter_tag,
    "for": _Parser.for_tag,
    "from": _Parser.from_tag,
    "if": _Parser.if_tag,
    "import": _Parser.import_tag,
    "include": _Parser.include_tag,
    "macro": _Parser.macro_tag,
    "print": _Parser.print_tag,
    "set": _Parser.set_tag,
    "with": _Parser.with_tag,
}


def _started(names: Names, piece: Piece, source: Source) -> Block:
    """What gives the names of a part their values from outside, where they are set in a branch only."""
    place = source.place(piece.offset)
    return tuple(Assign(local, Path(outer, (), outer, place), place, is_start=True) for local, outer in names.starts)


def _parts(target: Target, value: Path) -> dict[str, Path]:
    """What each name of a target stands for in a value that is not taken apart."""
    if isinstance(target, str):
        return {target: value}
    found: dict[str, Path] = {}
    for at, each in enumerate(target):
        found |= _parts(each, replace(value, steps=(*value.steps, Index(Literal(at, value.place), value.place))))
    return found
