"""What loops go over, charged to the rendering's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from livemerge.template.limits import MAX_ITERATIONS
from livemerge.template.runtime.context import CHECK_EVERY, Context
from livemerge.template.runtime.fault import Fault
from livemerge.template.runtime.numbers import strict_number
from livemerge.template.runtime.output import Output, check_size
from livemerge.template.runtime.values import MAPPINGS, SEQUENCES


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
    items = items_of(value)
    if isinstance(value, str):  # a text is one item, whatever part of it is asked for
        return items
    start = context.resume.get(key, 0) if resumes else (0 if offset is None else strict_number(offset))
    end = len(items) if limit is None else start + strict_number(limit)
    # Ruby slices from a negative start as if it were 0 and a negative length is nothing
    part = items[max(start, 0) : max(end, 0)]
    context.resume[key] = start + len(part)
    return part[::-1] if is_reversed else part


def rounds(context: Context, items: Sequence[Any], output: Output) -> Sequence[Any] | Iterator[Any]:
    """The items of one loop, charged to the rendering's limits."""
    context.iterations += len(items)
    return items if context.iterations < context.checkpoint else checked(context, items, output)


def checked(context: Context, items: Sequence[Any], output: Output) -> Sequence[Any] | Iterator[Any]:
    """The items of a loop that reaches a checkpoint; long loops look at the output's size as they go."""
    if context.iterations > MAX_ITERATIONS:
        raise Fault(f"loops go round more than {MAX_ITERATIONS} times", "limit the list this loop goes over")
    context.checkpoint = min(context.iterations + CHECK_EVERY, MAX_ITERATIONS)
    check_size(output)
    return items if len(items) < CHECK_EVERY else _checked_rounds(items, output)


def _checked_rounds(items: Sequence[Any], output: Output) -> Iterator[Any]:
    for at, item in enumerate(items):
        if not at % CHECK_EVERY:
            check_size(output)
        yield item
