"""The ledger: one durable row per customer of a campaign run. It alone says who was mailed.

The rules, in the order a customer meets them:
1. the primary key plans a customer once, whatever is replayed;
2. mark before you speak: pending, retry or held → `sending` under a new fence, committed before the first byte,
   and only for those who are eligible at that moment;
3. results are written only where the fence is still ours;
4. so a run that comes again mails only what is not settled, and doubt is confined to rows left in `sending`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from livemerge.campaign.audience import Member, Mistakes
from livemerge.clock import Clock
from livemerge.errors import AudienceError
from livemerge.store import Store
from livemerge.values import Key

CHUNK_CUSTOMERS: Final = 500  # resolved together: one batch call to most sources

PLAN_RUN: Final = """
INSERT INTO campaign_run (campaign, occurrence, state, template_name, template_text, template_language, included,
                          pins, planned, started_at)
VALUES (:campaign, :occurrence, 'running', :template_name, :template_text, :template_language, :included, :pins, 0,
        :now)
"""
COUNT_PLANNED: Final = (
    "UPDATE campaign_run SET planned = :planned WHERE campaign = :campaign AND occurrence = :occurrence"
)
SET_RUN_STATE: Final = """
UPDATE campaign_run SET state = :state, finished_at = :finished_at
WHERE campaign = :campaign AND occurrence = :occurrence
"""
REPIN: Final = """
UPDATE campaign_run SET pins = :pins, template_text = :template_text, template_language = :template_language,
                        included = :included
WHERE campaign = :campaign AND occurrence = :occurrence
"""
READ_RUN: Final = "SELECT * FROM campaign_run WHERE campaign = ? AND occurrence = ?"
LIST_RUNS: Final = "SELECT * FROM campaign_run ORDER BY started_at DESC"
PLAN_DELIVERY: Final = """
INSERT INTO delivery (campaign, occurrence, customer, address, chunk, state) VALUES (?, ?, ?, ?, ?, 'pending')
ON CONFLICT DO NOTHING
"""
SETTLE_DOUBT: Final = """
UPDATE delivery SET state = :state, reason = :reason, settled_at = :now
WHERE campaign = :campaign AND occurrence = :occurrence AND state = 'sending'
"""
RESEND_UNKNOWN: Final = """
UPDATE delivery SET state = 'retry', due_at = 0
WHERE campaign = :campaign AND occurrence = :occurrence AND state = 'unknown'
"""
NEXT_CHUNK: Final = """
SELECT MIN(chunk) FROM delivery
WHERE campaign = :campaign AND occurrence = :occurrence AND state = :state AND due_at <= :now AND chunk >= :chunk
"""
DUE: Final = """
SELECT customer, address, attempt, chunk FROM delivery
WHERE campaign = :campaign AND occurrence = :occurrence AND state = :state AND due_at <= :now AND chunk = :chunk
"""
RELEASE_RETRIES: Final = """
UPDATE delivery SET due_at = 0 WHERE campaign = ? AND occurrence = ? AND state = 'retry'
"""
NEXT_DUE_AT: Final = """
SELECT MIN(due_at) FROM delivery WHERE campaign = ? AND occurrence = ? AND state = 'retry'
"""
SUPPRESSED: Final = """
SELECT d.customer FROM delivery d
WHERE d.campaign = ? AND d.occurrence = ? AND d.customer IN ({places})
  AND (EXISTS (SELECT 1 FROM suppression s WHERE s.customer = d.customer)
    OR EXISTS (SELECT 1 FROM suppression s WHERE s.address = LOWER(d.address) AND s.address <> ''))
"""
MARK: Final = """
UPDATE delivery SET state = 'sending', fence = fence + 1, attempt = attempt + 1, owner = ?, marked_at = ?
WHERE campaign = ? AND occurrence = ? AND customer IN ({places}) AND state IN ('pending', 'retry', 'held')
RETURNING customer, fence
"""
SETTLE: Final = """
UPDATE delivery SET state = :state, reply = :reply, reason = :reason, message_id = :message_id,
                    due_at = :due_at, settled_at = :now
WHERE campaign = :campaign AND occurrence = :occurrence AND customer = :customer
  AND state = 'sending' AND fence = :fence AND owner = :owner
"""
DECIDE: Final = """
UPDATE delivery SET state = :state, reason = :reason, settled_at = :now
WHERE campaign = :campaign AND occurrence = :occurrence AND customer = :customer
  AND state IN ('pending', 'retry', 'held')
