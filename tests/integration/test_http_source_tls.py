"""An HTTP source over TLS: a certificate nobody vouches for is refused before anything is sent."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from livemerge import config
from livemerge.clock import FakeClock
from livemerge.errors import SourceError
from livemerge.sources.http import make_http

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    files = ["-keyout", str(key), "-out", str(certificate)]
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(["openssl", "req", *kind, *files], check=True, capture_output=True, timeout=60)
    return certificate, key


@pytest.fixture
async def server(certificate: tuple[Path, Path]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """The port, and what was sent to it."""
    sent: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append(await reader.read(1_000))
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1], sent
    server.close()


async def test_a_certificate_that_nobody_vouches_for_ends_the_call(server: tuple[int, list[bytes]]) -> None:
    port, sent = server
    section = config.HttpSource(url=f"https://localhost:{port}/{{key}}", auth=config.Auth(bearer="env:TOKEN"))
    source = make_http("crm", section, read_secret=lambda *_: "t0ken", clock=FakeClock())
    with pytest.raises(SourceError) as caught:
        await asyncio.wait_for(source.fetch(["c-1"], []), 30)
    await source.close()
    assert "certificate that cannot be trusted" in caught.value.what
    assert not caught.value.retryable
    assert sent == []
