"""Which fields a caller asked for, and what of them it may have → the plan that fetches exactly those."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from livemerge.api.refusal import Refusal
from livemerge.catalog import Catalog, Field
from livemerge.errors import nearest
from livemerge.plan import Plan, make_plan

MAX_KEPT: Final = 256  # selections; callers ask for the same few all day


@dataclass(frozen=True, slots=True)
class Selection:
    """What one kind of request is answered with."""

    fields: tuple[Field, ...]  # in the answer's order; an item's field stands for its list
    withheld: frozenset[str]  # asked for, but the caller's key does not name them: never fetched
    items: dict[str, dict[str, str]]  # list field → fields its items gain → their types
    plan: Plan
    names: tuple[str, ...] = ()  # of the fields


class Selections:
    """Selections of a catalog, made once and kept while they are in use."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._kept: OrderedDict[tuple[tuple[str, ...] | None, frozenset[str]], Selection] = OrderedDict()

    def select(self, names: Sequence[str] | None, private_fields: frozenset[str]) -> Selection:
        """The selection for these names; None: all that the key may read. Raises Refusal for unknown names."""
        asked = None if names is None else tuple(dict.fromkeys(names))
        known = self._kept.get((asked, private_fields))
        if known is None:
            known = self._kept[(asked, private_fields)] = self._make(asked, private_fields)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end((asked, private_fields))
        return known

    def _make(self, asked: tuple[str, ...] | None, private_fields: frozenset[str]) -> Selection:
        fields = self._catalog.fields
        readable = {name for name, field in fields.items() if not field.is_private or name in private_fields}
        if asked is None:
            asked = tuple(sorted(name for name in readable if not fields[name].item_of))
        self._refuse_unknown(asked)
        shown = tuple(dict.fromkeys(fields[name].item_of or name for name in asked))
        items = {name: self._item_fields(name, asked, readable) for name in shown if fields[name].type == "list"}
        gained = {item for of_list in items.values() for item in of_list}
        fetched = {name for name in shown if name in readable} | gained
        return Selection(
            fields=tuple(fields[name] for name in shown),
            withheld=frozenset((set(shown) | set(asked)) - readable),
            items={name: {item: fields[item].type for item in of_list} for name, of_list in items.items()},
            plan=make_plan(self._catalog, fetched),
            names=shown,
        )

    def _item_fields(self, of_list: str, asked: tuple[str, ...], readable: set[str]) -> list[str]:
        """What a list's items gain: the fields asked for by name, or all where the list itself was asked for."""
        gained = [field.name for field in self._catalog.fields.values() if field.item_of == of_list]
        may = [name for name in gained if name in readable and of_list in readable]
        return may if of_list in asked else [name for name in may if name in asked]

    def _refuse_unknown(self, asked: Iterable[str]) -> None:
        for name in asked:
            if name in self._catalog.fields:
                continue
            meant = self._catalog.names.get(name)
            advice = f"Ask for `{meant}`; `{name}` is its name in templates." if meant else ""
            raise Refusal(400, f"there is no field `{name[:80]}`", advice or nearest(name, self._readable_names()))

    def _readable_names(self) -> list[str]:
        return [name for name, field in self._catalog.fields.items() if not field.is_private]
