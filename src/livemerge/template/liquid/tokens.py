"""Liquid text cut into template text, `{{ outputs }}` and `{% tags %}`, with white space control applied."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from livemerge.template.filters.text import WHITE
from livemerge.template.findings import Source


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a template. `kind` is text, output or tag; `offset` is where `markup` starts in the source."""

    kind: str
    name: str  # of a tag, else empty
    markup: str
    offset: int
    start: int  # where the whole token starts


_TAG_NAME = re.compile(r"\s*(#|\w+)")
_ENDS = {name: re.compile(rf"\{{%-?\s{{0,100}}{name}\b[^%]{{0,100}}%\}}") for name in ("endraw", "enddoc")}
_LINE = re.compile(r"[^\n]*")


def end_of_markup(text: str, start: int) -> int:
    """Where the markup that opens at `start` closes: at the next `}}` or `%}`, -1 for nowhere."""
    return text.find("}}" if text[start + 1] == "{" else "%}", start + 2)


class TemplateTokens:
    """The tokens of a whole template, read one after the other. `end_of` says where what opens at a place closes."""

    def __init__(self, source: Source, end_of: Callable[[str, int], int] = end_of_markup) -> None:
        self.source = source
        self.end_of = end_of
        self.at = 0
        self.trims = False  # the token before ended with -

    def next(self) -> Token | None:
        """The next token, None at the end. Raises TemplateError for one that is not closed."""
        text = self.source.text
        while self.at < len(text):
            start = self._opening()
            if start > self.at:
                token = self._text(start)
                if token is not None:
                    return token
                continue
            return self._markup(start)
        return None

    def _opening(self) -> int:
        """Where the next `{{` or `{%` starts; the end of the text where there is none."""
        text, at = self.source.text, self.at
        while (at := text.find("{", at)) >= 0:
            if text[at + 1 : at + 2] in ("{", "%"):
                return at
            at += 1
        return len(text)

    def _text(self, end: int) -> Token | None:
        text = self.source.text
        start, self.at = self.at, end
        piece = text[start:end]
        if text.startswith("-", end + 2):
            piece = piece.rstrip(WHITE)
        if self.trims:
            kept = piece.lstrip(WHITE)
            start += len(piece) - len(kept)
            piece = kept
        self.trims = False
        return Token("text", "", piece, start, start) if piece else None

    def _markup(self, start: int) -> Token:
        text = self.source.text
        closing = "}}" if text[start + 1] == "{" else "%}"
        end = self.end_of(text, start)
        if end < 0:
            raise self.source.error(
                f"`{text[start : start + 2]}` is not closed", self.source.place(start), f"close it with `{closing}`"
            )
        self.at = end + 2
        inner = start + 2 + (text[start + 2] == "-")
        self.trims = text[end - 1] == "-" and end - 1 >= inner
        markup = text[inner : end - 1 if self.trims else end]
        if closing == "}}":
            return Token("output", "", markup, inner, start)
        return _tag(markup, inner, start)

    def raw(self, end: str = "endraw") -> Token | None:
        """The text up to a closing tag, as it is; None where it does not come."""
        found = _ENDS[end].search(self.source.text, self.at)
        if found is None:
            return None
        start, self.at = self.at, found.end()
        self.trims = found[0].endswith("-%}")
        return Token("text", "", self.source.text[start : found.start()], start, start)


class LineTokens:
    """The tokens of a `{% liquid %}` tag: each line is a tag."""

    def __init__(self, source: Source, offset: int, end: int) -> None:
        self.source = source
        self.at = offset
        self.end = end

    def next(self) -> Token | None:
        """The next line that is not empty as a tag, None at the end."""
        while self.at < self.end:
            found = _LINE.match(self.source.text, self.at, self.end)
            start, self.at = self.at, (found.end() if found else self.end) + 1
            markup = self.source.text[start : min(self.at - 1, self.end)]
            if markup.strip(WHITE):
                return _tag(markup, start, start)
        return None

    def raw(self, end: str = "endraw") -> Token | None:
        """The lines up to a closing one."""
        start = self.at
        while (token := self.next()) is not None:
            if token.name == end:
                return Token("text", "", self.source.text[start : token.start], start, start)
        return None


Tokens = TemplateTokens | LineTokens


def _tag(markup: str, offset: int, start: int) -> Token:
    found = _TAG_NAME.match(markup)
    if found is None:
        return Token("tag", "", markup, offset, start)
    rest = markup[found.end() :]
    kept = rest.lstrip(WHITE)
    return Token("tag", found[1], kept.rstrip(WHITE), offset + len(markup) - len(kept), start)
