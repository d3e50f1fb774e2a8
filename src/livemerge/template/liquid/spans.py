"""Where the tags of a Liquid template stand, for walks over the HTML around them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from livemerge.template.liquid.braze import BRAZE
from livemerge.template.liquid.customerio import CUSTOMERIO
from livemerge.template.liquid.dialect import LIQUID, Dialect
from livemerge.template.plain_text import TagSpan

_TAG = re.compile(r"\{%-?\s*(\w+)")
_WRITING = frozenset({"echo", "cycle", "increment", "decrement", "include", "render", "liquid"})


def liquid_spans(text: str) -> Iterator[TagSpan]:
    """Every `{{ output }}` and `{% tag %}`, in order; one that is not closed ends the search."""
    return _spans(text, LIQUID)


def braze_spans(text: str) -> Iterator[TagSpan]:
    """The same for Braze, whose tags may hold `{{ }}` and `${}`."""
    return _spans(text, BRAZE)


def customerio_spans(text: str) -> Iterator[TagSpan]:
    """The same for Customer.io, whose own tags write addresses."""
    return _spans(text, CUSTOMERIO)


def _spans(text: str, dialect: Dialect) -> Iterator[TagSpan]:
    at = 0
    while (at := text.find("{", at)) >= 0:
        kind = text[at + 1 : at + 2]
        if kind not in ("{", "%"):
            at += 1
            continue
        end = dialect.end_of(text, at)
        if end < 0:
            return
        name = _TAG.match(text, at)
        is_visible = kind == "{" or (name is not None and name[1] in _WRITING | dialect.writing)
        yield TagSpan(at, end + 2, is_visible)
        at = end + 2


def liquid_guard(text: str) -> str:
    """Plain text in which `{{` and `{%` stay what they are."""
    return re.sub(r"\{(?=[{%])|\{$", "{{ '{' }}", text)
