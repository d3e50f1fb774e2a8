"""Dates as Java writes them (java.text.SimpleDateFormat, its date styles by locale), and sums of dates and times.

The styles of a locale are those of the Common Locale Data Repository, which Java reads.
"""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from livemerge.template.cultures import Culture, culture_of
from livemerge.template.dates import strftime
from livemerge.template.runtime import Fault

MAX_FORMAT_CHARACTERS = 300
MAX_DIGITS = 9  # of one number in a date
_MAX_SUM_CHARACTERS = 200
_MAX_AMOUNT_DIGITS = 7

_LETTERS = re.compile(r"'((?:[^']|''){0,50})'|y+|M+|d+|D+|E+|e+|H+|h+|k+|K+|m+|s+|S+|w+|a+|Z+|z+|X+")
_STYLES = ("full", "long", "medium", "short")
_BY_LOCALE = {  # full; long; medium; short
    "en": "EEEE, MMMM d, y|MMMM d, y|MMM d, y|M/d/yy",
    "en-gb": "EEEE, d MMMM y|d MMMM y|d MMM y|dd/MM/y",
    "en-ie": "EEEE d MMMM y|d MMMM y|d MMM y|dd/MM/y",
    "en-au": "EEEE, d MMMM y|d MMMM y|d MMM y|d/M/yy",
    "en-nz": "EEEE, d MMMM y|d MMMM y|d/MM/y|d/MM/yy",
    "en-in": "EEEE, d MMMM y|d MMMM y|d MMM y|dd/MM/yy",
    "en-ca": "EEEE, MMMM d, y|MMMM d, y|MMM d, y|y-MM-dd",
    "de": "EEEE, d. MMMM y|d. MMMM y|dd.MM.y|dd.MM.yy",
    "fr": "EEEE d MMMM y|d MMMM y|d MMM y|dd/MM/y",
    "fr-ca": "EEEE d MMMM y|d MMMM y|d MMM y|y-MM-dd",
    "fr-be": "EEEE d MMMM y|d MMMM y|d MMM y|d/MM/yy",
    "fr-ch": "EEEE, d MMMM y|d MMMM y|d MMM y|dd.MM.yy",
    "es": "EEEE, d 'de' MMMM 'de' y|d 'de' MMMM 'de' y|d MMM y|d/M/yy",
    "es-mx": "EEEE, d 'de' MMMM 'de' y|d 'de' MMMM 'de' y|d MMM y|dd/MM/yy",
    "it": "EEEE d MMMM y|d MMMM y|d MMM y|dd/MM/yy",
    "pt": "EEEE, d 'de' MMMM 'de' y|d 'de' MMMM 'de' y|d 'de' MMM 'de' y|dd/MM/y",
    "pt-pt": "EEEE, d 'de' MMMM 'de' y|d 'de' MMMM 'de' y|dd/MM/y|dd/MM/yy",
    "nl": "EEEE d MMMM y|d MMMM y|d MMM y|dd-MM-y",
    "nl-be": "EEEE d MMMM y|d MMMM y|d MMM y|d/MM/y",
    "sv": "EEEE d MMMM y|d MMMM y|d MMM y|y-MM-dd",
    "da": "EEEE 'den' d. MMMM y|d. MMMM y|d. MMM y|dd.MM.y",
    "nb": "EEEE d. MMMM y|d. MMMM y|d. MMM y|dd.MM.y",
    "no": "EEEE d. MMMM y|d. MMMM y|d. MMM y|dd.MM.y",
    "fi": "EEEE d. MMMM y|d. MMMM y|d.M.y|d.M.y",
    "pl": "EEEE, d MMMM y|d MMMM y|d MMM y|d.MM.y",
    "cs": "EEEE d. MMMM y|d. MMMM y|d. M. y|dd.MM.yy",
    "ru": "EEEE, d MMMM y 'г'.|d MMMM y 'г'.|d MMM y 'г'.|dd.MM.y",
    "uk": "EEEE, d MMMM y 'р'.|d MMMM y 'р'.|d MMM y 'р'.|dd.MM.yy",
    "tr": "d MMMM y EEEE|d MMMM y|d MMM y|d.MM.y",
    "ja": "y年M月d日EEEE|y年M月d日|y/MM/dd|y/MM/dd",
    "zh": "y年M月d日EEEE|y年M月d日|y年M月d日|y/M/d",
    "ko": "y년 M월 d일 EEEE|y년 M월 d일|y. M. d.|yy. M. d.",
}


