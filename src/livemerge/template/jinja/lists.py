"""Jinja's filters on lists and mappings. What Jinja gives piece by piece is a list here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby as runs
from typing import Any

from livemerge.template.jinja.operators import add
from livemerge.template.jinja.values import UNDEFINED, Group, Undefined, item, items_of, made, not_there, plain, text
from livemerge.template.limits import MAX_ITERATIONS, MAX_PATH_STEPS, ROUND_WORK
from livemerge.template.runtime import Context, Fault, charge, joined


def attribute_of(attribute: Any, default: Any = None) -> Callable[[Any], Any]:
    """A function that reads `a.b` or `0` of a value; `default` stands in for what is not there."""
    if attribute is None:
        return lambda value: value
    keys = _keys(attribute)

    def read(value: Any) -> Any:
        for key in keys:
            value = item(value, key)
            if default is not None and isinstance(value, Undefined):
                value = default
        return value

    return read


def _keys(attribute: Any) -> list[Any]:
    if isinstance(attribute, int):
        return [attribute]
    if not isinstance(attribute, str):
        raise Fault("an attribute is a name, or a path of names with dots", "write it in quotes")
    keys = plain(attribute).split(".", MAX_PATH_STEPS)
    return [int(key) if key.isdigit() and len(key) < 10 else key for key in keys]


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _key(attribute: Any, case_sensitive: Any, default: Any = None) -> Callable[[Any], Any]:
    """What items are compared by."""
    read = attribute_of(attribute, default)
    return read if case_sensitive else lambda value: _folded(read(value))


def _compared(call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What a function gives that compares items. Raises Fault where they have no order."""
    try:
        return call(*given, **named)
    except TypeError:
        raise Fault("these values have no order", "compare values of one kind that are there") from None


def sort(value: Any, reverse: Any = False, case_sensitive: Any = False, attribute: Any = None) -> list[Any]:
    """The items in order; by several attributes where there are commas in `attribute`."""
    if isinstance(attribute, str):
        keys = [_key(each, case_sensitive) for each in plain(attribute).split(",")]
    else:
        keys = [_key(attribute, case_sensitive)]
    found: list[Any] = _compared(
        sorted, items_of(value), key=lambda each: [key(each) for key in keys], reverse=bool(reverse)
    )
    return found


def dictsort(value: Any, case_sensitive: Any = False, by: Any = "key", reverse: Any = False) -> list[Any]:
    """A mapping's pairs in the order of their keys or values."""
    if by not in ("key", "value"):
        raise Fault("`dictsort` sorts by `key` or `value`", "write one of the two")
    at = int(by == "value")
    key = _key(None, case_sensitive)
    found: list[Any] = _compared(sorted, pairs(value), key=lambda pair: key(pair[at]), reverse=bool(reverse))
    return found


def items_or_none(value: Any) -> list[Any]:
    """A mapping's keys and values; none where it is not there."""
    return [] if isinstance(value, Undefined) else pairs(value)


def pairs(value: Any) -> list[Any]:
    """A mapping's keys and values."""
    if isinstance(value, Undefined):
        raise not_there()
    if not isinstance(value, (dict, Mapping)):
        raise Fault("a mapping is needed here", "give a mapping")
    return list(value.items())


def unique(value: Any, case_sensitive: Any = False, attribute: Any = None) -> list[Any]:
    """Each item once, the first of equal ones."""
    key = _key(attribute, case_sensitive)
    found: dict[Any, Any] = {}
    for each in items_of(value):
        _compared(found.setdefault, key(each), each)
    return list(found.values())


def least(value: Any, case_sensitive: Any = False, attribute: Any = None) -> Any:
    items = items_of(value)
    return _compared(min, items, key=_key(attribute, case_sensitive)) if items else UNDEFINED


def greatest(value: Any, case_sensitive: Any = False, attribute: Any = None) -> Any:
    items = items_of(value)
    return _compared(max, items, key=_key(attribute, case_sensitive)) if items else UNDEFINED


