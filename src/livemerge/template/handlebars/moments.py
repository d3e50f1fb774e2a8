"""Moments in helpers: what counts as one, how SendGrid and Mandrill write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from livemerge.template.dates import as_datetime, php_date, strftime
from livemerge.template.handlebars.comparison import number_of, plain
from livemerge.template.runtime import Context, is_number

MAX_FORMAT_CHARACTERS = 300  # of a date's form
MAX_SECONDS = 100_000_000_000  # an epoch beyond it counts milliseconds

_SENDGRID_LETTERS = re.compile(r"\[([^\]]{0,50})\]|YYYY|YY|M{1,4}|DD?|dddd?|hh?|HH?|mm?|ss?|A|a|ZZ?")
_SENDGRID_DATES = {
    "YYYY": "%Y",
    "YY": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%-m",
    "DD": "%d",
    "D": "%-d",
    "dddd": "%A",
    "ddd": "%a",
    "hh": "%I",
    "h": "%-I",
    "HH": "%H",
    "H": "%-H",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "A": "%p",
    "a": "%P",
    "ZZ": "%z",
    "Z": "%:z",
}
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")


def sendgrid_date(context: Context, value: Any, form: Any, offset: Any = None) -> str:
    """A moment in SendGrid's letters; what is no moment stays as it is."""
    at = moment_of(context, value)
    if at is None:
        return plain(value)
    at = at.astimezone(_zone(offset))

    def written(found: re.Match[str]) -> str:
        return found[1] if found[1] is not None else strftime(at, _SENDGRID_DATES[found[0]])

    return _SENDGRID_LETTERS.sub(written, plain(form)[:MAX_FORMAT_CHARACTERS])


def moment_of(context: Context, value: Any) -> datetime | None:
    """The moment a value means: an ISO 8601 text, seconds or milliseconds since 1970, `now`; None for none."""
    if is_number(value) or (isinstance(value, str) and value.strip().isdecimal()):
        seconds = number_of(value)
        if seconds is None:
            return None
        value = float(seconds / 1000 if abs(seconds) > MAX_SECONDS else seconds)
    return as_datetime(value, context.now)


def _zone(offset: Any) -> tzinfo:
    found = _OFFSET.fullmatch(plain(offset).strip())
    if found is None:
        return UTC
    minutes = min(int(found[2]) * 60 + int(found[3]), 24 * 60 - 1)
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def send_date(context: Context, _value: Any, form: Any = "d/m/Y") -> str:
    """The moment of sending in PHP's letters, as Mandrill writes it."""
    return php_date(context.now(), plain(form))
