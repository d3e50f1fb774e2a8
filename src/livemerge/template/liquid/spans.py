"""Where the tags of a Liquid template stand, for walks over the HTML around them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from livemerge.template.plain_text import TagSpan

_VISIBLE = re.compile(r"\{%-?\s*(?:echo|cycle|increment|decrement|include|render|liquid)\b")


def liquid_spans(text: str) -> Iterator[TagSpan]:
    """Every `{{ output }}` and `{% tag %}`, in order; one that is not closed ends the search."""
    at = 0
    while (at := text.find("{", at)) >= 0:
        closing = {"{": "}}", "%": "%}"}.get(text[at + 1 : at + 2])
        if closing is None:
            at += 1
            continue
        end = text.find(closing, at + 2)
        if end < 0:
            return
        is_visible = closing == "}}" or _VISIBLE.match(text, at) is not None
        yield TagSpan(at, end + 2, is_visible)
        at = end + 2


def liquid_guard(text: str) -> str:
    """Plain text in which `{{` and `{%` stay what they are."""
    return re.sub(r"\{(?=[{%])|\{$", "{{ '{' }}", text)
