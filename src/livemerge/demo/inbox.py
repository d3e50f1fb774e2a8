"""The demo's inbox: a real SMTP server that keeps what it gets, and a page to read it."""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakSet

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from livemerge.clock import Clock
from livemerge.demo.inbox_page import inbox_app
from livemerge.demo.mailbox import Mailbox

MOST_MESSAGE_BYTES: Final = 5_000_000
STOP_WITHIN_S: Final = 0.5


class Inbox:
    """SMTP server and page, both on free ports of loopback, from `start` to `stop`."""

    def __init__(self, messages: Mailbox, clock: Clock) -> None:
        self.messages = messages
        self.smtp_url = ""  # both known once it has started
        self.url = ""
        self._clock = clock
        self._smtp: asyncio.Server | None = None
        self._sessions: WeakSet[SMTP] = WeakSet()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        self._smtp = await asyncio.get_running_loop().create_server(self._session, "127.0.0.1", 0)
        self.smtp_url = f"smtp://127.0.0.1:{self._smtp.sockets[0].getsockname()[1]}"
        self._runner = web.AppRunner(inbox_app(self.messages), access_log=None, shutdown_timeout=STOP_WITHIN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def stop(self) -> None:
        """Takes no more mail; what was taken stays in the folder."""
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None
            for session in self._sessions:
                if session.transport is not None:
                    session.transport.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _session(self) -> SMTP:
        """The server's side of one connection."""
        keeper = _Keeper(self.messages, self._clock)
        session = SMTP(keeper, hostname="inbox.localhost", ident="inbox", data_size_limit=MOST_MESSAGE_BYTES)
        self._sessions.add(session)
        return session


class _Keeper:
    """aiosmtpd's handler: it calls `handle_DATA` with a whole message."""

    def __init__(self, messages: Mailbox, clock: Clock) -> None:
        self._messages = messages
        self._clock = clock

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        content = envelope.content
        if not isinstance(content, bytes):
            return "554 5.6.0 no message"
        try:
            for recipient in envelope.rcpt_tos:
                kept = self._messages.add(
                    content,
                    sender=envelope.mail_from or "",
                    recipient=recipient,
                    received_at=self._clock.now(),
                )
        except OSError:
            return "452 4.3.1 the inbox's disk is full or cannot be written"
        return f"250 2.0.0 kept as {kept.number}"
