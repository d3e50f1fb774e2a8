"""Templates that others include: which of a project's files a name means, and where their text begins.

A file is found by its path, with or without its endings; a `_` before its name or before a folder around it marks it as
a piece of messages and may be left out of the name; `alias` in its front matter gives it other names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from livemerge.errors import TemplateError
from livemerge.template.front_matter import read_front_matter, with_line_feeds
from livemerge.template.languages import ENDINGS as LANGUAGE_ENDINGS

FOLDER: Final = "templates/"  # before the paths of a project's templates, in findings and errors
ENDINGS: Final = frozenset({"html", "htm", "txt", "mjml", *LANGUAGE_ENDINGS})  # that names may leave out
_EXACT, _ALIAS, _NO_LANGUAGE, _NO_ENDINGS, _NO_MARK = range(5)  # ways a name may be near a file, the nearest first


class Included(str):
    """A template's text that others may include. `fault`: why it cannot be."""

    __slots__ = ("fault", "file", "first_line")

    file: str  # as findings name it
    first_line: int  # of the text in its file
    fault: TemplateError | None

    @classmethod
    def of(cls, text: str, file: str, first_line: int = 1, fault: TemplateError | None = None) -> Included:
        made = cls(text)
        made.file, made.first_line, made.fault = file, first_line, fault
        return made

    def indented(self, indent: str) -> Included:
        """The text with this before each line that is not empty."""
        return Included.of(re.sub(r"^(?=.)", indent, self, flags=re.MULTILINE), self.file, self.first_line, self.fault)


def is_piece(path: str) -> bool:
    """Whether a template's path marks it as a piece of messages, which is no message of its own."""
    return any(part.startswith("_") for part in path.split("/"))


def included_texts(files: Mapping[str, str], language: str) -> dict[str, Included]:
    """What templates of a language may include, by every name it has. `files`: texts by paths below templates/.

    Files of another language are left out. Where two files have a name, the one that is nearer to it gets it.
    """
    named: list[tuple[int, str, str]] = []
    texts: dict[str, Included] = {}
    for path, text in files.items():
        if _ending_language(path) not in (None, language):
            continue
        included, own_language, aliases = _read(path, text)
        if own_language in (None, language):
            texts[path] = included
            named += [(rank, path, name) for rank, name in _names(path, aliases)]
    found: dict[str, Included] = {}
    for _, path, name in sorted(named):
        found.setdefault(name, texts[path])
    return found


def _read(path: str, text: str) -> tuple[Included, str | None, tuple[str, ...]]:
    """A file's body, the language and the aliases its front matter names."""
    plain, shown = with_line_feeds(text), f"{FOLDER}{path}"
    try:
        front = read_front_matter(plain, shown)
    except TemplateError as fault:
        return Included.of("", shown, fault=fault), None, ()
    return Included.of(plain[front.end :], shown, front.body_line), front.values.get("language"), front.aliases


def _ending_language(path: str) -> str | None:
    """The language a file's name ends in."""
    endings = path.lower().rsplit("/", 1)[-1].split(".")[1:]
    return next((LANGUAGE_ENDINGS[ending] for ending in reversed(endings) if ending in LANGUAGE_ENDINGS), None)


def _names(path: str, aliases: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Every name of a file, and how near it is to the file's path."""
    yield _EXACT, path
    for alias in aliases:
        yield _ALIAS, alias
    folder, slash, name = path.rpartition("/")
    for rank, short in _shorter(name):
        yield rank, f"{folder}{slash}{short}"
        yield rank + _NO_MARK, _unmarked(f"{folder}{slash}{short}")


def _shorter(name: str) -> Iterator[tuple[int, str]]:
    """A file's name without the ending of its language, and without all its endings."""
    parts = name.split(".")
    yield _EXACT, name
    yield _NO_LANGUAGE, ".".join([parts[0], *(part for part in parts[1:] if part.lower() not in LANGUAGE_ENDINGS)])
    while len(parts) > 1 and parts[-1].lower() in ENDINGS:
        parts.pop()
    yield _NO_ENDINGS, ".".join(parts)


def _unmarked(path: str) -> str:
    """A path without the folders that mark pieces, and without the mark of the file."""
    *folders, name = path.split("/")
    return "/".join([*(folder for folder in folders if not folder.startswith("_")), name.removeprefix("_")])
