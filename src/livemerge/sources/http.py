"""Customer data over HTTP: one address for one customer, or one call for many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

import aiohttp
import orjson
from jmespath.exceptions import JMESPathError
from yarl import URL

from livemerge import config
from livemerge.catalog import Field
from livemerge.clock import Clock
from livemerge.errors import ConfigError, SourceError
from livemerge.sources.credential import Credential, ReadSecret, checked_headers, read_credential
from livemerge.sources.exchange import Peer, Reply, Request, as_of, exchange, json_document, refusal, shown_address
from livemerge.sources.keeping import keeping
from livemerge.sources.path import Search, make_reader, make_search
from livemerge.sources.rows import key_text, match_rows
from livemerge.sources.source import unaskable
from livemerge.sources.validators import Validators, conditional, settled
from livemerge.values import Answer, Key, Row

NO_SUCH_CUSTOMER: Final = frozenset({204, 404, 410})  # of a single call; 204: nothing to tell, 410: erased
GUARD_S: Final = 1.0  # the caller's deadline comes first; past this much more the connection is given up anyway
_MARK: Final = "livemergekeymark"  # stands for the key while the address around it is normalised


@dataclass(frozen=True, slots=True)
class Address:
    """A declared address with a place for keys. What is put there stays one piece of it, whatever it holds."""

    before: str
    after: str  # empty where the address has no place for keys
    has_place: bool

    def url(self, keys: Sequence[Key], query: str = "") -> URL:
        """The address for these keys, comma-separated, with a piece of query added."""
        filled = ",".join(map(_quoted, keys)) if self.has_place else ""
        text = f"{self.before}{filled}{self.after}"
        return URL(f"{text}{'&' if '?' in text else '?'}{query}" if query else text, encoded=True)

    def climbs(self, key: Key) -> bool:
        """Whether the key would be a path segment of dots, which servers take as 'one level up' even when escaped."""
        if not self.has_place or key.strip("."):
            return False
        path = self.url([key]).raw_path
        return any(unquote(segment) in (".", "..") for segment in path.split("/"))


def _quoted(key: Key) -> str:
    return key if key.isascii() and key.isalnum() else quote(key, safe="")  # most need nothing, at a tenth of the cost


class HttpSource:
    """One API. Cookies are not kept, redirects not followed, and only JSON is read."""

    def __init__(
        self, name: str, section: config.HttpSource, credential: Credential, *, where: str, clock: Clock
    ) -> None:
        self.name = name
        self.max_batch = section.batch.size if section.batch else 1
        self.connections = section.connections
        self._clock = clock
        self._credential = credential
        self._timeout_s = section.timeout_ms / 1000 + GUARD_S
        self._headers = {"Accept": "application/json", "User-Agent": "livemerge"} | dict(
            checked_headers(section.headers, f"{where}.headers")
        )
        self._single = _Single(section, where) if section.url else None
        self._batch = _Batch(section.batch, section.max_bytes, where) if section.batch else None
        self._validators = Validators()
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, keys: Sequence[Key], fields: Sequence[Field]) -> Answer:
        way = self._way(keys)
        refused = dict(unaskable(keys))
        refused |= {key: "the key cannot stand in a path" for key in keys if key not in refused and way.climbs(key)}
        wanted = list(dict.fromkeys(key for key in keys if key not in refused))
        if not wanted:
            return Answer({}, row_errors=refused)
        request, reply = await self._ask(way, wanted)
        matched = match_rows(wanted, way.rows(wanted, reply, self._clock))
        self._validators.keep(request, reply)
        row_errors = refused | dict(matched.row_errors)
        kept = keeping(reply)
        true_at = as_of(reply, self._clock.now())
        return Answer(matched.rows, true_at, matched.foreign_rows, row_errors, kept.fresh_for_s, kept.may_be_kept)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _way(self, keys: Sequence[Key]) -> _Single | _Batch:
        """One customer is asked for alone where that is possible: that answer can also say 404."""
        if self._single is not None and (len(keys) <= 1 or self._batch is None):
            if len(keys) > 1:
                raise ValueError(f"{self.name} takes one key a call, got {len(keys)}")
            return self._single
        assert self._batch is not None
        return self._batch

    async def _ask(self, way: _Single | _Batch, keys: Sequence[Key]) -> tuple[Request, Reply]:
        """What was asked, and the reply; a token that ended early is replaced once."""
        session, tokens = self._open(), self._credential.tokens
        if tokens is None:
            return await self._exchange(session, way.request(keys, self._headers, self._credential), way.peer)
        token = await tokens.token(session)
        request, reply = await self._exchange(session, self._with_token(way, keys, token), way.peer)
        if reply.status != 401:
            return request, reply
        token = await tokens.token(session, refused=token)
        return await self._exchange(session, self._with_token(way, keys, token), way.peer)

    async def _exchange(self, session: aiohttp.ClientSession, request: Request, peer: Peer) -> tuple[Request, Reply]:
        known = self._validators.find(request)
        reply = await exchange(session, conditional(request, known), peer)
        return request, settled(reply, known)

    def _with_token(self, way: _Single | _Batch, keys: Sequence[Key], token: str) -> Request:
        return way.request(keys, {**self._headers, "Authorization": f"Bearer {token}"}, self._credential)

    def _open(self) -> aiohttp.ClientSession:
        """The session, made at the first call because it belongs to the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.connections),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),  # one customer's answer sets nothing in another's request
            )
        return self._session


