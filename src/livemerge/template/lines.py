"""Line breaks in long static lines: mail lines end before 998 octets (RFC 5322, 2.1.1; RFC 5321, 4.5.3.1.6).

A break replaces one white space character where that means nothing: in HTML inside tags or between words, never in
attribute values, comments, pre, script or style; in plain text between words. Values are counted at a guess; what
they make too long is for whoever sends the message to see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from livemerge.template.html_places import HtmlPlace
from livemerge.template.nodes import (
    Bind,
    Block,
    Case,
    Define,
    Each,
    For,
    Fragment,
    If,
    IfChanged,
    Output,
    Partial,
    Slot,
    Statement,
    TableRow,
    Text,
)
from livemerge.template.walk import statements_in

MAX_LINE_OCTETS = 900  # below 998, with room for a value
VALUE_OCTETS = 40  # what a value is taken for
LOOP_LINE_OCTETS = 60  # a loop that writes more on one line breaks it in every round


def with_line_breaks(block: Block, encode: Callable[[str], bytes], *, is_html: bool) -> Block:
    """The same tree with its long lines broken, as they are when encoded."""
    return _Breaker(encode, HtmlPlace() if is_html else None).block(block)


@dataclass(slots=True)
class _Breaker:
    encode: Callable[[str], bytes]
    html: HtmlPlace | None
    column: int = 0  # octets in the line so far
    widths: dict[str, int] = field(default_factory=dict)

    def block(self, block: Block) -> Block:
        return tuple(self.statement(statement) for statement in block)

    def statement(self, statement: Statement) -> Statement:
        if isinstance(statement, Text):
            return replace(statement, text=self.text(statement.text))
        if isinstance(statement, Output):
            self.column += VALUE_OCTETS
            return statement
        if isinstance(statement, If):
            return self.if_chain(statement)
        if isinstance(statement, Case):
            bodies = self.alternatives([arm.body for arm in statement.arms])
            arms = tuple(replace(arm, body=body) for arm, body in zip(statement.arms, bodies, strict=True))
            return replace(statement, arms=arms)
        if isinstance(statement, For):
            return replace(statement, body=self.loop(statement.body), otherwise=self.block(statement.otherwise))
        if isinstance(statement, Each):
            return replace(statement, body=self.loop(statement.body), otherwise=self.block(statement.otherwise))
        if isinstance(statement, Bind):
            return replace(statement, body=self.block(statement.body))
        if isinstance(statement, Define):
            return replace(statement, fragments=self.fragments(statement.fragments), body=self.block(statement.body))
        if isinstance(statement, Partial):
            return self.partial(statement)
        if isinstance(statement, TableRow | IfChanged | Slot):
            return replace(statement, body=self.loop(statement.body))
        return statement

    def partial(self, node: Partial) -> Partial:
        """Another template breaks its own lines; what it is given starts at a line that may be full."""
        block = None if node.block is None else self.fragment(node.block)
        fallback = block if node.fallback is node.block else node.fallback
        if fallback is not None and fallback is not block:
            fallback = self.fragment(fallback)
        self.column += VALUE_OCTETS
        return replace(node, fragments=self.fragments(node.fragments), block=block, fallback=fallback)

    def fragments(self, fragments: tuple[tuple[str, Fragment], ...]) -> tuple[tuple[str, Fragment], ...]:
        return tuple((name, self.fragment(fragment)) for name, fragment in fragments)

    def fragment(self, fragment: Fragment) -> Fragment:
        return replace(fragment, body=self.loop(fragment.body))

    def if_chain(self, node: If) -> If:
        bodies = self.alternatives([*(branch.body for branch in node.branches), node.otherwise])
        branches = tuple(replace(branch, body=body) for branch, body in zip(node.branches, bodies, strict=False))
        return replace(node, branches=branches, otherwise=bodies[-1])

    def alternatives(self, blocks: list[Block]) -> list[Block]:
        """Blocks of which one is written: each starts in the same column, the longest line counts afterwards."""
        start, longest, found = self.column, self.column, []
        for block in blocks:
            self.column = start
            found.append(self.block(block))
            longest = max(longest, self.column)
        self.column = longest
        return found

    def loop(self, block: Block) -> Block:
        texts = [statement.text for statement in statements_in(block) if isinstance(statement, Text)]
        if sum(map(len, texts)) > LOOP_LINE_OCTETS and not any("\n" in text for text in texts):
            self.column = MAX_LINE_OCTETS + 1
        return self.block(block)

    def text(self, text: str) -> str:
        breaks = set(self.html.feed(text) if self.html else (at for at, each in enumerate(text) if each == " "))
        chosen: list[int] = []
        last, column_at_last = -1, 0
        for at, character in enumerate(text):
            if character == "\n":
                self.column, last = 0, -1
                continue
            if at in breaks:
                last, column_at_last = at, self.column
            self.column += self.width(character)
            if self.column > MAX_LINE_OCTETS and last >= 0:
                chosen.append(last)
                self.column -= column_at_last + 1
                last = -1
        return _with_breaks(text, chosen)

    def width(self, character: str) -> int:
        if character.isascii():
            return 1
        found = self.widths.get(character)
        if found is None:
            found = self.widths[character] = len(self.encode(character))
        return found


def _with_breaks(text: str, places: list[int]) -> str:
    pieces: list[str] = []
    at = 0
    for place in places:
        pieces += (text[at:place], "\n")
        at = place + 1
    return "".join((*pieces, text[at:])) if places else text
