"""The ledger's rules: planned once, marked before anything is said, written only by who holds the fence."""

from __future__ import annotations

from pathlib import Path

import pytest

from livemerge.campaign.audience import Member, Mistakes
from livemerge.campaign.ledger import CHUNK_CUSTOMERS, Ledger, Pinned, Reason, Result, State
from livemerge.campaign.suppressions import Suppressions
from livemerge.clock import FakeClock
from livemerge.errors import AudienceError, StoreError
from livemerge.store import Store, open_store

PINNED = Pinned("welcome.liquid.html", "Hi", "liquid", "{}")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "livemerge.db")


def a_ledger(store: Store, owner: str = "one", clock: FakeClock | None = None) -> Ledger:
    return Ledger(store, clock or FakeClock(), "welcome", "once", owner)


def planned(store: Store, customers: int = 3) -> Ledger:
    ledger = a_ledger(store)
    members = [Member(f"c-{number}", f"c{number}@example.com", f"people.csv:{number}") for number in range(customers)]
    ledger.plan(PINNED, members, Mistakes(), "people.csv")
    return ledger


def due_keys(ledger: Ledger, *states: State) -> list[str]:
    return [due.key for chunk in ledger.due(states or (State.PENDING,)) for due in chunk]


def test_everybody_in_the_audience_is_planned_once(store: Store) -> None:
    ledger = planned(store)
    assert ledger.states()["pending"] == 3
    assert due_keys(ledger) == ["c-0", "c-1", "c-2"]


def test_a_customer_who_stands_there_twice_stops_the_plan_and_nothing_is_written(store: Store) -> None:
    ledger = a_ledger(store)
    members = [Member("c-1", "a@example.com", "people.csv:2"), Member("c-1", "b@example.com", "people.csv:9")]
    with pytest.raises(AudienceError, match=r"people\.csv:9: customer c-1 stands there twice"):
        ledger.plan(PINNED, members, Mistakes(), "people.csv")
    assert ledger.run() is None
    assert ledger.states()["pending"] == 0


def test_chunks_hold_at_most_their_size_and_come_in_order(store: Store) -> None:
    ledger = planned(store, customers=CHUNK_CUSTOMERS * 2 + 7)
    sizes = [len(chunk) for chunk in ledger.due((State.PENDING,))]
    assert sizes == [CHUNK_CUSTOMERS, CHUNK_CUSTOMERS, 7]


def test_marking_gives_only_those_who_were_waiting(store: Store) -> None:
    ledger = planned(store)
    assert ledger.mark(["c-0", "c-1"]) == ({"c-0", "c-1"}, set())
    assert ledger.mark(["c-1", "c-2"]) == ({"c-2"}, set())


def test_of_two_owners_who_want_the_same_customers_each_gets_its_own(store: Store) -> None:
    ledger = planned(store, customers=10)
    rival = a_ledger(store, owner="two")
    keys = [f"c-{number}" for number in range(10)]
    first, _ = ledger.mark(keys[:6])
    second, _ = rival.mark(keys)
    assert first | second == set(keys)
    assert not first & second


@pytest.mark.parametrize("owner", ["one", "two"])
def test_a_result_counts_only_from_who_holds_the_fence(store: Store, owner: str) -> None:
    ledger = planned(store, customers=1)
    ledger.mark(["c-0"])
    rival = a_ledger(store, owner)
    rival.settle_doubt(resend=True)
    rival.mark(["c-0"])
    assert ledger.settle([Result("c-0", State.FAILED)]) == 0
    assert rival.settle([Result("c-0", State.SENT)]) == 1
    assert ledger.states()["sent"] == 1


def test_what_a_message_was_made_of_is_kept_only_by_who_holds_the_fence(store: Store) -> None:
    ledger = planned(store, customers=1)
    ledger.mark(["c-0"])
    rival = a_ledger(store, owner="two")
    rival.settle_doubt(resend=True)
    rival.mark(["c-0"])
    rival.settle([Result("c-0", State.SENT, data=b"what was sent")])
    ledger.settle([Result("c-0", State.SENT, data=b"what was not")])
    assert ledger.data("c-0") == b"what was sent"


