from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest

from livemerge.clock import FakeClock
from livemerge.demo.crm import DECK, Crm, Fault, crm_rows
from livemerge.demo.people import people

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERYBODY = people(1_000, seed=7)
KNOWN = [person.key for person in EVERYBODY if person.is_in_crm]
STRANGER = next(person.key for person in EVERYBODY if not person.is_in_crm)


@asynccontextmanager
async def running_crm(*, token="right", has_moods=False):
    """A CRM and a client; the CRM's waits pass at once."""
    crm = Crm(crm_rows(EVERYBODY, seed=7, now=NOW), token="right", seed=7, clock=FakeClock(NOW))
    crm.faults.has_moods = has_moods
    await crm.start()
    try:
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(crm.url, headers=headers, timeout=aiohttp.ClientTimeout(10)) as client:
            yield crm, client
    finally:
        await crm.stop()


async def test_one_customer_is_answered_with_their_row():
    async with running_crm() as (_, client), client.get(f"/customers/{KNOWN[0]}") as answer:
        row = await answer.json()
    assert row["id"] == KNOWN[0]
    assert set(row) == {"id", "name", "tier", "points", "city", "updated_at"}
    assert datetime.fromisoformat(row["updated_at"]) <= NOW


async def test_a_customer_it_does_not_know_is_404_alone_and_left_out_among_others():
    async with running_crm() as (_, client):
        async with client.get(f"/customers/{STRANGER}") as answer:
            assert answer.status == 404
        async with client.post("/customers/read", json={"ids": [KNOWN[0], STRANGER, KNOWN[1]]}) as answer:
            assert {row["id"] for row in await answer.json()} == {KNOWN[0], KNOWN[1]}


async def test_a_batch_comes_back_in_another_order():
    asked = KNOWN[:50]
    async with running_crm() as (_, client), client.post("/customers/read", json={"ids": asked}) as answer:
        given = [row["id"] for row in await answer.json()]
    assert given != asked
    assert sorted(given) == sorted(asked)


@pytest.mark.parametrize("token", ["", "wrong", "rightt", "rïght"])
async def test_without_the_token_nothing_is_told(token):
    async with running_crm(token=token) as (crm, client), client.get(f"/customers/{KNOWN[0]}") as answer:
        assert answer.status == 401
        assert KNOWN[0] not in await answer.text()
        assert crm.stats.unauthorised == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"ids": "c-1001"}', b'{"ids": [1]}', b'{"ids": [' + b'"a",' * 100 + b'"a"]}']
)
async def test_a_body_it_cannot_use_is_400_with_a_reason(body):
    headers = {"Content-Type": "application/json"}
    async with running_crm() as (_, client), client.post("/customers/read", data=body, headers=headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]


async def test_two_hundred_calls_meet_each_fault_as_often_as_it_says():
    async with running_crm(has_moods=True) as (crm, client):
        seen = Counter()
        for key in KNOWN[: len(DECK)]:
            async with client.get(f"/customers/{key}") as answer:
                seen[answer.status] += 1
                if answer.status == 429:
                    assert answer.headers["Retry-After"].isdecimal()
    assert seen == {200: 195, 429: 4, 500: 1}
    assert (crm.stats.calls, crm.stats.errors, crm.stats.busy, crm.stats.slow) == (200, 1, 4, 2)


async def test_a_failed_call_fails_once_more_and_then_recovers():
    async with running_crm() as (crm, client):
        crm.faults.error_share = 1.0
        statuses = []
        for _ in range(3):
            async with client.get(f"/customers/{KNOWN[0]}") as answer:
                statuses.append(answer.status)
            crm.faults.error_share = 0.0
    assert statuses == [500, 500, 200]


async def test_switched_off_it_drops_the_connection_and_switched_on_it_answers_again():
    async with running_crm() as (crm, client):
        crm.faults.is_down = True
        with pytest.raises(aiohttp.ClientError):
            await client.get(f"/customers/{KNOWN[0]}")
        crm.faults.is_down = False
        async with client.get(f"/customers/{KNOWN[0]}") as answer:
            assert answer.status == 200
    assert crm.stats.dropped >= 1


async def test_answers_take_20_to_80_ms_slow_ones_2_s_and_the_extra_delay_comes_on_top():
    async with running_crm() as (crm, client):
        clock = crm._clock
        crm.faults.extra_delay_s = 3.0
        before_s = clock.monotonic_s()
        async with client.get(f"/customers/{KNOWN[0]}"):
            pass
        assert 3.020 <= clock.monotonic_s() - before_s <= 3.080
        crm.faults.extra_delay_s = 0.0
        assert crm._latency_s(Fault.SLOW) == 2.0
