"""The text part of a message, derived from its HTML: template to template, or rendered HTML to text.

Template tags are hidden behind private characters, the HTML is walked once, and the tags are put back in the order
they came in. Heads, styles, scripts, comments and hidden elements go; blocks end lines; links show their address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from livemerge.errors import TemplateError
from livemerge.template.html_events import EndTag, StartTag, html_events

_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: no mail means anything by them
_MASK = re.compile(f"{_OPEN}([0-9]{{1,7}}){_CLOSE}")

_DROPPED = frozenset({"head", "style", "script", "title", "template", "noscript", "svg", "object"})
_VOID = frozenset({"br", "img", "hr", "input", "meta", "link", "area", "base", "col", "embed", "source", "wbr"})
_BLOCKS = frozenset(
    {"div", "tr", "li", "dt", "dd", "header", "footer", "section", "article", "address", "center", "form", "nav"}
    | {"caption", "thead", "tbody", "tfoot", "body", "main", "figure", "figcaption"}
)
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre", "hr"})
_NOT_SHOWN = ("#", "mailto:", "tel:", "sms:", "javascript:")


@dataclass(frozen=True, slots=True)
class TagSpan:
    """A template tag's place in a source. `is_visible`: it writes something where it stands."""

    start: int
    end: int
    is_visible: bool
    is_kept: bool = False  # it stays in the text where the markup around it is dropped


Spans = Callable[[str], Iterator[TagSpan]]


def text_template(html: str, spans: Spans, guard: Callable[[str], str], paragraphs: Collection[str] = ()) -> str:
    """A text template from an HTML template. `guard` keeps plain text that looks like a tag from being one.

    `paragraphs`: names of included templates that stand on lines of their own.
    """
    html = html.replace(_OPEN, "").replace(_CLOSE, "")
    named = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, paragraphs))})(?![\w.-])")
    tags: list[tuple[str, bool]] = []
    kept: set[int] = set()
    apart: set[int] = set()
    pieces: list[str] = []
    at = 0
    for span in spans(html):
        pieces += (html[at : span.start], f"{_OPEN}{len(tags)}{_CLOSE}")
        if span.is_kept:
            kept.add(len(tags))
        if span.is_visible and paragraphs and named.search(html, span.start, span.end):
            apart.add(len(tags))
        tags.append((html[span.start : span.end], span.is_visible))
        at = span.end
    walk = _Walk([is_visible for _, is_visible in tags], frozenset(kept), frozenset(apart))
    walk.feed("".join((*pieces, html[at:])))
    found = _MASK.split(walk.text())
    if not kept <= {int(piece) for piece in found[1::2]}:
        raise TemplateError("code stands where text has no place for it", advice="move it out of comments and tags")
    return "".join(tags[int(piece)][0] if at % 2 else guard(piece) for at, piece in enumerate(found))


def is_paragraph(html: str, spans: Spans) -> bool:
    """Whether an HTML template begins with an element that stands on lines of its own."""
    at, pieces = 0, list[str]()
    for span in spans(html):
        pieces.append(html[at : span.start])
        at = span.end
    found = next((each for each in html_events("".join((*pieces, html[at:]))) if not _is_blank(each)), None)
    return isinstance(found, StartTag) and found.name in _PARAGRAPHS | _BLOCKS


def _is_blank(event: object) -> bool:
    return isinstance(event, str) and not event.strip()


def text_of_html(html: str) -> str:
    """Text from finished HTML."""
    walk = _Walk([])
    walk.feed(html.replace(_OPEN, "").replace(_CLOSE, ""))
    return walk.text()


