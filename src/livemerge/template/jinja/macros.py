"""Macros, and calls that hand a block over."""

from __future__ import annotations

from dataclasses import replace

from livemerge.template.jinja.body import Body, started
from livemerge.template.jinja.expressions import Reader
from livemerge.template.jinja.targets import read_name
from livemerge.template.jinja.tokens import Piece
from livemerge.template.nodes import (
    Assign,
    Block,
    Call,
    Choice,
    FilterCall,
    Macro,
    Path,
    Place,
    Statement,
)


def macro_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    name = read_name(parser, reader)
    own = parser.names.set(name)
    parameters = _signature(parser, reader)
    reader.end()
    return (_macro_of(parser, own, name, parameters, "endmacro", piece, place),)


def _signature(parser: Body, reader: Reader) -> list[tuple[str, list[int]]]:
    """A macro's parameters, and where in the tag their defaults stand: they are read among the macro's names."""
    found: list[tuple[str, list[int]]] = []
    reader.expect("(")
    while not reader.is_next(")"):
        name = read_name(parser, reader)
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


def _macro_of(
    parser: Body, own: str, name: str, parameters: list[tuple[str, list[int]]], end: str, piece: Piece, place: Place
) -> Macro:
    """A macro of the body that follows."""
    outer, was_kept = parser.names, parser.is_kept
    parser.names, parser.is_kept = outer.inner("macro"), True
    start: list[Statement] = []
    locals_: list[str] = []
    for each, default in parameters:
        locals_.append(parser.names.fresh(each))
        start += _default_of(parser, locals_[-1], default, piece, place)
        parser.names.known[each] = locals_[-1]
    body, closing = parser.block((end,), piece)
    names, parser.names, parser.is_kept = parser.names, outer, was_kept
    assert closing is not None  # block() raised otherwise
    closing.end()
    given = [names.asked[letter] for letter in "ckv" if letter in names.asked]
    whole = (*started(names, piece, parser.source), *start, *body)
    written = tuple(each for each, _ in parameters)
    defaults = sum(bool(default) for _, default in parameters)
    takes = "".join(letter for letter in "ckv" if letter in names.asked)
    return Macro(own, written, (*locals_, *given), defaults, whole, place, name, takes)


def _default_of(parser: Body, name: str, at: list[int], piece: Piece, place: Place) -> list[Statement]:
    """What gives a parameter its default where it is left out."""
    if not at:
        return []
    reader = parser.reader(piece)
    reader.at = at[0]
    value = Path(name, (), name, place)
    is_left_out = FilterCall(value, "is_left_out", (), (), place)
    return [Assign(name, Choice(is_left_out, reader.expression(), value, place), place)]


def call_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    parameters = _signature(parser, reader) if reader.is_next("(") else []
    start = reader.at
    call = reader.expression()
    source = reader.text_from(start)
    reader.end()
    if not isinstance(call, Call):
        raise parser.error("`call` needs the call of a macro", piece, "write it as `{% call name() %}`")
    own = parser.names.fresh("caller")
    macro = _macro_of(parser, own, "", parameters, "endcall", piece, place)
    given = (*call.options, ("caller", Path(own, (), "caller", place)))
    return (macro, *parser.written(parser.as_output(replace(call, options=given), source, place)))
