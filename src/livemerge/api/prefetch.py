"""`POST /api/prefetch`: a view's data for an audience, fetched before a send, so that the burst finds it in the cache.

A job lives in the process that took it; what it fetched is in the cache. `GET /api/prefetch?job=…` says how far it is.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

import structlog

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.asked import Asked
from livemerge.api.body import body_of
from livemerge.api.identity import MAX_KEYS, as_key, keys_of, wrong_with
from livemerge.api.refusal import PRIVATE, Refusal, new_request_id
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving
from livemerge.api.selection import Selection, Selections
from livemerge.campaign import read_audience
from livemerge.campaign.audience import Mistakes
from livemerge.errors import LivemergeError, nearest_or_all
from livemerge.values import Key

CHUNK: Final = 500  # customers in one resolve, as in a campaign
PATIENCE_S: Final = 10.0  # for one chunk: nobody waits for the answer
MAX_RUNNING: Final = 2  # sources have their campaigns and readers too
MAX_KEPT: Final = 50  # jobs that are over, for who asks
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Job:
    """One prefetch and how far it is."""

    name: str
    view: str
    owner: str  # prefix of the key that asked for it
    total: int | None = None  # None: an audience that is read as it goes
    done: int = 0
    found: int = 0  # customers that a source knows
    unavailable: int = 0  # customers for whom a source gave no answer
    state: Literal["running", "done", "failed", "stopped"] = "running"
    why: str = ""


class Prefetcher:
    """Runs the prefetches of one process."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving
        self._project = resolving.project
        self._selections = Selections(resolving.project.catalog)
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """202 for a job taken, 200 for how far one is. Raises Refusal, AccessError."""
        grant.require("prefetch")
        if asked.method == "GET":
            return self._reply(asked, 200, self._job(asked, grant))
        body = body_of(asked)
        view = self._project.catalog.views.get(str(body.get("view")))
        if view is None:
            advice = nearest_or_all(str(body.get("view", "")), self._project.catalog.views)
            raise Refusal(400, "`view` names no view", advice)
        grant.require(f"view:{view.name}")
        if len(self._tasks) >= MAX_RUNNING:
            advice = "Wait until one is done: GET /api/prefetch?job=…"
            raise Refusal(429, f"{MAX_RUNNING} prefetches are under way", advice, retry_after_s=5)
        job = Job(new_request_id().replace("r_", "p_"), view.name, grant.prefix)
        keys = await self._keys(body, grant, job)
        self._start(job, keys, self._selections.select(view.fields, grant.private_fields))
        return self._reply(asked, 202, job)

    async def close(self) -> None:
        """Stops what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _job(self, asked: Asked, grant: AccessGrant) -> Job:
        job = self._jobs.get(asked.query.get("job", ""))
        if job is None or job.owner != grant.prefix:
            raise Refusal(404, "there is no such job here", "The process that took it may have ended; ask again.")
        return job

    async def _keys(self, body: Mapping[str, Any], grant: AccessGrant, job: Job) -> Callable[[], Iterable[Key]]:
        """What gives the job's customers. Raises Refusal."""
        if "campaign" in body:
            if grant.subject is not None:
                grant.require_customers([""])  # a signature for one customer is none for an audience
            return self._audience(str(body["campaign"]))
        given = keys_of(body)
        keys = list(dict.fromkeys(key for one in given if (key := as_key(one)) is not None and not wrong_with(key)))
        if not keys:
            raise Refusal(400, "none of `ids` is a customer's key", f"Send up to {MAX_KEYS} keys.")
        grant.require_customers(keys)
        job.total = len(keys)
        return lambda: keys

    def _audience(self, name: str) -> Callable[[], Iterable[Key]]:
        """The keys of a campaign file's audience. Only files in campaigns/ are read, whatever is asked for."""
        root = self._project.settings.root
        known = {path.relative_to(root).as_posix(): path for path in self._project.campaign_files()}
        path = known.get(name) or known.get(f"campaigns/{name}")
        if path is None:
            raise Refusal(400, f"there is no campaign file `{name[:80]}`", nearest_or_all(name[:80], known))
        section = self._project.campaign(path).audience

        def keys() -> Iterator[Key]:
            audience = read_audience(section, root, self._project.settings.source)
            return (member.key for member in audience.members(Mistakes()))

        return keys

    def _start(self, job: Job, keys: Callable[[], Iterable[Key]], selection: Selection) -> None:
        self._jobs[job.name] = job
        while len(self._jobs) > MAX_KEPT + MAX_RUNNING:
            self._jobs.popitem(last=False)
        task = asyncio.create_task(self._run(job, keys, selection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, job: Job, keys: Callable[[], Iterable[Key]], selection: Selection) -> None:
        """Chunk after chunk; what fails ends the job, never the process."""
        try:
            waiting = await asyncio.to_thread(lambda: iter(keys()))
            while chunk := await asyncio.to_thread(lambda: list(islice(waiting, CHUNK))):
                await self._fetch(job, chunk, selection)
        except asyncio.CancelledError:
            job.state = "stopped"
            raise
        except LivemergeError as error:
            job.state, job.why = "failed", error.what
            log.warning("a prefetch failed", job=job.name, view=job.view, why=error.what)
        else:
            job.state = "done"

    async def _fetch(self, job: Job, chunk: Sequence[Key], selection: Selection) -> None:
        found = await self._project.resolver.resolve(selection.plan, chunk, deadline_s=PATIENCE_S, waits_for_slots=True)
        job.done += len(chunk)
        job.found += sum(1 for profile in found.values() if profile.is_found)
        job.unavailable += sum(1 for profile in found.values() if profile.unavailable())

    def _reply(self, asked: Asked, status: int, job: Job) -> Reply:
        answer: dict[str, Any] = {
            "ok": job.state != "failed",
            "job": job.name,
            "view": job.view,
            "state": job.state,
            "total": job.done if job.total is None and job.state == "done" else job.total,
            "done": job.done,
            "found": job.found,
            "unavailable": job.unavailable,
            "request_id": asked.request_id,
        }
        answer |= {"why": job.why} if job.why else {}
        headers = self._resolving.headers(asked, shapes.JSON, PRIVATE)
        return Reply(status, headers, shapes.as_json(answer, is_ascii=False))
