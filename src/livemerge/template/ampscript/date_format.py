"""Dates written by .NET patterns, and by FormatDate's own, which are nearly those."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from livemerge.template.cultures import Culture, culture_of
from livemerge.template.runtime import Fault

MAX_PATTERN_CHARACTERS: Final = 200
_UTC_AHEAD: Final = timedelta(hours=6)  # of the account's clock
_US: Final = culture_of("en-US") or Culture()

_RUN = re.compile(r"'[^']*'?|\"[^\"]*\"?|\\.?|%|([a-zA-Z])\1*|[\s\S]")
_ANY_CASE_RUN = re.compile(r"'[^']*'?|\"[^\"]*\"?|\\.?|([a-zA-Z])(?:(?i:\1))*|[\s\S]")

DATE_LETTERS: Final = frozenset("dDfFgGmMoOrRstTuUyY")  # that are a whole pattern where they stand alone
_FIXED: Final = {  # patterns that are the same in every culture
    "R": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "S": "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
    "U": "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
    "O": "yyyy'-'MM'-'dd'T'HH':'mm':'ss.fffffff",
}


def format_date(moment: datetime, pattern: str, culture: Culture) -> str:
    """A moment by a .NET pattern. Raises Fault for a single letter that is none."""
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise Fault("this pattern is too long", "shorten it")
    if len(pattern) == 1 and pattern.isalpha():
        return _standard(moment, pattern, culture)
    return _custom(moment, pattern, culture) if pattern else _standard(moment, "G", culture)


def _standard(moment: datetime, letter: str, culture: Culture) -> str:
    if letter not in DATE_LETTERS:
        raise Fault("a single letter that is no date pattern", "write it twice, as in hh")
    if letter in "rRoOsu":
        return _custom(moment, _FIXED[letter.upper()], _US)
    if letter == "U":
        moment = _moved(moment)
    patterns = {
        "d": culture.short_date,
        "D": culture.long_date,
        "f": f"{culture.long_date} {culture.short_time}",
        "F": f"{culture.long_date} {culture.long_time}",
        "U": f"{culture.long_date} {culture.long_time}",
        "g": f"{culture.short_date} {culture.short_time}",
        "G": f"{culture.short_date} {culture.long_time}",
        "m": culture.month_day,
        "M": culture.month_day,
        "t": culture.short_time,
        "T": culture.long_time,
        "y": culture.year_month,
        "Y": culture.year_month,
    }
    return _custom(moment, patterns[letter], culture)


def _moved(moment: datetime) -> datetime:
    try:
        return moment + _UTC_AHEAD
    except OverflowError:
        return moment


def _custom(moment: datetime, pattern: str, culture: Culture) -> str:
    runs = [found[0] for found in _RUN.finditer(pattern)]
    beside_day = any(run in ("d", "dd") for run in runs)
    return "".join(_written(run, moment, culture, beside_day) for run in runs)


def _written(run: str, moment: datetime, culture: Culture, beside_day: bool) -> str:
    if run[0] in "'\"":
        return run[1:].removesuffix(run[0])
    if run[0] == "\\":
        return run[1:]
    if run == "%":
        return ""
    if run == "/":
        return _separator(culture)
    write = _LETTERS.get(run[0])
    if write is not None:
        return write(run, moment, culture)
    return _month(run, moment, culture, beside_day) if run[0] == "M" else run


def _separator(culture: Culture) -> str:
    return next((character for character in culture.short_date if character in "/.-"), "/")


def _month(run: str, moment: datetime, culture: Culture, beside_day: bool) -> str:
    if len(run) > 3:
        return culture.month(moment.month, beside_day=beside_day)
    return culture.short_month(moment.month) if len(run) == 3 else f"{moment.month:0{len(run)}d}"


def _day(run: str, moment: datetime, culture: Culture) -> str:
    if len(run) > 3:
        return culture.day(moment.weekday())
    return culture.short_day(moment.weekday()) if len(run) == 3 else f"{moment.day:0{len(run)}d}"


def _year(run: str, moment: datetime, _culture: Culture) -> str:
    return f"{moment.year % 100:0{len(run)}d}" if len(run) < 3 else f"{moment.year:0{min(len(run), 10)}d}"


def _half(run: str, moment: datetime, culture: Culture) -> str:
    half = culture.halves[moment.hour >= 12]
    return half[:1] if len(run) == 1 else half


def _fraction(run: str, moment: datetime, _culture: Culture) -> str:
    digits = f"{moment.microsecond:06d}0"[: len(run)]
    return digits.rstrip("0") if run[0] == "F" else digits


def _offset(run: str, _moment: datetime, _culture: Culture) -> str:
    return {1: "-6", 2: "-06"}.get(len(run), "-06:00")


def _two(run: str, value: int) -> str:
    return f"{value:0{min(len(run), 2)}d}"


_LETTERS: Final[dict[str, Callable[[str, datetime, Culture], str]]] = {
    "d": _day,
    "y": _year,
    "t": _half,
    "f": _fraction,
    "F": _fraction,
    "z": _offset,
    "h": lambda run, moment, _culture: _two(run, moment.hour % 12 or 12),
    "H": lambda run, moment, _culture: _two(run, moment.hour),
    "m": lambda run, moment, _culture: _two(run, moment.minute),
    "s": lambda run, moment, _culture: _two(run, moment.second),
    "g": lambda _run, _moment, _culture: "A.D.",
    "K": lambda _run, _moment, _culture: "",
}


# --- FormatDate ------------------------------------------------------------------------------------

_ISO: Final = "yyyy'-'MM'-'dd'T'HH':'mm':'ss.fffffffzzz"
_DAY_WORDS: Final = {
    **{"s": "d", "short": "d", "l": "D", "long": "D", "sortable": "yyyy'-'MM'-'dd"},
    **{"o": _ISO, "iso": _ISO, "r": "r", "rfc": "r"},
}
_CLOCK_WORDS: Final = {
    "s": "t",
    "short": "t",
    "l": "T",
    "long": "T",
    "sortable": "'T'HH':'mm':'ss",
    "o": _ISO,
    "r": "r",
}
_CLOCK_LETTERS: Final = "mMtzK"  # that mean a part of the time also where they stand alone


def format_in_parts(moment: datetime, day: str, clock: str, culture: Culture) -> str:
    """A moment by FormatDate's two patterns: letters of any case, `mm` is the month in the first.

    Each may be a word instead: short, long, sortable, o, r, in the first also iso, rfc. Day names are shifted by one
    letter (`dddd` is Wed, `ddddd` Wednesday); a `ddd` becomes the day's name, which is then read as a pattern itself.
    """
    if not day and not clock:
        return format_date(moment, "G", culture)
    written = (_day_part(moment, day, culture) if day else "", _clock_part(moment, clock, culture) if clock else "")
    return " ".join(part for part in written if part)


def _day_part(moment: datetime, pattern: str, culture: Culture) -> str:
    if known := _DAY_WORDS.get(pattern.lower()):
        return format_date(moment, known, culture)
    if len(pattern) == 1:
        return format_date(moment, pattern, culture)
    runs = (found[0] for found in _ANY_CASE_RUN.finditer(pattern))
    return format_date(moment, "".join(_day_run(run, moment, culture) for run in runs), culture)


def _day_run(run: str, moment: datetime, culture: Culture) -> str:
    letter = run[0].lower()
    if letter == "m":
        return "M" * len(run)
    if letter == "d" and len(run) == 3:
        return culture.day(moment.weekday())
    if letter == "d":
        return "d" * (len(run) if len(run) < 3 else min(len(run) - 1, 4))
    return run.lower() if letter in "yst" else run


def _clock_part(moment: datetime, pattern: str, culture: Culture) -> str:
    if known := _CLOCK_WORDS.get(pattern.lower()):
        return format_date(moment, known, culture)
    if len(pattern) == 1 and pattern not in _CLOCK_LETTERS:
        return format_date(moment, pattern, culture)
    runs = "".join(_clock_run(found[0]) for found in _ANY_CASE_RUN.finditer(pattern))
    return format_date(moment, f"%{runs}" if len(runs) == 1 else runs, culture)


def _clock_run(run: str) -> str:
    """`mmm` are thousandths of a second: minutes have two digits at most."""
    if run[0] in "mM":
        return "m" * len(run) if len(run) < 3 else "fff"
    if run[0] == "K":
        return "zzz"
    return run.lower() if run[0] in "sStT" else run
