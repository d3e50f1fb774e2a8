"""Settings → objects: the one place that picks concrete parts. A project, opened, as a library."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from livemerge import config
from livemerge.access import (
    AccessLog,
    AccessTokens,
    Admission,
    Guesses,
    Keys,
    Shares,
    Signatures,
    Unusual,
)
from livemerge.campaign import (
    DEFAULT_OCCURRENCE,
    Ledger,
    Mailing,
    Parts,
    Progress,
    Summary,
    latest_occurrence,
    make_mailing,
    read_audience,
    run_campaign,
)
from livemerge.campaign.explain import Explanation, explain
from livemerge.campaign.suppressions import Suppressions
from livemerge.catalog import Catalog, DataExtension, load_catalog
from livemerge.check import check_template, describe, finding_of, has_errors
from livemerge.clock import Clock, SystemClock
from livemerge.config import Settings, load_campaign, load_settings
from livemerge.deliver import Delivery, MaildirTransport, SmtpTransport, Transport
from livemerge.deliver.smtp.relay import parse_relay
from livemerge.errors import (
    AudienceError,
    CampaignError,
    ConfigError,
    DeliveryError,
    SourceError,
    TemplateError,
    nearest,
    nearest_or_all,
)
from livemerge.events import EVERY_SOURCE, Changes, EventStore
from livemerge.fetch import FetchClient, Fetched, make_fetch_client, render_fetching
from livemerge.message import Composer, Links, Message, Recipient, Sender, parse_sender
from livemerge.message.link_secret import kept_secret
from livemerge.observe.figures import Figures
from livemerge.plan import make_plan
from livemerge.resolve import Cache, Extensions, Fault, Glances, Heeding, Overrides, Resolver
from livemerge.resolve.feeds import Feeds
from livemerge.resolve.quota import StoreQuota
from livemerge.resolve.remote import Tier
from livemerge.sources import Source, make_source
from livemerge.sources.credential import Credential, checked_headers, read_credential
from livemerge.sources.source import unaskable
from livemerge.sources.whole_table import WholeTable, read_whole
from livemerge.store import Store, open_store
from livemerge.template import Finding, MessageTemplate, Trace, compile_message
from livemerge.template.included import FOLDER, is_piece
from livemerge.values import Key, Profile

API_DEADLINE_S: Final = 0.15  # so that 200 ms hold with the network
PREVIEW_DEADLINE_S: Final = 5.0
DEFAULT_PUBLIC_URL: Final = "http://127.0.0.1:8080"
SECRET_FILE: Final = ".livemerge-secret"
NOBODY: Final = "nobody@example.com"  # stands for the address where a message is only looked at
PREVIEW: Final = "preview"  # campaign and occurrence in the links of messages outside a campaign


@dataclass(frozen=True, slots=True)
class Rendered:
    """One customer's message as text."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The message a customer would get now, and everything about it."""

    message: Message
    profile: Profile
    traces: Mapping[str, Trace]  # by part: subject, html, text
    made_at: datetime
    fetched: tuple[Fetched, ...] = ()  # what the template asked over the network

    @property
    def rendered(self) -> Rendered:
        return Rendered(*(self.traces[part].text for part in ("subject", "html", "text")))


@dataclass(frozen=True, slots=True)
class Checked:
    """One template or campaign and what `check` says of it."""

    name: str
    findings: tuple[Finding, ...]
    plan: str = ""
    error: str = ""  # where it does not even compile

    @property
    def is_sendable(self) -> bool:
        return not self.error and not has_errors(self.findings)


def check_file(path: Path, language: str = "", dialect: str = "") -> Checked:
    """What is wrong with one template that belongs to no project. Raises ConfigError where there is no such file."""
    try:
        text = _text_of(path, str(path))
        template = compile_message(text, name=str(path), language=language or None, dialect=dialect or None)
    except OSError as error:
        advice = "Check its path; a project's templates are read from its folder."
        raise ConfigError(f"`{path}` cannot be read: {error.strerror}", advice=advice) from error
    except TemplateError as error:
        return Checked(str(path), (finding_of(error),), error=str(error))
    return Checked(
        str(path), tuple(check_template(template, text, None)), f"reads {', '.join(sorted(template.fields))}"
    )


