from __future__ import annotations

from datetime import timedelta

import pytest

from livemerge.access import Keys
from livemerge.access.keys import DAY_S, GRACE_S, LIFE_S, MAX_REMEMBERED, OUTAGE_S, REMEMBERED_S
from livemerge.clock import FakeClock
from livemerge.errors import AccessError, StoreError
from livemerge.store import Store, open_store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> Store:
    return open_store(None)


@pytest.fixture
def keys(store: Store, clock: FakeClock) -> Keys:
    return Keys(store, clock)


def refusal(keys: Keys, presented: str) -> str:
    with pytest.raises(AccessError) as caught:
        keys.check(presented)
    assert presented not in str(caught.value) or len(presented) < 10
    return caught.value.what


def test_a_new_key_opens_the_fields_that_are_not_private(keys: Keys) -> None:
    grant = keys.check(keys.create("braze").key)
    assert grant.name == "braze"
    assert grant.private_fields == frozenset()


def test_a_scope_opens_one_private_field(keys: Keys) -> None:
    grant = keys.check(keys.create("braze", scopes=["private:birthday"]).key)
    assert grant.private_fields == {"birthday"}


def test_a_key_has_the_form_that_scanners_look_for(keys: Keys) -> None:
    made = keys.create("braze")
    start, prefix, secret = made.key.split("_", 2)
    assert (start, prefix, len(prefix), len(secret)) == ("lm", made.prefix, 8, 43)


def test_keys_are_never_the_same(keys: Keys) -> None:
    made = [keys.create("braze") for _ in range(50)]
    assert len({one.key for one in made}) == len({one.prefix for one in made}) == 50


def test_the_store_holds_no_key(keys: Keys, store: Store) -> None:
    made = keys.create("braze")
    kept = str([tuple(row) for row in store.rows("SELECT * FROM api_key")])
    assert made.key.split("_", 2)[2] not in kept
    assert made.prefix in kept


def test_a_key_is_not_printed_by_accident(keys: Keys) -> None:
    made = keys.create("braze")
    assert made.key not in repr(made)
    assert made.key not in repr(keys.ls())


@pytest.mark.parametrize(
    "presented",
    [
        "",
        "x",
        "lm_",
        "lm_abcdefgh_",
        "lm_ABCDEFGH_" + "a" * 43,
        "lm_abcdefgh_" + "a" * 44,
        "lm_abcdefgh_" + "ü" * 43,
        "\ud800",
        "a" * 10_000_000,
    ],
)
def test_what_is_no_key_is_refused_without_a_look_up(keys: Keys, store: Store, presented: str) -> None:
    store.close()
    assert "no API key" in refusal(keys, presented)


def test_a_key_with_a_line_end_behind_it_is_no_key(keys: Keys) -> None:
    assert "no API key" in refusal(keys, keys.create("braze").key + "\n")


def test_a_wrong_secret_and_an_unknown_key_sound_the_same(keys: Keys) -> None:
    made = keys.create("braze")
    wrong = made.key[:-1] + ("a" if made.key[-1] != "a" else "b")
    assert refusal(keys, wrong) == refusal(keys, "lm_abcdefgh_" + "a" * 43)


def test_the_prefix_of_one_key_does_not_go_with_the_secret_of_another(keys: Keys) -> None:
    one, two = keys.create("one"), keys.create("two")
    assert "not known" in refusal(keys, f"lm_{one.prefix}_{two.key.split('_', 2)[2]}")


def test_a_key_ends_when_it_says_also_while_it_is_remembered(keys: Keys, clock: FakeClock) -> None:
    made = keys.create("braze", expires_in_s=1)
    assert made.expires_at == clock.now() + timedelta(seconds=1)
    keys.check(made.key)
    clock.advance(1)
    assert "expired" in refusal(keys, made.key)


def test_a_key_lives_ninety_days_unless_told_otherwise(keys: Keys, clock: FakeClock) -> None:
    usual, endless = keys.create("usual"), keys.create("endless", expires_in_s=None)
    assert LIFE_S == 90 * DAY_S
    clock.advance(LIFE_S - 1)
    keys.check(usual.key)
    clock.advance(1)
    assert "expired" in refusal(keys, usual.key)
    assert endless.expires_at is None
    keys.check(endless.key)


def test_a_revoked_key_opens_nothing_at_once(keys: Keys) -> None:
    made = keys.create("braze")
    keys.check(made.key)
    keys.revoke(made.prefix)
    assert "revoked" in refusal(keys, made.key)
    keys.revoke(made.prefix)


