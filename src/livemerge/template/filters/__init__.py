"""Liquid's standard filters (Shopify/liquid 5, lib/liquid/standardfilters.rb), as plain functions, by name.

The first argument is the value, the rest what the template gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template.filters import coded, html, lists, numbers, text
from livemerge.template.filters.filter import Filter, make_filter
from livemerge.template.filters.lists import default
from livemerge.template.runtime import size_of, sorting_size, whole_size

__all__ = [
    "ESCAPING_FILTERS",
    "INDIFFERENT_FILTERS",
    "LIQUID_FILTERS",
    "PLAIN_TEXT_FILTERS",
    "SHORT_FILTERS",
    "UNESCAPED_FILTERS",
    "Filter",
    "default",
    "make_filter",
]


_LIQUID: dict[str, Callable[..., Any]] = {
    "abs": numbers.absolute,
    "append": text.append,
    "at_least": numbers.at_least,
    "at_most": numbers.at_most,
    "base64_decode": coded.base64_decode,
    "base64_encode": coded.base64_encode,
    "base64_url_safe_decode": coded.base64_url_safe_decode,
    "base64_url_safe_encode": coded.base64_url_safe_encode,
    "capitalize": text.capitalize,
    "ceil": numbers.ceil,
    "compact": lists.compact,
    "concat": lists.concat,
    "date": text.date,
    "default": default,
    "divided_by": numbers.divided_by,
    "downcase": text.downcase,
    "escape": html.escape,
    "escape_once": html.escape_once,
    "find": lists.find,
    "find_index": lists.find_index,
    "first": lists.first,
    "flatten": lists.flatten,
    "floor": numbers.floor,
    "h": html.escape,
    "has": lists.has,
    "join": lists.join,
    "json": coded.to_json,
    "last": lists.last,
    "lstrip": text.lstrip,
    "map": lists.map_,
    "minus": numbers.minus,
    "modulo": numbers.modulo,
    "newline_to_br": html.newline_to_br,
    "plus": numbers.plus,
    "prepend": text.prepend,
    "reject": lists.reject,
    "remove": text.remove,
    "remove_first": text.remove_first,
    "remove_last": text.remove_last,
    "replace": text.replace,
    "replace_first": text.replace_first,
    "replace_last": text.replace_last,
    "reverse": lists.reverse,
    "round": numbers.round_,
    "rstrip": text.rstrip,
    "size": lists.size,
    "slice": lists.slice_,
    "sort": lists.sort,
    "sort_natural": lists.sort_natural,
    "split": text.split,
    "squish": text.squish,
    "strip": text.strip,
    "strip_html": html.strip_html,
    "strip_newlines": text.strip_newlines,
    "sum": lists.sum_,
    "times": numbers.times,
    "truncate": text.truncate,
    "truncatewords": text.truncatewords,
    "uniq": lists.uniq,
    "upcase": text.upcase,
    "url_decode": coded.url_decode,
    "url_encode": coded.url_encode,
    "where": lists.where,
}


def _moment_size(value: Any) -> int:
    """The work of writing a moment by a form: each of its letters is looked up."""
    return 5 * size_of(value)


# What looks at a number, a moment, or no further than at one end of its value has hardly any work.
_LIGHT = (
    *("abs", "at_least", "at_most", "ceil", "default", "divided_by", "first", "floor", "last", "minus", "modulo"),
    *("plus", "round", "size", "times"),
)
_WORK: dict[str, Callable[[Any], int] | None] = {
    **dict.fromkeys(_LIGHT),
    "date": _moment_size,
    "json": whole_size,
    "sort": sorting_size,
    "sort_natural": sorting_size,
    "uniq": whole_size,
}
LIQUID_FILTERS = {name: make_filter(call, _WORK.get(name, size_of)) for name, call in _LIQUID.items()}

# Filters for which it does not matter whether a literal that needs no escaping counts as escaped. Functions of other
# languages may run what the author wrote, and only that.
INDIFFERENT_FILTERS: frozenset[Callable[..., Any]] = frozenset(_LIQUID.values())

# What filters without arguments do with a plain text, as Python: generated code does it on the spot.
SHORT_FILTERS: dict[Callable[..., Any], str] = {
    text.capitalize: "({0}[:1].upper() + {0}[1:].lower())",
    text.downcase: "{0}.lower()",
    text.lstrip: f"{{0}}.lstrip({text.WHITE!r})",
    text.rstrip: f"{{0}}.rstrip({text.WHITE!r})",
    text.strip: f"{{0}}.strip({text.WHITE!r})",
    text.upcase: "{0}.upper()",
    lists.size: "len({0})",
}

# Without escaping, the filters that write HTML give plain text: nothing is escaped a second time.
UNESCAPED_FILTERS = {
    "escape": make_filter(html.escape_as_text),
    "h": make_filter(html.escape_as_text),
    "escape_once": make_filter(html.escape_once_as_text),
    "newline_to_br": make_filter(html.newline_to_br_as_text),
}

# In a text part derived from HTML the same filters have nothing to do.
PLAIN_TEXT_FILTERS = dict.fromkeys(UNESCAPED_FILTERS, make_filter(html.unchanged))
ESCAPING_FILTERS = frozenset(UNESCAPED_FILTERS)
