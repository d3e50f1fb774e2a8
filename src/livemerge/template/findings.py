"""What compiling a template says about it: places, findings, and the fields it reads."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from livemerge.errors import TemplateError, as_sentence
from livemerge.template.kinds import Want
from livemerge.template.limits import MAX_MISTAKES, MAX_PLACES
from livemerge.template.nodes import Place

CARET_WIDTH = 76  # characters of a source line shown around the place

Severity = Literal["error", "warning"]
Usage = Literal["output", "condition", "loop", "argument"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a template its author should know; an `error` cannot be rendered as it stands."""

    code: str
    severity: Severity
    what: str
    line: int
    column: int
    caret: str
    advice: str
    part: str = ""  # subject, preheader, html or text, where the template is one part of a message
    effect: str = ""  # what it does to which customers
    file: str = ""  # the name of the template it stands in: of an included one, where that is the place


@dataclass(frozen=True, slots=True)
class Read:
    """One place where a template reads a field.

    `is_guarded`: every way to this place has tested the field, and did not find it missing. `operations` are the
    filters applied to it and the kinds of comparison it is in (`compare_number`, `compare_text`, `contains`), in
    order. `alternatives`: paths that may be read here instead, as the data decides (a section's context may be its
    list's items, its value, or what is around it), and whether each is guarded.

    `wants`: kinds of value that functions need it to be. `spot`: where in HTML it stands (html_places). `tested`,
    `present`, `missing`: paths that every way here has looked at, that surely have something to show, or nothing.
    """

    path: str
    line: int
    column: int
    usage: Usage
    is_guarded: bool = False
    has_fallback: bool = False
    operations: tuple[str, ...] = ()
    part: str = ""
    alternatives: tuple[tuple[str, bool], ...] = ()
    wants: tuple[Want, ...] = ()
    spot: str = ""
    tested: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    file: str = ""  # the name of the template it stands in
    is_maybe: bool = False  # a variable has this name on some ways here: there may be no such field

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that may be read here, the likeliest first."""
        return (self.path, *(path for path, _ in self.alternatives))


# Controls, and what turns the direction of writing around (Unicode UAX 9): they would move the caret.
_COMMANDS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NO_COLUMN = frozenset({"Mn", "Me", "Cf"})  # categories of characters that take no place of their own


def _columns(text: str) -> int:
    """The columns a text takes in a terminal: two for wide characters (Unicode UAX 11), none for what combines."""
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    return len(text) + wide - sum(unicodedata.category(each) in _NO_COLUMN for each in text)


@dataclass(frozen=True, slots=True)
class Lookup:
    """One place where a template looks rows of a table up, or takes a column of such a row.

    `tables`: the data extensions they may be of, by the names written there; None for one that nobody knows before
    rendering. `columns`: names of columns, each with its place. `is_taken`: they are taken of rows found elsewhere.
    """

    tables: tuple[str | None, ...]
    columns: tuple[tuple[str, Place], ...]
    line: int
    column: int
    file: str = ""
    is_taken: bool = False


class Source:
    """The text of a template, asked for places, carets and errors.

    `first_line` and `first_column`: where the text begins in its file, counted from 1.
    """

    __slots__ = ("first_column", "first_line", "mistakes", "name", "places", "starts", "text")

    def __init__(self, text: str, name: str, first_line: int, first_column: int = 1) -> None:
        self.text = text
        self.name = name
        self.first_line = first_line
        self.first_column = first_column
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.places = 0  # asked for so far: one or more for each node of the tree
        self.mistakes = 0  # found so far

    def count(self, more: int = 1) -> None:
        """Counts tags, names and texts. Raises TemplateError where they are too many."""
        self.places += more
        if self.places > MAX_PLACES:
            what = f"the template has more than {MAX_PLACES} tags, names and texts together"
            raise self.error(what, Place(self.first_line, self.first_column), "move some into templates of their own")

    def place(self, offset: int) -> Place:
        """The line and column of a character; columns count characters. Raises TemplateError for too many places."""
        self.count()
        line = bisect_right(self.starts, offset) - 1
        return Place(line + self.first_line, offset - self.starts[line] + self._first_column_of(line))

    def caret(self, place: Place) -> str:
        """The source line of a place with a caret under it, cut to a readable width."""
        index = place.line - self.first_line
        if not 0 <= index < len(self.starts):
            return ""
        end = self.starts[index + 1] - 1 if index + 1 < len(self.starts) else len(self.text)
        column = max(0, place.column - self._first_column_of(index))
        left = 0 if column < CARET_WIDTH * 3 // 4 else column - CARET_WIDTH // 2
        start = self.starts[index] + left  # only what is shown is looked at: a line may be the whole template
        piece = self.text[start : min(start + CARET_WIDTH, end)].rstrip("\r").replace("\t", " ")
        line = _COMMANDS.sub("\ufffd", piece)
        return f"  {line}\n  {' ' * _columns(line[: column - left])}^"

    def _first_column_of(self, index: int) -> int:
        return self.first_column if index == 0 else 1

    def error(self, what: str, place: Place, advice: str = "") -> TemplateError:
        """A TemplateError that points at a place of this source."""
        return TemplateError(
            what,
            where=self.name or "template",
            advice=advice,
            line=place.line,
            column=place.column,
            caret=self.caret(place),
        )

    def finding(self, code: str, severity: Severity, what: str, place: Place, advice: str = "") -> Finding:
        """A finding that points at a place of this source. Raises TemplateError where there are too many mistakes."""
        self.mistakes += severity == "error"
        if self.mistakes > MAX_MISTAKES:
            raise self.error(f"the template has more than {MAX_MISTAKES} mistakes", place, "check its language")
        advice = as_sentence(advice)
        return Finding(code, severity, what, place.line, place.column, self.caret(place), advice, file=self.name)
