"""How long the HTML becomes, and whether Gmail shows all of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from livemerge.check.complaint import Complaint
from livemerge.template import nodes
from livemerge.template.nodes import Block, Statement
from livemerge.template.walk import blocks_of

GMAIL_BYTES: Final = 102 * 1024  # of HTML; what is behind that Gmail hides, with the unsubscribe link
VALUE_BYTES: Final = 20  # one value, typically
ITEMS: Final = 5  # of one list, typically
MAX_ITEMS: Final = 10_000  # of a range


def size_complaints(block: Block) -> Iterator[Complaint]:
    """A warning where a typical message is clipped."""
    size_bytes = typical_bytes(block)
    if size_bytes > GMAIL_BYTES:
        what = f"the HTML is about {size_bytes // 1024} KB long; Gmail cuts off what is over 102 KB"
        effect = "Readers with Gmail do not see the end, where the unsubscribe link mostly stands."
        yield Complaint("gmail-clips", what, effect, "Shorten styles and comments, or show fewer items of long lists.")


def typical_bytes(block: Block) -> int:
    """The size of what a block writes: the longest way of each choice, lists of a few items, short values."""
    return sum(_bytes_of(statement) for statement in block)


def _bytes_of(statement: Statement) -> int:
    if isinstance(statement, nodes.Text):
        return len(statement.text.encode("utf-8", "replace"))
    if isinstance(statement, nodes.Output | nodes.Cycle | nodes.Counter):
        return VALUE_BYTES
    if isinstance(statement, nodes.If | nodes.Case):
        return max((typical_bytes(inner) for inner in blocks_of(statement)), default=0)
    if isinstance(statement, nodes.For | nodes.TableRow | nodes.Each):
        return _rounds(statement) * typical_bytes(statement.body)
    if isinstance(statement, nodes.Capture | nodes.Partial):
        return 0  # written elsewhere, or not known
    return sum(typical_bytes(inner) for inner in blocks_of(statement))


def _rounds(statement: nodes.For | nodes.TableRow | nodes.Each) -> int:
    """How often a loop typically goes round: as often as is written, else for a list of a few items."""
    limit = statement.limit if isinstance(statement, nodes.For | nodes.TableRow) else None
    if isinstance(statement.items, nodes.Range):
        start, end = _whole(statement.items.start), _whole(statement.items.end)
        return ITEMS if start is None or end is None else max(0, min(end - start + 1, MAX_ITEMS))
    told = _whole(limit)
    return ITEMS if told is None else max(0, min(told, ITEMS))


def _whole(node: nodes.Expression | None) -> int | None:
    return node.value if isinstance(node, nodes.Literal) and type(node.value) is int else None
