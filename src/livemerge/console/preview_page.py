"""The preview page: choose a message and a customer, see the mail, point at a value, turn sources off, send a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any, Final

import orjson
from markupsafe import Markup
from nicegui import ui

from livemerge.app import Livemerge
from livemerge.console import panels
from livemerge.console.annotate import annotate
from livemerge.console.origin import origins
from livemerge.console.sample import FAULTS, MAX_LISTED, Sample, Shown, customers, samples, show
from livemerge.deliver import Outcome
from livemerge.errors import LivemergeError
from livemerge.message import AddressFault, usable_address
from livemerge.resolve import Fault
from livemerge.values import MAX_KEY_CHARACTERS, Key

WIDTHS: Final = {640: "Desktop", 375: "Phone"}  # CSS pixels of the mail's frame
VIEWS: Final = {"mail": "Mail", "text": "Text", "source": "Source"}
SPEEDS: Final = {"normal": "Normal", "slow": "Slow 2 s", "off": "Off"}
_CSS: Final = files("livemerge.console").joinpath("preview.css").read_text(encoding="utf-8")
_JS: Final = files("livemerge.console").joinpath("preview.js").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the page is about, and where its tests go."""

    project: Livemerge
    inbox_url: str
    transport: str  # by its name; empty: the campaign's, or the project's first
    title: str


@dataclass(slots=True)
class Choice:
    """What the person at the page has chosen."""

    sample: Sample | None = None
    key: Key = ""
    addresses: dict[Key, str] = field(default_factory=dict)  # of the listed customers
    speeds: dict[str, str] = field(default_factory=dict)  # source → one of SPEEDS
    asked: int = 0  # previews asked for; only the last one's answer is shown

    def faults(self) -> dict[str, Fault]:
        return {source: fault for source, speed in self.speeds.items() if (fault := FAULTS[speed])}


