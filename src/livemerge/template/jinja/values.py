"""What values mean in Jinja: what is not there, steps into values, what they print as. Those are Python's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn

from markupsafe import Markup

from livemerge.errors import SkipRecipient
from livemerge.template.limits import MAX_ITERATIONS, MAX_TEXT_CHARACTERS, MAX_VALUE_NESTING
from livemerge.template.runtime import Context, Fault, too_long

MAX_BITS: Final = 1400  # of a whole number: 421 digits
_DATE_STEPS: Final = frozenset({"year", "month", "day", "hour", "minute", "second", "microsecond"})
_SPAN_STEPS: Final = frozenset({"days", "seconds", "microseconds"})


class Undefined:
    """A value that is not there: prints as nothing, is false, has no items; anything else with it is a Fault."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def __str__(self) -> str:
        return ""

    def __repr__(self) -> str:
        return "Undefined"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Undefined)

    def __hash__(self) -> int:
        return hash(Undefined)

    def _refuse(self, *_others: object) -> NoReturn:
        raise not_there()

    __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = __add__ = __radd__ = __neg__ = _refuse


UNDEFINED: Final = Undefined()


def not_there() -> Fault:
    """What reading on from, or reckoning with, a value that is not there is."""
    return Fault(
        "a value is used that is not there", "test it with `is defined`, or give it a value with `default(…)` before"
    )


class Group(tuple[Any, ...]):
    """The value that items were grouped by and the items, also read as `grouper` and `list`."""

    __slots__ = ()


class Steps:
    """Something of the language's own that has names: a loop's state, a module, a namespace."""

    __slots__ = ()

    def step(self, key: object) -> object:
        """The value of one of its names, UNDEFINED for others."""
        raise NotImplementedError

    def shown(self) -> str:
        """What it prints as."""
        return ""


