"""The maildir transport: one whole file per message, whatever happens."""

from __future__ import annotations

import resource
import shutil
import signal

import pytest

from livemerge.deliver import MaildirTransport, Outcome
from livemerge.errors import DeliveryError
from livemerge.message import Message


def message(number: int, body: bytes = b"hello") -> Message:
    octets = b"Subject: hello\r\n\r\n" + body + b"\r\n"
    return Message(f"c-{number}", f"<{number}@x.example>", "a@x.example", "b@x.example", octets, False, "hello")


async def test_the_same_message_written_twice_is_one_file(tmp_path):
    transport = MaildirTransport(tmp_path)
    await transport.open()
    await transport.deliver([message(1), message(2)])
    await transport.deliver([message(1)])
    assert len(list((tmp_path / "new").iterdir())) == 2
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_file_name_never_comes_from_data(tmp_path):
    transport = MaildirTransport(tmp_path)
    await transport.open()
    hostile = Message("c", "<../../evil\0@x>", "a@x.example", "b@x.example", b"a: b\r\n\r\n", False, "")
    (told,) = await transport.deliver([hostile])
    assert told.outcome is Outcome.SENT
    (path,) = (tmp_path / "new").iterdir()
    assert path.stem.isalnum()


async def test_a_folder_that_went_away_gives_the_messages_back(tmp_path):
    transport = MaildirTransport(tmp_path / "outbox")
    await transport.open()
    shutil.rmtree(tmp_path / "outbox")
    deliveries = await transport.deliver([message(1), message(2)])
    assert [told.outcome for told in deliveries] == [Outcome.RETRY] * 2
    assert "cannot write the file" in deliveries[0].reply


async def test_a_full_disk_gives_the_message_back_and_leaves_no_half_file(tmp_path):
    """A limit on file sizes stands in for the disk: the kernel refuses the write in the same way."""
    transport = MaildirTransport(tmp_path)
    await transport.open()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        deliveries = await transport.deliver([message(1), message(2, b"x" * 10_000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert [told.outcome for told in deliveries] == [Outcome.SENT, Outcome.RETRY]
    assert [path.read_bytes() for path in (tmp_path / "new").iterdir()] == [message(1).octets]
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_a_path_that_is_a_file_cannot_be_opened(tmp_path):
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(DeliveryError) as raised:
        await MaildirTransport(tmp_path / "outbox").open()
    assert not raised.value.retryable
    assert raised.value.advice
