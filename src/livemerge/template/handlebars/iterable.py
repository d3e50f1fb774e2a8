"""The functions behind Iterable's helpers that other services do not have: dates, numbers, sums, lists, skipping.

Iterable's helpers come from the Java library handlebars.java; their names and arguments are those of Iterable's
help pages.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Context as Arithmetic
from decimal import Decimal, DecimalException
from typing import Any

from markupsafe import Markup

from livemerge.errors import SkipRecipient
from livemerge.template.filters.text import bounded
from livemerge.template.handlebars import values
from livemerge.template.handlebars.comparison import number_of, plain
from livemerge.template.handlebars.java_dates import java_date, moved, zone_of
from livemerge.template.handlebars.java_numbers import java_number
from livemerge.template.handlebars.moments import moment_of
from livemerge.template.runtime import Context, Fault

_PRECISION = Arithmetic(prec=28)
_MAX_MAGNITUDE = 300  # digits of a result


# --- dates -----------------------------------------------------------------------------------------


def _locale(context: Context, given: Any) -> str:
    return plain(given) if given not in (None, "") else context.locale or "en-US"


def date_format(
    context: Context,
    value: Any,
    form: Any = None,
    place: Any = None,
    *,
    format: Any = None,  # noqa: A002  # as authors write it
    tz: Any = None,
    locale: Any = None,
) -> str:
    """A moment in a style or Java's letters; nothing for nothing, a text that is no moment as it is."""
    if not values.is_true(value):
        return ""
    at = moment_of(context, value)
    if at is None:
        return plain(value)
    return _written(context, at, form if form is not None else format, place or locale, tz)


def now(
    context: Context,
    _value: Any,
    form: Any = None,
    place: Any = None,
    *,
    format: Any = None,  # noqa: A002  # as authors write it
    tz: Any = None,
    locale: Any = None,
) -> str:
    """The moment of sending."""
    return _written(context, context.now(), form if form is not None else format, place or locale, tz)


def _written(context: Context, at: datetime, form: Any, place: Any, tz: Any) -> str:
    zone = UTC if tz in (None, "") else zone_of(plain(tz))
    return java_date(at.astimezone(zone), plain(form) if form is not None else "medium", _locale(context, place))


def date_math(
    context: Context,
    value: Any,
    terms: Any,
    *,
    format: Any = None,  # noqa: A002  # as authors write it
    tz: Any = None,
) -> str:
    """A moment, or `now`, with terms like `+7d` added to it."""
    at = moment_of(context, value)
    if at is None:
        return ""
    zone = UTC if tz in (None, "") else zone_of(plain(tz))
    return _written(context, moved(at.astimezone(zone), plain(terms)), format, None, tz)


def timestamp(context: Context, _value: Any) -> int:
    """The moment of sending in milliseconds since 1970."""
    return int(context.now().timestamp() * 1000)


# --- numbers ---------------------------------------------------------------------------------------


def number_format(
    context: Context,
    value: Any,
    style: Any = "",
    place: Any = None,
    *,
    groupingused: Any = None,
    maximumfractiondigits: Any = None,
    minimumfractiondigits: Any = None,
    minimumintegerdigits: Any = None,
    roundingmode: Any = None,
) -> str:
    """A number in a style or pattern; what is no number as it is, nothing for nothing."""
    number = None if value is None or value == "" else number_of(value)
    if number is None:
        return "" if value is None else plain(value)
    changes = {
        "groupingused": groupingused,
        "maximumfractiondigits": maximumfractiondigits,
        "minimumfractiondigits": minimumfractiondigits,
        "minimumintegerdigits": minimumintegerdigits,
        "roundingmode": roundingmode,
    }
    return java_number(number, plain(style), _locale(context, place), changes)


_OPERATIONS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _PRECISION.add,
    "-": _PRECISION.subtract,
    "*": _PRECISION.multiply,
    "/": _PRECISION.divide,
    "%": _PRECISION.remainder,
}


