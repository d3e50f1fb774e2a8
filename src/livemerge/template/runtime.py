"""What rendering needs while it runs: lookups, truth, comparison, printing, loops and their limits.

Nothing here knows a template; generated code and filters call it. Data is read by mapping lookup and
sequence index only, never by attribute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup, escape

from livemerge.template.fetches import Reply, Request, ask_nobody
from livemerge.template.limits import (
    MAX_ITERATIONS,
    MAX_OUTPUT_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MAX_VALUE_NESTING,
)

CHECK_EVERY = 64  # loop rounds between two looks at the size of the output


class Fault(Exception):
    """Rendering cannot go on; the template's place is added by whoever knows it."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


class Special:
    """One of Liquid's two words that are compared by what a value is, not by equality."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


EMPTY: Final = Special("empty")
BLANK: Final = Special("blank")
MISSING: Final = Special("missing")  # the data has no such name


class ForLoop:
    """The state of one loop, read by templates as `forloop` and `tablerowloop`."""

    __slots__ = ("columns", "index0", "length", "name", "parent")

    def __init__(self, name: str, length: int, parent: object = None, columns: int = 0) -> None:
        self.name = name
        self.length = length
        self.parent = parent
        self.columns = columns
        self.index0 = -1

    def step(self, key: object) -> object:
        """The value of one of its names, None for others."""
        read = LOOP_NAMES.get(key) if key.__class__ is str or isinstance(key, str) else None
        if read is None and self.columns:
            read = ROW_NAMES.get(key) if isinstance(key, str) else None
        return None if read is None else read(self)


LOOP_NAMES: dict[str, Callable[[ForLoop], object]] = {
    "name": lambda loop: loop.name,
    "length": lambda loop: loop.length,
    "index": lambda loop: loop.index0 + 1,
    "index0": lambda loop: loop.index0,
    "rindex": lambda loop: loop.length - loop.index0,
    "rindex0": lambda loop: loop.length - loop.index0 - 1,
    "first": lambda loop: loop.index0 == 0,
    "last": lambda loop: loop.index0 == loop.length - 1,
    "parentloop": lambda loop: loop.parent,
}
ROW_NAMES: dict[str, Callable[[ForLoop], object]] = {
    "col": lambda loop: loop.index0 % loop.columns + 1,
    "col0": lambda loop: loop.index0 % loop.columns,
    "row": lambda loop: loop.index0 // loop.columns + 1,
    "col_first": lambda loop: loop.index0 % loop.columns == 0,
    "col_last": lambda loop: (loop.index0 + 1) % loop.columns == 0,
}


class Output(list[Any]):
    """The pieces a rendering has written, and how much of them was measured."""

    __slots__ = ("measured", "size")

    def __init__(self) -> None:
        super().__init__()
        self.measured = 0
        self.size = 0


class Context:
    """Everything one rendering remembers beside its output."""

    __slots__ = (
        "changed",
        "checked",
        "counters",
        "cycles",
        "depth",
        "environment",
        "fetch",
        "is_isolated",
        "iterations",
        "load",
        "now",
        "resume",
        "trace",
    )

    def __init__(
        self,
        now: Callable[[], datetime],
        load: Callable[[str, str, bool], Program],
        trace: list[tuple[int, object, object]] | None = None,
        fetch: Callable[[Request], Reply] = ask_nobody,
    ) -> None:
        self.fetch = fetch  # the reply to a request; raises Wanted where none was given
        self.now = now
        self.load = load
        self.trace = trace
        self.iterations = 0
        self.checked = 0
        self.depth = 0
        self.is_isolated = False  # inside `render`, where `include` is not allowed
        self.cycles: dict[object, int] = {}
        self.counters: dict[str, int] = {}
        self.resume: dict[str, int] = {}
        self.changed: str | None = None
        self.environment: Environment | None = None  # of languages whose functions reach beyond their arguments


class Environment:
    """What functions find around them: the names, other texts by name, and how to run one as a template."""

    __slots__ = ("captured", "memory", "run", "scope", "texts")

    def __init__(
        self,
        scope: Scope,
        texts: Mapping[str, str],
        run: Callable[[str, str], Program],
        captured: Callable[[str], str],
    ) -> None:
        self.scope = scope
        self.texts = texts
        self.run = run  # a name for errors and a source → a program that shares our variables
        self.captured = captured  # what such a program wrote → a value
        self.memory: dict[str, object] = {}


class Scope:
    """Names a program sees: the data, and for templates that include others the variables of all of them."""

    __slots__ = ("data", "loops", "variables")

    def __init__(self, data: Mapping[str, object], variables: dict[str, object] | None = None) -> None:
        self.data = data
        self.variables: dict[str, object] = {} if variables is None else variables
        self.loops: list[dict[str, object]] = []

    def get(self, name: str, counters: Mapping[str, int]) -> object:
        """The innermost value of a name, None for none."""
        for names in reversed(self.loops):
            if name in names:
                return names[name]
        if name in self.variables:
            return self.variables[name]
        return counters[name] if name in counters else self.data.get(name)

    def push(self, names: dict[str, object]) -> dict[str, object]:
        self.loops.append(names)
        return names

    def pop(self) -> None:
        self.loops.pop()


Program = Callable[[Context, Scope, Output], "str | None"]
"""One compiled body: appends to the list; gives `break` or `continue` where the template stopped with one."""


# --- lookups ---------------------------------------------------------------------------------------


def step(value: Any, key: Any) -> Any:
    """One step into a value: a mapping's key, a list's index, or Liquid's size, first and last; else None."""
    if isinstance(value, dict | Mapping):
        return _mapping_step(value, key)
    if isinstance(value, list | tuple | range):
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
    if isinstance(value, list | tuple | range) and isinstance(key, str):
        return None
    if isinstance(value, dict | Mapping) and isinstance(key, str):
        return value.get(key)
    return None if isinstance(value, str | int) else step(value, key)


