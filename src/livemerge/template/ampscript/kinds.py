"""What kinds of values AMPscript's functions need and give. One that is not here takes anything and gives text."""

from __future__ import annotations

from typing import Final

from livemerge.template.kinds import Kinds, kinds_of

AMPSCRIPT_KINDS: Final[dict[str, Kinds]] = {
    **kinds_of("number number", "number", "Add Subtract Multiply Divide Mod Random"),
    **kinds_of("number", "text", "FormatNumber FormatCurrency"),
    **kinds_of("date", "text", "FormatDate"),
    **kinds_of("date number", "date", "DateAdd"),
    **kinds_of("date date", "number", "DateDiff"),
    **kinds_of("date", "number", "DatePart"),
    **kinds_of("date", "date", "SystemDateToLocalDate LocalDateToSystemDate"),
    **kinds_of("anything", "date", "DateParse StringToDate"),
    **kinds_of("anything", "number", "Length IndexOf RowCount"),
    **kinds_of("anything number number", "text", "Substring"),
    **kinds_of(
        "anything", "text", "Concat Trim Uppercase Lowercase ProperCase Replace ReplaceList RegExMatch URLEncode"
    ),
    **kinds_of("anything", "text", "Base64Encode Base64Decode MD5 SHA1 SHA256 SHA512 StringToHex Format"),
    **kinds_of("anything number", "item", "Row"),
}