def test_who_unsubscribed_is_not_marked(store: Store) -> None:
    ledger = planned(store)
    Suppressions(store, FakeClock()).add("c-1", reason="unsubscribed")
    assert ledger.mark(["c-0", "c-1"]) == ({"c-0"}, {"c-1"})
    row = ledger.delivery("c-1")
    assert row is not None
    assert (row["state"], row["reason"]) == ("skipped", "suppressed")


def test_a_suppressed_address_is_not_mailed_under_a_new_key_either(store: Store) -> None:
    ledger = planned(store)
    Suppressions(store, FakeClock()).add("old-key", address="C2@EXAMPLE.COM", reason="unsubscribed")
    assert ledger.mark(["c-2"]) == (set(), {"c-2"})


def test_an_unsubscription_remembers_the_address_the_mail_went_to(store: Store) -> None:
    planned(store)
    Suppressions(store, FakeClock()).unsubscribe("c-0", "welcome", "once")
    row = store.row("SELECT address, reason, campaign FROM suppression")
    assert row is not None
    assert tuple(row) == ("c0@example.com", "unsubscribed", "welcome")


def test_what_a_dead_process_left_in_doubt_becomes_unknown_and_is_not_due(store: Store) -> None:
    planned(store).mark(["c-0"])
    next_run = a_ledger(store, owner="two")
    assert next_run.settle_doubt(resend=False) == 1
    assert next_run.states()["unknown"] == 1
    assert due_keys(next_run, State.PENDING, State.RETRY) == ["c-1", "c-2"]


def test_what_is_in_doubt_is_due_again_where_the_campaign_says_resend(store: Store) -> None:
    planned(store).mark(["c-0"])
    next_run = a_ledger(store, owner="two")
    next_run.settle_doubt(resend=True)
    assert due_keys(next_run, State.RETRY) == ["c-0"]


def test_a_retry_is_due_when_its_time_has_come(store: Store) -> None:
    clock = FakeClock()
    planned(store)
    ledger = a_ledger(store, clock=clock)
    ledger.mark(["c-0"])
    ledger.settle([Result("c-0", State.RETRY, due_at=clock.now().timestamp() + 10)])
    assert due_keys(ledger, State.RETRY) == []
    assert ledger.next_retry_in_s() == pytest.approx(10)
    clock.advance(11)
    assert due_keys(ledger, State.RETRY) == ["c-0"]


def test_a_settled_customer_is_not_decided_again(store: Store) -> None:
    ledger = planned(store, customers=1)
    ledger.mark(["c-0"])
    ledger.settle([Result("c-0", State.SENT)])
    ledger.decide([("c-0", State.SKIPPED, "no first_name")])
    assert ledger.states()["sent"] == 1


def test_what_expires_is_a_dead_letter_with_its_reason(store: Store) -> None:
    ledger = planned(store)
    ledger.mark(["c-0"])
    ledger.settle([Result("c-0", State.SENT)])
    assert ledger.expire() == 2
    assert ledger.reasons() == [Reason("failed", "expired", 2, "")]


def fill_disk(store: Store) -> None:
    """From here on the file cannot grow."""
    store.run(f"PRAGMA max_page_count = {store.rows('PRAGMA page_count')[0][0]}")


def test_a_full_disk_marks_nobody_so_nobody_is_mailed(store: Store) -> None:
    ledger = planned(store, customers=400)
    fill_disk(store)
    with pytest.raises(StoreError, match="full"):
        ledger.mark([f"c-{number}" for number in range(400)])
    assert ledger.states()["pending"] == 400


def test_a_disk_that_fills_before_the_results_are_written_leaves_them_in_doubt(store: Store) -> None:
    ledger = planned(store, customers=40)
    keys = [f"c-{number}" for number in range(40)]
    ledger.mark(keys)
    fill_disk(store)
    with pytest.raises(StoreError, match="full"):
        ledger.settle([Result(key, State.SENT, data=b"x" * 40_000) for key in keys])
    assert ledger.states()["sending"] == 40
    assert a_ledger(store, owner="two").settle_doubt(resend=False) == 40
