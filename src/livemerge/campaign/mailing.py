"""What a campaign makes messages with: its compiled template, the fields it reads, the plan, and the composer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from livemerge.catalog import Binding, Catalog
from livemerge.message import Composer, Message, Recipient
from livemerge.plan import Plan, make_plan
from livemerge.template import MessageTemplate, Reply, Request, Trace
from livemerge.values import Profile


@dataclass(frozen=True, slots=True)
class Mailing:
    """Compiled once per run; composing and tracing keep no state."""

    template: MessageTemplate
    binding: Binding
    plan: Plan
    composer: Composer
    html_fields: frozenset[str]  # of type html: the only values that raw constructs may print raw

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

    def _data(self, profile: Profile, provided: Mapping[str, str]) -> dict[str, object]:
        """What the template reads for one customer."""
        values: Mapping[str, object] = profile.values
        if self.html_fields:
            values = dict(values) | {name: _markup(values.get(name)) for name in self.html_fields}
        return self.binding.data(values, provided)


def make_mailing(catalog: Catalog, template: MessageTemplate, composer: Composer) -> Mailing:
    """The mailing of a template. Paths the catalog does not know stay unbound: `check` reports them."""
    binding = catalog.bind(template.fields)
    html = frozenset(name for name in binding.fields if catalog.fields[name].type == "html")
    return Mailing(template, binding, make_plan(catalog, binding.fields), composer, html)


def _markup(value: object) -> object:
    return Markup(value) if isinstance(value, str) else value
