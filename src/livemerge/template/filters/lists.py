"""Filters that choose: from lists, by property, and what stands in for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cmp_to_key
from typing import Any

from livemerge.template.filters.numbers import Number, plus
from livemerge.template.filters.text import like, plain, shown
from livemerge.template.limits import MAX_ITERATIONS, MAX_TEXT_CHARACTERS, MAX_VALUE_NESTING
from livemerge.template.runtime import (
    LISTS,
    MAPPINGS,
    Fault,
    ForLoop,
    Special,
    equal,
    is_number,
    is_true,
    joined,
    order,
    strict_number,
    text_of,
    too_long,
    whole_number,
)

_ALIKE = ({str}, {int})  # types of items that Python puts into the same order, if all have this one
MAX_BITS = 4_096  # of a whole number that may be asked for one by one


def default(value: Any, instead: Any = "", *, allow_false: Any = False) -> Any:
    """`instead` for nil, false and what is empty; with allow_false, false stays."""
    if value is None or (value is False and not is_true(allow_false)):
        return instead
    if isinstance(value, (str, list, tuple, dict, Mapping, Special)) and not _size(value):
        return instead
    return value


def _items(value: Any) -> list[Any]:
    """What a list filter goes over: lists flattened, a mapping as one item, nil as nothing."""
    if isinstance(value, LISTS):
        return list(_flat(value, 0))
    if isinstance(value, range):
        if len(value) > MAX_ITERATIONS:
            raise Fault(f"a range has more than {MAX_ITERATIONS} numbers")
        return list(value)
    return [] if value is None or isinstance(value, Special) else [value]


def _flat(items: Iterable[Any], depth: int) -> Iterable[Any]:
    if depth > MAX_VALUE_NESTING:
        raise Fault("lists are nested too deep")
    for item in items:
        if isinstance(item, LISTS):
            yield from _flat(item, depth + 1)
        else:
            yield item


class _NoProperties(Exception):
    """An item of a list has no properties at all (nil, true, a float): the filter gives nil."""


def _property(item: Any, name: Any) -> Any:
    """A property of a list's item, as Ruby's `item[name]`. Raises Fault where such an item cannot have one."""
    if isinstance(item, MAPPINGS):
        return item.get(name) if isinstance(name, str | int | float | bool | None) else None
    if isinstance(item, ForLoop):
        return item.step(name)
    if not _has_properties(item):
        raise _NoProperties
    if isinstance(item, str) and isinstance(name, str):
        return name if name in item else None
    if is_number(name):
        at = whole_number(name)
        return _character(item, at) if isinstance(item, str) else _bit(item, at)
    raise Fault("a list's item has no such property", "give this filter a list of objects, and a property's name")


def _has_properties(item: Any) -> bool:
    """Whether Ruby could ask an item for a property: a text has characters, a whole number bits."""
    return isinstance(item, (str, dict, Mapping, ForLoop)) or (isinstance(item, int) and not isinstance(item, bool))


def _character(text: str, at: int) -> str | None:
    return text[at] if -len(text) <= at < len(text) else None


def _bit(number: int, at: int) -> int:
    return number >> min(at, MAX_BITS) & 1 if at >= 0 else 0


def _matches(item: Any, name: Any, target: Any) -> bool:
    found = _property(item, name)
    return is_true(found) if target is None else equal(found, target)


def join(value: Any, glue: Any = " ") -> str:
    between = shown(glue)
    if type(between) is str and type(value) is list and {str}.issuperset(map(type, value)):
        if sum(map(len, value)) + len(between) * len(value) > MAX_TEXT_CHARACTERS:
            raise too_long()
        return between.join(value)
    parts: list[str] = []
    for item in _items(value):
        parts += (text_of(item), between)
    return joined(parts[:-1])


def first(value: Any) -> Any:
    if isinstance(value, (list, tuple, range, str)):
        return value[0] if value else _nothing(value)
    if isinstance(value, MAPPINGS) and value:
        return list(next(iter(value.items())))
    return None


def last(value: Any) -> Any:
    if isinstance(value, (list, tuple, range, str)):
        return value[-1] if value else _nothing(value)
    return None


def _nothing(value: Any) -> str | None:
    """The end of an empty text is an empty text, that of an empty list is nil."""
    return "" if isinstance(value, str) else None


def _size(value: Any) -> int:
    return len(value) if isinstance(value, (str, list, tuple, range, dict, Mapping)) else 0


def size(value: Any) -> int:
    """Characters, items, or pairs; a whole number has its bytes, as in Ruby."""
    return (
        max(8, (value.bit_length() + 7) // 8)
        if isinstance(value, int) and not isinstance(value, bool)
        else _size(value)
    )


def flatten(value: Any) -> list[Any]:
    return _items(value)


def reverse(value: Any) -> list[Any]:
    return _items(value)[::-1]


def concat(value: Any, other: Any) -> list[Any]:
    if not isinstance(other, LISTS):
        raise Fault("concat needs a list", "give it a list")
    both = [*_items(value), *other]  # the lists in the other one stay lists, as in Ruby
    if len(both) > MAX_ITERATIONS:
        raise Fault(f"a list grows over {MAX_ITERATIONS} items")
    return both


def compact(value: Any, name: Any = None) -> list[Any] | None:
    if name is None:
        return [item for item in _items(value) if item is not None]
    try:
        return [item for item in _items(value) if _property(item, name) is not None]
    except _NoProperties:
        return None


def map_(value: Any, name: Any) -> list[Any]:
    """Each item's property."""
    return [_property(item, name) if _has_properties(item) else None for item in _items(value)]


