"""Liquid's markup read as Ruby's lax parser reads it: pieces are looked for, what is between them is passed over.

The patterns are those of Shopify/liquid 5 (lib/liquid.rb, variable.rb, tags/*.rb), so the same pieces are found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import NoReturn

from livemerge.errors import TemplateError, nearest
from livemerge.template.filters.text import WHITE
from livemerge.template.findings import Finding
from livemerge.template.limits import MAX_CHAIN, MAX_EXPRESSION_DEPTH, MAX_PATH_STEPS
from livemerge.template.liquid.expressions import LITERALS, MAX_NUMBER_CHARACTERS, OPERATORS
from livemerge.template.liquid.heads import CycleHead, IncludeHead, LoopHead, Markup
from livemerge.template.liquid.strict import StrictGrammar
from livemerge.template.nodes import Comparison, Expression, FilterCall, Index, Literal, Logic, Path, Place, Range

_STRING = r"\"[^\"]*\"|'[^']*'"
_PIECE = rf"(?:{_STRING}|(?:[^\s,|'\"]|{_STRING})+)"  # Ruby's QuotedFragment
_AND_OR = r"\b(?:\s?and\s?|\s?or\s?)\b"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace("PIECE", _PIECE).replace("STRING", _STRING).replace("AND_OR", _AND_OR), re.ASCII)


_FIRST = _pattern(r"PIECE")
_FILTERS = _pattern(r"(?s)\|\s*(.*)")
_FILTER = _pattern(r"(?:\s+|PIECE|,)+")
_NAME = _pattern(r"\w+")
_ARGUMENT = _pattern(r"[:,]\s*((?:\w+\s*:\s*)?PIECE\s*)")
_OPTION = _pattern(r"(\w[\w-]*)\s*:\s*(PIECE)")
_TERM_OR_WORD = _pattern(r"AND_OR|(?:\s*(?!AND_OR)(?:PIECE|\S+)\s*)+")
_COMPARISON = _pattern(r"(PIECE)\s*([=!<>a-z_]+)?\s*(PIECE)?")
_WHEN = _pattern(r"(?s)(PIECE)(?:(?:\s+or\s+|\s*,\s*)(PIECE.*))?")
_LOOP = _pattern(r"([\w-]+)\s+in\s+((?:PIECE)+)\s*(reversed)?")
_ROW = _pattern(r"(\w+)\s+in\s+((?:PIECE)+)")
_CYCLE = _pattern(r"(?s)(PIECE)\s*:\s*(.*)")
_INCLUDE = _pattern(r"((?:PIECE)+)(\s+(?:with|for)\s+((?:PIECE)+))?(\s+as\s+([\w-]+))?")
_RENDER = _pattern(r"((?:STRING)+)(\s+(with|for)\s+((?:PIECE)+))?(\s+as\s+([\w-]+))?")
_NUMBER = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)[0-9.]*")  # of `1.2.3` the front counts
_RANGE = re.compile(r"\(\s*(?:(\S+)\s*\.\.)\s*(\S+)\s*\)")
_WORD = re.compile(r"[\w-]+\??", re.ASCII)


class LaxGrammar:
    """Reads markup leniently; places are those of the markup's start, finer where they are known."""

    def __init__(self, strict: StrictGrammar, filters: Collection[str], findings: list[Finding]) -> None:
        self.source = strict.source
        self.filters = filters  # the names of those there are
        self.findings = findings
        self.strict = strict
        self.depth = 0

    def refuse(self, what: str, markup: Markup, advice: str = "") -> NoReturn:
        raise self.source.error(what, self.source.place(markup.offset), advice)

    # --- values ---

    def value(self, text: str, offset: int) -> Expression:
        """A literal, a range or a path; what is none of them is a path of what names are in it."""
        kept = text.lstrip(WHITE)
        offset, text = offset + len(text) - len(kept), kept.rstrip(WHITE)
        place = self.source.place(offset)
        if text[:1] in ("'", '"') and text[-1] == text[0]:
            return Literal(text[1:-1], place)
        if (number := _NUMBER.fullmatch(text)) and len(text) <= MAX_NUMBER_CHARACTERS:
            return Literal(int(text) if "." not in text else float(number[1]), place)
        if text.startswith("(") and (ends := _RANGE.fullmatch(text)):
            start, end = (self.value(ends[at], offset + ends.start(at)) for at in (1, 2))
            return Range(start, end, place)
        if not text or text in LITERALS:
            return Literal(LITERALS.get(text), place)
        return self.path(text, offset, place)

    def path(self, text: str, offset: int, place: Place) -> Expression:
        self.depth += 1
        steps = list(self.steps(text, offset))
        self.depth -= 1
        if len(steps) > MAX_PATH_STEPS:
            raise self.source.error(f"a path has more than {MAX_PATH_STEPS} steps", place)
        if not steps:
            return Literal(None, place)
        first = steps[0].key if isinstance(steps[0], Index) else steps[0]
        return self.strict.roots.path(first, tuple(steps[1:]), text, place)

    def steps(self, text: str, offset: int) -> Iterator[Expression]:
        """The names and brackets in a text."""
        closings, at = _closings(text), 0
        while at < len(text):
            place = self.source.place(offset + at)
            if text[at] == "[" and at in closings:
                if self.depth > MAX_EXPRESSION_DEPTH:
                    raise self.source.error(f"brackets are nested deeper than {MAX_EXPRESSION_DEPTH}", place)
                yield Index(self.value(text[at + 1 : closings[at]], offset + at + 1), place)
                at = closings[at] + 1
            elif word := _WORD.match(text, at):
                yield Literal(word[0], place)
                at = word.end()
            else:
                at += 1

    # --- filters ---

    def filtered(self, markup: Markup) -> Expression:
        """Read strictly where that works, as Ruby does; filters that nobody knows change nothing."""
        try:
            return self.known(self.strict.filtered(markup))
        except TemplateError:
            return self.known(self.pieces(markup))

    def known(self, found: Expression) -> Expression:
        """A value without the unknown filters on it, each of which is told."""
        if not isinstance(found, FilterCall):
            return found
        target = self.known(found.target)
        if found.name in self.filters:
            return replace(found, target=target)
        what = f"unknown filter `{found.name}` changes nothing"
        advice = nearest(found.name, self.filters) or "remove it"
        self.findings.append(self.source.finding("unknown-filter", "warning", what, found.place, advice))
        return target

    def pieces(self, markup: Markup) -> Expression:
        first = _FIRST.search(markup.text)
        if first is None:
            return Literal(None, self.source.place(markup.offset))
        found = self.value(first[0], markup.offset + first.start())
        rest = _FILTERS.search(markup.text, first.end())
        pieces = _FILTER.finditer(markup.text, rest.start(1)) if rest else iter(())
        for count, piece in enumerate(pieces):
            if count >= MAX_CHAIN:
                self.refuse("too many filters in one place", markup, "split them with assign")
            found = self.filter(found, piece[0], markup.offset + piece.start())
        return found

    def filter(self, target: Expression, text: str, offset: int) -> Expression:
        name = _NAME.search(text)
        if name is None:
            return target
        arguments: list[Expression] = []
        options: list[tuple[str, Expression]] = []
        for found in _ARGUMENT.finditer(text):
            option = _OPTION.fullmatch(found[1])
            if option:
                options.append((option[1], self.value(option[2], offset + found.start(1) + option.start(2))))
            else:
                arguments.append(self.value(found[1], offset + found.start(1)))
        place = self.source.place(offset + name.start())
        return FilterCall(target, name[0], tuple(arguments), tuple(options), place)

    # --- conditions ---

    def condition(self, markup: Markup) -> Expression:
        pieces = list(_TERM_OR_WORD.finditer(markup.text))
        if len(pieces) > MAX_CHAIN:
            self.refuse("this condition is too long", markup, "split it with assign, or use case")
        found = self.comparison(pieces.pop() if pieces else None, markup)
        while pieces:
            word = pieces.pop()
            left = self.comparison(pieces.pop() if pieces else None, markup)
            if word[0].strip(WHITE) not in ("and", "or"):
                self.refuse("two conditions stand side by side", markup, "join them with `and` or `or`")
            found = Logic(left, word[0].strip(WHITE), found, self.source.place(markup.offset + word.start()))
        return found

    def comparison(self, piece: re.Match[str] | None, markup: Markup) -> Expression:
        found = _COMPARISON.search(piece[0]) if piece else None
        if piece is None or found is None:
            self.refuse("this is no condition", markup, "write what it tests")
        offset = markup.offset + piece.start()
        left = self.value(found[1], offset + found.start(1))
        if not found[2]:
            return left
        right = self.value(found[3] or "", offset + found.start(3) if found[3] else offset)
        operator, place = "!=" if found[2] == "<>" else found[2], self.source.place(offset + found.start(2))
        if operator not in OPERATORS:  # Ruby finds out where it compares, if it ever does
            what, advice = f"unknown operator `{operator}`", "use == != < > <= >= or contains"
            self.findings.append(self.source.finding("unknown-operator", "error", what, place, advice))
        return Comparison(left, operator, right, place)

    # --- tags ---

    def subject(self, markup: Markup) -> Expression:
        return self.piece(_FIRST.search(markup.text), markup, 0, "`case` has no value")

    def when(self, markup: Markup) -> list[Expression]:
        values: list[Expression] = []
        found = _WHEN.search(markup.text)
        while True:
            values.append(self.piece(found, markup, 1, "`when` has no value"))
            if found is None or found[2] is None:
                return values
            found = _WHEN.search(markup.text, found.start(2))

    def loop(self, markup: Markup) -> LoopHead:
        found = _LOOP.match(markup.text)
        if found is None:
            self.refuse("`for` needs a name, `in` and what to go over", markup, "write it as `for item in items`")
        items = self.piece(found, markup, 2, "")
        arguments = self.named(markup)
        offset = arguments.get("offset")
        resumes = isinstance(offset, Path) and offset.source == "continue"
        known: dict[str, Expression] = {name: arguments[name] for name in ("limit", "offset") if name in arguments}
        if resumes:
            del known["offset"]
        return LoopHead(found[1], items, found[2], bool(found[3]), known, resumes)

    def row(self, markup: Markup) -> LoopHead:
        found = _ROW.search(markup.text)
        if found is None:
            self.refuse("`tablerow` needs `in`", markup, "write it as `tablerow item in items`")
        return LoopHead(found[1], self.piece(found, markup, 2, ""), found[2], arguments=self.named(markup))

    def cycle(self, markup: Markup) -> CycleHead:
        named = _CYCLE.match(markup.text)
        if named is None and _FIRST.match(markup.text) is None:
            self.refuse("`cycle` has no values", markup, "write the values it goes round")
        start = named.start(2) if named else 0
        values = [
            self.value(found[0], markup.offset + start + at + found.start())
            for at, text in _between_commas(markup.text[start:])
            if (found := _FIRST.search(text))
        ]
        if not values:
            self.refuse("`cycle` has no values", markup, "write the values it goes round")
        group = self.value(named[1], markup.offset) if named else None
        return CycleHead(tuple(values), group)

    def include(self, markup: Markup, *, is_isolated: bool) -> IncludeHead:
        found = (_RENDER if is_isolated else _INCLUDE).search(markup.text)
        if found is None:
            self.refuse("no template is named here", markup, "write the template's name in quotes")
        name = self.piece(found, markup, 1, "")
        if is_isolated:
            bound = self.piece(found, markup, 4, "") if found[4] else None
            return IncludeHead(name, self.named(markup), bound, found[3] == "for", found[6])
        bound = self.piece(found, markup, 3, "") if found[3] else None
        return IncludeHead(name, self.named(markup), bound, False, found[5])

    def named(self, markup: Markup) -> dict[str, Expression]:
        """Every `name: value` anywhere in the markup."""
        found = _OPTION.finditer(markup.text)
        return {each[1]: self.value(each[2], markup.offset + each.start(2)) for each in found}

    def piece(self, found: re.Match[str] | None, markup: Markup, group: int, missing: str) -> Expression:
        """The value that a group of a match is."""
        if found is None:
            self.refuse(missing, markup, "write it after the tag's name")
        return self.value(found[group], markup.offset + found.start(group))


def _closings(text: str) -> dict[int, int]:
    """Where each bracket that is closed closes."""
    closings: dict[int, int] = {}
    waiting: list[int] = []
    for at, character in enumerate(text):
        if character == "[":
            waiting.append(at)
        elif character == "]" and waiting:
            closings[waiting.pop()] = at
    return closings


def _between_commas(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for piece in text.split(","):
        yield at, piece
        at += len(piece) + 1
