"""The preheader: the line that an inbox shows behind the subject, hidden in the open message.

It becomes the first thing in the HTML body, put in after rendering, in the body's own transfer encoding.
"""

from __future__ import annotations

import re

_HIDDEN = "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all"
_END = b"</div>"
_LINE_END = b"\r\n"
_SOFT_BREAK = b"=\r\n"  # RFC 2045 §6.7 (5): no line end at all once decoded

# Comments are passed over: Outlook's conditional ones may hold a body tag of their own.
_BODY_TAG = re.compile(rb"<!--.*?-->|(<body(?=[\s>])(?:[^>\"']|\"[^\"]*\"|'[^']*')*>)", re.IGNORECASE | re.DOTALL)


def with_preheader_8bit(html: bytes, preheader: bytes) -> bytes:
    """The body with the preheader right behind its body tag, on a line of its own; in front where there is none."""
    place = _behind_body_tag(html)
    hidden = b'<div style="' + _HIDDEN.encode() + b'">' + preheader + _END + _LINE_END
    return html[:place] + (_LINE_END if place else b"") + hidden + html[place:]


def with_preheader_quoted(html: bytes, preheader: bytes) -> bytes:
    """The same for quoted-printable octets; lines stay within 76 characters."""
    place = _refolded(html, _behind_body_tag(html.replace(_SOFT_BREAK, b"")))
    for line_end in (_SOFT_BREAK, _LINE_END):
        if html.startswith(line_end, place):
            before, after = html[: place + len(line_end)], html[place + len(line_end) :]
            break
    else:
        before, after = html[:place] + (_SOFT_BREAK if place else b""), html[place:]
    opening = b'<div style=3D"' + _SOFT_BREAK.join((*_halves(_HIDDEN.encode()), b'">', preheader))
    return b"".join((before, opening, _SOFT_BREAK, _END, _SOFT_BREAK, after))


def _halves(style: bytes) -> tuple[bytes, bytes]:
    middle = len(style) // 2
    return style[:middle], style[middle:]


def _behind_body_tag(html: bytes) -> int:
    return next((found.end() for found in _BODY_TAG.finditer(html) if found[1]), 0)


def _refolded(folded: bytes, place: int) -> int:
    """Where an octet of the text without soft breaks stands in the text with them."""
    seen = start = 0
    while (line_end := folded.find(_SOFT_BREAK, start)) >= 0 and seen + line_end - start < place:
        seen += line_end - start
        start = line_end + len(_SOFT_BREAK)
    return start + place - seen
