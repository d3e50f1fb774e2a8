"""Liquid text to tree. Structure errors raise; tags nobody knows become Unsupported nodes and findings."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from livemerge.errors import TemplateError, nearest
from livemerge.template.filters.text import WHITE
from livemerge.template.findings import Finding, Source
from livemerge.template.limits import MAX_NESTING
from livemerge.template.liquid.blanks import without_blanks
from livemerge.template.liquid.dialect import LIQUID, Desk, Dialect
from livemerge.template.liquid.expressions import Roots
from livemerge.template.liquid.heads import Grammar, Markup
from livemerge.template.liquid.lax import LaxGrammar
from livemerge.template.liquid.strict import StrictGrammar
from livemerge.template.liquid.tokens import LineTokens, TemplateTokens, Token, Tokens
from livemerge.template.nodes import (
    Assign,
    Block,
    Branch,
    Capture,
    Case,
    Counter,
    Cycle,
    Expression,
    For,
    If,
    IfChanged,
    Include,
    Interrupt,
    Literal,
    Not,
    Output,
    Place,
    Statement,
    TableRow,
    Text,
    Unsupported,
    When,
)

_ASSIGN = re.compile(r"\s*((?:\(?[\w\-.\[\]]\)?){1,200})\s*=\s*", re.ASCII)
_NAME = re.compile(r"[\w\-.\[\]]{1,200}", re.ASCII)
_STRICT_NAME = re.compile(r"([\"']?)([A-Za-z_][\w\-.\[\]]{0,200})\1", re.ASCII)
_COUNTER = re.compile(r"[A-Za-z_][\w-]{0,200}\??", re.ASCII)
MAX_LAX_CHARACTERS = 5_000  # of one tag; patterns take the square of it, so longer ones are read word by word
_SETS_SELF = re.compile(r"(?:assign|capture|for|tablerow|increment|decrement)\s{1,20}self\b|\bself\s{0,20}:")
_UNREAD = frozenset({"#", "comment", "doc", "liquid", "raw"})  # whose markup is not read as it stands
_NESTED_DOC = re.compile(r"\{%-?\s{0,100}doc\b")
_PARTS = {  # tags that only mean something inside another
    "else": "if",
    "elsif": "if",
    "when": "case",
    "endif": "if",
    "endunless": "unless",
    "endcase": "case",
    "endfor": "for",
    "endtablerow": "tablerow",
    "endcapture": "capture",
    "endcomment": "comment",
    "endraw": "raw",
    "enddoc": "doc",
    "endifchanged": "ifchanged",
}


Read = tuple[Block, tuple[Finding, ...]]


def parse_liquid(source: Source, *, is_strict: bool, dialect: Dialect = LIQUID) -> Read:
    """The tree of a template and what was noticed on the way. Raises TemplateError."""
    parser = _Parser(source, is_strict, dialect)
    block, _ = parser.block(TemplateTokens(source, dialect.end_of), (), None)
    return block, tuple(parser.findings)


class _Parser:
    def __init__(self, source: Source, is_strict: bool, dialect: Dialect) -> None:
        self.source = source
        self.is_strict = is_strict
        self.dialect = dialect
        self.plain = dialect.plain_of(source.text)
        self.findings: list[Finding] = []
        roots = Roots(has_self=_SETS_SELF.search(source.text) is None)
        self.strict = StrictGrammar(source, roots)
        self.lax = LaxGrammar(self.strict, dialect.filters, self.findings)
        self.open: list[str] = []
        self.unknown: set[str] = set()

    def block(self, tokens: Tokens, ends: tuple[str, ...], opener: Token | None) -> tuple[Block, Token | None]:
        """Statements up to one of the tags in `ends`, and that tag. Raises TemplateError where none comes."""
        statements: list[Statement] = []
        while (token := tokens.next()) is not None:
            if token.kind == "tag" and token.name in ends:
                return tuple(statements), self.in_plain_liquid(token)[1]
            statements += self.statement(tokens, token)
        if opener is not None:
            raise self.error(f"`{opener.name}` is never closed", opener, f"close it with `end{opener.name}`")
        return tuple(statements), None

    def statement(self, tokens: Tokens, token: Token) -> Block:
        """What one token, and the block it may open, means; comments mean nothing."""
        place = self.source.place(token.start)
        if token.kind == "text":
            return (Text(token.markup, place),)
        if token.kind == "output":
            return self.outputs(token)
        read = TAGS.get(token.name)
        if read is None:
            return self.other_tag(token, place)
        before: Block = ()
        if token.name not in _UNREAD:
            before, token = self.in_plain_liquid(token)
        self.open.append(token.name)
        if len(self.open) > MAX_NESTING:
            raise self.error(f"tags are nested deeper than {MAX_NESTING}", token)
        found = read(self, tokens, token, place)
        self.open.pop()
        return (*before, *found)

    def in_plain_liquid(self, token: Token) -> tuple[Block, Token]:
        """A tag or an output as plain Liquid, and what has to be done before it."""
        if self.dialect is LIQUID:
            return (), token
        before, token = self.dialect.lifted(self.desk(token), token) if self.dialect.lifted else ((), token)
        return before, replace(token, markup=self.plain(token.markup))

    def desk(self, token: Token) -> Desk:
        return Desk(self.source, self.grammar(token), self.findings, self.plain)

    def outputs(self, token: Token) -> Block:
        """What an output means: most often a value that is written."""
        read = self.dialect.output
        found = read(self.desk(token), token) if read else None
        if found is not None:
            return found
        before, token = self.in_plain_liquid(token)
        return (*before, self.output(token))

    def output(self, token: Token) -> Output:
        if token.kind == "output" and "}" in token.markup and not self.is_strict:
            raise self.error(
                "a single `}` ends an output, also in quotes", token, "assign the text, and write that name"
            )
        value = self.grammar(token).filtered(_markup(token))
        return Output(value, token.markup.strip(), self.source.place(token.start))

    def other_tag(self, token: Token, place: Place) -> Block:
        """A tag that is not Liquid's own: the dialect's, or nobody's."""
        read = self.dialect.tags.get(token.name)
        return read(self.desk(token), token) if read else self.unknown_tag(token, place)

    def unknown_tag(self, token: Token, place: Place) -> Block:
        name = token.name
        if not name:
            raise self.error("a tag without a name", token, "write the tag's name first")
        if name in _PARTS:
            raise self.error(f"`{name}` stands outside `{_PARTS[name]}`", token, self.advice_to_open(_PARTS[name]))
        if name.startswith("end") and name[3:] in self.unknown:
            return ()
        self.unknown.add(name)
        advice = nearest(name, [*TAGS, *_PARTS, *self.dialect.tags]) or "remove it; this tag is not part of Liquid"
        self.findings.append(self.source.finding("unknown-tag", "error", f"unknown tag `{name}`", place, advice))
        return (Unsupported(f"unknown tag `{name}`", advice, place),)

    def advice_to_open(self, tag: str) -> str:
        """How to open a tag; a tag before that is none may be meant for it."""
        meant = nearest(tag, self.unknown)
        misspelt = next((name for name in self.unknown if f"`{name}`" in meant), "")
        return f"write `{tag}` for `{misspelt}` before it" if misspelt else f"open it with `{tag}`, or remove it"

    def error(self, what: str, token: Token, advice: str = "") -> TemplateError:
        return self.source.error(what, self.source.place(token.start), advice)

    def grammar(self, token: Token) -> Grammar:
        """How the markup of a token is read."""
        return self.strict if self.is_strict or len(token.markup) > MAX_LAX_CHARACTERS else self.lax

    # --- tags that choose ---

    def if_tag(self, tokens: Tokens, token: Token, place: Place) -> Block:
        end = f"end{token.name}"
        branches: list[Branch] = []
        otherwise: Block = ()
        has_else, arm = False, token
        while arm.name != end:
            body, following = self.block(tokens, ("elsif", "else", end), token)
            assert following is not None  # block() raised otherwise
            if arm.name == "else":
                self.warn_of_condition(arm)
                otherwise = otherwise if has_else else body
                has_else = True
            else:
                branch = self.branch(arm, body)
                branches += [] if has_else else [branch]
            arm = following
        return without_blanks((If(tuple(branches), otherwise, place),))

    def warn_of_condition(self, arm: Token) -> None:
        if arm.markup:
            what, place = "what stands behind `else` is passed over", self.source.place(arm.start)
            advice = "write `elsif` for another test"
            self.findings.append(self.source.finding("else-condition", "warning", what, place, advice))

    def branch(self, arm: Token, body: Block) -> Branch:
        if not arm.markup:
            raise self.error(f"`{arm.name}` has no condition", arm, "write what it tests")
        place = self.source.place(arm.start)
        condition = self.grammar(arm).condition(_markup(arm))
        if arm.name == "unless":
            return Branch(Not(condition, place), f"not ({arm.markup})", body, place)
        return Branch(condition, arm.markup, body, place)

    def case_tag(self, tokens: Tokens, token: Token, place: Place) -> Block:
        subject = self.grammar(token).subject(_markup(token))
        _, arm = self.block(tokens, ("when", "else", "endcase"), token)
        arms: list[When] = []
        while arm is not None and arm.name != "endcase":
            body, following = self.block(tokens, ("when", "else", "endcase"), token)
            at = self.source.place(arm.start)
            if arm.name == "else":
                if arm.markup:
                    raise self.error("the `else` of `case` takes no value", arm, "write it as `else`, or use `when`")
                arms.append(When(None, "else", body, at))
            else:
                values = self.grammar(arm).when(_markup(arm))
                arms += [When((value,), arm.markup, body, at) for value in values]
            arm = following
        return without_blanks((Case(subject, tuple(arms), place),))

    # --- tags that repeat ---

    def for_tag(self, tokens: Tokens, token: Token, place: Place) -> Block:
        head = self.grammar(token).loop(_markup(token))
        body, following = self.block(tokens, ("else", "endfor"), token)
        otherwise: Block = ()
        while following is not None and following.name == "else":
            otherwise, following = self.block(tokens, ("else", "endfor"), token)
        loop = For(
            head.name,
            head.items,
            body,
            otherwise,
            place,
            f"{head.name}-{head.written}",
            head.arguments.get("limit"),
            head.arguments.get("offset"),
            head.resumes,
            head.is_reversed,
        )
        return without_blanks((loop,))

    def tablerow_tag(self, tokens: Tokens, token: Token, place: Place) -> Block:
        head = self.grammar(token).row(_markup(token))
        body, _ = self.block(tokens, ("endtablerow",), token)
        columns, limit, offset = (head.arguments.get(name) for name in ("cols", "limit", "offset"))
        return (TableRow(head.name, head.items, body, place, columns, limit, offset),)

    def interrupt_tag(self, _tokens: Tokens, token: Token, place: Place) -> Block:
        return (Interrupt(token.name, place),)

    def cycle_tag(self, _tokens: Tokens, token: Token, place: Place) -> Block:
        head = self.grammar(token).cycle(_markup(token))
        return (Cycle(head.values, head.group, _turns(head.values), place),)

    # --- tags that remember ---

    def assign_tag(self, _tokens: Tokens, token: Token, place: Place) -> Block:
        found = (_ASSIGN.match if self.is_strict else _ASSIGN.search)(token.markup)
        if found is None:
            raise self.error("`assign` needs a name and a value", token, "write it as `assign name = value`")
        offset = token.offset + found.end()
        value = self.grammar(token).filtered(Markup(token.markup[found.end() :], offset))
        return (Assign(found[1], value, place),)

    def capture_tag(self, tokens: Tokens, token: Token, place: Place) -> Block:
        found = (_STRICT_NAME.fullmatch if self.is_strict else _NAME.search)(token.markup)
        if found is None:
            raise self.error("`capture` needs a name", token, "write it as `capture name`")
        body, _ = self.block(tokens, ("endcapture",), token)
        return (Capture(found[found.lastindex or 0], body, place),)

    def counter_tag(self, _tokens: Tokens, token: Token, place: Place) -> Block:
        name = token.markup.strip(WHITE)
        if self.is_strict and not _COUNTER.fullmatch(name):
            raise self.error(f"`{token.name}` needs a name", token, f"write it as `{token.name} name`")
        return (Counter(name, 1 if token.name == "increment" else -1, place),)

    def ifchanged_tag(self, tokens: Tokens, token: Token, place: Place) -> Block:
        body, _ = self.block(tokens, ("endifchanged",), token)
        return (IfChanged(body, place),)

    # --- tags that write, or do not ---

    def echo_tag(self, _tokens: Tokens, token: Token, _place: Place) -> Block:
        return (self.output(token),)

    def liquid_tag(self, _tokens: Tokens, token: Token, _place: Place) -> Block:
        block, _ = self.block(LineTokens(self.source, token.offset, token.offset + len(token.markup)), (), None)
        return block

    def raw_tag(self, tokens: Tokens, token: Token, place: Place) -> Block:
        if token.markup:
            raise self.error("`raw` takes no arguments", token)
        body = tokens.raw()
        if body is None:
            raise self.error("`raw` is never closed", token, "close it with `endraw`")
        return (Text(body.markup, place),) if body.markup else ()

    def comment_tag(self, tokens: Tokens, token: Token, _place: Place) -> Block:
        depth = 1
        while depth:
            inner = self.skipped(tokens)
            if inner is None:
                raise self.error("`comment` is never closed", token, "close it with `endcomment`")
            if inner.kind == "tag" and inner.name == "raw":
                tokens.raw()
            depth += (inner.name == "comment") - (inner.name == "endcomment") if inner.kind == "tag" else 0
        return ()

    def skipped(self, tokens: Tokens) -> Token | None:
        """The next token of a comment, where nothing needs to be well formed."""
        try:
            return tokens.next()
        except TemplateError:
            return None

    def doc_tag(self, tokens: Tokens, token: Token, _place: Place) -> Block:
        if token.markup:
            raise self.error("`doc` takes no arguments", token)
        body = tokens.raw("enddoc")
        if body is None:
            raise self.error("`doc` is never closed", token, "close it with `enddoc`")
        if _NESTED_DOC.search(body.markup):
            raise self.error("`doc` cannot stand in `doc`", token)
        return ()

    def inline_comment_tag(self, _tokens: Tokens, token: Token, _place: Place) -> Block:
        lines = token.markup.split("\n")[1:]
        if any(line.strip(WHITE) and not line.strip(WHITE).startswith("#") for line in lines):
            raise self.error("each line of an inline comment starts with `#`", token)
        return ()

    # --- other templates ---

    def include_tag(self, _tokens: Tokens, token: Token, place: Place) -> Block:
        is_isolated = token.name == "render"
        head = self.grammar(token).include(_markup(token), is_isolated=is_isolated)
        arguments = tuple(head.arguments.items())
        return (Include(head.name, is_isolated, arguments, place, head.bound, head.repeats, head.alias),)


