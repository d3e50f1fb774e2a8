"""Where in HTML a piece of template text is: between tags, in one, in an attribute, a comment, a script.

A small walk over text that may be cut anywhere, because template tags stand in between. It is not a parser: it
answers two questions, whether a quote mark could end an attribute here, and where a line may be broken.
"""

from __future__ import annotations

_WHITE = " \t\n\r\f"
_VERBATIM = frozenset({"script", "style", "textarea", "title", "pre", "xmp", "listing", "plaintext"})
_MAX_NAME_CHARACTERS = 20  # of a tag; the names we look for are shorter


class HtmlPlace:
    """The place after all text fed so far."""

    __slots__ = ("name", "quote", "state", "tail", "verbatim")

    def __init__(self) -> None:
        self.state = "text"  # text, name, tag, value, comment
        self.quote = ""
        self.name = ""
        self.tail = ""  # the last characters of a comment
        self.verbatim = ""  # the element whose white space or text is kept as it is

    @property
    def is_in_tag(self) -> bool:
        """Whether a value written here is inside a tag, where an apostrophe could end an attribute."""
        return self.state != "text" or self.verbatim in ("script", "style")

    def feed(self, text: str) -> list[int]:
        """Goes over a text; gives the positions of single white space characters that may become a line end."""
        breaks: list[int] = []
        for at, character in enumerate(text):
            if character in _WHITE and (self.state == "tag" or (self.state == "text" and not self.verbatim)):
                breaks.append(at)
            _STEPS[self.state](self, character)
        return breaks

    def _text(self, character: str) -> None:
        if character == "<":
            self.state, self.name = "name", ""

    def _tag_name(self, character: str) -> None:
        if character == ">":
            self._close()
        elif character in _WHITE:
            self.state = "tag" if self.name.strip("/") else "text"
        elif not self.name and not (character.isalpha() or character in "/!?"):
            self.state = "text"
            self._text(character)
        else:
            self.name = (self.name + character)[:_MAX_NAME_CHARACTERS]
            if self.name == "!--":
                self.state, self.tail = "comment", ""

    def _tag(self, character: str) -> None:
        if character == ">":
            self._close()
        elif character in "\"'":
            self.state, self.quote = "value", character

    def _value(self, character: str) -> None:
        if character == self.quote:
            self.state = "tag"

    def _comment(self, character: str) -> None:
        self.tail = (self.tail + character)[-3:]
        if self.tail == "-->":
            self.state = "text"

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
