"""What a campaign makes messages with: its compiled template, the fields it reads, the plan, and the composer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from livemerge.catalog import Binding, Catalog
from livemerge.clean import CleanData
from livemerge.message import Composer, Message, Recipient
from livemerge.plan import Plan, make_plan
from livemerge.resolve import Extensions
from livemerge.template import MessageTemplate, Reply, Request, Trace
from livemerge.template.ampscript import TABLES
from livemerge.values import Profile


@dataclass(frozen=True, slots=True)
class Mailing:
    """Compiled once per run; composing and tracing keep no state."""

    template: MessageTemplate
    binding: Binding
    plan: Plan
    composer: Composer
    html_fields: frozenset[str]  # of type html: the only values that raw constructs may print raw
    included: Mapping[str, str]  # texts of the files that the template includes, by their paths below templates/
    extensions: Extensions | None = None
    tables: tuple[str, ...] = ()  # data extensions that the template looks up, by the names it has for them

    async def refresh(self) -> None:
        """Reads the data extensions that are not there yet, or too old. Raises ConfigError, SourceError."""
        if self.extensions is not None and self.tables:
            await self.extensions.refresh(self.tables)

    def load(self) -> None:
        """As refresh, for who cannot wait."""
        if self.extensions is not None:
            self.extensions.load(self.tables)

    def compose(
        self,
        recipient: Recipient,
        profile: Profile,
        *,
        now: datetime,
        takes_8bit: bool,
        replies: Mapping[Request, Reply] | None = None,
    ) -> Message:
        """One customer's message. Raises TemplateError (SkipRecipient, AbortCampaign) as the template decides."""
        data = self._data(profile, {})
        return self.composer.compose(recipient, data, now=now, takes_8bit=takes_8bit, replies=replies)

    def rehearse(
        self, recipient: Recipient, profile: Profile, *, now: datetime, replies: Mapping[Request, Reply]
    ) -> None:
        """Raises Unanswered where one customer's message needs another reply; else what composing would raise."""
        self.composer.rehearse(recipient, self._data(profile, {}), now=now, replies=replies)

    def html(
        self,
        profile: Profile,
        provided: Mapping[str, str],
        *,
        now: datetime,
        replies: Mapping[Request, Reply],
    ) -> str:
        """The HTML alone. Raises TemplateError. provided: what Livemerge gives beside the fields."""
        return self.template.html.render(self._data(profile, provided), now=now, replies=replies)

    def trace(
        self,
        recipient: Recipient,
        profile: Profile,
        *,
        now: datetime,
        replies: Mapping[Request, Reply] | None = None,
    ) -> dict[str, Trace]:
        """Per part (subject, html, text): which value stands where, and which branches were taken."""
        data = self._data(profile, self.composer.names(recipient))
        return {name: part.trace(data, now=now, replies=replies) for name, part in self.template.parts.items()}

    def _data(self, profile: Profile, provided: Mapping[str, str]) -> CleanData:
        """What the template reads for one customer."""
        values: Mapping[str, object] = profile.values
        if self.html_fields:
            values = dict(values) | {name: _markup(values.get(name)) for name in self.html_fields}
        data = self.binding.data(values, provided)
        if self.extensions is not None and self.tables:
            data[TABLES] = self.extensions.tables(self.tables)
        return data


def make_mailing(
    catalog: Catalog,
    template: MessageTemplate,
    composer: Composer,
    included: Mapping[str, str] | None = None,
    extensions: Extensions | None = None,
) -> Mailing:
    """The mailing of a template. Paths the catalog does not know stay unbound: `check` reports them."""
    binding = catalog.bind(template.fields)
    html = frozenset(name for name in binding.fields if catalog.fields[name].type == "html")
    plan = make_plan(catalog, binding.fields)
    tables = _tables(template, catalog)
    return Mailing(template, binding, plan, composer, html, included or {}, extensions, tables)


def _tables(template: MessageTemplate, catalog: Catalog) -> tuple[str, ...]:
    """The data extensions a template looks up; all of them where a name is known only while rendering."""
    names = {name for lookup in template.lookups for name in lookup.tables}
    return tuple(sorted(catalog.extensions if None in names else filter(None, names)))


def _markup(value: object) -> object:
    return Markup(value) if isinstance(value, str) else value
