"""Numbers written by .NET patterns: C E F G N P R D X with a precision, or `#,##0.00;(#,##0.00)`.

Half is rounded away from zero. A single letter that is no pattern is written as it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from livemerge.template.cultures import Culture
from livemerge.template.runtime import Fault

MAX_PRECISION = 99
MAX_PATTERN_CHARACTERS = 200
LAST_GROUP = 3  # digits in front of the point, in every culture
MAX_MAGNITUDE = 310  # powers of ten; a double ends at 308

_STANDARD = re.compile(r"([A-Za-z])([0-9]{0,3})")
_WIDE = Context(prec=500, rounding=ROUND_HALF_UP)


def format_number(value: int | Decimal, pattern: str, culture: Culture) -> str:
    """A number by a pattern. Raises Fault for a precision or number out of reach."""
    exact = Decimal(value)
    if not exact.is_finite():
        return "NaN" if exact.is_nan() else "∞" if exact > 0 else "-∞"
    if len(pattern) > MAX_PATTERN_CHARACTERS or abs(exact.adjusted()) > MAX_MAGNITUDE:
        raise Fault("this number cannot be formatted", "shorten the pattern or the number")
    if found := _STANDARD.fullmatch(pattern):
        return _standard(exact, found[1].upper(), found[1].islower(), found[2], culture, pattern)
    return _custom(exact, pattern, culture) if pattern else _general(exact, "", culture)


def format_money(value: int | Decimal, culture: Culture, digits: int | None = None) -> str:
    """An amount with the culture's currency symbol."""
    places = culture.money_digits if digits is None else digits
    number = fixed(Decimal(value), places, culture)
    shape = culture.debt if _is_below_zero(Decimal(value), places) else culture.money
    return shape.replace("n", "\0").replace("$", culture.symbol).replace("\0", number)


def fixed(value: Decimal, places: int, culture: Culture, group: str | None = None) -> str:
    """The digits of a number without its sign, rounded, with the culture's separators."""
    text = format(_rounded(abs(value), places), "f")
    whole, _, rest = text.partition(".")
    separator = culture.group if group is None else group
    written = _digits(whole, 0, len(whole), separator, culture.group_digits) if separator else whole
    return written + (culture.decimal + rest if places else "")


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_WIDE)


def _is_below_zero(value: Decimal, places: int) -> bool:
    return value < 0 and _rounded(value, places) != 0


# --- standard patterns -----------------------------------------------------------------------------


def _standard(value: Decimal, letter: str, is_small: bool, digits: str, culture: Culture, pattern: str) -> str:
    precision = int(digits) if digits else None
    if precision is not None and precision > MAX_PRECISION:
        raise Fault("this precision is out of reach", f"give at most {MAX_PRECISION}")
    places = 2 if precision is None else precision
    if letter == "C":
        return format_money(value, culture, precision)
    if letter == "N":
        return _signed(value, places, fixed(value, places, culture))
    if letter == "F":
        return _signed(value, places, fixed(value, places, culture, ""))
    if letter == "P":
        percent = value.scaleb(2, context=_WIDE)
        return _signed(percent, places, culture.percent.replace("n", fixed(percent, places, culture)))
    if letter == "E":
        return _exponential(value, 6 if precision is None else precision, "e" if is_small else "E", 3, culture)
    if letter == "D":
        return _signed(value, 0, fixed(value, 0, culture, "").rjust(precision or 0, "0"))
    if letter == "X":
        return _hexadecimal(value, precision or 0, is_small)
    if letter in ("G", "R"):
        return _general(value, digits, culture, "e" if is_small else "E")
    return pattern


def _signed(value: Decimal, places: int, digits: str) -> str:
    return f"-{digits}" if _is_below_zero(value, places) else digits


def _hexadecimal(value: Decimal, width: int, is_small: bool) -> str:
    number = int(_rounded(value, 0))
    text = f"{number if number >= 0 else number % 2**64:x}".rjust(width, "0")
    return text if is_small else text.upper()


def _general(value: Decimal, digits: str, culture: Culture, letter: str = "E") -> str:
    """The shortest way to write a number, of so many significant digits at most."""
    most = int(digits or 0) or 15
    short = Context(prec=most, rounding=ROUND_HALF_UP).plus(value).normalize(_WIDE)
    if short == 0:
        return "0"
    if -5 < short.adjusted() < most:
        return format(short, "f").replace(".", culture.decimal)
    return _exponential(short, len(short.as_tuple().digits) - 1, letter, 2, culture)


def _exponential(value: Decimal, places: int, letter: str, width: int, culture: Culture) -> str:
    mantissa, exponent = _apart(abs(value), places)
    sign = "-" if value < 0 else ""
    digits = format(mantissa, "f").replace(".", culture.decimal)
    return f"{sign}{digits}{letter}{'-' if exponent < 0 else '+'}{abs(exponent):0{width}d}"


def _apart(value: Decimal, places: int, digits: int = 1) -> tuple[Decimal, int]:
    """A number as a mantissa of so many digits in front of the point, and its power of ten."""
    if value == 0:
        return _rounded(Decimal(0), places), 0
    exponent = value.adjusted() - digits + 1
    mantissa = _rounded(value.scaleb(-exponent, context=_WIDE), places)
    if mantissa.adjusted() >= digits:
        exponent += 1
        mantissa = _rounded(value.scaleb(-exponent, context=_WIDE), places)
    return mantissa, exponent


# --- custom patterns -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Token:
    """One piece of a pattern: kind `0`, `#`, `.`, `,`, `%`, `‰`, `E` or `text`."""

    kind: str
    text: str = ""


