"""Names that a tag sets: one, or several that a value is taken apart into."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from livemerge.template.jinja.body import Body
from livemerge.template.jinja.expressions import Reader
from livemerge.template.nodes import (
    Assign,
    Block,
    Expression,
    FilterCall,
    Index,
    Literal,
    Path,
    Place,
    Statement,
)

Target: TypeAlias = "str | tuple[Target, ...]"  # a name, or several that a value is taken apart into


def read_target(parser: Body, reader: Reader, ends: tuple[str, ...] = ()) -> Target:
    """A name, or several that a value is taken apart into."""
    found: list[Target] = []
    has_comma = False
    while not (reader.word.kind == "name" and reader.word.text in ends):
        if reader.accept("("):
            found.append(read_target(parser, reader))
            reader.expect(")")
        else:
            found.append(read_name(parser, reader))
        if not reader.accept(","):
            break
        has_comma = True
    if not found:
        reader.refuse(f"expected a name, found {reader.found()}")
    return tuple(found) if has_comma else found[0]


def read_name(parser: Body, reader: Reader) -> str:
    name = reader.word.text
    if name in ("true", "false", "none", "True", "False", "None"):
        reader.refuse(f"`{name}` cannot be set")
    if name == "loop" and parser.names.meaning(name) != name:
        reader.refuse("`loop` is the loop's own name")
    return reader.expect("name").text


def taken_apart(parser: Body, target: Target, value: Expression, place: Place) -> Block:
    """What sets the names of a target."""
    if isinstance(target, str):
        return (Assign(parser.names.set(target), value, place),)
    whole = parser.names.fresh("parts")
    parts = FilterCall(value, "made_of", (Literal(len(target), place),), (), place)
    found: list[Statement] = [Assign(whole, parts, place)]
    for at, each in enumerate(target):
        found += taken_apart(parser, each, Path(whole, (Index(Literal(at, place), place),), "", place), place)
    return tuple(found)


def parts(target: Target, value: Path) -> dict[str, Path]:
    """What each name of a target stands for in a value that is not taken apart."""
    if isinstance(target, str):
        return {target: value}
    found: dict[str, Path] = {}
    for at, each in enumerate(target):
        found |= parts(each, replace(value, steps=(*value.steps, Index(Literal(at, value.place), value.place))))
    return found
