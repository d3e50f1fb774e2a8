"""What generated code of Handlebars templates calls: contexts around, private names, other templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from livemerge.template.handlebars import values
from livemerge.template.limits import MAX_INCLUDE_DEPTH, ROUND_WORK
from livemerge.template.runtime import Context, Fault, Output, Scope, charge, look

BLOCK = "@partial-block"
_HARD_BREAK = re.compile(rb"(?<!=)\r\n")
_FILLED_BREAK = re.compile(rb"(?<!=)\r\n(?!\r\n|\Z)")  # those before lines that are not empty
_FILLED_FEED = re.compile(r"\n(?!\n|\Z)")

Fragment = Callable[[Context, "Frame", Output, Any], None]
Chain = Any  # (context, the chain around it), None outside of all


class Frame:
    """What a template sees beside its data: the whole data, private names, pieces it may write."""

    __slots__ = ("block", "chain", "given", "names", "partials", "root")

    def __init__(
        self,
        root: object,
        given: Mapping[str, object],
        names: Mapping[str, object],
        partials: Mapping[str, Fragment],
        block: Fragment | None,
        chain: Chain,
    ) -> None:
        self.root = root
        self.given = given
        self.names = names
        self.partials = partials
        self.block = block
        self.chain = chain


class FramedScope(Scope):
    """The scope of a template that another one writes."""

    __slots__ = ("frame",)

    def __init__(self, data: Mapping[str, object], frame: Frame) -> None:
        super().__init__(data)
        self.frame = frame


def frame_of(scope: Scope) -> Frame:
    """The frame of a scope; a message's first template begins one."""
    if isinstance(scope, FramedScope):
        return scope.frame
    whole = scope.data.get("@root", values.value_of(scope.data))
    return Frame(whole, scope.data, {}, {}, None, None)


def chain_of(frame: Frame, scope: Scope) -> Chain:
    """The contexts around a template's own, with it."""
    return nest(frame.chain, values.value_of(scope.data))


def nest(chain: Chain, context: object) -> Chain:
    """A chain with a context in it, unless it is the innermost already."""
    return chain if chain is not None and chain[0] is context else (context, chain)


def up(chain: Chain, levels: int) -> object:
    """The context so many levels outside, None where there is none."""
    for _ in range(levels):
        if chain is None:
            return None
        chain = chain[1]
    return None if chain is None else chain[0]


def find(chain: Chain, name: str) -> object:
    """The value of a name in the innermost context that has one."""
    while chain is not None:
        found = values.item(chain[0], name)
        if found is not None:
            return found
        chain = chain[1]
    return None


def private(frame: Frame, name: str) -> object:
    """A private name: a loop's in a template around, the block given to this one, else what the data has with an @."""
    if name == "partial-block":
        return frame.block
    return frame.names[name] if name in frame.names else frame.given.get(f"@{name}")


def partial(
    context: Context,
    frame: Frame,
    output: Output,
    kind: str,
    name: object,
    known: Mapping[str, Fragment],
    table: Mapping[str, Fragment],
    value: object,
    arguments: dict[str, object],
    names: dict[str, object] | None,
    levels: int,
    block: Fragment | None,
    fallback: Fragment | None,
    chain: Chain,
    indent: str,
) -> bool:
    """Writes a piece or template by its name; gives whether it was one of the pieces.

    `known`: pieces it may be; `table`: those it may write itself, with the ones of its block. `levels`: loops of this
    template around, whose names are `names`.
    """
    charge(context, ROUND_WORK)
    look(context, output)
    if context.depth >= MAX_INCLUDE_DEPTH:
        raise Fault(f"templates include each other deeper than {MAX_INCLUDE_DEPTH}", "check for a circle")
    if arguments:
        named = values.named(value)
        charge(context, len(named))
        value = {**named, **arguments}
    if levels:
        names = {**{"../" * levels + name: each for name, each in frame.names.items()}, **(names or {})}
    own = frame.names if names is None else names
    inner = Frame(frame.root, frame.given, own, table, frame.block if block is None else block, chain)
    context.depth += 1
    is_piece = _write(context, frame, inner, output, kind, name, known, value, fallback, indent)
    context.depth -= 1
    return is_piece