class _Walk:
    """Writes text while HTML goes by. Template tags pass through as masks, also inside links and images."""

    def __init__(
        self, visible: list[bool], kept: frozenset[int] = frozenset(), apart: frozenset[int] = frozenset()
    ) -> None:
        self.visible = visible
        self.kept = kept
        self.apart = apart  # on lines of their own
        self.pieces: list[str] = []
        self.line_ends = 2  # line ends at the end of what is written
        self.has_space = False  # white space is due before the next word
        self.dropped: list[str] = []  # open elements whose content is not shown
        self.links: list[tuple[str, int]] = []  # address, pieces before its text

    def text(self) -> str:
        """What was written, with one line end behind it unless a tag that ends a line stands there."""
        text = "".join(self.pieces).rstrip()
        is_tag = text.endswith(_CLOSE) and not self.visible[int(text[text.rfind(_OPEN) + 1 : -1])]
        return text if is_tag and self.line_ends else f"{text}\n"

    def feed(self, html: str) -> None:
        """Writes the text of a whole document."""
        for event in html_events(html):
            if isinstance(event, StartTag):
                self.start(event.name, event.attributes)
            elif isinstance(event, EndTag):
                self.end(event.name)
            elif not self.dropped:
                self.words(event)
            elif self.kept:
                self.pieces += (mask[0] for mask in _MASK.finditer(event) if int(mask[1]) in self.kept)

    # --- tags ---

    def start(self, tag: str, given: Mapping[str, str]) -> None:
        if self.dropped or tag in _DROPPED or _is_hidden(given):
            if tag not in _VOID and (not self.dropped or tag == self.dropped[0]):
                self.dropped.append(tag)
            return
        self.separate(tag)
        if tag == "br":
            self.end_line(1, again=True)
        elif tag == "li":
            self.write("* ")
        elif tag == "hr":
            self.write("---")
            self.end_line(2)
        elif tag == "img":
            self.words(given.get("alt", ""))
        elif tag == "a":
            self.links.append((given.get("href", "").strip(), len(self.pieces)))

    def end(self, tag: str) -> None:
        if self.dropped:
            if tag == self.dropped[-1]:
                self.dropped.pop()
            return
        if tag == "a" and self.links:
            self.end_link(*self.links.pop())
        if tag in ("td", "th"):
            self.has_space = True
        self.separate(tag)

    # --- writing ---

    def separate(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self.end_line(2)
        elif tag in _BLOCKS:
            self.end_line(1)

    def end_line(self, count: int, *, again: bool = False) -> None:
        """Ends the line; `again` also where it is empty already."""
        self.has_space = False
        missing = max(count - self.line_ends, 0)
        if again and self.line_ends < 2:
            missing = 1
        if missing:
            self.pieces.append("\n" * missing)
            self.line_ends += missing

    def words(self, data: str) -> None:
        """Text with its white space collapsed; masks go where they stand."""
        at = 0
        for found in _MASK.finditer(data):
            self.collapsed(data[at : found.start()])
            self.mask(found)
            at = found.end()
        self.collapsed(data[at:])

    def collapsed(self, text: str) -> None:
        words = text.split()
        if not words:
            self.has_space = self.has_space or bool(text)
            return
        if text[0].isspace():
            self.has_space = True
        self.write(" ".join(words))
        self.has_space = text[-1].isspace()

    def mask(self, found: re.Match[str]) -> None:
        if int(found[1]) in self.apart:
            self.end_line(2)
            self.write(found[0])
            self.end_line(2)
            return
        if self.visible[int(found[1])]:
            self.write(found[0])
            return
        self.space()
        self.pieces.append(found[0])

    def space(self) -> None:
        if self.has_space and not self.line_ends:
            self.pieces.append(" ")
        self.has_space = False

    def write(self, text: str) -> None:
        self.space()
        self.pieces.append(text)
        self.line_ends = 0

    def end_link(self, address: str, before: int) -> None:
        """Adds a link's address behind its text, unless it is its text or cannot be opened from text."""
        text = "".join(self.pieces[before:]).strip()
        if address and text and text != address and not address.lower().startswith(_NOT_SHOWN):
            space, self.has_space = self.has_space, True
            self.words(f"({address})")
            self.has_space = space


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    style = "".join(attributes.get("style", "").lower().split())
    return "display:none" in style or "hidden" in attributes
