"""Which fields a template reads, where, how, and behind which guards; and what in it cannot be rendered.

The walk follows the template as it runs: a variable stands for the fields its value came from, a loop's name for
the items of its list (`items[]`), and inside a branch every field its conditions looked at is guarded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from livemerge.template.analysis.conditions import choose
from livemerge.template.analysis.macros import MACROS
from livemerge.template.analysis.origins import Names
from livemerge.template.analysis.statements import STATEMENTS
from livemerge.template.analysis.templates import TEMPLATES
from livemerge.template.analysis.walk import Load, Vocabulary, Walk
from livemerge.template.findings import Finding, Read, Source
from livemerge.template.nodes import Block
from livemerge.template.verdict import Test

__all__ = ["Analysis", "Vocabulary", "analyse"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a template needs, what decides in it, and what is wrong with it."""

    fields: frozenset[str]
    reads: tuple[Read, ...]
    findings: tuple[Finding, ...]
    tests: tuple[Test, ...]


def analyse(block: Block, source: Source, vocabulary: Vocabulary, load: Load, before: Block = ()) -> Analysis:
    """The analysis of a tree. `load` gives the trees of templates included by name, None for unknown ones.

    `before` has run before, and its variables are known; its own reads and findings are told elsewhere.
    """
    walk = Walk(source, vocabulary, load, {**STATEMENTS, **TEMPLATES, **MACROS}, choose)
    names: Names = {}
    if before:
        walk.block(before, names)
        walk.found.reads.clear()
        walk.found.findings.clear()
        walk.found.tests.clear()
        walk.facts = replace(walk.facts, is_left=False)
    walk.spots = vocabulary.spots(block)
    walk.block(block, names)
    found = walk.found
    reads = tuple(dict.fromkeys(found.reads))
    fields = frozenset(path for read in reads for path in read.paths)
    return Analysis(fields, reads, tuple(dict.fromkeys(found.findings)), tuple(found.tests))
