"""Tags that set names: `set` and `with`."""

from __future__ import annotations

from livemerge.template.jinja.body import Body, started
from livemerge.template.jinja.expressions import Reader
from livemerge.template.jinja.targets import Target, read_name, read_target, taken_apart
from livemerge.template.jinja.tokens import Piece
from livemerge.template.nodes import (
    Assign,
    Block,
    Capture,
    Expression,
    FilterCall,
    Literal,
    Path,
    Place,
)


def set_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    if reader.is_next("name") and reader.is_next(".", ahead=1):
        return _set_name(parser, reader, piece, place)
    target = read_target(parser, reader)
    if reader.accept("="):
        value = reader.items()
        reader.end()
        return taken_apart(parser, target, value, place)
    if not isinstance(target, str):
        reader.refuse("a block sets one name")
    written, filters = text_block(parser, reader, piece, "endset", place)
    return (*written, Assign(parser.names.set(target), filters, place))


def _set_name(parser: Body, reader: Reader, piece: Piece, place: Place) -> Block:
    """A name of a namespace."""
    value = reader.name(reader.take().text, place)
    reader.take()
    name = Literal(reader.expect("name").text, place)
    if reader.accept("="):
        new = reader.items()
        reader.end()
        written: Block = ()
    else:
        written, new = text_block(parser, reader, piece, "endset", place)
    return (*written, Assign(parser.names.fresh("_"), FilterCall(value, "set_name", (name, new), (), place), place))


def text_block(parser: Body, reader: Reader, piece: Piece, end: str, place: Place) -> tuple[Block, Expression]:
    """A block whose text is a value, and that value with the filters in its tag."""
    text = parser.names.fresh("text")
    value = block_filters(reader, Path(text, (), reader.words[0].text, place))
    body, closing, _ = parser.kept_part("part", (end,), piece)
    closing.end()
    return (Capture(text, body, place),), value


def block_filters(reader: Reader, value: Expression) -> Expression:
    while reader.accept("|"):
        value = reader.filter(value)
    reader.end()
    return value


def with_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    outer, pairs = parser.names, list[tuple[Target, Expression]]()
    while reader.word.kind != "end":
        if pairs:
            reader.expect(",")
        target = read_target(parser, reader, ("=",)) if reader.is_next("(") else read_name(parser, reader)
        reader.expect("=")
        pairs.append((target, reader.expression()))
    parser.names = outer.inner("part")
    start = tuple(each for target, value in pairs for each in taken_apart(parser, target, value, place))
    body, end = parser.block(("endwith",), piece)
    inner, parser.names = parser.names, outer
    assert end is not None  # block() raised otherwise
    end.end()
    return started(inner, piece, parser.source) + start + body
