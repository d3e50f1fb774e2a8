"""Customer.io's Liquid: addresses its tags write, snippets, and values that must be there.

By docs.customer.io, "Liquid syntax list", for the version of messages since November 2023.
"""

from __future__ import annotations

import re
from dataclasses import replace

from livemerge.template.filters.customerio import CUSTOMERIO_FILTERS
from livemerge.template.findings import Source
from livemerge.template.liquid.dialect import Desk, Dialect
from livemerge.template.liquid.heads import Markup
from livemerge.template.liquid.parser import Read, parse_liquid
from livemerge.template.liquid.stored import lifted_texts
from livemerge.template.liquid.tokens import Token
from livemerge.template.nodes import (
    Block,
    Expression,
    FilterCall,
    Include,
    Literal,
    Output,
    Path,
    Place,
    Unsupported,
)

_NAMED = r"snippets\s*(?:\.\s*([\w-]{1,200})|\[\s*(?:\"([^\"]{1,200})\"|'([^'\"]{1,200})')\s*\])"
_SNIPPET = re.compile(rf"\s*{_NAMED}\s*")
_SNIPPETS = re.compile(rf"(?<![\w.\]-]){_NAMED}|\"[^\"]*\"|'[^']*'")
_LINK = re.compile(r"url:\s*(?:\"([^\"]*)\"|'([^']*)'|((?:\{\{[^{}]*\}\}|\S)+))(?:\s+\w+:\s*\w+)*\s*")
_INTERPOLATED = re.compile(r"\{\{([^{}]*)\}\}")
_ADDRESSES = {  # tags → the fields Livemerge gives
    "manage_subscription_preferences_url": "preferences_url",
    "unsubscribe_url": "unsubscribe_url",
    "view_in_browser_url": "view_url",
}
_SCOPES = frozenset({"customer", "event", "journey", "objects", "trigger"})  # where a missing name fails the message


def output(desk: Desk, token: Token) -> Block | None:
    """A snippet in place of an output, or a value that must be there; None for any other."""
    place = desk.source.place(token.start)
    found = _SNIPPET.fullmatch(token.markup)
    if found is not None:
        return (_stored(found[1] or found[2] or found[3], place),)
    before, token = lifted(desk, token)
    value = desk.grammar.filtered(Markup(token.markup, token.offset))
    return (*before, Output(_checked(value), token.markup.strip(), place))


def lifted(desk: Desk, token: Token) -> tuple[Block, Token]:
    """Snippets kept before what works on them."""
    advice = "assign it before, and use that: {% assign text = snippets.name %}"
    return lifted_texts(desk, token, _SNIPPETS, lambda found: found[1] or found[2] or found[3] or "", _stored, advice)


def _stored(name: str, place: Place) -> Include:
    return Include(Literal(name, place), True, (), place)


def _checked(value: Expression) -> Expression:
    """A value of the customer or the event, which fails where it is not there and nothing stands in for it."""
    if isinstance(value, FilterCall):
        is_met = isinstance(value.target, Path) and value.name == "default"
        return value if is_met else replace(value, target=_checked(value.target))
    if isinstance(value, Path) and value.root in _SCOPES and value.steps:
        return FilterCall(value, "must_exist", (), (), value.place)
    return value


def _address_tag(desk: Desk, token: Token) -> Block:
    place = desk.source.place(token.start)
    name = _ADDRESSES[token.name]
    return (Output(Path(name, (), name, place), token.name, place),)


def _link_tag(desk: Desk, token: Token) -> Block:
    """The address of a link; Livemerge tracks links itself, whatever `track` says."""
    place = desk.source.place(token.start)
    found = _LINK.fullmatch(token.markup)
    if found is None:
        raise desk.source.error("`cio_link` needs an address", place, "write it as cio_link url:https://…")
    group = next(at for at in (1, 2, 3) if found[at] is not None)
    return tuple(_pieces(desk, token, found[group], token.offset + found.start(group)))


def _pieces(desk: Desk, token: Token, text: str, offset: int) -> list[Output]:
    place = desk.source.place(token.start)
    pieces: list[Output] = []
    at = 0
    for found in _INTERPOLATED.finditer(text):
        pieces.append(Output(Literal(text[at : found.start()], place), token.name, place))
        value = desk.grammar.filtered(Markup(found[1], offset + found.start(1)))
        pieces.append(Output(_checked(value), found[1].strip(), place))
        at = found.end()
    return [*pieces, Output(Literal(text[at:], place), token.name, place)]


def _vendor_tag(desk: Desk, token: Token) -> Block:
    """A tag that only Customer.io can fill: a finding, and no rendering."""
    place = desk.source.place(token.start)
    what = f"`{token.name}` is filled by Customer.io itself"
    advice = "declare what it gives as a field of a source, and read that"
    desk.findings.append(desk.source.finding("unsupported-tag", "error", what, place, advice))
    return (Unsupported(what, advice, place),)


CUSTOMERIO = Dialect(
    "customerio",
    CUSTOMERIO_FILTERS,
    tags={
        **dict.fromkeys(_ADDRESSES, _address_tag),
        "cio_link": _link_tag,
        **dict.fromkeys(
            (
                "cio_link_id",
                "countdown",
                "generate_uuid",
                "random",
                "render_liquid",
                "subscription_topic_name",
                "tracking_consent_url",
                "unsubscribe",
                "view_in_browser",
            ),
            _vendor_tag,
        ),
    },
    output=output,
    lifted=lifted,
    writing=frozenset({*_ADDRESSES, "cio_link"}),
)


def parse_customerio(source: Source, *, is_strict: bool) -> Read:
    """The tree of a template for Customer.io. Raises TemplateError."""
    return parse_liquid(source, is_strict=is_strict, dialect=CUSTOMERIO)
