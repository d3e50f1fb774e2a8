"""What kinds of values a language's functions need, and what they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ANYTHING: Final = "anything"
SAME: Final = "same"  # what a function gives is of the kind it is given
PROPERTY: Final = "property"  # an argument that names what is read of each item of the list a function is given
PROPERTY_OPTIONS: Final = frozenset({"attribute", "field"})  # named arguments that do the same: Jinja's, Iterable's


@dataclass(frozen=True, slots=True)
class Kinds:
    """`takes`: kinds of the value and the arguments, in order: number, date, list, text, property, or anything."""

    name: str  # as authors write it
    takes: tuple[str, ...]
    gives: str


@dataclass(frozen=True, slots=True)
class Want:
    """A function that needs its value to be of a kind."""

    kind: str
    function: str


def kinds_of(takes: str, gives: str, names: str) -> dict[str, Kinds]:
    """The same kinds for several functions, by their names in small letters."""
    return {name.lower(): Kinds(name, tuple(takes.split()), gives) for name in names.split()}
