"""A campaign run from plan to last message: chunk by chunk, each resolved as one batch while the one before leaves.

Everything durable is in the ledger, so stopping anywhere (Ctrl-C, kill -9, a full disk) and sending again goes on.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from livemerge.campaign.brake import make_brake
from livemerge.campaign.fetching import Chunk, Prepared, prepare
from livemerge.campaign.ledger import CHUNK_CUSTOMERS, Due, Ledger, Result, State
from livemerge.campaign.mailing import Mailing
from livemerge.campaign.provenance import pack
from livemerge.clock import Clock
from livemerge.config import Campaign
from livemerge.deliver import Delivery, Outcome, Transport
from livemerge.errors import AbortCampaign, AudienceError, CampaignError, DeliveryError, SkipRecipient, TemplateError
from livemerge.fetch import FetchClient
from livemerge.message import Message, Recipient
from livemerge.observe.figures import Figures
from livemerge.resolve import Resolver
from livemerge.values import Key, Profile, Verdict

RETRY_AFTER_S: Final = (2.0, 10.0, 30.0)  # a relay's 4xx: three more tries in this call, later ones by sending again
LANES: Final = 2  # groups under way at once: one is composed and marked while the other waits for replies
FEWEST_A_GROUP: Final = 10  # each group waits once for the disk, some milliseconds
CHUNKS_AHEAD: Final = 1  # resolved before their turn: more would let data grow old
RESOLVED_FOR_S: Final = 10.0  # of sending at the declared pace: a slow one would let a whole chunk's data grow old
FETCHING_TOGETHER: Final = 100  # customers whose replies are in memory at once, each up to 3 times `max_bytes`
NEXT_CALL: Final = math.inf  # when those are due whom a relay put off to the end; sending again makes them due
GONE_AFTER_GROUPS: Final = 3  # groups in a row of which nothing was accepted or refused: the relay is gone

_STATES: Final = {
    Outcome.SENT: State.SENT,
    Outcome.RETRY: State.RETRY,
    Outcome.FAILED: State.FAILED,
    Outcome.UNKNOWN: State.UNKNOWN,
}


@dataclass(slots=True)
class Progress:
    """How far a call has come."""

    planned: int
    settled: int  # whatever became of them, in this call or before
    sent: int = 0
    held: int = 0
    failed: int = 0
    skipped: int = 0
    retry: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Handed:
    """A group that was handed over and is not yet written down."""

    deliveries: Sequence[Delivery]
    chunk: Chunk
    attempts: Mapping[Key, int]  # hand-overs, this one counted
    made_at: datetime


@dataclass(slots=True)
class Lane:
    """One of the groups under way. Its results are written with the next group's marks: one commit for both."""

    handed: Handed | None = None