def where(value: Any, name: Any, target: Any = None) -> list[Any] | None:
    return _kept(value, name, target, True)


def reject(value: Any, name: Any, target: Any = None) -> list[Any] | None:
    return _kept(value, name, target, False)


def _kept(value: Any, name: Any, target: Any, is_match: bool) -> list[Any] | None:
    if name is None:
        return []
    try:
        return [item for item in _items(value) if _matches(item, name, target) is is_match]
    except _NoProperties:
        return None


def has(value: Any, name: Any, target: Any = None) -> bool | None:
    try:
        return any(_matches(item, name, target) for item in _items(value))
    except _NoProperties:
        return None


def find(value: Any, name: Any, target: Any = None) -> Any:
    try:
        return next((item for item in _items(value) if _matches(item, name, target)), None)
    except _NoProperties:
        return None


def find_index(value: Any, name: Any, target: Any = None) -> int | None:
    try:
        return next((at for at, item in enumerate(_items(value)) if _matches(item, name, target)), None)
    except _NoProperties:
        return None


def uniq(value: Any, name: Any = None) -> list[Any] | None:
    items = _items(value)
    if len(items) < 2:
        return items
    kept: dict[Any, Any] = {}
    try:
        for item in items:
            key = item if name is None else _property(item, name)
            kept.setdefault(_hashable(key, 0), item)
    except _NoProperties:
        return None
    return list(kept.values())


def _hashable(value: Any, depth: int) -> Any:
    """A key that is equal for equal values, of any shape."""
    if depth > MAX_VALUE_NESTING:
        raise Fault("values are nested too deep")
    if isinstance(value, MAPPINGS):
        return ("mapping", frozenset((_hashable(k, depth + 1), _hashable(v, depth + 1)) for k, v in value.items()))
    if isinstance(value, LISTS):
        return ("list", tuple(_hashable(item, depth + 1) for item in value))
    return ("text", str.__str__(value)) if isinstance(value, str) else (type(value).__name__, value)


def sort(value: Any, name: Any = None) -> list[Any] | None:
    items = _items(value)
    if name is None and set(map(type, items)) in _ALIKE:
        return sorted(items)
    return _sorted(items, name, lambda key: key)


def sort_natural(value: Any, name: Any = None) -> list[Any] | None:
    """In order of the texts, capital and small letters alike."""
    return _sorted(_items(value), name, lambda key: None if key is None else plain(key).lower())


def _sorted(items: list[Any], name: Any, meant: Callable[[Any], Any]) -> list[Any] | None:
    """Items in order of what they mean or a property of theirs does; nil where one has no properties at all."""
    if name is not None and not all(map(_has_properties, items)):
        return None
    if len(items) < 2:
        return items
    keys = [meant(item if name is None else _property(item, name)) for item in items]
    positions: Iterable[int]
    if set(map(type, keys)) in _ALIKE:
        positions = sorted(range(len(items)), key=keys.__getitem__)
    else:
        compare = cmp_to_key(_in_order)
        positions = sorted(range(len(items)), key=lambda at: compare(keys[at]))
    return [items[at] for at in positions]


def _in_order(left: Any, right: Any) -> int:
    """-1, 0 or 1; nil stands at the end."""
    if left is None or right is None:
        return (left is None) - (right is None)
    found = order(left, right)
    if found is None:
        if equal(left, right):
            return 0
        raise Fault("values of different kinds cannot be sorted")
    return found


def sum_(value: Any, name: Any = None) -> Number:
    total: Number = 0
    for item in _items(value):
        found = item if name is None else _property(item, name) if _has_properties(item) else 0
        total = plus(total, found)
    return total


def slice_(value: Any, start: Any, length: Any = None) -> Any:
    """A part of a text or list, from a position that may count from the end; one item unless told."""
    at = strict_number(start)
    many = 1 if length is None else strict_number(length)
    whole = list(value) if isinstance(value, LISTS) else shown(value)
    at = at + len(whole) if at < 0 else at
    if at < 0 or many < 0 or at > len(whole):
        return whole[:0] if isinstance(whole, list) else ""
    part = whole[at : at + many]
    return part if isinstance(part, list) else like(shown(value), str.__str__(part))
