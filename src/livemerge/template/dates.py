"""Dates in templates: what counts as one, Ruby's strftime for Liquid, PHP's date letters for Mailchimp."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

MAX_PADDING = 32  # characters a strftime width may ask for; Ruby allows more, mail needs none of it
MAX_FORMAT_CHARACTERS = 1_000

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTH_NUMBERS = {name[:3].lower(): number for number, name in enumerate(MONTHS, 1)}
_DAY_NAMES = {name[:3].lower() for name in DAYS}


def as_datetime(value: Any, now: Callable[[], datetime]) -> datetime | None:
    """The moment a value means, in UTC where it names no zone; None where it means none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_epoch(value)
    return _from_text(value, now) if isinstance(value, str) else None


def _from_epoch(seconds: float) -> datetime | None:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None


def _from_text(text: str, now: Callable[[], datetime]) -> datetime | None:
    text = text.strip()
    if not text or len(text) > 100:
        return None
    if text.lower() in ("now", "today"):
        return now()
    if re.fullmatch(r"[0-9]{1,12}", text):
        return _from_epoch(int(text))
    for read in (_from_iso, _from_mail, _from_words):
        found = read(text, now)
        if found is not None:
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _from_iso(text: str, _now: Callable[[], datetime]) -> datetime | None:
    text = re.sub(r"\s+UTC$|\s+GMT$", "+00:00", text)
    text = re.sub(r"^([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})", r"\1-\2-\3", text)
    text = re.sub(r"^([0-9]{4})-([0-9])(?![0-9])", r"\1-0\2", text)
    text = re.sub(r"^([0-9]{4}-[0-9]{2})-([0-9])(?![0-9])", r"\1-0\2", text)
    text = re.sub(r"\s+([+-][0-9]{2}:?[0-9]{2})$", r"\1", text)
    if not re.match(r"[0-9]{4}-[0-9]{2}", text):
        return None
    try:
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None


def _from_mail(text: str, _now: Callable[[], datetime]) -> datetime | None:
    if not re.match(r"[A-Za-z]{3},", text):
        return None
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?\s{0,2}([AaPp][Mm])?")
_ZONE = re.compile(r"(?:\s|^)(?:(UTC|GMT|Z)|([+-])([0-9]{2}):?([0-9]{2}))$")


def _from_words(text: str, now: Callable[[], datetime]) -> datetime | None:
    """Dates in words, in any order: `March 14, 2016`, `14 Mar 2016 10:30 +0100`, `10:30`, `3/14/2016`."""
    zone = UTC
    if found := _ZONE.search(text):
        if found[2]:
            minutes = int(found[3]) * 60 + int(found[4])
            if minutes >= 24 * 60:
                return None
            zone = timezone(timedelta(minutes=minutes if found[2] == "+" else -minutes))
        text = text[: found.start()]
    clock = time()
    found = _TIME.search(text)
    if found:
        clock_read = _clock(found)
        if clock_read is None:
            return None
        clock = clock_read
        text = text[: found.start()] + " " + text[found.end() :]
    day = _day(text, now) if text.strip() or not found else now().date()
    return None if day is None else datetime.combine(day, clock, zone)


def _clock(found: re.Match[str]) -> time | None:
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        hour = hour % 12 + (12 if found[4].lower() == "pm" else 0)
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def _day(text: str, now: Callable[[], datetime]) -> date | None:
    month: int | None = None
    numbers: list[str] = []
    for word in re.findall(r"[A-Za-z]+|[0-9]+", text):
        low = word.lower()
        if low[:3] in _MONTH_NUMBERS and MONTHS[_MONTH_NUMBERS[low[:3]] - 1].lower().startswith(low):
            month = _MONTH_NUMBERS[low[:3]]
        elif word.isdigit():
            numbers.append(word)
        elif low[:3] not in _DAY_NAMES and low not in ("st", "nd", "rd", "th", "of", "at", "on", "t"):
            return None
    return _day_of(month, numbers, now().year)


