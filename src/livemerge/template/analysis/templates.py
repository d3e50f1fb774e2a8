"""How templates in each other are walked: included ones, partials, and pieces that are written by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from livemerge.errors import nearest
from livemerge.template import nodes
from livemerge.template.analysis.expressions import origins_of, use
from livemerge.template.analysis.origins import Names, item_of
from livemerge.template.analysis.walk import Follow, Piece, Walk
from livemerge.template.findings import Source
from livemerge.template.limits import MAX_INCLUDE_DEPTH
from livemerge.template.nodes import Block

GIVE_IT = "Its fields are not known; give it when compiling."
BLOCK_NAME = "@partial-block"
_STOPS_ARGUMENT, _DEFAULT_ARGUMENT = 1, 2  # of a function that writes a template, its name not counted


def include(walk: Walk, node: nodes.Include, names: Names) -> None:
    given = {name: use(walk, value, names, "argument") for name, value in node.arguments}
    if node.bound is not None:
        origins = use(walk, node.bound, names, "argument")
        alias = node.alias or _included_name(node)
        given[alias] = tuple(item_of(origin) if node.repeats else origin for origin in origins)
    name = node.name.value if isinstance(node.name, nodes.Literal) else None
    found = walk.load(name) if isinstance(name, str) else None
    if found is None:
        if not node.is_optional:
            unknown_include(walk, node)
    elif may_follow(walk):
        _included(walk, found, given if node.is_isolated else {**names, **given}, names, node)


def may_follow(walk: Walk) -> bool:
    """Whether one more template is walked; that is charged."""
    walk.found.templates_left -= 1
    return walk.depth < MAX_INCLUDE_DEPTH and walk.found.templates_left >= 0


def _included(walk: Walk, found: tuple[Block, Source], given: Names, names: Names, node: nodes.Include) -> None:
    inner = walk.beside(found[1], found[0])
    inner.facts = inner.facts.forgetting(f"${name}" for name in (names if node.is_isolated else given))
    inner.block(found[0], given)
    if not node.is_isolated:
        arguments = {name for name, _ in node.arguments}
        names.update({name: value for name, value in given.items() if name not in arguments})
        walk.facts = replace(inner.facts, is_left=walk.facts.is_left)


def content(walk: Walk, node: nodes.FilterCall, names: Names) -> None:
    """Another template that a function writes with our variables."""
    name = node.target.value if isinstance(node.target, nodes.Literal) else None
    found = walk.load(str.__str__(name)) if isinstance(name, str) else None
    if found is None:
        missing = nodes.Include(node.target, False, (), node.place)
        unknown_include(walk, missing, has_default=_has_default(node))
    elif may_follow(walk):
        inner = walk.beside(found[1], found[0])
        inner.block(found[0], names)
        walk.facts = replace(inner.facts, is_left=walk.facts.is_left)


def _has_default(node: nodes.FilterCall) -> bool:
    """Whether a function goes on where its template is not there: it is told to, or given something else to write."""
    if len(node.arguments) > _DEFAULT_ARGUMENT:
        return True
    given = node.arguments[_STOPS_ARGUMENT:_DEFAULT_ARGUMENT]
    return any(isinstance(each, nodes.Literal) and each.value in (False, 0) for each in given)


def unknown_include(walk: Walk, node: nodes.Include, *, has_default: bool = False) -> None:
    advice = GIVE_IT
    if not isinstance(node.name, nodes.Literal):
        origins_of(walk, node.name, {})
        code, what = "dynamic-include", "the name of an included template is known only while rendering"
        advice = "Write each name in quotes, under a condition of its own."
    elif has_default:
        code, what = "absent-include", f"there is no template `{node.name.value}`: its default stands here"
    else:
        code, what = "unknown-include", f"there is no template `{node.name.value}` to include"
        advice = nearest(str(node.name.value).rsplit("\\", 1)[-1], walk.vocabulary.templates) or advice
    walk.report(walk.source.finding(code, "warning", what, node.place, advice))


def define(walk: Walk, node: nodes.Define, names: Names) -> None:
    outer, walk.pieces = walk.pieces, dict(walk.pieces)
    walk.pieces.update({name: Piece(fragment, names, walk) for name, fragment in node.fragments})
    walk.block(node.body, names)
    walk.pieces = outer


def partial(walk: Walk, node: nodes.Partial, names: Names) -> None:
    """Walks what a partial writes, with its context as the data; each template at most twice in itself."""
    arguments = {name: use(walk, value, names, "argument") for name, value in node.arguments}
    context = origins_of(walk, node.context, names)
    name = node.name.value if isinstance(node.name, nodes.Literal) else None
    if name is None:
        use(walk, node.name, names, "argument")
    pieces = {**walk.pieces, **{key: Piece(each, names, walk) for key, each in node.fragments}}
    if node.block is not None:
        pieces[BLOCK_NAME] = Piece(node.block, names, walk)
    is_circle = name != BLOCK_NAME and isinstance(name, str) and walk.active.count(name) > 1
    if is_circle or not may_follow(walk):
        return
    found = pieces.get(name) if isinstance(name, str) else None
    loaded = walk.load(name) if isinstance(name, str) and found is None else None
    if loaded is not None:
        inner = walk.inner(loaded[1], loaded[0], context, (*walk.active, str(name)))
        inner.pieces = pieces
        inner.block(loaded[0], arguments)
    elif found is None and node.fallback is not None:
        found = Piece(node.fallback, names, walk)
    if found is not None:
        piece = found
        if name == BLOCK_NAME:  # a block's own block is that of the template it stands in
            pieces.pop(BLOCK_NAME, None)
            pieces |= {key: each for key, each in piece.walk.pieces.items() if key == BLOCK_NAME}
        own = piece.walk
        inner = own.inner(own.source, piece.fragment.body, own.base, (*walk.active, str(name)))
        inner.pieces, inner.facts, inner.given = pieces, walk.facts, walk.given
        inner.block(piece.fragment.body, {**piece.names, piece.fragment.name: context})
    elif loaded is None and name != BLOCK_NAME:
        unknown_include(walk, nodes.Include(node.name, True, (), node.place))


def _included_name(node: nodes.Include) -> str:
    name = node.name.value if isinstance(node.name, nodes.Literal) else ""
    return str(name).rsplit("/", 1)[-1]


TEMPLATES: Final[Mapping[type, Follow]] = {
    nodes.Include: include,
    nodes.FilterCall: content,
    nodes.Define: define,
    nodes.Partial: partial,
}
