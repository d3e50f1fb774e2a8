"""White space control: `~`, and tags that stand alone on a line take the line with them.

The rules are those of Handlebars 4 (lib/handlebars/compiler/whitespace-control.js), node by node.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from livemerge.template.handlebars.syntax import Comment, Content, Mustache, Node, PartialTag, Program, Section, Strip

_FIRST_INDENT = re.compile(r"[ \t]*\r?\n([ \t]*)")
_LINE_END = re.compile(r"[ \t]*\r?\n?")


@dataclass(frozen=True, slots=True)
class _Edges:
    """What a node asks of the text before and after it."""

    before: bool = False
    after: bool = False
    opens_alone: bool = False
    closes_alone: bool = False
    stands_alone: bool = False


def control_white_space(program: Program, *, takes_lines: bool) -> None:
    """Cuts the text of a parsed template. `takes_lines`: tags alone on a line take the line with them."""
    _Control(takes_lines).program(program, is_root=True)


@dataclass(slots=True)
class _Control:
    takes_lines: bool

    def program(self, program: Program, *, is_root: bool = False) -> None:
        body = program.body
        for at, node in enumerate(body):
            edges = self.node(node)
            if edges is not None:
                self.around(body, at, node, edges, is_root)

    def around(self, body: list[Node], at: int, node: Node, edges: _Edges, is_root: bool) -> None:
        is_after_line_end = _is_line_end_before(body, at, is_root)
        is_before_line_end = _is_line_end_after(body, at, is_root)
        if edges.after:
            _cut_right(body, at + 1, everything=True)
        if edges.before:
            _cut_left(body, at - 1, everything=True)
        if not self.takes_lines:
            return
        if edges.stands_alone and is_after_line_end and is_before_line_end:
            _cut_right(body, at + 1)
            if _cut_left(body, at - 1) and isinstance(node, PartialTag | Section):
                node.indent = _indent_of(body[at - 1])
        if isinstance(node, Section) and node.kind == "slot" and is_after_line_end:
            _indent_slot(node, body, at, edges, is_alone=is_before_line_end)
        if isinstance(node, Section) and node.kind != "parent":
            if edges.opens_alone and is_after_line_end:
                _cut_right(_first(node).body, 0)
                _cut_left(body, at - 1)
            if edges.closes_alone and is_before_line_end:
                _cut_right(body, at + 1)
                last = _last(node).body
                _cut_left(last, len(last) - 1)

    def node(self, node: Node) -> _Edges | None:
        if isinstance(node, Mustache):
            return _Edges(node.strip.before, node.strip.after)
        if isinstance(node, (Comment, PartialTag)):
            return _Edges(node.strip.before, node.strip.after, stands_alone=True)
        return self.section(node) if isinstance(node, Section) else None

    def section(self, node: Section) -> _Edges:
        for each in (node.program, node.inverse):
            if each is not None:
                self.program(each, is_root=node.kind == "parent")
        program = _first(node)
        if node.kind == "parent":
            _cut_indents(program)
        inverse = node.inverse if node.program is not None else None
        first, last = _inverses(inverse)
        edges = _Edges(
            node.open_strip.before,
            node.close_strip.after,
            _is_line_end_after(program.body, -1, False),
            _is_line_end_before((first or program).body, len((first or program).body), False),
            stands_alone=node.kind == "parent",
        )
        if node.open_strip.after:
            _cut_right(program.body, 0, everything=True)
        if first is not None and last is not None:
            self.inverse(program, first, last, node.inverse_strip, node.close_strip)
        elif node.close_strip.before:
            _cut_left(program.body, len(program.body) - 1, everything=True)
        return edges

    def inverse(self, program: Program, first: Program, last: Program, middle: Strip, end: Strip) -> None:
        if middle.before:
            _cut_left(program.body, len(program.body) - 1, everything=True)
        if middle.after:
            _cut_right(first.body, 0, everything=True)
        if end.before:
            _cut_left(last.body, len(last.body) - 1, everything=True)
        stands_alone = _is_line_end_before(program.body, len(program.body), False) and _is_line_end_after(
            first.body, -1, False
        )
        if self.takes_lines and stands_alone:
            _cut_left(program.body, len(program.body) - 1)
            _cut_right(first.body, 0)


# --- slots: what stands in the place of one is indented as it is, whatever it was indented by where it was written ---


def _indent_slot(node: Section, body: list[Node], at: int, edges: _Edges, *, is_alone: bool) -> None:
    """Finds how what replaces a slot is indented: as the slot's own text, or where it has none as its tag."""
    program, own = _first(node), _indent_of(body[at - 1]) if at else ""
    if edges.opens_alone:
        inner = _inner_indent(program)
        node.indent = own if inner is None else inner
    elif is_alone and own and _cut_left(body, at - 1):
        node.indent = own
        program.body.insert(0, Content(own, own, node.offset))


