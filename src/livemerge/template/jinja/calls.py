"""What generated code of Jinja templates calls, by the names it uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from livemerge.template.jinja import callees, frames, loop, operators
from livemerge.template.jinja.values import UNDEFINED, getter, item, items_of

JINJA_CALLS: Final[Mapping[str, object]] = {
    "BLOCK": frames.write_block,
    "CALL": callees.invoked,
    "CONTAINS": operators.within,
    "EQ": operators.equal,
    "EXTEND": frames.extend,
    "FRAME": frames.frame_of,
    "GE": operators.greater_equal,
    "GETTER": getter,
    "GT": operators.greater,
    "IMPORT": frames.imported,
    "ITEM": item,
    "ITEMS": items_of,
    "KEEP_BLOCK": frames.keep_block,
    "LE": operators.less_equal,
    "LOOP": loop.Loop,
    "LT": operators.less,
    "MACRO": callees.Macro,
    "NAMED": frames.named,
    "NAMES": callees.names_of,
    "RENDER": frames.render,
    "STEP": item,
    "TRUE": bool,
    "UNDEFINED": UNDEFINED,
}
