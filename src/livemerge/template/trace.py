"""What a traced rendering tells: which value stands where in the text, and which way each condition went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TracedValue:
    """The characters `start` to `end` of the text came from one expression, which reads `paths`."""

    start: int
    end: int
    line: int
    column: int
    expression: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TracedBranch:
    """A condition that was looked at, as written, and whether its branch was taken."""

    line: int
    column: int
    condition: str
    is_taken: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """One rendering, explained. `text` is what render() gives."""

    text: str
    values: tuple[TracedValue, ...]
    branches: tuple[TracedBranch, ...]


@dataclass(frozen=True, slots=True)
class TracePoint:
    """A place of a template that reports itself while a traced rendering runs."""

    line: int
    column: int
    source: str
    paths: tuple[str, ...] = ()


def make_trace(pieces: list[str], marks: list[tuple[int, TracePoint, bool | None]]) -> Trace:
    """A trace of the pieces written and the marks made; a mark without a verdict is a value's piece."""
    ends: list[int] = []
    at = 0
    for piece in pieces:
        at += len(piece)
        ends.append(at)
    values = tuple(
        TracedValue(ends[index] - len(pieces[index]), ends[index], point.line, point.column, point.source, point.paths)
        for index, point, verdict in marks
        if verdict is None
    )
    branches = tuple(
        TracedBranch(point.line, point.column, point.source, verdict)
        for _, point, verdict in marks
        if verdict is not None
    )
    return Trace("".join(pieces), values, branches)
