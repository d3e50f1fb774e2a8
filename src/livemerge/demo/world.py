"""A folder → the demo's world, running: CRM, shop, web events, inbox, and the project that uses them.

    async with World(folder, recipients=1000, seed=7) as world:
        world.project     the project's folder, for Livemerge.open or --project
        world.env         variables that the project reads, to be set before it is opened
        world.crm         .faults to turn, .stats to read, .url
        world.inbox       .messages, .url of its page, .smtp_url

Data is made at the first start of a folder, and anew when seed, size or day differ. All of it stays under the folder.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from livemerge.clock import Clock, SystemClock
from livemerge.demo.crm import Crm, crm_rows
from livemerge.demo.inbox import Inbox
from livemerge.demo.mailbox import Mailbox
from livemerge.demo.own_folder import alone_in, claim, writing_in
from livemerge.demo.people import Person, people
from livemerge.demo.project import TOKEN_VARIABLE, Addresses, write_demo_project
from livemerge.demo.shop import write_shop
from livemerge.demo.web_events import web_events
from livemerge.demo.yesterday import remember_yesterday
from livemerge.events import EventStore
from livemerge.store import open_store

FEWEST_CUSTOMERS: Final = 5_000
STORE_FILE: Final = "livemerge.db"


class World:
    """The demo's surroundings, between `async with` and its end."""

    def __init__(
        self,
        folder: Path,
        *,
        recipients: int = 1_000,
        seed: int = 7,
        occurrence: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.project = self.folder / "project"
        self.recipients = recipients
        self.occurrence = occurrence
        self._seed = seed
        self._clock = clock or SystemClock()
        self._customers = people(max(FEWEST_CUSTOMERS, recipients * 6 // 5), seed=seed)
        self._token = secrets.token_urlsafe(24)
        self._running = AsyncExitStack()
        self._crm_rows = crm_rows(self._customers, seed=seed, now=self._clock.now())
        self.crm = Crm(self._crm_rows, token=self._token, seed=seed, clock=self._clock)
        claim(self.folder)
        with writing_in(self.folder):
            self.inbox = Inbox(Mailbox(self.folder / "inbox"), self._clock)

    @property
    def env(self) -> Mapping[str, str]:
        """Environment variables that the project's settings refer to."""
        return {TOKEN_VARIABLE: self._token}

    @property
    def audience(self) -> Sequence[Person]:
        """Who gets the campaign."""
        return self._customers[: self.recipients]

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as running:
            running.enter_context(alone_in(self.folder))
            with writing_in(self.folder):
                await asyncio.to_thread(self._make_data)
            running.push_async_callback(self.crm.stop)
            await self.crm.start()
            running.push_async_callback(self.inbox.stop)
            await self.inbox.start()
            with writing_in(self.folder):
                await asyncio.to_thread(self._write_project)
                await asyncio.to_thread(self._make_yesterday)
            self._running = running.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()

    @property
    def _shop_path(self) -> Path:
        return self.folder / "shop.db"

    def _make_data(self) -> None:
        """Shop and web events, unless this folder has them for this seed, size and day."""
        now = self._clock.now()
        made_for = json.dumps({"seed": self._seed, "customers": len(self._customers), "day": now.date().isoformat()})
        note = self.folder / "made-for.json"
        if note.is_file() and note.read_text() == made_for and self._shop_path.is_file():
            return
        self.project.mkdir(parents=True, exist_ok=True)
        write_shop(self._shop_path, self._customers, seed=self._seed, now=now)
        with closing(open_store(self.project / STORE_FILE)) as store:
            EventStore(store, self._clock).add(web_events(self._customers, seed=self._seed, now=now))
        note.write_text(made_for)

    def _write_project(self) -> None:
        addresses = Addresses(self.crm.url, self.inbox.smtp_url, self.inbox.url)
        occurrence = self.occurrence or f"{self._clock.now():%Y-%m-%dT%H-%M-%S}"
        write_demo_project(self.project, addresses, self.audience, occurrence=occurrence)

    def _make_yesterday(self) -> None:
        keys = [person.key for person in self.audience]
        with closing(open_store(self.project / STORE_FILE)) as store:
            remember_yesterday(self.project, store, self._crm_rows, keys, seed=self._seed, clock=self._clock)