class Send:
    """One call of `send`: drains what is due in the ledger."""

    def __init__(
        self,
        campaign: Campaign,
        mailing: Mailing,
        ledger: Ledger,
        resolver: Resolver,
        transport: Transport,
        clock: Clock,
        *,
        progress: Progress,
        on_progress: Callable[[Progress], None],
        stop: asyncio.Event,
        fetch_client: FetchClient | None = None,
    ) -> None:
        self._campaign = campaign
        self._mailing = mailing
        self._ledger = ledger
        self._resolver = resolver
        self._transport = transport
        self._clock = clock
        self._fetch_client = fetch_client
        self._stop = stop
        self._on_progress = on_progress
        self.progress = progress
        self.figures = Figures()
        self._brake = make_brake(campaign.brake)
        self._is_broken = False
        self._is_over = False  # `expires_at` has come
        self._barren_groups = 0
        self._put_off: set[Key] = set()  # by the relay, in this call
        self._pace = asyncio.Lock()
        self._next_slot_s = clock.monotonic_s()

    async def run(self) -> None:
        """Sends to everybody who is due, then to those a relay asked to try again, until told to stop."""
        await self._drain((State.HELD, State.PENDING, State.RETRY))
        while not self._is_ending and (wait_s := self._ledger.next_retry_in_s()) is not None and wait_s < NEXT_CALL:
            await self._wait(wait_s)
            await self._drain((State.RETRY,))

    @property
    def _is_ending(self) -> bool:
        return self._stop.is_set() or self._is_over

    async def _drain(self, states: Sequence[State]) -> None:
        """Chunks in order; the next one's data is fetched while this one leaves."""
        async with aclosing(self._resolved_chunks(states)) as chunks:
            async for chunk in chunks:
                await self._send_chunk(chunk)
                if self._is_ending:
                    return

    async def _resolved_chunks(self, states: Sequence[State]) -> AsyncGenerator[Chunk, None]:
        ahead: deque[asyncio.Task[Chunk]] = deque()
        try:
            for due in self._due_together(states):
                ahead.append(asyncio.create_task(self._resolve(due)))
                if len(ahead) > CHUNKS_AHEAD:
                    yield await ahead.popleft()
            while ahead:
                yield await ahead.popleft()
        finally:
            for task in ahead:
                task.cancel()

    def _due_together(self, states: Sequence[State]) -> Iterator[list[Due]]:
        """Chunks, or pieces of them where the pace is slow or the messages fetch."""
        rate = self._campaign.rate_per_s
        most = FETCHING_TOGETHER if self._mailing.template.may_fetch else CHUNK_CUSTOMERS
        for chunk in self._ledger.due(states):
            size = most if rate is None else max(1, min(most, int(rate * RESOLVED_FOR_S)))
            yield from (chunk[start : start + size] for start in range(0, len(chunk), size))

    async def _resolve(self, due: list[Due]) -> Chunk:
        await self._mailing.refresh()
        profiles = await self._resolver.resolve(
            self._mailing.plan,
            [customer.key for customer in due],
            deadline_s=self._campaign.deadline_ms / 1000,
            waits_for_slots=True,
            figures=self.figures,
        )
        return Chunk(due, profiles, await self._prepare(due, profiles))

    async def _prepare(self, due: Sequence[Due], profiles: Mapping[Key, Profile]) -> Mapping[Key, Prepared]:
        """What the messages of customers whose data allows one fetch; nothing where the template fetches nothing."""
        if self._fetch_client is None or not self._mailing.template.may_fetch:
            return {}
        ready = [customer for customer in due if self._verdict(profiles[customer.key])[0] is None]
        deadline_s = self._campaign.deadline_ms / 1000
        prepared = await prepare(self._mailing, self._fetch_client, ready, profiles, self._clock, deadline_s=deadline_s)
        for each in (each for one in prepared.values() for each in one.fetched if not each.is_remembered):
            self.figures.count_fetch(each.host, each.took_ms / 1000, each.told_error)
        return prepared

    async def _send_chunk(self, chunk: Chunk) -> None:
        """Decides who waits or is skipped, then hands the others over in small groups."""
        ready = self._decide(chunk)
        size = self._group_size()
        groups = iter([ready[start : start + size] for start in range(0, len(ready), size)])
        # A lane that fails must not tear the other one from the middle of a hand-over: that one ends its group first.
        lanes = (self._run_lane(groups, chunk) for _ in range(LANES))
        for outcome in await asyncio.gather(*lanes, return_exceptions=True):
            if outcome is not None:
                raise outcome

    def _group_size(self) -> int:
        """What the transport takes at once, shared by the lanes, and enough that the disk does not set the pace.

        As many may be in doubt after a crash. Never more than a second's worth of a declared pace.
        """
        size = max(FEWEST_A_GROUP, self._transport.max_in_flight // LANES)
        rate = self._campaign.rate_per_s
        return size if rate is None else max(1, min(size, int(rate)))

    async def _run_lane(self, groups: Iterator[list[Due]], chunk: Chunk) -> None:
        lane = Lane()
        try:
            for group in groups:
                if self._is_ending or self._is_broken:
                    break
                await self._send_group(lane, group, chunk)
        except BaseException:
            self._is_broken = True
            raise
        finally:
            self._settle(lane)

    def _decide(self, chunk: Chunk) -> list[Due]:
        """Writes who is held or skipped for want of data; gives the others."""
        ready: list[Due] = []
        decisions: list[tuple[Key, State, str]] = []
        for customer in chunk.due:
            profile = chunk.profiles[customer.key]
            self._brake.count_profile(profile)
            state, reason = self._verdict(profile)
            if state is None and (host := chunk.silent_host(customer.key)):
                self._brake.count_silence(host)
                state, reason = self._without(f"{host} gave no answer")
            if state is None:
                ready.append(customer)
            else:
                decisions.append((customer.key, state, reason))
        self._write_decisions(decisions)
        return ready

    def _write_decisions(self, decisions: Sequence[tuple[Key, State, str]]) -> None:
        """Settles customers that are not handed over, and counts them."""
        if decisions:
            self._ledger.decide(decisions)
        for _, state, _ in decisions:
            self._count(state)

    def _verdict(self, profile: Profile) -> tuple[State | None, str]:
        if profile.verdict is Verdict.SKIPPED:
            return State.SKIPPED, f"no {profile.reason}"
        if profile.verdict is Verdict.HELD:
            return State.HELD, f"{profile.reason} is unavailable"
        unavailable = sorted(profile.unavailable())
        return self._without(f"{unavailable[0]} is unavailable") if unavailable else (None, "")

    def _without(self, reason: str) -> tuple[State | None, str]:
        """What the campaign does with a customer whose data did not all come."""
        wanted = {"wait": State.HELD, "skip": State.SKIPPED}.get(self._campaign.on_unavailable)
        return wanted, reason if wanted else ""

    async def _send_group(self, lane: Lane, group: Sequence[Due], chunk: Chunk) -> None:
        """Composes, settles the group before and marks this one, hands over."""
        self._check_brake()
        await self._keep_rate(lane, len(group))
        now = self._clock.now()
        self._is_over = self._campaign.expires_at is not None and now >= self._campaign.expires_at
        if self._is_ending:
            return
        messages = self._compose(group, chunk, now)
        if not messages:
            return
        with self._ledger.one_commit():
            self._settle(lane)
            marked, suppressed = self._ledger.mark([message.key for message in messages])
        for _ in suppressed:
            self._count(State.SKIPPED)
        attempts = {customer.key: customer.attempt + 1 for customer in group}
        wanted = [message for message in messages if message.key in marked]
        deliveries = await self._transport.deliver(wanted) if wanted else ()
        lane.handed = Handed(deliveries, chunk, attempts, now)
        self._check_relay(deliveries)

    def _compose(self, group: Sequence[Due], chunk: Chunk, now: datetime) -> list[Message]:
        messages: list[Message] = []
        decisions: list[tuple[Key, State, str]] = []
        for customer in group:
            try:
                messages.append(self._compose_one(customer, chunk, now))
            except AbortCampaign as error:
                raise CampaignError(
                    f"the template stopped the campaign: {error.what}",
                    where=self._campaign.template,
                    advice="Mend what it complains of, then send again: it goes on where it stopped.",
                ) from error
            except SkipRecipient as error:
                decisions.append((customer.key, State.SKIPPED, f"template: {error.what}"))
            except AudienceError as error:
                decisions.append((customer.key, State.FAILED, f"address: {error.what}"))
            except TemplateError as error:
                decisions.append((customer.key, State.FAILED, f"template: {error.what}"))
        self._write_decisions(decisions)
        return messages

    def _compose_one(self, customer: Due, chunk: Chunk, now: datetime) -> Message:
        recipient, profile = Recipient(customer.key, customer.address), chunk.profiles[customer.key]
        prepared, takes_8bit = chunk.prepared.get(customer.key), self._transport.takes_8bit
        if prepared is None:
            return self._mailing.compose(recipient, profile, now=now, takes_8bit=takes_8bit)
        if prepared.error is not None:
            raise prepared.error
        return self._mailing.compose(
            recipient, profile, now=prepared.made_at, takes_8bit=takes_8bit, replies=prepared.replies
        )

    def _settle(self, lane: Lane) -> None:
        """Writes what the relay said of the lane's group, and what each sent message was made of."""
        handed, lane.handed = lane.handed, None
        if handed is None:
            return
        results = [self._result(delivery, handed) for delivery in handed.deliveries]
        self._ledger.settle(results)
        for result in results:
            self._count_wait(result)
            self._count(result.state)
        self._on_progress(self.progress)

    def _result(self, delivery: Delivery, handed: Handed) -> Result:
        profile, state = handed.chunk.profiles[delivery.key], _STATES[delivery.outcome]
        reason = _reason(delivery, state)
        if state not in (State.SENT, State.UNKNOWN):
            attempt = handed.attempts[delivery.key]
            due_at = _due_at(self._clock.now(), attempt) if state is State.RETRY else 0.0
            return Result(delivery.key, state, delivery.message_id, delivery.reply, reason, due_at)
        prepared = handed.chunk.prepared.get(delivery.key)
        made_at, fetched = (prepared.made_at, prepared.fetched) if prepared else (handed.made_at, ())
        self.figures.count_profile(profile.provenance, made_at)
        made_of = pack(profile, made_at, fetched)
        return Result(delivery.key, state, delivery.message_id, delivery.reply, reason, data=made_of)

    def _count_wait(self, result: Result) -> None:
        """Keeps `progress.retry` at those who wait now, however often they were put off."""
        self.progress.retry -= result.key in self._put_off
        self._put_off.discard(result.key)
        if result.state is State.RETRY:
            self._put_off.add(result.key)

    def _count(self, state: State) -> None:
        progress = self.progress
        setattr(progress, state.value, getattr(progress, state.value) + 1)
        progress.settled += state is not State.RETRY
        self._brake.failures += state is State.FAILED

    def _check_relay(self, deliveries: Sequence[Delivery]) -> None:
        """Stops when nothing can be handed over any more, instead of burning through the audience."""
        if not deliveries:
            return
        is_barren = all(delivery.outcome is Outcome.RETRY and not delivery.code for delivery in deliveries)
        self._barren_groups = self._barren_groups + 1 if is_barren else 0
        if self._barren_groups >= GONE_AFTER_GROUPS:
            raise DeliveryError(
                f"the relay does not take messages any more: {deliveries[-1].reply}",
                where=f"transport.{self._campaign.transport}",
                advice="Nobody was lost: when it is back, run the same command and it goes on where it stopped.",
                retryable=True,
            )

    def _check_brake(self) -> None:
        if reason := self._brake.reason():
            self._ledger.set_state("paused")
            raise CampaignError(
                f"the brake stopped the campaign: {reason}",
                where=self._campaign.name,
                advice="Look at the source, then send again: it goes on where it stopped.",
            )

    async def _keep_rate(self, lane: Lane, messages: int) -> None:
        """Waits so that no more than `rate_per_s` messages a second begin; nothing stays unwritten meanwhile."""
        if self._campaign.rate_per_s is None:
            return
        self._settle(lane)
        async with self._pace:  # one lane after the other, so that a late one does not make the next ones early
            await self._wait(self._next_slot_s - self._clock.monotonic_s())
            self._next_slot_s = self._clock.monotonic_s() + messages / self._campaign.rate_per_s

    async def _wait(self, seconds: float) -> None:
        """Waits for the moment or the word to stop, whichever comes first."""
        if seconds <= 0:
            return
        moment, word = asyncio.create_task(self._clock.sleep(seconds)), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait((moment, word), return_when=asyncio.FIRST_COMPLETED)
        finally:
            moment.cancel()
            word.cancel()


def _reason(delivery: Delivery, state: State) -> str:
    """What people count refusals by: the codes, not the words, which often hold a queue's or a customer's name."""
    codes = " ".join(code for code in (str(delivery.code or ""), delivery.enhanced) if code)
    shown = f" ({codes})" if codes else ""
    return {
        State.FAILED: f"refused by the relay{shown}",
        State.RETRY: f"put off by the relay{shown}",
        State.UNKNOWN: "the relay's answer was lost",
    }.get(state, "")


def _due_at(now: datetime, attempt: int) -> float:
    """When a relay that put this attempt off is asked again: soon, soon, later, and then in the next call."""
    tried = (attempt - 1) % (len(RETRY_AFTER_S) + 1)  # each call starts anew
    return now.timestamp() + RETRY_AFTER_S[tried] if tried < len(RETRY_AFTER_S) else NEXT_CALL
