"""Handlebars text to what it says. Follows the lexer and grammar of Handlebars 4 (src/handlebars.l, .yy).

Tags of Mustache that Handlebars has no meaning for are read where the dialect has them: `{{=| |=}}`, `{{<parent}}`,
`{{$slot}}`, `{{>*name}}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from livemerge.errors import TemplateError
from livemerge.template.findings import Source
from livemerge.template.handlebars.dialects import Dialect
from livemerge.template.handlebars.syntax import (
    NO_STRIP,
    Call,
    Comment,
    Content,
    Dynamic,
    Mustache,
    Name,
    Node,
    PartialTag,
    Program,
    Section,
    Strip,
    Value,
)
from livemerge.template.handlebars.words import Words
from livemerge.template.limits import MAX_NESTING

_CLOSINGS = {  # of `{{` and `{{{`, by whether a `}` right behind them is text
    False: (re.compile(r"~\}\}|\}\}(?!\})"), re.compile(r"\}~\}\}|\}\}\}(?!\})")),
    True: (re.compile(r"~?\}\}"), re.compile(r"\}~?\}\}")),
}
_NEXT_TAG = re.compile(r"\\{0,2}\{\{")
_SQUARE_CLOSE = re.compile(r"~?\]\]")
_FOUR_CLOSE = re.compile(r"\}\}\}\}")
_SLICE_END = re.compile(r"\Z")
_SQUARE_OPEN = re.compile(r"\[\[(?=[~#/^>&!]{0,3}\s{0,5}[\w@./])")
_MARK = re.compile(r"(~?)(#>|#\*|#|/|\^|>|&|\{|\*|=|\$|<)?")
_ELSE = re.compile(r"\s*else\b(?![-\w])")
_ELSEIF = re.compile(r"\s*elseif\b(?![-\w])")
_INVERSE_END = re.compile(r"\s*(~?)\}\}|\s*(~?)\]\]")
_TEMPLATE = re.compile(r"""<template\s{1,20}name\s{0,5}=\s{0,5}["']([^"'<>]{1,200})["']\s{0,5}>""", re.IGNORECASE)
_TEMPLATE_END = re.compile(r"</template\s{0,5}>", re.IGNORECASE)
_STARS = re.compile(r"(?:\s*\*){1,2}\s*")
PARTS = 3  # a tag, its name and the text before it, counted while they are read
_DELIMITERS = re.compile(r"\s*([^\s=]{1,20})\s+([^\s=]{1,20})\s*=")


@dataclass(slots=True)
class _Tag:
    """A tag that opens, divides or closes a block; other tags become nodes at once."""

    kind: str  # open, inverse, chain, close
    strip: Strip
    offset: int
    section: str = "block"  # block, raw, partial, decorator, parent, slot
    call: Call | None = None
    parameters: tuple[str, ...] = ()
    is_inverted: bool = False
    end: int = 0


def parse(source: Source, dialect: Dialect) -> Program:
    """What a template says, white space not cut yet. Raises TemplateError."""
    parser = _Parser(source, dialect)
    program, tag = parser.program()
    if tag is not None:
        raise parser.stray(tag)
    return program


class _Parser:
    def __init__(self, source: Source, dialect: Dialect) -> None:
        self.source = source
        self.text = source.text
        self.dialect = dialect
        self.at = 0
        self.open, self.close = "{{", ""
        self.is_escaped = False  # the `{{` at this place is text
        self.depth = 0
        self.ahead: dict[str, int] = {}  # where a tag's opening is next, by what it begins with
        self.after = 0  # characters of a closing mark that is not Handlebars' own
        self.ending: _Tag | None = None  # of the section read last

    def error(self, what: str, offset: int, advice: str = "") -> TemplateError:
        return self.source.error(what, self.source.place(offset), advice)

    def stray(self, tag: _Tag) -> TemplateError:
        if tag.kind == "close":
            name = _name_of(tag)
            return self.error(f"`{{{{/{name}}}}}` closes nothing", tag.offset, "remove it, or open the block")
        return self.error("`else` stands outside a block", tag.offset, "open one before, or remove it")

    # --- bodies ---

    def program(self) -> tuple[Program, _Tag | None]:
        """The nodes up to the tag that ends this body; None at the end of the text."""
        found = Program()
        while self.at < len(self.text):
            node = self.next()
            if isinstance(node, _Tag):
                if node.kind != "open":
                    return found, node
                node = self.section(node)
            if node is not None:
                found.body.append(node)
        return found, None

    def section(self, tag: _Tag) -> Section:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.error(f"blocks are nested deeper than {MAX_NESTING}", tag.offset, "move some into templates")
        if tag.section == "raw":
            return self.raw_section(tag)
        program, ending = self.program()
        program.parameters = tag.parameters
        found = self.closed(tag, program, ending, tag)
        self.depth -= 1
        return found

    def closed(self, tag: _Tag, program: Program, ending: _Tag | None, outermost: _Tag) -> Section:
        """The section of a tag whose first body is read, and all that follows up to its end."""
        inverse: Program | None = None
        divider = NO_STRIP
        close_strip: Strip | None = None
        if ending is not None and ending.kind in ("inverse", "chain"):
            if tag.section in ("decorator", "partial", "parent", "slot"):
                raise self.error("`else` has no place in this block", ending.offset, "remove it")
            if tag.is_inverted and ending.kind == "chain":
                raise self.error("`{{^` takes a plain `{{else}}` only", ending.offset, "write it as `{{#unless …}}`")
            divider = ending.strip
            close_strip = divider if tag is not outermost else None
            inverse, ending = self.inverse(ending, outermost)
        if close_strip is None:
            close_strip = self.end(outermost, ending)
        if inverse is not None and inverse.is_chained and isinstance(inverse.body[0], Section):
            inverse.body[0].close_strip = close_strip
        assert tag.call is not None
        first, second = (inverse, program) if tag.is_inverted else (program, inverse)
        self.ending = ending
        return Section(tag.section, tag.call, first, second, tag.strip, divider, close_strip, tag.offset)

    def inverse(self, tag: _Tag, outermost: _Tag) -> tuple[Program, _Tag | None]:
        """What an else begins, and the tag that ends it."""
        program, ending = self.program()
        if tag.kind == "inverse":
            return program, ending
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.error(f"more than {MAX_NESTING} blocks and `else` in each other", tag.offset, "use fewer")
        program.parameters = tag.parameters
        inner = self.closed(tag, program, ending, outermost)
        self.depth -= 1
        return Program([inner], is_chained=True), self.ending

    def end(self, tag: _Tag, ending: _Tag | None) -> Strip:
        """What the tag that closes a block takes away around it. Raises TemplateError where it is another's."""
        name = _name_of(tag)
        if ending is None:
            raise self.error(f"`{name}` is never closed", tag.offset, f"close it with `{{{{/{name}}}}}`")
        if ending.kind != "close":
            raise self.stray(ending)
        if _name_of(ending) != name:
            what = f"`{{{{/{_name_of(ending)}}}}}` closes `{name}`"
            raise self.error(what, ending.offset, f"`{name}` is open: close it with `{{{{/{name}}}}}`")
        return ending.strip

    def raw_section(self, tag: _Tag) -> Section:
        """A block of four braces: its text is no template."""
        name = _name_of(tag)
        depth, at = 1, self.at
        while True:
            start = self.text.find("{{{{", at)
            if start < 0:
                raise self.error(f"`{name}` is never closed", tag.offset, f"close it with `{{{{{{{{/{name}}}}}}}}}`")
            closing = re.compile(r"\{\{\{\{/[^\s}]{1,200}\}\}\}\}").match(self.text, start)
            depth += -1 if closing else (1 if self.text[start + 4 : start + 5] != "/" else 0)
            if closing and depth == 0:
                break
            at = closing.end() if closing else start + 4
        found = self.text[start + 5 : closing.end() - 4]
        if found != name:
            raise self.error(f"`{found}` closes `{name}`", start, f"close it with `{{{{{{{{/{name}}}}}}}}}`")
        body = self.text[self.at : start]
        program = Program([Content(body, body, self.at)] if body else [])
        self.at = closing.end()
        self.depth -= 1
        assert tag.call is not None
        return Section("raw", tag.call, program, None, NO_STRIP, NO_STRIP, NO_STRIP, tag.offset)

    # --- text ---

    def next(self) -> Node | _Tag | None:
        """The next piece of text or tag."""
        if self.is_escaped:
            return self.escaped()
        start = self.opening(self.at)
        if start > self.at:
            return self.content(start)
        if self.dialect.has_template_elements and (element := self.element()) is not None:
            return element
        return self.tag()

    def opening(self, at: int) -> int:
        """Where the next tag begins; the end of the text where there is none."""
        found = self.ahead.get(self.open, -1)
        if found < at:
            found = self.ahead[self.open] = self.text.find(self.open, at) % (len(self.text) + 1)
        patterns: tuple[re.Pattern[str], ...] = (_SQUARE_OPEN,) if self.dialect.has_square_tags else ()
        if self.dialect.has_template_elements:
            patterns += (_TEMPLATE, _TEMPLATE_END)
        return min([found, *(self.next_of(pattern, at) for pattern in patterns)])

    def next_of(self, pattern: re.Pattern[str], at: int) -> int:
        """Where a pattern is found next; what was found ahead is not looked for again."""
        found = self.ahead.get(pattern.pattern, -1)
        if found < at:
            match = pattern.search(self.text, at)
            found = self.ahead[pattern.pattern] = match.start() if match else len(self.text)
        return found

    def content(self, end: int) -> Content | None:
        """The text up to a tag; backslashes before it say whether it is one."""
        start, text = self.at, self.text[self.at : end]
        self.at = end
        has_backslashes = self.dialect.has_backslashes and not self.close
        if end < len(self.text) and has_backslashes and self.text.startswith("{{", end):
            if text.endswith("\\\\"):
                text = text[:-1]
            elif text.endswith("\\"):
                text = text[:-1]
                self.is_escaped = True
        return Content(text, text, start) if text else None

    def escaped(self) -> Content:
        """Text that begins with `{{` and is no tag, up to the next tag or backslash before one."""
        self.is_escaped = False
        self.source.count()  # it is text, which is counted only when the whole template has been read
        start = self.at
        found = _NEXT_TAG.search(self.text, start + 2)
        self.at = found.start() if found else len(self.text)
        text = self.text[start : self.at]
        return Content(text, text, start)

    def element(self) -> _Tag | None:
        """Mandrill's `<template name="x">`, which is a template for `{{> x}}`."""
        if found := _TEMPLATE.match(self.text, self.at):
            start, self.at = self.at, found.end()
            head = Name(("inline",), 0, False, False, "inline", start)
            call = Call(head, (Value(found[1], found[1], start),), (), found[0], start)
            return _Tag("open", NO_STRIP, start, "decorator", call)
        if found := _TEMPLATE_END.match(self.text, self.at):
            start, self.at = self.at, found.end()
            head = Name(("inline",), 0, False, False, "inline", start)
            return _Tag("close", NO_STRIP, start, "decorator", Call(head, (), (), "inline", start))
        return None

    # --- tags ---

    def tag(self) -> Node | _Tag:
        start = self.at
        self.source.count(PARTS)
        is_square = self.text.startswith("[[", start) and self.open == "{{" and not self.text.startswith("{{", start)
        if self.text.startswith("{{{{", start) and not self.close and self.text[start + 4 : start + 5] != "/":
            return self.four_braces(start)
        inner = start + (2 if is_square else len(self.open))
        if comment := self.comment(start, inner, is_square):
            return comment
        mark = _MARK.match(self.text, inner)
        assert mark is not None
        before, kind = bool(mark[1]) and not self.close, mark[2] or ""
        if kind == "=" and self.dialect.has_mustache_tags:
            return self.delimiters(start, mark.end())
        self.at = mark.end() if not (mark[1] and self.close) else inner
        if kind in ("<", "$") and not self.dialect.has_mustache_tags:
            kind, self.at = "", mark.end() - len(mark[2])
        if kind == "$" and not self.dialect.has_slots:
            kind, self.at = "", mark.end() - 1
        words = self.words(kind, start, is_square)
        return self.read(kind, words, before, start)

    def words(self, kind: str, start: int, is_square: bool) -> Words:
        """A reader of what the tag says."""
        kept = {
            "has_conditions": self.dialect.has_conditions,
            "has_number_steps": self.dialect.has_number_steps,
        }
        if self.close:
            ending = ("}" if kind == "{" else "") + self.close
            end = self.text.find(ending, self.at)
            if end < 0:
                raise self.error(f"`{self.open}` is not closed", start, f"close it with `{ending}`")
            self.after = len(ending)
            return Words(self.source, start, self.at, _SLICE_END, end, **kept)
        self.after = 0
        close, raw_close = _CLOSINGS[self.dialect.has_lone_braces]
        closing = _SQUARE_CLOSE if is_square else (raw_close if kind == "{" else close)
        return Words(self.source, start, self.at, closing, len(self.text), **kept)

    def read(self, kind: str, words: Words, before: bool, start: int) -> Node | _Tag:
        if kind in ("", "^") and (found := self.divider(kind, words, before, start)):
            return found
        if kind in (">", "#>") and not self.dialect.has_partials:
            raise self.error(f"{self.dialect.title} has no partials", start, "write the text here")
        call = self.dynamic(words, start) if kind in (">", "<", "/") and self.dialect.has_mustache_tags else None
        call = call or words.call()
        if isinstance(call.head, Call) and kind not in (">", "#>"):
            raise self.error("a tag begins with a name", call.offset, "leave the parentheses out")
        parameters = words.parameters() if kind in ("#", "#>", "^", "#*") else ()
        strip = self.finish(words, before)
        if kind in ("", "&", "{"):
            return Mustache(call, kind in ("&", "{"), strip, start)
        if kind == ">":
            self.check_partial(call)
            return PartialTag(call, strip, start)
        if kind == "/":
            if not call.is_bare:
                raise self.error("a closing tag has only a name", start, f"write `{{{{/{_text_of(call.head)}}}}}`")
            return _Tag("close", strip, start, call=call)
        if kind == "*":
            raise self.error("decorators other than `#*inline` are not supported", start, "remove it")
        if kind == "#*":
            self.check_inline(call, start)
        if kind == "#>":
            self.check_partial(call)
        section = {"#>": "partial", "#*": "decorator", "<": "parent", "$": "slot"}.get(kind, "block")
        return _Tag("open", strip, start, section, call, parameters, kind == "^")

    def divider(self, kind: str, words: Words, before: bool, start: int) -> _Tag | None:
        """`{{else}}`, `{{^}}`, `{{else if …}}`; None where the tag is none of them."""
        text = self.text
        if kind == "^":
            if found := _INVERSE_END.match(text, words.at):
                self.at = found.end()
                return _Tag("inverse", Strip(before, bool(found[1] or found[2])), start)
            return None
        if self.dialect.has_elseif and (found := _ELSEIF.match(text, words.at)):
            words.at = found.end()
            return self.chain(words, before, start, found.end())
        if found := _ELSE.match(text, words.at):
            if end := _INVERSE_END.match(text, found.end()):
                self.at = end.end()
                return _Tag("inverse", Strip(before, bool(end[1] or end[2])), start)
            if text[found.end() : found.end() + 1] in ("=", ".", "/"):
                return None
            words.at = found.end()
            return self.chain(words, before, start, -1)
        return None

    def chain(self, words: Words, before: bool, start: int, condition_at: int) -> _Tag:
        """`{{else name …}}`; where `condition_at` is given the name is `if`."""
        if condition_at >= 0:
            term = words.term()
            head = Name(("if",), 0, False, False, "if", start)
            call = Call(head, (term,), (), f"if {self.text[condition_at : words.at].strip()}", start)
        else:
            call = words.call()
        parameters = words.parameters()
        return _Tag("chain", self.finish(words, before), start, "block", call, parameters)

    def finish(self, words: Words, before: bool) -> Strip:
        self.at = words.finish() + self.after
        after = self.text[self.at - 3 : self.at - 2] == "~" and not self.close
        return Strip(before, after)

    def comment(self, start: int, inner: int, is_square: bool) -> Comment | None:
        """A comment, from `!` to the end of the tag, or of `!--` to `--}}`."""
        found = re.compile(r"(~?)!(--)?").match(self.text, inner)
        if found is None:
            return None
        closing = self.close or ("]]" if is_square else "}}")
        if found[2] and not self.close:
            long = re.compile(r"--~?" + re.escape(closing)).search(self.text, found.start(2))
            end = long.end() if long else -1
        else:
            at = self.text.find(closing, found.end())
            end = at + len(closing) if at >= 0 else -1
        if end < 0:
            mark = f"--{closing}" if found[2] and not self.close else closing
            raise self.error("this comment is not closed", start, f"close it with `{mark}`")
        self.at = end
        is_after = self.text[end - len(closing) - 1] == "~" and not self.close
        return Comment(Strip(bool(found[1]) and not self.close, is_after), start)

    def four_braces(self, start: int) -> _Tag:
        self.at = start + 4
        words = Words(
            self.source, start, self.at, _FOUR_CLOSE, len(self.text), has_conditions=False, has_number_steps=True
        )
        call = words.call()
        self.at = words.finish()
        return _Tag("open", NO_STRIP, start, "raw", call)

    def delimiters(self, start: int, at: int) -> Comment:
        """`{{=| |=}}`: other marks around tags from here on."""
        found = _DELIMITERS.match(self.text, at)
        closing = self.close or "}}"
        if found is None or not self.text.startswith(closing, found.end()):
            raise self.error("this does not name two delimiters", start, "write it as `{{=<% %>=}}`")
        self.open, self.close = found[1], found[2]
        if (self.open, self.close) == ("{{", "}}"):
            self.close = ""
        self.at = found.end() + len(closing)
        return Comment(NO_STRIP, start)

    def dynamic(self, words: Words, start: int) -> Call | None:
        """Mustache's `*name` in the place of a template's name; None where there is no such."""
        found = _STARS.match(self.text, words.at, words.end)
        if found is None:
            return None
        words.at = found.end()
        name, stars = words.name(), found[0].count("*")
        text = "*" * stars + name.text
        return Call(Dynamic(name if stars == 1 else None, text, start), (), (), text, start)

    def check_partial(self, call: Call) -> None:
        if len(call.arguments) > 1:
            raise self.error("a partial takes one context", call.offset, "give the rest as `name=value`")

    def check_inline(self, call: Call, start: int) -> None:
        if _text_of(call.head) != "inline":
            raise self.error("decorators other than `#*inline` are not supported", start, "remove it")
        if len(call.arguments) != 1:
            raise self.error("`#*inline` needs one name", start, 'write it as `{{#*inline "name"}}`')


def _text_of(head: object) -> str:
    return str(getattr(head, "text", ""))


def _name_of(tag: _Tag) -> str:
    if tag.call is None:
        return ""
    return _text_of(tag.call.head)
