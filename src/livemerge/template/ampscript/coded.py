"""AMPscript's encodings, hashes and tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any
from urllib.parse import quote

from livemerge.template.ampscript.texts import flag, joined
from livemerge.template.ampscript.values import text
from livemerge.template.authored import cut, cuts, glued, plain
from livemerge.template.runtime import Fault

_CHARSETS = {"UTF-8": "utf-8", "UTF-16": "utf-16-le", "UTF-32": "utf-32-le", "ASCII": "ascii", "US-ASCII": "ascii"}
_CHARSETS |= {"WINDOWS-1252": "cp1252", "ISO-8859-1": "latin-1", "UNICODE": "utf-16-le"}
_JWT_HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def _charset(name: Any) -> str:
    found = _CHARSETS.get(plain(text(name)).strip().upper())
    if found is None:
        raise Fault("this character set is not known", "write UTF-8, UTF-16, UTF-32 or ASCII")
    return found


def _octets(value: Any, charset: Any) -> bytes:
    return plain(text(value)).encode(_charset(charset), "replace")


def md5(value: Any, charset: Any = "UTF-8") -> str:
    return hashlib.md5(_octets(value, charset), usedforsecurity=False).hexdigest()


def sha1(value: Any, charset: Any = "UTF-8") -> str:
    return hashlib.sha1(_octets(value, charset), usedforsecurity=False).hexdigest()


def sha256(value: Any, charset: Any = "UTF-8") -> str:
    return hashlib.sha256(_octets(value, charset)).hexdigest()


def sha512(value: Any, charset: Any = "UTF-8") -> str:
    return hashlib.sha512(_octets(value, charset)).hexdigest()


def string_to_hex(value: Any, charset: Any = "UTF-8") -> str:
    return _octets(value, charset).hex()


def base64_encode(value: Any, charset: Any = "UTF-8") -> str:
    return base64.b64encode(_octets(value, charset)).decode()


def base64_decode(value: Any, charset: Any = "UTF-8", aborts: Any = True) -> str:
    """The text behind Base64. Raises Fault for what is none, or gives nothing where that is asked for."""
    try:
        return base64.b64decode(plain(text(value)), validate=True).decode(_charset(charset), "replace")
    except (binascii.Error, ValueError) as error:
        if not flag(aborts):
            return ""
        raise Fault("what is decoded here is not Base64", "it must end in its `=`; test the value before") from error


def url_encode(value: Any, all_characters: Any = False, all_text: Any = False) -> str:
    """A URL with its query encoded: its spaces, or all of its characters; `all_text` encodes more than the query."""
    found = text(value)
    start = 0 if flag(all_text) else plain(found).find("?") + 1
    if not flag(all_text) and not start:
        return found
    head, tail = cut(found, 0, start), cut(found, start, len(found))
    if flag(all_characters):
        return glued((head, _form_encoded(plain(tail))))
    spaces = [at for at, each in enumerate(plain(tail)) if each == " "]
    words = cuts(tail, zip([0, *(at + 1 for at in spaces)], [*spaces, len(tail)], strict=True))
    return glued((head, joined(words, "%20")))


def _form_encoded(value: str) -> str:
    """Form encoding as .NET writes it: `+` for a space, small hexadecimal digits."""
    encoded = quote(value.encode("utf-8", "replace"), safe="-_.!*() ").replace("~", "%7E")
    pieces = encoded.split("%")
    return (pieces[0] + "".join(f"%{piece[:2].lower()}{piece[2:]}" for piece in pieces[1:])).replace(" ", "+")


def get_jwt(secret: Any, algorithm: Any, payload: Any) -> str:
    """A JSON web token of a payload, which is taken as it is."""
    name = plain(text(algorithm)).strip().upper()
    if name not in _JWT_HASHES:
        raise Fault("this way of signing is not known", "write HS256, HS384 or HS512")
    head = _base64_url(f'{{"alg":"{name}","typ":"JWT"}}'.encode())
    body = _base64_url(plain(text(payload)).encode("utf-8", "replace"))
    key = plain(text(secret)).encode("utf-8", "replace")
    signature = hmac.new(key, f"{head}.{body}".encode(), _JWT_HASHES[name]).digest()
    return f"{head}.{body}.{_base64_url(signature)}"


def _base64_url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
