"""One call of `send`, around the sending itself: prove, pin, lock, plan or go on, send, sum up."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import orjson

from livemerge.campaign.audience import Audience, Mistakes
from livemerge.campaign.ledger import Ledger, Pinned
from livemerge.campaign.lock import only_sender
from livemerge.campaign.mailing import Mailing
from livemerge.campaign.send import Progress, Send
from livemerge.campaign.summary import Summary
from livemerge.clock import Clock
from livemerge.config import Campaign
from livemerge.deliver import Transport
from livemerge.errors import CampaignError, StoreError
from livemerge.fetch import FetchClient
from livemerge.resolve import Resolver
from livemerge.store import Store

LOOK_AT_CLOCK_EVERY_S: Final = 60.0
DEFAULT_OCCURRENCE: Final = "once"  # campaigns that are neither recurring nor triggered have one


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of, chosen by the assembler."""

    campaign: Campaign
    mailing: Mailing
    template_text: str
    catalog_digest: str
    audience: Callable[[], Audience]
    ledger: Ledger
    resolver: Resolver
    transport: Transport
    clock: Clock
    store: Store
    fetch_client: FetchClient | None = None  # of templates that may fetch


async def run_campaign(
    parts: Parts,
    *,
    on_progress: Callable[[Progress], None],
    stop: asyncio.Event,
    accept_changes: bool = False,
) -> Summary:
    """Sends to everybody who has not been mailed. Raises CampaignError, AudienceError, DeliveryError, StoreError.

    Whatever is raised, the ledger is right: sending again goes on.
    """
    with only_sender(parts.store, parts.campaign.name, parts.ledger.occurrence):
        await _wait_for_start(parts, stop)
        await parts.transport.open()
        try:
            _plan_or_go_on(parts, accept_changes)
            return await _send(parts, on_progress, stop)
        finally:
            await parts.transport.close()


async def _send(parts: Parts, on_progress: Callable[[Progress], None], stop: asyncio.Event) -> Summary:
    ledger, clock = parts.ledger, parts.clock
    _expire_in_time(parts)
    progress = _progress(ledger)
    send = Send(
        parts.campaign,
        parts.mailing,
        ledger,
        parts.resolver,
        parts.transport,
        clock,
        progress=progress,
        on_progress=on_progress,
        stop=stop,
        fetch_client=parts.fetch_client,
    )
    ledger.set_state("running")
    on_progress(progress)
    started_s = clock.monotonic_s()
    with _stopped_by_failure(ledger):
        await send.run()
    return _sum_up(parts, send, clock.monotonic_s() - started_s)


@contextmanager
def _stopped_by_failure(ledger: Ledger) -> Iterator[None]:
    """Leaves a run that fails as `stopped`, unless the failure said itself what it is: `paused` by a brake."""
    try:
        yield
    except BaseException:
        with suppress(StoreError):  # what stopped us may be the store itself; that error is the one to show
            if (run := ledger.run()) and run["state"] == "running":
                ledger.set_state("stopped")
        raise


def _sum_up(parts: Parts, send: Send, seconds: float) -> Summary:
    """Closes the run, or leaves it open for another call, and says what became of it."""
    _expire_in_time(parts)
    states = parts.ledger.states()
    is_done = not (states["pending"] or states["retry"] or states["held"])
    parts.ledger.set_state("done" if is_done else "stopped")
    return Summary(
        parts.campaign.name,
        parts.campaign.occurrence or DEFAULT_OCCURRENCE,
        states,
        tuple(parts.ledger.reasons()),
        send.progress.sent,
        send.progress.failed,
        seconds,
        send.figures,
        is_stopped=states["pending"] > 0,
    )


async def _wait_for_start(parts: Parts, stop: asyncio.Event) -> None:
    """Waits for `send_at`. Raises CampaignError when told to stop before."""
    send_at = parts.campaign.send_at
    while send_at is not None and (left_s := (send_at - parts.clock.now()).total_seconds()) > 0:
        try:
            # Looked at again now and then: the machine's clock may be set meanwhile.
            async with asyncio.timeout(min(left_s, LOOK_AT_CLOCK_EVERY_S)):
                await stop.wait()
        except TimeoutError:
            continue
        raise CampaignError("stopped before its time; nobody was mailed", where=parts.campaign.name)


def _plan_or_go_on(parts: Parts, accept_changes: bool) -> None:
    """Plans a new run; or proves that nothing pinned was edited and settles what a dead process left in doubt."""
    run = parts.ledger.run()
    audience = parts.audience()
    pins = {
        "template": _digest(parts.template_text),
        "catalog": parts.catalog_digest,
        "audience": audience.digest,
        **{f"templates/{path}": _digest(text) for path, text in parts.mailing.included.items()},
    }
    template = parts.mailing.template
    included = orjson.dumps(parts.mailing.included).decode()
    pinned = Pinned(template.name, parts.template_text, template.language, orjson.dumps(pins).decode(), included)
    if run is None:
        mistakes = Mistakes()
        parts.ledger.plan(pinned, audience.members(mistakes), mistakes, audience.name)
        return
    before = orjson.loads(run["pins"])
    edited = [name for name in {**pins, **before} if before.get(name) != pins.get(name)]
    if edited and run["state"] != "done":
        if not accept_changes:
            raise CampaignError(
                f"{' and '.join(edited)} changed since this campaign was started",
                where=parts.campaign.name,
                advice="Undo the edit; or go on with it for those not yet mailed: --accept-changes; "
                "or start anew under another `name` or `occurrence`.",
            )
        parts.ledger.repin(pinned)
    parts.ledger.settle_doubt(resend=parts.campaign.on_unknown == "resend")
    parts.ledger.release_retries()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _expire_in_time(parts: Parts) -> None:
    """What was not sent by `expires_at` becomes a dead letter."""
    expires_at = parts.campaign.expires_at
    if expires_at is not None and parts.clock.now() >= expires_at:
        parts.ledger.expire()


def _progress(ledger: Ledger) -> Progress:
    states = ledger.states()
    open_states = states["pending"] + states["retry"] + states["held"]
    planned = sum(states.values())
    return Progress(planned=planned, settled=planned - open_states)
