"""What loops go over, charged to the rendering's limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from livemerge.template.limits import ROUND_WORK
from livemerge.template.runtime.context import CHECK_WORK, Context
from livemerge.template.runtime.numbers import strict_number
from livemerge.template.runtime.output import Output, check_size
from livemerge.template.runtime.values import MAPPINGS, SEQUENCES
from livemerge.template.runtime.work import ITEM_WORK, charge


def items_of(value: Any) -> Sequence[Any]:
    """What a loop goes over: a list's items, a mapping's pairs, a text as one item; else nothing."""
    if isinstance(value, SEQUENCES):
        return value
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, MAPPINGS):
        return [list(pair) for pair in value.items()]
    return []


def part_of(
    value: Any, context: Context, key: str, limit: Any, offset: Any, resumes: bool, is_reversed: bool
) -> Sequence[Any]:
    """The part of a loop's items that limit, offset and reversed ask for; remembers where it stops."""
    if isinstance(value, MAPPINGS):
        charge(context, ITEM_WORK * len(value))
    items = items_of(value)
    if isinstance(value, str):  # a text is one item, whatever part of it is asked for
        return items
    start = context.resume.get(key, 0) if resumes else (0 if offset is None else strict_number(offset))
    end = len(items) if limit is None else start + strict_number(limit)
    # Ruby slices from a negative start as if it were 0 and a negative length is nothing
    part = items[max(start, 0) : max(end, 0)]
    context.resume[key] = start + len(part)
    return part[::-1] if is_reversed else part


def rounds(context: Context, items: Sequence[Any], output: Output, work: int = ROUND_WORK) -> Iterable[Any]:
    """The items of one loop, each round charged with its work."""
    context.work += len(items) * work
    return items if context.work < context.checkpoint else checked(context, items, output, work)


def checked(context: Context, items: Sequence[Any], output: Output, work: int) -> Iterable[Any]:
    """The items of a loop that reaches a checkpoint; long loops are charged, and the output measured, as they go."""
    whole = len(items) * work
    if whole > CHECK_WORK:
        context.work -= whole
        return _checked_rounds(context, items, output, work)
    look(context, output)
    return items


def _checked_rounds(context: Context, items: Sequence[Any], output: Output, work: int) -> Iterator[Any]:
    step = max(CHECK_WORK // work, 1)
    for start in range(0, len(items), step):
        part = items[start : start + step]
        context.work += len(part) * work
        look(context, output)
        yield from part


def look(context: Context, output: Output) -> None:
    """A look at what was done and written since the last one. Raises Fault where it is too much."""
    if context.work >= context.checkpoint:
        charge(context, 0)
        context.checkpoint = context.work + CHECK_WORK
        check_size(output)