def _custom(value: Decimal, pattern: str, culture: Culture) -> str:
    """By the section for its sign; what that rounds to zero is written as zero is."""
    sections = _sections(pattern)
    has_own = value < 0 and len(sections) > 1 and bool(sections[1])
    chosen = sections[1] if has_own else sections[0]
    if _is_zero(value, _layout(chosen), chosen):
        return _section(Decimal(0), sections[2] if len(sections) > 2 and sections[2] else sections[0], culture)
    return _section(abs(value) if has_own else value, chosen, culture)


def _is_zero(value: Decimal, layout: _Layout, tokens: list[_Token]) -> bool:
    if any(token.kind == "E" for token in tokens):
        return value == 0
    return _rounded(_scaled(value, layout), layout.places) == 0


def _scaled(value: Decimal, layout: _Layout) -> Decimal:
    return value.scaleb(layout.power - 3 * layout.thousands, context=_WIDE)


def _sections(pattern: str) -> list[list[_Token]]:
    found: list[list[_Token]] = [[]]
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == ";":
            found.append([])
        elif character in "\"'":
            end = pattern.find(character, at + 1)
            end = end if end >= 0 else len(pattern)
            found[-1].append(_Token("text", pattern[at + 1 : end]))
            at = end
        elif character == "\\":
            found[-1].append(_Token("text", pattern[at + 1 : at + 2]))
            at += 1
        elif exponent := re.compile(r"[Ee][+-]?0+").match(pattern, at):
            found[-1].append(_Token("E", exponent[0]))
            at = exponent.end() - 1
        elif character in "0#.,%‰":
            found[-1].append(_Token(character))
        else:
            found[-1].append(_Token("text", character))
        at += 1
    return found


@dataclass(frozen=True, slots=True)
class _Layout:
    """How many digits a section asks for, and how."""

    whole: int  # placeholders in front of the point
    least_whole: int  # digits at least
    places: int
    least_places: int
    has_groups: bool
    thousands: int  # commas that each divide by 1000
    power: int  # of ten that per cent and per mille multiply by


def _layout(tokens: list[_Token]) -> _Layout:
    kinds = [token.kind for token in tokens if token.kind != "text"]
    point = kinds.index(".") if "." in kinds else len(kinds)
    front, back = kinds[:point], [kind for kind in kinds[point:] if kind in "0#"]
    digits = [kind for kind in front if kind in "0#"]
    commas = [at for at, kind in enumerate(front) if kind == ","]
    last = max((at for at, kind in enumerate(front) if kind in "0#"), default=-1)
    first = min((at for at, kind in enumerate(front) if kind in "0#"), default=len(front))
    return _Layout(
        len(digits),
        len(digits) - digits.index("0") if "0" in digits else 0,
        len(back),
        len(back) - back[::-1].index("0") if "0" in back else 0,
        any(first < at < last for at in commas),
        sum(at > last >= 0 for at in commas),
        2 * kinds.count("%") + 3 * kinds.count("‰"),
    )


def _section(value: Decimal, tokens: list[_Token], culture: Culture) -> str:
    layout = _layout(tokens)
    exponent_token = next((token for token in tokens if token.kind == "E"), None)
    scaled, exponent = _scaled(value, layout), 0
    if exponent_token is not None:
        rounded, exponent = _apart(abs(scaled), layout.places, max(layout.whole, 1))
    else:
        rounded = _rounded(abs(scaled), layout.places)
    whole, _, rest = format(rounded, "f").partition(".")
    whole = whole.lstrip("0").rjust(layout.least_whole if exponent_token is None else layout.whole, "0")
    rest = rest[: layout.least_places] + rest[layout.least_places :].rstrip("0")
    written = _written(tokens, layout, whole, rest, culture, _exponent_text(exponent_token, exponent))
    return f"-{written}" if value < 0 else written


def _exponent_text(token: _Token | None, exponent: int) -> str:
    if token is None:
        return ""
    width = token.text.count("0")
    sign = "-" if exponent < 0 else "+" if "+" in token.text else ""
    return f"{token.text[0]}{sign}{abs(exponent):0{width}d}"


def _written(tokens: list[_Token], layout: _Layout, whole: str, rest: str, culture: Culture, exponent: str) -> str:
    """The digits laid into a section's placeholders; digits in excess stand before the first."""
    pieces: list[str] = []
    left, taken, is_behind, places = layout.whole, 0, False, 0
    for token in tokens:
        if token.kind in ("0", "#") and not is_behind:
            upto = max(len(whole) - left + 1, 0)
            separator = culture.group if layout.has_groups else ""
            pieces.append(_digits(whole, taken, upto, separator, culture.group_digits))
            taken, left = max(taken, upto), left - 1
        elif token.kind in ("0", "#"):
            pieces.append(rest[places : places + 1])
            places += 1
        elif token.kind == "." and not is_behind:
            if not layout.whole:
                pieces.append(whole)
            is_behind = True
            pieces.append(culture.decimal if rest else "")
        elif token.kind in ("%", "‰"):
            pieces.append(token.kind)
        elif token.kind == "E":
            pieces.append(exponent)
        elif token.kind == "text":
            pieces.append(token.text)
    return "".join(pieces)


def _digits(whole: str, start: int, end: int, separator: str, group_digits: int) -> str:
    """The digits of a whole number from one position to another, each group's separator behind it."""
    found = ""
    for at in range(start, end):
        behind = len(whole) - at - 1
        ends_group = behind >= LAST_GROUP and (behind - LAST_GROUP) % group_digits == 0
        found += whole[at] + (separator if ends_group else "")
    return found
