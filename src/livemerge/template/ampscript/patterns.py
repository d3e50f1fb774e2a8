"""Regular expressions for RegExMatch, as .NET reads them, matched with a bounded number of steps.

Understood: literals, `.`, classes, `\\d \\w \\s \\b` and their opposites, `^ $ \\A \\z \\Z`, groups (also named and not
captured), alternation, greedy and lazy repeats, options at the start. Look-around, backreferences and atomic groups are
refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, TypeAlias

from livemerge.template.runtime import Fault

MAX_PATTERN_CHARACTERS: Final = 500
MAX_TEXT_CHARACTERS: Final = 100_000
MAX_STEPS: Final = 500_000  # of one match; a pattern that needs more is not meant for mail
MAX_REPEAT: Final = 200  # of a counted repeat, which is written out
MAX_PROGRAM: Final = 5_000  # instructions
MAX_DEPTH: Final = 30

Test: TypeAlias = Callable[[str], bool]
Program: TypeAlias = "list[tuple[Any, ...]]"

_INLINE: Final = re.compile(r"\(\?([imsx]{1,4})\)")  # options a pattern begins with
_INLINE_OPTIONS: Final = {
    **{"i": "ignores_case", "m": "is_multiline"},
    **{"s": "is_single_line", "x": "ignores_white_space"},
}
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b", "0": "\0"}


def _is_word(character: str) -> bool:
    return character == "_" or character.isalnum()


_KINDS: Final[dict[str, Test]] = {
    "d": str.isdecimal,
    "D": lambda character: not character.isdecimal(),
    "w": _is_word,
    "W": lambda character: not _is_word(character),
    "s": str.isspace,
    "S": lambda character: not character.isspace(),
}


@dataclass(frozen=True, slots=True)
class Options:
    """How a pattern is read, by the names .NET gives the options."""

    ignores_case: bool = False
    is_multiline: bool = False
    is_single_line: bool = False
    ignores_white_space: bool = False


def options_of(names: list[str]) -> Options:
    """The options of their names, in any case; unknown ones mean nothing."""
    known = {name.strip().lower() for names_ in names for name in names_.replace("|", ",").split(",")}
    return Options(
        "ignorecase" in known,
        "multiline" in known,
        "singleline" in known,
        "ignorepatternwhitespace" in known,
    )


def read_pattern(pattern: str) -> None:
    """Raises Fault for a pattern that cannot be read."""
    _compiled(pattern, Options())


def match(text: str, pattern: str, group: int | str, options: Options) -> tuple[str, int]:
    """A group of the first match, empty where there is none, and the steps that took. Raises Fault."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise Fault("the text is too long for a pattern", f"give at most {MAX_TEXT_CHARACTERS} characters")
    compiled = _compiled(pattern, options)
    options = compiled.options
    number = compiled.names.get(group, -1) if isinstance(group, str) else group
    if not 0 <= number <= compiled.groups:
        return "", 1
    steps = [MAX_STEPS]
    for start in range(len(text) + 1):
        saved = _run(compiled.program, text, start, compiled.groups, options, steps)
        if saved is not None:
            begin, end = saved[2 * number], saved[2 * number + 1]
            return text[begin:end] if 0 <= begin <= end else "", MAX_STEPS - steps[0]
    return "", MAX_STEPS - steps[0]


@dataclass(slots=True)
class _Compiled:
    program: Program
    groups: int
    options: Options
    names: dict[str, int] = field(default_factory=dict)


@lru_cache(maxsize=128)
def _compiled(pattern: str, options: Options) -> _Compiled:
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise Fault("the pattern is too long", f"give at most {MAX_PATTERN_CHARACTERS} characters")
    if inline := _INLINE.match(pattern):
        options = replace(options, **{_INLINE_OPTIONS[letter]: True for letter in inline[1]})
        pattern = pattern[inline.end() :]
    parser = _Parser(pattern, options)
    program = parser.alternatives(0)
    if parser.at < len(pattern):
        raise parser.fault("there is a `)` too many")
    whole: Program = [("save", 0), *program, ("save", 1), ("match",)]
    return _Compiled(whole, parser.groups, options, parser.names)


