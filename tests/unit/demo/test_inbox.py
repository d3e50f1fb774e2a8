import asyncio
import smtplib
from contextlib import asynccontextmanager
from email.message import EmailMessage

import aiohttp
import pytest

from livemerge.clock import SystemClock
from livemerge.demo.inbox import Inbox
from livemerge.demo.mailbox import Mailbox
from livemerge.demo.pictures import picture


@asynccontextmanager
async def running_inbox(folder):
    inbox = Inbox(Mailbox(folder), SystemClock())
    await inbox.start()
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as client:
            yield inbox, client
    finally:
        await inbox.stop()


async def send(inbox, octets, *recipients):
    """Through a real SMTP client, as any program would."""
    port = int(inbox.smtp_url.rpartition(":")[2])

    def talk():
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as smtp:
            smtp.sendmail("shop@example.com", list(recipients or ("a@post.example",)), octets, ["BODY=8BITMIME"])

    await asyncio.to_thread(talk)


def two_parts(html="<p>Hi</p>", text="Hi", subject="Hello"):
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "Shop <shop@example.com>"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


async def read(client, url):
    async with client.get(url) as answer:
        return answer, await answer.text()


async def test_mail_that_is_sent_is_kept_as_sent_once_for_each_recipient(tmp_path):
    octets = "Subject: dots\r\n\r\n.one\r\n..two\r\nü\r\n".encode()
    async with running_inbox(tmp_path) as (inbox, _):
        await send(inbox, octets, "a@post.example", "b@post.example")
        assert [kept.recipient for kept in inbox.messages] == ["a@post.example", "b@post.example"]
        assert inbox.messages.octets(1).endswith(octets)


async def test_an_open_smtp_connection_does_not_keep_it_from_stopping(tmp_path):
    inbox = Inbox(Mailbox(tmp_path), SystemClock())
    await inbox.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(inbox.smtp_url.rpartition(":")[2]))
    assert (await reader.readline()).startswith(b"220")
    await inbox.stop()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_a_full_disk_is_a_temporary_refusal(tmp_path, monkeypatch):
    async with running_inbox(tmp_path / "box") as (inbox, _):
        monkeypatch.setattr(inbox.messages, "_folder", tmp_path / "gone")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await send(inbox, two_parts())
    assert refused.value.smtp_code == 452


async def test_the_list_shows_address_and_subject_and_finds_them(tmp_path):
    async with running_inbox(tmp_path) as (inbox, client):
        await send(inbox, two_parts(subject="Für Anna"), "anna@post.example")
        await send(inbox, two_parts(subject="For Ben"), "ben@post.example")
        _, page = await read(client, inbox.url)
        assert "Für Anna" in page
        assert "ben@post.example" in page
        _, found = await read(client, inbox.url + "?q=anna")
        assert "Für Anna" in found
        assert "For Ben" not in found


async def test_long_lists_are_paged(tmp_path):
    async with running_inbox(tmp_path) as (inbox, client):
        for number in range(60):
            inbox.messages.add(
                two_parts(subject=f"mail-{number:02}"),
                sender="",
                recipient="a@b.example",
                received_at=SystemClock().now(),
            )
        _, first = await read(client, inbox.url)
        _, second = await read(client, inbox.url + "?page=2")
        assert ("mail-59" in first, "mail-09" in first) == (True, False)
        assert ("mail-59" in second, "mail-09" in second) == (False, True)
        for odd in ("0", "-1", "99", "x", "²", "9" * 40):
            answer, _ = await read(client, f"{inbox.url}?page={odd}")
            assert answer.status == 200


async def test_text_of_a_mail_is_text_on_every_page(tmp_path):
    evil = "<script>alert(1)</script>"
    octets = two_parts(html=evil, text=evil, subject=evil)
    async with running_inbox(tmp_path) as (inbox, client):
        await send(inbox, octets, '"<script>"@post.example')
        for path in ("", "m/1", "m/1?part=text", "m/1?part=headers", "m/1?part=source", f"?q={evil}"):
            answer, page = await read(client, inbox.url + path)
            assert answer.status == 200
            assert "<script" not in page
            assert "script-src" not in answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_the_html_part_is_served_untouched_but_without_scripts_or_this_origin(tmp_path):
    html = "<!doctype html><html><head><title>x</title></head><body><p>Grüße</p></body></html>"
    async with running_inbox(tmp_path) as (inbox, client):
        await send(inbox, two_parts(html=html))
        answer, shown = await read(client, inbox.url + "m/1/html")
        policy = answer.headers["Content-Security-Policy"]
        _, page = await read(client, inbox.url + "m/1")
    assert shown.strip() == html.replace("<head>", '<head><base target="_blank">')
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page


async def test_a_mail_without_html_shows_its_text(tmp_path):
    async with running_inbox(tmp_path) as (inbox, client):
        await send(inbox, b"Subject: plain\r\n\r\nonly words\r\n")
        answer, page = await read(client, inbox.url + "m/1")
        assert answer.status == 200
        assert "only words" in page
        missing, _ = await read(client, inbox.url + "m/1/html")
        assert missing.status == 404


async def test_the_file_can_be_downloaded(tmp_path):
    async with running_inbox(tmp_path) as (inbox, client):
        await send(inbox, two_parts())
        async with client.get(inbox.url + "m/1/message.eml") as answer:
            assert answer.content_type == "message/rfc822"
            assert await answer.read() == inbox.messages.octets(1)


@pytest.mark.parametrize("path", ["m/2", "m/2/html", "m/x", "m/1?part=../x", "pictures/..%2f.svg", "nothing"])
async def test_what_is_not_there_is_404(tmp_path, path):
    async with running_inbox(tmp_path) as (inbox, client):
        await send(inbox, two_parts())
        answer, _ = await read(client, inbox.url + path)
        assert answer.status == 404


async def test_under_another_name_than_loopbacks_it_does_not_answer(tmp_path):
    async with (
        running_inbox(tmp_path) as (inbox, client),
        client.get(inbox.url, headers={"Host": "inbox.attacker.example:80"}) as answer,
    ):
        assert answer.status == 403


def test_every_product_has_a_picture_of_its_own():
    pictures = {picture(f"p-{number}") for number in range(101, 113)}
    assert len(pictures) == 12
    assert all(drawn.startswith("<svg ") for drawn in pictures)
    assert picture("") != picture("ü")
