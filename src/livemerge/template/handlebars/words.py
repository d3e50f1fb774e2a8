"""What stands inside a tag, word by word: names, literals, calls in parentheses. Lexical rules of Handlebars 4."""

from __future__ import annotations

import re
from dataclasses import dataclass

from livemerge.errors import TemplateError
from livemerge.template.findings import Source
from livemerge.template.handlebars.syntax import Call, Condition, Name, Term, Value
from livemerge.template.limits import MAX_CHAIN, MAX_EXPRESSION_DEPTH

MAX_ARGUMENTS = 200  # of one call; more is no template
_ID = r"[^\s!\"#%-,./;->@\[-^`{-~]+(?=[=~}\s/.)\]|]|$)"
_WORD = re.compile(
    r"""\s*(?:
    (?P<text>"(?:\\"|[^"])*"|'(?:\\'|[^'])*')
    |(?P<condition>`[^`]*`)
    |(?P<segment>\[(?:\\\]|[^\]])*\])
    |(?P<parameters>as\s+\|)
    |(?P<number>-?[0-9]+(?:\.[0-9]+)?(?=[~}\s)\]]|$))
    |(?P<word>(?:true|false|null|undefined)(?=[~}\s)\]]|$))
    |(?P<up>\.\.)
    |(?P<this>\.(?=[=~}\s/.)\]|]|$))
    |(?P<step>[/.])
    |(?P<mark>[()=|@])
    |(?P<id>"""
    + _ID
    + r""")
    )""",
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*")
_STEP = re.compile(r"\s*[/.]")
_SEGMENT_ESCAPE = re.compile(r"\\([\\\]])")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "undefined": None}


@dataclass(frozen=True, slots=True)
class Word:
    kind: str
    text: str
    offset: int