def _day_of(month: int | None, numbers: list[str], this_year: int) -> date | None:
    if month is None:
        if len(numbers) != 3:
            return None
        month, numbers = int(numbers[0]), numbers[1:]
        if month > 12 and int(numbers[0]) <= 12:
            month, numbers[0] = int(numbers[0]), str(month)
    years = [number for number in numbers if len(number) > 2]
    days = [number for number in numbers if len(number) <= 2]
    year = int(years[0]) if years else (2000 + int(days[1]) if len(days) > 1 else this_year)
    try:
        return date(year, month, int(days[0]) if days else 1)
    except ValueError:
        return None


# --- Ruby's strftime -------------------------------------------------------------------------------


def _week_of_year(at: datetime, first_weekday: int) -> int:
    return (at.timetuple().tm_yday + 6 - (at.weekday() - first_weekday) % 7) // 7


_NUMBERS: dict[str, tuple[Callable[[datetime], int], int, str]] = {
    # letter: value, width, padding
    "Y": (lambda at: at.year, 4, "0"),
    "C": (lambda at: at.year // 100, 2, "0"),
    "y": (lambda at: at.year % 100, 2, "0"),
    "m": (lambda at: at.month, 2, "0"),
    "d": (lambda at: at.day, 2, "0"),
    "e": (lambda at: at.day, 2, " "),
    "j": (lambda at: at.timetuple().tm_yday, 3, "0"),
    "H": (lambda at: at.hour, 2, "0"),
    "k": (lambda at: at.hour, 2, " "),
    "I": (lambda at: at.hour % 12 or 12, 2, "0"),
    "l": (lambda at: at.hour % 12 or 12, 2, " "),
    "M": (lambda at: at.minute, 2, "0"),
    "S": (lambda at: at.second, 2, "0"),
    "s": (lambda at: int(at.timestamp()), 1, "0"),
    "u": (lambda at: at.isoweekday(), 1, "0"),
    "w": (lambda at: at.isoweekday() % 7, 1, "0"),
    "G": (lambda at: at.isocalendar().year, 4, "0"),
    "g": (lambda at: at.isocalendar().year % 100, 2, "0"),
    "V": (lambda at: at.isocalendar().week, 2, "0"),
    "U": (lambda at: _week_of_year(at, 6), 2, "0"),
    "W": (lambda at: _week_of_year(at, 0), 2, "0"),
}
_NAMES: dict[str, Callable[[datetime], str]] = {
    "B": lambda at: MONTHS[at.month - 1],
    "b": lambda at: MONTHS[at.month - 1][:3],
    "h": lambda at: MONTHS[at.month - 1][:3],
    "A": lambda at: DAYS[at.weekday()],
    "a": lambda at: DAYS[at.weekday()][:3],
    "p": lambda at: "AM" if at.hour < 12 else "PM",
    "P": lambda at: "am" if at.hour < 12 else "pm",
    "Z": lambda at: at.tzname() if at.utcoffset() == timedelta() and at.tzname() else "",  # type: ignore[dict-item,return-value]  # tzname is a str where an offset is
    "n": lambda at: "\n",
    "t": lambda at: "\t",
    "%": lambda at: "%",
}
_COMPOSED = {
    "c": "%a %b %e %H:%M:%S %Y",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "X": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "v": "%e-%^b-%Y",
    "x": "%m/%d/%y",
}
_DIRECTIVE = re.compile(r"%([-0^#_]{0,8})([0-9]{0,4})(:{0,3}z|E[cCxXyY]|O[deHkIlmMSuUVwWy]|[A-Za-z%])")


def strftime(at: datetime, form: str) -> str:
    """A moment by Ruby's strftime: flags - 0 ^ # _, widths, and its letters. Unknown letters stay."""
    return _DIRECTIVE.sub(lambda found: _directive(at, found), form[:MAX_FORMAT_CHARACTERS])


def _directive(at: datetime, found: re.Match[str]) -> str:
    flags, width, letter = found[1], min(int(found[2] or 0), MAX_PADDING), found[3][-1]
    if letter in _NUMBERS:
        read, standard, padding = _NUMBERS[letter]
        return _padded(str(read(at)), flags, width or standard, padding)
    if letter in "NL":
        digits = int(found[2] or (3 if letter == "L" else 9))
        return f"{at.microsecond:06d}000"[: min(digits, 9)].ljust(min(digits, MAX_PADDING), "0")
    if letter == "z":
        return _offset(at, flags, width, found[3].count(":"))
    if letter in _COMPOSED:
        text = strftime(at, _COMPOSED[letter])
        return _padded(text.upper() if "^" in flags else text, flags, width, " ")
    if letter in _NAMES:
        text = _cased(_NAMES[letter](at), flags, letter)
        return _padded(text, flags, width, " ") if text else ""
    return found[0]


def _padded(text: str, flags: str, width: int, padding: str) -> str:
    """A text at least that wide; of the flags for padding the last one counts."""
    asked = [flag for flag in flags if flag in "-0_"]
    if asked and asked[-1] == "-":
        return text
    return text.rjust(width, {"0": "0", "_": " "}[asked[-1]] if asked else padding)


def _cased(text: str, flags: str, letter: str) -> str:
    if "^" in flags:
        return text.upper()
    if "#" in flags:
        return text.lower() if letter in "pZ" else text.upper()
    return text


def _offset(at: datetime, flags: str, width: int, colons: int) -> str:
    """`+0200`, with one colon `+02:00`, with two `+02:00:00`; padding comes after the sign."""
    seconds = int((at.utcoffset() or timedelta()).total_seconds())
    sign, seconds = ("-" if seconds < 0 else "+"), abs(seconds)
    hours, minutes = seconds // 3600, f"{seconds // 60 % 60:02d}"
    rest = f":{minutes}:{seconds % 60:02d}" if colons > 1 else f":{minutes}" if colons else minutes
    asked = [flag for flag in flags if flag in "-0_"]
    if asked and asked[-1] == "_":
        return f"{sign}{hours}".rjust(max(width - len(rest), 3)) + rest
    return sign + str(hours).rjust(max(width - len(rest) - 1, 2), "0") + rest


# --- PHP's date ------------------------------------------------------------------------------------


def _english_suffix(at: datetime) -> str:
    if 10 < at.day < 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(at.day % 10, "th")


def _is_leap(at: datetime) -> bool:
    return at.year % 4 == 0 and (at.year % 100 != 0 or at.year % 400 == 0)


_PHP: dict[str, str | Callable[[datetime], str]] = {
    "d": "%d",
    "D": "%a",
    "j": "%-d",
    "l": "%A",
    "N": "%u",
    "S": _english_suffix,
    "w": "%w",
    "z": lambda at: str(at.timetuple().tm_yday - 1),
    "W": "%V",
    "F": "%B",
    "m": "%m",
    "M": "%b",
    "n": "%-m",
    "t": lambda at: str((date(at.year + at.month // 12, at.month % 12 + 1, 1) - timedelta(days=1)).day),
    "L": lambda at: "1" if _is_leap(at) else "0",
    "o": "%G",
    "Y": "%Y",
    "y": "%y",
    "a": "%P",
    "A": "%p",
    "g": "%-I",
    "G": "%-H",
    "h": "%I",
    "H": "%H",
    "i": "%M",
    "s": "%S",
    "u": "%6N",
    "v": "%L",
    "e": "%Z",
    "T": "%Z",
    "I": lambda at: "1" if at.dst() else "0",
    "O": "%z",
    "P": "%:z",
    "Z": lambda at: str(int((at.utcoffset() or timedelta()).total_seconds())),
    "c": "%Y-%m-%dT%H:%M:%S%:z",
    "r": "%a, %d %b %Y %H:%M:%S %z",
    "U": "%s",
}


def php_date(at: datetime, form: str) -> str:
    """A moment by PHP's date() letters (php.net/datetime.format); a backslash keeps the next letter."""
    pieces: list[str] = []
    letters = iter(form[:MAX_FORMAT_CHARACTERS])
    for letter in letters:
        if letter == "\\":
            pieces.append(next(letters, ""))
            continue
        known = _PHP.get(letter, letter)
        pieces.append(known(at) if callable(known) else strftime(at, known) if letter in _PHP else known)
    return "".join(pieces)