def test_a_key_revoked_by_another_process_dies_within_seconds(keys: Keys, store: Store, clock: FakeClock) -> None:
    made = keys.create("braze")
    keys.check(made.key)
    Keys(store, clock).revoke(made.prefix)
    clock.advance(REMEMBERED_S + 0.001)
    assert "revoked" in refusal(keys, made.key)
    assert REMEMBERED_S <= 5


def test_a_known_key_is_checked_without_a_look_up(keys: Keys, store: Store) -> None:
    made = keys.create("braze")
    keys.check(made.key)
    store.close()
    assert keys.check(made.key).name == "braze"


def test_remembered_keys_are_bounded(keys: Keys) -> None:
    made = [keys.create("many") for _ in range(3)]
    for one in made:
        keys.check(one.key)
    grant, ends_s = next(iter(keys._remembered.values()))
    keys._remembered |= {number.to_bytes(32): (grant, ends_s) for number in range(MAX_REMEMBERED)}
    keys.check(keys.create("one more").key)
    assert len(keys._remembered) <= MAX_REMEMBERED


def test_after_rotation_both_keys_live_until_the_grace_is_over(keys: Keys, clock: FakeClock) -> None:
    old = keys.create("braze", scopes=["private:birthday"])
    new = keys.rotate(old.prefix)
    assert keys.check(new.key).private_fields == {"birthday"}
    assert keys.check(new.key).name == "braze"
    clock.advance(GRACE_S - 1)
    keys.check(old.key)
    clock.advance(1)
    assert "expired" in refusal(keys, old.key)
    keys.check(new.key)


def test_rotation_never_lengthens_the_old_key(keys: Keys, clock: FakeClock) -> None:
    old = keys.create("braze", expires_in_s=60)
    new = keys.rotate(old.prefix)
    assert new.expires_at == clock.now() + timedelta(seconds=60)
    clock.advance(60)
    assert "expired" in refusal(keys, old.key)


def test_an_endless_key_gets_an_endless_successor(keys: Keys, clock: FakeClock) -> None:
    old = keys.create("braze", expires_in_s=None)
    assert keys.rotate(old.prefix, grace_s=5).expires_at is None
    clock.advance(5)
    assert "expired" in refusal(keys, old.key)


def test_a_revoked_or_unknown_key_cannot_be_rotated(keys: Keys) -> None:
    made = keys.create("braze")
    keys.revoke(made.prefix)
    for prefix in (made.prefix, "unknown1"):
        with pytest.raises(AccessError):
            keys.rotate(prefix)
    assert len(keys.ls()) == 1


def test_revoking_what_is_not_there_says_so(keys: Keys) -> None:
    with pytest.raises(AccessError) as caught:
        keys.revoke("unknown1")
    assert caught.value.where == "unknown1"


def test_the_list_shows_what_is_known_of_each_key(keys: Keys, clock: FakeClock) -> None:
    one = keys.create("one", scopes=["private:b", "private:a", "private:a"])
    clock.advance(10)
    two = keys.create("two", expires_in_s=None)
    keys.revoke(two.prefix)
    first, second = keys.ls()
    assert (first.prefix, first.name, first.scopes, first.revoked_at) == (
        one.prefix,
        "one",
        ("private:a", "private:b"),
        None,
    )
    assert (second.prefix, second.expires_at, second.revoked_at) == (two.prefix, None, clock.now())


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("", {}),
        (" ", {}),
        ("two\nlines", {}),
        ("n" * 201, {}),
        ("x", {"scopes": ["admin"]}),
        ("x", {"scopes": ["private:"]}),
        ("x", {"scopes": ["private:a\n"]}),
        ("x", {"expires_in_s": 0}),
        ("x", {"expires_in_s": float("inf")}),
        ("x", {"expires_in_s": float("nan")}),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(keys: Keys, name: str, more: dict) -> None:
    with pytest.raises(AccessError):
        keys.create(name, **more)
    assert keys.ls() == []


# -- while the store cannot be asked ---------------------------------------------------------------------------


def test_a_key_that_was_good_opens_on_while_the_store_cannot_be_asked(tmp_path):
    clock = FakeClock()
    store = open_store(tmp_path / "livemerge.db")
    keys = Keys(store, clock)
    good, unseen = keys.create("braze"), keys.create("other")
    keys.check(good.key)
    store.close()
    clock.advance(REMEMBERED_S + OUTAGE_S)
    assert keys.check(good.key).prefix == good.prefix
    for key in (unseen.key, unseen.key[:-1] + "x"):
        with pytest.raises(StoreError):
            keys.check(key)
    clock.advance(1)
    with pytest.raises(StoreError):
        keys.check(good.key)