"""
EXPIRE: Final = """
UPDATE delivery SET state = 'failed', reason = 'expired', settled_at = :now
WHERE campaign = :campaign AND occurrence = :occurrence AND state IN ('pending', 'retry', 'held')
"""
KEEP_DATA: Final = """
INSERT INTO delivery_data (campaign, occurrence, customer, body) VALUES (?, ?, ?, ?)
ON CONFLICT (campaign, occurrence, customer) DO UPDATE SET body = excluded.body
"""
COUNT_STATES: Final = """
SELECT state, COUNT(*) FROM delivery WHERE campaign = ? AND occurrence = ? GROUP BY state
"""
COUNT_REASONS: Final = """
SELECT state, reason, COUNT(*), MAX(reply) FROM delivery
WHERE campaign = ? AND occurrence = ? AND state IN ('failed', 'held', 'retry', 'skipped', 'unknown')
GROUP BY state, reason
"""
READ_DELIVERY: Final = "SELECT * FROM delivery WHERE campaign = ? AND occurrence = ? AND customer = ?"
READ_DATA: Final = "SELECT body FROM delivery_data WHERE campaign = ? AND occurrence = ? AND customer = ?"
LATEST_OCCURRENCE: Final = "SELECT occurrence FROM campaign_run WHERE campaign = ? ORDER BY started_at DESC LIMIT 1"


class State(StrEnum):
    """Where one delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    RETRY = "retry"  # refused for now; due again at due_at
    FAILED = "failed"  # a dead letter
    HELD = "held"  # a required value is unavailable; waits
    SKIPPED = "skipped"  # decided not to mail; `reason` says why
    UNKNOWN = "unknown"  # handed over, the answer was lost


@dataclass(frozen=True, slots=True)
class Due:
    """A customer who may be mailed now."""

    key: Key
    address: str
    attempt: int  # hand-overs tried before


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one marked customer."""

    key: Key
    state: State
    message_id: str = ""
    reply: str = ""
    reason: str = ""
    due_at: float = 0.0  # seconds since 1970, for RETRY
    data: bytes = b""  # what the message was made of; kept for explain


@dataclass(frozen=True, slots=True)
class Reason:
    """Why deliveries stand in a state, and how many do."""

    state: str
    reason: str
    count: int
    reply: str  # one of the relay's, where it decided

    def __str__(self) -> str:
        """`20 failed: refused by the relay (553 5.7.1): sender not allowed`, for people."""
        said = f": {self.reply}" if self.reply else ""
        return f"{self.count:,} {self.state}: {self.reason or 'no reason was kept'}{said}"


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a run was started with."""

    template_name: str
    template_text: str
    template_language: str
    pins: str  # JSON
    included: str = "{}"  # JSON: texts of the files that the template includes, by their paths below templates/


