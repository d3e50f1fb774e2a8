"""AMPscript: a message with its blocks, inline expressions and personalization strings, to the tree."""

from __future__ import annotations

import re

from livemerge.template.ampscript.content import MASK, masked_name
from livemerge.template.ampscript.expressions import Expressions, attribute, is_function_call, variable
from livemerge.template.ampscript.places import KEYWORDS, Piece, pieces_of
from livemerge.template.ampscript.tokens import Token, tokens_of
from livemerge.template.authored import Authored
from livemerge.template.findings import Finding, Source
from livemerge.template.limits import MAX_NESTING
from livemerge.template.nodes import (
    Assign,
    Block,
    Expression,
    FilterCall,
    For,
    Literal,
    Output,
    Path,
    Place,
    Statement,
    Text,
    Unsupported,
)
from livemerge.template.open_block import OpenBlock

DROPPED = "@ dropped"  # the variable that takes what a statement gives and nobody reads
MAX_TAGS = 20_000  # of one message; what it takes to compile more is no longer a moment
_COMMAND = re.compile(
    r"%%(?:(?P<when>before|after)\s*;\s*)?httpget(?:\s*;\s*(?P<without>[012])?\s*)?"
    r"\s+(?P<quote>[\"'])(?P<url>[^\"'%\s]+)(?P=quote)\s*%%",
    re.IGNORECASE,
)
_CLOSINGS = {"block": "]%%", "inline": "=%%"}


def parse_ampscript(source: Source, *, is_strict: bool) -> tuple[Block, tuple[Finding, ...]]:
    """The tree of a message and what was noticed on the way. Raises TemplateError.

    Without `is_strict` a block that is not closed ends with the message.
    """
    parser = _Parser(source, is_strict)
    return parser.parsed(), tuple(parser.findings)