class _Parser:
    """Pattern to instructions; jumps are relative."""

    def __init__(self, pattern: str, options: Options) -> None:
        self.pattern = pattern
        self.options = options
        self.at = 0
        self.groups = 0
        self.names: dict[str, int] = {}

    def fault(self, what: str) -> Fault:
        return Fault(f"in the pattern {what}", "RegExMatch takes a .NET regular expression")

    def peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def alternatives(self, depth: int) -> Program:
        if depth > MAX_DEPTH:
            raise self.fault("groups are nested too deep")
        found = [self.sequence(depth)]
        while self.peek("|"):
            self.at += 1
            found.append(self.sequence(depth))
        program = found.pop()
        while found:
            first = found.pop()
            program = [("split", 1, len(first) + 2), *first, ("jump", len(program) + 1), *program]
        return self.bounded(program)

    def bounded(self, program: Program) -> Program:
        if len(program) > MAX_PROGRAM:
            raise self.fault("there is too much to repeat")
        return program

    def sequence(self, depth: int) -> Program:
        program: Program = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            if self.options.ignores_white_space and self.skipped():
                continue
            program += self.repeated(self.item(depth))
            self.bounded(program)
        return program

    def skipped(self) -> bool:
        character = self.pattern[self.at]
        if character == "#":
            end = self.pattern.find("\n", self.at)
            self.at = end if end >= 0 else len(self.pattern)
        elif character.isspace():
            self.at += 1
        else:
            return False
        return True

    def repeated(self, item: Program) -> Program:
        least, most = self.bounds()
        if least < 0:
            return item
        is_lazy = self.peek("?")
        self.at += is_lazy
        if self.pattern[self.at : self.at + 1] in ("*", "+") or self.bounds_again():
            raise self.fault("a repeat is repeated")
        program = item * least
        if most is None:
            return self.bounded([*program, *_any_number(item, is_lazy)])
        for _ in range(most - least):
            self.bounded(program)
            split = (1, len(item) + 1)
            program = [*program, ("split", *(reversed(split) if is_lazy else split)), *item]
        return self.bounded(program)

    def bounds_again(self) -> bool:
        return (
            self.peek("?") and self.at > 0 and self.pattern[self.at - 1] == "?" and self.pattern[self.at - 2] in "*+?"
        )

    def bounds(self) -> tuple[int, int | None]:
        """How often what stands before is wanted; (-1, None) where nothing says."""
        for mark, found in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.peek(mark):
                self.at += 1
                return found
        end = self.pattern.find("}", self.at) if self.peek("{") else -1
        if end < 0:
            return -1, None
        least, comma, most = self.pattern[self.at + 1 : end].partition(",")
        if not least.isdecimal() or (most and not most.isdecimal()) or len(least + most) > 8:
            return -1, None
        self.at = end + 1
        low, high = int(least), (int(most) if most else None) if comma else int(least)
        if low > MAX_REPEAT or (high is not None and (high > MAX_REPEAT or high < low)):
            raise self.fault(f"a repeat is not between 0 and {MAX_REPEAT}")
        return low, high

    def item(self, depth: int) -> Program:
        character = self.pattern[self.at]
        self.at += 1
        if character == "(":
            return self.group(depth)
        if character == "[":
            return [("test", self.character_class())]
        if character == ".":
            dot: Test = (lambda _: True) if self.options.is_single_line else (lambda each: each != "\n")
            return [("test", dot)]
        if character in "^$":
            return [("line_start" if character == "^" else "line_end",)]
        if character == "\\":
            return self.escape()
        if character in "*+?":
            raise self.fault("a repeat stands behind nothing")
        return [self.literal(character)]

    def literal(self, character: str) -> tuple[Any, ...]:
        if not self.options.ignores_case:
            return ("test", character.__eq__)
        low = character.lower()
        return ("test", lambda each: each.lower() == low)

    def escape(self) -> Program:
        character = self.pattern[self.at : self.at + 1]
        self.at += 1
        if character in _KINDS:
            return [("test", _KINDS[character])]
        if character in ("b", "B"):
            return [("boundary", character == "b")]
        if character in ("A", "z", "Z", "G"):
            return [({"A": "start", "G": "start", "z": "end", "Z": "last"}[character],)]
        if character in ("k", "p", "P") or (character.isdecimal() and character != "0") or not character:
            raise self.fault(f"`\\{character}` is not supported")
        return [self.literal(self.escaped(character))]

    def escaped(self, character: str) -> str:
        width = {"x": 2, "u": 4}.get(character)
        if width is None:
            return _ESCAPED.get(character, character)
        digits = self.pattern[self.at : self.at + width]
        try:
            code = int(digits, 16)
        except ValueError as error:
            raise self.fault(f"`\\{character}` needs {width} digits") from error
        self.at += width
        return chr(code)

    def group(self, depth: int) -> Program:
        number = 0
        if not self.peek("?"):
            self.groups += 1
            number = self.groups
        elif self.peek("?:"):
            self.at += 2
        elif (
            self.pattern[self.at + 1 : self.at + 2] in ("<", "'")
            and self.pattern[self.at + 2 : self.at + 3] not in "=!"
        ):
            number = self.named_group()
        else:
            raise self.fault("this kind of group is not supported")
        program = self.alternatives(depth + 1)
        if not self.peek(")"):
            raise self.fault("a `(` is never closed")
        self.at += 1
        return [("save", 2 * number), *program, ("save", 2 * number + 1)] if number else program

    def named_group(self) -> int:
        closing = ">" if self.pattern[self.at + 1] == "<" else "'"
        end = self.pattern.find(closing, self.at + 2)
        name = self.pattern[self.at + 2 : end]
        if end < 0 or not name.isidentifier():
            raise self.fault("a group has no name")
        self.at = end + 1
        self.groups += 1
        self.names[name] = self.groups
        return self.groups

    def character_class(self) -> Test:
        is_negated = self.peek("^")
        self.at += is_negated
        tests: list[Test] = []
        first = True
        while first or not self.peek("]"):
            if self.at >= len(self.pattern):
                raise self.fault("a `[` is never closed")
            tests.append(self.class_item())
            first = False
        self.at += 1
        return lambda each: any(test(each) for test in tests) is not is_negated

    def class_item(self) -> Test:
        low = self.class_character()
        if not isinstance(low, str):
            return low
        if not self.peek("-") or self.pattern[self.at + 1 : self.at + 2] in ("]", ""):
            return self.one_of_range(low, low)
        self.at += 1
        high = self.class_character()
        if not isinstance(high, str) or high < low:
            raise self.fault("a range of characters runs backwards")
        return self.one_of_range(low, high)

    def class_character(self) -> str | Test:
        character = self.pattern[self.at]
        self.at += 1
        if character != "\\" or self.at >= len(self.pattern):
            return character
        character = self.pattern[self.at]
        self.at += 1
        if character in _KINDS:
            return _KINDS[character]
        return "\b" if character == "b" else self.escaped(character)

    def one_of_range(self, low: str, high: str) -> Test:
        if self.options.ignores_case:
            return lambda each: low <= each.lower() <= high or low <= each.upper() <= high
        return lambda each: low <= each <= high


