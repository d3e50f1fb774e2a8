"""AMPscript code cut into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from livemerge.template.findings import Source

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>/\*)
    |(?P<string>'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*")
    |(?P<variable>@[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?![A-Za-z0-9_]))
    |(?P<attribute>\[[^\]\r\n]{1,128}\])
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<operator>==|!=|<=|>=|<|>|=|\(|\)|,)""",
    re.VERBOSE,
)
_ADVICE = {
    "'": "close the text with another `'`; write '' for one inside it",
    '"': 'close the text with another `"`; write "" for one inside it',
    "“": "write straight quotes",
    "”": "write straight quotes",
    "‘": "write straight quotes",
    "’": "write straight quotes",
    "+": "use Add() for numbers and Concat() for texts",
    "-": "use Subtract()",
    "*": "use Multiply()",
    "/": "use Divide()",
    ";": "statements need nothing between them",
    "&": "write AND",
    "|": "write OR",
    "!": "write NOT, or != between two values",
    "%": "names stand without %% in code",
    "@": "a variable's name begins with a letter or _",
}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is string, variable, number, attribute, name, operator or end; `start` an offset in the source."""

    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        """A name in small letters, as keywords are compared; empty for other kinds."""
        return self.text.lower() if self.kind == "name" else ""


def tokens_of(source: Source, start: int, end: int, *, allows_comments: bool) -> list[Token]:
    """The tokens of a stretch of code, with one of kind `end` behind them. Raises TemplateError."""
    text, at, found = source.text, start, list[Token]()
    while at < end:
        token = _TOKEN.match(text, at, end)
        if token is None:
            raise source.error(f"`{text[at]}` is not understood here", source.place(at), _advice(text, at))
        kind = token.lastgroup or ""
        if kind == "comment":
            at = _after_comment(source, at, end, allows_comments)
            continue
        if kind != "space":
            found.append(Token(kind, token[0], at))
        at = token.end()
    return [*found, Token("end", "", end)]


def _advice(text: str, at: int) -> str:
    if text[at].isdigit():
        return "a number ends before a letter begins"
    return _ADVICE.get(text[at], "write functions, variables, texts in quotes and numbers")


def _after_comment(source: Source, at: int, end: int, allows_comments: bool) -> int:
    if not allows_comments:
        raise source.error("a comment cannot stand in `%%= =%%`", source.place(at), "put it into a `%%[ ]%%` block")
    closing = source.text.find("*/", at + 2, end)
    if closing < 0:
        raise source.error("a comment is never closed", source.place(at), "close it with `*/`")
    return closing + 2