class Words:
    """Reads the inside of one tag, from `at` up to its closing."""

    def __init__(
        self,
        source: Source,
        start: int,
        at: int,
        closing: re.Pattern[str],
        end: int,
        *,
        has_conditions: bool,
        has_number_steps: bool,
    ) -> None:
        self.source = source
        self.start = start
        self.at = at
        self.closing = closing
        self.end = end
        self.has_conditions = has_conditions
        self.has_number_steps = has_number_steps
        self.depth = 0

    def error(self, what: str, offset: int, advice: str = "") -> TemplateError:
        return self.source.error(what, self.source.place(offset), advice)

    # --- words ---

    def peek(self) -> Word:
        """The next word; of kind `end` where the tag closes."""
        text = self.source.text
        start = _SPACE.match(text, self.at, self.end).end()  # type: ignore[union-attr]  # it matches everywhere
        if self.closing.match(text, start, self.end):
            return Word("end", "", start)
        found = _WORD.match(text, self.at, self.end)
        if found is None or found.lastgroup is None or (found.lastgroup == "condition" and not self.has_conditions):
            raise self.unreadable(start)
        return Word(found.lastgroup, found[found.lastgroup], start)

    def unreadable(self, start: int) -> TemplateError:
        if start >= self.end:
            return self.error("this tag is not closed", self.start, "close it with as many braces as it is opened with")
        mark = self.source.text[start]
        if mark == "`":
            advice = 'only the dialect "mandrill" has conditions in backticks'
        elif mark in "{}":
            advice = "write as many braces at the end as at the start"
        else:
            advice = "write names, literals and `name=value` pairs; names with other characters stand in brackets [ ]"
        return self.error(f"`{mark}` has no meaning here", start, advice)

    def take(self) -> Word:
        word = self.peek()
        if word.kind != "end":
            self.at = word.offset + len(word.text)
        return word

    def accept(self, kind: str, text: str = "") -> Word | None:
        word = self.peek()
        return self.take() if word.kind == kind and (not text or word.text == text) else None

    def finish(self) -> int:
        """Where the tag is over. Raises TemplateError for what is left in it."""
        word = self.peek()
        if word.kind != "end":
            advice = 'write `{{insert name "default=…"}}` for a fallback' if word.text == "|" else "remove it"
            raise self.error(f"`{word.text}` is not expected here", word.offset, advice)
        found = self.closing.match(self.source.text, word.offset, self.end)
        self.at = found.end() if found else self.end
        return self.at

    # --- terms ---

    def call(self) -> Call:
        """A head with its arguments and options, up to what ends it."""
        start = self.peek().offset
        head = self.term()
        arguments: list[Term] = []
        options: list[tuple[str, Term]] = []
        while (word := self.peek()).kind not in ("end", "parameters") and word.text not in (")", "|"):
            if self.is_option(word):
                name = self.option_name(self.take())
                self.take()
                options.append((name, self.term()))
            elif options:
                raise self.error("an argument stands behind `name=value`", word.offset, "write arguments first")
            else:
                arguments.append(self.term())
            if len(arguments) + len(options) > MAX_ARGUMENTS:
                raise self.error(f"more than {MAX_ARGUMENTS} arguments", word.offset)
        return Call(head, tuple(arguments), tuple(options), self.source.text[start : self.at].strip(), start)

    def is_option(self, word: Word) -> bool:
        if word.kind not in ("id", "segment", "word"):
            return False
        end = word.offset + len(word.text)
        return self.source.text.startswith("=", _SPACE.match(self.source.text, end, self.end).end())  # type: ignore[union-attr]  # it matches everywhere

    def option_name(self, word: Word) -> str:
        return _segment(word.text) if word.kind == "segment" else word.text

    def term(self) -> Term:
        """A name, a literal, or a call in parentheses."""
        word = self.peek()
        if word.kind == "text":
            self.take()
            quote = word.text[0]
            text = word.text[1:-1].replace("\\" + quote, quote)
            return Value(text, text, word.offset)
        if word.kind == "number":
            self.take()
            return Value(_number(word.text), word.text, word.offset)
        if word.kind == "word":
            self.take()
            return Value(_WORDS[word.text], word.text, word.offset)
        if word.kind == "condition":
            self.take()
            return Condition(word.text[1:-1], word.offset + 1)
        return self.inner_call(word) if word.text == "(" else self.name()

    def inner_call(self, opening: Word) -> Call:
        self.take()
        if self.peek().text == "(":
            raise self.error("`(` stands before another `(`", opening.offset, "leave one pair out")
        self.depth += 1
        if self.depth > MAX_EXPRESSION_DEPTH:
            raise self.error(f"parentheses are nested deeper than {MAX_EXPRESSION_DEPTH}", opening.offset)
        found = self.call()
        if self.accept("mark", ")") is None:
            raise self.error("`(` is not closed", opening.offset, "close it with `)`")
        self.depth -= 1
        return found

    def name(self) -> Name:
        """A path."""
        start = self.peek()
        is_private = self.accept("mark", "@") is not None
        parts: list[str] = []
        written = ["@"] if is_private else []
        levels, is_scoped, count = 0, False, 0
        while True:
            word = self.peek()
            if word.kind not in ("id", "segment", "up", "this", "word", "number"):
                raise self.not_a_name(start, word)
            if written and word.kind in ("word", "number") and not self.has_number_steps:
                raise self.error(f"`{word.text}` is no name at the end of a path", word.offset, f"write [{word.text}]")
            self.take()
            if word.kind == "up" or word.kind == "this" or (word.kind == "id" and word.text == "this"):
                if parts:
                    raise self.error(f"`{word.text}` stands inside a path", word.offset, "it may only begin one")
                levels += word.kind == "up"
                is_scoped = is_scoped or word.kind != "up"
            else:
                parts += [_segment(word.text)] if word.kind == "segment" else word.text.split(".")
            if "\0" in word.text:
                raise self.error("a name has a NUL character in it", word.offset, "remove it")
            written.append(_segment(word.text) if word.kind == "segment" else word.text)
            count += 1
            if count > MAX_CHAIN:
                raise self.error(f"a path has more than {MAX_CHAIN} steps", start.offset)
            if not self.is_step():
                return Name(tuple(parts), levels, is_private, is_scoped, "".join(written), start.offset)
            written.append(self.take().text)

    def is_step(self) -> bool:
        """Whether the path goes on here."""
        found = _STEP.match(self.source.text, self.at, self.end)
        return found is not None and self.peek().kind == "step"

    def not_a_name(self, start: Word, word: Word) -> TemplateError:
        if word.kind == "end":
            return self.error("a name is missing here", start.offset, "write what stands here, or remove the tag")
        return self.error(f"`{word.text}` is no name", word.offset, "names begin with a letter, or stand in [ ]")

    def parameters(self) -> tuple[str, ...]:
        """The names of `as |a b|`; none where there are no such."""
        if self.accept("parameters") is None:
            return ()
        names: list[str] = []
        while (word := self.take()).kind in ("id", "segment"):
            names.append(self.option_name(word))
        if word.text != "|" or not names:
            raise self.error("`as |` needs names and a second `|`", word.offset, "write it as `as |item|`")
        return tuple(names)


def _segment(text: str) -> str:
    return _SEGMENT_ESCAPE.sub(r"\1", text[1:-1])


def _number(text: str) -> int | float:
    if "." in text:
        return float(text[:400])
    return int(text) if len(text) < 18 else float(text[:400])
