"""Opens a connection to a relay: TCP, greeting, EHLO, TLS and AUTH by aiosmtplib, then the wire is ours."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass
from typing import cast

import aiosmtplib

from livemerge.deliver.smtp.relay import Relay, Security
from livemerge.deliver.smtp.wire import Wire
from livemerge.errors import ConfigError, DeliveryError

_HOST_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Offers:
    """What a server said it can do in its answer to EHLO."""

    has_pipelining: bool = False  # RFC 2920
    has_8bit: bool = False  # RFC 6152
    has_chunking: bool = False  # RFC 3030
    has_size: bool = False  # RFC 1870


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection that is ready for mail."""

    wire: Wire
    offers: Offers


async def connect(relay: Relay, tls_context: ssl.SSLContext | None, timeout_s: float) -> Opened:
    """A connection, greeted, protected and authenticated; DeliveryError says what stood in the way."""
    client = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        local_hostname=_own_name(),
        timeout=timeout_s,
        use_tls=relay.security is Security.TLS,
        start_tls=relay.security is Security.STARTTLS,
        tls_context=tls_context,
        username=relay.user or None,
        password=relay.password or None,
    )
    try:
        async with asyncio.timeout(timeout_s):
            await client.connect()
            await _say_hello(client)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:  # TimeoutError and ssl errors are OSErrors
        client.close()
        raise _unreachable(relay, error) from None  # the cause may hold what was sent
    except asyncio.CancelledError:
        client.close()
        raise
    return _taken_over(relay, client)


def tls_context(relay: Relay) -> ssl.SSLContext | None:
    """Whom to trust, None for a relay without TLS; ConfigError where the authorities' file cannot be read."""
    if relay.security is Security.NONE:
        return None
    try:
        context = ssl.create_default_context(cafile=relay.ca_file or None)
    except (OSError, ssl.SSLError):
        raise ConfigError(
            "cannot read the file of certificate authorities", where="ca_file", advice="It must be in PEM."
        ) from None
    if not relay.tls_verify:  # only on loopback, see Relay
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _taken_over(relay: Relay, client: aiosmtplib.SMTP) -> Opened:
    if client.transport is None or client.transport.is_closing():
        raise _unreachable(relay, ConnectionError("the server closed the connection"))
    has = client.supports_extension
    offers = Offers(has("pipelining"), has("8bitmime"), has("chunking"), has("size"))
    return Opened(Wire.take_over(cast(asyncio.Transport, client.transport)), offers)  # uvloop's is none by class


async def _say_hello(client: aiosmtplib.SMTP) -> None:
    if not client.is_ehlo_or_helo_needed:
        return
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:  # a server from before 1995, or a strict one: RFC 5321 §3.2
        await client.helo()


def _own_name() -> str:
    """The name we greet with, without asking the network for it."""
    name = socket.gethostname()
    return name if _HOST_NAME.fullmatch(name) else "localhost"


def _unreachable(relay: Relay, error: BaseException) -> DeliveryError:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    what, advice, retryable = _explained(cause)
    return DeliveryError(what, where=str(relay), advice=advice, retryable=retryable)


def _explained(error: BaseException) -> tuple[str, str, bool]:
    """What happened, what to do, and whether trying again may help. Never quotes what we sent."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"the relay refused user and password ({error.code})", "Check user and password.", False
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the relay's certificate cannot be trusted: {error.verify_message}",
            "Use the name that the certificate is for, or name its authority in ca_file.",
            False,
        )
    if isinstance(error, aiosmtplib.SMTPResponseException) and not 200 <= error.code < 600:  # the library says -1
        return "what listens there does not speak SMTP", "Check host, port and scheme.", False
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"the relay answered {error.code}", "Its log says more.", error.code < 500
    if type(error) is aiosmtplib.SMTPException:  # STARTTLS or AUTH is not offered; the library's own fixed words
        return str(error), "Check scheme, port and user.", False
    if isinstance(error, (TimeoutError, aiosmtplib.SMTPTimeoutError)):
        return "no answer from the relay in time", "Check host, port and firewall.", True
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or 'no reason given'}", "Check scheme and port.", False
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"cannot connect: {reason}", "Check that the relay runs at this host and port.", True
