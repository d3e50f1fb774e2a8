"""Tags that choose and repeat: `if` and `for`."""

from __future__ import annotations

from dataclasses import replace

from livemerge.template.jinja.body import Body, started
from livemerge.template.jinja.expressions import Reader
from livemerge.template.jinja.names import Names
from livemerge.template.jinja.targets import Target, parts, read_target, taken_apart
from livemerge.template.jinja.tokens import Piece
from livemerge.template.nodes import (
    Block,
    Branch,
    Call,
    Expression,
    For,
    If,
    Literal,
    Macro,
    Output,
    Path,
    Place,
)


def if_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    branches: list[Branch] = []
    otherwise: Block = ()
    at = place
    parser.names.branches += 1
    while True:
        start = reader.at
        condition = reader.items(has_choice=False)
        source = reader.text_from(start)
        reader.accept(":")
        reader.end()
        body, end = parser.block(("elif", "else", "endif"), piece)
        branches.append(Branch(condition, source, body, at))
        assert end is not None  # block() raised otherwise
        if end.words[0].text != "elif":
            break
        reader, at = end, parser.source.place(end.words[0].offset)
    end.end()
    if end.words[0].text == "else":
        otherwise, end = parser.block(("endif",), piece)
        assert end is not None  # block() raised otherwise
        end.end()
    parser.names.branches -= 1
    return (If(tuple(branches), otherwise, place),)


def for_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    target = read_target(parser, reader, ("in",))
    reader.expect("name", "in")
    items = reader.items(ends=("recursive",), has_choice=False)
    outer = parser.names
    parser.names = inner = outer.inner("part")
    item, state = inner.fresh("item"), inner.fresh("loop")
    condition = _choice(reader, target, Path(item, (), "item", place))
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
        start = taken_apart(parser, target, Path(item, (), "item", place), place)
    body, end = parser.block(("else", "endfor"), piece)
    parser.names = outer
    assert end is not None  # block() raised otherwise
    body = started(inner, piece, parser.source) + start + body
    otherwise: Block = ()
    if end.words[0].text == "else":
        end.end()
        otherwise, end, _ = parser.part("part", ("endfor",), piece)
    end.end()
    loop = For(item, items, body, otherwise, place, "", condition=condition, state=state)
    return _recursive(parser, loop, function, outer, place) if is_recursive else (loop,)


def _choice(reader: Reader, target: Target, item: Path) -> Expression | None:
    """The condition a loop chooses its items by; the loop's names are parts of the item in it."""
    if not reader.accept("name", "if"):
        return None
    reader.given = parts(target, item)
    found = reader.expression()
    reader.given = {}
    return found


def _recursive(parser: Body, loop: For, function: str, outer: Names, place: Place) -> Block:
    """A loop that calls itself, as a macro of its items and its depth that is called at once."""
    items, depth = outer.fresh("items"), outer.fresh("depth")
    again = replace(loop, items=Path(items, (), "loop", place), depth=Path(depth, (), "loop.depth0", place))
    macro = Macro(function, ("items", "depth"), (items, depth), 0, (again,), place)
    call = Call(Path(function, (), "loop", place), (loop.items, Literal(0, place)), (), place)
    return (macro, *parser.written(Output(call, "loop", place, "auto")))
