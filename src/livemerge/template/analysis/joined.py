"""Texts put together of several values: `append`, `Concat`, `~`. What each of them is in the text that comes out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from livemerge.template import nodes
from livemerge.template.analysis.origins import Origin, Origins
from livemerge.template.kinds import Kinds
from livemerge.template.nodes import Expression

_ALL: Final = -1
_ORDERS: Final = {
    "append": (0, 1),
    "prepend": (1, 0),
    "replace": (0, 2),
    "replace_first": (0, 2),
    "replace_last": (0, 2),
    "replacelist": (0, 1),
    "concat": (0, _ALL),
    "op_concat": (0, _ALL),
    "op_add": (0, _ALL),
    "op_modulo": (0, _ALL),
    "format": (0, _ALL),
    "make_tuple": (_ALL,),
    "make_dict": (_ALL,),
}
"""The places of values that stand in what a function gives, in their order: 0 is its value, 1 its first argument."""
_OF_FORMATS: Final = frozenset({"op_modulo", "format"})  # these write texts only where their value is one
_MAX_CHARACTERS: Final = 400  # of the text before a value that are looked at
_MAX_JOINS: Final = 20  # joined values inside each other that are looked at


def parts_in(node: nodes.FilterCall, kinds: Kinds | None) -> tuple[Expression, ...]:
    """The values that stand in the text a function gives, in their order; none where it joins no text."""
    order = _ORDERS.get(node.name)
    if order is None or (kinds is not None and kinds.gives == "list"):
        return ()
    if node.name in _OF_FORMATS and not _is_text(node.target):
        return ()
    given = (node.target, *node.arguments)
    return tuple(given[at] for at in order if 0 <= at < len(given)) + (given[1:] if _ALL in order else ())


def _is_text(node: Expression) -> bool:
    return isinstance(node, nodes.Literal) and isinstance(node.value, str)


def is_written(node: Expression) -> bool:
    """Whether a part shows something for everybody, as what the author wrote does."""
    return isinstance(node, nodes.Literal) and node.value is not None and bool(str(node.value).strip())


def part_of(origins: Origins, part: Expression, parts: tuple[Expression, ...], kinds: Kinds | None) -> Origins:
    """The origins of one of the parts, as they stand in the whole."""
    before = parts[: next(at for at, each in enumerate(parts) if each is part)]
    has_others = any(is_written(each) for each in parts if each is not part)
    behind = _spot_behind(before)
    kind = kinds.gives if kinds is not None else "text"
    return tuple(_as_part(each, has_others, behind, each.kind or kind) for each in origins)


def _as_part(origin: Origin, has_others: bool, behind: str, kind: str) -> Origin:
    return replace(
        origin,
        is_exact=False,
        kind=kind,
        is_part=origin.is_part or has_others,
        is_blank=True,
        behind="query" if "query" in (origin.behind, behind) else origin.behind or behind,
    )


def _spot_behind(before: tuple[Expression, ...]) -> str:
    """Where in an address that begins like this the next value stands; empty: it is the beginning."""
    if not before:
        return ""
    text = "".join(_written(each, _MAX_JOINS) for each in before)
    return "query" if "?" in text or "#" in text else "path"


def _written(node: Expression, joins: int) -> str:
    """What the author wrote of a text, as far as it is looked at."""
    if _is_text(node):
        return str(getattr(node, "value", ""))[:_MAX_CHARACTERS]
    if joins and isinstance(node, nodes.FilterCall) and node.name in _ORDERS:
        return "".join(_written(each, joins - 1) for each in parts_in(node, None)[:_MAX_JOINS])[:_MAX_CHARACTERS]
    return ""
