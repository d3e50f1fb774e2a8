"""AMPscript's functions on text. Positions count from 1, lengths are UTF-16 code units."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from livemerge.template.ampscript import patterns
from livemerge.template.ampscript.values import charge, is_true, number, text, whole
from livemerge.template.authored import Authored, cut, cuts, glued, plain, recut
from livemerge.template.limits import MAX_TEXT_CHARACTERS
from livemerge.template.runtime import Context, Fault, too_long
from livemerge.template.runtime import charge as charge_units

STEPS_A_ROUND = 20  # of a pattern that count as one round of a loop
_WHITE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}){0,9}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,10}[A-Za-z]{2,63}"
)
_PHONE = re.compile(r"\(?[2-9][0-9]{2}\)?[-. ]?[2-9][0-9]{2}[-. ]?[0-9]{4}")
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def concat(first: Any, *others: Any) -> str:
    return glued(text(each) for each in (first, *others))


def _mapped(value: str, change: Callable[[str], str]) -> str:
    """A text changed character by character; a character that would become several stays."""
    quick = change(plain(value))
    if value.isascii():
        return recut(value, quick)
    changed = "".join(new if len(new := change(each)) == 1 else each for each in plain(value))
    return recut(value, changed)


def uppercase(value: Any) -> str:
    return _mapped(text(value), str.upper)


def lowercase(value: Any) -> str:
    return _mapped(text(value), str.lower)


def proper_case(value: Any) -> str:
    """The first letter of each word big, the others small; words end at white space only."""
    found = text(value)
    low = plain(lowercase(found))
    changed = re.sub(r"(?<!\S)\S", lambda first: up if len(up := first[0].upper()) == 1 else first[0], low)
    return recut(found, changed)


def trim(value: Any) -> str:
    found = text(value)
    whole_text = plain(found)
    start = len(whole_text) - len(whole_text.lstrip(_WHITE))
    return cut(found, start, len(whole_text.rstrip(_WHITE)) if start < len(whole_text) else start)


# --- UTF-16 ----------------------------------------------------------------------------------------


def _units(value: str) -> int:
    """UTF-16 code units of a text: characters beyond U+FFFF count twice."""
    return len(value) if value.isascii() else len(value) + sum(each > "\uffff" for each in value)


def _character_at(value: str, unit: int) -> int:
    """The character that a code unit belongs to or begins."""
    if value.isascii():
        return min(unit, len(value))
    seen = 0
    for at, character in enumerate(value):
        if seen >= unit:
            return at
        seen += 2 if character > "\uffff" else 1
    return len(value)


def length(value: Any) -> int:
    return _units(plain(text(value)))


def substring(value: Any, start: Any, count: Any = None) -> str:
    """A part of a text; a start below 1 is 1, what goes past the end is cut."""
    found = text(value)
    characters = plain(found)
    begin = max(whole(start), 1) - 1
    end = _units(characters) if count is None else begin + whole(count)
    if end < begin and count is not None:
        raise Fault("a length below 0", "give 0 or more")
    return cut(found, _character_at(characters, begin), _character_at(characters, end))


def _positions(haystack: str, needle: str) -> list[int]:
    """Where a text stands in another, ignoring case, without overlaps."""
    if not needle:
        return []
    low, sought = plain(lowercase(haystack)), plain(lowercase(needle))
    found, at = [], low.find(sought)
    while at >= 0:
        found.append(at)
        at = low.find(sought, at + len(sought))
    return found


def index_of(value: Any, sought: Any, nth: Any = 0) -> int:
    """The position of a text in another, 0 where it is not; 0 is the first, below 0 the last."""
    haystack = plain(text(value))
    found = _positions(haystack, plain(text(sought)))
    wanted = whole(nth)
    at = -1 if wanted < 0 else max(wanted - 1, 0)
    return _units(haystack[: found[at]]) + 1 if found and at < len(found) else 0


def replace(value: Any, sought: Any, instead: Any = "") -> str:
    """A text with every match replaced, ignoring case, in one pass."""
    found, needle, new = text(value), plain(text(sought)), text(instead)
    places = _positions(plain(found), needle)
    if len(found) + len(places) * len(new) > MAX_TEXT_CHARACTERS:
        raise too_long()
    if not places:
        return found
    ends = [place + len(needle) for place in places]
    between = cuts(found, zip([0, *ends], [*places, len(found)], strict=True))
    return joined(between, new)


def joined(pieces: Iterable[str], separator: str) -> str:
    """Texts with a separator between them."""
    return glued(each for at, piece in enumerate(pieces) for each in ((separator, piece) if at else (piece,)))


def replace_list(context: Context, value: Any, instead: Any, *sought: Any) -> str:
    """A text with every match of each search replaced, one search after the other."""
    found = text(value)
    for each in sought:
        charge_units(context, len(found))
        found = replace(found, each, instead)
    return found


def char(code: Any, count: Any = 1) -> str:
    """A character by its number, so many times; numbers go round at 65,536."""
    times = max(whole(count), 0)
    if times > MAX_TEXT_CHARACTERS:
        raise too_long()
    found = number(code)
    if not math.isfinite(found):
        raise Fault("no character has this number", "give a whole number")
    at = int(found) % 65_536
    return Authored((chr(at) if not 0xD800 <= at <= 0xDFFF else "\ufffd") * times)


def reg_ex_match(context: Context, value: Any, pattern: Any, group: Any, *options: Any) -> str:
    """A group of the first match of a pattern; empty where there is none or no such group."""
    found = text(value)
    name = plain(text(group)).strip()
    wanted = int(name) if re.fullmatch(r"[0-9]{1,4}", name) else name
    given = patterns.options_of([plain(text(each)) for each in options])
    matched, steps = patterns.match(plain(found), plain(text(pattern)), wanted, given)
    charge(context, 1 + steps // STEPS_A_ROUND)
    return matched


# --- tests -----------------------------------------------------------------------------------------


def is_email_address(value: Any) -> bool:
    found = plain(text(value)).strip()
    return len(found) <= 254 and _EMAIL.fullmatch(found) is not None


def is_phone_number(value: Any) -> bool:
    """Whether a text is a number of the North American plan, ten digits without the country's."""
    found = plain(text(value)).strip()
    return len(found) <= 20 and _PHONE.fullmatch(found) is not None


def domain(value: Any) -> str:
    """What stands behind the @ of an address, empty where there is none."""
    found = plain(text(value))
    return found.rpartition("@")[2] if "@" in found else ""


def long_sf_id(value: Any) -> str:
    """The 18 characters of a Salesforce id of 15: three more say which letters are capitals."""
    found = plain(text(value))
    if len(found) != 15 or not found.isascii() or not found.isalnum():
        return found
    fives = (found[at : at + 5] for at in (0, 5, 10))
    return found + "".join(_SUFFIX[sum(1 << at for at, each in enumerate(five) if each.isupper())] for five in fives)


def flag(value: Any) -> bool:
    """Whether an optional argument switches something on: 1, true, `1`, `true`."""
    return is_true(value) or plain(text(value)).strip() == "1"
