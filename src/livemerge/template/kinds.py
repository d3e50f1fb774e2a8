"""What kinds of values a language's functions need, and what they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ANYTHING: Final = "anything"
SAME: Final = "same"  # what a function gives is of the kind it is given


@dataclass(frozen=True, slots=True)
class Kinds:
    """`takes`: kinds of the value and the arguments, in order: number, date, list, text, or anything."""

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
