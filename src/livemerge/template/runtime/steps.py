"""Steps into values: by mapping lookup and sequence index only, never by attribute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from livemerge.template.runtime.loop_state import ForLoop
from livemerge.template.runtime.values import MAPPINGS, SEQUENCES


def step(value: Any, key: Any) -> Any:
    """One step into a value: a mapping's key, a list's index, or Liquid's size, first and last; else None."""
    if isinstance(value, MAPPINGS):
        return _mapping_step(value, key)
    if isinstance(value, SEQUENCES):
        return _sequence_step(value, key)
    if value.__class__ is ForLoop:
        return value.step(key)
    if isinstance(value, str) and key in _TEXT_STEPS:
        return _TEXT_STEPS[key](value)
    return 8 if key == "size" and isinstance(value, int) and not isinstance(value, bool) else None


_TEXT_STEPS: dict[str, Callable[[str], object]] = {
    "size": len,
    "first": lambda text: text[:1],
    "last": lambda text: text[-1:],
}


def item(value: Any, key: Any) -> Any:
    """What `value[key]` is: a mapping's key or a list's index; size, first and last mean nothing special here."""
    if isinstance(value, SEQUENCES) and isinstance(key, str):
        return None
    if isinstance(value, MAPPINGS) and isinstance(key, str):
        return value.get(key)
    return None if isinstance(value, (str, int)) else step(value, key)


def _mapping_step(value: Mapping[Any, Any], key: Any) -> Any:
    if key.__class__ is not str and not isinstance(key, (str, int, float, bool, Decimal)):
        return None
    if key in value:
        return value[key]
    if key == "size":
        return len(value)
    if key == "first" and value:
        return list(next(iter(value.items())))
    return None


def _sequence_step(value: Sequence[Any], key: Any) -> Any:
    if isinstance(key, int) and not isinstance(key, bool):
        return value[key] if -len(value) <= key < len(value) else None
    if key == "size":
        return len(value)
    if key == "first":
        return value[0] if value else None
    if key == "last":
        return value[-1] if value else None
    return None
