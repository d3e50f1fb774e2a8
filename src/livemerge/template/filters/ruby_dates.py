"""The moment a text means to Ruby's `Time.parse`, which Liquid's `date` asks: day first, lenient, never a guess less.

Each reader takes what it understands out of the text and leaves the rest to the next, in the order of Ruby's
`Date._parse` (docs.ruby-lang.org, class Date); what the text does not say comes from now, or is the first of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

MAX_DATE_CHARACTERS = 128  # Ruby's own limit

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS.split("|"), 1)}
_ERA = r"(?:c(?:e|\.e\.)|(b(?:ce|\.c\.e\.|c|\.c\.))|a(?:d|\.d\.))"
_IMPERIAL_YEARS = {"m": 1867, "t": 1911, "s": 1925, "h": 1988, "r": 2018}  # the year before each Japanese era's first
_ZONE_HOURS = (
    {"utc": 0, "z": 0, "ut": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6}
    | {"pst": -8, "pdt": -7}
    | {letter: hours for hours, letter in enumerate("abcdefghiklm", 1)}
    | {letter: -hours for hours, letter in enumerate("nopqrstuvwxy", 1)}
)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace("MONTH", _MONTHS).replace("ERA", _ERA), re.VERBOSE | re.ASCII)


_NOT_READ = re.compile(r"(?:[^\w\-+',./:@\[\]]|_)+")
_WEEKDAY = _pattern(r"\b(?:sun|mon|tue|wed|thu|fri|sat)[^-/\d\s]*")
_TIME = _pattern(
    r"""(\d+\s*(?:(?::\s*\d+(?:\s*:\s*\d+(?:[,.]\d*)?)?|h(?:\s*\d+m?(?:\s*\d+s?)?)?)
        (?:\s*[ap](?:m\b|\.m\.))?|[ap](?:m\b|\.m\.)))
        (?:\s*((?:gmt|utc?)?[-+]\d+(?:[,.:]\d+(?::\d+)?)?|[^\W\d_.\s]+(?:\sdst)?\b))?"""
)
_CLOCK = _pattern(r"\A(\d+)\s*h?(?:\s*:?\s*(\d+)m?(?:\s*:?\s*(\d+)(?:[,.](\d*))?s?)?)?(?:\s*([ap])(?:m\b|\.m\.))?")
_EUROPEAN = _pattern(r"('?\d+)[^-\d\s]*\s*(MONTH)[^-\d\s']*(?:\s*(?:\bERA)?\s*('?-?\d+(?:(?:st|nd|rd|th)\b)?))?")
_AMERICAN = _pattern(r"\b(MONTH)[^-\d\s']*\s*('?\d+)[^-\d\s']*(?:\s*,?\s*ERA?\s*('?-?\d+))?")
_ISO = _pattern(r"('?[-+]?\d+)-(\d+)-('?-?\d+)")
_ISO_WEEK = _pattern(r"\b(\d{2}|\d{4})?-?w(\d{2})(?:-?(\d))?\b")
_ISO_MONTH = _pattern(r"--(\d{2})?-(\d{2})\b")
_ISO_YEAR_DAY = _pattern(r"(?<![,.])\b(\d{2}|\d{4})-(\d{3})\b")
_IMPERIAL = _pattern(r"\b([mtshr])(\d+)\.(\d+)\.(\d+)")
_DAY_MONTH_YEAR = _pattern(r"('?-?\d+)-(MONTH)[^-/.]*-('?-?\d+)")
_MONTH_DAY_YEAR = _pattern(r"\b(MONTH)[^-/.]*-('?\d+)(?:-('?-?\d+))?")
_SLASHES = _pattern(r"('?-?\d+)/\s*('?\d+)(?:\D\s*('?-?\d+))?")
_DOTS = _pattern(r"('?-?\d+)\.\s*('?\d+)\.\s*('?-?\d+)")
_YEAR = _pattern(r"'(\d+)\b")
_MONTH = _pattern(r"\b(MONTH)\S*")
_DAY = _pattern(r"(\d+)(?:st|nd|rd|th)\b")
_DIGITS = _pattern(r"([-+]?)(\d{2,14})(?:\s*t?\s*(\d{2,6})?(?:[,.](\d*))?)?(z\b|[-+]\d{1,4}\b)?")
_LAST_NUMBER = _pattern(r"\A\s*(\d{1,2})\s*\Z")
_OFFSET = _pattern(r"([-+])(\d\d)(:?)(?:(\d\d)(?:\3(\d\d))?)?")


@dataclass(slots=True)
class _Found:
    """What a text says so far; `text` is what nobody has read yet."""

    text: str
    year: int | None = None
    month: int | None = None
    day: int | None = None
    year_day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    fraction: str = ""
    zone: str = ""
    has_whole_year: bool = False

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match, which is taken out of the text."""
        found = pattern.search(self.text)
        if found is not None:
            self.text = f"{self.text[: found.start()]} {self.text[found.end() :]}"
        return found