def java_date(at: datetime, form: str, locale: str) -> str:
    """A moment by a style (full, long, medium, short) of a locale, or by Java's letters. Raises Fault."""
    pattern = form[:MAX_FORMAT_CHARACTERS]
    if pattern in _STYLES:
        pattern = _style(locale, _STYLES.index(pattern))
    culture = culture_of(locale) or Culture()
    has_day = "d" in re.sub(r"'[^']*'", "", pattern)
    return _LETTERS.sub(lambda found: _written(at, found, culture, has_day), pattern)


def _style(locale: str, at: int) -> str:
    name = locale.strip().lower().replace("_", "-")
    found = _BY_LOCALE.get(name) or _BY_LOCALE.get(name.partition("-")[0]) or _BY_LOCALE["en"]
    return found.split("|")[at]


def _written(at: datetime, found: re.Match[str], culture: Culture, has_day: bool) -> str:
    if found[1] is not None:
        return found[1].replace("''", "'") or "'"
    letter, width = found[0][0], len(found[0])
    if letter == "M" and width > 2:
        return culture.month(at.month, beside_day=has_day) if width > 3 else culture.short_month(at.month)
    if letter == "E":
        return culture.day(at.weekday()) if width > 3 else culture.short_day(at.weekday())
    if letter == "a":
        return culture.halves[at.hour >= 12] or ("AM", "PM")[at.hour >= 12]
    if letter in "Zz" or letter == "X":
        return strftime(at, {"Z": "%z", "z": "%Z", "X": "%:z"}[letter]) or "UTC"
    if letter == "y" and width == 2:
        return f"{at.year % 100:02d}"
    return f"{_number(at, letter):0{min(width, MAX_DIGITS)}d}"


def _number(at: datetime, letter: str) -> int:
    numbers = {
        "y": at.year,
        "M": at.month,
        "d": at.day,
        "D": at.timetuple().tm_yday,
        "e": at.isoweekday(),
        "H": at.hour,
        "k": at.hour or 24,
        "h": at.hour % 12 or 12,
        "K": at.hour % 12,
        "m": at.minute,
        "s": at.second,
        "S": at.microsecond // 1000,
        "w": at.isocalendar().week,
    }
    return numbers[letter]


def zone_of(name: str) -> tzinfo:
    """A time zone by its name. Raises Fault."""
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Fault("there is no such time zone", 'write it as tz="Europe/Berlin"') from error


# --- sums ------------------------------------------------------------------------------------------

_TERM = re.compile(r"\s*(?:([+-])\s*([0-9]{1,7})\s*([yMwdhHms])|/\s*([yMwdhHms]))")
_LENGTHS = {"w": "weeks", "d": "days", "h": "hours", "H": "hours", "m": "minutes", "s": "seconds"}
_LARGER = "yMdhms"  # rounding down to one clears those behind it


def moved(at: datetime, terms: str) -> datetime:
    """A moment with `+7d`, `-1M+1w` or `/d` done to it, from left to right. Raises Fault."""
    place, text = 0, terms[:_MAX_SUM_CHARACTERS]
    while place < len(text.rstrip()):
        found = _TERM.match(text, place)
        if found is None:
            raise Fault("this is no sum of a date", 'write it as "+7d", "-1M", "/d": y M w d h m s')
        at = _floored(at, found[4]) if found[4] else _added(at, int(found[1] + found[2]), found[3])
        place = found.end()
    return at


def _added(at: datetime, amount: int, unit: str) -> datetime:
    try:
        if unit in "yM":
            months = at.year * 12 + at.month - 1 + amount * (12 if unit == "y" else 1)
            year, month = divmod(months, 12)
            day = min(at.day, calendar.monthrange(year, month + 1)[1])
            return at.replace(year=year, month=month + 1, day=day)
        return at + timedelta(**{_LENGTHS[unit]: amount})
    except (ValueError, OverflowError, calendar.IllegalMonthError) as error:
        raise Fault("this date is out of reach", "the years are 1 to 9999") from error


def _floored(at: datetime, unit: str) -> datetime:
    if unit == "w":
        return _floored(at - timedelta(days=at.weekday()), "d")
    rest = _LARGER[_LARGER.index("h" if unit == "H" else unit) + 1 :]
    return datetime(
        at.year,
        1 if "M" in rest else at.month,
        1 if "d" in rest else at.day,
        0 if "h" in rest else at.hour,
        0 if "m" in rest else at.minute,
        0 if "s" in rest else at.second,
        tzinfo=at.tzinfo,
    )
