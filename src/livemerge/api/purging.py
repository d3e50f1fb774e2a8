"""What a CDN keeps of feeds and content, purged there by surrogate key as soon as it is not right any more.

Looks are cheap (the times of some files, one statement) and each process makes its own: who is killed owes nobody a
purge, and a purge too many only costs the CDN a question. One that fails is made again until it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp
import structlog
from yarl import URL

from livemerge.access import REMEMBERED_S
from livemerge.api.content import LOOKED_AT_S
from livemerge.app import Livemerge
from livemerge.errors import StoreError
from livemerge.sources.whole_table import file_stamp

EVERY_S: Final = 1.0
WITHIN_S: Final = 10.0  # for one purge
PLACE: Final = "{key}"
EVERYTHING: Final = "livemerge"  # stands in every answer that a CDN may keep
CONTENT: Final = "content"  # in every rendered one: a template may include others
MORE_S: Final = 0.5  # after the time in which every process knows it

Stamp = tuple[object, ...]
log = structlog.get_logger(__name__)


class Purging:
    """Watches what answers for a CDN are made of."""

    def __init__(self, project: Livemerge) -> None:
        self._project = project
        self._section = project.settings.cdn
        self._credential = project.cdn_credential
        self._stamps: dict[str, Stamp] = {}  # of a feed's file, of all templates
        self._ended_keys: frozenset[str] | None = None
        self._due_s: dict[str, float] = {EVERYTHING: 0.0}  # surrogate key → when; who knows what changed before
        self._is_failing = False

    async def watch_until_cancelled(self) -> None:
        """Purges what changed, each second, for as long as the process serves."""
        timeout = aiohttp.ClientTimeout(total=WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            while True:
                await self._look()
                await self._purge_due(session)
                await self._project.clock.sleep(EVERY_S)

    async def _look(self) -> None:
        for surrogate_key, stamp in (await asyncio.to_thread(self._files)).items():
            if self._stamps.setdefault(surrogate_key, stamp) != stamp:
                self._stamps[surrogate_key] = stamp
                self._owe(surrogate_key, after_s=LOOKED_AT_S + MORE_S if surrogate_key == CONTENT else 0.0)
        try:
            ended = await self._project.store.apart(self._project.keys.ended)
        except StoreError:
            return
        if self._ended_keys is not None and ended - self._ended_keys:  # what one read is not shown to it any more
            self._owe(EVERYTHING, after_s=REMEMBERED_S + MORE_S)
        self._ended_keys = ended

    def _files(self) -> Mapping[str, Stamp]:
        root = self._project.settings.root
        feeds = {
            f"feed-{name}": file_stamp(root / feed.rows.path)
            for name, feed in self._project.catalog.feeds.items()
            if feed.rows.path
        }
        templates = tuple((path.as_posix(), *file_stamp(path)) for path in self._project.template_files())
        return {**feeds, CONTENT: templates}

    def _owe(self, surrogate_key: str, *, after_s: float) -> None:
        self._due_s[surrogate_key] = self._project.clock.monotonic_s() + after_s

    async def _purge_due(self, session: aiohttp.ClientSession) -> None:
        now_s = self._project.clock.monotonic_s()
        for surrogate_key in [key for key, due_s in self._due_s.items() if due_s <= now_s]:
            if not await self._purge(session, surrogate_key):
                return
            self._due_s.pop(surrogate_key)

    async def _purge(self, session: aiohttp.ClientSession, surrogate_key: str) -> bool:
        """Whether it was done."""
        section, url = self._section, self._section.purge.replace(PLACE, surrogate_key)
        if self._credential.query:
            url += f"{'&' if '?' in url else '?'}{self._credential.query}"
        headers = {name: value.replace(PLACE, surrogate_key) for name, value in section.headers.items()}
        body = section.body.replace(PLACE, surrogate_key).encode() or None
        try:
            async with session.request(
                section.method,
                URL(url, encoded=True),
                headers={**headers, **self._credential.headers},
                data=body,
                allow_redirects=False,
            ) as response:
                return self._told(response.status < 300, why=f"status {response.status}")
        except (aiohttp.ClientError, OSError, ValueError) as error:  # its text may hold a secret
            return self._told(is_done=False, why=type(error).__name__)

    def _told(self, is_done: bool, why: str) -> bool:
        """Says once that purging fails, and once that it works again."""
        if is_done is self._is_failing:
            log.warning("the CDN is purged again" if is_done else "the CDN could not be purged", why=why)
        self._is_failing = not is_done
        return is_done
