"""Jinja, as Python's sandbox has it: text to tree, what values mean, and the functions that templates may call."""

from livemerge.template.jinja import values
from livemerge.template.jinja.calls import JINJA_CALLS
from livemerge.template.jinja.loop import JINJA_LOOP
from livemerge.template.jinja.parser import parse_jinja, parse_moengage
from livemerge.template.jinja.questions import COMPARISONS
from livemerge.template.jinja.spans import jinja_guard, jinja_spans
from livemerge.template.jinja.table import GUARDED, JINJA_TABLE, PLAIN_TEXT, UNESCAPED

__all__ = [
    "COMPARISONS",
    "GUARDED",
    "JINJA_CALLS",
    "JINJA_LOOP",
    "JINJA_TABLE",
    "PLAIN_TEXT",
    "UNESCAPED",
    "jinja_guard",
    "jinja_spans",
    "parse_jinja",
    "parse_moengage",
    "values",
]
