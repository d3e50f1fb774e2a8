"""A campaign into a real inbox: everybody once, whatever is killed, stopped or gone in the middle."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from livemerge.app import Livemerge
from livemerge.campaign.ledger import Reason
from livemerge.clock import SystemClock
from livemerge.demo.inbox import Inbox
from livemerge.demo.mailbox import Mailbox
from livemerge.errors import AudienceError, CampaignError, ConfigError, DeliveryError

TEMPLATE = """+++
subject = "Hello {{ first_name }}"
+++
<html><body><p>Hi {{ first_name }}</p>{% if points > 100 %}<p>Gold</p>{% endif %}
<a href="{{ unsubscribe_url }}">Unsubscribe</a></body></html>
"""

SETTINGS = """
[transport.relay]
kind = "smtp"
url = "{relay}"
connections = 2
[source.people]
kind = "table"
path = "people.csv"
key = "id"
[field.first_name]
source = "people"
type = "text"
fallback = "there"
[field.points]
source = "people"
type = "integer"
fallback = 0
"""

CAMPAIGN = """
name = "welcome"
template = "welcome.liquid.html"
audience = { csv = "people.csv", key = "id", address = "mail" }
from = "Shop <news@shop.example>"
transport = "relay"
"""


@pytest.fixture
async def inbox(tmp_path: Path) -> AsyncIterator[Inbox]:
    box = Inbox(Mailbox(tmp_path / "inbox"), SystemClock())
    await box.start()
    yield box
    await box.stop()


def make_project(folder: Path, relay: str, customers: int, *, campaign: str = "", settings: str = "") -> Path:
    project = folder / "project"
    (project / "templates").mkdir(parents=True)
    (project / "campaigns").mkdir()
    (project / "livemerge.toml").write_text(SETTINGS.format(relay=relay) + settings)
    (project / "templates" / "welcome.liquid.html").write_text(TEMPLATE)
    (project / "campaigns" / "welcome.toml").write_text(CAMPAIGN + campaign)
    with (project / "people.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "mail", "first_name", "points"])
        rows.writerows([f"c-{n}", f"c{n}@example.com", "" if n % 7 == 0 else f"Name{n}", n] for n in range(customers))
    return project


def mails_by_recipient(inbox: Inbox) -> Counter[str]:
    return Counter(kept.recipient for kept in inbox.messages)


async def received(inbox: Inbox, enough: int, process: asyncio.subprocess.Process) -> None:
    """Waits until the inbox holds so many mails, or the process that sends them has ended."""
    while len(inbox.messages) < enough and process.returncode is None:
        await asyncio.sleep(0.005)


def command(project: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "livemerge", "--project", str(project), *words]


async def test_everybody_is_mailed_once_and_sending_again_mails_nobody(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 60)
    async with Livemerge.open(project) as shop:
        first = await shop.send("campaigns/welcome.toml")
    async with Livemerge.open(project) as shop:
        second = await shop.send("campaigns/welcome.toml")
    assert first.states["sent"] == 60
    assert second.sent_now == 0
    assert set(mails_by_recipient(inbox).values()) == {1}
    assert len(inbox.messages) == 60


async def test_a_missing_name_goes_out_as_the_fallback_and_is_counted(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 14)
    async with Livemerge.open(project) as shop:
        summary = await shop.send("campaigns/welcome.toml")
        explanation = shop.explain("welcome", "c-7")
    field = summary.figures.fields["first_name"]
    assert (field.steps["live"], field.steps["fallback"], field.causes["absent"]) == (12, 2, 2)
    assert explanation.traces["subject"].text == "Hello there"
    assert [kept.subject for kept in inbox.messages if kept.recipient == "c7@example.com"] == ["Hello there"]


async def test_killed_again_and_again_nobody_is_lost_and_nobody_mailed_twice(tmp_path: Path, inbox: Inbox) -> None:
    customers = 400
    project = make_project(tmp_path, inbox.smtp_url, customers, campaign="rate_per_s = 200\n")
    dice = random.Random(5)
    kills = 0
    for _ in range(5):
        enough = len(inbox.messages) + dice.randrange(5, 60)
        process = await asyncio.create_subprocess_exec(
            *command(project, "send", "campaigns/welcome.toml"), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        await received(inbox, enough, process)
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        await process.wait()
    async with Livemerge.open(project) as shop:
        summary = await shop.send("campaigns/welcome.toml")
    mails = mails_by_recipient(inbox)
    assert kills >= 3
    assert set(mails.values()) == {1}
    assert summary.states["sent"] + summary.states["unknown"] == customers
    assert summary.states["sent"] <= len(mails) <= customers
    unsent = {f"c{n}@example.com" for n in range(customers)} - set(mails)
    assert len(unsent) <= summary.states["unknown"]


async def test_an_interrupt_stops_after_the_messages_under_way(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 300, campaign="rate_per_s = 100\n")
    process = await asyncio.create_subprocess_exec(
        *command(project, "send", "campaigns/welcome.toml", "--json"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    await received(inbox, 20, process)
    process.send_signal(signal.SIGINT)
    output, _ = await process.communicate()
    said = json.loads(output.splitlines()[-1])
    assert process.returncode == 130
    assert said["sent"] == len(inbox.messages)
    assert said["unknown"] == 0
    assert said["sent"] + said["pending"] == 300


async def test_a_relay_that_vanishes_stops_the_send_and_it_goes_on_when_it_is_back(
    tmp_path: Path, inbox: Inbox
) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 200)

    async with Livemerge.open(project) as shop:
        stopped: asyncio.Task[None] | None = None

        def on_progress(progress: object) -> None:
            nonlocal stopped
            if len(inbox.messages) >= 40 and stopped is None:
                stopped = asyncio.ensure_future(inbox.stop())

        with pytest.raises(DeliveryError):
            await shop.send("campaigns/welcome.toml", on_progress=on_progress)
    again = Inbox(inbox.messages, SystemClock())
    await again.start()
    settings = project / "livemerge.toml"
    settings.write_text(settings.read_text().replace(inbox.smtp_url, again.smtp_url))
    async with Livemerge.open(project) as shop:
        summary = await shop.send("campaigns/welcome.toml")
    await again.stop()
    assert set(mails_by_recipient(inbox).values()) == {1}
    assert summary.states["sent"] + summary.states["unknown"] == 200
    assert summary.states["failed"] == 0


async def test_a_relay_that_is_not_there_mails_and_plans_nobody(tmp_path: Path) -> None:
    project = make_project(tmp_path, "smtp://127.0.0.1:9", 5)
    async with Livemerge.open(project) as shop:
        with pytest.raises(DeliveryError):
            await shop.send("campaigns/welcome.toml")
        assert shop.store.rows("SELECT * FROM delivery") == []


async def test_a_relay_elsewhere_is_refused_until_people_can_unsubscribe(tmp_path: Path) -> None:
    project = make_project(tmp_path, "smtp://relay.example:25", 5)
    async with Livemerge.open(project) as shop:
        with pytest.raises(ConfigError, match=r"\[public\] is not set"):
            await shop.send("campaigns/welcome.toml")


async def test_who_unsubscribes_before_their_turn_gets_no_mail(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 10)
    async with Livemerge.open(project) as shop:
        shop.suppressions.add("c-3", reason="unsubscribed")
        summary = await shop.send("campaigns/welcome.toml")
    assert summary.reasons == (Reason("skipped", "suppressed", 1, ""),)
    assert "c3@example.com" not in mails_by_recipient(inbox)


async def test_a_required_value_that_is_absent_skips_the_customer_and_says_why(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 14)
    settings = project / "livemerge.toml"
    settings.write_text(
        settings.read_text().replace('type = "text"\nfallback = "there"', 'type = "text"\nrequired = true')
    )
    async with Livemerge.open(project) as shop:
        summary = await shop.send("campaigns/welcome.toml")
    assert summary.reasons == (Reason("skipped", "no first_name", 2, ""),)
    assert summary.states["sent"] == 12


async def test_a_required_value_that_is_unavailable_holds_the_message_until_the_source_is_back(
    tmp_path: Path, inbox: Inbox
) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 10)
    settings = project / "livemerge.toml"
    settings.write_text(
        settings.read_text().replace('type = "text"\nfallback = "there"', 'type = "text"\nrequired = true')
        + '\n[source.crm]\nkind = "http"\nurl = "http://127.0.0.1:9/{key}"\nretries = 0\n'
        + '[field.tier]\nsource = "crm"\ntype = "text"\nrequired = true\n'
    )
    template = project / "templates" / "welcome.liquid.html"
    template.write_text(template.read_text().replace("Hi ", "{{ tier }} Hi "))
    async with Livemerge.open(project) as shop:
        held = await shop.send("campaigns/welcome.toml")
    assert held.states["held"] == 8  # two have no first name: absent, so they are skipped
    assert Reason("held", "tier is unavailable", 8, "") in held.reasons
    crm = await asyncio.start_server(_answer_gold, "127.0.0.1", 0)
    port = crm.sockets[0].getsockname()[1]
    settings.write_text(settings.read_text().replace("127.0.0.1:9/", f"127.0.0.1:{port}/"))
    async with Livemerge.open(project) as shop:
        sent = await shop.send("campaigns/welcome.toml", accept_changes=True)
    crm.close()
    assert sent.states["sent"] == 8
    assert sent.states["held"] == 0


async def _answer_gold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = b'{"tier": "gold"}'
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
        % (len(body), body)
    )
    await writer.drain()
    writer.close()


async def test_an_edited_template_stops_and_asks(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 30)
    async with Livemerge.open(project) as shop:
        stop = asyncio.Event()
        await shop.send("campaigns/welcome.toml", stop=stop, on_progress=lambda progress: stop.set())
    template = project / "templates" / "welcome.liquid.html"
    template.write_text(template.read_text().replace("Hi ", "Dear "))
    async with Livemerge.open(project) as shop:
        with pytest.raises(CampaignError, match="template changed since this campaign was started"):
            await shop.send("campaigns/welcome.toml")
        summary = await shop.send("campaigns/welcome.toml", accept_changes=True)
    assert summary.states["sent"] == 30
    assert set(mails_by_recipient(inbox).values()) == {1}


async def test_a_template_with_errors_is_not_sent(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 3)
    template = project / "templates" / "welcome.liquid.html"
    template.write_text(template.read_text().replace("{{ first_name }}</p>", "{{ frist_name }}</p>"))
    async with Livemerge.open(project) as shop:
        with pytest.raises(CampaignError, match="no field is called `frist_name`"):
            await shop.send("campaigns/welcome.toml")
    assert len(inbox.messages) == 0


async def test_an_audience_with_a_wrong_address_mails_nobody(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 3)
    with (project / "people.csv").open("a") as file:
        file.write("c-9,not-an-address,Nine,9\n")
    async with Livemerge.open(project) as shop:
        with pytest.raises(AudienceError, match=r"people\.csv:5: `mail` is not an address"):
            await shop.send("campaigns/welcome.toml")
        assert shop.store.rows("SELECT * FROM delivery") == []
    assert len(inbox.messages) == 0


async def test_two_processes_cannot_send_the_same_campaign(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 200, campaign="rate_per_s = 100\n")
    first = await asyncio.create_subprocess_exec(
        *command(project, "send", "campaigns/welcome.toml"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    await received(inbox, 5, first)
    async with Livemerge.open(project) as shop:
        with pytest.raises(CampaignError, match="another process is sending this campaign"):
            await shop.send("campaigns/welcome.toml")
    first.send_signal(signal.SIGINT)
    await first.wait()


async def test_nobody_is_mailed_before_its_time(tmp_path: Path, inbox: Inbox) -> None:
    send_at = datetime.now(UTC) + timedelta(seconds=1.5)
    project = make_project(tmp_path, inbox.smtp_url, 5, campaign=f"send_at = {send_at.isoformat()}\n")
    async with Livemerge.open(project) as shop:
        summary = await shop.send("campaigns/welcome.toml")
    assert summary.states["sent"] == 5
    assert min(kept.received_at for kept in inbox.messages) >= send_at


async def test_a_send_that_waits_for_its_time_can_be_stopped(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 5, campaign="send_at = 2100-01-01T00:00:00Z\n")
    stop = asyncio.Event()
    async with Livemerge.open(project) as shop:
        asyncio.get_running_loop().call_later(0.2, stop.set)
        with pytest.raises(CampaignError, match="stopped before its time; nobody was mailed"):
            await shop.send("campaigns/welcome.toml", stop=stop)
    assert len(inbox.messages) == 0


async def test_an_expired_campaign_mails_nobody_and_keeps_dead_letters(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 5, campaign="expires_at = 2020-01-01T00:00:00Z\n")
    async with Livemerge.open(project) as shop:
        summary = await shop.send("campaigns/welcome.toml")
    assert summary.reasons == (Reason("failed", "expired", 5, ""),)
    assert len(inbox.messages) == 0


async def test_a_declared_brake_pauses_the_campaign_when_a_source_is_gone(tmp_path: Path, inbox: Inbox) -> None:
    project = make_project(tmp_path, inbox.smtp_url, 700, campaign="brake = { unavailable = 0.05 }\n")
    settings = project / "livemerge.toml"
    settings.write_text(
        settings.read_text()
        + '\n[source.crm]\nkind = "http"\nurl = "http://127.0.0.1:9/{key}"\nretries = 0\n'
        + '[field.tier]\nsource = "crm"\ntype = "text"\nfallback = "basic"\n'
    )
    template = project / "templates" / "welcome.liquid.html"
    template.write_text(template.read_text().replace("Hi ", "{{ tier }} Hi "))
    async with Livemerge.open(project) as shop:
        with pytest.raises(CampaignError, match="field tier was unavailable"):
            await shop.send("campaigns/welcome.toml")
        states = shop.ledger("welcome").states()
    assert states["pending"] > 0
    assert states["sending"] == 0
    assert states["sent"] == len(inbox.messages)


def test_bad_input_ends_with_a_clear_error_and_its_exit_code(tmp_path: Path) -> None:
    project = make_project(tmp_path, "smtp://127.0.0.1:9", 3)
    (project / "livemerge.toml").write_text("[source.people\n")
    done = subprocess.run(
        command(project, "check"), capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}
    )
    assert done.returncode == 3
    assert "livemerge.toml:1" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_relay_that_refuses_everybody_is_told_with_its_words_and_an_exit_code(tmp_path: Path) -> None:
    relay = await asyncio.start_server(_refuse_sender, "127.0.0.1", 0)
    project = make_project(tmp_path, f"smtp://127.0.0.1:{relay.sockets[0].getsockname()[1]}", 12)
    process = await asyncio.create_subprocess_exec(
        *command(project, "send", "campaigns/welcome.toml", "--json"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    relay.close()
    assert process.returncode == 4
    assert "12 failed: refused by the relay (553 5.7.1): 5.7.1 sender not allowed" in output.decode()
    assert json.loads(output.splitlines()[-1])["reasons"] == [
        {
            "state": "failed",
            "reason": "refused by the relay (553 5.7.1)",
            "count": 12,
            "reply": "5.7.1 sender not allowed",
        }
    ]


async def _refuse_sender(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 relay.example\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        replies = {b"EHLO": b"250 relay.example", b"MAIL": b"553 5.7.1 sender not allowed", b"QUIT": b"221 bye"}
        writer.write(replies.get(verb, b"503 what") + b"\r\n")
    writer.close()


async def test_a_test_mail_is_refused_as_a_campaign_is(tmp_path: Path) -> None:
    project = make_project(tmp_path, "smtp://relay.example:25", 5)
    async with Livemerge.open(project) as shop:
        with pytest.raises(ConfigError, match=r"\[public\] is not set"):
            await shop.deliver("relay", [])
