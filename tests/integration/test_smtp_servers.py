"""The smtp transport against real servers: aiosmtpd with TLS and AUTH, and Debian's Postfix in front of it."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvloop
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from livemerge.deliver import Outcome, SmtpTransport
from livemerge.errors import DeliveryError
from livemerge.message import Message

PASSWORD = "correct horse"


@dataclass
class Inbox:
    """What arrived, by recipient, as octets."""

    port: int = 0
    mails: dict[str, bytes] = field(default_factory=dict)
    arrivals: int = 0
    arrival: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_DATA(self, server: SMTP, session: object, envelope: Envelope) -> str:  # noqa: N802
        self.arrivals += 1
        for recipient in envelope.rcpt_tos:
            self.mails[recipient] = envelope.content
        async with self.arrival:
            self.arrival.notify_all()
        return "250 2.0.0 kept"


def authenticate(server: SMTP, session: object, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=data.login == b"shop" and data.password == PASSWORD.encode(), handled=False)


@asynccontextmanager
async def inbox(*, tls: ssl.SSLContext | None = None, **settings: object) -> AsyncIterator[Inbox]:
    """An aiosmtpd server on a free port; `tls` protects it from the first octet."""
    kept = Inbox()
    make = functools.partial(SMTP, kept, hostname="inbox", **settings)
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-made certificate for localhost, and its key."""
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("certificate")
    pem, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(pem), "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return pem, key


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def octets(number: int) -> bytes:
    """A message with all headers that a relay would otherwise add, and a body full of dots."""
    head = f"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nFrom: <news@shop.example>\r\nTo: <c{number}@customer.example>\r\n"
    body = f"Grüße 😀 {number}\r\n.\r\n..dots\r\n\r\n{'x' * 900}\r\n" * (1 + number % 3 * 20)
    return f"{head}Message-ID: <{number}@shop.example>\r\nSubject: {number}\r\n\r\n{body}".encode()


def messages(count: int) -> list[Message]:
    return [
        Message(
            key=f"c-{number}",
            message_id=f"<{number}@shop.example>",
            sender="news@shop.example",
            recipient=f"c{number}@customer.example",
            octets=octets(number),
            is_8bit=True,
            subject=str(number),
        )
        for number in range(count)
    ]


async def test_starttls_and_login_with_a_private_authority(certificate, server_tls):
    settings = {
        "tls_context": server_tls,
        "require_starttls": True,
        "authenticator": authenticate,
        "auth_required": True,
    }
    async with inbox(**settings) as kept:
        transport = SmtpTransport(
            f"smtp+starttls://localhost:{kept.port}", user="shop", password=PASSWORD, ca_file=str(certificate[0])
        )
        await transport.open()
        deliveries = await transport.deliver(messages(9))
        await transport.close()
    assert [told.outcome for told in deliveries] == [Outcome.SENT] * 9
    assert kept.mails == {each.recipient: each.octets for each in messages(9)}


async def test_tls_from_the_first_octet(certificate, server_tls):
    async with inbox(tls=server_tls) as kept:
        transport = SmtpTransport(f"smtps://localhost:{kept.port}", ca_file=str(certificate[0]))
        await transport.open()
        deliveries = await transport.deliver(messages(5))
        await transport.close()
    assert [told.outcome for told in deliveries] == [Outcome.SENT] * 5
    assert kept.mails == {each.recipient: each.octets for each in messages(5)}


async def test_a_certificate_nobody_vouches_for_is_refused_unless_loopback_says_otherwise(server_tls):
    async with inbox(tls=server_tls) as kept:
        with pytest.raises(DeliveryError, match="certificate cannot be trusted") as raised:
            await SmtpTransport(f"smtps://localhost:{kept.port}").open()
        trusting = SmtpTransport(f"smtps://localhost:{kept.port}", tls_verify=False)
        await trusting.open()
        deliveries = await trusting.deliver(messages(1))
        await trusting.close()
    assert not raised.value.retryable
    assert [told.outcome for told in deliveries] == [Outcome.SENT]


async def test_a_wrong_password_is_refused_without_being_told(certificate, server_tls):
    async with inbox(tls=server_tls, authenticator=authenticate, auth_require_tls=False) as kept:
        transport = SmtpTransport(
            f"smtps://localhost:{kept.port}", user="shop", password="wrong battery", ca_file=str(certificate[0])
        )
        with pytest.raises(DeliveryError, match="refused user and password") as raised:
            await transport.open()
    assert "battery" not in str(raised.value) + repr(raised.value.__cause__) + repr(transport.relay)