def ruby_moment(text: str, now: datetime) -> datetime | None:
    """The moment of a text in small letters, None where it says nothing of one or what is no date. UTC by default."""
    if len(text) > MAX_DATE_CHARACTERS:
        return None
    found = _read(text)
    try:
        return None if found is None else _moment(found, now)
    except (ValueError, OverflowError):
        return None


def _read(text: str) -> _Found | None:
    found = _Found(_NOT_READ.sub(" ", text))
    found.take(_WEEKDAY)
    _read_time(found)
    for read in _READERS:
        if read(found):
            break
    rest = _LAST_NUMBER.match(found.text)
    if rest is not None:
        _read_last(found, int(rest[1]))
    if found.year is not None and not found.has_whole_year and 0 <= found.year <= 99:
        found.year += 1900 if found.year >= 69 else 2000
    said = (found.year, found.month, found.day, found.year_day, found.hour, found.minute, found.second)
    return None if all(each is None for each in said) and not found.fraction else found


def _read_last(found: _Found, value: int) -> None:
    """A number that is left over: the day beside a time, the hour beside a day."""
    if found.hour is not None and found.day is None and 1 <= value <= 31:
        found.day = value
    elif found.day is not None and found.hour is None and value <= 24:
        found.hour = value


def _read_time(found: _Found) -> None:
    time = found.take(_TIME)
    clock = _CLOCK.match(time[1]) if time else None
    if time is None or clock is None:
        return
    found.zone = time[2] or ""
    found.hour, found.minute = int(clock[1]), _number(clock[2])
    found.second, found.fraction = _number(clock[3]), clock[4] or ""
    if clock[5]:
        found.hour = found.hour % 12 + (12 if clock[5] == "p" else 0)


def _number(text: str | None) -> int | None:
    return int(text) if text else None


# --- days, each the way one kind of people write them ----------------------------------------------


def _european(found: _Found) -> bool:
    day = found.take(_EUROPEAN)
    return day is not None and _set_day(found, day[4], day[2], day[1], is_before_christ=bool(day[3]))


def _american(found: _Found) -> bool:
    day = found.take(_AMERICAN)
    return day is not None and _set_day(found, day[4], day[1], day[2], is_before_christ=bool(day[3]))


def _iso(found: _Found) -> bool:
    day = found.take(_ISO)
    return day is not None and _set_day(found, day[1], day[2], day[3])


def _imperial(found: _Found) -> bool:
    day = found.take(_IMPERIAL)
    if day is None:
        return False
    found.year, found.has_whole_year = int(day[2]) + _IMPERIAL_YEARS[day[1]], True
    found.month, found.day = int(day[3]), int(day[4])
    return True


def _with_dashes(found: _Found) -> bool:
    day = found.take(_DAY_MONTH_YEAR)
    if day is not None:
        return _set_day(found, day[3], day[2], day[1])
    day = found.take(_MONTH_DAY_YEAR)
    return day is not None and _set_day(found, day[3], day[1], day[2])


def _with_slashes(found: _Found) -> bool:
    day = found.take(_SLASHES)
    return day is not None and _set_day(found, day[1], day[2], day[3])


def _with_dots(found: _Found) -> bool:
    day = found.take(_DOTS)
    return day is not None and _set_day(found, day[1], day[2], day[3])


def _iso_rest(found: _Found) -> bool:
    if found.take(_ISO_WEEK):  # a calendar week is no day that Time.parse could use
        return True
    if month := found.take(_ISO_MONTH):
        found.month, found.day = _number(month[1]), int(month[2])
        return True
    day = found.take(_ISO_YEAR_DAY)
    if day is not None:
        found.year, found.year_day = int(day[1]), int(day[2])
    return day is not None


def _year(found: _Found) -> bool:
    year = found.take(_YEAR)
    found.year = found.year if year is None else int(year[1])
    return year is not None


def _month(found: _Found) -> bool:
    month = found.take(_MONTH)
    found.month = found.month if month is None else _MONTH_NUMBERS[month[1]]
    return month is not None


def _day(found: _Found) -> bool:
    day = found.take(_DAY)
    found.day = found.day if day is None else int(day[1])
    return day is not None


def _set_day(
    found: _Found, year: str | None, month: str | None, day: str | None, *, is_before_christ: bool = False
) -> bool:
    """Three parts as year, month and day: what is quoted or longer than two digits is the year wherever it stands."""
    if year and month and not day:
        year, month, day = None, year, month
    if not year and day and (len(day) > 2 or day.startswith("'")):
        year, day = day, None
    if year and re.fullmatch(r"[^0-9]*[0-9]+[^0-9].*", year):  # `5th` is a day
        year, day = day, year
    if month and (month.startswith("'") or (len(month) > 2 and month not in _MONTH_NUMBERS)):
        year, month, day = month, day, year
    if day and (day.startswith("'") or len(day) > 2) and not re.fullmatch(r"[0-9]{1,2}[a-z]+", day):
        year, day = day, year
    if year and (number := re.search(r"([-+]?)([0-9]+)", year)):
        found.year = 1 - int(number[0]) if is_before_christ else int(number[0])
        found.has_whole_year = bool(number[1]) or len(number[2]) > 2
    if month:
        found.month = _MONTH_NUMBERS.get(month) or int(re.sub("[^0-9]", "", month))
    if day and (number := re.search("[0-9]+", day)):
        found.day = int(number[0])
    return True


