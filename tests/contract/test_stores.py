"""Every room that keeps something keeps the same in SQLite and in a real PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from livemerge import config
from livemerge.access import AccessLog, Keys
from livemerge.access.log import AccessRow
from livemerge.campaign import Ledger
from livemerge.campaign.audience import Member, Mistakes
from livemerge.campaign.ledger import Pinned, Result, State, latest_occurrence, list_runs
from livemerge.campaign.lock import only_sender
from livemerge.campaign.suppressions import Suppressions
from livemerge.catalog import Catalog, Feature, load_catalog
from livemerge.clock import FakeClock
from livemerge.errors import AccessError, CampaignError, StoreError
from livemerge.events import Event, EventStore
from livemerge.resolve import Cache, Overrides
from livemerge.resolve.ladder import Known
from livemerge.store import Store, open_store

OpenStore = Callable[[], Store]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "livemerge.db"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
def open_one(place: Path | str) -> Iterator[OpenStore]:
    """Opens the store of this test, each time as another process would."""
    opened: list[Store] = []

    def open_it() -> Store:
        opened.append(open_store(place))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_one: OpenStore) -> Store:
    return open_one()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def people() -> Catalog:
    """A catalog with one source and two fields that are kept for an hour."""
    table = config.TableSource(path="people.csv", key="id")
    field = {name: config.Field(source="people", type="text", max_age="1h") for name in ("name", "city")}
    return load_catalog(config.Settings(root=Path(), source={"people": table}, field=field))


# -- the store itself ------------------------------------------------------------------------------------------


def test_a_second_process_finds_the_schema_and_what_was_kept(open_one: OpenStore) -> None:
    open_one().run("INSERT INTO cached_row (source, key, body, expires_at) VALUES (?, ?, ?, ?)", ("s", "k", b"\0", 1.5))
    row = open_one().row("SELECT * FROM cached_row WHERE key = :key", {"key": "k"})
    assert row is not None
    assert dict(row) == {"source": "s", "key": "k", "body": b"\0", "expires_at": 1.5}
    assert (row[1], list(row)) == ("k", ["s", "k", b"\0", 1.5])


def test_many_that_open_a_new_store_at_once_make_one_schema(place: Path | str) -> None:
    failed: list[BaseException] = []

    def open_it() -> None:
        try:
            store = open_store(place)
            store.row("SELECT count(*) FROM delivery")
            store.close()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def note(store: Store, key: str) -> int:
    return store.run("INSERT INTO cached_row (source, key, body, expires_at) VALUES ('s', ?, ?, 1)", (key, b""))


def keys_of(store: Store) -> list[str]:
    return [row["key"] for row in store.rows("SELECT key FROM cached_row ORDER BY key")]


def test_a_transaction_is_kept_whole_or_not_at_all(open_one: OpenStore) -> None:
    store, other = open_one(), open_one()
    with store.transaction():
        note(store, "a")
        with store.transaction():
            note(store, "b")
        assert keys_of(other) == []
    with pytest.raises(ZeroDivisionError), store.transaction():
        note(store, "c")
        _ = 1 / 0
    assert keys_of(other) == ["a", "b"]


def test_a_failure_inside_a_transaction_is_never_kept_in_part(store: Store) -> None:
    with pytest.raises(StoreError), store.transaction():
        note(store, "a")
        note(store, "a")
    assert keys_of(store) == []
    note(store, "b")
    assert keys_of(store) == ["b"]


def test_many_rows_are_counted(store: Store) -> None:
    sql = "INSERT INTO suppression (customer, reason, suppressed_at) VALUES (?, 'manual', ?) ON CONFLICT DO NOTHING"
    assert store.run_many(sql, [("a", 1.0), ("b", 2.0), ("a", 3.0)]) == 2
    assert store.run_many(sql, []) in (0, -1)


@pytest.mark.parametrize("text", ["100 %", "a:b", "?", "'", "ü", ":name", "%s"])
def test_what_is_bound_is_never_read_as_sql(store: Store, text: str) -> None:
    note(store, text)
    assert keys_of(store) == [text]
    assert store.row("SELECT '%? :x' AS fixed WHERE 'a' LIKE 'a%' AND :b = 'b'", {"b": "b"})["fixed"] == "%? :x"


def test_a_value_that_cannot_be_kept_is_a_store_error_without_the_value(store: Store) -> None:
    with pytest.raises(StoreError) as caught:
        note(store, "secret \ud800")
    assert "secret" not in str(caught.value)


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError):
        store.rows("SELECT 1")


async def test_work_apart_gives_its_result_and_its_error(store: Store) -> None:
    assert await store.apart(lambda: note(store, "a")) == 1
    with pytest.raises(StoreError):
        await store.apart(lambda: note(store, "a"))
    await asyncio.gather(*(store.apart(lambda key=str(number): note(store, key)) for number in range(20)))
    assert len(keys_of(store)) == 21


# -- keys and the access log -----------------------------------------------------------------------------------


def test_a_key_withdrawn_in_one_process_opens_nothing_in_another_within_seconds(open_one: OpenStore) -> None:
    clock = FakeClock()
    here, there = Keys(open_one(), clock), Keys(open_one(), clock)
    made = here.create("braze")
    assert there.check(made.key).prefix == made.prefix
    here.revoke(made.prefix)
    clock.advance(5)
    with pytest.raises(AccessError, match="revoked"):
        there.check(made.key)


def test_a_key_replaced_lives_on_for_the_grace(open_one: OpenStore, clock: FakeClock) -> None:
    keys = Keys(open_one(), clock)
    old = keys.create("braze")
    new = keys.rotate(old.prefix, grace_s=60)
    assert {keys.check(old.key).name, keys.check(new.key).name} == {"braze"}
    clock.advance(61)
    with pytest.raises(AccessError, match="expired"):
        keys.check(old.key)
    assert keys.check(new.key).prefix == new.prefix
    assert {record.prefix for record in keys.ls()} == {old.prefix, new.prefix}


def test_the_access_log_is_read_by_another_process(open_one: OpenStore, clock: FakeClock) -> None:
    log = AccessLog(open_one(), clock)
    for customer in ("a", "b"):
        log.append(AccessRow(clock.now(), "k1", customer, ("first_name",), "ok", "192.0.2.1"))
    log.flush()
    reader = AccessLog(open_one(), clock)
    assert [row.customer for row in reader.ls(customer="a")] == ["a"]
    assert len(reader.ls(most=10)) == 2
    assert reader.forget_before(clock.now() + timedelta(seconds=1)) == 2


async def test_rows_that_wait_while_the_store_is_gone_are_written_once_it_is_back(
    open_one: OpenStore, clock: FakeClock
) -> None:
    store, watcher = open_one(), open_one()
    log = AccessLog(store, clock)
    flushing = asyncio.create_task(log.flush_until_cancelled())
    watcher.run("ALTER TABLE access_log RENAME TO access_log_gone")
    for number in range(700):
        log.append(AccessRow(clock.now(), "k1", f"c{number}", (), "ok", "192.0.2.1"))
    await written(log, lambda: True)
    watcher.run("ALTER TABLE access_log_gone RENAME TO access_log")
    await written(log, lambda: watcher.row("SELECT count(*) AS rows FROM access_log")["rows"] == 700)
    flushing.cancel()
    await asyncio.gather(flushing, return_exceptions=True)
    log.flush()
    found = watcher.row("SELECT count(*) AS rows, count(DISTINCT customer) AS customers FROM access_log")
    assert (found["rows"], found["customers"], log.lost) == (700, 700, 0)


async def written(log: AccessLog, is_so: Callable[[], bool]) -> None:
    """Lets the log go on, for some rounds at least and until this is so."""
    for turn in range(20_000):
        await asyncio.sleep(0.001)
        if turn > 20 and turn % 50 == 0 and is_so():
            return
    pytest.fail("the rows were not written")


# -- overrides, suppressions, cache ----------------------------------------------------------------------------


def test_a_pin_is_seen_by_another_process_and_can_be_replaced(open_one: OpenStore, clock: FakeClock) -> None:
    here, there = (Overrides(people(), clock, open_one()) for _ in range(2))
    for text in ("Anna", "Ännchen"):
        here.set("c1", "name", text, author="me", reason="test", ends_at=None)
    here.set("", "city", "Bonn", author="me", reason="test", ends_at=clock.now() + timedelta(hours=1))
    found = there.of(["c1", "c2"])
    assert {name: pin.value for name, pin in found["c1"].items()} == {"name": "Ännchen", "city": "Bonn"}
    assert here.clear("c1", "name")
    clock.advance(7200)
    assert not there.of(["c1"]).get("c1")


def test_who_is_suppressed_stays_so(open_one: OpenStore, clock: FakeClock) -> None:
    here = Suppressions(open_one(), clock)
    for _ in range(2):
        here.add("c1", address="A@Example.com", reason="unsubscribed")
    assert Suppressions(open_one(), clock).is_suppressed("c1")
    assert not here.is_suppressed("c2")


async def test_the_cache_outlives_the_process_and_is_swept(open_one: OpenStore, clock: FakeClock) -> None:
    def learned(value: str) -> tuple[dict[str, Known], bool]:
        return {"name": Known(value, clock.now(), clock.now())}, True

    here = Cache(people(), clock, open_one(), max_stored_rows=3)
    here.put_many("people", {str(number): learned(f"n{number}") for number in range(5)} | {"\0": learned("x")})
    await here.close()
    there = Cache(people(), clock, open_one(), max_stored_rows=3)
    found = await there.find_many("people", ["1", "2", "9", "\0"])
    assert {key: row.fields["name"].value for key, row in found.items() if key != "\0"} == {"1": "n1", "2": "n2"}
    clock.advance(10)
    there.put_many("people", {"2": learned("later")})
    await there.close()
    assert there.sweep() >= 2
    clock.advance(7200)
    assert there.sweep() >= 1
    assert there.sweep() == 0


# -- events ----------------------------------------------------------------------------------------------------

FEATURES = [
    Feature("latest", "seen", "p", {}, None, 10),
    Feature("first", "seen", "p", {}, None, 10),
    Feature("count", "seen", "", {}, None, 10),
    Feature("count", "seen", "", {"kind": "shoe", "is_new": True}, None, 10),
    Feature("count", "seen", "", {"kind": None}, 3600.0, 10),
    Feature("sum", "seen", "price", {}, None, 10),
    Feature("average", "seen", "price", {}, None, 10),
    Feature("distinct", "seen", "p", {}, None, 2),
    Feature("top", "seen", "p", {}, None, 3),
    Feature("top", "seen", "odd name.x", {}, None, 3),
]
PROPERTIES = [
    {"p": "a", "price": 0.1, "kind": "shoe", "is_new": True},
    {"p": 1, "price": 0.2, "kind": "shoe", "is_new": 1},
    {"p": "1", "price": "9", "kind": None},
    {"p": True, "price": 3, "odd name.x": "ü"},
    {"p": "a", "price": None},
    {"p": None, "price": 10**6},
    {"p": {"deep": [1]}, "q": "a \\u0000 b"},
    {"p": "zero \0 byte", "odd name.x": 2.5},
]


def test_features_are_the_same_in_both(postgresql_url: str) -> None:
    clock = FakeClock()
    found = []
    for store in (open_store(None), open_store(postgresql_url)):
        events = EventStore(store, clock)
        made = [
            Event(customer, "seen", clock.now() - timedelta(minutes=20 * number), properties, f"{customer}{number}")
            for customer in ("ann", "bo")
            for number, properties in enumerate(PROPERTIES if customer == "ann" else PROPERTIES[:3])
        ]
        assert events.add(made) == len(made)
        assert events.add(made[:2]) == 0
        wanted = {str(number): feature for number, feature in enumerate(FEATURES)}
        found.append(events.features(["ann", "bo", "nobody"], wanted))
        assert events.erase("bo") == 3
        store.close()
    for number, feature in enumerate(FEATURES):
        said = [{who: values.get(str(number)) for who, values in one.items()} for one in found]
        assert said[1] == said[0], feature
    assert found[0]["ann"]["3"] == 1


# -- the ledger ------------------------------------------------------------------------------------------------


def planned(store: Store, clock: FakeClock, owner: str = "me", customers: int = 3) -> Ledger:
    ledger = Ledger(store, clock, "welcome", "once", owner)
    members = [Member(f"c{number}", f"C{number}@Example.com", f"line {number}") for number in range(customers)]
    assert ledger.plan(Pinned("t", "text", "liquid", "{}"), members, Mistakes(), "people.csv") == customers
    return ledger


def test_a_run_goes_from_plan_to_sent_and_leaves_its_data(open_one: OpenStore, clock: FakeClock) -> None:
    store = open_one()
    ledger = planned(store, clock)
    Suppressions(open_one(), clock).add("nobody", address="c1@example.com", reason="manual")
    assert ledger.mark(["c0", "c1", "c2"]) == ({"c0", "c2"}, {"c1"})
    results = [Result("c0", State.SENT, data=b"\0data"), Result("c2", State.RETRY, due_at=float("inf"))]
    assert ledger.settle(results) == 2
    assert ledger.settle(results) == 0
    assert {state: count for state, count in ledger.states().items() if count} == {"sent": 1, "retry": 1, "skipped": 1}
    assert ledger.data("c0") == b"\0data"
    assert ledger.next_retry_in_s() == float("inf")
    assert ledger.release_retries() == 1
    assert [[due.key for due in chunk] for chunk in ledger.due([State.PENDING, State.RETRY])] == [["c2"]]
    ledger.set_state("done")
    assert latest_occurrence(store, "welcome") == "once"
    assert [run["state"] for run in list_runs(store)] == ["done"]
    assert {(reason.state, reason.count) for reason in ledger.reasons()} == {("retry", 1), ("skipped", 1)}


def test_results_of_a_process_that_lost_its_fence_are_not_written(open_one: OpenStore, clock: FakeClock) -> None:
    dead = planned(open_one(), clock, "dead")
    dead.mark(["c0"])
    alive = Ledger(open_one(), clock, "welcome", "once", "alive")
    assert alive.settle_doubt(resend=True) == 1
    assert alive.mark(["c0"]) == ({"c0"}, set())
    assert dead.settle([Result("c0", State.FAILED)]) == 0
    assert alive.settle([Result("c0", State.SENT)]) == 1


def test_one_process_at_a_time_sends_a_run(open_one: OpenStore) -> None:
    here, there = open_one(), open_one()
    with only_sender(here, "welcome", "once"):
        with pytest.raises(CampaignError, match="another process"), only_sender(there, "welcome", "once"):
            pytest.fail("two senders")
        with only_sender(there, "welcome", "twice"):
            pass
    with only_sender(there, "welcome", "once"):
        pass
