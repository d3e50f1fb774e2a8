"""A JMESPath → a function that finds in a row what the path names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import jmespath
from jmespath.visitor import TreeInterpreter

from livemerge.values import Row

Reader: TypeAlias = Callable[[Row], Any]
"""What a path finds in a row; None where it finds nothing. Raises what JMESPath's functions raise on other rows."""

Search: TypeAlias = Callable[[Any], Any]
"""What a path finds in any JSON. Raises JMESPathError where its functions cannot take what is there."""

_NAME: Final = r'(?:[A-Za-z_][A-Za-z0-9_]*|"[A-Za-z0-9_]+")'
_PLAIN: Final = re.compile(rf"{_NAME}(?:\.{_NAME})*")


def make_search(path: str) -> Search:
    """The search of a JMESPath. Raises JMESPathError where the path is none."""
    parsed, interpreter = jmespath.compile(path).parsed, TreeInterpreter()

    # Not the library's own `search`: it makes an interpreter for each, which refers to itself, so that only the
    # collector takes it away, in rounds that answers wait for.
    def search(document: Any) -> Any:
        return interpreter.visit(parsed, document)

    return search


def make_reader(path: str) -> Reader:
    """The reader of a JMESPath. Plain names, the usual case, are looked up at a tenth of its cost.

    Raises JMESPathError where the path is none.
    """
    if not _PLAIN.fullmatch(path):
        return make_search(path)
    first, *others = [name.strip('"') for name in path.split(".")]

    def read(row: Row) -> Any:
        found = row.get(first)
        for name in others:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    return read