def _write(
    context: Context,
    frame: Frame,
    inner: Frame,
    output: Output,
    kind: str,
    name: object,
    known: Mapping[str, Fragment],
    value: object,
    fallback: Fragment | None,
    indent: str,
) -> bool:
    if name == BLOCK:
        if frame.block is None:
            raise Fault("there is no block around this template", "write it as `{{#> name}}…{{/name}}`")
        frame.block(context, inner, output, value)
        return False
    text = str.__str__(name) if isinstance(name, str) else values.show(name)
    fragment = known.get(text)
    if fragment is not None:
        fragment(context, inner, output, value)
        return True
    try:
        program = context.load(f"{indent}\0{text}" if indent else text, kind, False)
    except Fault:
        if fallback is None:
            raise
        inner.block = frame.block  # a block that stands in for a template is not its own block
        fallback(context, inner, output, value)
        return False
    program(context, FramedScope(values.as_data(value), inner), output)
    return False


def block_of(fragment: Fragment, frame: Frame) -> Fragment:
    """A piece that is written as another template's block; its own block is that of the template it is in."""
    own = frame.block

    def write(context: Context, caller: Frame, output: Output, value: object) -> None:
        fragment(
            context, Frame(caller.root, caller.given, caller.names, caller.partials, own, caller.chain), output, value
        )

    return write


def indent_from(output: Output, start: int, indent: str, static: Callable[[str], Any], skips_empty: bool) -> None:
    """Indents the lines of what was written since `start`, all but an empty last one, or no empty one at all."""
    mark = static(indent)
    is_due = True
    for at in range(start, len(output)):
        if output[at]:
            output[at], is_due = _indented(output[at], mark, is_due, skips_empty)


def _indented(piece: Any, mark: Any, is_due: bool, skips_empty: bool) -> tuple[Any, bool]:
    """A piece with a mark at the start of its lines, and whether one is due before what follows."""
    end = "\n" if isinstance(piece, str) else b"\r\n"
    ends = piece.endswith(end) and not (isinstance(piece, bytes) and piece.endswith(b"=\r\n"))
    body = piece[: -len(end)] if ends else piece
    is_marked = is_due and not (skips_empty and (not body or body.startswith(end)))
    if isinstance(piece, bytes):
        breaks = _FILLED_BREAK if skips_empty else _HARD_BREAK
        body = breaks.sub(lambda _: b"\r\n" + mark, body)
    else:
        body = _FILLED_FEED.sub(f"\n{mark}", body) if skips_empty else body.replace("\n", f"\n{mark}")
    return (mark if is_marked else end[:0]) + body + (end if ends else end[:0]), ends


# Truth as Python: the commonest kinds mean what they mean there; an empty object and NaN do not.
HANDLEBARS_TRUTH = "(not not {name} if type({named}) in PLAIN else TRUE({name}))"
_PLAIN = frozenset((str, list, bool, int, type(None)))

HANDLEBARS_CALLS: dict[str, object] = {
    "BLOCK": block_of,
    "CHAIN": chain_of,
    "E": values.escape,
    "EACH": values.loop,
    "FIND": find,
    "FRAME": frame_of,
    "GETTER": values.getter,
    "INDENT": indent_from,
    "ITEM": values.item,
    "MERGE": lambda first, second: {**first, **second},
    "NEST": nest,
    "PLAIN": _PLAIN,
    "PARENT": values.parent,
    "PARTIAL": partial,
    "PRIVATE": private,
    "REQUIRED": values.required,
    "ROOT": lambda scope: values.value_of(scope.data),
    "SECTION": values.section,
    "STEP": values.item,
    "TRUE": values.is_true,
    "UP": up,
}