def _inner_indent(program: Program) -> str | None:
    """How the first line behind an opening tag alone on its line is indented; None where there is no line."""
    first = _content(program.body, 0)
    found = _FIRST_INDENT.match(first.written) if first is not None else None
    if first is None or found is None:
        return ""
    rest = first.written[found.end() :]
    if not rest and len(program.body) == 1:
        return None
    return "" if rest.startswith(("\n", "\r\n")) else found[1]


def _cut_indents(parent: Program) -> None:
    """Takes the indentation of their first lines from all lines of what a parent's slots are filled with."""
    for node in parent.body:
        if isinstance(node, Section) and node.kind == "slot":
            first = _content(_first(node).body, 0)
            if first is not None and first.starts_line:
                _cut_indent(_first(node), _inner_indent(_first(node)) or "")


def _cut_indent(program: Program, indent: str) -> None:
    for node in program.body:
        if isinstance(node, Content):
            text = node.text.removeprefix(indent) if node.starts_line else node.text
            node.text = text.replace(f"\n{indent}", "\n")
        elif isinstance(node, PartialTag | Section):
            node.indent = node.indent.removeprefix(indent)
        if isinstance(node, Section) and node.kind != "parent":
            for each in (node.program, node.inverse):
                if each is not None:
                    _cut_indent(each, indent)


# --- bodies and texts ---


def _first(node: Section) -> Program:
    return node.program or node.inverse or Program()


def _last(node: Section) -> Program:
    return node.inverse or node.program or Program()


def _inverses(inverse: Program | None) -> tuple[Program | None, Program | None]:
    """The first and the last body behind an else; the bodies of a chain are those of its blocks."""
    if inverse is None or not inverse.is_chained:
        return inverse, inverse
    first = last = inverse
    head = inverse.body[0]
    if isinstance(head, Section):
        first = head.program or head.inverse or inverse
    while last.is_chained and isinstance(tail := last.body[-1], Section):
        last = tail.program or tail.inverse or Program()
    return first, last


def _content(body: list[Node], at: int) -> Content | None:
    found = body[at] if 0 <= at < len(body) else None
    return found if isinstance(found, Content) else None


def _is_line_end_before(body: list[Node], at: int, is_root: bool) -> bool:
    """Whether only white space stands between the node and the start of its line."""
    if at <= 0:
        return is_root
    before = _content(body, at - 1)
    if before is None:
        return False
    return _ends_line(before.written, may_start=at == 1 and is_root)


def _is_line_end_after(body: list[Node], at: int, is_root: bool) -> bool:
    """Whether only white space stands between the node and the end of its line."""
    if at + 1 >= len(body):
        return is_root
    after = _content(body, at + 1)
    if after is None:
        return False
    return _begins_line(after.written, may_end=at + 2 >= len(body) and is_root)


def _ends_line(text: str, *, may_start: bool) -> bool:
    rest = text.rstrip(" \t\r\v\f")
    return rest.endswith("\n") or (may_start and not rest)


def _begins_line(text: str, *, may_end: bool) -> bool:
    rest = text.lstrip(" \t\r\v\f")
    return rest.startswith("\n") or (may_end and not rest)


def _cut_right(body: list[Node], at: int, *, everything: bool = False) -> None:
    """Cuts the start of the text behind a node: all white space, or the rest of the line."""
    text = _content(body, at)
    if text is None or (not everything and text.is_right_cut):
        return
    before = text.text
    found = None if everything else _LINE_END.match(before)
    text.text = before.lstrip() if found is None else before[found.end() :]
    text.is_right_cut = text.text != before
    text.starts_line = found is not None and found[0].endswith("\n")


def _cut_left(body: list[Node], at: int, *, everything: bool = False) -> bool:
    """Cuts the end of the text before a node: all white space, or that of its line. Gives whether there was any."""
    text = _content(body, at)
    if text is None or (not everything and text.is_left_cut):
        return False
    before = text.text
    text.text = before.rstrip() if everything else before.rstrip(" \t")
    text.is_left_cut = text.text != before
    return text.is_left_cut


def _indent_of(node: Node) -> str:
    written = node.written if isinstance(node, Content) else ""
    return written[len(written.rstrip(" \t")) :]
