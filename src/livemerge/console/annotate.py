"""A traced mail → the same mail with its values marked, for pointing at.

A value that readers see as text is put into an element of its own, `<lm-value data-lm="3">`. One that stands in an
attribute marks its tag, `data-lm-in="4 5"`. Values in styles, comments and scripts are left alone: a mark there would
change the mail. Nothing else of the mail is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from livemerge.console.html_regions import Piece, Region, regions
from livemerge.template import Trace, TracedValue


@dataclass(frozen=True, slots=True)
class Spot:
    """One place of the mail where a value stands. `number` names it in the marked HTML."""

    number: int
    value: TracedValue
    text: str  # as it stands in the mail
    place: str  # for people: "text", "attribute of <img>", "style", …
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Annotated:
    """The marked HTML and its places, in the mail's order."""

    html: str
    spots: tuple[Spot, ...]


def annotate(trace: Trace) -> Annotated:
    """The trace's HTML, marked."""
    spots: list[Spot] = []
    marks: list[tuple[int, str]] = []
    for piece, values in _by_piece(trace):
        found = [_spot(len(spots) + n, trace.text, value, piece) for n, value in enumerate(values)]
        spots += found
        marks += _marks(piece, [spot for spot in found if spot.is_marked])
    return Annotated(_with_marks(trace.text, marks), tuple(spots))


def _by_piece(trace: Trace) -> Iterator[tuple[Piece, list[TracedValue]]]:
    """Each region that values begin in, with those values."""
    values = sorted(trace.values, key=lambda value: (value.start, value.end))
    at = 0
    for piece in regions(trace.text):
        begins = at
        while at < len(values) and values[at].start < piece.end:
            at += 1
        if begins < at:
            yield piece, values[begins:at]
    if at < len(values):  # empty ones behind the last character
        end = len(trace.text)
        yield Piece(end, end, Region.TEXT), values[at:]


def _spot(number: int, text: str, value: TracedValue, piece: Piece) -> Spot:
    shown = text[value.start : value.end]
    is_inside = piece.start <= value.start and value.end <= piece.end
    return Spot(number, value, shown, _place(piece, is_inside), is_inside and _can_mark(piece, value, shown))


def _place(piece: Piece, is_inside: bool) -> str:
    if not is_inside:
        return "markup of its own"
    names = {Region.TEXT: "text", Region.COMMENT: "comment", Region.RAW: piece.tag}
    return names.get(piece.region, f"attribute of <{piece.tag}>")


def _can_mark(piece: Piece, value: TracedValue, shown: str) -> bool:
    """Readers must see it, and a tag's name must not come from it."""
    if piece.region is Region.TEXT:
        return bool(shown.strip())
    return 0 < piece.name_end < value.start


def _marks(piece: Piece, spots: list[Spot]) -> Iterable[tuple[int, str]]:
    """What to insert, and where."""
    if piece.region is Region.TAG:
        numbers = " ".join(str(spot.number) for spot in spots)
        return [(piece.name_end, f' data-lm-in="{numbers}"')] if spots else []
    marks: list[tuple[int, str]] = []
    free_from = piece.start
    for spot in spots:
        if spot.value.start >= free_from:  # one value may stand inside another: a captured block
            marks.append((spot.value.start, f'<lm-value tabindex="0" data-lm="{spot.number}">'))
            marks.append((spot.value.end, "</lm-value>"))
            free_from = spot.value.end
    return marks


def _with_marks(html: str, marks: Iterable[tuple[int, str]]) -> str:
    pieces: list[str] = []
    at = 0
    for position, mark in marks:
        pieces += (html[at:position], mark)
        at = position
    return "".join(pieces) + html[at:]
