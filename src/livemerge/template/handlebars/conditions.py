"""Mandrill's conditions in backticks: ``{{#if `purchases > 3 && os == "OS X"`}}``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from livemerge.errors import TemplateError
from livemerge.template import nodes
from livemerge.template.findings import Source
from livemerge.template.handlebars.syntax import Condition, Name
from livemerge.template.limits import MAX_CHAIN, MAX_EXPRESSION_DEPTH
from livemerge.template.nodes import Expression, Place

_WORD = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<number>-?[0-9]{1,15}(?:\.[0-9]{1,15})?)(?![\w.])"""
    r"""|(?P<mark>===|!==|==|!=|<=|>=|<|>|&&|\|\||!|\(|\))|(?P<name>@?(?:\.\./){0,9}[A-Za-z_][\w./-]{0,200}))"""
)
_COMPARISONS = {
    "==": "equals",
    "===": "equals",
    "!=": "differs",
    "!==": "differs",
    "<": "below",
    ">": "above",
    "<=": "not_above",
    ">=": "not_below",
}
_LOGIC = {"&&": "and", "and": "and", "||": "or", "or": "or"}
_VALUES: dict[str, object] = {"true": True, "false": False, "null": None, "undefined": None}


def read_condition(condition: Condition, source: Source, name: Callable[[Name], Expression]) -> Expression:
    """The expression of a condition; `name` gives what a name reads. Raises TemplateError."""
    reader = _Reader(condition, source, name)
    found = reader.either()
    if reader.kind:
        raise reader.error(f"`{reader.text}` is not expected in a condition")
    return found


@dataclass(slots=True)
class _Reader:
    condition: Condition
    source: Source
    resolve: Callable[[Name], Expression]
    at: int = 0
    kind: str = ""  # of the word that is next, empty at the end
    text: str = ""
    offset: int = 0
    depth: int = 0
    count: int = 0

    def __post_init__(self) -> None:
        self.step()

    def place(self) -> Place:
        return self.source.place(self.condition.offset + self.offset)

    def error(self, what: str) -> TemplateError:
        return self.source.error(what, self.place(), 'write it as `name == "text"`, with && and || between')

    def step(self) -> None:
        """Goes on to the next word."""
        found = _WORD.match(self.condition.text, self.at)
        rest = self.condition.text[self.at :]
        self.offset = self.at + len(rest) - len(rest.lstrip())
        self.count += 1
        if self.count > 4 * MAX_CHAIN:
            raise self.error("the condition is too long")
        if found is None:
            if rest.strip():
                raise self.error(f"`{rest.strip()[0]}` has no meaning in a condition")
            self.kind = self.text = ""
            return
        self.kind, self.text = found.lastgroup or "", found[found.lastgroup or 0]
        self.at = found.end()

    def either(self) -> Expression:
        return self.joined("or", self.both)

    def both(self) -> Expression:
        return self.joined("and", self.comparison)

    def joined(self, operator: str, inner: Callable[[], Expression]) -> Expression:
        found = [inner()]
        while self.kind in ("mark", "name") and _LOGIC.get(self.text) == operator:
            self.step()
            found.append(inner())
        whole = found.pop()
        while found:
            left = found.pop()
            whole = nodes.Logic(left, operator, whole, left.place)
        return whole

    def comparison(self) -> Expression:
        left = self.value()
        if self.kind != "mark" or self.text not in _COMPARISONS:
            return left
        function, place = _COMPARISONS[self.text], self.place()
        self.step()
        return nodes.FilterCall(left, function, (self.value(),), (), place)

    def value(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_EXPRESSION_DEPTH:
            raise self.error(f"a condition is nested deeper than {MAX_EXPRESSION_DEPTH}")
        place, kind, text, offset = self.place(), self.kind, self.text, self.offset
        self.step()
        found = self.valued(kind, text, offset, place)
        self.depth -= 1
        return found

    def valued(self, kind: str, text: str, offset: int, place: Place) -> Expression:
        if kind == "text":
            return nodes.Literal(text[1:-1], place)
        if kind == "number":
            return nodes.Literal(float(text) if "." in text else int(text), place)
        if text == "!" or (kind == "name" and text == "not"):
            return nodes.Not(self.value(), place)
        if text == "(":
            found = self.either()
            if self.text != ")":
                raise self.error("`(` is not closed")
            self.step()
            return found
        if kind != "name":
            raise self.error("a value is missing in the condition")
        return nodes.Literal(_VALUES[text], place) if text in _VALUES else self.name(text, offset)

    def name(self, text: str, offset: int) -> Expression:
        path = text.removeprefix("@")
        levels = path.count("../")
        parts = [part for part in re.split(r"[./]", path[3 * levels :]) if part]
        is_scoped = bool(parts) and parts[0] == "this"
        own = tuple(parts[1:] if is_scoped else parts)
        return self.resolve(Name(own, levels, text[0] == "@", is_scoped, text, self.condition.offset + offset))
