"""What scopes open, and what is none."""

from __future__ import annotations

import ipaddress

import pytest

from livemerge.access import AccessGrant, Conditions, Keys
from livemerge.access.scopes import check_scopes, covers, effective
from livemerge.clock import FakeClock
from livemerge.errors import AccessError, ForbiddenError
from livemerge.store import open_store


def granted(*scopes: str) -> AccessGrant:
    keys = Keys(open_store(None), FakeClock())
    return keys.check(keys.create("test", scopes=scopes).key)


@pytest.mark.parametrize("scopes", [(), ("private:iban",)])
def test_a_key_without_scopes_reads_all_that_is_not_private(scopes: tuple[str, ...]) -> None:
    grant = granted(*scopes)
    assert grant.reads_profile
    assert grant.may_read("welcome")
    assert grant.may_read_feed("offers")
    assert grant.may_render("mail/welcome.liquid.html")
    assert not grant.may("prefetch")
    assert not grant.may("track")
    assert grant.private_fields == {scope.removeprefix("private:") for scope in scopes}


def test_a_scope_opens_what_it_names_and_nothing_else() -> None:
    grant = granted("view:welcome", "private:iban")
    assert grant.may_read("welcome")
    assert not grant.may_read("other")
    assert not grant.reads_profile
    assert not grant.may_read_feed("welcome")
    assert not grant.may_render("welcome")
    with pytest.raises(ForbiddenError, match="view:other"):
        grant.require("view:other")


def test_a_star_is_every_name_but_of_private_fields() -> None:
    assert covers(frozenset({"view:*"}), "view:welcome")
    assert not covers(frozenset({"view:*"}), "feed:offers")
    assert not covers(frozenset({"private:*"}), "private:iban")
    with pytest.raises(AccessError):
        check_scopes(["private:*"])


@pytest.mark.parametrize(
    "scope", ["view:", "view:A", "view:a b", "admin", "content:", "profile:x", "feed:../x", "", "*"]
)
def test_what_is_no_scope_is_refused_with_those_there_are(scope: str) -> None:
    with pytest.raises(AccessError) as refused:
        check_scopes([scope])
    assert "view:NAME" in refused.value.advice


def test_a_narrowed_grant_keeps_its_conditions_and_loses_private_fields() -> None:
    grant = granted("profile", "private:iban").narrowed({"profile"}, "c-1")
    assert (grant.private_fields, grant.subject) == (frozenset(), "c-1")
    grant.require_customers(["c-1"])
    with pytest.raises(ForbiddenError):
        grant.require_customers(["c-1", "c-2"])
    assert effective(["profile"]) == {"profile"}


def test_conditions_come_back_as_they_were_and_go_on_to_the_successor() -> None:
    keys = Keys(open_store(None), FakeClock())
    told = Conditions(("192.0.2.0/24", "2001:db8::/32"), True, "braze", True, 2.5, 1000)
    made = keys.create("braze", conditions=told)
    grant = keys.check(keys.rotate(made.prefix).key)
    assert grant.networks == (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32"))
    assert (grant.allow_query, grant.profile, grant.is_test) == (True, "braze", True)
    assert (grant.rate_per_s, grant.ids_per_hour) == (2.5, 1000)
    assert [record.conditions for record in keys.ls()] == [told, told]


def test_no_more_than_two_keys_of_a_rotation_live_at_a_time() -> None:
    clock = FakeClock()
    keys = Keys(open_store(None), clock)
    first = keys.create("braze")
    second = keys.rotate(first.prefix, grace_s=60)
    for prefix in (first.prefix, second.prefix):
        with pytest.raises(AccessError, match="replaced"):
            keys.rotate(prefix)
    clock.advance(60)
    third = keys.rotate(second.prefix)
    assert {key.prefix: key.replaces for key in keys.ls()}[third.prefix] == second.prefix


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(networks=("nonsense",)),
        Conditions(networks=("192.0.2.7/24",)),
        Conditions(networks=tuple(f"10.0.{number}.0/24" for number in range(101))),
        Conditions(esp="No Such"),
        Conditions(rate_per_s=0),
        Conditions(rate_per_s=float("nan")),
        Conditions(ids_per_hour=-1),
    ],
)
def test_conditions_that_make_no_sense_are_refused(conditions: Conditions) -> None:
    keys = Keys(open_store(None), FakeClock())
    with pytest.raises(AccessError):
        keys.create("test", conditions=conditions)
    assert keys.ls() == []
