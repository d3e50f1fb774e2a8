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
    **kinds_of("list anything property", "list", "selectattr rejectattr"),  # their first argument is the place
    **kinds_of("list property", "list", "groupby"),
    **kinds_of("list property", "number", "sum"),
    **kinds_of("anything", "list", "batch slice map select reject list"),
    **kinds_of("anything anything anything property", "list", "sort"),
    **kinds_of("anything anything property", "list", "unique"),
    **kinds_of("anything", "item", "first last"),
    **kinds_of("anything anything property", "item", "max min"),
    **kinds_of("anything", "text", "capitalize lower upper title trim replace string striptags urlencode truncate"),
    **kinds_of("anything", "text", "center indent wordwrap tojson"),
    **kinds_of("anything anything property", "text", "join"),
    "op_divide": Kinds("/", _NUMBERS, "number"),
    "op_floor_divide": Kinds("//", _NUMBERS, "number"),
    "op_power": Kinds("**", _NUMBERS, "number"),
}