class _Parser:
    def __init__(self, source: Source, is_strict: bool) -> None:
        self.source = source
        self.is_strict = is_strict
        self.findings: list[Finding] = []
        self.read = Expressions(source, self.findings)
        self.body: list[Statement] = []
        self.open: list[OpenBlock] = []
        self.open_loops: list[tuple[str, Expression]] = []  # variable, in small letters, and what it goes through
        self.loops = 0

    def parsed(self) -> Block:
        text, at = self.source.text, 0
        for count, piece in enumerate(pieces_of(text)):
            if count >= MAX_TAGS:
                raise self.source.error(f"a message has more than {MAX_TAGS} tags", self.source.place(piece.start))
            self.text(at, piece.start)
            if piece.inner_end < 0:
                raise self.not_closed(piece)
            self.piece(piece)
            at = piece.end
        self.text(at, len(text))
        while self.open:
            self.close_last()
        return (*self.refusal(), *self.body)

    def refusal(self) -> Block:
        """What stops every rendering, where a function anywhere has a wrong number of arguments."""
        found = self.read.aborts
        if found is None:
            return ()
        return (Unsupported(found.what, found.advice, Place(found.line, found.column)),)

    def not_closed(self, piece: Piece) -> Exception:
        opening = self.source.text[piece.start : piece.inner].split("\n")[0][:40]
        tokens_of(self.source, piece.inner, piece.end, allows_comments=True)  # says so where a text is not closed
        closing = "</script>" if opening.startswith("<") else _CLOSINGS[piece.kind]
        return self.source.error(
            f"`{opening}` is never closed", self.source.place(piece.start), f"close it with `{closing}`"
        )

    def close_last(self) -> None:
        block = self.open[-1]
        closing = "ENDIF" if block.kind == "if" else "NEXT"
        if self.is_strict:
            what = f"{block.kind.upper()} is never closed"
            raise self.source.error(what, block.place, f"close it with {closing}")
        self.close_if() if block.kind == "if" else self.close_for()

    def add(self, statement: Statement) -> None:
        (self.open[-1].body if self.open else self.body).append(statement)

    # --- pieces of the message ---

    def text(self, start: int, end: int) -> None:
        """Text between tags. In text made while rendering, masks stand for data."""
        text = self.source.text[start:end]
        if not text:
            return
        place = self.source.place(start)
        if "\ue000" not in text:
            self.add(Text(text, place))
            return
        for at, each in enumerate(MASK.split(text)):
            if at % 2:
                self.write(variable(masked_name(each), place), "data", place)
            elif each:
                self.add(Text(each, place))

    def piece(self, piece: Piece) -> None:
        place = self.source.place(piece.start)
        written = self.source.text[piece.start : piece.end]
        name = self.source.text[piece.inner : piece.inner_end].strip()
        if piece.kind in ("name", "attribute"):
            field_read = attribute(name, place)
            absent = written if isinstance(field_read, Path) else None
            self.add(Output(_printed(field_read), written, place, absent=absent))
        elif piece.kind == "inline":
            self.inline(piece, written, place)
        elif piece.kind == "block":
            self.code(piece)
        elif piece.kind == "command":
            self.command(written, place)
        elif piece.kind == "server_script":
            self.unsupported("server-side JavaScript runs in Marketing Cloud only", place)

    def command(self, written: str, place: Place) -> None:
        """`%%HTTPGet "…"%%` writes what the address gives, whoever it is for."""
        found = _COMMAND.fullmatch(written)
        if found is None:
            self.unsupported("`%%HTTPGet%%` is not written as a command", place, 'write %%HTTPGet "https://…"%%')
        elif (found["when"] or "").lower() == "after":
            self.unsupported("nothing is fetched after a campaign", place, "ask the address when the campaign is over")
        else:
            is_before = bool(found["when"])
            without = {"": "", "0": "", "1": "stops", "2": "stops" if is_before else "skips"}[found["without"] or ""]
            url = Literal(Authored(found["url"].strip()), place)
            call = FilterCall(url, "httpget_command", (Literal(without, place),), (), place)
            self.add(Output(_printed(call), written, place))

    def unsupported(
        self, what: str, place: Place, advice: str = "declare a source and a field for what it gives"
    ) -> None:
        self.findings.append(self.source.finding("unsupported-tag", "error", what, place, advice))
        self.add(Unsupported(what, advice, place))

    def inline(self, piece: Piece, written: str, place: Place) -> None:
        read = self.read
        read.start(tokens_of(self.source, piece.inner, piece.inner_end, allows_comments=False))
        if read.token.kind == "end":
            raise self.source.error("`%%= =%%` is empty", place, "write one expression, as in `%%=v(@name)=%%`")
        if read.token.word in ("output", "outputline") and _is_call(read.tokens, read.at):
            self.output()
        else:
            self.write(read.expression(), written, place)
        if read.token.kind != "end":
            raise read.unexpected("`%%= =%%` holds one expression", "statements stand in a `%%[ ]%%` block")

    def write(self, value: Expression, written: str, place: Place) -> None:
        self.add(Output(_printed(value), written, place))

    # --- statements ---

    def code(self, piece: Piece) -> None:
        read = self.read
        read.start(tokens_of(self.source, piece.inner, piece.inner_end, allows_comments=True))
        while read.token.kind != "end":
            self.statement(read.token)

    def statement(self, token: Token) -> None:
        statements = {
            "set": self.set,
            "var": self.declare,
            "if": self.begin_if,
            "elseif": self.else_if,
            "else": self.otherwise,
            "endif": self.end_if,
            "for": self.begin_for,
            "next": self.end_for,
        }
        if token.word in statements:
            self.read.take()
            statements[token.word](token)
        elif token.word in ("output", "outputline") and _is_call(self.read.tokens, self.read.at):
            self.output()
        elif token.kind == "variable" and self.read.tokens[self.read.at + 1].text == "=":
            self.read.warn(
                "missing-set",
                f"`{token.text} = …` stands without SET",
                self.place(token),
                f"write SET {token.text} = …",
            )
            self.set(token)
        elif _is_call(self.read.tokens, self.read.at):
            self.add(Assign(DROPPED, self.read.expression(), self.place(token)))
        else:
            advice = "a block holds SET, VAR, IF, FOR and function calls"
            raise self.read.unexpected("no statement begins here", advice)

    def place(self, token: Token) -> Place:
        return self.source.place(token.start)

    def variable_name(self) -> str:
        token = self.read.token
        if token.kind != "variable":
            raise self.read.unexpected("a variable is missing", "a variable begins with @")
        return self.read.take().text.lower()

    def set(self, token: Token) -> None:
        name = self.variable_name()
        self.read.need("=", "write SET @name = value")
        self.add(Assign(name, self.read.expression(), self.place(token)))

    def declare(self, token: Token) -> None:
        while True:
            self.add(Assign(self.variable_name(), Literal(None, self.place(token)), self.place(token)))
            if not self.read.takes(","):
                return

    def output(self) -> None:
        """Output and OutputLine: they print what functions give and nothing else."""
        token = self.read.take()
        place = self.place(token)
        given = self.read.arguments()
        if token.word == "output":
            advice = "use `%%= =%%`, or OutputLine"
            self.read.warn("output-in-mail", "Marketing Cloud refuses Output in mail", place, advice)
        for each in given:
            if is_function_call(each):
                self.write(each, self.source.text[token.start : self.read.tokens[self.read.at - 1].start + 1], place)
            else:
                self.add(Assign(DROPPED, each, place))
        if token.word == "outputline":
            self.add(Text("\n", place))

    # --- blocks ---

    def begin(self, block: OpenBlock) -> None:
        self.open.append(block)
        if len(self.open) > MAX_NESTING:
            raise self.source.error(f"blocks are nested deeper than {MAX_NESTING}", block.place)

    def test(self, block: OpenBlock, token: Token) -> None:
        """Reads the condition of a branch up to its THEN."""
        start = self.read.token.start
        condition = self.read.condition()
        end = self.read.token.start
        self.read.need("then", "write IF condition THEN")
        block.end_branch()
        block.condition, block.condition_place = condition, self.place(token)
        block.condition_source = " ".join(self.source.text[start:end].split())

    def begin_if(self, token: Token) -> None:
        block = OpenBlock("if", self.place(token))
        self.test(block, token)
        self.begin(block)

    def inner_if(self, word: str, token: Token) -> OpenBlock:
        """The IF that a word belongs to."""
        if not self.open or self.open[-1].kind != "if":
            inside = "; a FOR is open" if self.open else ""
            raise self.source.error(f"{word} stands outside IF{inside}", self.place(token), "open one, or remove it")
        return self.open[-1]

    def else_if(self, token: Token) -> None:
        block = self.inner_if("ELSEIF", token)
        if block.condition is None:
            raise self.source.error("ELSEIF stands behind ELSE", self.place(token), "put it in front of ELSE")
        self.test(block, token)

    def otherwise(self, token: Token) -> None:
        block = self.inner_if("ELSE", token)
        if block.condition is None:
            raise self.source.error("a second ELSE", self.place(token), "an IF has one ELSE, at its end")
        block.end_branch()
        block.condition = None

    def end_if(self, token: Token) -> None:
        self.inner_if("ENDIF", token)
        self.close_if()

    def close_if(self) -> None:
        self.add(self.open.pop().as_if())

    def begin_for(self, token: Token) -> None:
        name = self.variable_name()
        self.read.need("=", "write FOR @i = 1 TO 10 DO")
        start = self.read.expression()
        is_down = self.read.takes("downto")
        if not is_down:
            self.read.need("to", "write FOR @i = 1 TO 10 DO")
        end = self.read.expression()
        self.read.need("do", "write FOR @i = 1 TO 10 DO")
        place = self.place(token)
        items = FilterCall(start, "steps", (end, Literal(-1 if is_down else 1, place)), (), place)
        self.open_loops.append((name, items))
        self.begin(OpenBlock("for", place))

    def end_for(self, token: Token) -> None:
        if not self.open or self.open[-1].kind != "for":
            inside = "; an IF is open" if self.open else ""
            raise self.source.error(f"NEXT stands outside FOR{inside}", self.place(token), "open one, or remove it")
        if self.read.token.kind == "variable" and self.read.tokens[self.read.at + 1].text != "=":
            named = self.read.token
            if self.variable_name() != self.open_loops[-1][0]:
                what = f"`NEXT {named.text}` closes the loop of `{self.open_loops[-1][0]}`"
                raise self.source.error(what, self.place(named), "name the innermost loop's variable, or none")
        self.close_for()

    def close_for(self) -> None:
        """A loop: each round sets the variable, which keeps its last value."""
        block, (name, items) = self.open.pop(), self.open_loops.pop()
        self.loops += 1
        item = f"@ round {self.loops}"
        first = Assign(name, Path(item, (), name, block.place), block.place)
        self.add(For(item, items, (first, *block.body), (), block.place, item))


def _printed(value: Expression) -> Expression:
    """A value as it is written."""
    if isinstance(value, FilterCall) and value.name == "v":
        return value
    return FilterCall(value, "v", (), (), value.place)


def _is_call(tokens: list[Token], at: int) -> bool:
    """Whether a function call stands here."""
    is_name = tokens[at].kind == "name" and tokens[at].word not in KEYWORDS
    return is_name and tokens[at + 1].kind == "operator" and tokens[at + 1].text == "("
