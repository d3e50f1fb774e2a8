"""Tags that are about other templates: blocks, `extends`, `include`, `import` and `from`."""

from __future__ import annotations

from livemerge.template.jinja.body import Body, started
from livemerge.template.jinja.expressions import Reader
from livemerge.template.jinja.targets import read_name
from livemerge.template.jinja.tokens import Piece
from livemerge.template.nodes import (
    Assign,
    Block,
    Expression,
    Extends,
    FilterCall,
    Import,
    Include,
    Literal,
    Path,
    Place,
    Slot,
    Statement,
    Unsupported,
)


def block_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    name = reader.expect("name").text
    flags = {word.text for word in iter(lambda: reader.accept("name"), None)}
    reader.end()
    if flags - {"scoped", "required"}:
        raise parser.error("`block` may be `scoped` and `required`", piece, "a block's name is one word")
    if name in parser.slots:
        raise parser.error(f"the block `{name[:40]}` is there twice", piece, "write `{{ self.name() }}` for the second")
    parser.slots.add(name)
    visible = parser.names.visible() if "scoped" in flags else {}
    outer, was_kept = parser.names, parser.is_kept
    parser.names, parser.is_kept = outer.inner("block"), True
    parser.names.asked[name] = name
    body, end = parser.block(("endblock",), piece)
    inner, parser.names, parser.is_kept = parser.names, outer, was_kept
    assert end is not None  # block() raised otherwise
    end.accept("name", name)
    end.end()
    body = started(inner, piece, parser.source) + body
    arguments = tuple((each, Path(tree, (), each, place)) for each, tree in visible.items() if tree != each)
    is_written = parser.heir is None or parser.is_kept
    return (Slot(name, body, arguments, "required" in flags, is_written, place),)


def extends_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    name = reader.expression()
    reader.end()
    if parser.heir is not None:
        raise parser.error("a template extends one other only", piece, "remove this `extends`")
    if len(parser.open) > 1 or parser.names.outer is not None:
        what, advice = "`extends` stands inside another tag", "put it at the top of the template"
        parser.findings.append(parser.source.finding("unsupported-tag", "error", what, place, advice))
        return (Unsupported(what, advice, place),)
    parser.heir = Extends(name, place)
    return ()


def include_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    name = reader.expression()
    is_optional = reader.is_next("name", "ignore") and reader.is_next("name", "missing", ahead=1)
    if is_optional:
        reader.take()
        reader.take()
    is_alone = not _sees_ours(reader, otherwise=True)
    reader.end()
    arguments = () if is_alone else _visible(parser, place)
    return parser.written(Include(name, True, arguments, place, is_optional=is_optional, is_alone=is_alone))


def _sees_ours(reader: Reader, *, otherwise: bool) -> bool:
    """Whether another template sees what this one sees."""
    if not _is_about_context(reader):
        return otherwise
    found = reader.take().text == "with"
    reader.take()
    return found


def _visible(parser: Body, place: Place) -> tuple[tuple[str, Expression], ...]:
    """All variables there are here, for another template; `loop` is its loop's alone."""
    loops = parser.names.whole().recursions
    seen = ((name, tree) for name, tree in parser.names.visible().items() if tree not in loops)
    return tuple((name, Path(tree, (), name, place)) for name, tree in seen)


def import_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    name = reader.expression()
    reader.expect("name", "as")
    own = parser.names.set(read_name(parser, reader))
    parser.names.whole().modules.add(own)
    sees_ours = _sees_ours(reader, otherwise=False)
    reader.end()
    return (Import(own, name, _visible(parser, place) if sees_ours else None, place),)


def from_tag(parser: Body, reader: Reader, piece: Piece) -> Block:
    place = parser.source.place(piece.offset)
    name = reader.expression()
    reader.expect("name", "import")
    module = parser.names.fresh("module")
    sees_ours = False
    wanted: list[tuple[str, str]] = []
    while True:
        if _is_about_context(reader):
            sees_ours = _sees_ours(reader, otherwise=False)
            break
        each = reader.expect("name").text
        if each.startswith("_"):
            raise parser.error("names that begin with _ are not imported", piece, "give it another name there")
        wanted.append((each, read_name(parser, reader) if reader.accept("name", "as") else each))
        if not reader.accept(","):
            sees_ours = _sees_ours(reader, otherwise=False)
            break
    reader.end()
    start: list[Statement] = [Import(module, name, _visible(parser, place) if sees_ours else None, place)]
    for each, own in wanted:
        tree = parser.names.set(own)
        found = FilterCall(Path(module, (), each, place), "member", (Literal(each, place),), (), place)
        start.append(Assign(tree, found, place))
    return tuple(start)


def _is_about_context(reader: Reader) -> bool:
    return reader.word.text in ("with", "without") and reader.is_next("name", "context", ahead=1)
