"""`GET|POST /api/content/{template}/{customer_id}`: a template of the project, rendered for one customer.

The template is the query: it says which fields are read. Only its HTML is answered.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.asked import Asked, has
from livemerge.api.identity import wrong_with
from livemerge.api.refusal import CREDENTIALS, PRIVATE, Refusal
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving, Timing
from livemerge.api.selection import Selection
from livemerge.api.simulate import simulation_of
from livemerge.app import NOBODY, Livemerge
from livemerge.campaign import Mailing
from livemerge.config import TEMPLATES
from livemerge.errors import AbortCampaign, ConfigError, ForbiddenError, SkipRecipient, SourceError, TemplateError
from livemerge.fetch import render_fetching
from livemerge.message import Recipient
from livemerge.values import Key, Profile, Verdict

MAX_KEPT: Final = 100  # compiled templates
LOOKED_AT_S: Final = 1.0  # how long a changed file may go unseen
SHARED_S: Final = 60  # content without any customer's data, in a CDN
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Compiled:
    mailing: Mailing
    stamp: tuple[tuple[str, int, int], ...]  # of all template files: one may include others


class Contents:
    """Compiled templates of a project, made again when a file changes."""

    def __init__(self, project: Livemerge) -> None:
        self._project = project
        self._kept: OrderedDict[str, _Compiled] = OrderedDict()
        self._stamp: tuple[tuple[str, int, int], ...] = ()
        self._looked_at_s = float("-inf")  # monotonic

    def mailing(self, name: str) -> Mailing:
        """The compiled template. Raises Refusal where there is none, TemplateError where it cannot be compiled."""
        stamp = self._current()
        known = self._kept.get(name)
        if known is not None and known.stamp == stamp:
            self._kept.move_to_end(name)
            return known.mailing
        files = [path for path, _, _ in stamp]
        if name not in files:  # never a path: what is no template of the project is not looked for
            raise Refusal(400, f"there is no template `{name[:80]}`", "`livemerge check` lists them.")
        mailing, _ = self._project.mailing(name)
        self._kept[name] = _Compiled(mailing, stamp)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return mailing

    def _current(self) -> tuple[tuple[str, int, int], ...]:
        now_s = self._project.clock.monotonic_s()
        if now_s - self._looked_at_s > LOOKED_AT_S:
            folder = self._project.settings.root / TEMPLATES
            self._stamp = tuple(_stamped(path, folder) for path in self._project.template_files())
            self._looked_at_s = now_s
        return self._stamp


def _stamped(path: Path, folder: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except OSError:
        return (path.relative_to(folder).as_posix(), -1, -1)
    return (path.relative_to(folder).as_posix(), status.st_mtime_ns, status.st_size)


class ContentReader:
    """Answers with rendered templates of one project."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving
        self._project = resolving.project
        self._contents = Contents(resolving.project)

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """The HTML; no octet where this customer gets none. Raises Refusal, AccessError."""
        name, key = asked.parts
        grant.require(f"content:{name[:200]}")
        if problem := wrong_with(key):
            raise Refusal(400, problem, "GET /api/content/TEMPLATE/CUSTOMER, both percent-encoded")
        grant.require_customers((key,))
        mailing = self._mailing(name)
        self._refuse_private(mailing, grant)
        simulation, timing = simulation_of(asked, grant), Timing()
        deadline_s, names = self._resolving.deadline_s(grant), tuple(sorted(mailing.binding.fields))
        selection = self._selection(mailing)
        found = await self._resolving.profiles(
            [key], selection, deadline_s, timing, asks_sources=grant.asks_sources, simulation=simulation
        )
        self._resolving.note(asked, grant, names, {key: found[key].is_found})
        taken_s = self._project.clock.monotonic_s() - asked.started_s
        html = await self._rendered(mailing, found[key], max(0.0, deadline_s - taken_s))
        return self._reply(asked, name, mailing, html, timing)

    def _mailing(self, name: str) -> Mailing:
        try:
            return self._contents.mailing(name)
        except TemplateError as error:
            log.warning("content cannot be compiled", template=name, why=error.what)
            raise Refusal(500, f"the template `{name}` cannot be compiled", "`livemerge check` says why.") from None

    def _refuse_private(self, mailing: Mailing, grant: AccessGrant) -> None:
        fields = self._project.catalog.fields
        private = sorted(
            name for name in mailing.binding.fields if fields[name].is_private and name not in grant.private_fields
        )
        if private:
            advice = f"A key with it: livemerge keys create NAME --scope private:{private[0]}"
            raise ForbiddenError(f"the template reads `{private[0]}`, and the API key may not", advice=advice)

    def _selection(self, mailing: Mailing) -> Selection:
        fields = self._project.catalog.fields
        shown = tuple(fields[name] for name in sorted(mailing.binding.fields))
        return Selection(shown, frozenset(), {}, mailing.plan, tuple(field.name for field in shown))

    async def _rendered(self, mailing: Mailing, profile: Profile, left_s: float) -> str:
        """One customer's HTML; empty where a required field has no value, or the template says so, or it fails."""
        if profile.verdict is not Verdict.READY:
            return ""
        now, provided = self._project.clock.now(), _provided(mailing, profile.key)
        try:
            await mailing.refresh()
            html, _ = await render_fetching(
                lambda replies: mailing.html(profile, provided, now=now, replies=replies),
                self._project.fetch_client,
                deadline_s=left_s,
            )
        except (SkipRecipient, AbortCampaign):
            return ""
        except (TemplateError, ConfigError, SourceError) as error:
            log.warning("content was not rendered", template=mailing.template.name, why=error.what)
            return ""
        return html

    def _reply(self, asked: Asked, name: str, mailing: Mailing, html: str, timing: Timing) -> Reply:
        body = html.encode("utf-8", "replace")
        if _is_personal(mailing) or not body:
            return Reply(200, self._resolving.headers(asked, shapes.HTML, PRIVATE, timing), body)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'.encode()
        headers = (
            *self._resolving.headers(asked, shapes.HTML, f"public, max-age=0, s-maxage={SHARED_S}", timing),
            (b"etag", tag),
            (b"vary", CREDENTIALS),
            (b"surrogate-key", f"livemerge content content-{hashlib.sha256(name.encode()).hexdigest()[:16]}".encode()),
        )
        return Reply(304, headers, b"") if has(asked, tag) else Reply(200, headers, body)


def _provided(mailing: Mailing, key: Key) -> dict[str, str]:
    """What Livemerge gives the template. The address is not known here: the service that asks has it."""
    names = mailing.composer.names(Recipient(key, NOBODY))
    return {name: "" if given == NOBODY else given for name, given in names.items()}


def _is_personal(mailing: Mailing) -> bool:
    """Whether anything of the answer may be another for another customer, or at another moment's data."""
    template = mailing.template
    return bool(mailing.binding.fields or mailing.binding.provided or mailing.tables or template.may_fetch)
