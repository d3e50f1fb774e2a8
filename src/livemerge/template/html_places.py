"""Where in HTML a piece of template text is: between tags, in one, in an attribute, a comment, a script.

A small walk over text that may be cut anywhere, because template tags stand in between. It is not a parser: it
answers whether a quote mark could end an attribute here, where a line may be broken, and what a browser takes a
value for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from livemerge.template.nodes import Block, Capture, Cycle, Output, Place, Text
from livemerge.template.walk import blocks_of

_WHITE = re.compile(r"[ \t\n\r\f]")
_NAME = re.compile(r"[^> \t\n\r\f]+")
_TAG_MARK = re.compile("[>\"']")
_VERBATIM = frozenset({"script", "style", "textarea", "title", "pre", "xmp", "listing", "plaintext"})
_MAX_NAME_CHARACTERS = 20  # of a tag; the names we look for are shorter
_MAX_KEPT = 400  # characters of a tag and of an attribute's value that are looked back at
_VALUE = "\0"  # stands for a value written into a tag
_ATTRIBUTE = re.compile(r"""([^\s=/>"'<]{1,50})\s{0,20}=\s{0,20}\Z""")
_UNQUOTED = re.compile(r"""([^\s=/>"'<]{1,50})\s{0,20}=\s{0,20}[^\s>"']{0,300}\Z""")
_URLS = frozenset(
    {"href", "src", "action", "formaction", "background", "cite", "longdesc", "poster", "data", "ping", "xlink:href"}
)


class HtmlPlace:
    """The place after all text fed so far."""

    __slots__ = ("breaks", "head", "keeps_breaks", "name", "quote", "state", "tail", "value", "verbatim")

    def __init__(self, *, keeps_breaks: bool = True) -> None:
        self.keeps_breaks = keeps_breaks
        self.state = "text"  # text, name, tag, value, comment
        self.quote = ""
        self.name = ""
        self.tail = ""  # the last characters of a comment
        self.verbatim = ""  # the element whose white space or text is kept as it is
        self.breaks: list[int] = []
        self.head = ""  # the last characters of a tag, up to the value it is in
        self.value = ""  # the last characters of an attribute's quoted value so far

    def copy(self) -> HtmlPlace:
        """The same place, to go another way from."""
        other = HtmlPlace()
        for name in HtmlPlace.__slots__:
            setattr(other, name, getattr(self, name))
        return other

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

    def feed_value(self) -> None:
        """A value is written here, whatever it is."""
        if self.state == "value":
            self.value = (self.value + _VALUE)[-_MAX_KEPT:]
        elif self.state in ("name", "tag"):
            self.head = (self.head + _VALUE)[-_MAX_KEPT:]

    @property
    def spot(self) -> str:
        """What a browser takes a value here for, one of SPOTS; empty where escaping makes it plain text."""
        if self.state == "text":
            return self.verbatim if self.verbatim in ("script", "style") else ""
        if self.state == "comment":
            return "" if self.value.startswith("[if") else "comment"  # Outlook reads what is in `<!--[if mso]>`
        if self.state == "value":
            named = _ATTRIBUTE.search(self.head)
            return self._spot_in(named[1].lower() if named else "", self.value)
        found = _UNQUOTED.search(self.head)
        return "handler" if found and found[1].lower().startswith("on") else "unquoted"

    def _spot_in(self, attribute: str, value: str) -> str:
        if attribute.startswith("on"):
            return "handler"
        if attribute in ("style", "srcdoc"):
            return attribute
        if attribute == "content" and self.name.lower() == "meta":
            return "refresh" if "refresh" in self.head.lower() else ""
        if attribute not in _URLS:
            return ""
        if not value.strip():
            return "address"
        return "query" if "?" in value or "#" in value else "path"

    def _spaces(self, text: str, start: int, end: int) -> None:
        if self.keeps_breaks:
            self.breaks += (found.start() for found in _WHITE.finditer(text, start, end))

    def _text(self, text: str, at: int) -> int:
        end = text.find("<", at)
        if not self.verbatim:
            self._spaces(text, at, end if end >= 0 else len(text))
        if end < 0:
            return len(text)
        self.state, self.name, self.head = "name", "", ""
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
            # One by one while this may become a comment, which needs no white space behind its `!--`.
            rest = _NAME.match(text, at) if self.name.strip("!-") else None
            end = rest.end() if rest else at + 1
            self.name = (self.name + text[at:end])[:_MAX_NAME_CHARACTERS]
            if self.name == "!--":
                self.state, self.tail, self.value = "comment", "", ""
            return end
        return at + 1

    def _tag(self, text: str, at: int) -> int:
        found = _TAG_MARK.search(text, at)
        end = found.start() if found else len(text)
        self._spaces(text, at, end)
        self.head = (self.head + text[at:end])[-_MAX_KEPT:]
        if found is None:
            return len(text)
        if found[0] == ">":
            self._close()
        else:
            self.state, self.quote, self.value = "value", found[0], ""
        return found.end()

    def _value(self, text: str, at: int) -> int:
        end = text.find(self.quote, at)
        self.value = (self.value + text[at : end if end >= 0 else len(text)])[-_MAX_KEPT:]
        if end < 0:
            return len(text)
        self.state = "tag"
        self.head = f"{self.head}{self.quote}{self.value}{self.quote}"[-_MAX_KEPT:]
        return end + 1

    def _comment(self, text: str, at: int) -> int:
        self.value = self.value or text[at : at + _MAX_KEPT].lstrip()
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


SPOTS: Final = frozenset(
    {"script", "style", "comment", "handler", "srcdoc", "refresh", "unquoted", "address", "query", "path"}
)
"""Where a value is more than text: code, an address, a part of a tag."""


def spots_by_place(block: Block) -> dict[Place, str]:
    """The spots of values that are more than text, by their places in the template."""
    return {output.place: spot for output, spot in spots_in(block) if spot}


def spots_in(block: Block) -> Iterator[tuple[Output | Cycle, str]]:
    """Every value that is written, with its spot."""
    return _spots(block, HtmlPlace(keeps_breaks=False))


def _spots(block: Block, html: HtmlPlace) -> Iterator[tuple[Output | Cycle, str]]:
    """Each way of a choice begins where the choice does; what follows it goes on from the end of the first."""
    for statement in block:
        if isinstance(statement, Text):
            html.feed(statement.text)
        elif isinstance(statement, Output | Cycle):
            yield statement, html.spot
            html.feed_value()
        elif isinstance(statement, Capture):
            yield from _spots(statement.body, HtmlPlace(keeps_breaks=False))
        else:
            start = html.copy()
            for at, inner in enumerate(blocks_of(statement)):
                yield from _spots(inner, html if at == 0 else start.copy())
