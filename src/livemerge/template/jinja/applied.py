"""Jinja's filters that apply another filter or test to each item: `map`, `select`, `reject` and their kin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from livemerge.errors import nearest
from livemerge.template.filters import Filter
from livemerge.template.jinja.functions import split
from livemerge.template.jinja.lists import attribute_of, each_of
from livemerge.template.jinja.questions import COMPARISONS, QUESTIONS
from livemerge.template.jinja.values import plain
from livemerge.template.runtime import Context, Fault, charged, size_of


def make_map(filters: Mapping[str, Filter]) -> Callable[..., list[Any]]:
    """The filter `map`, which knows these filters."""

    def map_(context: Context, value: Any, count: int, *given: Any) -> list[Any]:
        """What a filter gives for each item."""
        values, named = split(count, given)
        call = _filter(filters, values[0] if values else None)
        start = (context,) if call.takes_context else ()
        more = values[1:]
        try:
            return [
                charged(context, size_of, call.call(*start, each, *more, **named), each, *more)
                for each in each_of(context, value)
            ]
        except TypeError:
            raise Fault(f"`{plain(values[0])}` does not take these arguments", "count them") from None

    return map_


def _filter(filters: Mapping[str, Filter], name: Any) -> Filter:
    if not isinstance(name, str) or plain(name) not in filters:
        known = nearest(plain(name), filters) if isinstance(name, str) else ""
        raise Fault("`map` needs a filter's name or an attribute", known or "write it as `map('upper')`")
    return filters[plain(name)]


def _refuse_more(name: str, named: Mapping[str, Any]) -> None:
    if named:
        raise Fault(f"`{name}` has no option `{next(iter(named))[:40]}`", "remove it")


def _chosen(*, is_kept: bool, has_attribute: bool) -> Callable[..., list[Any]]:
    def choose(context: Context, value: Any, count: int, *given: Any) -> list[Any]:
        """The items that pass a test, or do not."""
        values, named = split(count, given)
        _refuse_more("select", named)
        if has_attribute and not values:
            raise Fault("an attribute's name is needed here", "write it as `selectattr('name')`")
        read = attribute_of(values[0]) if has_attribute else attribute_of(None)
        test = _test(context, values[1:] if has_attribute else values)
        return [each for each in each_of(context, value) if test(read(each)) is is_kept]

    return choose


def _test(context: Context, given: tuple[Any, ...]) -> Callable[[Any], bool]:
    if not given:
        return bool
    name = plain(given[0]) if isinstance(given[0], str) else ""
    call = QUESTIONS.get(name) or COMPARISONS.get(name)
    if call is None:
        raise Fault(f"there is no test `{name[:40]}`", nearest(name, QUESTIONS) or "use one of Jinja's tests")
    known = call

    def test(value: Any) -> bool:
        try:
            return bool(charged(context, size_of, known(value, *given[1:]), value, *given[1:]))
        except TypeError:
            raise Fault(f"the test `{name}` does not take these arguments", "count them") from None

    return test


select = _chosen(is_kept=True, has_attribute=False)
reject = _chosen(is_kept=False, has_attribute=False)
select_by = _chosen(is_kept=True, has_attribute=True)
reject_by = _chosen(is_kept=False, has_attribute=True)
