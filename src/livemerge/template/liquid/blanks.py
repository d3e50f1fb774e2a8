"""White space of blocks that write nothing: it goes, as in Liquid."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from livemerge.template.filters.text import WHITE
from livemerge.template.nodes import Assign, Block, Capture, Case, For, If, IfChanged, Statement, TableRow, Text


def without_blanks(block: Block) -> Block:
    """A block whose branches write nothing but white space loses that white space, as in Liquid."""
    if not all(map(_is_blank, block)):
        return block
    return tuple(_stripped(statement) for statement in block)


def _is_blank(statement: Statement) -> bool:
    if isinstance(statement, Text):
        return not statement.text.strip(WHITE)
    if isinstance(statement, Assign | Capture):
        return True
    if isinstance(statement, IfChanged | TableRow):
        return all(map(_is_blank, statement.body))
    return isinstance(statement, If | Case | For) and all(map(_is_blank, _inner(statement)))


def _inner(statement: If | Case | For) -> Block:
    if isinstance(statement, If):
        bodies = chain.from_iterable(branch.body for branch in statement.branches)
        return (*bodies, *statement.otherwise)
    if isinstance(statement, Case):
        return tuple(chain.from_iterable(arm.body for arm in statement.arms))
    return statement.body + statement.otherwise


def _stripped(statement: Statement) -> Statement:
    if isinstance(statement, If):
        branches = tuple(replace(branch, body=_no_text(branch.body)) for branch in statement.branches)
        return replace(statement, branches=branches, otherwise=_no_text(statement.otherwise))
    if isinstance(statement, Case):
        return replace(statement, arms=tuple(replace(arm, body=_no_text(arm.body)) for arm in statement.arms))
    if isinstance(statement, For):
        return replace(statement, body=_no_text(statement.body), otherwise=_no_text(statement.otherwise))
    return statement


def _no_text(block: Block) -> Block:
    return tuple(statement for statement in block if not isinstance(statement, Text))
