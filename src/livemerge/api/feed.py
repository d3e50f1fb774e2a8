"""`GET|POST /api/feed/{name}`: rows that are the same for everybody, for services that read one fixed address.

Always status 200 and always the same form: a service whose feed fails some nights stops sending.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.answer import WORDS, flat_objects, moment_text
from livemerge.api.asked import Asked, has
from livemerge.api.escaping import escaped_item
from livemerge.api.refusal import CREDENTIALS, Refusal
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving
from livemerge.api.simulate import simulation_of
from livemerge.catalog import ESPS, Feed
from livemerge.errors import nearest_or_all
from livemerge.resolve.feeds import FeedRows
from livemerge.values import LadderStep

DEADLINE_S: Final = 1.0  # of who named no service
MAX_AGE_S: Final = 60  # in the caches of callers, which nobody can purge
SMALLEST_S_MAXAGE_S: Final = 1


@dataclass(frozen=True, slots=True)
class _Written:
    """A feed as octets, of these very rows."""

    rows: FeedRows
    octets: bytes
    tag: bytes


class FeedReader:
    """Answers for the feeds of one project."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving
        self._project = resolving.project
        self._written: dict[str, _Written] = {}

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """The feed, or 304 where its reader has it. Raises Refusal, AccessError."""
        name = asked.parts[0]
        grant.require(f"feed:{name[:100]}")
        feeds = self._project.catalog.feeds
        if name not in feeds:
            raise Refusal(400, f"there is no feed `{name[:80]}`", nearest_or_all(name[:80], feeds))
        esp = ESPS.get(grant.profile)
        deadline_s = esp.deadline_s if esp else DEADLINE_S
        rows = await self._rows(name, deadline_s, simulation_of(asked, grant))
        self._resolving.note(asked, grant, (f"feed:{name}",), {"": True})
        written = self._as_octets(feeds[name], rows)
        headers = (
            *self._resolving.headers(asked, shapes.JSON, _cache_control(rows)),
            (b"etag", written.tag),
            (b"vary", CREDENTIALS),
            (b"surrogate-key", f"livemerge feed-{name}".encode()),
        )
        if has(asked, written.tag):
            return Reply(304, headers, b"")
        return Reply(200, headers, written.octets)

    async def _rows(self, name: str, deadline_s: float, simulation: str) -> FeedRows:
        if simulation in ("miss", "slow"):
            if simulation == "slow":
                await self._project.clock.sleep(deadline_s * 2)
            return FeedRows((), LadderStep.FALLBACK, None)
        rows = await self._project.feeds.rows(name, deadline_s=deadline_s)
        return FeedRows(rows.rows, LadderStep.STALE, rows.as_of) if simulation == "stale" else rows

    def _as_octets(self, feed: Feed, rows: FeedRows) -> _Written:
        """Written once for the same rows: they are thousands of values."""
        known = self._written.get(feed.name)
        if known is not None and known.rows.rows is rows.rows and known.rows.step is rows.step:
            return known
        items = [escaped_item(item, feed.escape) for item in flat_objects(rows.rows)]
        answer: dict[str, Any] = {"ok": True, "source": WORDS[rows.step]}
        answer |= {"as_of": moment_text(rows.as_of) if rows.as_of else "", "items": items}
        octets = shapes.as_json(answer, is_ascii=False)
        written = _Written(rows, octets, f'"{hashlib.sha256(octets).hexdigest()[:32]}"'.encode())
        self._written[feed.name] = written
        return written


def _cache_control(rows: FeedRows) -> str:
    """How long caches may keep it: a CDN until the rows are read again; what is stale or empty, nobody."""
    if rows.step in (LadderStep.STALE, LadderStep.FALLBACK):
        return "no-cache"
    shared_s = max(SMALLEST_S_MAXAGE_S, int(rows.fresh_for_s))
    return f"public, max-age={min(MAX_AGE_S, shared_s)}, s-maxage={shared_s}"
