"""An answer's values → octets in the shape that a language can read: JSON, JSON with rows, XML, one bare text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import orjson

from livemerge.api.answer import Json, encoded

JSON: Final = "application/json; charset=utf-8"
XML: Final = "application/xml; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
_BEYOND: Final = re.compile("[^\x00-\x7f]+")
_LINE_ENDS: Final = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}  # else they become spaces (XML 1.0 §3.3.3)


def with_rows(values: Json, found: Mapping[str, Any]) -> Json:
    """The values, and beside them one flat row of all that are no lists: what `BuildRowsetFromJSON` makes columns of.

    found: what of the answer's head the row holds too.
    """
    row = {**found, **{name: value for name, value in values.items() if not isinstance(value, list)}}
    return {**values, "rows": [row]}


def in_ascii(document: bytes) -> bytes:
    """JSON with everything beyond ASCII as `\\uXXXX`."""
    return _BEYOND.sub(_units, document.decode()).encode()


def _units(match: re.Match[str]) -> str:
    octets = match[0].encode("utf-16-be")
    return "".join(f"\\u{octets[at]:02x}{octets[at + 1]:02x}" for at in range(0, len(octets), 2))


def as_json(answer: Json | str, *, is_ascii: bool) -> bytes:
    document = encoded(answer)
    return in_ascii(document) if is_ascii else document


def as_xml(answer: Json, *, is_ascii: bool) -> bytes:
    """`<answer …><rows …/><items …/><items …/></answer>`: one element for the values, one for each item of a list.

    Everything is an attribute, because AMPscript's `BuildRowsetFromXML` makes a column of each.
    """
    scalars = {name: value for name, value in answer.items() if not isinstance(value, list)}
    lists = ((name, item) for name, value in answer.items() if isinstance(value, list) for item in value)
    elements = "".join([_element("rows", scalars), *(_element(name, item) for name, item in lists)])
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<answer>{elements}</answer>'
    return document.encode("ascii", "xmlcharrefreplace") if is_ascii else document.encode("utf-8", "replace")


def as_text(value: object, *, is_ascii: bool) -> bytes:
    """One value. What is beyond ASCII can only stand there as HTML has it."""
    written = in_words(value)
    return written.encode("ascii", "xmlcharrefreplace") if is_ascii else written.encode("utf-8", "replace")


def in_words(value: object) -> str:
    """A value as a template prints it: numbers as JSON has them."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _element(name: str, attributes: Mapping[str, Any]) -> str:
    return f"<{name} {' '.join(_attributes(attributes))}/>"


def _attributes(attributes: Mapping[str, Any]) -> Iterable[str]:
    return (f"{name}={quoteattr(in_words(value), _LINE_ENDS)}" for name, value in attributes.items())
