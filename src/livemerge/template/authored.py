"""Text that remembers which of its characters the template's author wrote and which came from data.

What was put together from both can still be escaped rightly where it is written, compared and hashed as it reads,
and run as a template without the data in it becoming code.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate

from markupsafe import Markup

from livemerge.template import runtime
from livemerge.template.limits import MAX_TEXT_CHARACTERS
from livemerge.template.runtime import Fault, lets_data_in, too_long
from livemerge.template.wire import escape_kernel

MAX_PARTS = 5_000  # of one text; a loop that joins more is not making a mail


class Authored(Markup):
    """Text of the template's author: written as it is."""

    __slots__ = ()


class Mixed(str):
    """A text put together of author's text, HTML values and data; as a str it is what it reads as, unescaped."""

    __slots__ = ("parts",)
    parts: tuple[str, ...]


def plain(text: str) -> str:
    """The text as an exact str."""
    return str.__str__(text)


def parts_of(text: str) -> tuple[str, ...]:
    """The parts of a text, in order; each is an exact str (data), Markup or Authored."""
    return text.parts if isinstance(text, Mixed) else (text,)


def glued(parts: Iterable[str]) -> str:
    """Texts one after the other; each part keeps what it is. Raises Fault where that grows too long."""
    found = [part for text in parts for part in parts_of(text) if part]
    kinds = {part.__class__ for part in found}
    size = sum(map(len, found))
    if size > MAX_TEXT_CHARACTERS:
        raise too_long()
    if len(kinds) <= 1:
        kind = kinds.pop() if kinds else str
        whole = "".join(map(plain, found))
        return whole if kind is str else kind(whole)
    if len(found) > MAX_PARTS:
        raise Fault(f"a text is put together of more than {MAX_PARTS} pieces", "write it out in the loop")
    mixed = Mixed("".join(map(plain, found)))
    mixed.parts = tuple(found)
    return mixed


def cut(text: str, start: int, end: int) -> str:
    """The characters from `start` up to `end`; each keeps what it is."""
    return next(cuts(text, ((start, end),)))


def cuts(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[str]:
    """Each of many stretches of a text, in one walk over its parts."""
    parts = parts_of(text)
    starts = list(accumulate(map(len, parts[:-1]), initial=0))
    for start, end in spans:
        found: list[str] = []
        for at in range(max(bisect_right(starts, start) - 1, 0), len(parts)):
            if starts[at] >= end:
                break
            inside = plain(parts[at])[max(start - starts[at], 0) : max(end - starts[at], 0)]
            found.append(like(parts[at], inside))
        yield glued(found)


def like(model: str, text: str) -> str:
    """A text of the same kind as a part it was made from."""
    return text if model.__class__ is str else model.__class__(text)


def recut(model: str, text: str) -> str:
    """A text as long as its model, character by character of the same kind."""
    if not isinstance(model, Mixed):
        return like(model, text)
    if len(text) != len(model):
        return text
    found, at = [], 0
    for part in model.parts:
        found.append(like(part, text[at : at + len(part)]))
        at += len(part)
    return glued(found)


def as_markup(text: str) -> str:
    """HTML in which data is escaped and the rest is as it was written; an exact str stays one.

    Where data would stand inside a tag, the whole is plain.
    """
    if isinstance(text, Mixed):
        if lets_data_in(text.parts):
            return plain(text)
        return Markup("".join(plain(part) if isinstance(part, Markup) else escape_kernel(part) for part in text.parts))
    return text


def as_plain(text: str) -> str:
    """The text as it reads. A text that is wholly an HTML value stays Markup."""
    return text if text.__class__ in (str, Markup) else plain(text)


def without_tags(text: str) -> str:
    """The text as it reads, HTML values without their tags."""
    return "".join(
        runtime.without_tags(plain(part)) if part.__class__ is Markup and isinstance(part, Markup) else plain(part)
        for part in parts_of(text)
    )
