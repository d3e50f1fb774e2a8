"""What values mean in Handlebars: steps into them, truth, what they print as. Those are JavaScript's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from livemerge.template.limits import MAX_TEXT_CHARACTERS, MAX_VALUE_NESTING
from livemerge.template.runtime import MAPPINGS, NUMBERS, SEQUENCES, Fault, text_of, too_long
from livemerge.template.wire import escape_kernel

_MAX_PLAIN = 1e21  # JavaScript writes larger numbers with an exponent


class Bare(Mapping[str, object]):
    """Data that is no mapping, where one is expected: its only names are those of a text or list."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __getitem__(self, name: str) -> object:
        found = item(self.value, name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def as_data(value: object) -> Mapping[str, object]:
    """A value as the data of a template."""
    return value if isinstance(value, Mapping) else Bare(value)


def value_of(data: Mapping[str, object]) -> object:
    """The value that a template's data is."""
    return data.value if isinstance(data, Bare) else data


def item(value: Any, key: Any) -> Any:
    """One step into a value: a mapping's key, a list's or text's index or `length`; else None."""
    if isinstance(value, MAPPINGS):
        return _mapping_item(value, key)
    if isinstance(value, (list, tuple, range, str)):
        if key == "length":
            return len(value)
        at = int(key) if isinstance(key, str) and key.isdecimal() and len(key) < 9 else key
        if isinstance(at, int) and not isinstance(at, bool) and 0 <= at < len(value):
            return value[at]
    return None


def _mapping_item(value: Mapping[Any, Any], key: Any) -> Any:
    if isinstance(key, str):
        return value.get(key)
    if key is None or not isinstance(key, NUMBERS):
        return None
    return value.get(key, value.get(show(key)))


def has(value: object, key: Any) -> bool:
    """Whether a value has such a name, whatever stands under it."""
    if isinstance(value, Bare):
        value = value.value
    if isinstance(value, MAPPINGS):
        return isinstance(key, (str, int)) and (key in value or str(key) in value)
    return item(value, key) is not None


def getter(value: object) -> Callable[[str], object]:
    """A function that steps into a value."""
    return value.get if isinstance(value, dict) else lambda key: item(value, key)


def required(value: object, key: Any) -> object:
    """A step to a name that must be there."""
    if not has(value, key):
        raise Fault(f"the data has no `{key}`", "send it, if only as an empty text")
    return item(value_of(value) if isinstance(value, Bare) else value, key)


def parent(value: object, key: Any) -> object:
    """A step into something that must be there."""
    if isinstance(value, Bare):
        value = value.value
    if value is None:
        raise Fault(f"`{key}` is read of something that is not there", "send it, if only as an empty object")
    return item(value, key)


# --- truth -----------------------------------------------------------------------------------------


def is_true(value: Any) -> bool:
    """Whether `if` takes it: not false, nothing, an empty text or list, 0 or NaN. An empty object is true."""
    if value is True or value is False or value is None:
        return value is True
    if isinstance(value, (str, list, tuple, range)):
        return len(value) > 0
    if isinstance(value, NUMBERS):
        return value == value and value != 0
    return True


def is_true_or_zero(value: Any, includes_zero: Any = True) -> bool:
    """Whether `if … includeZero=true` takes it."""
    is_number = isinstance(value, NUMBERS) and not isinstance(value, bool)
    return is_true(value) or (is_number and value == 0 and is_true(includes_zero))


def loop(value: Any) -> tuple[Any, Any]:
    """What `each` goes over: the items, and the keys where they are not the positions."""
    if isinstance(value, SEQUENCES):
        return value, None
    if isinstance(value, Mapping) and value.__class__ is not Bare:
        keys = _in_order(value)
        return [value[key] for key in keys], keys
    return (), None


def named(value: Any) -> Mapping[Any, Any]:
    """What a value has by name; a list's items are named by their positions."""
    if isinstance(value, SEQUENCES):
        return {str(at): each for at, each in enumerate(value)}
    return value if isinstance(value, Mapping) else {}


def _in_order(value: Mapping[Any, Any]) -> list[Any]:
    """Keys as JavaScript orders them: whole numbers first, by size."""
    keys = list(value)
    if not any(_is_index(key) for key in keys):
        return keys
    numbers = sorted((key for key in keys if _is_index(key)), key=int)
    return numbers + [key for key in keys if not _is_index(key)]


def _is_index(key: object) -> bool:
    if isinstance(key, int) and not isinstance(key, bool):
        return key >= 0
    return isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 10 and (key[0] != "0" or key == "0")


def section(value: Any, outer: object, skips_empty: bool) -> tuple[bool, Any]:
    """Whether a section loops, and the contexts it is written in; true means the one around."""
    if value is None or value is False or (skips_empty and not is_true(value)):
        return False, ()
    if value is True:
        return False, (outer,)
    if isinstance(value, SEQUENCES):
        return True, value
    return False, (value,)


# --- printing --------------------------------------------------------------------------------------


def show(value: Any, depth: int = 0) -> str:
    """A value as JavaScript prints it; moments as JSON has them. Markup stays Markup."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Decimal):
        return text_of(value)
    if isinstance(value, SEQUENCES):
        return _list(value, depth)
    if isinstance(value, Mapping):
        return "" if value.__class__ is Bare else "[object Object]"
    if isinstance(value, datetime):
        return _moment(value)
    return value.isoformat() if isinstance(value, date) else text_of(value)


def _float(value: float) -> str:
    if value == int(value) if value == value and abs(value) < _MAX_PLAIN else False:
        return str(int(value))
    text = repr(value)
    if "e" in text:
        digits, _, exponent = text.partition("e")
        sign = "-" if exponent.startswith("-") else "+"
        return f"{digits.removesuffix('.0')}e{sign}{exponent.lstrip('+-').lstrip('0')}"
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text, text)


def _list(value: Any, depth: int) -> str:
    if depth > MAX_VALUE_NESTING:
        raise Fault("lists are nested too deep to be printed")
    pieces: list[str] = []
    size = 0
    for each in value:
        piece = "" if each is None else str.__str__(show(each, depth + 1))
        size += len(piece) + 1
        if size > MAX_TEXT_CHARACTERS:
            raise too_long()
        pieces.append(piece)
    return ",".join(pieces)


def _moment(value: datetime) -> str:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        at = aware.astimezone(UTC)
    except (OverflowError, ValueError):
        at = aware
    return f"{at.strftime('%Y-%m-%dT%H:%M:%S')}.{at.microsecond // 1000:03d}Z"


def escape(text: str) -> str:
    """HTML of an exact str, as Handlebars escapes it: also ` and =, which matter in attributes without quotes."""
    found = escape_kernel(text)
    if found is text and "=" not in text and "`" not in text:  # as most texts are
        return text
    if '"' in text:
        found = found.replace("&#34;", "&quot;")
    if "'" in text:
        found = found.replace("&#39;", "&#x27;")
    if "=" in text:
        found = found.replace("=", "&#x3D;")
    return found.replace("`", "&#x60;") if "`" in text else found