def group_by(value: Any, attribute: Any, default: Any = None, case_sensitive: Any = False) -> list[Group]:
    """The items that have the same value, together with it, in its order."""
    key = _key(attribute, case_sensitive, default)
    ordered = _compared(sorted, items_of(value), key=key)
    groups = [list(items) for _, items in runs(ordered, key)]
    read = attribute_of(attribute, default)
    return [Group((read(items[0]), items)) for items in groups]


def total(value: Any, attribute: Any = None, start: Any = 0) -> Any:
    """The items added to `start`. Texts are not added."""
    read = attribute_of(attribute)
    found = start
    for each in items_of(value):
        if isinstance(found, (str, list)):
            raise Fault("`sum` adds numbers", "use `|join` for texts")
        found = add(found, read(each))
    return found


def join(value: Any, d: Any = "", attribute: Any = None) -> str:
    """The items as one text; where one of them or what is between them is Markup, the others are escaped."""
    between = text(d)
    pieces = [between[:0]]
    for each in map(attribute_of(attribute), items_of(value)):
        pieces += (text(each), between)
    return joined(pieces[:-1] if len(pieces) > 1 else pieces)


def join_plain(value: Any, d: Any = "", attribute: Any = None) -> str:
    """The items as one text, where nothing is escaped."""
    read = attribute_of(attribute)
    return joined([plain(join([plain(read(each)) for each in items_of(value)], plain(d)))])


def mapped(context: Context, value: Any, attribute: Any, default: Any = None) -> list[Any]:
    """An attribute of each item."""
    read = attribute_of(attribute, default)
    return [read(each) for each in each_of(context, value)]


def each_of(context: Context, value: Any) -> Any:
    """The items that something is applied to, counted as rounds of a loop."""
    if not value:
        return ()
    items = items_of(value)
    charge(context, len(items) * ROUND_WORK)
    return items


def first(value: Any) -> Any:
    return next(iter(items_of(value)), UNDEFINED)


def last(value: Any) -> Any:
    items = items_of(value)
    return items[-1] if items else UNDEFINED


def length(value: Any) -> int:
    """How many items, keys or characters."""
    if isinstance(value, (str, list, tuple, range, dict, Mapping, Undefined)):
        return len(value)
    raise Fault("this has no length", "count the items of a list, a mapping or a text")


def list_(value: Any) -> list[Any]:
    return list(items_of(value))


def reverse(value: Any) -> Any:
    """The text or the items in the opposite order."""
    return value[::-1] if isinstance(value, str) else list(items_of(value))[::-1]


def batch(value: Any, linecount: Any, fill_with: Any = None) -> list[Any]:
    """The items in lists of so many; the last filled up with `fill_with`."""
    items, count = list(items_of(value)), _count(linecount)
    rows = [items[at : at + count] for at in range(0, len(items), count)]
    if rows and fill_with is not None:
        rows[-1] += [fill_with] * (count - len(rows[-1]))
    found: list[Any] = made(rows)
    return found


def slice_(value: Any, slices: Any, fill_with: Any = None) -> list[Any]:
    """The items in so many lists, as even as may be; the shorter ones filled up with `fill_with`."""
    items, count = list(items_of(value)), _count(slices)
    size, longer = divmod(len(items), count)
    found: list[Any] = []
    at = 0
    for number in range(count):
        end = at + size + (number < longer)
        found.append(items[at:end] + ([fill_with] if fill_with is not None and number >= longer else []))
        at = end
    rows: list[Any] = made(found)
    return rows


def _count(value: Any) -> int:
    if not isinstance(value, int) or not 0 < value <= MAX_ITERATIONS:
        raise Fault(
            f"a number of items is needed here, from 1 to {MAX_ITERATIONS}", "turn it into a number with `|int`"
        )
    return value


def default(value: Any, default_value: Any = "", boolean: Any = False) -> Any:
    """The value, or another one where it is not there; with `boolean` also where it is false or empty."""
    return default_value if isinstance(value, Undefined) or (boolean and not value) else value
