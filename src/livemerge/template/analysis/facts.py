"""What is known at a place of a template, whichever way led there: what was tested, what is there, what is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

Paths = frozenset[str]
NOTHING: Final[Paths] = frozenset()
_MAX_FACTS = 300  # of one kind at one place; more are forgotten, which only means more questions


@dataclass(frozen=True, slots=True)
class Facts:
    """Paths of fields, and variables as `$name`.

    `tested`: every way here has looked at them. `present`: they surely have something to show. `missing`: they
    surely have nothing. `is_left`: no way leads on from here, as behind `continue`.
    """

    tested: Paths = NOTHING
    present: Paths = NOTHING
    missing: Paths = NOTHING
    is_left: bool = False

    def learning(self, other: Facts) -> Facts:
        """These facts, and newer ones."""
        present = _some((self.present - other.missing) | other.present)
        missing = _some((self.missing - other.present) | other.missing)
        return Facts(_some(self.tested | other.tested), present, missing, self.is_left)

    def forgetting(self, names: Iterable[str]) -> Facts:
        """Without what is said of these paths and what is in them."""
        gone = tuple(names)
        if not gone:
            return self

        def kept(known: Paths) -> Paths:
            return frozenset(each for each in known if not any(_is_in(each, name) for name in gone))

        return Facts(kept(self.tested), kept(self.present), kept(self.missing), self.is_left)

    def is_tested(self, path: str) -> bool:
        """Whether a path, what it is a part of, or a part of it was looked at."""
        return path in self.tested or any(whole in self.tested for whole in _wholes(path)) or self.has(path)

    def has(self, path: str) -> bool:
        """Whether a path surely has something to show: it was found, or something in it."""
        return path in self.present or any(_is_in(each, path) for each in self.present)


NO_FACTS: Final = Facts()


def either(ways: Sequence[Facts]) -> Facts:
    """What is known where one of several ways was taken."""
    if not ways:
        return Facts(is_left=True)
    found = ways[0]
    for other in ways[1:]:
        found = Facts(found.tested & other.tested, found.present & other.present, found.missing & other.missing)
    return found


def after(before: Facts, ways: Sequence[Facts]) -> Facts:
    """What is known behind a choice.

    That something was tested counts only inside, unless one way leads away; what is there on all ways stays there.
    """
    open_ways = [way for way in ways if not way.is_left]
    joined = either(open_ways)
    if len(open_ways) < len(ways):
        return joined
    return replace(joined, tested=(before.tested & joined.tested) | (joined.present - before.present))


def _wholes(path: str) -> Iterable[str]:
    """What a path is a part of. A list that was tested says that it has an item, and nothing of what is in the item."""
    for at, character in enumerate(path):
        if character in ".[" and ("[" not in path[at:] or path[at:] == "[]"):
            yield path[:at]


def _is_in(path: str, whole: str) -> bool:
    return path.startswith(whole) and (len(path) == len(whole) or path[len(whole)] in ".[")


def _some(found: Paths) -> Paths:
    return found if len(found) <= _MAX_FACTS else frozenset(sorted(found)[:_MAX_FACTS])
