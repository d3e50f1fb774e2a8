"""From text to the octets of a MIME body: one Encoding for each way a part can travel, and one for plain text.

Static text is encoded once, at compile time; the functions named here encode values while rendering.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from livemerge.clean import clean_html, clean_text
from livemerge.template.runtime import Context, charge, text_of, whole_size, without_tags

try:  # the C kernel, which makes no Markup object: 0.2 µs against 1.2 µs a value
    from markupsafe._speedups import _escape_inner
except ImportError:  # an installation without the compiled part
    from markupsafe._native import _escape_inner

escape_kernel: Callable[[str], str] = _escape_inner
"""Escaped HTML of an exact str; what is no str is an error."""

TransferEncoding = Literal["8bit", "quoted-printable", "7bit"]
Kind = Literal["text", "8bit", "quoted-printable", "7bit"]
Escape = Literal["html"] | None

MAX_SHORT = 10**18  # whole numbers below it print without a look at their length
SOFT_BREAK = b"=\r\n"
MAX_QUOTED_LINE = 76  # octets, with the = of a soft break (RFC 2045, 6.7)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How one kind of output is written.

    `static` encodes template text. `writers` write any value, by the `escaping` of an Output node (`always'` leaves
    the apostrophe alone). `fast` is for some of them the Python expression that writes the str `{0}`: one that is
    printable, or for which `is_fast` holds, where it stands in the data (`C`: they are clean). `number` writes a whole
    number that is not too long.
    """

    kind: Kind
    escape: Escape
    static: Callable[[str], Any]
    fast: dict[str, str]
    is_fast: str
    writers: dict[str, Callable[[Context, Any], Any]]
    number: Callable[[int], Any]


def make_encoding(
    kind: Kind,
    escape: Escape,
    *,
    raw_is_markup: bool,
    strips_markup: bool = False,
    show: Callable[[Any], str] = text_of,
    escape_text: Callable[[str], str] = escape_kernel,
) -> Encoding:
    """The encoding of a kind; `raw_is_markup`: raw output escapes what is not Markup.

    `strips_markup`: values that are Markup lose their tags (parts of plain text). `show` and `escape_text`: how the
    language prints and escapes.
    """
    piece = _PIECES[kind]

    def shown(value: Any) -> str:
        text = show(value)
        return without_tags(str.__str__(text)) if strips_markup and isinstance(text, Markup) else text

    def escaped(value: Any) -> str:
        return escape_text(clean_html(str.__str__(show(value))))

    def raw(value: Any) -> str:
        return clean_html(str.__str__(show(value)))

    def escaped_unless_markup(value: Any) -> str:
        text = show(value)
        return raw(text) if isinstance(text, Markup) else escaped(text)

    if escape is None:
        plain = _composed(kind, lambda value: clean_text(shown(value)))
        writers = dict.fromkeys(("auto", "always", "always'", "raw"), plain)
        fast = dict.fromkeys(writers, _ENCODED[kind])
        return Encoding(kind, None, piece, fast, _IS_FAST[kind], writers, _NUMBERS[kind])
    writers = {
        "auto": _composed(kind, escaped_unless_markup, markup_is_raw=True),
        "always": _composed(kind, escaped),
        "always'": _composed(kind, lambda value: escaped(value).replace("&#39;", "'")),
        "raw": _composed(kind, escaped_unless_markup if raw_is_markup else raw),
    }
    fast = {escaping: _ENCODED[kind].format(escaped) for escaping, escaped in _ESCAPED.items()}
    return Encoding(kind, "html", piece, fast, _IS_FAST[kind], writers, _NUMBERS[kind])


def _composed(kind: Kind, text: Callable[[Any], str], *, markup_is_raw: bool = False) -> Callable[[Context, Any], Any]:
    """A function that writes any value: the commonest kinds first, then whatever `text` makes of it."""
    piece, number = _PIECES[kind], _NUMBERS[kind]
    nothing = piece(text(None))

    def write(context: Context, value: Any) -> Any:
        if value is None:
            return nothing
        if type(value) is int and -MAX_SHORT < value < MAX_SHORT:
            return number(value)
        if markup_is_raw and type(value) is Markup and (plain := str.__str__(value)).isprintable():
            return piece(plain)
        charge(context, whole_size(value))
        return piece(text(value))

    return write


