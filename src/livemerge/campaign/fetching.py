"""Customers whose messages fetch → the replies those need, all customers of a chunk at the same time.

Done while the chunk before leaves, so that a slow host holds up nobody whose message is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from livemerge.campaign.ledger import Due
from livemerge.campaign.mailing import Mailing
from livemerge.clock import Clock
from livemerge.errors import AudienceError, TemplateError
from livemerge.fetch import FetchClient, Fetched, render_fetching
from livemerge.message import Recipient
from livemerge.template import Reply, Request
from livemerge.values import Key, Profile


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one customer's message is made with, beside their profile."""

    made_at: datetime  # the moment that all renderings of it see
    replies: Mapping[Request, Reply]
    fetched: tuple[Fetched, ...] = ()
    error: TemplateError | AudienceError | None = None  # why there will be no message

    @property
    def silent_host(self) -> str:
        """A host that gave no answer; empty where all did."""
        return next((each.host or "a host" for each in self.fetched if each.has_failed), "")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Customers of one batch, and what their messages are made of."""

    due: Sequence[Due]
    profiles: Mapping[Key, Profile]
    prepared: Mapping[Key, Prepared]  # of those whose messages fetch

    def silent_host(self, key: Key) -> str:
        """A host that gave this customer's message no answer; empty where there is none."""
        prepared = self.prepared.get(key)
        return prepared.silent_host if prepared else ""


async def prepare(
    mailing: Mailing,
    client: FetchClient,
    due: Sequence[Due],
    profiles: Mapping[Key, Profile],
    clock: Clock,
    *,
    deadline_s: float,
) -> dict[Key, Prepared]:
    """What these customers' messages fetch. deadline_s: of one customer, what their data took is taken off."""

    async def one(customer: Due) -> Prepared:
        profile, now = profiles[customer.key], clock.now()
        recipient = Recipient(customer.key, customer.address)
        try:
            _, fetches = await render_fetching(
                lambda replies: mailing.rehearse(recipient, profile, now=now, replies=replies),
                client,
                deadline_s=deadline_s - profile.spent_s,
            )
        except (TemplateError, AudienceError) as error:
            return Prepared(now, {}, error=error)
        return Prepared(now, fetches.replies, fetches.fetched)

    return dict(zip((each.key for each in due), await asyncio.gather(*map(one, due)), strict=True))
