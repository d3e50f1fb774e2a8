"""Stored texts that an output or an assignment goes on with: Braze's content blocks, Customer.io's snippets.

Each is kept in a variable before the tag, which then reads that variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from livemerge.template.liquid.dialect import Desk
from livemerge.template.liquid.tokens import Token
from livemerge.template.nodes import Block, Capture, Include, Place

_WORKING = frozenset({"assign", "echo"})  # tags that may go on with a text


def lifted_texts(
    desk: Desk,
    token: Token,
    pattern: re.Pattern[str],
    name_of: Callable[[re.Match[str]], str],
    stored: Callable[[str, Place], Include],
    advice: str,
) -> tuple[Block, Token]:
    """What keeps the stored texts of a tag or an output, and that tag or output with the variables in their place.

    `name_of` gives the name of the text that a match of the pattern means, empty for none. Raises TemplateError where
    a text stands in a tag that cannot go on with it.
    """
    place = desk.source.place(token.start)
    captures: list[Capture] = []

    def variable(found: re.Match[str]) -> str:
        name = name_of(found)
        if not name:
            return found[0]
        if token.kind == "tag" and token.name not in _WORKING:
            raise desk.source.error(f"a stored text cannot stand in `{token.name}`", place, advice)
        captures.append(Capture(f"stored text {name}", (stored(name, place),), place))
        return f'["stored text {name}"]'

    markup = pattern.sub(variable, token.markup)
    return tuple(captures), replace(token, markup=markup)