class _Single:
    """`{key}` in the address; the answer is that customer's row."""

    def __init__(self, section: config.HttpSource, where: str) -> None:
        self._address = read_address(section.url, "{key}", f"{where}.url")
        self.peer = Peer(where, shown_address(section.url), section.max_bytes)

    def climbs(self, key: Key) -> bool:
        return self._address.climbs(key)

    def request(self, keys: Sequence[Key], headers: Mapping[str, str], credential: Credential) -> Request:
        return Request("GET", self._address.url(keys, credential.query), {**headers, **credential.headers})

    def rows(self, keys: Sequence[Key], reply: Reply, clock: Clock) -> Iterable[tuple[Key | None, Row]]:
        if reply.status in NO_SUCH_CUSTOMER:
            return []
        _require_success(reply, self.peer, clock)
        row = json_document(reply, self.peer)
        if row is None:
            return []
        if not isinstance(row, dict):
            raise _wrong_shape(self.peer, "a JSON object", row)
        return [(keys[0], row)]


class _Batch:
    """`{keys}` in address or body; the answer holds a list of rows, each with its key."""

    def __init__(self, section: config.HttpBatch, max_bytes: int, where: str) -> None:
        where = f"{where}.batch"
        self._address = read_address(section.url, "{keys}", f"{where}.url")
        self._method = section.method
        self._body = _checked_body(section.body, f"{where}.body")
        self._records = _compile(section.records or "@", f"{where}.records")
        _compile(section.key, f"{where}.key")
        self._key = make_reader(section.key)
        self.peer = Peer(where, shown_address(section.url), max_bytes)

    def climbs(self, key: Key) -> bool:
        return self._address.climbs(key)

    def request(self, keys: Sequence[Key], headers: Mapping[str, str], credential: Credential) -> Request:
        url = self._address.url(keys, credential.query)
        if not self._body:
            return Request(self._method, url, {**headers, **credential.headers})
        body = self._body.replace("{keys}", orjson.dumps(list(keys)).decode()).encode()
        return Request(self._method, url, {"Content-Type": "application/json", **headers, **credential.headers}, body)

    def rows(self, keys: Sequence[Key], reply: Reply, clock: Clock) -> Iterable[tuple[Key | None, Row]]:
        _require_success(reply, self.peer, clock)
        records = _searched(self._records, json_document(reply, self.peer))
        if not isinstance(records, list):
            raise _wrong_shape(self.peer, "a list of rows at `records`", records)
        # null in a list says 'nobody' about a position, and positions mean nothing here.
        return [self._keyed(record) for record in records if record is not None]

    def _keyed(self, record: Any) -> tuple[Key | None, Row]:
        if not isinstance(record, dict):
            return None, {}
        try:
            return key_text(self._key(record)), record
        except JMESPathError:
            return None, record


def make_http(name: str, section: config.HttpSource, *, read_secret: ReadSecret, clock: Clock) -> HttpSource:
    """The source that a section declares. Raises ConfigError."""
    where = f"source.{name}"
    credential = read_credential(section.auth, where=f"{where}.auth", read_secret=read_secret, clock=clock)
    return HttpSource(name, section, credential, where=where, clock=clock)


def read_address(text: str, place: str, where: str) -> Address:
    """The address around the place for keys. Raises ConfigError where a key would choose the host."""
    try:
        url = URL(text.replace(place, _MARK))
    except ValueError:
        raise ConfigError("is not an address", where=where, advice="https://host/path/{key}") from None
    if _MARK in (url.raw_authority or "").lower() or not url.host:
        advice = f"Put {place} behind the host, into path or query."
        raise ConfigError(f"{place} stands where the host belongs", where=where, advice=advice)
    normal = str(url.with_fragment(None))
    before, found, after = normal.partition(_MARK)
    if place in text and not found:
        raise ConfigError(f"{place} stands behind a #, which is never sent", where=where)
    if _MARK in after:
        raise ConfigError(f"{place} stands twice", where=where, advice="Each call carries its keys once.")
    return Address(before, after, bool(found))


def _require_success(reply: Reply, peer: Peer, clock: Clock) -> None:
    if not 200 <= reply.status < 300:
        raise refusal(reply, peer, clock.now())


def _checked_body(body: str, where: str) -> str:
    try:
        if body:
            orjson.loads(body.replace("{keys}", "[]"))
    except orjson.JSONDecodeError:
        advice = "{keys} becomes a JSON list: body = '{\"ids\": {keys}}'"
        raise ConfigError("is not JSON once the keys are in", where=where, advice=advice) from None
    return body


def _compile(path: str, where: str) -> Search:
    try:
        return make_search(path)
    except JMESPathError as error:
        raise ConfigError(f"is not JMESPath: {str(error).splitlines()[0]}", where=where) from None


def _searched(search: Search, document: Any) -> Any:
    """What the path finds; None also where one of its functions cannot take what is there."""
    try:
        return search(document)
    except JMESPathError:
        return None


def _wrong_shape(peer: Peer, wanted: str, got: object) -> SourceError:
    names = {dict: "an object", list: "a list", str: "a text", type(None): "nothing there", bool: "true or false"}
    what = f"answered with JSON of another shape: wanted {wanted}, got {names.get(type(got), 'a number')}"
    return SourceError(what, where=peer.place, retryable=False)
