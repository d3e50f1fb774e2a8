"""Fields asked for → the fewest source calls, in waves; each wave needs only values of the waves before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from livemerge.catalog import By, Catalog, Field, needs


@dataclass(frozen=True, slots=True)
class Step:
    """One source, asked once for each batch of keys, for all the fields it can give."""

    source: str
    fields: tuple[Field, ...]  # in the order of their names
    by: By | None  # None: keyed by the customer


@dataclass(frozen=True, slots=True)
class Plan:
    """Waves of steps; the steps of one wave run side by side."""

    asked: frozenset[str]
    waves: tuple[tuple[Step, ...], ...]
    required: tuple[str, ...] = ()  # of those asked for, in the order of their names

    def sources(self) -> frozenset[str]:
        return frozenset(step.source for wave in self.waves for step in wave)

    def __str__(self) -> str:
        """For people: `wave 1  crm → first_name, tier   web → last_viewed` and what the next wave needs from it."""
        lines = [f"{len(self.asked)} fields, {sum(map(len, self.waves))} steps, {len(self.waves)} waves"]
        for number, wave in enumerate(self.waves, start=1):
            for step in wave:
                names = ", ".join(field.name for field in step.fields)
                lines.append(f"  wave {number}  {step.source}{_keyed(step.by)} → {names}")
        return "\n".join(lines)


def make_plan(catalog: Catalog, names: Iterable[str]) -> Plan:
    """The plan for these fields of the catalog. Raises KeyError for a name the catalog does not have."""
    asked = frozenset(names)
    fields = _with_needs(catalog, asked)
    waves: dict[int, dict[str, list[Field]]] = {}
    for name in sorted(fields):
        field = catalog.fields[name]
        waves.setdefault(_depth(catalog, field), {}).setdefault(field.source, []).append(field)
    return Plan(
        asked,
        tuple(
            tuple(Step(source, tuple(group), catalog.by.get(source)) for source, group in sorted(wave.items()))
            for _, wave in sorted(waves.items())
        ),
        tuple(name for name in sorted(asked) if catalog.fields[name].is_required),
    )


def _with_needs(catalog: Catalog, asked: frozenset[str]) -> set[str]:
    """The fields asked for and every field that names a key for one of them."""
    waiting, needed = list(asked), set[str]()
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed.add(name)
        waiting += needs(catalog.fields[name], catalog.by, catalog.fields)
    return needed


def _depth(catalog: Catalog, field: Field) -> int:
    """How many fields must be known before this one can be asked for; the catalog has no circles."""
    return max(
        (1 + _depth(catalog, catalog.fields[name]) for name in needs(field, catalog.by, catalog.fields)), default=0
    )


def _keyed(by: By | None) -> str:
    if by is None:
        return ""
    return f" by {by.field}[].{by.item_property}" if by.item_property else f" by {by.field}"
