"""Where in HTML a piece of template text is: between tags, in one, in an attribute, a comment, a script.

A small walk over text that may be cut anywhere, because template tags stand in between. It is not a parser: it
answers whether a quote mark could end an attribute here, and where a line may be broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from livemerge.template.nodes import Block, Literal, Output, Text
from livemerge.template.walk import statements_in

_WHITE = re.compile(r"[ \t\n\r\f]")
_TAG_MARK = re.compile("[>\"']")
_VERBATIM = frozenset({"script", "style", "textarea", "title", "pre", "xmp", "listing", "plaintext"})
_MAX_NAME_CHARACTERS = 20  # of a tag; the names we look for are shorter


class HtmlPlace:
    """The place after all text fed so far."""

    __slots__ = ("breaks", "name", "quote", "state", "tail", "verbatim")

    def __init__(self) -> None:
        self.state = "text"  # text, name, tag, value, comment
        self.quote = ""
        self.name = ""
        self.tail = ""  # the last characters of a comment
        self.verbatim = ""  # the element whose white space or text is kept as it is
        self.breaks: list[int] = []

    @property
    def is_in_tag(self) -> bool:
        """Whether a value written here is inside a tag, where an apostrophe could end an attribute."""
        return self.state != "text" or self.verbatim in ("script", "style")

    @property
    def is_outside_quotes(self) -> bool:
        """Whether a value written here stands in a tag without quotes around it."""
        return self.state in ("name", "tag")

    def feed(self, text: str) -> list[int]:
        """Goes over a text; gives the positions of white space characters that may become a line end."""
        self.breaks = []
        at = 0
        while at < len(text):
            at = _STEPS[self.state](self, text, at)
        return self.breaks

    def _spaces(self, text: str, start: int, end: int) -> None:
        self.breaks += (found.start() for found in _WHITE.finditer(text, start, end))

    def _text(self, text: str, at: int) -> int:
        end = text.find("<", at)
        if not self.verbatim:
            self._spaces(text, at, end if end >= 0 else len(text))
        if end < 0:
            return len(text)
        self.state, self.name = "name", ""
        return end + 1

    def _tag_name(self, text: str, at: int) -> int:
        character = text[at]
        if character == ">":
            self._close()
        elif character in " \t\n\r\f":
            self.state = "tag" if self.name.strip("/") else "text"
            return at
        elif not self.name and not (character.isalpha() or character in "/!?"):
            self.state = "text"
            return at
        else:
            self.name = (self.name + character)[:_MAX_NAME_CHARACTERS]
            if self.name == "!--":
                self.state, self.tail = "comment", ""
        return at + 1

    def _tag(self, text: str, at: int) -> int:
        found = _TAG_MARK.search(text, at)
        self._spaces(text, at, found.start() if found else len(text))
        if found is None:
            return len(text)
        if found[0] == ">":
            self._close()
        else:
            self.state, self.quote = "value", found[0]
        return found.end()

    def _value(self, text: str, at: int) -> int:
        end = text.find(self.quote, at)
        if end < 0:
            return len(text)
        self.state = "tag"
        return end + 1

    def _comment(self, text: str, at: int) -> int:
        end = (self.tail + text[at:]).find("-->")
        if end < 0:
            self.tail = (self.tail + text[at:])[-2:]
            return len(text)
        self.state = "text"
        return at + end + 3 - len(self.tail)

    def _close(self) -> None:
        """A tag ends; script, style, pre and their like begin or end with theirs."""
        name = self.name.lower()
        self.state = "text"
        if not self.verbatim and name in _VERBATIM:
            self.verbatim = name
        elif self.verbatim and name == f"/{self.verbatim}":
            self.verbatim = ""


_STEPS = {
    "text": HtmlPlace._text,
    "name": HtmlPlace._tag_name,
    "tag": HtmlPlace._tag,
    "value": HtmlPlace._value,
    "comment": HtmlPlace._comment,
}


def values_outside_quotes(block: Block) -> Iterator[Output]:
    """Values that stand in a tag without quotes around them: white space in one would begin another attribute."""
    html = HtmlPlace()
    for statement in statements_in(block):
        if isinstance(statement, Text):
            html.feed(statement.text)
        elif isinstance(statement, Output) and html.is_outside_quotes and not isinstance(statement.value, Literal):
            yield statement