class PreviewPage:
    """One browser tab's page."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._samples = samples(around.project)
        self._choice = Choice()
        self._shown: Shown | None = None
        self._panels: dict[str, ui.html] = {}
        self._sources_box: ui.element
        self._listed_sources: tuple[str, ...] = ()
        self._customer: ui.select
        self._views: dict[str, ui.element] = {}

    async def build(self) -> None:
        """Lays the page out and shows the first customer's mail."""
        ui.colors(primary="#1f5f8b")
        ui.add_css(_CSS)
        ui.add_body_html(f"<script>{_JS}</script>")
        self._bar()
        with ui.element("main").classes("lm-page"):
            with ui.element("div").classes("lm-left"):
                with ui.element("section").classes("lm-side lm-choose").props('aria-label="What to show"'):
                    self._chooser()
                with ui.element("section").classes("lm-side lm-try").props('aria-label="What to try"'):
                    self._source_controls()
                    self._test_controls()
            with ui.element("section").classes("lm-mail").props('aria-label="The mail"'):
                self._mail()
            with ui.element("section").classes("lm-side lm-told").props('aria-label="Where its values come from"'):
                self._told()
        ui.html('<div id="lm-card" class="lm-card" role="tooltip" hidden></div>', sanitize=False)
        await ui.context.client.connected()  # the page is there at once, whatever the sources do
        if self._samples:
            await self._choose_sample(next(iter(self._samples)))
        else:
            self._problem("There is no campaign and no template in this project.\n  `livemerge init` writes both.")

    # -- layout ----------------------------------------------------------------------------------------------

    def _bar(self) -> None:
        name = self._around.project.settings.root.name
        bar = Markup('<h1>{} <b>preview</b></h1><span class="lm-project">{}</span>').format(self._around.title, name)
        inbox = self._around.inbox_url
        if inbox.startswith(("http://", "https://")):
            bar += Markup('<a href="{}" target="_blank" rel="noreferrer">Inbox</a>').format(inbox)
        ui.html(bar, sanitize=False, tag="header").classes("lm-bar")

    def _chooser(self) -> None:
        ui.html("Message", sanitize=False, tag="h2")
        names = {name: _shown_name(sample) for name, sample in self._samples.items()}
        ui.select(
            names,
            value=next(iter(names), None),
            label="Campaign or template",
            on_change=lambda event: self._choose_sample(event.value),
        ).props("dense outlined options-dense").classes("lm-wide")
        ui.html("Customer", sanitize=False, tag="h2")
        self._customer = (
            ui.select(
                {},
                label="Search, or type a key",
                with_input=True,
                new_value_mode="add-unique",
                key_generator=str,
                on_change=lambda event: self._choose_customer(event.value),
            )
            .props("dense outlined options-dense behavior=menu")
            .classes("lm-wide")
        )
        with ui.element("div").classes("lm-row"):
            ui.button("Previous", on_click=lambda: self._step(-1)).props("flat dense no-caps icon=chevron_left")
            ui.button("Next", on_click=lambda: self._step(1)).props("flat dense no-caps icon-right=chevron_right")
        self._panels["customers"] = ui.html("", sanitize=False).classes("lm-hint")

    def _source_controls(self) -> None:
        ui.html("Sources", sanitize=False, tag="h2")
        self._sources_box = ui.element("div").classes("lm-sources")

    def _test_controls(self) -> None:
        ui.html("Test", sanitize=False, tag="h2")
        address = ui.input("Address of the test").props("dense outlined type=email autocomplete=email")
        address.classes("lm-wide")

        async def send() -> None:
            await self._send_test(address.value or "")

        address.on("keydown.enter", send)
        button = ui.button("Send this as a test", on_click=send).props("no-caps unelevated color=primary")
        button.classes("lm-wide").mark("send")
        said = ui.html("", sanitize=False).props('id="lm-sent" role="status" aria-live="polite"').classes("lm-hint")
        self._panels["sent"] = said
        hint = "Sends the very octets shown. Links in it work: unsubscribing there unsubscribes this customer."
        ui.html(hint, sanitize=False, tag="p").classes("lm-hint")

    def _mail(self) -> None:
        self._panels["head"] = ui.html("", sanitize=False).classes("lm-head")
        with ui.element("div").classes("lm-row lm-tools"):
            with ui.element("div").props('role="group" aria-label="Part of the mail"'):
                _toggle(VIEWS, lambda event: self._show_view(event.value))
            with ui.element("div").props('role="group" aria-label="Width of the mail"'):
                _toggle(WIDTHS, lambda event: _call("setWidth", event.value))
            ui.switch("Mark values", value=True, on_change=lambda event: _call("setMarks", event.value)).props("dense")
        self._panels["problem"] = ui.html("", sanitize=False)
        with ui.element("div").classes("lm-view") as self._views["mail"]:
            # No scripts run in there; the page around it reads where the pointer is.
            frame = '<iframe id="lm-frame" title="The mail as its reader sees it" sandbox="allow-same-origin"></iframe>'
            ui.html(frame, sanitize=False).classes("lm-stage")
            self._panels["elsewhere"] = ui.html("", sanitize=False)
        for part in ("text", "source"):
            with ui.element("div").classes("lm-view") as self._views[part]:
                self._panels[part] = ui.html("", sanitize=False)
        self._show_view("mail")

    def _told(self) -> None:
        for name, title in (("fields", "Fields"), ("branches", "Branches"), ("facts", "How it was made")):
            ui.html(title, sanitize=False, tag="h2")
            self._panels[name] = ui.html("", sanitize=False)

    def _show_view(self, chosen: str) -> None:
        for name, view in self._views.items():
            view.set_visibility(name == chosen)

    # -- choices ---------------------------------------------------------------------------------------------

    async def _choose_sample(self, name: str | None) -> None:
        self._choice.sample = self._samples.get(name or "")
        self._choice.speeds = {}
        try:
            self._choice.addresses = await asyncio.to_thread(customers, self._around.project, self._choice.sample)
        except LivemergeError as error:
            self._choice.addresses = {}
            ui.notify(error.what, type="warning")
        listed, kept = self._choice.addresses, self._choice.key
        key = kept if kept in listed or (kept and not listed) else next(iter(listed), "")
        self._choice.key = key
        options = {name: f"{name} · {address}" for name, address in listed.items()}
        self._customer.set_options(options | ({key: key} if key and key not in options else {}), value=key or None)
        self._panels["customers"].set_content(_told_of_customers(listed))
        await self.refresh()

    async def _choose_customer(self, key: str | None) -> None:
        if not key or key == self._choice.key:
            return
        self._choice.key = key.strip()[:MAX_KEY_CHARACTERS]
        await self.refresh()

    def _step(self, by: int) -> None:
        """To the customer before or after, round the list."""
        listed = list(self._choice.addresses)
        if listed:
            at = listed.index(self._choice.key) if self._choice.key in listed else -max(by, 0)
            self._customer.set_value(listed[(at + by) % len(listed)])

    async def _choose_speed(self, source: str, speed: str) -> None:
        self._choice.speeds[source] = speed
        await self.refresh()

    # -- the mail --------------------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Resolves and renders anew; an answer that a newer question has overtaken is dropped."""
        choice = self._choice
        choice.asked += 1
        asked = choice.asked
        if choice.sample is None or not choice.key:
            self._problem("Type a customer's key to see the mail they would get now.")
            return
        _call("setBusy", True)
        try:
            address = choice.addresses.get(choice.key, "")
            shown = await show(self._around.project, choice.sample, choice.key, address, choice.faults())
        except LivemergeError as error:
            if asked == choice.asked:
                self._problem(str(error))
            return
        if asked == choice.asked:
            self._fill(shown)

    def _fill(self, shown: Shown) -> None:
        preview, project = shown.preview, self._around.project
        self._shown = shown
        marked = annotate(preview.traces["html"])
        spots = panels.spot_rows(marked.spots, shown, project.catalog)
        contents = {
            "head": panels.head_panel(preview),
            "problem": panels.verdict_panel(preview.profile),
            "fields": panels.fields_panel(origins(preview.profile, preview.made_at)),
            "branches": panels.branches_panel(preview.traces),
            "facts": panels.facts_panel(shown),
            "elsewhere": panels.elsewhere_panel(spots),
            "text": panels.text_panel(preview.traces["text"].text),
            "source": panels.source_panel(preview.message.octets),
            "sent": Markup(""),
        }
        for name, content in contents.items():
            self._panels[name].set_content(content)
        self._list_sources(shown.sources)
        _call("show", marked.html, spots)

    def _problem(self, text: str) -> None:
        self._shown = None
        for name in ("head", "fields", "branches", "facts", "elsewhere", "text", "source"):
            self._panels[name].set_content("")
        self._panels["problem"].set_content(panels.problem_panel(text))
        _call("show", "", [])

    def _list_sources(self, sources: tuple[str, ...]) -> None:
        """One control for each source of this message."""
        if sources == self._listed_sources and self._choice.speeds.keys() >= set(sources):
            return
        self._listed_sources = sources
        self._sources_box.clear()
        for source in sources:
            self._choice.speeds.setdefault(source, "normal")
            label = Markup('<span class="lm-label">{}</span>').format(source)
            with self._sources_box:
                group = ui.element("div").classes("lm-source-row")
            group.props["role"], group.props["aria-label"] = "group", f"Source {source}"
            with group:
                ui.html(label, sanitize=False)
                _toggle(SPEEDS, self._on_speed(source), self._choice.speeds[source])

    def _on_speed(self, source: str) -> Callable[[Any], Any]:
        return lambda event: self._choose_speed(source, event.value)

    # -- the test --------------------------------------------------------------------------------------------

    async def _send_test(self, address: str) -> None:
        """Hands over the very message that is shown; only its envelope names another recipient."""
        shown = self._shown
        if shown is None:
            self._say("There is no message to send.", is_good=False)
            return
        try:
            message = replace(shown.preview.message, recipient=usable_address(address.strip()))
            (delivery,) = await self._around.project.deliver(self._transport(), [message])
        except AddressFault as fault:
            self._say(f"The address {fault}.", is_good=False)
        except LivemergeError as error:
            self._say(str(error), is_good=False)
        else:
            is_sent = delivery.outcome is Outcome.SENT
            self._say(f"{'Sent' if is_sent else 'Not sent'}: {delivery.reply or delivery.outcome}", is_good=is_sent)

    def _transport(self) -> str:
        sample, declared = self._choice.sample, self._around.project.settings.transport
        by_campaign = sample.campaign.transport if sample and sample.campaign else ""
        return self._around.transport or by_campaign or next(iter(declared), "")

    def _say(self, text: str, *, is_good: bool) -> None:
        said = Markup('<p class="{}">{}</p>').format("lm-good" if is_good else "lm-bad", text)
        inbox = self._around.inbox_url
        if is_good and inbox.startswith(("http://", "https://")):
            said += Markup('<p><a href="{}" target="_blank" rel="noreferrer">Open the inbox</a></p>').format(inbox)
        self._panels["sent"].set_content(said)
        _call("reveal", "lm-sent")


def _toggle(options: dict[Any, str], on_change: Callable[[Any], Any], value: Any = None) -> None:
    chosen = next(iter(options)) if value is None else value
    ui.toggle(options, value=chosen, on_change=on_change).props("dense no-caps unelevated toggle-color=primary")


def _call(name: str, *arguments: object) -> None:
    """Calls a function of preview.js in this tab."""
    listed = ", ".join(orjson.dumps(argument).decode() for argument in arguments)
    ui.run_javascript(f"livemergePreview.{name}({listed})")


def _shown_name(sample: Sample) -> str:
    return f"{sample.campaign.name} (campaign)" if sample.campaign else f"{sample.template.removeprefix('templates/')}"


def _told_of_customers(listed: dict[Key, str]) -> str:
    if not listed:
        return "No audience here: type a customer's key."
    shown = f"First {MAX_LISTED} of the audience" if len(listed) == MAX_LISTED else f"{len(listed)} in the audience"
    return f"{shown}, or any key."
