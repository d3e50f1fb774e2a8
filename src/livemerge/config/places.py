"""On which line each key of a TOML file stands; tomllib does not say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""

_DOTTED = rf"({_PART}(?:[ \t]*\.[ \t]*{_PART})*)"


class TomlPlaces:
    """On which line each key of one TOML file stands; tomllib does not say. The file is known to be valid."""

    _HEADER = re.compile(rf"\s*\[\[?[ \t]*{_DOTTED}")
    _KEY = re.compile(rf"\s*{_DOTTED}[ \t]*=")

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, statement in _statements(text):
            if header := self._HEADER.match(statement):
                table = _parts(header[1])
                self._lines.setdefault(table, number)
            elif key := self._KEY.match(statement):
                self._lines.setdefault(table + _parts(key[1]), number)

    def line(self, *keys: str) -> int:
        """The line of the key, or of the nearest table around it; 1 where nothing is known."""
        for end in range(len(keys), 0, -1):
            if (line := self._lines.get(keys[:end])) is not None:
                return line
        return 1

    def where(self, *keys: str) -> str:
        return f"{self.name}:{self.line(*keys)} {'.'.join(keys)}".rstrip()


_TOKEN = re.compile(
    r"""\"{3}(?:[^\\]|\\.)*?"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[\]{}\n]""", re.DOTALL
)

"""What decides where a statement ends: strings and comments as a whole, brackets, line ends."""


def _statements(text: str) -> Iterable[tuple[int, str]]:
    """Each statement with the line it begins on. Strings and brackets may carry it over several lines."""
    start = depth = 0
    number = begins_on = 1
    for token in _TOKEN.finditer(text):
        number += token[0].count("\n")
        depth += (token[0] in "[{") - (token[0] in "]}")
        if token[0] == "\n" and depth == 0:
            yield begins_on, text[start : token.start()]
            start, begins_on = token.end(), number
    yield begins_on, text[start:]


def _parts(dotted: str) -> tuple[str, ...]:
    """The names of a dotted key, quotes and escapes read as TOML reads them."""
    parts = re.findall(_PART, dotted)
    return tuple(tomllib.loads(f"name = {part}")["name"] if part[0] in "\"'" else part for part in parts)
