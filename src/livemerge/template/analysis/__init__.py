"""Which fields a template reads, where, how, and behind which guards; and what in it cannot be rendered.

The walk follows the template as it runs: a variable stands for the fields its value came from, a loop's name for
the items of its list (`items[]`), and inside a branch every field its conditions looked at is guarded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from livemerge.template.analysis.guards import NOTHING
from livemerge.template.analysis.origins import Names
from livemerge.template.analysis.statements import STATEMENTS
from livemerge.template.analysis.templates import TEMPLATES
from livemerge.template.analysis.walk import Load, Walk
from livemerge.template.filters import Filter
from livemerge.template.findings import Finding, Read, Source
from livemerge.template.nodes import Block

__all__ = ["Analysis", "analyse"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a template needs and what is wrong with it."""

    fields: frozenset[str]
    reads: tuple[Read, ...]
    findings: tuple[Finding, ...]


def analyse(
    block: Block,
    source: Source,
    filters: Mapping[str, Filter],
    load: Load,
    before: Block = (),
) -> Analysis:
    """The analysis of a tree. `load` gives the trees of templates included by name, None for unknown ones.

    `before` has run before, and its variables are known; its own reads and findings are told elsewhere.
    """
    walk = Walk(source, filters, load, {**STATEMENTS, **TEMPLATES})
    names: Names = {}
    if before:
        walk.block(before, names, NOTHING)
        walk.reads.clear()
        walk.findings.clear()
    walk.block(block, names, NOTHING)
    reads = tuple(dict.fromkeys(walk.reads))
    fields = frozenset(path for read in reads for path in read.paths)
    return Analysis(fields, reads, tuple(dict.fromkeys(walk.findings)))
