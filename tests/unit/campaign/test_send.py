"""One call of send: patience with a relay that asks to try again, the declared pace, and stopping at any point."""

from __future__ import annotations

import asyncio
import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from livemerge.app import Livemerge
from livemerge.campaign import Ledger, Parts, Summary, read_audience, run_campaign
from livemerge.campaign.ledger import Reason
from livemerge.campaign.send import RETRY_AFTER_S
from livemerge.clock import FakeClock
from livemerge.deliver import Delivery, Outcome
from livemerge.deliver.transport import OnDelivery, delivery
from livemerge.errors import SourceError
from livemerge.message import Message
from livemerge.sources import MemorySource

SETTINGS = """
[transport.outbox]
kind = "maildir"
path = "outbox"
[source.people]
kind = "table"
path = "people.csv"
key = "id"
[field.first_name]
source = "people"
type = "text"
fallback = "there"
"""
TEMPLATE = '+++\nsubject = "Hello {{ first_name }}"\n+++\n<p>Hi {{ first_name }}</p>\n'
CAMPAIGN = """
name = "welcome"
template = "welcome.liquid.html"
audience = { csv = "people.csv", key = "id", address = "mail" }
from = "Shop <news@shop.example>"
transport = "outbox"
"""


@dataclass
class BusyRelay:
    """Takes time for each group, and answers as it is told: (recipient, how often it was tried before) → code."""

    clock: FakeClock
    answer: Callable[[str, int], int] = lambda recipient, tries: 250
    group_takes_s: float = 0.0
    max_in_flight: int = 4
    takes_8bit: bool = True
    tried_at_s: dict[str, list[float]] = field(default_factory=dict)
    groups: list[tuple[float, int]] = field(default_factory=list)  # when, how many

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def deliver(self, messages: Sequence[Message], on_delivery: OnDelivery | None = None) -> Sequence[Delivery]:
        self.groups.append((self.clock.monotonic_s(), len(messages)))
        await self.clock.sleep(self.group_takes_s)
        return [self._take(message) for message in messages]

    def _take(self, message: Message) -> Delivery:
        tried = self.tried_at_s.setdefault(message.recipient, [])
        code = self.answer(message.recipient, len(tried))
        tried.append(self.clock.monotonic_s())
        outcome = {2: Outcome.SENT, 4: Outcome.RETRY, 5: Outcome.FAILED}[code // 100]
        return delivery(message, outcome, "4.7.1 come again" if code == 451 else "ok", code)

    def tries(self) -> Counter[int]:
        return Counter(map(len, self.tried_at_s.values()))


@dataclass
class Shop:
    """A project, and sending its campaign through a relay of the test's own."""

    project: Livemerge
    clock: FakeClock
    relay: BusyRelay
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, **declared: object) -> Summary:
        campaign = replace(self.project.campaign("campaigns/welcome.toml"), **declared)
        mailing, text = self.project.mailing(campaign.template, campaign)
        settings = self.project.settings
        parts = Parts(
            campaign=campaign,
            mailing=mailing,
            template_text=text,
            catalog_digest="one",
            audience=lambda: read_audience(campaign.audience, settings.root, settings.source),
            ledger=Ledger(self.project.store, self.clock, campaign.name, "once", "me"),
            resolver=self.project.resolver,
            transport=self.relay,
            clock=self.clock,
            store=self.project.store,
        )
        return await run_campaign(parts, on_progress=lambda progress: None, stop=self.stop)


