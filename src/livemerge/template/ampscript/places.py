"""Where AMPscript stands in a message: blocks, inline expressions, personalization strings, script and guide tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from livemerge.template.plain_text import TagSpan

KEYWORDS: Final = frozenset({"if", "elseif", "else", "endif", "for", "next", "set", "var", "then", "do"})

_OPENING = re.compile(r"%%=|%%\[|%%(?=[A-Za-z_])|<script(?=[\s>])|\{\{[./]", re.IGNORECASE)
_NAME = re.compile(r"%%([A-Za-z_][A-Za-z0-9_ ]{0,127})%%")
_COMMAND = re.compile(
    r"%%(?:(?:before|after)\s{0,9};\s{0,9})?httpget(?:\s{0,9};[^%]{0,9})?\s{1,9}[^%\n]{1,500}%%", re.IGNORECASE
)
_BRACKETED = re.compile(r"%%\[[ \t]{0,20}([A-Za-z_][^\]\[%@=(,'\"\n]{0,127})\]%%")
_SCRIPT = re.compile(r"<script\b([^>]{0,300})>", re.IGNORECASE)
_SCRIPT_END = re.compile(r"</script\s{0,9}>", re.IGNORECASE)
_SERVER = re.compile(r"\brunat\s{0,9}=\s{0,9}[\"']?server\b", re.IGNORECASE)
_AMPSCRIPT = re.compile(r"\blanguage\s{0,9}=\s{0,9}[\"']?ampscript\b", re.IGNORECASE)
_GUIDE = re.compile(r"\{\{(?:\.(slot|block|data)\b[^}]{0,500}|/(?:slot|block|data)\s{0,9})\}\}", re.IGNORECASE)
_DATA_END = re.compile(r"\{\{/data\s{0,9}\}\}", re.IGNORECASE)
_CODE_MARK = re.compile(r"['\"]|/\*|\]%%")
_INLINE_MARK = re.compile(r"['\"]|=%%")
_SCRIPT_MARK = re.compile(r"['\"]|/\*|</script\s{0,9}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """One tag and where it stands. `inner` and `inner_end` enclose its code or name; -1: it is never closed.

    Kinds: block, inline, name, attribute (`%%[First Name]%%`), command, server_script (not AMPscript), guide.
    """

    kind: str
    start: int
    end: int
    inner: int
    inner_end: int


def pieces_of(text: str) -> Iterator[Piece]:
    """Every tag of a message, in order; one that is not closed is the last."""
    at = 0
    last_data = max((found.start() for found in _DATA_END.finditer(text)), default=-1)
    while found := _OPENING.search(text, at):
        piece = _piece(text, found.start(), last_data)
        if piece is None:
            at = found.end()
            continue
        yield piece
        if piece.inner_end < 0:
            return
        at = piece.end


def _piece(text: str, at: int, last_data: int) -> Piece | None:
    if text.startswith("%%=", at):
        return _closed("inline", text, at, at + 3, _INLINE_MARK)
    if text.startswith("%%[", at):
        found = _BRACKETED.match(text, at)
        if found and found[1].split()[0].lower() not in KEYWORDS and not found[1].lstrip().startswith("/*"):
            return Piece("attribute", at, found.end(), found.start(1), found.end(1))
        return _closed("block", text, at, at + 3, _CODE_MARK)
    if text.startswith("%%", at):
        kind = "name"
        found = _NAME.match(text, at)
        if found is None:
            kind, found = "command", _COMMAND.match(text, at)
        return Piece(kind, at, found.end(), at + 2, found.end() - 2) if found else None
    return _script(text, at) if text[at] == "<" else _guide(text, at, last_data)


def _script(text: str, at: int) -> Piece | None:
    found = _SCRIPT.match(text, at)
    if found is None or not _SERVER.search(found[1]):
        return None
    if _AMPSCRIPT.search(found[1]):
        return _closed("block", text, at, found.end(), _SCRIPT_MARK)
    closing = _SCRIPT_END.search(text, found.end())
    end = closing.end() if closing else len(text)
    return Piece("server_script", at, end, found.end(), closing.start() if closing else end)


def _guide(text: str, at: int, last_data: int) -> Piece | None:
    found = _GUIDE.match(text, at)
    if found is None:
        return None
    has_end = (found[1] or "").lower() == "data" and found.end() <= last_data
    closing = _DATA_END.search(text, found.end()) if has_end else None
    return Piece("guide", at, closing.end() if closing else found.end(), at, at)


def _closed(kind: str, text: str, start: int, inner: int, mark: re.Pattern[str]) -> Piece:
    """A piece of code up to its end, which is not looked for in strings and comments."""
    at = inner
    while found := mark.search(text, at):
        if found[0] not in ("'", '"', "/*"):
            return Piece(kind, start, found.end(), inner, found.start())
        closing = "*/" if found[0] == "/*" else found[0]
        end = text.find(closing, found.end())
        if end < 0:
            break
        at = end + len(closing)
    return Piece(kind, start, len(text), inner, -1)


# --- for the text part -----------------------------------------------------------------------------


def ampscript_spans(text: str) -> Iterator[TagSpan]:
    """Every tag, in order. Blocks set variables, so they are kept where what stands around them is not."""
    for piece in pieces_of(text):
        if piece.inner_end < 0:
            return
        is_code = piece.kind in ("block", "server_script")
        yield TagSpan(piece.start, piece.end, not is_code and piece.kind != "guide", is_code)


def ampscript_guard(text: str) -> str:
    """Plain text in which `%%`, `{{` and `<script` stay what they are: a word joiner stands in them."""
    apart = text.replace("%%", "%\u2060%").replace("{{", "{\u2060{")
    return re.sub(r"<(?=script)", "<\u2060", apart, flags=re.IGNORECASE)
