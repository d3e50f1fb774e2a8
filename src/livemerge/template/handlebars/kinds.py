"""What kinds of values the helpers of Handlebars' dialects need and give, by the functions that do their work."""

from __future__ import annotations

from typing import Final

from livemerge.template.kinds import Kinds

_TEXT: Final = ("anything",)

HANDLEBARS_KINDS: Final[dict[str, Kinds]] = {
    "date": Kinds("formatDate", ("date",), "text"),
    "size": Kinds("length", _TEXT, "number"),
    "substring": Kinds("substring", ("anything", "number", "number"), "text"),
    "abbreviate": Kinds("abbreviate", ("anything", "number"), "text"),
    "date_format": Kinds("dateFormat", ("date",), "text"),
    "date_math": Kinds("dateMath", ("date",), "text"),
    "number_format": Kinds("numberFormat", ("number",), "text"),
    "calculate": Kinds("math", ("number", "anything", "number"), "number"),
    "is_remainder": Kinds("ifModEq", ("number", "number", "number"), "anything"),
    "joined": Kinds("join", ("list",), "text"),
    "sort": Kinds("sortBy", ("list",), "list"),
    "least": Kinds("minInList", ("list", "property"), "anything"),
    "greatest": Kinds("maxInList", ("list", "property"), "anything"),
    "center": Kinds("center", ("anything", "number"), "text"),
    **{name: Kinds(name, _TEXT, "text") for name in ("upper", "lower", "replace", "cut", "slugify", "json")},
}
