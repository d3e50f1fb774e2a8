"""What names mean in the parts of a Jinja template: loops, macros and blocks have names of their own.

A name set at the top of a template keeps its name in the tree; one set further in becomes `name~3`, which no template
can write. So every name in the tree is set in one place only, and reading one needs no search.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

LOCAL = "~"  # in the names of a tree that are not the template's own
_GIVEN = {"caller": "c", "kwargs": "k", "varargs": "v"}  # what a macro has where it asks for it


@dataclass(slots=True)
class Names:
    """The names of one part of a template."""

    kind: str  # template, part, macro, block
    outer: Names | None = None
    known: dict[str, str] = field(default_factory=dict)  # as written → in the tree
    starts: list[tuple[str, str]] = field(default_factory=list)  # local names, and what they are before they are set
    fixed: set[str] = field(default_factory=set)  # names that a loop gives: setting one makes another of it
    asked: dict[str, str] = field(default_factory=dict)  # what a macro's body asks for, by the letter in `takes`
    modules: set[str] = field(default_factory=set)  # the tree's names of imported templates
    recursions: dict[str, str] = field(default_factory=dict)  # loops' states → what calls the loop, empty for most
    branches: int = 0  # open conditions
    numbers: Iterator[int] = field(default_factory=count)

    def inner(self, kind: str) -> Names:
        """The names of a part inside this one."""
        return Names(kind, self, numbers=self.numbers)

    def fresh(self, name: str) -> str:
        """A name of the tree that nothing else has."""
        return f"{name}{LOCAL}{next(self.numbers)}"

    def meaning(self, name: str) -> str:
        """The tree's name for a name that is read here."""
        if name in self.known:
            return self.known[name]
        if self.kind == "macro" and name in _GIVEN:
            return self.asked.setdefault(_GIVEN[name], self.fresh(name))
        if self.kind == "block":
            return self.whole().known.get(name, name)
        return name if self.outer is None else self.outer.meaning(name)

    def whole(self) -> Names:
        """The names of the template itself."""
        return self if self.outer is None else self.outer.whole()

    def set(self, name: str) -> str:
        """The tree's name for a name that is set here."""
        if name in self.known and name not in self.fixed:
            return self.known[name]
        if self.outer is None:
            self.known[name] = name
            return name
        local = self.fresh(name)
        if self.branches:
            self.starts.append((local, self.meaning(name)))
        self.known[name] = local
        self.fixed.discard(name)
        return local

    def visible(self) -> dict[str, str]:
        """All names set so far that are seen here, as written → in the tree."""
        outer = {} if self.outer is None else (self.whole() if self.kind == "block" else self.outer).visible()
        return {**outer, **self.known}