def _mapping_step(value: Mapping[Any, Any], key: Any) -> Any:
    if key.__class__ is not str and not isinstance(key, str | int | float | bool | Decimal):
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


# --- truth and comparison --------------------------------------------------------------------------


def is_true(value: object) -> bool:
    """Liquid's truth: everything but nil and false."""
    return value is not None and value is not False


def is_blank(value: object) -> bool:
    """Whether a value is nil, false, white space, or empty."""
    if value is None or value is False or value is BLANK:
        return True
    if isinstance(value, str):
        return not value.strip()
    return is_empty(value)


def is_empty(value: object) -> bool:
    """Whether a text, list or mapping has nothing in it."""
    if isinstance(value, str | list | tuple | dict | Mapping):
        return len(value) == 0
    return value is EMPTY


def is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def equal(left: Any, right: Any, depth: int = 0) -> bool:
    """Liquid's equality: numbers by value, no number equals true or false, lists item by item."""
    if left.__class__ is Special or right.__class__ is Special:
        return _equal_special(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if depth > MAX_VALUE_NESTING:
            raise Fault("lists are nested too deep to be compared")
        return len(left) == len(right) and all(
            equal(one, other, depth + 1) for one, other in zip(left, right, strict=True)
        )
    if isinstance(left, date) != isinstance(right, date):
        return _date_text(left) == _date_text(right)
    if is_number(left) and is_number(right):
        return _compare_numbers(left, right) == 0
    return bool(left == right)


def _equal_special(left: object, right: object) -> bool:
    if left.__class__ is Special and right.__class__ is Special:
        return False
    special, value = (left, right) if left.__class__ is Special else (right, left)
    return is_blank(value) if special is BLANK else is_empty(value)


def _date_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _compare_numbers(left: Any, right: Any) -> int:
    """-1, 0 or 1; Decimals and floats meet as Decimals of what the float prints as."""
    if isinstance(left, Decimal) and isinstance(right, float):
        right = Decimal(repr(right))
    elif isinstance(right, Decimal) and isinstance(left, float):
        left = Decimal(repr(left))
    return int(left > right) - int(left < right)


def order(left: Any, right: Any) -> int | None:
    """How two values order, None where they do not (nil, lists). Raises Fault for text against number."""
    if is_number(left) and is_number(right):
        return _compare_numbers(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, date) or isinstance(right, date):
        return _order_dates(left, right)
    if (is_number(left) or isinstance(left, str)) and (is_number(right) or isinstance(right, str)):
        raise Fault(
            "a number and a text have no order",
            "compare values of one kind; `| plus: 0` makes a number of a text",
        )
    return None


def _order_dates(left: Any, right: Any) -> int | None:
    one, other = _date_text(left), _date_text(right)
    if not isinstance(one, str) or not isinstance(other, str):
        return None
    return (one > other) - (one < other)


def less(left: object, right: object) -> bool:
    return order(left, right) == -1


def less_equal(left: object, right: object) -> bool:
    return order(left, right) in (-1, 0)


def greater(left: object, right: object) -> bool:
    return order(left, right) == 1


def greater_equal(left: object, right: object) -> bool:
    return order(left, right) in (0, 1)


def contains(left: Any, right: Any) -> bool:
    """Whether a text has a part, a list an equal item, a mapping a key. Nothing contains nil."""
    if right is None or left is None:
        return False
    if isinstance(left, str):
        return text_of(right) in left
    if isinstance(left, dict | Mapping):
        return isinstance(right, str | int | float) and right in left
    if isinstance(left, list | tuple | range):
        return any(equal(item, right) for item in left)
    return False


# --- printing --------------------------------------------------------------------------------------


def text_of(value: Any, depth: int = 0) -> str:
    """A value as Liquid prints it. Markup stays Markup; a list with Markup in it becomes Markup."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return _whole_number_text(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Decimal):
        return _decimal_text(value)
    return _other_text(value, depth)


def _whole_number_text(value: int) -> str:
    if value.bit_length() > 1400:
        raise Fault("a whole number has more digits than can be printed")
    return str(value)


def _decimal_text(value: Decimal) -> str:
    exponent = value.adjusted() if value.is_finite() else 0
    return format(value, "f") if abs(exponent) < 400 else str(value)


def float_text(value: float) -> str:
    """A float as Ruby prints it: 1.0, 0.0001, 1.0e-05, 1.0e+16."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    if "e" in text:
        digits, exponent = text.split("e")
        return f"{digits if '.' in digits else digits + '.0'}e{exponent}"
    return text


def _other_text(value: Any, depth: int) -> str:
    if depth > MAX_VALUE_NESTING:
        raise Fault("lists are nested too deep to be printed")
    if isinstance(value, list | tuple):
        return joined([text_of(item, depth + 1) for item in value])
    if isinstance(value, dict | Mapping):
        return inspect(value, depth)
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S ") + (value.strftime("%z") if value.utcoffset() else "UTC")
    if isinstance(value, date):
        return value.isoformat()
    return "ForLoop" if value.__class__ is ForLoop else ""


def inspect(value: Any, depth: int = 0) -> str:
    """A value as Ruby shows it inside a printed mapping: texts quoted, nil named."""
    if depth > MAX_VALUE_NESTING:
        raise Fault("values are nested too deep to be printed")
    if isinstance(value, str):
        return '"' + "".join(_INSPECTED.get(character, character) for character in value) + '"'
    if value is None:
        return "nil"
    if isinstance(value, dict | Mapping):
        pairs = ", ".join(f"{inspect(k, depth + 1)}=>{inspect(v, depth + 1)}" for k, v in value.items())
        return "{" + pairs + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(inspect(item, depth + 1) for item in value) + "]"
    return text_of(value, depth + 1)


_INSPECTED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def joined(parts: Sequence[str]) -> str:
    """Texts one after the other; where one is Markup the others are escaped and the whole is Markup."""
    size = sum(map(len, parts))
    if size > MAX_TEXT_CHARACTERS:
        raise too_long()
    for part in parts:
        if part.__class__ is not str and isinstance(part, Markup):
            return Markup("").join(escape(piece) for piece in parts)
    return "".join(parts)


def too_long() -> Fault:
    return Fault(f"a value grows over {MAX_TEXT_CHARACTERS} characters", "shorten what is joined or repeated")


# Control characters and code points that are no characters mean nothing in mail and break it, as character
# references most of all; unpaired surrogates cannot be encoded.
_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_NOT_IN_TEXT = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_NO_CHARACTERS}]")
_NOT_IN_HTML = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_NO_CHARACTERS}]")