class Ledger:
    """The rows of one run: one campaign, one occurrence. `owner` names the process that writes."""

    def __init__(self, store: Store, clock: Clock, campaign: str, occurrence: str, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._run = {"campaign": campaign, "occurrence": occurrence}
        self._pair = (campaign, occurrence)
        self.occurrence = occurrence
        self._owner = owner
        self._fences: dict[Key, int] = {}

    def run(self) -> Mapping[str, Any] | None:
        """The run's row; None before it was planned."""
        row = self._store.row(READ_RUN, self._pair)
        return dict(row) if row else None

    def plan(self, pinned: Pinned, members: Iterable[Member], mistakes: Mistakes, audience: str) -> int:
        """Writes the run and a pending row for each member, all or nothing; gives how many.

        Raises AudienceError where `mistakes` holds any when the members have been read, or nobody was there.
        """
        with self._store.transaction():
            self._store.run(PLAN_RUN, self._run | _pinned_row(pinned) | {"now": self._now_s()})
            planned = 0
            for member in members:
                row = (*self._pair, member.key, member.address, planned // CHUNK_CUSTOMERS)
                if self._store.run(PLAN_DELIVERY, row):
                    planned += 1
                else:
                    mistakes.add(member.where, f"customer {member.key} stands there twice")
            if not planned and not mistakes.count:
                raise AudienceError(
                    "nobody is in it", where=audience, advice="Nobody was mailed and nothing is planned."
                )
            mistakes.refuse(audience)
            self._store.run(COUNT_PLANNED, self._run | {"planned": planned})
        return planned

    def repin(self, pinned: Pinned) -> None:
        """Goes on with edited parts."""
        self._store.run(REPIN, self._run | _pinned_row(pinned))

    def set_state(self, state: str) -> None:
        """Writes where the run as a whole stands."""
        finished_at = self._now_s() if state == "done" else None
        self._store.run(SET_RUN_STATE, self._run | {"state": state, "finished_at": finished_at})

    def settle_doubt(self, *, resend: bool) -> int:
        """Rows a dead process left in `sending`: to `unknown`, or due again. Only while no other process sends."""
        state, reason = (State.RETRY, "in doubt, sent again") if resend else (State.UNKNOWN, "the process stopped")
        with self._store.transaction():
            if resend:
                self._store.run(RESEND_UNKNOWN, self._run)
            return self._store.run(SETTLE_DOUBT, self._run | {"state": state, "reason": reason, "now": self._now_s()})

    def release_retries(self) -> int:
        """Makes everybody due whom a relay put off, however long; gives how many."""
        return self._store.run(RELEASE_RETRIES, self._pair)

    def due(self, states: Sequence[State]) -> Iterator[list[Due]]:
        """Chunks of customers that may be mailed now; each row is read when its chunk's turn comes."""
        for state in states:
            chunk = 0
            while rows := self._due_rows(state, chunk):
                yield [Due(row["customer"], row["address"], row["attempt"]) for row in rows]
                chunk = rows[-1]["chunk"] + 1

    def mark(self, keys: Sequence[Key]) -> tuple[set[Key], set[Key]]:
        """Marks as `sending` those of these customers who are eligible; gives (marked, suppressed).

        Eligibility and mark are one transaction: who is suppressed before it is not mailed.
        """
        places = ", ".join("?" * len(keys))
        with self._store.transaction():
            rows = self._store.rows(SUPPRESSED.format(places=places), (*self._pair, *keys))
            suppressed = {row["customer"] for row in rows}
            for key in suppressed:
                self._decide(key, State.SKIPPED, "suppressed")
            free = [key for key in keys if key not in suppressed]
            places = ", ".join("?" * len(free))
            parameters = (self._owner, self._now_s(), *self._pair, *free)
            marked = self._store.rows(MARK.format(places=places), parameters)
        fences: dict[Key, int] = {row["customer"]: row["fence"] for row in marked}
        self._fences |= fences
        return set(fences), suppressed

    def one_commit(self) -> AbstractContextManager[None]:
        """What is written inside is committed together, or not at all: one wait for the disk instead of several."""
        return self._store.transaction()

    def settle(self, results: Iterable[Result]) -> int:
        """Writes results of marked customers, where the fence is still ours; gives how many were."""
        written = 0
        with self._store.transaction():
            for result in results:
                is_ours = self._store.run(SETTLE, self._settle_row(result))
                written += is_ours
                if is_ours and result.data:
                    self._store.run(KEEP_DATA, (*self._pair, result.key, result.data))
        return written

    def decide(self, decisions: Iterable[tuple[Key, State, str]]) -> None:
        """Settles customers that are not handed over: skipped, held, or failed with a reason."""
        with self._store.transaction():
            for key, state, reason in decisions:
                self._decide(key, state, reason)

    def expire(self) -> int:
        """Turns everything not yet sent into dead letters."""
        return self._store.run(EXPIRE, self._run | {"now": self._now_s()})

    def next_retry_in_s(self) -> float | None:
        """Seconds until the next retry is due, below 0 where it is overdue; None where none waits.

        Infinite where all of them wait for the next call.
        """
        row = self._store.row(NEXT_DUE_AT, self._pair)
        return None if row is None or row[0] is None else row[0] - self._now_s()

    def states(self) -> dict[str, int]:
        """How many deliveries stand in each state."""
        counts = dict.fromkeys(State, 0)
        counts |= {State(state): count for state, count in self._store.rows(COUNT_STATES, self._pair)}
        return {str(state): count for state, count in counts.items()}

    def reasons(self) -> list[Reason]:
        """Why what was not sent was not."""
        return [Reason(*row) for row in self._store.rows(COUNT_REASONS, self._pair)]

    def delivery(self, key: Key) -> Mapping[str, Any] | None:
        """One customer's row."""
        row = self._store.row(READ_DELIVERY, (*self._pair, key))
        return dict(row) if row else None

    def data(self, key: Key) -> bytes | None:
        """What one customer's message was made of."""
        row = self._store.row(READ_DATA, (*self._pair, key))
        return bytes(row["body"]) if row else None

    def _due_rows(self, state: State, chunk: int) -> list[Mapping[str, Any]]:
        """The rows of the first chunk, from `chunk` on, that has any due in this state."""
        parameters = self._run | {"state": state, "now": self._now_s(), "chunk": chunk}
        first = self._store.rows(NEXT_CHUNK, parameters)[0][0]
        if first is None:
            return []
        return [dict(row) for row in self._store.rows(DUE, parameters | {"chunk": first})]

    def _decide(self, key: Key, state: State, reason: str) -> None:
        row = self._run | {"customer": key, "state": state, "reason": reason, "now": self._now_s()}
        self._store.run(DECIDE, row)

    def _settle_row(self, result: Result) -> dict[str, Any]:
        return self._run | {
            "customer": result.key,
            "state": result.state,
            "reply": result.reply,
            "reason": result.reason,
            "message_id": result.message_id,
            "due_at": result.due_at,
            "now": self._now_s(),
            "fence": self._fences.pop(result.key, -1),
            "owner": self._owner,
        }

    def _now_s(self) -> float:
        return self._clock.now().timestamp()


def list_runs(store: Store) -> list[Mapping[str, Any]]:
    """All runs, the newest first."""
    return [dict(row) for row in store.rows(LIST_RUNS)]


def latest_occurrence(store: Store, campaign: str) -> str | None:
    """The occurrence that started last; None where the campaign never ran."""
    row = store.row(LATEST_OCCURRENCE, (campaign,))
    return row["occurrence"] if row else None


def moment(seconds: float) -> datetime:
    """A stored time as a datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def _pinned_row(pinned: Pinned) -> dict[str, str]:
    return {
        "template_name": pinned.template_name,
        "template_text": pinned.template_text,
        "template_language": pinned.template_language,
        "pins": pinned.pins,
        "included": pinned.included,
    }
