"""The smtp transport: a few connections that take messages from one line."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial

from livemerge.clock import Clock, SystemClock
from livemerge.deliver.smtp.connect import Offers, connect, tls_context
from livemerge.deliver.smtp.conversation import Parcel, Patience, Session, carry, window_of
from livemerge.deliver.smtp.relay import parse_relay
from livemerge.deliver.smtp.wire import ConnectionLost
from livemerge.deliver.transport import Delivery, OnDelivery, Outcome, delivery
from livemerge.errors import DeliveryError
from livemerge.message import Message

DEFAULT_CONNECTIONS = 4  # what shared relays allow one client without asking
DEFAULT_WINDOW = 8  # unanswered messages on one connection with CHUNKING; each may be in doubt after a crash
CONNECT_TIMEOUT_S = 30.0  # to a connection that is ready for mail
CLOSE_TIMEOUT_S = 10.0  # for what is under way when we close
MAX_LOSSES = 3  # connections that may end on one message before it goes back to the caller
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)  # before a refused further connection is tried again


class SmtpTransport:
    """Hands messages to a relay over at most `connections` connections, opened as work comes.

    `url` is smtp://host:port, smtps://… or smtp+starttls://…; `window` bounds the unanswered messages of one
    connection; `ca_file` is the PEM of a private authority.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str = "",
        password: str = "",
        tls_verify: bool = True,
        ca_file: str = "",
        connections: int = DEFAULT_CONNECTIONS,
        window: int = DEFAULT_WINDOW,
        patience: Patience | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        clock: Clock | None = None,
    ) -> None:
        self.relay = parse_relay(url, user=user, password=password, tls_verify=tls_verify, ca_file=ca_file)
        self._tls_context = tls_context(self.relay)
        self._connections = connections
        self._window = window
        self._patience = patience or Patience()
        self._connect_timeout_s = connect_timeout_s
        self._clock = clock or SystemClock()
        self._offers = Offers()
        self._waiting: deque[Parcel] = deque()
        self._has_work = asyncio.Event()
        self._is_closing = False
        self._sessions: set[Session] = set()  # live ones
        self._workers: list[asyncio.Task[None]] = []

    @property
    def takes_8bit(self) -> bool:
        return self._offers.has_8bit

    @property
    def max_in_flight(self) -> int:
        return self._connections * window_of(self._offers, self._window)

    async def open(self) -> None:
        """Connects once; the other connections follow when there is work for them."""
        first = await self._connect()
        self._is_closing = False
        self._workers = [
            asyncio.create_task(self._work(first if number == 0 else None), name=f"smtp {number}")
            for number in range(self._connections)
        ]

    async def deliver(self, messages: Sequence[Message], on_delivery: OnDelivery | None = None) -> Sequence[Delivery]:
        batch = _Batch(messages, on_delivery)
        self._waiting.extend(batch.parcels)
        self._has_work.set()
        try:
            await self._settled(batch)
        finally:
            for parcel in batch.parcels:
                parcel.is_withdrawn = True
        return batch.deliveries()

    async def close(self) -> None:
        self._is_closing = True
        self._has_work.set()
        if self._workers:
            _, late = await asyncio.wait(self._workers, timeout=CLOSE_TIMEOUT_S)
            for worker in late:
                worker.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []
        self._refuse_waiting("the transport was closed")

    async def _settled(self, batch: _Batch) -> None:
        if not self._workers:
            raise DeliveryError(
                "messages came while the transport was not open", where=str(self.relay), retryable=False
            )
        await asyncio.wait({batch.is_settled, *self._workers}, return_when=asyncio.FIRST_COMPLETED)
        for worker in self._workers:
            if worker.done():
                worker.result()  # a defect in a worker must not look like a slow relay
        await batch.is_settled

    async def _work(self, session: Session | None) -> None:
        """Carries parcels from the line over one connection after another, until the transport closes."""
        refusals = 0
        try:
            while await self._work_comes():
                try:
                    if session is None or session.wire.is_lost:
                        self._forget(session)
                        session = await self._connect()
                        refusals = 0
                    await carry(session, self._take, self._window)
                except ConnectionLost as lost:
                    if session:
                        self._settle_lost(session, lost)
                except DeliveryError as unreachable:
                    session = None
                    refusals += 1
                    await self._rest(unreachable, refusals)
        finally:
            if session:
                await self._part(session)

    async def _work_comes(self) -> bool:
        """Waits until a parcel waits (True), or the transport closes with none left (False)."""
        while not self._waiting:
            if self._is_closing:
                return False
            self._has_work.clear()
            await self._has_work.wait()
        return True

    async def _connect(self) -> Session:
        opened = await connect(self.relay, self._tls_context, self._connect_timeout_s)
        self._offers = opened.offers
        session = Session(opened.wire, opened.offers, self._patience)
        self._sessions.add(session)
        return session

    def _forget(self, session: Session | None) -> None:
        if session:
            self._sessions.discard(session)

    def _take(self) -> Parcel | None:
        while self._waiting:
            parcel = self._waiting.popleft()
            if not parcel.is_withdrawn:
                return parcel
        return None

    def _settle_lost(self, session: Session, lost: ConnectionLost) -> None:
        """What has no reply: doubtful where it was handed over, else tried once more, then given back."""
        self._forget(session)
        if session.in_flight:
            session.in_flight[0].losses += 1  # those behind it were not even looked at
        for parcel in reversed(session.in_flight):
            if parcel.is_handed_over:
                parcel.settle(delivery(parcel.message, Outcome.UNKNOWN, lost.what, lost.code))
            elif parcel.losses < MAX_LOSSES and not parcel.is_withdrawn:
                self._waiting.appendleft(parcel)
            else:
                parcel.settle(delivery(parcel.message, Outcome.RETRY, lost.what, lost.code))
        session.in_flight.clear()
        self._has_work.set()

    async def _rest(self, unreachable: DeliveryError, refusals: int) -> None:
        """After a refused connection: others go on where there are some, else nobody can carry anything."""
        if any(not session.wire.is_lost for session in self._sessions):
            await self._clock.sleep(PAUSES_S[min(refusals, len(PAUSES_S)) - 1])
        else:
            self._refuse_waiting(unreachable.what)

    def _refuse_waiting(self, why: str) -> None:
        while parcel := self._take():
            parcel.settle(delivery(parcel.message, Outcome.RETRY, why))

    async def _part(self, session: Session) -> None:
        """Says goodbye; whatever is under way still (we are being cancelled) is told as lost."""
        self._forget(session)
        try:
            if not session.in_flight:
                await session.ask(b"QUIT\r\n", self._patience.goodbye_s)
        except ConnectionLost:
            pass  # nothing depends on it
        self._settle_lost(session, session.wire.break_off("the transport was closed"))


class _Batch:
    """The messages of one `deliver` call, until all are settled."""

    def __init__(self, messages: Sequence[Message], on_delivery: OnDelivery | None) -> None:
        self._on_delivery = on_delivery
        self._deliveries: list[Delivery | None] = [None] * len(messages)
        self._open = len(messages)
        self.is_settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.parcels = [Parcel(message, partial(self._settle, place)) for place, message in enumerate(messages)]
        if not messages:
            self.is_settled.set_result(None)

    def deliveries(self) -> list[Delivery]:
        return [told for told in self._deliveries if told is not None]

    def _settle(self, place: int, told: Delivery) -> None:
        self._deliveries[place] = told
        self._open -= 1
        if self._on_delivery:
            self._on_delivery(told)
        if not self._open and not self.is_settled.done():
            self.is_settled.set_result(None)