def clean_text(text: str) -> str:
    """Text without control characters; unpaired surrogates become U+FFFD."""
    return _NOT_IN_TEXT.sub(_replacement, text)


def clean_html(text: str) -> str:
    """Text without control characters and carriage returns; unpaired surrogates become U+FFFD."""
    return _NOT_IN_HTML.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= match[0] <= "\udfff" else ""


# --- loops -----------------------------------------------------------------------------------------


def items_of(value: Any) -> Sequence[Any]:
    """What a loop goes over: a list's items, a mapping's pairs, a text as one item; else nothing."""
    if isinstance(value, list | tuple | range):
        return value
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, dict | Mapping):
        return [list(pair) for pair in value.items()]
    return []


def whole_range(start: Any, end: Any) -> range:
    """The numbers of `(start..end)`; texts that are no number count as 0."""
    return range(whole_number(start), whole_number(end) + 1)


def whole_number(value: Any) -> int:
    """The number a range or loop bound means; what is not a number is 0."""
    if isinstance(value, bool) or value is None:
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, float | Decimal):
        return int(value) if -1e300 < value < 1e300 else 0  # not so for NaN
    if isinstance(value, str):
        match = re.match(r"\s*([+-]?[0-9]{1,18})", value)
        return int(match[1]) if match else 0
    return 0


