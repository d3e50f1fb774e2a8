"""Tags that write: `print`, `filter`, and what `autoescape` says of values."""

from __future__ import annotations

from livemerge.template.jinja.body import Body
from livemerge.template.jinja.expressions import Reader
from livemerge.template.jinja.setting import block_filters
from livemerge.template.jinja.tokens import Piece
from livemerge.template.nodes import (
    Block,
    Capture,
    Literal,
    Path,
    Statement,
)


def print_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    found: list[Statement] = []
    while reader.word.kind != "end":
        if found:
            reader.expect(",")
        start = reader.at
        value = reader.expression()
        found.append(parser.as_output(value, reader.text_from(start), place))
    return parser.written(*found)


def filter_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    text = parser.names.fresh("text")
    value = block_filters(reader, reader.filter(Path(text, (), "filter", place)))
    body, end, _ = parser.kept_part("part", ("endfilter",), piece)
    end.end()
    output = parser.as_output(value, reader.text_from(1), place)
    return (Capture(text, body, place), *parser.written(output))


def autoescape_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    value = reader.expression()
    reader.end()
    if not isinstance(value, Literal):
        raise parser.error("`autoescape` takes true or false", piece, "write `{% autoescape false %}`")
    was_escaping, parser.is_escaping = parser.is_escaping, bool(value.value)
    body, end, _ = parser.part("part", ("endautoescape",), piece)
    parser.is_escaping = was_escaping
    end.end()
    return body
