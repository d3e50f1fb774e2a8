"""AMPscript, the template language of Salesforce Marketing Cloud: text to tree, and its functions."""

from livemerge.template.ampscript.data import TABLES, ampscript_data, ampscript_texts
from livemerge.template.ampscript.functions import AMPSCRIPT_FILTERS, AMPSCRIPT_PLAIN_TEXT, AMPSCRIPT_UNESCAPED
from livemerge.template.ampscript.lookups import ampscript_lookups
from livemerge.template.ampscript.parser import parse_ampscript
from livemerge.template.ampscript.places import ampscript_guard, ampscript_spans
from livemerge.template.ampscript.tables import LookupTable

__all__ = [
    "AMPSCRIPT_FILTERS",
    "AMPSCRIPT_PLAIN_TEXT",
    "AMPSCRIPT_UNESCAPED",
    "TABLES",
    "LookupTable",
    "ampscript_data",
    "ampscript_guard",
    "ampscript_lookups",
    "ampscript_spans",
    "ampscript_texts",
    "parse_ampscript",
]
