"""Why a customer's message was as it was: its delivery, each value with its provenance, each branch of the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from livemerge.campaign.ledger import Ledger, moment
from livemerge.campaign.mailing import Mailing, make_mailing
from livemerge.campaign.provenance import unpack, unpack_fetched
from livemerge.catalog import Catalog
from livemerge.errors import CampaignError
from livemerge.fetch import Fetched
from livemerge.message import Composer, Recipient
from livemerge.resolve import Extensions
from livemerge.template import MessageTemplate, Reply, Request, Trace, Unanswered, compile_message
from livemerge.values import Key, Profile


@dataclass(frozen=True, slots=True)
class Explanation:
    """One delivery, explained. `profile` and `traces` are None and empty where no message was made."""

    delivery: Mapping[str, Any]  # the ledger's row
    template: str
    profile: Profile | None
    made_at: datetime | None
    traces: Mapping[str, Trace]  # by part; empty too where its replies were too long to be kept
    fetched: tuple[Fetched, ...] = ()

    def marked_at(self) -> datetime | None:
        """When it was handed over."""
        seconds = self.delivery["marked_at"]
        return None if seconds is None else moment(seconds)


def explain(
    ledger: Ledger,
    key: Key,
    catalog: Catalog,
    make_composer: Callable[[MessageTemplate], Composer],
    extensions: Extensions,
) -> Explanation:
    """Rendered again from what the ledger kept, with the template as it was pinned. Raises CampaignError.

    Data extensions are looked up as they are now: SourceError, ConfigError where they cannot be read.
    """
    run, delivery = ledger.run(), ledger.delivery(key)
    if run is None or delivery is None:
        raise CampaignError(f"customer {key} is not in this campaign", advice="Is it the key of the audience?")
    body = ledger.data(key)
    if body is None:
        return Explanation(delivery, run["template_name"], None, None, {})
    profile, made_at = unpack(body, key)
    included: dict[str, str] = orjson.loads(run["included"])
    template = compile_message(
        run["template_text"], name=run["template_name"], language=run["template_language"], files=included
    )
    mailing = make_mailing(catalog, template, make_composer(template), extensions=extensions)
    mailing.load()
    fetched, is_whole = unpack_fetched(body)
    recipient = Recipient(key, delivery["address"])
    traces = _traces(mailing, recipient, profile, made_at, fetched) if is_whole else {}
    return Explanation(delivery, run["template_name"], profile, made_at, traces, fetched)


def _traces(
    mailing: Mailing, recipient: Recipient, profile: Profile, made_at: datetime, fetched: Sequence[Fetched]
) -> Mapping[str, Trace]:
    """The message again, each of its requests answered with what the same one was answered with then."""
    replies: dict[Request, Reply] = {}
    for each in fetched:
        try:
            mailing.rehearse(recipient, profile, now=made_at, replies=replies)
        except Unanswered as error:
            replies[error.request] = each.reply
    return mailing.trace(recipient, profile, now=made_at, replies=replies)