def calculate(value: Any, operator: Any, other: Any) -> Any:
    """What `math` gives: a whole number where it is one."""
    one, two, operation = number_of(value), number_of(other), _OPERATIONS.get(plain(operator))
    if operation is None:
        raise Fault("there is no such operator", "operators: + - * / %")
    if value is None or other is None or one is None or two is None:
        raise Fault("`math` needs two numbers", "test the field before, or use defaultIfEmpty")
    try:
        found = operation(one, two)
    except DecimalException as error:
        raise Fault("this cannot be calculated", "test for zero before a division") from error
    if abs(found.adjusted()) > _MAX_MAGNITUDE:
        raise Fault("this number is out of reach")
    return int(found) if found == found.to_integral_value() else found.normalize()


def is_remainder(value: Any, divisor: Any, rest: Any) -> bool:
    """Whether a division leaves just this rest."""
    found = calculate(value, "%", divisor)
    return bool(number_of(found) == number_of(rest))


# --- lists -----------------------------------------------------------------------------------------


def joined(value: Any, separator: Any, *, prefix: Any = "", suffix: Any = "") -> str:
    """The items of a list as one text."""
    items = value if isinstance(value, (list, tuple, range)) else [] if value is None else [value]
    return bounded(plain(prefix) + plain(separator).join(plain(item) for item in items) + plain(suffix))


def count_or_size(value: Any) -> Any:
    """A list's number of items; of anything else what it has under the name `size`."""
    return len(value) if isinstance(value, (list, tuple, range, str)) else values.item(value, "size")


def in_order(value: Any, *, field: Any, order: Any = "asc") -> list[Any]:
    """The items by one of their properties; those without it last."""
    if not isinstance(value, (list, tuple)):
        return []
    known = [item for item in value if _rank(item, field) is not None]
    ranked = sorted(known, key=lambda item: _rank(item, field) or (0, 0), reverse=plain(order).lower() == "desc")
    return ranked + [item for item in value if _rank(item, field) is None]


def least(value: Any, field: Any) -> Any:
    """The first of the items whose property is smallest; nothing where none has it."""
    return next(iter(_with(in_order(value, field=field), field)), None)


def greatest(value: Any, field: Any) -> Any:
    """The first of the items whose property is largest; nothing where none has it."""
    return next(iter(_with(in_order(value, field=field, order="desc"), field)), None)


def _with(items: list[Any], field: Any) -> list[Any]:
    return [item for item in items if _rank(item, field) is not None]


def _rank(item: Any, field: Any) -> tuple[int, Any] | None:
    """What an item is ordered by: numbers before texts."""
    value = values.item(item, plain(field)) if isinstance(item, Mapping) else None
    if value is None or isinstance(value, (list, tuple, Mapping)):
        return None
    number = None if isinstance(value, str) else number_of(value)
    return (0, number) if number is not None else (1, plain(value))


# --- texts and sending -----------------------------------------------------------------------------


def with_line_breaks(value: Any) -> Markup:
    """A text in HTML whose lines end with <br>."""
    return Markup(bounded(re.sub(r"\r\n?|\n", "<br>", html.escape(plain(value)))))  # escaped above


def hexadecimal(value: Any) -> str:
    """The octets of a text, two digits each."""
    return plain(value).encode("utf-8", "replace").hex()


def skip(cause: Any) -> None:
    """Ends the message: this customer gets none."""
    because = f": {plain(cause)[:200]}" if cause else ""
    raise SkipRecipient(f"the template skips this customer{because}")


ITERABLE_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "calculate": calculate,
    "count_or_size": count_or_size,
    "date_format": date_format,
    "date_math": date_math,
    "greatest": greatest,
    "hexadecimal": hexadecimal,
    "is_remainder": is_remainder,
    "joined": joined,
    "least": least,
    "now": now,
    "number_format": number_format,
    "skip": skip,
    "sort": in_order,
    "timestamp": timestamp,
    "with_line_breaks": with_line_breaks,
}