def _any_number(item: Program, is_lazy: bool) -> Program:
    """An item as often as it matches; a round that matches nothing ends it."""
    split = (len(item) + 4, 1) if is_lazy else (1, len(item) + 4)
    return [("split", *split), ("mark",), *item, ("moved",), ("jump", -len(item) - 3)]


def _run(program: Program, text: str, start: int, groups: int, options: Options, steps: list[int]) -> list[int] | None:
    """The saved positions of a match that begins at `start`, None for none. The first way that matches wins."""
    waiting: list[tuple[int, int, list[int], tuple[int, ...]]] = [(0, start, [-1] * (2 * groups + 2), ())]
    while waiting:
        counter, at, saved, marks = waiting.pop()
        while True:
            steps[0] -= 1
            if steps[0] < 0:
                raise Fault("the pattern takes too many steps", "make it simpler")
            kind, *given = program[counter]
            if kind == "match":
                return saved
            if kind == "test":
                if at >= len(text) or not given[0](text[at]):
                    break
                at += 1
            elif kind == "split":
                waiting.append((counter + given[1], at, saved, marks))
                counter += given[0]
                continue
            elif kind == "jump":
                counter += given[0]
                continue
            elif kind == "save":
                saved = [*saved]
                saved[given[0]] = at
            elif kind == "mark":
                marks = (*marks, at)
            elif kind == "moved":
                if marks[-1] == at:
                    break
                marks = marks[:-1]
            elif not _holds(kind, given, text, at, options):
                break
            counter += 1
    return None


def _holds(kind: str, given: list[Any], text: str, at: int, options: Options) -> bool:
    """Whether a condition of a place holds there."""
    if kind == "boundary":
        before = at > 0 and _is_word(text[at - 1])
        behind = at < len(text) and _is_word(text[at])
        return (before != behind) is given[0]
    if kind == "start" or (kind == "line_start" and not options.is_multiline):
        return at == 0
    if kind == "line_start":
        return at == 0 or text[at - 1] == "\n"
    if kind == "end":
        return at == len(text)
    is_last = at == len(text) or (at == len(text) - 1 and text[at] == "\n")
    return is_last or (kind == "line_end" and options.is_multiline and text[at] == "\n")
