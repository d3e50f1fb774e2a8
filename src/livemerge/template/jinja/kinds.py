"""What kinds of values Jinja's filters need and give. A filter that is not here takes anything, and gives the same."""

from __future__ import annotations

from typing import Final

from livemerge.template.kinds import Kinds, kinds_of

_NUMBERS: Final = ("number", "number")

JINJA_KINDS: Final[dict[str, Kinds]] = {
    **kinds_of("number", "number", "abs round"),
    **kinds_of("anything", "number", "int float length count wordcount"),
    **kinds_of("number", "text", "filesizeformat"),
    **kinds_of("date", "text", "strftime"),
    **kinds_of("list", "list", "selectattr rejectattr groupby"),
    **kinds_of("list", "number", "sum"),
    **kinds_of("anything", "list", "batch slice sort unique map select reject list"),
    **kinds_of("anything", "item", "first last max min"),
    **kinds_of("anything", "text", "capitalize lower upper title trim replace string striptags urlencode truncate"),
    **kinds_of("anything", "text", "center indent wordwrap tojson join"),
    "op_divide": Kinds("/", _NUMBERS, "number"),
    "op_floor_divide": Kinds("//", _NUMBERS, "number"),
    "op_power": Kinds("**", _NUMBERS, "number"),
}
