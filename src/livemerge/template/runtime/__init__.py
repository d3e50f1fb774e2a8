"""What rendering needs while it runs: lookups, truth, comparison, printing, loops and their limits.

Nothing here knows a template; generated code and filters call it. Data is read by mapping lookup and
sequence index only, never by attribute.
"""

from livemerge.template.runtime.comparison import contains, equal, greater, greater_equal, less, less_equal, order
from livemerge.template.runtime.context import CleanScope, Context, Environment, Program, Scope, count, next_of
from livemerge.template.runtime.fault import Fault, too_long
from livemerge.template.runtime.html_tags import IN_TAG, lets_data_in, state_after, without_tags
from livemerge.template.runtime.loop_state import ForLoop
from livemerge.template.runtime.loops import checked, items_of, look, part_of, rounds
from livemerge.template.runtime.numbers import strict_number, whole_number, whole_range
from livemerge.template.runtime.output import Output, check_size, merged
from livemerge.template.runtime.steps import item, step
from livemerge.template.runtime.texts import float_text, inspect, joined, text_of
from livemerge.template.runtime.values import (
    BLANK,
    EMPTY,
    LISTS,
    MAPPINGS,
    MISSING,
    NUMBERS,
    SEQUENCES,
    Special,
    is_blank,
    is_empty,
    is_number,
    is_true,
)
from livemerge.template.runtime.work import SMALL, charge, charged, size_of, sorting_size, whole_size

__all__ = [
    "BLANK",
    "CleanScope",
    "LISTS",
    "MAPPINGS",
    "NUMBERS",
    "SEQUENCES",
    "Context",
    "EMPTY",
    "Environment",
    "Fault",
    "ForLoop",
    "IN_TAG",
    "MISSING",
    "Output",
    "Program",
    "SMALL",
    "Scope",
    "Special",
    "charge",
    "charged",
    "check_size",
    "checked",
    "contains",
    "count",
    "equal",
    "float_text",
    "greater",
    "greater_equal",
    "inspect",
    "is_blank",
    "is_empty",
    "is_number",
    "is_true",
    "item",
    "items_of",
    "joined",
    "less",
    "lets_data_in",
    "less_equal",
    "look",
    "merged",
    "next_of",
    "order",
    "part_of",
    "rounds",
    "size_of",
    "sorting_size",
    "state_after",
    "step",
    "strict_number",
    "text_of",
    "too_long",
    "whole_number",
    "whole_range",
    "whole_size",
    "without_tags",
]
