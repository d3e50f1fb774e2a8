"""Answers kept with the ETag they came with: who asks again sends it, and a 304 means the answer kept (RFC 9111 §4.3).

It spares the source and the wire, not the question: what may be used without asking is the cache's to say.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from livemerge.sources.exchange import Reply, Request

MAX_KEPT_BYTES: Final = 16 * 1024 * 1024  # of one source's answers: some 10,000 customers of 1.5 KB
MAX_KEPT: Final = 20_000  # answers; small ones cost more than their octets
MAX_ANSWER_BYTES: Final = 256 * 1024  # a larger one is sent again instead
_ETAG: Final = re.compile(r'(W/)?"[\x21\x23-\x7e]{0,200}"')  # RFC 9110 §8.8.3, of a length that servers make
_KEPT_HEADERS: Final = ("Content-Type", "Cache-Control")  # of the answer, where the 304 does not say otherwise


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer and what it is recognised by."""

    etag: str
    reply: Reply


class Validators:
    """The answers of one source that came with an ETag, by address; the least recently asked for make room."""

    def __init__(self, *, max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, KeptAnswer] = OrderedDict()

    def find(self, request: Request) -> KeptAnswer | None:
        """What this very request was answered before. Only a GET is asked again."""
        if request.method != "GET":
            return None
        known = self._kept.get(address := str(request.url))
        if known is not None:
            self._kept.move_to_end(address)
        return known

    def keep(self, request: Request, reply: Reply) -> None:
        """Keeps an answer that could be read, in the place of the one before."""
        if request.method != "GET":
            return
        self._drop(address := str(request.url))
        if _may_be_kept(reply):
            headers = _renewed(reply.headers, reply.headers)  # the others may be long, and nobody reads them
            self._kept[address] = KeptAnswer(headers["ETag"], replace(reply, headers=headers))
            self._bytes += len(reply.body)
        while self._bytes > self._max_bytes or len(self._kept) > MAX_KEPT:
            self._drop(next(iter(self._kept)))

    def _drop(self, address: str) -> None:
        if (gone := self._kept.pop(address, None)) is not None:
            self._bytes -= len(gone.reply.body)


def conditional(request: Request, known: KeptAnswer | None) -> Request:
    """The request, asking for no body where the answer is still the known one."""
    return request if known is None else replace(request, headers={**request.headers, "If-None-Match": known.etag})


def settled(reply: Reply, known: KeptAnswer | None) -> Reply:
    """What the reply means: itself, or for a 304 the known answer with its new headers."""
    if reply.status != 304 or known is None:
        return reply
    return replace(known.reply, headers=_renewed(known.reply.headers, reply.headers))


def _may_be_kept(reply: Reply) -> bool:
    directives = {part.strip().lower() for part in reply.headers.get("Cache-Control", "").split(",")}
    has_etag = _ETAG.fullmatch(reply.headers.get("ETag", "").strip()) is not None
    return reply.status == 200 and has_etag and "no-store" not in directives and len(reply.body) <= MAX_ANSWER_BYTES


def _renewed(kept: Mapping[str, str], said: Mapping[str, str]) -> Mapping[str, str]:
    """Headers of the answer now. Age is the 304's alone: the answer was just found to be true."""
    headers = {name: value for name in _KEPT_HEADERS if (value := kept.get(name)) is not None}
    headers |= {name: value for name in ("Cache-Control", "Age") if (value := said.get(name)) is not None}
    return headers | {"ETag": (said.get("ETag") or kept["ETag"]).strip()}
