"""What a dialect of Liquid has beside the language: its own tags, outputs that mean more, other brackets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from livemerge.template.filters import LIQUID_FILTERS, Filter
from livemerge.template.findings import Finding, Source
from livemerge.template.liquid.heads import Grammar
from livemerge.template.liquid.tokens import Token, end_of_markup
from livemerge.template.nodes import Block


@dataclass(frozen=True, slots=True)
class Desk:
    """What a dialect's tag is read with. `plain`: its markup in plain Liquid."""

    source: Source
    grammar: Grammar
    findings: list[Finding]
    plain: Callable[[str], str]


def _as_it_is(markup: str) -> str:
    return markup


def _plain_liquid(_text: str) -> Callable[[str], str]:
    return _as_it_is


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect; `plain_of` gives, for the text of a template, what makes plain Liquid of any markup in it.

    `tags` and `output` read a tag or an output the dialect's own way; `output` gives None for those that are Liquid's.
    `lifted` gives what has to be done before a tag or an output, and that tag or output with the values it needs.
    """

    name: str = ""
    filters: Mapping[str, Filter] = field(default_factory=lambda: LIQUID_FILTERS)
    end_of: Callable[[str, int], int] = end_of_markup
    plain_of: Callable[[str], Callable[[str], str]] = _plain_liquid
    tags: Mapping[str, Callable[[Desk, Token], Block]] = field(default_factory=dict)
    output: Callable[[Desk, Token], Block | None] | None = None
    lifted: Callable[[Desk, Token], tuple[Block, Token]] | None = None
    writing: frozenset[str] = frozenset()  # those of its tags that write something


LIQUID = Dialect()