def strict_number(value: Any) -> int:
    """A whole number, or a Fault: what limit, offset and slice ask for."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = "" if value is None or isinstance(value, list | dict | bool) else text_of(value).strip()
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    raise Fault("a whole number is needed here", "give a number, or a text that is one")


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
    """The items of one loop, charged to the rendering's limits; long loops look at the output's size as they go."""
    context.iterations += len(items)
    if context.iterations > MAX_ITERATIONS:
        raise Fault(f"loops go round more than {MAX_ITERATIONS} times", "limit the list this loop goes over")
    if context.iterations - context.checked < CHECK_EVERY:
        return items
    context.checked = context.iterations
    check_size(output)
    return items if len(items) < CHECK_EVERY else _checked_rounds(items, output)


def _checked_rounds(items: Sequence[Any], output: Output) -> Iterator[Any]:
    for at, item in enumerate(items):
        if not at % CHECK_EVERY:
            check_size(output)
        yield item


def check_size(output: Output) -> None:
    """Raises Fault where a rendering has written too much. Looks only at what is new since the last look."""
    output.size += sum(map(len, output[output.measured :]))
    output.measured = len(output)
    if output.size > MAX_OUTPUT_CHARACTERS:
        raise Fault(f"the message grows over {MAX_OUTPUT_CHARACTERS} characters", "mail this large is not delivered")


def merged(output: Output) -> str:
    """The text of a finished piece of output, within the limit."""
    check_size(output)
    return "".join(output)


def next_of(context: Context, group: object, count: int) -> int:
    """The position a cycle is at, moved on."""
    key = group if isinstance(group, str | int | float | bool | None | tuple) else text_of(group)
    at = context.cycles.get(key, 0)
    context.cycles[key] = at + 1 if at + 1 < count else 0
    return at


def count(context: Context, name: str, step_by: int) -> int:
    """What `increment` (1) or `decrement` (-1) writes."""
    value = context.counters.get(name, 0)
    context.counters[name] = value + step_by
    return value if step_by > 0 else value + step_by