class Callee(Steps):
    """Something of the language's own that templates may call."""

    __slots__ = ()

    def call(self, context: Context, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """What a call with these arguments gives."""
        raise NotImplementedError


# --- steps -----------------------------------------------------------------------------------------


def item(value: Any, key: Any) -> Any:
    """One step into a value: a mapping's key, the index of a list or text, a part of a date; else UNDEFINED."""
    if isinstance(value, (dict, Mapping)):
        return value.get(key, UNDEFINED) if _is_plain(key) else UNDEFINED
    if isinstance(value, (list, tuple, str, range)):
        return _sequence_item(value, key)
    if isinstance(value, Steps):
        return value.step(key)
    if isinstance(value, Undefined):
        raise not_there()
    if (isinstance(value, date) and key in _DATE_STEPS) or (isinstance(value, timedelta) and key in _SPAN_STEPS):
        return _PARTS[key](value) if key in _PARTS else UNDEFINED
    return UNDEFINED


_PARTS: Final[dict[str, Callable[[Any], object]]] = {
    "year": lambda moment: moment.year,
    "month": lambda moment: moment.month,
    "day": lambda moment: moment.day,
    "hour": lambda moment: moment.hour if isinstance(moment, datetime) else UNDEFINED,
    "minute": lambda moment: moment.minute if isinstance(moment, datetime) else UNDEFINED,
    "second": lambda moment: moment.second if isinstance(moment, datetime) else UNDEFINED,
    "microsecond": lambda moment: moment.microsecond if isinstance(moment, datetime) else UNDEFINED,
    "days": lambda span: span.days,
    "seconds": lambda span: span.seconds,
    "microseconds": lambda span: span.microseconds,
}


def _is_plain(key: object) -> bool:
    return key is None or isinstance(key, (str, int, float, Decimal, tuple))


def _sequence_item(value: Any, key: Any) -> Any:
    if isinstance(key, int):
        return value[key] if -len(value) <= key < len(value) else UNDEFINED
    if isinstance(value, Group) and key in ("grouper", "list"):
        return value[key == "list"]
    return UNDEFINED


def getter(value: object) -> Callable[..., object]:
    """A function that steps into a value that is no dict."""
    return lambda key, _otherwise: item(value, key)


def items_of(value: Any) -> Any:
    """What a loop goes over: a list's items, a mapping's keys, a text's characters. Raises Fault for other values."""
    if isinstance(value, (list, tuple, range, str)):
        return value
    if isinstance(value, (dict, Mapping)):
        return list(value)
    if isinstance(value, Undefined):
        return ()
    raise Fault("this cannot be looped over", "loop over a list, a mapping or a text")


# --- printing --------------------------------------------------------------------------------------


def show(value: Any) -> str:
    """A value as Python prints it; what is not there as nothing. Markup stays Markup."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple, dict, Mapping)):
        return _shown(value, 0)
    return _plain(value, "")


def _plain(value: Any, undefined: str) -> str:
    """A value with nothing inside it."""
    if value is None or isinstance(value, (bool, float)):
        return repr(value)
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise Fault("a whole number has more digits than can be printed", "use smaller numbers")
        return str(value)
    if isinstance(value, Undefined):
        return undefined
    if isinstance(value, (Decimal, date, timedelta, range)):
        return str(value)
    return value.shown() if isinstance(value, Steps) else ""


def _shown(value: Any, depth: int) -> str:
    """A value as Python shows it inside another one."""
    if depth > MAX_VALUE_NESTING:
        raise Fault("lists are nested too deep to be printed", "print their items")
    if isinstance(value, str):
        return f"Markup({str.__str__(value)!r})" if isinstance(value, Markup) else repr(str.__str__(value))
    if isinstance(value, (dict, Mapping)):
        pairs = (f"{_shown(key, depth + 1)}: {_shown(each, depth + 1)}" for key, each in value.items())
        return f"{{{_bounded(pairs)}}}"
    if isinstance(value, tuple):
        inside = _bounded(_shown(each, depth + 1) for each in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, list):
        return f"[{_bounded(_shown(each, depth + 1) for each in value)}]"
    return repr(value) if isinstance(value, (Decimal, date, timedelta)) else _plain(value, "Undefined")


def _bounded(pieces: Iterator[str]) -> str:
    found: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece) + 2
        if size > MAX_TEXT_CHARACTERS:
            raise too_long()
        found.append(piece)
    return ", ".join(found)


def present(value: Any) -> Any:
    """The value, which must be there. Raises SkipRecipient."""
    if value is None or isinstance(value, Undefined):
        raise SkipRecipient("a value that the message prints is not there, and has no default")
    return value


def text(value: Any) -> str:
    """A value as text; Markup stays Markup."""
    return value if isinstance(value, str) else show(value)


def plain(value: Any) -> str:
    """A value as an exact str."""
    return str.__str__(text(value))


def bounded(found: str) -> str:
    """A text that is not too long."""
    if len(found) > MAX_TEXT_CHARACTERS:
        raise too_long()
    return found


# --- what templates make ---------------------------------------------------------------------------


def made(value: Any) -> Any:
    """A list, tuple or mapping that a template made, unless its parts, counted as often as they occur, are too many.

    A list of a list twice, again and again, is small in memory and endless to walk.
    """
    if _weight(value, {}, 0) > MAX_ITERATIONS:
        raise Fault(f"a value grows over {MAX_ITERATIONS} items", "put fewer lists into lists")
    return value


def _weight(value: Any, known: dict[int, int], depth: int) -> int:
    if not isinstance(value, (list, tuple, dict)):
        return 1
    found = known.get(id(value))
    if found is None:
        if depth > MAX_VALUE_NESTING * 2:
            raise Fault("lists are nested too deep", "put fewer lists into lists")
        parts = value.values() if isinstance(value, dict) else value
        found = known[id(value)] = 1 + sum(_weight(each, known, depth + 1) for each in parts)
    return found
