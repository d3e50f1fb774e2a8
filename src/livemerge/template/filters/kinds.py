"""What kinds of values Liquid's filters need and give. A filter that is not here takes anything, and gives the same."""

from __future__ import annotations

from typing import Final

from livemerge.template.kinds import Kinds, kinds_of

LIQUID_KINDS: Final[dict[str, Kinds]] = {
    **kinds_of("number number", "number", "plus minus times divided_by modulo at_least at_most"),
    **kinds_of("number", "number", "abs ceil floor"),
    **kinds_of("number number", "number", "round"),
    **kinds_of("number", "text", "money money_with_currency money_without_currency number_with_delimiter"),
    **kinds_of("date", "text", "date"),
    **kinds_of("list", "list", "map where reject"),
    **kinds_of("list", "item", "first last find find_index"),
    **kinds_of("list", "number", "sum"),
    **kinds_of("list list", "list", "concat"),
    **kinds_of("anything", "text", "join json append prepend capitalize upcase downcase strip lstrip rstrip squish"),
    **kinds_of("anything", "text", "replace replace_first replace_last remove remove_first remove_last"),
    **kinds_of("anything", "text", "escape escape_once h url_encode url_decode url_param_escape strip_html"),
    **kinds_of("anything", "text", "strip_newlines newline_to_br base64_encode base64_decode"),
    **kinds_of("anything number", "text", "truncate truncatewords"),
    **kinds_of("anything", "number", "size"),
    **kinds_of("anything", "list", "split"),
}
