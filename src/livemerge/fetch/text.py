"""What came over the wire → a reply of text. Pictures, documents and damaged text are no answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from livemerge.template import Reply
from livemerge.template.fetches import NO_ANSWER

NOTHING: Final = Reply(NO_ANSWER)
_TEXTS: Final = re.compile(r"text/.+|application/(json|xml|javascript|x-www-form-urlencoded)|.+\+(json|xml)")
_HTML: Final = ("text/html", "application/xhtml+xml")
_CHARSET: Final = re.compile(r"charset=\"?([\w.:-]{1,40})", re.IGNORECASE)
_CHARSETS: Final = {  # that mail and the web still use; what calls itself Latin 1 is Windows' (WHATWG Encoding §4.2)
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "iso-8859-1": "cp1252",
    "windows-1252": "cp1252",
}


def text_reply(status: int, headers: Mapping[str, str], body: bytes, *, is_html_trusted: bool) -> Reply:
    """The reply as text; NOTHING where it is none. Without a charset it is UTF-8."""
    declared = headers.get("Content-Type", "")
    content_type = declared.partition(";")[0].strip().lower()
    if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return NOTHING  # it was asked not to be
    if body and content_type and not _TEXTS.fullmatch(content_type):
        return NOTHING
    found = _CHARSET.search(declared)
    charset = _CHARSETS.get(found[1].lower()) if found else "utf-8"
    if charset is None:
        return NOTHING
    try:
        text = body.decode(charset).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return NOTHING
    pairs = tuple((str(name), str(value)) for name, value in headers.items())
    return Reply(status, text, content_type, pairs, is_html_trusted and content_type in _HTML)