def _turns(values: tuple[Expression, ...]) -> str:
    """What tells one cycle without a name from another: its values, however they are written."""
    known = [each.value if isinstance(each, Literal) else None for each in values]
    return ", ".join(f"{type(value).__name__} {getattr(value, 'name', value)!r}" for value in known)


def _markup(token: Token) -> Markup:
    return Markup(token.markup, token.offset)


TAGS: dict[str, Callable[[_Parser, Tokens, Token, Place], Block]] = {
    "#": _Parser.inline_comment_tag,
    "assign": _Parser.assign_tag,
    "break": _Parser.interrupt_tag,
    "capture": _Parser.capture_tag,
    "case": _Parser.case_tag,
    "comment": _Parser.comment_tag,
    "continue": _Parser.interrupt_tag,
    "cycle": _Parser.cycle_tag,
    "decrement": _Parser.counter_tag,
    "doc": _Parser.doc_tag,
    "echo": _Parser.echo_tag,
    "for": _Parser.for_tag,
    "if": _Parser.if_tag,
    "ifchanged": _Parser.ifchanged_tag,
    "include": _Parser.include_tag,
    "increment": _Parser.counter_tag,
    "liquid": _Parser.liquid_tag,
    "raw": _Parser.raw_tag,
    "render": _Parser.include_tag,
    "tablerow": _Parser.tablerow_tag,
    "unless": _Parser.if_tag,
}
