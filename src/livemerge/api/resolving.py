"""Customers × fields → profiles in time, whatever sources and store do; and how long that took."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from livemerge.access import AccessGrant, AccessRow, BatchRow
from livemerge.api.asked import Asked
from livemerge.api.identity import NOBODY
from livemerge.api.prepared import PreparedAnswers
from livemerge.api.refusal import PRIVATE
from livemerge.api.reply import Reply
from livemerge.api.selection import Selection, Selections
from livemerge.api.simulate import LATE, fallback_profile, stale_profile
from livemerge.app import Livemerge
from livemerge.catalog import ESPS, View
from livemerge.errors import StoreError
from livemerge.observe.figures import Figures
from livemerge.values import Cause, Key, Profile

_NO_TOKEN: Final = re.compile(r"[^A-Za-z0-9_.-]")  # what a Server-Timing name may not have


class Timing(msgspec.Struct):
    """What the data of one answer took: all of it in seconds, and each source's part."""

    resolve_s: float = 0.0
    figures: Figures = msgspec.field(default_factory=Figures)


class Resolving:
    """Resolves for readers of one project, who share what they made: selections, and answers that are still right."""

    def __init__(self, project: Livemerge, deadline_s: float) -> None:
        self.project = project
        self.selections = Selections(project.catalog)
        self.prepared = PreparedAnswers(project.glances)
        self._deadline_s = deadline_s  # for who named no service

    def deadline_s(self, grant: AccessGrant, view: View | None = None) -> float:
        """How long data may take: as the view says, else the key's service, else the default."""
        if view is not None and view.deadline_s is not None:
            return view.deadline_s
        esp = ESPS.get(grant.profile)
        return esp.deadline_s if esp else self._deadline_s

    async def profiles(
        self,
        keys: Sequence[Key],
        selection: Selection,
        deadline_s: float,
        timing: Timing,
        *,
        asks_sources: bool = True,
        simulation: str = "",
    ) -> dict[Key, Profile]:
        """Profiles by key. asks_sources: False answers at once with what is known."""
        clock = self.project.clock
        if simulation == "miss":
            return {key: fallback_profile(key, selection, Cause.ABSENT, "simulated") for key in keys}
        if list(keys) == [NOBODY]:
            return {NOBODY: fallback_profile(NOBODY, selection, Cause.ABSENT, "this is no customer's key")}
        if simulation == "slow":
            await clock.sleep(deadline_s * LATE)
            return {key: fallback_profile(key, selection, Cause.LATE, "simulated") for key in keys}
        started_s = clock.monotonic_s()
        try:
            found = await self.project.resolver.resolve(
                selection.plan,
                keys,
                deadline_s=deadline_s if asks_sources else 0.0,
                faults=None if asks_sources else self.project.unasked,
                figures=timing.figures,
            )
        except StoreError:  # a mail waits for this answer
            return {key: fallback_profile(key, selection, Cause.ERROR, "the store failed") for key in keys}
        finally:
            timing.resolve_s = clock.monotonic_s() - started_s
        if simulation == "stale":
            return {key: stale_profile(profile, self.project.catalog.fields) for key, profile in found.items()}
        return found

    def note(self, asked: Asked, grant: AccessGrant, names: tuple[str, ...], found: Mapping[Key, bool]) -> None:
        """Who was read, in the access log. found: whether a source knows the customer."""
        now, append = self.project.clock.now(), self.project.access_log.append
        if len(found) == 1:
            ((key, is_found),) = found.items()
            append(AccessRow(now, grant.prefix, key, names, "ok" if is_found else "not_found", asked.remote))
            return
        for is_found, outcome in ((True, "ok"), (False, "not_found")):
            if keys := [key for key, was_found in found.items() if was_found is is_found]:
                append(BatchRow(now, grant.prefix, keys, names, outcome, asked.remote))

    def personal(self, asked: Asked, kind: str, body: bytes, timing: Timing | None = None) -> Reply:
        """An answer for its asker alone."""
        return Reply(200, self.headers(asked, kind, PRIVATE, timing), body)

    def headers(
        self, asked: Asked, kind: str, cache_control: str, timing: Timing | None = None
    ) -> tuple[tuple[bytes, bytes], ...]:
        """What every answer carries. Server-Timing in milliseconds: all of it, the data's part, and each source's
        slowest attempt."""
        total_ms = (self.project.clock.monotonic_s() - asked.started_s) * 1000
        return (
            (b"content-type", kind.encode()),
            (b"cache-control", cache_control.encode()),
            (b"x-request-id", asked.request_id.encode()),
            (b"server-timing", b"total;dur=%.1f%b" % (total_ms, _parts(timing) if timing else _AT_ONCE)),
        )


_AT_ONCE: Final = b", resolve;dur=0.0"


def _parts(timing: Timing) -> bytes:
    sources = (
        f", {_NO_TOKEN.sub('_', name)};dur={source.took_s.largest * 1000:.1f}"
        for name, source in sorted(timing.figures.sources.items())
    )
    return f", resolve;dur={timing.resolve_s * 1000:.1f}{''.join(sources)}".encode()