def _text_of(path: Path, shown: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        what = f"not UTF-8 text (byte {error.start})"
        raise TemplateError(what, where=shown, advice="Save it as UTF-8; a picture is no template.") from None


class Livemerge:
    """An open project. Close it, or use it as an async context."""

    def __init__(self, settings: Settings, catalog: Catalog, store: Store, clock: Clock) -> None:
        self.settings = settings
        self.catalog = catalog
        self.store = store
        self.clock = clock
        self._eight_bit: dict[str, bool] = {}

    @classmethod
    def open(cls, path: str | Path, *, clock: Clock | None = None, public_url: str = "") -> Livemerge:
        """The project in the folder `path`. Raises ConfigError, StoreError. Connects to nothing yet.

        public_url: where this process serves the links in messages, for projects whose [public] names no url.
        """
        settings = load_settings(Path(path).resolve())
        if public_url and not settings.public.url:
            settings = replace(settings, public=replace(settings.public, url=public_url))
        return cls(settings, load_catalog(settings), _open_store(settings), clock or SystemClock())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Gives back connections and files."""
        if "resolver" in self.__dict__:
            await self.resolver.close()
        if "sources" in self.__dict__:
            await asyncio.gather(*(source.close() for source in self.sources.values()))
        if "fetch_client" in self.__dict__:
            await self.fetch_client.close()
        if "cache" in self.__dict__:
            await self.cache.close()
        if "feeds" in self.__dict__:
            await self.feeds.close()
        self.store.close()

    # -- parts, made when first needed -------------------------------------------------------------------------

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """The project's sources by name. Raises ConfigError where a secret is missing."""
        return {name: self._make_source(name, section) for name, section in self.settings.source.items()}

    @cached_property
    def fetch_client(self) -> FetchClient:
        """Asks what templates fetch. Raises ConfigError where a secret is missing."""
        try:
            return make_fetch_client(self.settings.fetch, read_secret=self._read_secret, clock=self.clock)
        except ConfigError as error:
            where = self.settings.where(*error.where.split("."))
            raise ConfigError(error.what, where=where, advice=error.advice) from error

    @cached_property
    def cache(self) -> Cache:
        """What sources said. Raises ConfigError where the shared cache's address is wrong."""
        return Cache(self.catalog, self.clock, self.store, shared=self._shared_cache())

    @cached_property
    def resolver(self) -> Resolver:
        quotas = {
            name: StoreQuota(name, self.store, self.clock, per_s=section.quota.per_s, per_day=section.quota.per_day)
            for name, section in self.settings.source.items()
            if isinstance(section, config.HttpSource | config.SqlSource) and section.quota is not None
        }
        return Resolver(
            self.catalog, self.sources, self.cache, self.overrides, self.clock, quotas=quotas, heeding=self.heeding
        )

    @cached_property
    def heeding(self) -> Heeding:
        return Heeding(self.changes, self.store, self.clock)

    @cached_property
    def glances(self) -> Glances:
        return Glances(self.catalog, self.cache, self.overrides, self.clock)

    @cached_property
    def unasked(self) -> Mapping[str, Fault]:
        """Every source as if it were down: with these the resolver gives what is known, and asks nobody."""
        return dict.fromkeys(self.settings.source, Fault(is_down=True))

    @cached_property
    def extensions(self) -> Extensions:
        """The project's data extensions, read when first looked up."""
        return Extensions(self.catalog.extensions, self.settings.root, self._read_extension, self.clock)

    @cached_property
    def feeds(self) -> Feeds:
        """The project's feeds, read when first asked for."""
        return Feeds(self.catalog.feeds, self.settings.root, self._read_feed, self.clock)

    @cached_property
    def cdn_credential(self) -> Credential:
        """What proves to the CDN who purges. Raises ConfigError where a secret is missing or cannot be sent."""
        try:
            checked_headers(self.settings.cdn.headers, "cdn.headers")
            return read_credential(
                self.settings.cdn.auth, where="cdn.auth", read_secret=self._read_secret, clock=self.clock
            )
        except ConfigError as error:
            raise ConfigError(error.what, where=self.settings.where("cdn"), advice=error.advice) from error

    @cached_property
    def overrides(self) -> Overrides:
        return Overrides(self.catalog, self.clock, self.store)

    @cached_property
    def suppressions(self) -> Suppressions:
        return Suppressions(self.store, self.clock)

    @cached_property
    def events(self) -> EventStore:
        """What customers did. Whom an event is about is asked for anew by every process."""
        sources = [name for name, section in self.settings.source.items() if isinstance(section, config.EventsSource)]
        return EventStore(self.store, self.clock, self.changes, sources=sources)

    @cached_property
    def changes(self) -> Changes:
        """Of whom something changed: told here, heeded by the resolver of every process."""
        kept_s = [field.max_age_s + field.stale_for_s for field in self.catalog.fields.values()]
        return Changes(self.store, self.clock, keep_s=max(kept_s, default=0.0))

    @cached_property
    def keys(self) -> Keys:
        return Keys(self.store, self.clock)

    @cached_property
    def access_log(self) -> AccessLog:
        told = self.settings.access
        keep_s = config.parse_duration_s(told.keep) or 0.0
        return AccessLog(self.store, self.clock, self.unusual, keep_s=keep_s, keep_rows=told.keep_rows)

    @cached_property
    def unusual(self) -> Unusual:
        told = self.settings.access
        return Unusual(self.store, self.clock, ids_per_hour=told.ids_per_hour, misses=told.misses)

    @cached_property
    def access_tokens(self) -> AccessTokens:
        return AccessTokens(self.store, self.keys, self.clock, lambda: self.link_secret)

    @cached_property
    def signatures(self) -> Signatures:
        return Signatures(self.keys, self.clock, lambda: self.link_secret)

    @cached_property
    def admission(self) -> Admission:
        """Decides what each request may do."""
        told = self.settings.access
        return Admission(
            self.keys,
            self.access_tokens,
            self.signatures,
            Guesses(self.clock, most_per_minute=told.wrong_keys_per_minute),
            Shares(self.clock, burst_s=told.burst_s),
            self.unusual,
            self.clock,
            rate_per_s=told.rate_per_s,
            proxies=told.proxies,
        )

    @cached_property
    def link_secret(self) -> bytes:
        """Signs the links in messages: the declared secret, or one made once and kept readable by its owner only."""
        if self.settings.public.secret:
            return self._read_secret(self.settings.public.secret, self.settings.where("public", "secret")).encode()
        return kept_secret(self.settings.root / SECRET_FILE)

    @cached_property
    def links(self) -> Links:
        return Links(self.settings.public.url or DEFAULT_PUBLIC_URL, self.link_secret)

    # -- what a project does ---------------------------------------------------------------------------------

    async def profile(
        self,
        key: Key,
        fields: Iterable[str] | None = None,
        *,
        deadline_s: float = API_DEADLINE_S,
        faults: Mapping[str, Fault] | None = None,
        figures: Figures | None = None,
    ) -> Profile:
        """One customer's profile: these fields, or all that are not private. Raises ConfigError for unknown names."""
        _refuse_no_key(key)
        found = await self.profiles([key], fields, deadline_s=deadline_s, faults=faults, figures=figures)
        return found[key]

    async def profiles(
        self,
        keys: Iterable[Key],
        fields: Iterable[str] | None = None,
        *,
        deadline_s: float = API_DEADLINE_S,
        faults: Mapping[str, Fault] | None = None,
        figures: Figures | None = None,
    ) -> Mapping[Key, Profile]:
        """Profiles of several customers, under one deadline."""
        names = self.public_fields() if fields is None else list(fields)
        for name in names:
            if name not in self.catalog.fields:
                raise ConfigError(f"there is no field `{name}`", advice=nearest_or_all(name, self.catalog.fields))
        plan = make_plan(self.catalog, names)
        return await self.resolver.resolve(
            plan, list(dict.fromkeys(keys)), deadline_s=deadline_s, faults=faults, figures=figures
        )

    async def tell_changed(self, keys: Sequence[Key], source: str | None = None) -> None:
        """Something changed for these keys, in one source or any: every process asks for them anew, within a second
        or so. Raises StoreError."""

        def tell() -> None:
            with self.store.impatient():
                self.changes.tell([EVERY_SOURCE if source is None else source], keys)

        await self.store.apart(tell)
        self.resolver.forget(self.changes.told_here())

    def public_fields(self) -> list[str]:
        """The customer's fields that need no scope of their own; what items of lists gain comes with their list."""
        return sorted(name for name, field in self.catalog.fields.items() if not field.is_private and not field.item_of)

    async def render(self, template: str, key: Key, *, address: str = NOBODY) -> Rendered:
        """One customer's message of a template, as text."""
        return (await self.preview(template, key, address=address)).rendered

    async def preview(
        self,
        template: str,
        key: Key,
        *,
        address: str = NOBODY,
        campaign: config.Campaign | None = None,
        deadline_s: float = PREVIEW_DEADLINE_S,
        faults: Mapping[str, Fault] | None = None,
    ) -> Preview:
        """The message one customer would get now; with a campaign, exactly that campaign's."""
        _refuse_no_key(key)
        mailing, _ = self.mailing(template, campaign)
        profiles = await self.resolver.resolve(mailing.plan, [key], deadline_s=deadline_s, faults=faults)
        await mailing.refresh()
        takes_8bit = await self._takes_8bit(campaign.transport) if campaign else True
        recipient, made_at = Recipient(key, address), self.clock.now()
        profile = profiles[key]
        message, fetches = await render_fetching(
            lambda replies: mailing.compose(recipient, profile, now=made_at, takes_8bit=takes_8bit, replies=replies),
            self.fetch_client,
            deadline_s=deadline_s - profile.spent_s,
        )
        traces = mailing.trace(recipient, profile, now=made_at, replies=fetches.replies)
        return Preview(message, profile, traces, made_at, fetches.fetched)

    async def send(
        self,
        campaign: str | Path,
        *,
        on_progress: Callable[[Progress], None] | None = None,
        stop: asyncio.Event | None = None,
        accept_changes: bool = False,
    ) -> Summary:
        """Sends a campaign file to everybody it has not reached. Raises LivemergeError; the ledger stays right."""
        declared = self.campaign(campaign)
        mailing, text = self._sendable_mailing(declared)
        await mailing.refresh()
        self._refuse_public_relay(declared.transport)
        occurrence = declared.occurrence or DEFAULT_OCCURRENCE
        parts = Parts(
            campaign=declared,
            mailing=mailing,
            template_text=text,
            catalog_digest=self._catalog_digest(),
            audience=lambda: read_audience(declared.audience, self.settings.root, self.settings.source),
            ledger=Ledger(self.store, self.clock, declared.name, occurrence, uuid4().hex),
            resolver=self.resolver,
            transport=self.transport(declared.transport),
            clock=self.clock,
            store=self.store,
            fetch_client=self.fetch_client if mailing.template.may_fetch else None,
        )
        return await run_campaign(
            parts,
            on_progress=on_progress or (lambda progress: None),
            stop=stop or asyncio.Event(),
            accept_changes=accept_changes,
        )

    async def deliver(self, transport: str, messages: Iterable[Message]) -> list[Delivery]:
        """Hands messages over outside any campaign: tests. Raises ConfigError, DeliveryError."""
        self._refuse_public_relay(transport)
        opened = self.transport(transport)
        await opened.open()
        try:
            return list(await opened.deliver(list(messages)))
        finally:
            await opened.close()

    def explain(self, campaign: str, key: Key, occurrence: str | None = None) -> Explanation:
        """Why a customer's message was as it was. Raises CampaignError where there is none."""
        occurrence = occurrence or self._latest(campaign)
        ledger = self.ledger(campaign, occurrence)
        sender = Sender(NOBODY, "")
        return explain(
            ledger,
            key,
            self.catalog,
            lambda template: Composer(template, sender, self.links, campaign=campaign, occurrence=occurrence),
            self.extensions,
        )

    def ledger(self, campaign: str, occurrence: str | None = None) -> Ledger:
        """The ledger of a run, to be read. Raises CampaignError where there is none."""
        found = Ledger(self.store, self.clock, campaign, occurrence or self._latest(campaign), "")
        if found.run() is None:
            raise CampaignError(f"campaign `{campaign}` has no occurrence `{occurrence}`")
        return found

    def _latest(self, campaign: str) -> str:
        occurrence = latest_occurrence(self.store, campaign)
        if occurrence is None:
            raise CampaignError(f"campaign `{campaign}` has not run", advice="`livemerge campaigns ls` lists what has.")
        return occurrence

    # -- campaigns and templates -----------------------------------------------------------------------------

    def campaign(self, path: str | Path) -> config.Campaign:
        """A campaign file, relative to the project or to the working directory. Raises ConfigError."""
        root = self.settings.root
        found = next((place for place in (root / path, Path(path).absolute()) if _is_there(place)), None)
        if found is None:
            known = [str(file.relative_to(root)) for file in self.campaign_files()]
            raise ConfigError(f"there is no campaign file `{path}`", advice=nearest_or_all(str(path), known))
        return load_campaign(found, root)

    def campaign_files(self) -> list[Path]:
        return sorted((self.settings.root / "campaigns").glob("*.toml"))

    def template_files(self) -> list[Path]:
        """The project's messages; files that are marked as pieces of them are none."""
        folder = self.settings.root / config.TEMPLATES
        files = config.template_files(self.settings.root)
        return [path for path in files if not is_piece(path.relative_to(folder).as_posix())]

    def template(
        self, name: str | Path, language: str | None = None, dialect: str | None = None
    ) -> tuple[MessageTemplate, str]:
        """A template of the project, compiled, and its text. `name` is relative to templates/ or to the project.

        language, dialect: of a file that does not say it itself.
        """
        path = self._template_path(name)
        shown = self._shown(path)
        text = _text_of(path, shown)
        files = config.template_texts(self.settings.root)
        return compile_message(text, name=shown, language=language or None, dialect=dialect or None, files=files), text

    def mailing(self, template: str | Path, campaign: config.Campaign | None = None) -> tuple[Mailing, str]:
        """What messages of a template are made with, and the template's text."""
        compiled, text = self.template(template, campaign.language if campaign else None)
        sender = parse_sender(campaign.sender, campaign.reply_to) if campaign else Sender(NOBODY, "")
        composer = Composer(
            compiled,
            sender,
            self.links,
            campaign=campaign.name if campaign else PREVIEW,
            occurrence=(campaign.occurrence or DEFAULT_OCCURRENCE) if campaign else PREVIEW,
            list_id=campaign.list_id if campaign else "",
        )
        return make_mailing(self.catalog, compiled, composer, self._included(compiled), self.extensions), text

    def _included(self, template: MessageTemplate) -> dict[str, str]:
        """The texts of the files a template includes, by their paths below templates/."""
        if not template.included:
            return {}
        files = config.template_texts(self.settings.root)
        return {path: text for path, text in files.items() if f"{FOLDER}{path}" in template.included}

    def check(self, names: Iterable[str | Path] = (), language: str = "", dialect: str = "") -> list[Checked]:
        """What is wrong with these templates, or with all; and that every campaign file can be read.

        language, dialect: of files that do not say it themselves.
        """
        checked = [self._check_one(name, language, dialect) for name in names or self.template_files()]
        for path in [] if names else self.campaign_files():
            checked += self._check_campaign(path)
        return checked

    def transport(self, name: str) -> Transport:
        """A transport by its name, not yet open. Raises ConfigError."""
        section = self._transport_section(name)
        where = f"transport.{name}"
        if isinstance(section, config.Maildir):
            return MaildirTransport(self.settings.root / section.path)
        with self._placed("transport", name):
            return SmtpTransport(
                section.url,
                user=self._read_secret(section.user, where) if section.user else "",
                password=self._read_secret(section.password, where) if section.password else "",
                tls_verify=section.tls_verify,
                connections=section.connections,
                connect_timeout_s=section.connect_timeout_ms / 1000,
                clock=self.clock,
            )

    # -- below here nobody else looks ------------------------------------------------------------------------

    def _check_one(self, name: str | Path, language: str, dialect: str) -> Checked:
        shown = self._shown(self._template_path(name))
        try:
            template, text = self.template(name, language, dialect)
        except TemplateError as error:
            return Checked(shown, (finding_of(error),), error=str(error))
        binding = self.catalog.bind(template.fields)
        findings = tuple(self._findings(template, text))
        return Checked(shown, findings, str(make_plan(self.catalog, binding.fields)))

    def _findings(self, template: MessageTemplate, text: str) -> list[Finding]:
        """All that `check` says of a template."""
        return check_template(template, text, self.catalog, self.settings.fetch, self.extensions.columns)

    def _check_campaign(self, path: Path) -> list[Checked]:
        shown = str(path.relative_to(self.settings.root))
        try:
            campaign = self.campaign(path)
            self._template_path(campaign.template)
            self._check_transport(campaign.transport)
            parse_sender(campaign.sender, campaign.reply_to)
        except (ConfigError, TemplateError) as error:
            return [Checked(shown, (finding_of(error),), error=str(error))]
        return [Checked(shown, ())]

    def _sendable_mailing(self, campaign: config.Campaign) -> tuple[Mailing, str]:
        """The campaign's mailing; refuses a template with errors, saying all of them."""
        mailing, text = self.mailing(campaign.template, campaign)
        errors = [finding for finding in self._findings(mailing.template, text) if finding.severity == "error"]
        if errors:
            shown = "\n".join(describe(mailing.template.name, finding) for finding in errors[:5])
            raise CampaignError(
                f"the template has {len(errors)} errors; nobody was mailed\n{shown}",
                where=campaign.template,
                advice="`livemerge check` shows all of them.",
            )
        return mailing, text

    async def _takes_8bit(self, transport: str) -> bool:
        """What the transport's receiver takes, asked once; so that a preview has the octets that would be sent."""
        if transport not in self._eight_bit:
            opened = self.transport(transport)
            try:
                await opened.open()
                self._eight_bit[transport] = opened.takes_8bit
            except DeliveryError:
                return True  # nothing can be sent there now, so nothing can differ
            finally:
                await opened.close()
        return self._eight_bit[transport]

    def _refuse_public_relay(self, name: str) -> None:
        """Real people must be able to unsubscribe: without a public address their links would lead nowhere."""
        transport = self.transport(name)
        public = self.settings.public
        if (
            isinstance(transport, SmtpTransport)
            and not transport.relay.is_loopback
            and not (public.url and public.secret)
        ):
            raise ConfigError(
                "the relay is not on this machine, but [public] is not set",
                where=self.settings.where("transport", name, "url"),
                advice='Set [public] url = "https://…" and secret = "env:…": unsubscribe links need them.',
            )

    def _shown(self, path: Path) -> str:
        """A path as people read it: from the project's folder, where it is in there."""
        root = self.settings.root
        for folder, inside in ((root, path), (root.absolute(), path.absolute())):
            if inside.is_relative_to(folder):
                return str(inside.relative_to(folder))
        return str(path)

    def _template_path(self, name: str | Path) -> Path:
        root = self.settings.root
        for candidate in (root / "templates" / name, root / name, Path(name).absolute()):
            if _is_there(candidate) and candidate.is_file():
                return candidate
        known = [str(path.relative_to(root / "templates")) for path in self.template_files()]
        advice = nearest(str(name), known) or f"There are: {', '.join(known) or 'none'}."
        raise ConfigError(f"there is no template `{name}`", where="templates/", advice=advice)

    def _check_transport(self, name: str) -> None:
        """Refuses an address that leads nowhere. Reads no secrets: `check` runs where there are none."""
        section = self._transport_section(name)
        if not isinstance(section, config.Maildir):
            with self._placed("transport", name):
                parse_relay(section.url, tls_verify=section.tls_verify)

    @contextmanager
    def _placed(self, *keys: str) -> Iterator[None]:
        """A ConfigError that names only a key of this section is told with file and line."""
        try:
            yield
        except ConfigError as error:
            if error.where not in ("url", "ca_file"):
                raise
            raise ConfigError(error.what, where=self.settings.where(*keys, error.where), advice=error.advice) from error

    def _transport_section(self, name: str) -> config.Transport:
        section = self.settings.transport.get(name)
        if section is None:
            advice = nearest(name, self.settings.transport) or f"Declare [transport.{name}] in livemerge.toml."
            raise ConfigError(f"there is no transport `{name}`", advice=advice)
        return section

    def _make_source(self, name: str, section: config.Source) -> Source:
        """A source; what is wrong with it is told with file and line."""
        try:
            return make_source(
                name,
                section,
                root=self.settings.root,
                read_secret=self._read_secret,
                store=self.store,
                clock=self.clock,
            )
        except ConfigError as error:
            if error.where.startswith("source."):
                where = self.settings.where(*error.where.split("."))
                raise ConfigError(error.what, where=where, advice=error.advice) from error
            raise

    def _read_extension(self, extension: DataExtension) -> WholeTable:
        """A data extension's rows; what is wrong with it is told with file and line."""
        try:
            return read_whole(extension, root=self.settings.root, read_secret=self._read_secret)
        except (ConfigError, SourceError) as error:
            if error.where.startswith("data_extension."):
                error.where = self.settings.where("data_extension", extension.name)
            raise

    def _read_feed(self, rows: DataExtension) -> WholeTable:
        return read_whole(rows, root=self.settings.root, read_secret=self._read_secret)

    def _shared_cache(self) -> Tier | None:
        """The server that [cache] names. Who shares the store shares what is remembered."""
        url, where = self.settings.cache.url, self.settings.where("cache", "url")
        if not url:
            return None
        if find_spec("redis") is None:
            advice = "pip install 'livemerge[redis]'"
            raise ConfigError("the driver redis is not installed", where=where, advice=advice)
        from livemerge.resolve.redis_tier import RedisTier  # noqa: PLC0415  it takes half a second to load

        if url.startswith(("env:", "file:")):
            url = self._read_secret(url, where)
        return RedisTier(url, self.store.place, self.clock)

    def _read_secret(self, reference: str, where: str) -> str:
        return config.read_secret(reference, self.settings.root, where=where)

    def _catalog_digest(self) -> str:
        parts: list[object] = [self.settings.source, self.settings.field]
        if self.settings.data_extension:  # without any, the digest is that of runs from before there were some
            parts.append(self.settings.data_extension)
        declared = msgspec.json.encode(parts, order="deterministic")
        return hashlib.sha256(declared).hexdigest()


def _open_store(settings: Settings) -> Store:
    """The store that [store] names. Raises ConfigError, StoreError."""
    url = settings.store.url
    if url.startswith(("env:", "file:")):
        url = config.read_secret(url, settings.root, where=settings.where("store", "url"))
    if url.startswith("sqlite:///"):
        return open_store(settings.root / url.removeprefix("sqlite:///"))
    return open_store(url)


def _refuse_no_key(key: Key) -> None:
    if reason := unaskable([key]).get(key):
        raise AudienceError(reason, advice="Give the customer's key as the sources know it.")


def _is_there(path: Path) -> bool:
    """Whether there is such a file or folder; False too for names that no file system takes."""
    return os.path.exists(path)  # noqa: PTH110  Path.exists raises for a name that is too long
