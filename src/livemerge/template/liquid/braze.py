"""Braze's Liquid: names in `${}`, `{{ }}` inside tags, aborted messages, content blocks, connected content.

By docs.braze.com, "Personalization and dynamic content". A name in `${}` is a field whatever variables there are;
`{{ }}` inside a tag or an output mean nothing of their own and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from livemerge.template.filters.braze import BRAZE_FILTERS
from livemerge.template.findings import Source
from livemerge.template.liquid.connected_content import connected_content_tag
from livemerge.template.liquid.dialect import Desk, Dialect
from livemerge.template.liquid.expressions import ALL_DATA
from livemerge.template.liquid.parser import Read, parse_liquid
from livemerge.template.liquid.stored import lifted_texts
from livemerge.template.liquid.tokens import Token
from livemerge.template.nodes import (
    Block,
    FilterCall,
    Include,
    Literal,
    Output,
    Place,
    Unsupported,
)

_STOP = re.compile(r"\$\{[^{}\n]{0,200}\}|\{\{|[}%]\}")
_PIECE = re.compile(
    r"(?P<dot>\.\s*)?\$\{\s*(?P<name>[^{}\n]{1,200}?)(?P<steps>(?:\[[^\[\]{}\n]{1,50}\])*)\s*\}"
    r"|(?P<bracket>\{\{-?|-?\}\})|\"[^\"]*\"|'[^']*'"
)
_SET = re.compile(r"\{%-?\s{0,20}(?:assign|capture|for|tablerow|increment|decrement)\s{1,20}([\w-]{1,200})")
_WORD = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_BLOCK = re.compile(r"\s*content_blocks\s*\.\s*\$\{\s*([^{}\n]{1,200}?)\s*\}\s*(?:\|\s*id\s*:.*)?", re.DOTALL)
_INSIDE = re.compile(
    r"content_blocks\s*\.\s*\$\{\s*(?P<block>[^{}\"\n]{1,200}?)\s*\}"
    r"|\$\{[^{}\n]{0,200}\}|\{\{|\}\}|\"[^\"]*\"|'[^']*'|(?P<brace>[{}])"
)
_REASON = re.compile(r"\(?\s*(?:\"([^\"]*)\"|'([^']*)')?\s*\)?")


def braze_end(text: str, start: int) -> int:
    """Where markup closes that may hold `{{ }}` and `${}`; -1 for nowhere."""
    is_tag, depth = text[start + 1] == "%", 0
    for found in _STOP.finditer(text, start + 2):
        mark = found[0]
        if mark == "{{":
            depth += 1
        elif mark == "}}" and depth:
            depth -= 1
        elif mark == ("%}" if is_tag else "}}"):
            return found.start()
    return -1


def plain_liquid(text: str) -> Callable[[str], str]:
    """What makes plain Liquid of any markup of a template, each character at its place as far as that goes."""
    variables = frozenset(_SET.findall(text))

    def plain(markup: str) -> str:
        return _PIECE.sub(lambda found: _plain(found, variables), markup)

    return plain


def _plain(found: re.Match[str], variables: frozenset[str]) -> str:
    if found["bracket"]:
        return " " * len(found[0])
    name, steps = found["name"], found["steps"]
    if name is None:
        return found[0]
    key = f'["{name}"]{steps}' if "'" in name else f"['{name}']{steps}"
    if found["dot"]:
        return key
    if name in variables:  # the field is still meant, not the variable
        return ALL_DATA + key
    return f"{name}{steps}".rjust(len(found[0])) if _WORD.fullmatch(name) else key


def content_block(desk: Desk, token: Token) -> Block | None:
    """A stored block in place of an output; it shares the message's variables."""
    found = _BLOCK.fullmatch(token.markup)
    if found is None:
        return None
    return (_stored(found[1], desk.source.place(token.start)),)


def _stored(name: str, place: Place) -> Include:
    return Include(Literal(name, place), False, (), place)


def lifted(desk: Desk, token: Token) -> tuple[Block, Token]:
    """Stored blocks kept before what works on them; single braces in a tag are passed over, as in Braze's examples."""
    advice = "assign it before, and use that: {% assign text = {{content_blocks.${name}}} %}"
    before, token = lifted_texts(desk, token, _INSIDE, lambda found: found["block"] or "", _stored, advice)
    if token.kind == "output":
        return before, token
    markup = _INSIDE.sub(lambda found: " " if found["brace"] else found[0], token.markup)
    return before, replace(token, markup=markup)


def abort_message_tag(desk: Desk, token: Token) -> Block:
    """The customer is skipped, with the reason the template gives."""
    place = desk.source.place(token.start)
    found = _REASON.fullmatch(token.markup.strip())
    if found is None:
        raise desk.source.error("the reason is one text in quotes", place, "write it as abort_message('reason')")
    reason = found[1] or found[2] or "the template asked for no message"
    return (Output(FilterCall(Literal(reason, place), "abort_message", (), (), place), token.name, place),)


def _vendor_tag(desk: Desk, token: Token) -> Block:
    """A tag whose content only Braze has: a finding, and no rendering."""
    place = desk.source.place(token.start)
    what = f"`{token.name}` is filled by Braze itself"
    advice = "declare what it gives as fields of a source, and read those"
    desk.findings.append(desk.source.finding("unsupported-tag", "error", what, place, advice))
    return (Unsupported(what, advice, place),)


def _translation_tag(desk: Desk, token: Token) -> Block:
    """The text of the template itself is written: translations are kept by Braze."""
    place = desk.source.place(token.start)
    what = "translations are kept by Braze, so everybody gets the text that stands here"
    advice = "write the languages out with `if ${language} == …`"
    desk.findings.append(desk.source.finding("vendor-translation", "warning", what, place, advice))
    return ()


def _silent_tag(_desk: Desk, _token: Token) -> Block:
    """A tag that writes nothing: the end of another, or what is only logged."""
    return ()


BRAZE = Dialect(
    "braze",
    BRAZE_FILTERS,
    braze_end,
    plain_liquid,
    {
        "abort_message": abort_message_tag,
        "catalog_items": _vendor_tag,
        "catalog_selection_items": _vendor_tag,
        "connected_content": connected_content_tag,
        "endtranslation": _silent_tag,
        "message_extras": _silent_tag,
        "promotion": _vendor_tag,
        "translation": _translation_tag,
    },
    content_block,
    lifted,
    frozenset({"connected_content"}),
)


def parse_braze(source: Source, *, is_strict: bool) -> Read:
    """The tree of a template for Braze. Raises TemplateError."""
    return parse_liquid(source, is_strict=is_strict, dialect=BRAZE)


def braze_data(data: Mapping[str, Any]) -> Mapping[str, object]:
    """The data with the customer's own fields at the top, where `${first_name}` reads them."""
    user = data.get("user")
    return {**user, **data} if isinstance(user, dict | Mapping) else data