@pytest.fixture
def make_shop(tmp_path: Path) -> Callable[[int], Shop]:
    def make(customers: int) -> Shop:
        (tmp_path / "templates").mkdir()
        (tmp_path / "campaigns").mkdir()
        (tmp_path / "livemerge.toml").write_text(SETTINGS)
        (tmp_path / "templates" / "welcome.liquid.html").write_text(TEMPLATE)
        (tmp_path / "campaigns" / "welcome.toml").write_text(CAMPAIGN)
        with (tmp_path / "people.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "mail", "first_name"])
            rows.writerows([f"c-{n}", f"c{n}@example.com", f"Name{n}"] for n in range(customers))
        clock = FakeClock()
        return Shop(Livemerge.open(tmp_path, clock=clock), clock, BusyRelay(clock))

    return make


async def test_everyone_a_busy_relay_puts_off_is_tried_three_times_more_in_the_same_call(make_shop) -> None:
    shop = make_shop(40)
    shop.relay.group_takes_s = 0.2  # so that they are put off at different moments
    shop.relay.answer = lambda recipient, tries: 451 if tries < len(RETRY_AFTER_S) else 250
    summary = await shop.send()
    assert shop.relay.tries() == {1 + len(RETRY_AFTER_S): 40}
    assert (summary.states["sent"], summary.states["retry"]) == (40, 0)
    first_pauses = [tried[1] - tried[0] for tried in shop.relay.tried_at_s.values()]
    assert min(first_pauses) >= RETRY_AFTER_S[0]


async def test_who_is_put_off_every_time_is_left_for_the_next_call_which_tries_at_once(make_shop) -> None:
    shop = make_shop(8)
    shop.relay.answer = lambda recipient, tries: 451
    first = await shop.send()
    tries, ended_s = shop.relay.tries(), shop.clock.monotonic_s()
    assert (tries, first.states["retry"]) == ({4: 8}, 8)
    shop.relay.answer = lambda recipient, tries: 250
    second = await shop.send()
    assert (shop.relay.tries(), second.states["sent"]) == ({5: 8}, 8)
    assert shop.clock.monotonic_s() == ended_s


async def test_the_pace_holds_from_the_first_second_to_the_last(make_shop) -> None:
    shop = make_shop(60)
    shop.relay.max_in_flight = 50
    await shop.send(rate_per_s=5.0)
    for start_s, _ in shop.relay.groups:
        assert sum(count for at_s, count in shop.relay.groups if start_s <= at_s < start_s + 1) <= 5


async def test_a_slow_pace_does_not_hold_up_who_wants_to_stop(make_shop) -> None:
    shop = make_shop(20)
    original = shop.relay.deliver

    async def deliver_and_stop(messages: Sequence[Message], on_delivery: OnDelivery | None = None):
        shop.stop.set()
        return await original(messages, on_delivery)

    shop.relay.deliver = deliver_and_stop
    summary = await shop.send(rate_per_s=0.01)
    assert summary.sent_now == 1
    assert shop.clock.monotonic_s() < 100
    assert summary.is_stopped


async def test_what_expires_on_the_way_is_never_sent_late_and_the_callers_event_stays_the_callers(make_shop) -> None:
    shop = make_shop(20)
    expires_at = shop.clock.now() + timedelta(seconds=3)
    summary = await shop.send(rate_per_s=2.0, expires_at=expires_at)
    last_s = max(at_s for at_s, _ in shop.relay.groups)
    assert last_s < 3
    assert 0 < summary.states["sent"] < 20
    assert summary.states["sent"] + summary.states["failed"] == 20
    assert Reason("failed", "expired", summary.states["failed"], "") in summary.reasons
    assert not shop.stop.is_set()


@pytest.mark.parametrize(
    ("on_unavailable", "while_down", "afterwards"),
    [("fallback", "sent", "sent"), ("wait", "held", "sent"), ("skip", "skipped", "skipped")],
)
async def test_a_campaign_says_what_becomes_of_those_whose_data_is_unavailable(
    make_shop, on_unavailable: str, while_down: str, afterwards: str
) -> None:
    shop = make_shop(2)
    people = MemorySource("people", {"c-0": {"first_name": "Ann"}}, clock=shop.clock)
    people.error = SourceError("down", retryable=False)
    shop.project.sources = {"people": people}

    assert (await shop.send(on_unavailable=on_unavailable)).states[while_down] == 2

    people.error = None
    assert (await shop.send(on_unavailable=on_unavailable)).states[afterwards] == 2


async def test_nobody_waits_or_is_skipped_for_want_of_what_does_not_exist(make_shop) -> None:
    shop = make_shop(2)
    shop.project.sources = {"people": MemorySource("people", {}, clock=shop.clock)}

    assert (await shop.send(on_unavailable="skip")).states["sent"] == 2


@pytest.mark.parametrize(("on_unknown", "state", "mailed"), [("leave", "unknown", 1), ("resend", "sent", 2)])
async def test_who_was_in_doubt_is_left_or_mailed_again_as_the_campaign_says(
    make_shop, on_unknown: str, state: str, mailed: int
) -> None:
    shop = make_shop(2)
    shop.stop.set()
    await shop.send()  # planned, and stopped before anybody was mailed
    Ledger(shop.project.store, shop.clock, "welcome", "once", "a process that died").mark(["c-0"])
    shop.stop.clear()

    summary = await shop.send(on_unknown=on_unknown)
    assert summary.states[state] >= 1
    assert summary.states["sent"] == len(shop.relay.tried_at_s) == mailed
