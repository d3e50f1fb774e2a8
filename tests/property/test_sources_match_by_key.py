"""Whatever a batch answer looks like, nobody gets a value that is not their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livemerge import config
from livemerge.clock import FakeClock
from livemerge.sources.http import HttpSource, make_http
from livemerge.sources.rows import key_text, match_rows
from livemerge.values import Answer

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)


@dataclass
class Batch:
    """What is asked, and a hostile answer to it. Each value is its owner's key, so a wrong hand is seen."""

    asked: list[str]
    rows: list[dict[str, object]] = field(default_factory=list)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    asked = draw(st.lists(KEYS, min_size=1, max_size=8, unique=True))
    numbers = draw(st.lists(st.integers(0, 10**20), max_size=3))
    asked += [text for number in numbers if (text := str(number)) not in asked]
    strangers = draw(st.lists(KEYS, max_size=4))
    owners = draw(st.lists(st.sampled_from(asked + strangers), max_size=20))
    rows: list[dict[str, object]] = [{"id": owner, "owner": owner, "age": draw(st.integers(0, 1))} for owner in owners]
    rows += [{"id": number, "owner": str(number), "age": 0} for number in numbers if number < 2**63]
    rows += draw(st.lists(st.just({"owner": "nobody"}), max_size=2))
    rows += draw(
        st.lists(
            st.fixed_dictionaries({"id": st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)}),
            max_size=2,
        )
    )
    return Batch(asked, draw(st.permutations(rows)))


def check(batch: Batch, answer: Answer) -> None:
    """Every value with its owner; nobody lost without a reason; every refused row counted."""
    asked = set(batch.asked)
    own: dict[str, list[dict[str, object]]] = {key: [] for key in asked}
    for row in batch.rows:
        if (key := key_text(row.get("id"))) in asked:
            own[key].append(row)
    for key, row in answer.rows.items():
        assert row["owner"] == key
        assert all(other == row for other in own[key])
    for key, rows in own.items():
        contradicts = any(row != rows[0] for row in rows)
        assert (key in answer.row_errors) == contradicts
        assert (key in answer.rows) == (bool(rows) and not contradicts)
    assert answer.foreign_rows == len(batch.rows) - sum(len(rows) for rows in own.values())


@given(batches())
def test_matched_rows_belong_to_their_keys(batch: Batch) -> None:
    matched = match_rows(batch.asked, [(key_text(row.get("id")), row) for row in batch.rows])
    check(batch, Answer(matched.rows, None, matched.foreign_rows, matched.row_errors))


@dataclass
class Wire:
    """An HTTP source and the server behind it, on one loop for all examples."""

    runner: asyncio.Runner
    source: HttpSource
    rows: list[dict[str, object]]


@pytest.fixture
def wire() -> Iterator[Wire]:
    rows: list[dict[str, object]] = []

    async def answer(request: web.Request) -> web.Response:
        await request.json()
        return web.json_response({"results": rows})

    async def start() -> tuple[web.AppRunner, HttpSource]:
        app = web.Application()
        app.router.add_post("/read", answer)
        server = web.AppRunner(app, access_log=None)
        await server.setup()
        await web.TCPSite(server, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{server.addresses[0][1]}/read"
        section = config.HttpSource(batch=config.HttpBatch(url=url, body='{"ids": {keys}}', records="results"))
        return server, make_http("crm", section, read_secret=lambda reference, where: "", clock=FakeClock())

    with asyncio.Runner() as runner:
        server, source = runner.run(start())
        yield Wire(runner, source, rows)
        runner.run(source.close())
        runner.run(server.cleanup())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=batches())
def test_rows_over_the_wire_belong_to_their_keys(wire: Wire, batch: Batch) -> None:
    wire.rows[:] = batch.rows
    check(batch, wire.runner.run(wire.source.fetch(batch.asked, [])))
