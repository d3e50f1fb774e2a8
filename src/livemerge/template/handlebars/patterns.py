"""Whether a whole text matches a regular expression, in time that grows with text times expression, never worse.

The expression becomes a machine of steps that are all followed at once (Thompson 1968), so that an expression of a
hostile author cannot hang. Known: literals, `.`, classes, \\d \\w \\s and their opposites, groups, `|`, `* + ?`,
`{m,n}`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from livemerge.template.limits import MAX_EXPRESSION_DEPTH
from livemerge.template.runtime import Fault

MAX_STEPS = 1_000  # of one machine
MAX_REPEATS = 100  # of `{m,n}`
MAX_MATCH_STEPS = 500_000  # characters times steps: some tenths of a second

Accepts = Callable[[str], bool]


@dataclass(slots=True)
class _Step:
    """Takes a character it accepts, or none where `accepts` is None; goes on to `following`."""

    accepts: Accepts | None
    following: list[int] = field(default_factory=list)


def matches_whole(text: str, expression: str) -> tuple[bool, int]:
    """Whether an expression matches all of a text, and the steps that takes at most.

    Raises Fault for an expression that cannot be read or is too large.
    """
    machine = _Machine(expression)
    steps = (len(text) + 1) * len(machine.steps)
    if steps > MAX_MATCH_STEPS:
        raise Fault("this text is too long to be matched", "match a shorter one")
    return _is_whole_match(machine, text), steps


def _is_whole_match(machine: _Machine, text: str) -> bool:
    current = machine.closure({machine.start})
    for character in text:
        reached = {
            each
            for at in current
            if (step := machine.steps[at]).accepts is not None and step.accepts(character)
            for each in step.following
        }
        current = machine.closure(reached)
        if not current:
            return False
    return machine.end in current


class _Machine:
    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.at = 0
        self.depth = 0
        self.steps: list[_Step] = []
        self.start, self.end = self.either()
        if self.at < len(expression):
            raise self.fault(f"`{expression[self.at]}` is not expected")

    def fault(self, what: str) -> Fault:
        return Fault(f"{what} in a regular expression", "write a plain regular expression")

    def closure(self, found: set[int]) -> set[int]:
        """These steps and all that are reached from them without a character."""
        waiting = list(found)
        while waiting:
            step = self.steps[waiting.pop()]
            if step.accepts is None:
                for each in step.following:
                    if each not in found:
                        found.add(each)
                        waiting.append(each)
        return found

    def add(self, accepts: Accepts | None = None) -> int:
        if len(self.steps) >= MAX_STEPS:
            raise self.fault("too many steps")
        self.steps.append(_Step(accepts))
        return len(self.steps) - 1

    def join(self, start: int, end: int) -> None:
        self.steps[start].following.append(end)

    def peek(self) -> str:
        return self.expression[self.at : self.at + 1]

    # each of these gives the first and the last step of a part

    def either(self) -> tuple[int, int]:
        self.depth += 1
        if self.depth > MAX_EXPRESSION_DEPTH:
            raise self.fault("groups are nested too deep")
        start, end = self.add(), self.add()
        while True:
            first, last = self.sequence()
            self.join(start, first)
            self.join(last, end)
            if self.peek() != "|":
                self.depth -= 1
                return start, end
            self.at += 1

    def sequence(self) -> tuple[int, int]:
        start = end = self.add()
        while self.peek() not in ("", "|", ")"):
            first, last = self.repeated()
            self.join(end, first)
            end = last
        return start, end

    def repeated(self) -> tuple[int, int]:
        begin = self.at
        part = self.one()
        after = self.at
        least, most = self.bounds()
        if (least, most) == (1, 1):
            return part
        resume = self.at
        start = end = self.add()
        for number in range(most if most is not None else max(least, 1)):
            if number:
                self.at = begin
                part = self.one()
                assert self.at == after
            self.join(end, part[0])
            tail = self.add()
            self.join(part[1], tail)
            if number >= least:
                self.join(end, tail)
            end = tail
        if most is None:
            self.join(end, part[0])
            if least == 0:
                self.join(start, end)
        self.at = resume
        return start, end

    def bounds(self) -> tuple[int, int | None]:
        """How often the part before is repeated; a `?` or `+` behind it changes nothing for a whole match."""
        mark = self.peek()
        found: tuple[int, int | None]
        if mark in ("*", "+", "?") and mark:
            self.at += 1
            found = {"*": (0, None), "+": (1, None), "?": (0, 1)}[mark]
        elif mark == "{":
            end = self.expression.find("}", self.at)
            low, comma, high = self.expression[self.at + 1 : end].partition(",")
            is_counted = end > 0 and low.isdecimal() and (not high or high.isdecimal()) and len(low + high) < 8
            if not is_counted or max(int(low), int(high or 0)) > MAX_REPEATS or (high and int(high) < int(low)):
                raise self.fault("`{` does not begin a count this can follow")
            self.at = end + 1
            found = (int(low), (int(high) if high else None) if comma else int(low))
        else:
            return 1, 1
        if self.peek() in ("?", "+") and self.peek():
            self.at += 1
        return found

    def one(self) -> tuple[int, int]:
        mark = self.peek()
        self.at += 1
        if mark == "(":
            return self.group()
        if mark in ("^", "$"):  # a whole match begins and ends there anyway
            step = self.add()
            return step, step
        if mark in ("*", "+", "?", "{"):
            raise self.fault(f"`{mark}` repeats nothing")
        start, end = self.add(self.accepted(mark)), self.add()
        self.join(start, end)
        return start, end

    def group(self) -> tuple[int, int]:
        if self.peek() == "?":
            if not self.expression.startswith("?:", self.at):
                raise self.fault("`(?` is not supported")
            self.at += 2
        part = self.either()
        if self.peek() != ")":
            raise self.fault("`(` is not closed")
        self.at += 1
        return part

    def accepted(self, mark: str) -> Accepts:
        if mark == ".":
            return lambda character: character not in "\r\n"
        if mark == "[":
            return self.set()
        if mark == "\\":
            return self.escaped()
        return lambda character: character == mark

    def escaped(self) -> Accepts:
        letter = self.peek()
        self.at += 1
        if not letter:
            raise self.fault("a backslash stands at the end")
        known = _CLASSES.get(letter.lower())
        if known is not None and letter.isupper():
            return lambda character: not known(character)
        if known is not None:
            return known
        if letter.isalnum() and letter not in _CONTROLS:
            raise self.fault(f"`\\{letter}` is not supported")
        meant = _CONTROLS.get(letter, letter)
        return lambda character: character == meant

    def set(self) -> Accepts:
        """A class in brackets."""
        is_opposite = self.peek() == "^"
        self.at += is_opposite
        parts: list[Accepts] = []
        first = True
        while first or self.peek() != "]":
            if not self.peek():
                raise self.fault("`[` is not closed")
            parts.append(self.set_part())
            first = False
        self.at += 1
        return lambda character: any(part(character) for part in parts) is not is_opposite

    def set_part(self) -> Accepts:
        low = self.peek()
        self.at += 1
        if low == "\\":
            return self.escaped()
        high = self.expression[self.at + 1 : self.at + 2]
        if self.peek() == "-" and high not in ("", "]"):
            self.at += 2
            return lambda character: low <= character <= high
        return lambda character: character == low


_CLASSES: dict[str, Accepts] = {
    "d": lambda character: "0" <= character <= "9",
    "w": lambda character: character.isascii() and (character.isalnum() or character == "_"),
    "s": lambda character: character in " \t\n\v\f\r",
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
