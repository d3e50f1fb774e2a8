"""The methods templates may call: of texts, mappings, lists and dates; each by its name in a table, no others.

Nothing here looks a name up on a Python object, so there is no way from a value to what Python keeps behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from operator import methodcaller
from typing import Any, Final

from livemerge.errors import nearest
from livemerge.template.jinja.formats import formatted
from livemerge.template.jinja.values import Steps, Undefined, bounded, not_there, plain
from livemerge.template.limits import MAX_TEXT_CHARACTERS
from livemerge.template.runtime import Fault, too_long

Method = Callable[..., Any]
MAX_PATTERN_CHARACTERS: Final = 200  # of a date's format


def _padded(name: str) -> Method:
    """A method that makes a text as wide as asked."""

    def pad(value: str, width: int, *fill: str) -> str:
        if isinstance(width, int) and width > MAX_TEXT_CHARACTERS:
            raise too_long()
        found: str = methodcaller(name, width, *fill)(value)
        return found

    return pad


def replaced(value: str, old: str, new: str, count: int = -1) -> str:
    """The text with the first `count` of a part replaced, all of them for -1."""
    times = plain(value).count(plain(old))
    times = times if count < 0 else min(times, count)
    if len(value) + times * max(len(new) - len(old), 0) > MAX_TEXT_CHARACTERS:
        raise too_long()
    return value.replace(old, new, count)


def _joined(value: str, items: Any) -> str:
    if not isinstance(items, (list, tuple)) or not all(isinstance(each, str) for each in items):
        raise Fault("`join` takes a list of texts", "turn its items into texts with `|map('string')`")
    if sum(map(len, items)) + len(value) * len(items) > MAX_TEXT_CHARACTERS:
        raise too_long()
    return value.join(items)


def _plainly(name: str) -> Method:
    """A method called as it is."""
    return lambda value, *given: methodcaller(name, *given)(value)


TEXT_METHODS: Final[Mapping[str, Method]] = {
    **{
        name: _plainly(name)
        for name in (
            *("capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii"),
            *("isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "lower", "lstrip"),
            *("partition", "removeprefix", "removesuffix", "rfind", "rindex", "rpartition", "rsplit", "rstrip"),
            *("split", "splitlines", "startswith", "strip", "swapcase", "title", "upper"),
        )
    },
    **{name: _padded(name) for name in ("center", "ljust", "rjust", "zfill")},
    "format": formatted,
    "join": _joined,
    "replace": replaced,
}


def _get(value: Mapping[Any, Any], key: Any, otherwise: Any = None) -> Any:
    return value.get(key, otherwise)


MAPPING_METHODS: Final[Mapping[str, Method]] = {
    "copy": lambda value: dict(value),
    "get": _get,
    "items": lambda value: list(value.items()),
    "keys": lambda value: list(value),
    "values": lambda value: list(value.values()),
}
LIST_METHODS: Final[Mapping[str, Method]] = {
    "copy": lambda value: list(value),
    "count": lambda value, item: value.count(item),
    "index": lambda value, item: value.index(item),
}


def formatted_date(value: Any, pattern: Any) -> str:
    """A date in C's letters, as `strftime` writes them."""
    if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN_CHARACTERS:
        raise Fault(
            f"a date's format is a text of at most {MAX_PATTERN_CHARACTERS} characters",
            "write a shorter one",
        )
    return bounded(value.strftime(plain(pattern)))


DATE_METHODS: Final[Mapping[str, Method]] = {
    "isoformat": lambda value: value.isoformat(),
    "isoweekday": lambda value: value.isoweekday(),
    "strftime": formatted_date,
    "weekday": lambda value: value.weekday(),
}
MOMENT_METHODS: Final[Mapping[str, Method]] = {
    **DATE_METHODS,
    "date": lambda value: value.date(),
    "timestamp": lambda value: value.timestamp(),
}
SPAN_METHODS: Final[Mapping[str, Method]] = {"total_seconds": lambda value: value.total_seconds()}
_TABLES: Final[tuple[tuple[Any, Mapping[str, Method]], ...]] = (
    (str, TEXT_METHODS),
    (Mapping, MAPPING_METHODS),
    ((list, tuple, range), LIST_METHODS),
    (datetime, MOMENT_METHODS),
    (date, DATE_METHODS),
    (timedelta, SPAN_METHODS),
)
_CHANGING: Final = frozenset(
    {"append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update", "setdefault", "popitem"}
)


def method_of(value: object, name: str) -> Method | None:
    """The method of a plain value, None where it is no plain value or a step into it is meant."""
    if isinstance(value, Undefined):
        raise not_there()
    if isinstance(value, Steps) or (isinstance(value, Mapping) and name not in MAPPING_METHODS and name in value):
        return None
    known = next((table for kinds, table in _TABLES if isinstance(value, kinds)), {})
    if name in known:
        return known[name]
    if name in _CHANGING:
        raise Fault(f"`{name}` would change a value", "make a new one: `{% set all = all + [one] %}`")
    raise Fault(f"there is no method `{name[:40]}` here", nearest(name, known) or "use a filter")


def called(method: Method, value: Any, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """What a method gives. Raises Fault where it does not take what is given."""
    if any(isinstance(each, Undefined) for each in given) and method not in (_get, formatted):
        raise not_there()
    try:
        return method(value, *given, **named)
    except (TypeError, ValueError, LookupError, OverflowError):
        raise Fault("a method does not take what it is given", "count its arguments, and look at their kinds") from None
