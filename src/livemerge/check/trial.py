"""A branch's condition, tried with every kind of value that one field may have there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from livemerge.catalog import Catalog, Field
from livemerge.check.fields import inside_of
from livemerge.check.samples import counts, samples_of
from livemerge.template.verdict import Condition, Test
from livemerge.template.walk import expressions_in

MAX_STEPS: Final = 1_000_000  # of conditions tried for one template, some 2 µs each; what is behind that is not tried
MAX_STEPS_OF_ONE: Final = 10_000  # of one condition tried for one field: people's own take some hundreds
_ASKED_AGAIN: Final = 10  # values that are tried beside the samples
_COUNTED: Final = ("size", "length")


class Budget:
    """How many steps of conditions may still be taken."""

    __slots__ = ("left", "sizes")

    def __init__(self) -> None:
        self.left = MAX_STEPS
        self.sizes: dict[int, int] = {}  # by the ids of conditions, which the template keeps

    def spend(self, verdicts: int, conditions: Iterable[Condition]) -> bool:
        """Whether these conditions may be asked so often."""
        steps = verdicts * sum(map(self._size, conditions))
        if steps > MAX_STEPS_OF_ONE:
            return False
        self.left -= steps
        return self.left >= 0

    def _size(self, condition: Condition) -> int:
        found = self.sizes.get(id(condition))
        if found is None:
            found = self.sizes[id(condition)] = sum(1 for _ in expressions_in(condition.expression))
        return found


@dataclass(frozen=True, slots=True)
class Trial:
    """`verdicts` of a test for the `values` that get there. `is_narrowed`: some values do not, as tests before say.

    `name`: what was tried, as the template writes it. `field` is None where the catalog has none for it.
    """

    test: Test
    name: str
    field: Field | None
    inside: tuple[str, ...]
    values: tuple[object, ...]
    verdicts: frozenset[bool | None]
    is_narrowed: bool
    key: str
    catalog: Catalog

    def verdict(self, value: object) -> bool | None:
        """What the condition comes out as for one value."""
        return self.test.condition.verdict(lambda key: canonical_key(key, self.catalog) == self.key, value)


def trials_of(test: Test, catalog: Catalog, budget: Budget) -> Iterator[Trial]:
    """One trial for each thing the condition looks at."""
    named = {canonical_key(key, catalog): (path.source, key) for path, key in reversed(test.condition.keys)}
    for key, (name, original) in named.items():
        field, inside = _field_of(original, catalog)
        if budget.left <= 0:
            return
        asking = [(each, truth) for each, truth in test.given if _looks_at(each, key, catalog)]
        literals = [value for each in (test.condition, *(each for each, _ in asking)) for value in each.literals]
        values = _values(field, inside, literals)
        if not budget.spend(len(values) + _ASKED_AGAIN, (test.condition, *(each for each, _ in asking))):
            continue
        same = {each for one in (test.condition, *(one for one, _ in asking)) for each in _keys_of(one, key, catalog)}
        is_asked = same.__contains__

        alive = tuple(
            value for value in values if all(each.verdict(is_asked, value) in (None, truth) for each, truth in asking)
        )
        verdicts = frozenset(test.condition.verdict(is_asked, value) for value in alive)
        yield Trial(test, name, field, inside, alive, verdicts, len(alive) < len(values), key, catalog)


def _values(field: Field | None, inside: tuple[str, ...], literals: list[object]) -> list[object]:
    if inside and inside[-1] in _COUNTED:
        return counts() + [value + step for value in literals if isinstance(value, int) for step in (-1, 0, 1)]
    return samples_of(None if inside else field, literals)


def _field_of(key: str, catalog: Catalog) -> tuple[Field | None, tuple[str, ...]]:
    """The field a key stands for, and what it reads in it; an item's property may be a field of its own."""
    path = key.partition("#")[0]
    field = catalog.field_of(path) if path else None
    if field is None:
        return None, ()
    inside = inside_of(path, field, catalog)
    item = catalog.fields.get(inside[1]) if len(inside) == 2 and inside[0] == "[]" else None
    if item is not None and item.item_of == field.name:
        return item, ()
    return field, inside


def canonical_key(key: str, catalog: Catalog) -> str:
    """A key by its field's own name, whichever alias the template uses."""
    path, mark, rest = key.partition("#")
    field = catalog.field_of(path) if path else None
    if field is None:
        return key
    return ".".join((field.name, *inside_of(path, field, catalog))) + mark + rest


def _keys_of(condition: Condition, key: str, catalog: Catalog) -> Iterator[str]:
    """The condition's keys that stand for the same value."""
    return (each for _, each in condition.keys if each == key or canonical_key(each, catalog) == key)


def _looks_at(condition: Condition, key: str, catalog: Catalog) -> bool:
    return any(True for _ in _keys_of(condition, key, catalog))
