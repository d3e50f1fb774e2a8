"""The whole numbers that ranges, bounds and limits mean."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from livemerge.template.runtime.fault import Fault
from livemerge.template.runtime.texts import text_of

MAX_BOUND = 10**18  # of a range: Python counts no more items than 2**63


def whole_range(start: Any, end: Any) -> range:
    """The numbers of `(start..end)`; texts that are no number count as 0."""
    first, last = (max(min(whole_number(each), MAX_BOUND), -MAX_BOUND) for each in (start, end))
    return range(first, last + 1)


def whole_number(value: Any) -> int:
    """The number a range or loop bound means; what is not a number is 0."""
    if isinstance(value, bool) or value is None:
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, (float, Decimal)):
        return int(value) if value == value and -1e300 < value < 1e300 else 0  # a Decimal's NaN refuses `<`
    if isinstance(value, str):
        match = re.match(r"\s*([+-]?[0-9]{1,18})", value)
        return int(match[1]) if match else 0
    return 0


def strict_number(value: Any) -> int:
    """A whole number, or a Fault: what limit, offset and slice ask for."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = "" if value is None or isinstance(value, (list, dict, bool)) else text_of(value).strip()
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    raise Fault("a whole number is needed here", "give a number, or a text that is one")
