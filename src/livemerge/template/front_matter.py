"""The TOML above a template's body, between two lines of `+++`: the message's other texts, and how to read it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from livemerge.errors import TemplateError, nearest
from livemerge.template.limits import MAX_TEMPLATE_CHARACTERS
from livemerge.template.nodes import Place

FENCE = "+++"
KEYS = ("subject", "preheader", "text", "language", "dialect", "locale", "escape")
LISTS = ("alias",)  # keys that hold several texts

_MULTILINE = re.compile(r"^\s{0,20}(\w{1,20})\s{0,20}=\s{0,20}(\"\"\"|''')\s{0,5}$")
_KEY = re.compile(r"^\s{0,20}(\w{1,20})\s{0,20}=")
_OPENING = re.compile(r"^\s{0,20}\w{1,20}\s{0,20}=\s{0,20}(?:\"\"\"|'''|\"|')")
# A key of very many parts: reading it takes memory by the square of their number (tomllib keeps every prefix).
_LONG_KEY = re.compile(r"(?<![\w-])(?:(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')\s{0,9}\.\s{0,9}){40}")
_TOML_PLACE = re.compile(r"line ([0-9]{1,7}), column ([0-9]{1,7})")


def with_line_feeds(text: str) -> str:
    """A file's text without a byte order mark, its lines ended by LF."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stands above a template's body; `starts` is where its texts begin in the file."""

    values: dict[str, str]
    aliases: tuple[str, ...]  # names that other templates may include it by
    starts: dict[str, Place]
    end: int  # offset of the body
    body_line: int


def read_front_matter(text: str, name: str) -> FrontMatter:
    """The front matter of a file's text, which ends its lines in LF. Raises TemplateError."""
    if len(text) > 2 * MAX_TEMPLATE_CHARACTERS:
        raise _error(f"the file has more than {2 * MAX_TEMPLATE_CHARACTERS} characters", name, Place(1, 1), "split it")
    first, _, _ = text.partition("\n")
    if first.strip() != FENCE:
        return FrontMatter({}, (), _text_starts([]), 0, 1)
    lines = text.split("\n")
    closing = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == FENCE), None)
    if closing is None:
        raise _error(f"the front matter is not closed with `{FENCE}`", name, Place(1, 1), "add a line of +++")
    inner = lines[1:closing]
    given = _toml("\n".join(inner), name)
    aliases = _texts(given.pop("alias", []), inner, name)
    values = _checked(given, inner, name)
    end = sum(len(line) + 1 for line in lines[: closing + 1])
    return FrontMatter(values, aliases, _text_starts(inner), min(end, len(text)), closing + 2)


def _toml(text: str, name: str) -> dict[str, Any]:
    if found := _LONG_KEY.search(text):
        place = Place(text.count("\n", 0, found.start()) + 2, 1)
        raise _error("the front matter has a key of too many parts", name, place, 'write `key = "text"` lines')
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, and numbers of thousands of digits
        found = _TOML_PLACE.search(str(error))
        place = Place(int(found[1]) + 1, int(found[2])) if found else Place(text.count("\n") + 2, 1)
        what = f"the front matter is not TOML: {str(error).partition(' (')[0]}"
        raise _error(what, name, place, 'write `key = "text"` lines') from error


def _checked(values: dict[str, Any], lines: list[str], name: str) -> dict[str, str]:
    for key, value in values.items():
        place = Place(_key_line(key, lines), 1)
        if key not in KEYS:
            known = (*KEYS, *LISTS)
            advice = nearest(key, known) or f"keys: {', '.join(known)}"
            raise _error(f"unknown key `{key}` in the front matter", name, place, advice)
        if not isinstance(value, str):
            raise _error(f"`{key}` must be a text", name, place, "put it in quotes")
    if values.get("escape", "html") not in ("html", "none"):
        raise _error('`escape` is "html" or "none"', name, Place(_key_line("escape", lines), 1), "")
    return values


def _texts(values: Any, lines: list[str], name: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(each, str) and each for each in values):
        place = Place(_key_line("alias", lines), 1)
        raise _error("`alias` must be a list of texts", name, place, 'write alias = ["footer"]')
    return tuple(values)


def _key_line(key: str, lines: list[str]) -> int:
    found = (at for at, line in enumerate(lines, 2) if (match := _KEY.match(line)) and match[1] == key)
    return next(found, 2)


def _text_starts(lines: list[str]) -> dict[str, Place]:
    """Where each key's text starts in the file; a text that opens with three quotes starts on the line below."""
    found: dict[str, Place] = {}
    for at, line in enumerate(lines, 2):
        match = _KEY.match(line)
        if match and match[1] in KEYS:
            opening = _OPENING.match(line)
            start = Place(at + 1, 1) if _MULTILINE.match(line) else Place(at, opening.end() + 1 if opening else 1)
            found.setdefault(match[1], start)
    return {key: found.get(key, Place(1, 1)) for key in KEYS}


def _error(what: str, name: str, place: Place, advice: str) -> TemplateError:
    return TemplateError(what, where=name, advice=advice, line=place.line, column=place.column)
