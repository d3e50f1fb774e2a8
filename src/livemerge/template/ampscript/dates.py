"""Dates as AMPscript reads and moves them: month first, free word order, an offset honoured.

A moment with an offset or zone comes out aware, any other naive: it is on the account's clock already.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from livemerge.template.dates import DAYS, MONTHS
from livemerge.template.runtime import Fault

MIN_DATE: Final = datetime(1, 1, 1)  # noqa: DTZ001  # the account's clock has no zone of its own
MAX_DATE_CHARACTERS: Final = 60
_CENTURY_TURNS: Final = 50  # 49 is 2049, 50 is 1950

_DIGIT = re.compile(r"[0-9]")
_TOKEN = re.compile(r"\s*(?:([0-9]{1,9})|([A-Za-z]+)\.?|([/\-.,:+]))\s*")
_CLOCK = re.compile(
    r"(?<![0-9:+-])([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?\s*([AaPp][Mm])?(?![0-9:])"
    r"|(?<![0-9:])([0-9]{1,2})\s*([AaPp][Mm])\b"
)
_OFFSET = re.compile(r"\s*(?:(Z|GMT)|([+-])([0-9]{1,2}):?([0-9]{2})?)\s*$", re.IGNORECASE)  # behind a time
_OFFSET_OF_DAY = re.compile(r"\s*(?:(Z|GMT)|\s([+-])([0-9]{1,2}):([0-9]{2}))$", re.IGNORECASE)  # where there is no time
_ISO_T = re.compile(r"(?<=[0-9])T(?=[0-9]{2}:)", re.IGNORECASE)
_NUMERIC = re.compile(r"([0-9]{1,4})\s*([/\-.])\s*([0-9]{1,2}|[0-9]{4}$)\s*(?:\2\s*([0-9]{1,4}))?")
_EAST_ASIAN = re.compile(r"([0-9]{1,4})\s*[年년]\s*([0-9]{1,2})\s*[月월]\s*([0-9]{1,2})\s*[日일]", re.ASCII)

_MONTH_NUMBERS = {name.lower(): at for at, name in enumerate(MONTHS, 1)}
_MONTH_NUMBERS |= {name[:3].lower(): at for at, name in enumerate(MONTHS, 1)}
_WEEKDAY = re.compile("|".join(rf"(\b{name[:3]}(?:{name[3:]})?\b[.,]?\s*)" for name in DAYS), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Clock:
    """A time of day."""

    hour: int = 0
    minute: int = 0
    second: int = 0
    microsecond: int = 0


def date_from_text(text: str, today: datetime | None = None) -> datetime | None:
    """The moment a text means, None where it means none. `today` completes what names no year or day."""
    text = _EAST_ASIAN.sub(r"\1-\2-\3", _ISO_T.sub(" ", text.strip(" ,\t\r\n"), count=1))
    if len(text) > MAX_DATE_CHARACTERS or not text.isascii() or not _DIGIT.search(text):
        return None
    clock, rest, offset = _clock(text)
    if clock is None:
        return None
    weekday = _WEEKDAY.search(rest)
    rest = _WEEKDAY.sub("", rest, count=1).strip(" ,")
    day = _day(rest, today) if rest else (None if today is None else (today.year, today.month, today.day))
    if day is None:
        return None
    try:
        moment = datetime(*day, clock.hour, clock.minute, clock.second, clock.microsecond)  # noqa: DTZ001
    except ValueError:
        return None
    if weekday is not None and weekday.lastindex != moment.weekday() + 1:
        return None
    return moment if offset is None else moment.replace(tzinfo=timezone(offset))


def _clock(text: str) -> tuple[_Clock | None, str, timedelta | None]:
    """The time of day in a text, what stands around it, and its offset; None for a time that cannot be."""
    found = _CLOCK.search(text)
    clock = _Clock() if found is None else _clock_of(found)
    zone = _OFFSET_OF_DAY.search(text) if found is None else _OFFSET.match(text, found.end())
    if zone:
        offset = _offset_of(zone)
        return None if offset is None else clock, text[: (found or zone).start()], offset
    before, behind = (text, "") if found is None else (text[: found.start()], text[found.end() :])
    if before.strip(" ,") and behind.strip(" ,"):
        return None, text, None  # something else behind the time
    return clock, before + behind, None


def _offset_of(found: re.Match[str]) -> timedelta | None:
    if found[1]:
        return timedelta()
    offset = timedelta(hours=int(found[3]), minutes=int(found[4] or 0))
    return None if offset > timedelta(hours=14) else -offset if found[2] == "-" else offset


def _clock_of(found: re.Match[str]) -> _Clock | None:
    half = (found[5] or found[7] or "").lower()
    hour = int(found[1] or found[6])
    if half.startswith("a"):
        hour = hour % 12 if hour <= 12 else 24
    elif half and hour < 12:
        hour += 12
    minute, second = int(found[2] or 0), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return _Clock(hour, minute, second, int((found[4] or "0").ljust(6, "0")[:6]))


def _day(text: str, today: datetime | None) -> tuple[int, int, int] | None:
    """Year, month and day of a text that is only a date."""
    if found := _NUMERIC.fullmatch(text):
        return _numeric_day(found, today)
    return _worded_day(text, today)


def _numeric_day(found: re.Match[str], today: datetime | None) -> tuple[int, int, int] | None:
    first, second, third = found[1], found[3], found[4]
    if third is None:
        return _two_numbers(first, second, today)
    if len(first) > 2:
        return int(first), int(second), int(third)
    return _year(third), int(first), int(second)


def _two_numbers(first: str, second: str, today: datetime | None) -> tuple[int, int, int] | None:
    """Year and month in either order, or month and day of this year."""
    if len(first) == 4 or len(second) == 4:
        year, month = (first, second) if len(first) == 4 else (second, first)
        return int(year), int(month), 1
    return None if today is None else (today.year, int(first), int(second))


def _worded_day(text: str, today: datetime | None) -> tuple[int, int, int] | None:
    """A date with its month as a word: `4 March 2026`, `March 4, 2026`, `04-Mar-26`."""
    month, numbers, at = 0, list[str](), 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or (found[3] and found[3] in ":+"):
            return None
        at = found.end()
        if found[1]:
            numbers.append(found[1])
        elif word := (found[2] or "").lower():
            if word not in _MONTH_NUMBERS or month:
                return None
            month = _MONTH_NUMBERS[word]
    return _with_month(month, numbers, today) if month else None


def _with_month(month: int, numbers: list[str], today: datetime | None) -> tuple[int, int, int] | None:
    if len(numbers) == 2:
        day, year = numbers if len(numbers[0]) <= 2 else reversed(numbers)
        return _year(year), month, int(day)
    if len(numbers) == 1 and len(numbers[0]) == 4:
        return int(numbers[0]), month, 1
    if len(numbers) == 1 and today is not None:
        return today.year, month, int(numbers[0])
    return None


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) > 2 else year + (2000 if year < _CENTURY_TURNS else 1900)


# --- reckoning -------------------------------------------------------------------------------------


def unit_of(name: str) -> str:
    """The unit a short name means. Raises Fault for any but Y, M, D, H and MI."""
    unit = name.strip().upper()
    if unit not in ("Y", "M", "D", "H", "MI"):
        raise Fault("this is no unit of time", "write one of Y, M, D, H, MI")
    return unit


def moved(moment: datetime, count: int, unit: str) -> datetime:
    """A moment some units later; months and years end on the month's last day at most."""
    try:
        if unit in ("Y", "M"):
            return _months_later(moment, count * (12 if unit == "Y" else 1))
        return moment + {"D": timedelta(days=1), "H": timedelta(hours=1), "MI": timedelta(minutes=1)}[unit] * count
    except (OverflowError, ValueError) as error:
        raise Fault("a date beyond the calendar", "add less to it") from error


def _months_later(moment: datetime, months: int) -> datetime:
    month = moment.year * 12 + moment.month - 1 + months
    year, index = divmod(month, 12)
    return moment.replace(year=year, month=index + 1, day=min(moment.day, monthrange(year, index + 1)[1]))


def boundaries(start: datetime, end: datetime, unit: str) -> int:
    """How many turns of a unit lie between two moments: 23:59 to 0:00 is one day."""
    if unit == "Y":
        return end.year - start.year
    if unit == "M":
        return (end.year - start.year) * 12 + end.month - start.month
    seconds = {"D": 86_400, "H": 3_600, "MI": 60}[unit]
    return _seconds(end) // seconds - _seconds(start) // seconds


def _seconds(moment: datetime) -> int:
    """Whole seconds since year 1 on the moment's own clock."""
    since = moment.replace(tzinfo=UTC) - MIN_DATE.replace(tzinfo=UTC)
    return since.days * 86_400 + since.seconds
