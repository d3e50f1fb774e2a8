"""The body of a template or tag: text, outputs and tags to statements. Tags nobody knows become findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    Expression,
    Extends,
    FilterCall,
    Inherited,
    Literal,
    Output,
    Path,
    Place,
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


class Body:
    """A template while it is read: statements up to a tag, the names around, what was noticed on the way."""

    def __init__(self, source: Source, tags: Mapping[str, Tag], *, skips_absent: bool) -> None:
        self.source = source
        self.tags = tags
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
        read = self.tags.get(name)
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
            advice = nearest(name, [*self.tags, *_PARTS]) or "remove it; this tag is not part of Jinja"
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
        return started(names, piece, self.source) + body, end, names

    def kept_part(self, kind: str, ends: tuple[str, ...], piece: Piece, *given: str) -> tuple[Block, Reader, Names]:
        """The same for a body whose text is kept, also in a template that writes nothing itself."""
        was_kept, self.is_kept = self.is_kept, True
        found = self.part(kind, ends, piece, *given)
        self.is_kept = was_kept
        return found


Tag: TypeAlias = Callable[[Body, Reader, Piece], Block]
"""How a tag is read behind its name, up to the tag that ends it."""


def started(names: Names, piece: Piece, source: Source) -> Block:
    """What gives the names of a part their values from outside, where they are set in a branch only."""
    place = source.place(piece.offset)
    return tuple(Assign(local, Path(outer, (), outer, place), place, is_start=True) for local, outer in names.starts)
