"""Liquid's expressions: values, filters, conditions and tag arguments, read word by word from one tag's markup."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NoReturn

from livemerge.template.findings import Source
from livemerge.template.limits import MAX_CHAIN, MAX_EXPRESSION_DEPTH, MAX_PATH_STEPS, MAX_WORDS
from livemerge.template.nodes import (
    Comparison,
    Data,
    Expression,
    FilterCall,
    Index,
    Literal,
    Logic,
    Path,
    Place,
    Range,
)
from livemerge.template.runtime import BLANK, EMPTY

_WORD = re.compile(
    r"""(?P<space>\s+)|(?P<string>'[^']*'|"[^"]*")|(?P<number>-?[0-9]+(?:\.[0-9]+)?)|(?P<dots>\.\.)"""
    r"""|(?P<id>[A-Za-z_][\w-]*\??)|(?P<compare>==|!=|<>|<=|>=|<|>)|(?P<mark>[|.:,\[\]()?=-])|(?P<junk>.)""",
    re.DOTALL | re.ASCII,
)
LITERALS: dict[str, object] = {
    "nil": None,
    "null": None,
    "true": True,
    "false": False,
    "empty": EMPTY,
    "blank": BLANK,
}
MAX_NUMBER_CHARACTERS = 400  # longer ones are no numbers of this world, and slow to read
OPERATORS = frozenset({"==", "!=", "<>", "<", ">", "<=", ">=", "contains"})
_NAMES = {"id": "a name", "string": "a quoted text", "number": "a number"}


ALL_DATA = "all_data__"  # a path from this name reads the data, whatever variables there are


@dataclass(frozen=True, slots=True)
class Roots:
    """Which names mean something beside variables and fields. `has_self`: `self` is all names, unless it is set."""

    has_self: bool = True

    def path(self, root: str | Expression, steps: tuple[Expression, ...], text: str, place: Place) -> Path:
        """A path as it is meant: `self.name` and `self[key]` are that name."""
        if isinstance(root, Literal) and isinstance(root.value, str):
            root = root.value
        if not steps or root not in ("self", ALL_DATA) or (root == "self" and not self.has_self):
            return Path(root, steps, text, place)
        if root == ALL_DATA:
            return Path(Data(place), steps, text, place)
        first = steps[0].key if isinstance(steps[0], Index) else steps[0]
        return self.path(first, steps[1:], text, place)


@dataclass(frozen=True, slots=True)
class Word:
    """One lexical unit of an expression. `kind` of marks and comparisons is their text."""

    kind: str
    text: str
    offset: int  # in the markup


def _words(markup: str) -> list[Word]:
    """The words; of too many, the first ones and a last word that nothing takes, for the reader to refuse."""
    found_words = (found for found in _WORD.finditer(markup) if found.lastgroup != "space")
    words = [
        Word(found[0] if found.lastgroup == "mark" else found.lastgroup or "", found[0], found.start())
        for found in islice(found_words, MAX_WORDS)
    ]
    is_whole = next(found_words, None) is None
    words.append(Word("end" if is_whole else "rest", "", len(markup)))
    return words


