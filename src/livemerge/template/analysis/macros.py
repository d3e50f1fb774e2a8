"""How pieces of templates that are called, imported or inherited are walked: where, and with what, they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from livemerge.template import nodes
from livemerge.template.analysis.expressions import origins_of, use
from livemerge.template.analysis.origins import Names, Origins
from livemerge.template.analysis.templates import may_follow, unknown_include
from livemerge.template.analysis.walk import Follow, MacroPiece, SlotPiece, Walk
from livemerge.template.walk import parts_of, statements_in

_NO_DATA: Final[Origins] = ()


def macro(walk: Walk, node: nodes.Macro, names: Names) -> None:
    """Remembers a macro; what it reads is found where it is called."""
    walk.macros[node.name] = MacroPiece(node, names, walk)
    names[node.name] = ()
    walk.sets([node.name])


def alias(walk: Walk, node: nodes.Assign, _names: Names) -> None:
    """A macro under another name: one of an imported template, or of this one."""
    piece = _piece(walk, node.value)
    if piece is not None:
        walk.macros[node.name] = piece


def _piece(walk: Walk, node: nodes.Expression) -> MacroPiece | None:
    """The macro that an expression is, as far as that is known."""
    if isinstance(node, nodes.FilterCall) and node.name == "member":
        return _piece(walk, nodes.Path(_root(node.target), (*map(_index, node.arguments),), "", node.place))
    if not isinstance(node, nodes.Path) or not isinstance(node.root, str):
        return None
    if not node.steps:
        return walk.macros.get(node.root)
    key = node.steps[0].key if isinstance(node.steps[0], nodes.Index) else node.steps[0]
    found = walk.modules.get(node.root, {})
    return found.get(str(key.value)) if isinstance(key, nodes.Literal) and len(node.steps) == 1 else None


def _root(node: nodes.Expression) -> str:
    return node.root if isinstance(node, nodes.Path) and isinstance(node.root, str) else ""


def _index(node: nodes.Expression) -> nodes.Expression:
    return nodes.Index(node, nodes.Place(1, 1))


def call(walk: Walk, node: nodes.Call, names: Names) -> None:
    """Walks a macro's body with what its parameters stand for in this call; each macro at most twice in itself."""
    piece = _piece(walk, node.callee)
    if piece is None:
        for each in parts_of(node):
            use(walk, each, names, "argument")
        return
    called = f"{piece.walk.source.name}\0{piece.node.name}"
    if walk.active.count(called) > 1 or not may_follow(walk):
        return
    inner = piece.walk.beside(piece.walk.source, piece.node.body)
    inner.base, inner.active = piece.walk.base, (*walk.active, called)
    inner.facts, inner.given, inner.depth = walk.facts, walk.given, walk.depth + 1
    inner.macros = {**piece.walk.macros}
    inner.modules, inner.slots, inner.slot = piece.walk.modules, piece.walk.slots, piece.walk.slot
    inner.block(piece.node.body, {**piece.names, **_bound(walk, piece, node, names, inner)})


def _bound(walk: Walk, piece: MacroPiece, node: nodes.Call, names: Names, inner: Walk) -> Names:
    """What each parameter stands for; the macros among them are known to the inner walk."""
    known = dict(zip(piece.node.written, piece.node.parameters, strict=False))
    if "c" in piece.node.takes:
        known["caller"] = piece.node.parameters[len(piece.node.written)]
    pairs = [*zip(piece.node.parameters[: len(piece.node.written)], node.arguments, strict=False)]
    pairs += [(known[name], value) for name, value in node.options if name in known]
    found: Names = dict.fromkeys(piece.node.parameters, ())
    for name, value in pairs:
        found[name] = origins_of(walk, value, names)
        handed = _piece(walk, value)
        if handed is not None:
            inner.macros[name] = handed
    inner.facts = inner.facts.forgetting(f"${name}" for name in piece.node.parameters)
    return found


def import_(walk: Walk, node: nodes.Import, names: Names) -> None:
    """Walks a template for what it sets; without our data it reads no field."""
    given = None if node.arguments is None else {name: origins_of(walk, value, names) for name, value in node.arguments}
    name = node.template.value if isinstance(node.template, nodes.Literal) else None
    loaded = walk.load(name) if isinstance(name, str) else None
    names[node.name] = ()
    if loaded is None:
        unknown_include(walk, nodes.Include(node.template, True, (), node.place))
    elif may_follow(walk):
        inner = walk.inner(loaded[1], loaded[0], _NO_DATA if given is None else walk.base, walk.active)
        inner.block(loaded[0], given or {})
        walk.modules[node.name] = inner.macros


def slot(walk: Walk, node: nodes.Slot, names: Names) -> None:
    """Remembers how this template has a slot, and walks what its last heir has there."""
    for each in (node, *(found for found in statements_in(node.body) if not node.is_written)):
        if isinstance(each, nodes.Slot):
            pieces = walk.slots.setdefault(each.name, [])
            if all(piece.node is not each for piece in pieces):
                pieces.append(SlotPiece(each, names, walk))
    if node.is_written:
        _write(walk, node.name, 0, {name: origins_of(walk, value, names) for name, value in node.arguments}, names)


def inherited(walk: Walk, node: nodes.Inherited, names: Names) -> None:
    _write(walk, node.name, walk.slot + 1 if node.is_above else 0, {}, names)


def _write(walk: Walk, name: str, at: int, given: Names, names: Names) -> None:
    """Walks the slot of this name as the heir at position `at` has it."""
    pieces = walk.slots.get(name, [])
    called = f"{name}\0{at}"
    if at >= len(pieces) or walk.active.count(called) > 1 or not may_follow(walk):
        return
    piece = pieces[at]
    inner = walk.beside(piece.walk.source, piece.node.body)
    inner.base, inner.active, inner.slots, inner.slot = walk.base, (*walk.active, called), walk.slots, at
    inner.macros, inner.modules = piece.walk.macros, piece.walk.modules
    inner.block(piece.node.body, {**names, **piece.names, **given})


def extends(walk: Walk, node: nodes.Extends, names: Names) -> None:
    """Walks the template above with our slots and variables."""
    name = node.template.value if isinstance(node.template, nodes.Literal) else None
    loaded = walk.load(name) if isinstance(name, str) else None
    if loaded is None:
        unknown_include(walk, nodes.Include(node.template, True, (), node.place))
    elif may_follow(walk):
        inner = walk.beside(loaded[1], loaded[0])
        inner.base, inner.slots, inner.active = walk.base, walk.slots, walk.active
        inner.block(loaded[0], names)


MACROS: Final[Mapping[type, Follow]] = {
    nodes.Macro: macro,
    nodes.Call: call,
    nodes.Import: import_,
    nodes.Slot: slot,
    nodes.Inherited: inherited,
    nodes.Extends: extends,
    MacroPiece: alias,
}
