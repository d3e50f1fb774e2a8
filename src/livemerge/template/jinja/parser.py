"""Jinja text to tree. Structure errors raise; tags nobody knows become Unsupported nodes and findings."""

from __future__ import annotations

from typing import Final

from livemerge.template.findings import Finding, Source
from livemerge.template.jinja.body import Body, Tag
from livemerge.template.jinja.macros import call_tag, macro_tag
from livemerge.template.jinja.repeating import for_tag, if_tag
from livemerge.template.jinja.setting import set_tag, with_tag
from livemerge.template.jinja.templates import block_tag, extends_tag, from_tag, import_tag, include_tag
from livemerge.template.jinja.writing import autoescape_tag, filter_tag, print_tag
from livemerge.template.nodes import Block

TAGS: Final[dict[str, Tag]] = {
    "autoescape": autoescape_tag,
    "block": block_tag,
    "call": call_tag,
    "extends": extends_tag,
    "filter": filter_tag,
    "for": for_tag,
    "from": from_tag,
    "if": if_tag,
    "import": import_tag,
    "include": include_tag,
    "macro": macro_tag,
    "print": print_tag,
    "set": set_tag,
    "with": with_tag,
}


def parse_jinja(source: Source, *, is_strict: bool) -> tuple[Block, tuple[Finding, ...]]:
    """The tree of a template and what was noticed on the way. Raises TemplateError."""
    return _parse(source, skips_absent=False)


def parse_moengage(source: Source, *, is_strict: bool) -> tuple[Block, tuple[Finding, ...]]:
    """The same for MoEngage's Jinja: a customer for whom a printed value is not there gets no message."""
    return _parse(source, skips_absent=True)


def _parse(source: Source, *, skips_absent: bool) -> tuple[Block, tuple[Finding, ...]]:
    parser = Body(source, TAGS, skips_absent=skips_absent)
    block, _ = parser.block((), None)
    if parser.heir is not None:
        block = (*block, parser.heir)
    return block, tuple(parser.findings)
