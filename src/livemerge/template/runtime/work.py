"""How much work a rendering may do, counted where it is done: the same for the same data, on any machine.

Generated code counts what each piece of a template takes at least; what depends on the size of values is counted by
those sizes. A unit stands for some 0.1 µs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from livemerge.template.limits import MAX_WORK
from livemerge.template.runtime.context import Context
from livemerge.template.runtime.fault import Fault

SMALL = frozenset({bool, int, float, type(None), Decimal, Context})  # kinds of values that have no size
_CLOSED = SMALL | {dict}
_ALIKE = (str, dict)  # kinds of the first item of lists that have a shorter way to their size
ITEM_WORK = 20  # of a look at one item of a list, or at one pair
_ADVICE = "shorten the lists and texts, and do before a loop what is the same in every round"


def charge(context: Context, units: int) -> None:
    """Counts work. Raises Fault where a rendering has done too much of it."""
    context.work += units
    if context.work > MAX_WORK:
        what = f"the message takes more than {MAX_WORK} units of work"
        raise Fault(f"{what}: loops go round too often, or texts and lists are too long", _ADVICE)


def size_of(value: Any) -> int:
    """The work of going through a value: characters, and items of lists in lists; mappings stay closed."""
    if isinstance(value, str):
        return len(value)
    if type(value) is list and value and type(value[0]) in _ALIKE:
        try:
            return ITEM_WORK * len(value) + len("".join(value))
        except TypeError:
            if _CLOSED.issuperset(map(type, value)):
                return 2 * ITEM_WORK * len(value)
    if isinstance(value, list | tuple | range):
        return _size(value, opens_mappings=False)
    return ITEM_WORK * len(value) if isinstance(value, Mapping) else 0


def whole_size(value: Any) -> int:
    """The work of going through a value and all that is in it."""
    return len(value) if isinstance(value, str) else _size(value, opens_mappings=True)


def sorting_size(value: Any) -> int:
    """The work of bringing a list in order."""
    return 4 * size_of(value)


def _size(value: Any, *, opens_mappings: bool) -> int:
    """As far as it may count: what stands in a value more than once counts each time."""
    waiting, size = [value], 0
    while waiting and size <= MAX_WORK:
        each = waiting.pop()
        if isinstance(each, str):
            size += len(each)
        elif isinstance(each, range):
            size += ITEM_WORK * max(each.stop - each.start, 0)
        elif isinstance(each, list | tuple):
            size += ITEM_WORK * len(each)
            waiting += each
        elif isinstance(each, Mapping):
            size += ITEM_WORK * len(each)
            waiting += [*each, *each.values()] if opens_mappings else ()
    return size


def charged(context: Context, size: Callable[[Any], int], found: Any, value: Any, *others: Any) -> Any:
    """What a function found, after the size of that and of what the function was given was counted as work."""
    units = 0 if type(value) in SMALL else size(value)
    for each in others:
        units += 0 if type(each) in SMALL else size(each)
    if type(found) is list:
        units += ITEM_WORK * len(found)
    elif isinstance(found, str):
        units += len(found)
    context.work += units
    if context.work > MAX_WORK:
        charge(context, 0)
    return found
