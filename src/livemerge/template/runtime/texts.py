"""Values as Liquid prints them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from livemerge.template.limits import MAX_TEXT_CHARACTERS, MAX_VALUE_NESTING
from livemerge.template.runtime.fault import Fault, too_long
from livemerge.template.runtime.html_tags import lets_data_in
from livemerge.template.runtime.loop_state import ForLoop
from livemerge.template.runtime.values import LISTS, MAPPINGS


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
    if isinstance(value, LISTS):
        return joined([text_of(item, depth + 1) for item in value])
    if isinstance(value, MAPPINGS):
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
    if isinstance(value, MAPPINGS):
        pairs = ", ".join(f"{inspect(k, depth + 1)}=>{inspect(v, depth + 1)}" for k, v in value.items())
        return "{" + pairs + "}"
    if isinstance(value, LISTS):
        return "[" + ", ".join(inspect(item, depth + 1) for item in value) + "]"
    return text_of(value, depth + 1)


_INSPECTED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def joined(parts: Sequence[str]) -> str:
    """Texts one after the other; where one is Markup the others are escaped and the whole is Markup.

    Where data would stand inside a tag that Markup opens, the whole is plain text: data never makes markup.
    """
    size = sum(map(len, parts))
    if size > MAX_TEXT_CHARACTERS:
        raise too_long()
    if _ONLY_PLAIN.issuperset(map(type, parts)) or not any(isinstance(part, Markup) for part in parts):
        return "".join(parts)
    if lets_data_in(parts):
        return "".join(map(str.__str__, parts))
    return Markup("").join(escape(piece) for piece in parts)


_ONLY_PLAIN = frozenset((str,))
