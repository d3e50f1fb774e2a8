"""Header lines as octets. Whatever the text, one header comes out: nothing in a value can end its line.

Lines end in CRLF. Text outside ASCII becomes encoded words (RFC 2047), and no line is longer than 76 characters,
except where a value must not be folded (RFC 8058 §2: List-Unsubscribe on one line).
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec

from livemerge.values import Key

MAX_LINE_CHARACTERS = 76  # RFC 2047 §2, for lines that hold an encoded word
MAX_LINE_OCTETS = 998  # RFC 5322 §2.1.1, without CRLF
MAX_TEXT_CHARACTERS = 1000  # of a subject or a name; nobody reads more, and relays cut large headers
MAX_LIST_ID_CHARACTERS = 253  # RFC 2919 §2: 255 octets with the angle brackets
_WORD_FRAME = len("=?utf-8?q?") + len("?=")

_BREAKING = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+")  # controls, ends of line, lone surrogates
_PLAIN = re.compile(r"[ -~]*")
_PHRASE_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")  # RFC 5322 §3.2.3, and spaces between
_NOT_A_TOKEN = re.compile(r"[^A-Za-z0-9._-]+")

# RFC 2047 §5 (3): the characters that need no encoding in every place an encoded word may stand
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q = tuple("_" if o == 0x20 else chr(o) if o in _Q_SAFE else f"={o:02X}" for o in range(256))


def one_line(text: str) -> str:
    """The text as one header may show it: controls and white space become single spaces, length is bounded."""
    line = _BREAKING.sub(" ", text).strip(" ")
    return line if len(line) <= MAX_TEXT_CHARACTERS else line[: MAX_TEXT_CHARACTERS - 1] + "…"


def text_header(name: str, text: str) -> bytes:
    """An unstructured header (Subject) that reads as `one_line(text)`."""
    line = one_line(text)
    if len(name) + 2 + len(line) <= MAX_LINE_CHARACTERS and _is_plain(line):
        return f"{name}: {line}\r\n".encode("ascii")
    folded = _folded(name, line) if _is_plain(line) else ""
    return (folded or f"{name}: {_encoded_words(line, len(name) + 2)}\r\n").encode("ascii")


def address_header(name: str, address: str, display: str = "") -> bytes:
    """An address header (From, To, Reply-To) with one address, which must come from `usable_address`."""
    display = one_line(display)
    if not display:
        return f"{name}: <{address}>\r\n".encode("ascii")
    phrase = _phrase(display, len(name) + 2)
    return f"{name}: {phrase}{_fold_before(name, phrase, address)}<{address}>\r\n".encode("ascii")


def date_header(now: datetime) -> bytes:
    return _date_line(now.replace(microsecond=0))


@functools.lru_cache(maxsize=16)  # seconds: a run's messages share few
def _date_line(second: datetime) -> bytes:
    return f"Date: {format_datetime(second.astimezone(UTC))}\r\n".encode("ascii")


def message_id(campaign: str, occurrence: str, key: Key, domain: str) -> str:
    """`<hash@domain>`: the same for the same customer in the same occurrence, so that doubt can be settled."""
    named = msgspec.json.encode((campaign, occurrence, key))
    return f"<{hashlib.sha256(b'livemerge message ' + named).hexdigest()[:40]}@{domain}>"


def unsubscribe_header(url: str) -> bytes:
    """The address that a mail program's own button asks (RFC 2369); `UNSUBSCRIBE_POST` must go with it."""
    return f"List-Unsubscribe: <{url}>\r\n".encode("ascii")


UNSUBSCRIBE_POST = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"  # RFC 8058 §3.1


def list_id_header(list_id: str) -> bytes:
    """List-Id (RFC 2919) from a domain-like name; other characters become hyphens."""
    return f"List-Id: <{_token(list_id)[:MAX_LIST_ID_CHARACTERS]}>\r\n".encode("ascii")


def feedback_id_header(campaign: str, occurrence: str, domain: str) -> bytes:
    """Feedback-ID, under which Gmail's Postmaster Tools count spam reports: campaign:occurrence:product:sender."""
    parts = (_token(campaign)[:60], _token(occurrence)[:60], "livemerge", _token(domain)[-60:])
    return f"Feedback-ID: {':'.join(parts)}\r\n".encode("ascii")


def _token(text: str) -> str:
    return _NOT_A_TOKEN.sub("-", text).strip("-.") or "none"


def _is_plain(line: str) -> bool:
    """Whether the line means itself: ASCII, and nothing that reads as an encoded word."""
    return _PLAIN.fullmatch(line) is not None and "=?" not in line


def _folded(name: str, line: str) -> str:
    """The header folded at spaces (RFC 5322 §2.2.3); empty where a word is too long for a line."""
    lines = [f"{name}:"]
    for word in line.split(" "):
        if len(lines[-1]) + 1 + len(word) <= MAX_LINE_CHARACTERS:
            lines[-1] += f" {word}"
        elif len(word) < MAX_LINE_CHARACTERS:
            lines.append(f" {word}")
        else:
            return ""
    return "\r\n".join(lines) + "\r\n"


def _phrase(display: str, used: int) -> str:
    """A display name: as it is, quoted, or in encoded words (RFC 5322 §3.2.5, RFC 2047 §5)."""
    if used + len(display) + 2 > MAX_LINE_CHARACTERS or not _is_plain(display):
        return _encoded_words(display, used)
    if _PHRASE_ATOMS.fullmatch(display):
        return display
    return '"' + display.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fold_before(name: str, phrase: str, address: str) -> str:
    last_line = f"{name}: {phrase}".rpartition("\r\n")[2]
    return " " if len(last_line) + 3 + len(address) <= MAX_LINE_CHARACTERS else "\r\n "


def _encoded_words(line: str, used: int) -> str:
    """The line in encoded words, one a line; `used` characters stand before the first."""
    room = MAX_LINE_CHARACTERS - used - _WORD_FRAME
    quoted = list(map(_quoted, line))
    length = sum(map(len, quoted))
    if length <= len(line.encode()) * 4 / 3:
        runs = _runs(quoted, room) if length > room else ["".join(quoted)]
        words = [f"=?utf-8?q?{run}?=" for run in runs]
    else:
        words = [f"=?utf-8?b?{_base64(run)}?=" for run in _runs(line, room // 4 * 3, _utf8_length)]
    return "\r\n ".join(words)


@functools.lru_cache(maxsize=2048)  # characters; a text has few different ones
def _quoted(character: str) -> str:
    return "".join([_Q[octet] for octet in character.encode()])


def _base64(run: str) -> str:
    return base64.b64encode(run.encode()).decode("ascii")


def _runs(pieces: Iterable[str], room: int, octets_of: Callable[[str], int] = len) -> Iterator[str]:
    """The pieces joined into runs of at most `room`, so that no character is cut (RFC 2047 §5)."""
    run: list[str] = []
    used = 0
    for piece in pieces:
        size = octets_of(piece)
        if used + size > room:
            yield "".join(run)
            run, used = [], 0
        run.append(piece)
        used += size
    yield "".join(run)


def _utf8_length(character: str) -> int:
    return len(character.encode())
