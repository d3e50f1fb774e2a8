"""Jinja text cut into template text, `{{ outputs }}` and `{% tags %}`, their words read and white space controlled.

Words are read from left to right, so that a `}}` in a text or in a dict does not end an output.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from livemerge.errors import TemplateError
from livemerge.template.findings import Source
from livemerge.template.jinja.escapes import unescaped
from livemerge.template.limits import MAX_WORDS

_OPENING = re.compile(r"\{[{%#][-+]?")
_RAW = re.compile(r"\{%[-+]?\s*raw\s*(-?)%\}")
_END_RAW = re.compile(r"\{%([-+]?)\s*endraw\s*([-+]?)%\}")
_END_COMMENT = re.compile(r"([-+]?)#\}")
_CLOSINGS = {"{{": re.compile(r"(-?)\}\}"), "{%": re.compile(r"([-+]?)%\}")}
_SPACE = re.compile(r"\s*")
_NEW_LINE = re.compile(r"\r\n|\r|\n")
_WORD = re.compile(
    r"""(?P<float>(?<!\.)[0-9](?:_?[0-9])*(?:(?:\.[0-9](?:_?[0-9])*)?[eE][+-]?[0-9](?:_?[0-9])*|\.[0-9](?:_?[0-9])*))"""
    r"""|(?P<integer>0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?[0-9])*|0(?:_?0)*)"""
    r"""|(?P<name>\w+)"""
    r"""|(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|(?P<mark>\*\*|//|==|!=|>=|<=|[-+/*%~\[\](){}><=.:|,;])""",
    re.DOTALL,
)
_BRACKETS = {")": "(", "]": "[", "}": "{"}
MAX_NUMBER_CHARACTERS = 400  # longer ones are no numbers of this world, and slow to read


@dataclass(frozen=True, slots=True)
class Word:
    """One lexical unit of code. `kind` of marks is their text; `value` is what a text or number stands for."""

    kind: str  # name, string, integer, float, end, or a mark
    text: str
    offset: int  # in the source
    value: object = None


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a template: `kind` is text, output or tag. Code has words, the last of them an end."""

    kind: str
    offset: int
    text: str = ""
    words: tuple[Word, ...] = ()


class Pieces:
    """The pieces of a template, read one after the other."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.end = len(source.text) - _last_line_end(source.text)
        self.trims = False  # the piece before ended with -

    def next(self) -> Piece | None:
        """The next piece, None at the end. Raises TemplateError for one that is not closed."""
        while self.at < self.end:
            found = _OPENING.search(self.text, self.at, self.end)
            start = found.start() if found else self.end
            piece = self._static(start, is_trimmed=found is not None and found[0].endswith("-"))
            if piece is not None:
                return piece
            if found is not None and (piece := self._opened(found)) is not None:
                return piece
        return None

    def _static(self, end: int, *, is_trimmed: bool) -> Piece | None:
        """Template text up to an opening, without the white space that marks take away."""
        start, self.at = self.at, end
        if self.trims:
            start = _space_end(self.text, start, end)
        self.trims = False
        text = self.text[start:end]
        kept = _NEW_LINE.sub("\n", text.rstrip() if is_trimmed else text)
        return Piece("text", start, kept) if kept else None

    def _opened(self, found: re.Match[str]) -> Piece | None:
        """What an opening begins; comments are nothing."""
        raw = _RAW.match(self.text, found.start(), self.end)
        if raw is not None:
            return self._raw(raw)
        if found[0].startswith("{#"):
            self._comment(found)
            return None
        return self._code(found)

    def _comment(self, opening: re.Match[str]) -> None:
        found = _END_COMMENT.search(self.text, opening.end(), self.end)
        if found is None:
            raise self.error("`{#` is not closed", opening.start(), "close it with `#}`")
        self.at, self.trims = found.end(), found[1] == "-"

    def _raw(self, opening: re.Match[str]) -> Piece | None:
        found = _END_RAW.search(self.text, opening.end(), self.end)
        if found is None:
            raise self.error("`raw` is never closed", opening.start(), "close it with `endraw`")
        self.at, self.trims = opening.end(), opening[1] == "-"
        piece = self._static(found.start(), is_trimmed=found[1] == "-")
        self.at, self.trims = found.end(), found[2] == "-"
        return piece

    def _code(self, opening: re.Match[str]) -> Piece:
        kind = opening[0][:2]
        words, at = self._words(opening.end(), _CLOSINGS[kind], opening)
        self.at = at
        return Piece("output" if kind == "{{" else "tag", opening.start(), words=words)

    # --- words ---

    def _words(self, at: int, closing: re.Pattern[str], opening: re.Match[str]) -> tuple[tuple[Word, ...], int]:
        """The words of a piece of code, and where it ends."""
        words: list[Word] = []
        brackets: list[str] = []
        while (at := _space_end(self.text, at, self.end)) < self.end:
            found = None if brackets else closing.match(self.text, at, self.end)
            if found is not None:
                self.trims = found[1] == "-"
                return (*words, Word("end", "", at)), found.end()
            word = self._word(at)
            self._balance(word, brackets)
            words.append(word)
            at += len(word.text)
            if len(words) > MAX_WORDS:
                what = f"this tag has more than {MAX_WORDS} words and signs"
                raise self.error(what, opening.start(), "close it, or split it")
        mark = opening[0][:2]
        raise self.error(
            f"`{mark}` is not closed", opening.start(), f"close it with `{'}}' if mark == '{{' else '%}'}`"
        )

    def _word(self, at: int) -> Word:
        found = _WORD.match(self.text, at, self.end)
        if found is None:
            what = "this text is not closed" if self.text[at] in "'\"" else f"`{self.text[at]}` means nothing here"
            raise self.error(what, at, "close it with the same quote" if self.text[at] in "'\"" else "remove it")
        kind = found.lastgroup or ""
        text = found[0]
        if kind == "mark":
            return Word(text, text, at)
        if kind == "name":
            if not text.isidentifier():
                raise self.error(f"`{text[:40]}` is no name", at, "names are letters, digits and _")
            return Word(kind, text, at)
        return Word(kind, text, at, self._value(kind, text, at))

    def _value(self, kind: str, text: str, at: int) -> object:
        if kind == "string":
            try:
                return unescaped(_NEW_LINE.sub("\n", text[1:-1]))
            except ValueError as error:
                raise self.error(f"this text cannot be read: {error}", at, "write a backslash twice") from None
        if len(text) > MAX_NUMBER_CHARACTERS:
            raise self.error("this number is too long", at)
        plain = text.replace("_", "")
        return float(plain) if kind == "float" else int(plain, 0)

    def _balance(self, word: Word, brackets: list[str]) -> None:
        """Remembers open brackets; a `}}` inside of them ends nothing."""
        if word.kind in ("(", "[", "{"):
            brackets.append(word.kind)
        elif word.kind in _BRACKETS and (not brackets or brackets.pop() != _BRACKETS[word.kind]):
            raise self.error(f"`{word.text}` closes nothing", word.offset, "check the brackets before it")

    def error(self, what: str, offset: int, advice: str = "") -> TemplateError:
        return self.source.error(what, self.source.place(offset), advice)


def _last_line_end(text: str) -> int:
    """How long the line end is that the template ends with: Jinja takes one away."""
    return 2 if text.endswith("\r\n") else int(text.endswith(("\n", "\r")))


def _space_end(text: str, start: int, end: int) -> int:
    found = _SPACE.match(text, start, end)
    return found.end() if found else start
