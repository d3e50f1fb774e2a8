"""Who may ask, over SQLite and a real PostgreSQL: two processes agree on tokens, signatures and alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from livemerge.access import AccessLog, AccessRow, AccessTokens, Conditions, Keys, Signatures, Unusual
from livemerge.clock import FakeClock
from livemerge.errors import AccessError
from livemerge.store import Store, open_store

SECRET = b"the project's"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def open_one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same store once more, as another process does."""
    place = tmp_path / "livemerge.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    opened: list[Store] = []

    def one() -> Store:
        opened.append(open_store(place))
        return opened[-1]

    yield one
    for store in opened:
        store.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def tokens_of(store: Store, clock: FakeClock, secret: bytes = SECRET) -> AccessTokens:
    return AccessTokens(store, Keys(store, clock), clock, lambda: secret)


def test_the_token_of_one_process_opens_in_another(open_one: Callable[[], Store], clock: FakeClock) -> None:
    here, there = open_one(), open_one()
    made = Keys(here, clock).create("ajo", scopes=["view:welcome"])
    other = tokens_of(there, clock)
    other.jwks()
    issued = tokens_of(here, clock).issue(made.prefix, made.key, issuer="https://api.example")
    assert other.check(issued.token).scopes == {"view:welcome"}
    tokens_of(here, clock).rotate()
    later = tokens_of(here, clock).issue(made.prefix, made.key, issuer="https://api.example")
    clock.advance(2)
    assert other.check(later.token).prefix == made.prefix
    assert len(other.jwks()) == 2


def test_another_project_secret_makes_another_key_and_leaves_tokens_good(
    open_one: Callable[[], Store], clock: FakeClock
) -> None:
    store = open_one()
    made = Keys(store, clock).create("ajo")
    before = tokens_of(store, clock).issue(made.prefix, made.key, issuer="x").token
    changed = tokens_of(store, clock, b"another")
    after = changed.issue(made.prefix, made.key, issuer="x").token
    assert changed.check(before).prefix == changed.check(after).prefix == made.prefix
    assert len(changed.jwks()) == 2


def test_a_signing_key_is_replaced_after_a_month_and_forgotten_when_its_tokens_ended(
    open_one: Callable[[], Store], clock: FakeClock
) -> None:
    tokens = tokens_of(open_one(), clock)
    (first,) = tokens.jwks()
    clock.advance(30 * 86_400)
    assert [key["kid"] for key in tokens.jwks()][1:] == [first["kid"]]
    clock.advance(2 * 3_600)
    assert first["kid"] not in [key["kid"] for key in tokens.jwks()]


def test_what_is_signed_here_is_proved_there(open_one: Callable[[], Store], clock: FakeClock) -> None:
    here, there = Keys(open_one(), clock), Keys(open_one(), clock)
    made = here.create("sfmc", conditions=Conditions(networks=("192.0.2.0/24",), allow_query=True, rate_per_s=0.5))
    nested, _ = Signatures(here, clock, lambda: SECRET).secrets_of(made.prefix).hashes("c-1")
    checking = Signatures(there, clock, lambda: SECRET)
    assert checking.proves(made.prefix, "c-1", nested)
    assert not checking.proves(made.prefix, "c-2", nested)
    assert there.check(made.key).rate_per_s == 0.5
    here.revoke(made.prefix)
    clock.advance(4)
    with pytest.raises(AccessError):
        checking.proves(made.prefix, "c-1", nested)


def test_alarms_and_rows_are_found_by_all_and_rotated(open_one: Callable[[], Store], clock: FakeClock) -> None:
    store, other = open_one(), open_one()
    log = AccessLog(store, clock, Unusual(store, clock, ids_per_hour=1, misses=0), keep_s=60)
    for number in range(3):
        log.append(AccessRow(clock.now(), "abcdefgh", f"c-{number}", ("city",), "ok", f"192.0.{number}.1"))
    log.flush()
    seen = Unusual(other, clock, ids_per_hour=0, misses=0)
    assert {alarm.kind for alarm in seen.ls()} == {"many_customers", "new_network"}
    assert len(AccessLog(other, clock).ls(prefix="abcdefgh", since=clock.now() - timedelta(seconds=1))) == 3
    clock.advance(61)
    assert log.rotate()
    assert (seen.ls(), AccessLog(other, clock).ls()) == ([], [])
