"""A campaign with its ledger in a real PostgreSQL: one sender, everybody once, and on after the database was gone."""

from __future__ import annotations

import asyncio
import csv
import signal
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path
from typing import Any

import psycopg
import pytest

from livemerge import Livemerge
from livemerge.campaign.lock import only_sender
from livemerge.errors import CampaignError, StoreError

pytestmark = pytest.mark.server

PROJECT = """
[store]
url = "env:TEST_STORE_URL"

[source.people]
kind = "table"
path = "people.csv"
key = "id"

[field.first_name]
source = "people"
type = "text"
max_age = "1h"
fallback = "there"

[transport.box]
kind = "maildir"
path = "outbox"
"""
CAMPAIGN = """
name = "welcome"
template = "welcome.liquid.html"
audience = { csv = "people.csv", key = "id", address = "mail" }
from = "Shop <news@shop.example>"
transport = "box"
"""
TEMPLATE = '+++\nsubject = "Hello {{ first_name }}"\n+++\n<p>Hello {{ first_name }}</p>'
PEOPLE = 1_200


@pytest.fixture
def folder(tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEST_STORE_URL", postgresql_url)
    for name in ("templates", "campaigns"):
        (tmp_path / name).mkdir()
    (tmp_path / "livemerge.toml").write_text(PROJECT)
    (tmp_path / "templates" / "welcome.liquid.html").write_text(TEMPLATE)
    (tmp_path / "campaigns" / "welcome.toml").write_text(CAMPAIGN)
    with (tmp_path / "people.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "mail", "first_name"])
        rows.writerows([f"c{n}", f"c{n}@example.com", f"Name{n}"] for n in range(PEOPLE))
    return tmp_path


def mailed(folder: Path) -> Counter[str]:
    found = (message_from_bytes(path.read_bytes())["To"] for path in (folder / "outbox" / "new").glob("*"))
    return Counter(str(address).strip("<>") for address in found)


def wait_for(url: str) -> None:
    """Until the server has recovered and takes connections."""
    until_s = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)


async def test_everybody_is_mailed_once_and_the_run_can_be_explained(folder: Path) -> None:
    async with Livemerge.open(folder) as project:
        project.suppressions.add("c7", reason="manual")
        summary = await project.send("campaigns/welcome.toml")
        assert {state: count for state, count in summary.states.items() if count} == {"sent": PEOPLE - 1, "skipped": 1}
    async with Livemerge.open(folder) as again:
        await again.send("campaigns/welcome.toml")
        assert again.explain("welcome", "c8").traces["html"].text.startswith("<p>Hello Name8</p>")
    assert set(mailed(folder).values()) == {1}
    assert len(mailed(folder)) == PEOPLE - 1


async def test_a_second_sender_is_refused_wherever_it_runs(folder: Path) -> None:
    async with Livemerge.open(folder) as here, Livemerge.open(folder) as there:
        with only_sender(here.store, "welcome", "once"), pytest.raises(CampaignError, match="another process"):
            await there.send("campaigns/welcome.toml")
    assert not mailed(folder)


async def test_a_database_that_goes_in_the_middle_stops_the_run_and_nobody_is_mailed_twice(
    folder: Path, postgresql_server: Any
) -> None:
    def go(progress: Any) -> None:
        if progress.sent >= 500 and postgresql_server.process is not None:
            postgresql_server.send_signal(signal.SIGQUIT)
            postgresql_server.process.wait()
            postgresql_server.process = None

    async with Livemerge.open(folder) as project:
        with pytest.raises(StoreError):
            await project.send("campaigns/welcome.toml", on_progress=go)
    postgresql_server.start()
    await asyncio.to_thread(wait_for, postgresql_server.url)
    async with Livemerge.open(folder) as project:
        summary = await project.send("campaigns/welcome.toml")
        assert summary.states["sent"] + summary.states["unknown"] == PEOPLE
    found = mailed(folder)
    assert set(found.values()) == {1}
    assert len(found) >= PEOPLE - summary.states["unknown"]
