"""Python's two ways to format: `"%s" % x` and `"{}".format(x)`, for plain values, without a step into any of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from string import Formatter
from typing import Any, Final

from markupsafe import Markup, escape

from livemerge.template.jinja.values import Undefined, bounded, not_there, plain, text
from livemerge.template.runtime import Fault

MAX_WIDTH: Final = 1_000  # characters of one formatted value
_PLACE: Final = re.compile(r"%(?:\((\w{0,100})\))?([-+ #0]{0,5})([0-9]{1,6})?(?:\.([0-9]{1,6}))?([a-zA-Z%])?")
_SPEC: Final = re.compile(r"(?:.?[<>=^])?[-+ ]?z?#?0?([0-9]{0,6})[,_]?(?:\.([0-9]{1,6}))?[a-zA-Z%]?", re.DOTALL)
_TEXTS: Final = "sra"
_NUMBERS: Final = "diouxXeEfFgG"


def printf(format_: str, given: Any) -> str:
    """A text with each `%s`, `%d`, `%.2f` replaced. Raises Fault where places and values do not fit."""
    values = iter(given if isinstance(given, tuple) else (given,))
    is_markup = isinstance(format_, Markup)
    pieces: list[str] = []
    at = used = 0
    source = str.__str__(format_)
    for found in _PLACE.finditer(source):
        pieces.append(source[at : found.start()])
        at = found.end()
        if found[5] == "%":
            pieces.append("%")
            continue
        value = _value(found, given, values)
        used += found[1] is None
        pieces.append(_printed(found, value, is_markup=is_markup))
    _check_all_used(given, used)
    whole = bounded("".join((*pieces, source[at:])))
    return Markup(whole) if is_markup else whole


def _value(found: re.Match[str], given: Any, values: Any) -> Any:
    if found[5] is None:
        raise Fault("a `%` in a format has no letter", "write `%%` for the sign itself")
    if found[1] is None:
        for value in values:
            return value
        raise Fault("a format has more places than values", "count its `%`")
    if not isinstance(given, Mapping) or found[1] not in given:
        raise Fault(f"a format asks for `{found[1]}`, which is not given", "give it behind the `%`")
    return given[found[1]]


def _printed(found: re.Match[str], value: Any, *, is_markup: bool) -> str:
    _, flags, width, precision, kind = found.groups()
    if max(int(width or 0), int(precision or 0)) > MAX_WIDTH:
        raise Fault(f"a formatted value is wider than {MAX_WIDTH}", "give it fewer characters")
    spec = f"%{flags}{width or ''}{f'.{precision}' if precision is not None else ''}{kind}"
    if kind in _TEXTS:
        shown = text(value) if kind == "s" else repr(plain(value))
        return f"{spec[:-1]}s" % (str.__str__(escape(shown)) if is_markup else str.__str__(shown))
    if kind == "c" and isinstance(value, str) and len(value) == 1:
        return spec % str.__str__(value)
    if isinstance(value, Undefined):
        raise not_there()
    if kind not in _NUMBERS or not isinstance(value, (int, float, Decimal)):
        raise Fault(f"`%{kind}` does not take this value", "use `%s`")
    try:
        return spec % value
    except (TypeError, ValueError, OverflowError):
        raise Fault(f"`%{kind}` does not take this number", "use `%s`") from None


def _check_all_used(given: Any, used: int) -> None:
    """Values without a place are an error, as in Python; a single mapping or list may stay unused."""
    spare = len(given) - used if isinstance(given, tuple) else int(not used and not isinstance(given, (Mapping, list)))
    if spare > 0:
        raise Fault("a format has fewer places than values", "count its `%`")


def formatted(format_: Any, *values: Any, **names: Any) -> str:
    """A text with each `{}`, `{0}`, `{name}`, `{:.2f}` replaced. Steps into values are refused."""
    is_markup = isinstance(format_, Markup)
    pieces: list[str] = []
    number = 0
    try:
        parts = list(Formatter().parse(str.__str__(format_)))
    except ValueError:
        raise Fault("the braces of a format do not fit together", "write `{{` for a brace") from None
    for static, name, spec, conversion in parts:
        pieces.append(static)
        if name is None:
            continue
        value = _chosen(name or str(number), values, names)
        number += not name
        shown = _formatted(value, spec or "", conversion)
        pieces.append(str.__str__(escape(shown)) if is_markup else str.__str__(shown))
    whole = bounded("".join(pieces))
    return Markup(whole) if is_markup else whole


def _chosen(name: str, values: tuple[Any, ...], names: Mapping[str, Any]) -> Any:
    if name.isascii() and name.isdigit() and len(name) < 4:
        if int(name) < len(values):
            return values[int(name)]
        raise Fault("a format has more places than values", "count its braces")
    if not name.isidentifier():
        raise Fault("a format may name values, not step into them", "read the part before, and give it to the format")
    if name not in names:
        raise Fault(f"a format asks for `{name}`, which is not given", "give it in the brackets of `format`")
    return names[name]


def _formatted(value: Any, spec: str, conversion: str | None) -> str:
    found = _SPEC.fullmatch(spec)
    is_date = isinstance(value, date) and "%" in spec
    if not is_date and (found is None or max(int(found[1] or 0), int(found[2] or 0)) > MAX_WIDTH):
        raise Fault("a format's width and kind cannot be read", f"write it like `:.2f`, not wider than {MAX_WIDTH}")
    if conversion is not None or not isinstance(value, (int, float, Decimal, date)):
        shown = text(value)
        value = repr(str.__str__(shown)) if conversion in ("r", "a") else shown
    if not spec:
        return text(value)
    try:
        return format(str.__str__(value) if isinstance(value, str) else value, spec[:MAX_WIDTH])
    except (ValueError, OverflowError):
        raise Fault("a value does not fit its place in a format", "leave the format's letters out") from None