# --- runs of digits --------------------------------------------------------------------------------

_DATE_DIGITS = {  # how many digits → what they are, from the left
    2: "d2",
    3: "j3",
    4: "m2 d2",
    5: "y2 j3",
    6: "y2 m2 d2",
    7: "y4 j3",
    8: "y4 m2 d2",
    10: "y4 m2 d2 H2",
    12: "y4 m2 d2 H2 M2",
    14: "y4 m2 d2 H2 M2 S2",
}
_TIME_DIGITS = {2: "S2", 3: "M1 S2", 4: "M2 S2", 5: "H1 M2 S2", 6: "H2 M2 S2", 7: "d1 H2 M2 S2", 8: "d2 H2 M2 S2"} | {
    10: "m2 d2 H2 M2 S2",
    12: "y2 m2 d2 H2 M2 S2",
    14: "y4 m2 d2 H2 M2 S2",
}
_NAMES = {"y": "year", "m": "month", "d": "day", "j": "year_day", "H": "hour", "M": "minute", "S": "second"}


def _digits(found: _Found) -> bool:
    """`20240305`, `20240305t101112`, `0305`, `12.5` (seconds): what each digit is follows from how many there are."""
    run = found.take(_DIGITS)
    if run is None:
        return False
    sign, digits, time, fraction, zone = run.groups()
    is_time = time is None and fraction is not None
    _spread(found, digits, (_TIME_DIGITS if is_time else _DATE_DIGITS).get(len(digits), ""), sign)
    if time and len(time) % 2 == 0:
        known = _TIME_DIGITS if fraction is not None else {2: "H2", 4: "H2 M2", 6: "H2 M2 S2"}
        _spread(found, time, known[len(time)], "")
    found.fraction = fraction or found.fraction
    found.zone = zone or found.zone
    return True


def _spread(found: _Found, digits: str, parts: str, sign: str) -> None:
    for part in parts.split():
        size = int(part[1])
        piece, digits = digits[:size], digits[size:]
        value = int(sign + piece) if part[0] == "y" else int(piece)
        setattr(found, _NAMES[part[0]], value)
        found.has_whole_year = found.has_whole_year or part == "y4"


_READERS: tuple[Callable[[_Found], bool], ...] = (
    _european,
    _american,
    _iso,
    _imperial,
    _with_dashes,
    _with_slashes,
    _with_dots,
    _iso_rest,
    _year,
    _month,
    _day,
    _digits,
)


# --- the moment ------------------------------------------------------------------------------------


def _moment(found: _Found, now: datetime) -> datetime:
    """What was read as one moment. Raises ValueError for a day, an hour or a zone that there is not."""
    zone = _zone(found.zone)
    _fill(found, now.astimezone(zone))
    day = _checked_day(found)
    hour, minute, second = found.hour or 0, found.minute or 0, found.second or 0
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise ValueError("no time of a day")
    microsecond = int((found.fraction + "000000")[:6])
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    return start + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microsecond)


def _fill(found: _Found, now: datetime) -> None:
    """What stands before the first thing the text says is that of now."""
    if found.year_day is not None:
        found.year = now.year if found.year is None else found.year
        return
    for name in ("year", "month", "day", "hour", "minute", "second"):
        if getattr(found, name) is not None:
            return
        setattr(found, name, getattr(now, name))


def _checked_day(found: _Found) -> date:
    """The day; one of the 29th to 31st that its month does not have is in the next, as in Ruby."""
    year = found.year or 0
    if found.year_day is not None:
        day = date(year, 1, 1) + timedelta(days=found.year_day - 1)
        if day.year != year:
            raise ValueError("no day of that year")
        return day
    number = 1 if found.day is None else found.day
    if not 1 <= number <= 31:
        raise ValueError("no day of a month")
    return date(year, 1 if found.month is None else found.month, 1) + timedelta(days=number - 1)


def _zone(name: str) -> tzinfo:
    """The zone of a name or an offset; what Ruby's Time does not know is UTC here, where the system's zone is UTC."""
    offset = _OFFSET.fullmatch(name)
    if offset is None or (offset[3] and not offset[4]):
        hours = _ZONE_HOURS.get(name, 0)
        return timezone(timedelta(hours=hours)) if hours else UTC
    size = timedelta(hours=int(offset[2]), minutes=int(offset[4] or 0), seconds=int(offset[5] or 0))
    return timezone(-size if offset[1] == "-" else size)