# --- pieces ----------------------------------------------------------------------------------------


def _text(text: str) -> str:
    return text


def with_crlf(text: str) -> str:
    """Text with the line ends of mail: carriage returns go, line feeds become CRLF (RFC 5322, 2.1)."""
    return text.replace("\r", "").replace("\n", "\r\n")


def _eight_bit(text: str) -> bytes:
    return with_crlf(text).encode()


def _seven_bit(text: str) -> bytes:
    return with_crlf(text).encode("ascii", "xmlcharrefreplace")


# b2a_qp counts white space before a line end as one octet, although it writes three: such a line may have 77.
_OVERLONG = re.compile(rb"^([^\r\n]{74})(=20|=09)(?=\r\n)", re.MULTILINE)


def _needs_no_quoting(text: str) -> bool:
    """Whether a text is one short line of plain characters, as most values are."""
    is_plain = text.isascii() and "=" not in text and text.isprintable()
    return is_plain and len(text) < MAX_QUOTED_LINE and text[-1:] != " "


def _quoted_printable(text: str) -> bytes:
    """Octets by RFC 2045, 6.7. Each piece starts at the start of a line and ends with a line or soft break."""
    if _needs_no_quoting(text):
        return text.encode() + SOFT_BREAK if text else b""
    octets = with_crlf(text).encode()
    encoded = b2a_qp(octets)
    if b"\n" in octets:
        return _whole_lines(encoded)
    if len(encoded) >= MAX_QUOTED_LINE:  # without line ends b2a_qp writes its soft breaks without carriage return
        encoded = _with_room(encoded.replace(b"=\n", SOFT_BREAK))
    return encoded + SOFT_BREAK if encoded else b""


def _whole_lines(encoded: bytes) -> bytes:
    """What b2a_qp makes of several lines, none too long, and a soft break at the end where it has no line end."""
    if b"=20\r\n" in encoded or b"=09\r\n" in encoded:
        encoded = _OVERLONG.sub(rb"\1=\r\n\2", encoded)
    return encoded if encoded.endswith(b"\r\n") else _with_room(encoded) + SOFT_BREAK


def _with_room(encoded: bytes) -> bytes:
    """The same octets with a last line that has room for the `=` of a soft break."""
    if len(encoded) - (encoded.rfind(b"\n") + 1) < MAX_QUOTED_LINE:
        return encoded
    last = 3 if encoded[-3:-2] == b"=" else 1  # octets of the last character as it is written: =C3, or itself
    return encoded[:-last] + SOFT_BREAK + encoded[-last:]


_PIECES: dict[Kind, Callable[[str], Any]] = {
    "text": _text,
    "8bit": _eight_bit,
    "quoted-printable": _quoted_printable,
    "7bit": _seven_bit,
}
_NUMBERS: dict[Kind, Callable[[int], Any]] = {  # the pieces of whole numbers that are not too long
    "text": str,
    "8bit": b"%d".__mod__,
    "quoted-printable": (b"%d" + SOFT_BREAK).__mod__,
    "7bit": b"%d".__mod__,
}
_ENCODED: dict[Kind, str] = {  # the piece of a text that needs no cleaning, as Python
    "text": "{0}",
    "8bit": "{0}.encode()",
    "quoted-printable": "Q({0})",
    "7bit": "{0}.encode('ascii', 'xmlcharrefreplace')",
}
_IS_CLEAN_LINE = r"('\n' not in {0} if C else {0}.isprintable())"  # line ends would have to become those of mail
_IS_CLEAN = "(C or {0}.isprintable())"
_IS_FAST: dict[Kind, str] = {
    "text": _IS_CLEAN,
    "8bit": _IS_CLEAN_LINE,
    "quoted-printable": _IS_CLEAN,
    "7bit": _IS_CLEAN_LINE,
}
_ESCAPED = {  # such a text as HTML, as Python, where it takes no more than what is written here
    "auto": "E({0})",
    "always": "E({0})",
    "always'": """E({0}).replace('&#39;', "'")""",
}


def whole_body(kind: Kind, pieces: list[bytes]) -> bytes:
    """The body of all its pieces; a soft break at the very end means nothing and goes."""
    body = b"".join(pieces)
    return body[: -len(SOFT_BREAK)] if kind == "quoted-printable" and body.endswith(SOFT_BREAK) else body
