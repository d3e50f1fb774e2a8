"""What variables stand for behind a choice: each way through it begins with what was known before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from livemerge.template import nodes
from livemerge.template.analysis.expressions import origins_of
from livemerge.template.analysis.origins import MAX_ORIGINS, Names, Origin, Origins, other_too
from livemerge.template.analysis.walk import Walk
from livemerge.template.nodes import Place

MAX_FOLLOWED_NAMES: Final = 300  # variables of one template that are told apart by ways; more are put together


@dataclass(slots=True)
class Ways:
    """What the names stood for `before` a choice, None where there are too many, and at the end of each way."""

    names: Names
    before: Names | None
    ends: list[Names] = field(default_factory=list)

    def ends_one(self) -> None:
        """One way ends here; what comes next is another way from the same beginning."""
        if self.before is None:
            return
        if self.names == self.before:
            self.ends.append(self.before)
            return
        self.ends.append(dict(self.names))
        self.names.clear()
        self.names.update(self.before)

    def join(self, walk: Walk, place: Place) -> None:
        """Behind the choice, a name stands for what it is at the end of any of the ways."""
        if self.before is None or all(end is self.before for end in self.ends):
            return
        ends = list({id(end): end for end in self.ends}.values())
        for name in dict.fromkeys(name for end in ends for name in self._changed(end)):
            found = [end[name] if name in end else _data(walk, name, place) for end in ends]
            joined = tuple(dict.fromkeys(each for origins in found for each in origins))[:MAX_ORIGINS]
            self.names[name] = joined if all(found) else other_too(joined)

    def _changed(self, end: Names) -> Iterator[str]:
        """Names that stand for something else at the end of a way than before it."""
        before = self.before or {}
        if end is not before:
            yield from (name for name, origins in end.items() if before.get(name) is not origins)
            yield from (name for name in before if name not in end)


def ways_from(names: Names) -> Ways:
    """The ways through a choice that begins here."""
    return Ways(names, dict(names) if len(names) <= MAX_FOLLOWED_NAMES else None)


def is_followed(names: Names) -> bool:
    """Whether what is set in a branch is kept apart from what was set before."""
    return len(names) <= MAX_FOLLOWED_NAMES


def _data(walk: Walk, name: str, place: Place) -> Origins:
    """What a name is where no variable of that name was set: a field, if there is one."""
    found: Origins = origins_of(walk, nodes.Path(name, (), name, place), {}, is_read=False)
    return tuple(_maybe(each) for each in found)


def _maybe(origin: Origin) -> Origin:
    return replace(origin, is_maybe=True)