class ExpressionReader:
    """Reads one markup from left to right."""

    def __init__(self, source: Source, markup: str, offset: int, roots: Roots) -> None:
        self.source = source
        self.roots = roots
        self.markup = markup
        self.offset = offset
        self.words = _words(markup)
        self.position = 0
        self.depth = 0

    # --- words ---

    @property
    def word(self) -> Word:
        return self.words[self.position]

    def place(self) -> Place:
        return self.source.place(self.offset + self.word.offset)

    def take(self) -> Word:
        """This word; goes on to the next."""
        word = self.words[self.position]
        if word.kind not in ("end", "rest"):
            self.position += 1
        return word

    def accept(self, kind: str, text: str | None = None) -> Word | None:
        """This word where it is of that kind, else None."""
        if self.word.kind == kind and (text is None or self.word.text == text):
            return self.take()
        return None

    def expect(self, kind: str) -> Word:
        word = self.accept(kind)
        if word is None:
            self.refuse(f"expected {_NAMES.get(kind, f'`{kind}`')}, found {self._found()}")
        return word

    def _found(self) -> str:
        if self.word.kind == "rest":
            return f"more than {MAX_WORDS} words and signs"
        return "the end of the tag" if self.word.kind == "end" else f"`{self.word.text}`"

    def refuse(self, what: str, advice: str = "") -> NoReturn:
        raise self.source.error(what, self.place(), advice)

    def end(self) -> None:
        """Nothing may follow."""
        if self.word.kind != "end":
            self.refuse(f"unexpected {self._found()}", "remove it, or check the punctuation before it")

    def text_from(self, start: int) -> str:
        """The markup read since the word at position `start`."""
        last = self.words[self.position - 1] if self.position > start else self.words[start]
        return self.markup[self.words[start].offset : last.offset + len(last.text)]

    # --- values ---

    def value(self) -> Expression:
        """A literal, a path or a range."""
        self.depth += 1
        if self.depth > MAX_EXPRESSION_DEPTH:
            self.refuse(f"brackets are nested deeper than {MAX_EXPRESSION_DEPTH}")
        found = self._value()
        self.depth -= 1
        return found

    def _value(self) -> Expression:
        place, word = self.place(), self.word
        if word.kind == "string":
            self.take()
            return Literal(word.text[1:-1], place)
        if word.kind == "number":
            return self._number(place)
        if word.kind == "(":
            return self._range(place)
        if word.kind == "[" or (word.kind == "id" and word.text != "contains"):
            return self._path(place)
        return self.refuse(f"expected a value, found {self._found()}", "give a name, a number or a quoted text")

    def _number(self, place: Place) -> Expression:
        word = self.take()
        if len(word.text) > MAX_NUMBER_CHARACTERS:
            raise self.source.error("this number is too long", place)
        return Literal(float(word.text) if "." in word.text else int(word.text), place)

    def _range(self, place: Place) -> Expression:
        self.expect("(")
        start = self.value()
        self.expect("dots")
        end = self.value()
        self.expect(")")
        return Range(start, end, place)

    def _path(self, place: Place) -> Expression:
        start = self.position
        root: str | Expression
        if self.word.kind == "[":
            self.take()
            root = self._bracketed()
        else:
            root = self.take().text
        steps = self._steps()
        if not steps and isinstance(root, str) and root in LITERALS and self.words[start].kind == "id":
            return Literal(LITERALS[root], place)
        return self.roots.path(root, steps, self.text_from(start), place)

    def _bracketed(self) -> Expression:
        inner = self.value()
        self.expect("]")
        return inner

    def _steps(self) -> tuple[Expression, ...]:
        steps: list[Expression] = []
        while self.word.kind in (".", "["):
            if len(steps) >= MAX_PATH_STEPS:
                self.refuse(f"a path has more than {MAX_PATH_STEPS} steps")
            place = self.place()
            if self.take().kind == "[":
                steps.append(Index(self._bracketed(), place))
                continue
            steps.append(Literal(self.expect("id").text, place))
        return tuple(steps)

    # --- filters ---

    def filtered(self) -> Expression:
        """A value and the filters applied to it; nothing at all is nil."""
        if self.word.kind == "end":
            return Literal(None, self.place())
        found = self.value()
        count = 0
        while self.accept("|"):
            count += 1
            if count > MAX_CHAIN:
                self.refuse("too many filters in one place", "split them with assign")
            found = self._filter(found)
        return found

    def _filter(self, target: Expression) -> Expression:
        place = self.place()
        name = self.expect("id").text
        arguments, options = self._arguments() if self.accept(":") else ((), ())
        return FilterCall(target, name, arguments, options, place)

    def _arguments(self) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...]]:
        arguments: list[Expression] = []
        options: list[tuple[str, Expression]] = []
        while True:
            if self.word.kind == "id" and self.words[self.position + 1].kind == ":":
                name = self.take().text
                self.take()
                options.append((name, self.value()))
            elif self.word.kind not in ("end", "|"):
                arguments.append(self.value())
            if not self.accept(","):
                return tuple(arguments), tuple(options)
            if self.word.kind in ("end", "|"):
                return tuple(arguments), tuple(options)

    # --- conditions ---

    def condition(self) -> Expression:
        """Comparisons joined by and/or, which group from the right as in Liquid."""
        terms: list[Expression] = [self._comparison()]
        operators: list[tuple[str, Place]] = []
        while self.word.kind == "id" and self.word.text in ("and", "or"):
            operators.append((self.word.text, self.place()))
            self.take()
            terms.append(self._comparison())
        self._refuse_alternations(operators)
        found = terms.pop()
        for operator, place in reversed(operators):
            found = Logic(terms.pop(), operator, found, place)
        return found

    def _refuse_alternations(self, operators: list[tuple[str, Place]]) -> None:
        changes = sum(one[0] != other[0] for one, other in pairwise(operators))
        if changes > MAX_EXPRESSION_DEPTH or len(operators) > MAX_CHAIN:
            self.refuse("this condition is too long", "split it with assign, or use case")

    def _comparison(self) -> Expression:
        left = self.value()
        place = self.place()
        operator = self._operator()
        if operator is None:
            return left
        right = self.value()
        return Comparison(left, operator, right, place)

    def _operator(self) -> str | None:
        if self.word.kind == "compare":
            text = self.take().text
            return "!=" if text == "<>" else text
        if self.word.kind == "id" and self.word.text == "contains":
            return self.take().text
        if self.word.kind == "id" and self.word.text not in ("and", "or"):
            self.refuse(f"unknown operator `{self.word.text}`", "use == != < > <= >= or contains")
        if self.word.kind == "=":
            self.refuse("`=` does not compare", "use `==`")
        return None

    # --- tag arguments ---

    def named(self, known: tuple[str, ...] | None) -> dict[str, Expression]:
        """`name: value` pairs, with or without commas. Raises TemplateError for names that are not known."""
        found: dict[str, Expression] = {}
        while True:
            self.accept(",")
            if self.word.kind != "id" or self.words[self.position + 1].kind != ":":
                return found
            if known is not None and self.word.text not in known:
                self.refuse(f"unknown argument `{self.word.text}`", f"known here: {', '.join(known)}")
            name = self.take().text
            self.take()
            found[name] = self.value()