async def test_starttls_that_is_not_offered_is_not_done_without():
    async with inbox() as kept:
        with pytest.raises(DeliveryError, match="STARTTLS"):
            await SmtpTransport(f"smtp+starttls://localhost:{kept.port}").open()
    assert kept.arrivals == 0


async def test_a_port_where_nobody_listens_is_a_delivery_error():
    with pytest.raises(DeliveryError, match="cannot connect") as raised:
        await SmtpTransport(f"smtp://127.0.0.1:{free_port()}").open()
    assert raised.value.retryable


def test_uvloop_carries_mail_as_well(certificate, server_tls):
    async def send() -> tuple[list[str], dict[str, bytes]]:
        async with inbox(tls=server_tls) as kept:
            transport = SmtpTransport(f"smtps://localhost:{kept.port}", ca_file=str(certificate[0]))
            await transport.open()
            deliveries = await transport.deliver(messages(9))
            await transport.close()
        return [told.outcome for told in deliveries], kept.mails

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcomes, mails = runner.run(send())
    assert outcomes == [Outcome.SENT] * 9
    assert mails == {each.recipient: each.octets for each in messages(9)}


# --- Postfix ---------------------------------------------------------------------------------------------------

POSTFIX_READY_S = 20.0
ARRIVAL_S = 30.0
MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{c3@customer.example=REJECT}}, permit_mynetworks, reject
relayhost = [127.0.0.1]:{sink_port}
disable_dns_lookups = yes
smtpd_discard_ehlo_keywords = {discarded}
"""


@contextmanager
def postfix(folder: Path, sink_port: int, discarded: str) -> Iterator[int]:
    """A Postfix of its own, with its queue in `folder`, which relays everything to the sink; gives its port."""
    if os.geteuid() != 0 or not Path("/usr/sbin/postfix").exists():
        pytest.skip("needs Debian's postfix, and root to start it")
    config, port = folder / "etc", free_port()
    _write_configuration(folder, config, port, MAIN_CF.format(folder=folder, sink_port=sink_port, discarded=discarded))
    command = ["/usr/sbin/postfix", "-c", str(config)]
    started = subprocess.run([*command, "start"], capture_output=True, text=True, timeout=POSTFIX_READY_S)
    assert started.returncode == 0, started.stderr + (folder / "log").read_text()
    try:
        yield port
    finally:
        subprocess.run([*command, "stop"], capture_output=True, timeout=POSTFIX_READY_S)


def _write_configuration(folder: Path, config: Path, port: int, main_cf: str) -> None:
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    (config / "main.cf").write_text(main_cf)
    lines = Path("/usr/share/postfix/master.cf.dist").read_text().splitlines()
    services = [line.split() for line in lines if line and not line.startswith(("#", " "))]
    for service in services:
        service[4] = "n"  # no chroot: nothing of the system is copied there
    wanted = [[f"127.0.0.1:{port}", *s[1:]] if s[0] == "smtp" and s[1] == "inet" else s for s in services]
    (config / "master.cf").write_text("\n".join(" ".join(service) for service in wanted) + "\n")


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that Postfix's own user can get to; pytest's are for its own user alone."""
    with tempfile.TemporaryDirectory(prefix="postfix-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.server
@pytest.mark.parametrize("discarded", ["", "chunking", "chunking, pipelining"], ids=["chunks", "data", "lock step"])
async def test_what_postfix_relays_is_what_was_composed(public_folder, discarded):
    sent = messages(24)
    async with inbox() as kept:
        with postfix(public_folder, kept.port, discarded) as port:
            transport = SmtpTransport(f"smtp://127.0.0.1:{port}")
            await transport.open()
            deliveries = await transport.deliver(sent)
            await transport.close()
            async with asyncio.timeout(ARRIVAL_S), kept.arrival:
                await kept.arrival.wait_for(lambda: len(kept.mails) == len(sent) - 1)
    expected = [Outcome.FAILED if told.key == "c-3" else Outcome.SENT for told in deliveries]
    assert [told.outcome for told in deliveries] == expected
    assert deliveries[3].code == 554
    for each in sent:
        if each.key != "c-3":  # Postfix puts its own Received header in front
            assert kept.mails[each.recipient].endswith(each.octets)
    assert kept.arrivals == len(sent) - 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
