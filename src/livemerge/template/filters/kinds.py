"""What kinds of values Liquid's filters need and give. A filter that is not here takes anything, and gives the same."""

from __future__ import annotations

from typing import Final

from livemerge.template.kinds import SAME, Kinds, kinds_of

LIQUID_KINDS: Final[dict[str, Kinds]] = {
    **kinds_of("number number", "number", "plus minus times divided_by modulo at_least at_most"),
    **kinds_of("number", "number", "abs ceil floor"),
    **kinds_of("number number", "number", "round"),
    **kinds_of("number", "text", "money money_with_currency money_without_currency number_with_delimiter"),
    **kinds_of("date", "text", "date"),
    **kinds_of("list", "list", "map"),
    **kinds_of("list property", "list", "where reject"),
    **kinds_of("list", "item", "first last"),
    **kinds_of("list property", "item", "find find_index"),
    **kinds_of("list property", "number", "sum"),
    **kinds_of("anything property", SAME, "sort sort_natural uniq compact"),
    **kinds_of("anything property", "anything", "has"),
    **kinds_of("list list", "list", "concat"),
    **kinds_of("anything", "text", "join json append prepend capitalize upcase downcase strip lstrip rstrip squish"),
    **kinds_of("anything", "text", "replace replace_first replace_last remove remove_first remove_last"),
    **kinds_of("anything", "text", "escape escape_once h url_encode url_decode url_param_escape strip_html"),
    **kinds_of("anything", "text", "strip_newlines newline_to_br base64_encode base64_decode"),
    **kinds_of("anything number", "text", "truncate truncatewords"),
    **kinds_of("anything", "number", "size"),
    **kinds_of("anything", "list", "split"),
}

BRAZE_KINDS: Final[dict[str, Kinds]] = {
    **LIQUID_KINDS,
    **kinds_of("date", "date", "time_zone"),
    **kinds_of("list number", "item", "index"),
    **kinds_of("anything", "text", "json_escape url_escape md5 sha1 sha2 sha256 sha512 base64"),
    **kinds_of("anything", "text", "hmac_sha1_hex hmac_sha256_hex hmac_sha512_hex"),
    **kinds_of("anything", "text", "hmac_sha1_base64 hmac_sha256_base64 hmac_sha512_base64"),
}

CUSTOMERIO_KINDS: Final[dict[str, Kinds]] = {
    **LIQUID_KINDS,
    **kinds_of("number", "text", "currency rounded_currency format_number pluralize"),
    **kinds_of("date", "date", "timezone"),
    **kinds_of("date number", "number", "add_day add_month add_year subtract_day subtract_month subtract_year"),
    **kinds_of("date", "text", "date_to_rfc822 date_to_string date_to_long_string date_to_xmlschema"),
    **kinds_of("list", "text", "array_to_sentence_string"),
    **kinds_of("list", "list", "json_array_uniq limit pop push shift unshift"),
    **kinds_of("list property", "list", "group_by where_not"),
    **kinds_of("anything", "number", "number_of_words"),
    **kinds_of("anything", "text", "titlecase normalize_whitespace slugify cgi_escape uri_escape xml_escape to_json"),
    **kinds_of("anything", "text", "hex_base64 md5 sha1 sha256 hmac_sha1 hmac_sha256 base64"),
}
