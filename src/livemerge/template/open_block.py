"""A block of a template that is not closed yet, for the languages whose tags open and close blocks one by one."""

from __future__ import annotations

from dataclasses import dataclass, field

from livemerge.template.nodes import Branch, Expression, If, Place, Statement


@dataclass(slots=True)
class OpenBlock:
    """What was opened, with its branches so far."""

    kind: str
    place: Place
    branches: list[Branch] = field(default_factory=list)
    condition: Expression | None = None  # None: inside ELSE, or no IF
    condition_source: str = ""
    condition_place: Place = field(default_factory=lambda: Place(1, 1))
    body: list[Statement] = field(default_factory=list)
    most: int = 0  # rounds, of a block that is a loop

    def end_branch(self) -> None:
        """Closes the branch that is open, unless it is the ELSE."""
        if self.condition is not None:
            branch = Branch(self.condition, self.condition_source, tuple(self.body), self.condition_place)
            self.branches.append(branch)
            self.body = []

    def as_if(self) -> If:
        """The block as a whole IF, closed here."""
        self.end_branch()
        otherwise = tuple(self.body) if self.condition is None else ()
        return If(tuple(self.branches), otherwise, self.place)
