"""Customers' texts, so that neither a browser nor a template language takes them for something to act on.

Liquid and AMPscript print what they are given. Numbers, dates and the rest of an answer need nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from livemerge.api.answer import Json, readable_name
from livemerge.api.selection import Selection
from livemerge.catalog import Escape

Kinds: TypeAlias = Mapping[str, str]
"""Types by name."""

# Controls but tab and line ends. Nobody typed them, and XML 1.0 has no form for most of them.
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BEGINS_CODE: Final = re.compile(r"\{(?=[{%#])|%(?=%)|\[(?=\[)")  # {{ {% {# %% [[, each of them in any length


def escaped(text: str, how: Escape, *, is_markup: bool = False) -> str:
    """The text for its place. is_markup: it is HTML already, and stays HTML."""
    text = _CONTROL.sub("", text)
    if how == "url":
        return quote(text, safe="")
    if how == "html":
        return _BEGINS_CODE.sub(_by_number, text if is_markup else html.escape(text, quote=True))
    return text


def escaped_values(values: Json, selection: Selection, how: Escape) -> Json:
    """An answer's values with their texts escaped."""
    kinds = {field.name: field.type for field in selection.fields}
    return {name: _value(name, value, kinds, selection, how) for name, value in values.items()}


def escaped_item(item: Mapping[str, Any], how: Escape, markup: frozenset[str] = frozenset()) -> Json:
    """A flat object with its texts escaped; `markup` names those that are HTML."""
    return {
        name: escaped(value, how, is_markup=name in markup) if isinstance(value, str) else value
        for name, value in item.items()
    }


def _value(name: str, value: Any, kinds: Kinds, selection: Selection, how: Escape) -> Any:
    if isinstance(value, str):
        return escaped(value, how, is_markup=kinds.get(name) == "html")
    if not isinstance(value, list):
        return value
    gained = selection.items.get(name, {})
    markup = frozenset(readable_name(item) for item, kind in gained.items() if kind == "html")
    items: Sequence[Mapping[str, Any]] = value
    return [escaped_item(item, how, markup) for item in items]


def _by_number(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"
