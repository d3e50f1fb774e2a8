"""The functions behind merge tags: how values are written, what counts as one, how two compare.

Where Mailchimp's pages are silent we chose: a number or text `0` is a value, texts that are no numbers compare as
texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from livemerge.template.dates import php_date
from livemerge.template.filters import Filter, make_filter
from livemerge.template.filters.filter import Short
from livemerge.template.runtime import Context, Fault, is_number, text_of


def _upper(value: Any) -> str:
    return str.__str__(text_of(value)).upper()


def _lower(value: Any) -> str:
    return str.__str__(text_of(value)).lower()


def _title(value: Any) -> str:
    return re.sub(r"(^|\s)(\S)", lambda found: found[1] + found[2].upper(), _lower(value))


def _url(value: Any) -> str:
    return quote(str.__str__(text_of(value)).encode("utf-8", "replace"), safe="-._~")


def _send_date(context: Context, form: Any) -> str:
    return php_date(context.now(), str.__str__(form))


def _account_date(context: Context, _value: Any) -> str:
    """The day of sending, its month first where the message's locale is none or of the United States."""
    is_american = context.locale.replace("_", "-").lower() in ("", "en", "en-us")
    return php_date(context.now(), "m/d/Y" if is_american else "d/m/Y")


def _given(value: Any, name: Any) -> Any:
    """A value that the vendor fills itself, so that an empty place would say nothing is wrong."""
    if value is None:
        raise Fault(
            f"`*|{text_of(name)}|*` is filled by Mailchimp itself, and the data has none", "give it in the data"
        )
    return value


def _feed_items(value: Any, most: Any) -> Any:
    """The items of a feed, at most so many."""
    if not isinstance(value, (list, tuple)):
        raise Fault("the data has no feed of this name", "give it as `RSSITEMS`, a list of items with TITLE, URL, …")
    return value[:most]


def _has_value(value: Any) -> bool:
    """Whether a field has any value: not nil, not false, no empty text or list."""
    return is_number(value) or bool(value)


def _equals(value: Any, other: Any) -> bool:
    """Case and all: a text is equal to itself only; a number to every way of writing it."""
    if value is None:
        return False
    if is_number(value):
        number = _number(other)
        return number is not None and _number(value) == number
    return text_of(value) == text_of(other)


def _differs(value: Any, other: Any) -> bool:
    return not _equals(value, other)


def _order(value: Any, other: Any) -> int | None:
    """How two values order: as numbers where both are, else as texts; None where there is no value."""
    if value is None or value == "":
        return None
    one: Any = _number(value)
    two: Any = _number(other)
    if one is None or two is None:
        one, two = text_of(value), text_of(other)
    return int(one > two) - int(one < two)


def _number(value: Any) -> Decimal | None:
    text = text_of(value).strip()
    try:
        number = Decimal(text) if 0 < len(text) <= 100 else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _above(value: Any, other: Any) -> bool:
    return _order(value, other) == 1


def _below(value: Any, other: Any) -> bool:
    return _order(value, other) == -1


def _not_below(value: Any, other: Any) -> bool:
    return _order(value, other) in (0, 1)


def _not_above(value: Any, other: Any) -> bool:
    return _order(value, other) in (0, -1)


def _is_in_group(value: Any, names: Any) -> bool:
    """Whether a list of groups (or a text with commas) has any of the names."""
    groups = value if isinstance(value, (list, tuple)) else text_of(value).split(",")
    wanted = {name.strip() for name in text_of(names).split(",")}
    return any(text_of(group).strip() in wanted for group in groups)


def _test(call: Callable[..., Any]) -> Filter:
    return replace(make_filter(call), gives="boolean")


MAILCHIMP_FILTERS: dict[str, Filter] = {
    "upper": make_filter(_upper),
    "lower": make_filter(_lower),
    "title": make_filter(_title),
    "url": make_filter(_url),
    "send_date": make_filter(_send_date),
    "account_date": make_filter(_account_date),
    "feed_items": make_filter(_feed_items),
    "given": make_filter(_given),
    "has_value": replace(_test(_has_value), work=None, short=Short("(not not {name})")),
    "equals": _test(_equals),
    "differs": _test(_differs),
    "above": _test(_above),
    "below": _test(_below),
    "not_below": _test(_not_below),
    "not_above": _test(_not_above),
    "is_in_group": _test(_is_in_group),
}
