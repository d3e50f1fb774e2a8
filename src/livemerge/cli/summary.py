"""A campaign's summary, a profile and an explanation as text for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from livemerge.campaign import Summary
from livemerge.campaign.explain import Explanation
from livemerge.cli.output import age, age_between, out, short
from livemerge.fetch import Fetched
from livemerge.template import Trace
from livemerge.values import Cause, LadderStep, Profile, Provenance

_COLOUR = {
    LadderStep.OVERRIDE: "magenta",
    LadderStep.LIVE: "green",
    LadderStep.CACHED: "cyan",
    LadderStep.STALE: "yellow",
    LadderStep.FALLBACK: "red",
}


def print_summary(summary: Summary) -> None:
    """What was sent, of what the messages were made, and how the sources did."""
    states = summary.states
    counted = [f"[bold]{states['sent']:,}[/] sent"]
    counted += [f"[bold]{states[name]:,}[/] {name}" for name in ("held", "failed")]
    counted += [
        f"[bold]{states[name]:,}[/] {name}" for name in ("skipped", "retry", "unknown", "pending") if states[name]
    ]
    title = f"{summary.campaign} ({summary.occurrence})"
    out.print(f"\n[bold]{escape(title)}[/]  {' · '.join(counted)}")
    if not summary.sent_now and not summary.failed_now and not summary.is_stopped:
        out.print("Nobody was left to mail.")
    else:
        out.print(
            f"{summary.sent_now:,} messages in {summary.seconds:.1f} s = {summary.messages_per_s:,.0f} a second; "
            f"{summary.fallback_share:.1%} of their values were fallbacks"
        )
    for reason in summary.reasons:
        out.print(f"  {escape(str(reason))}")
    if summary.figures.fields:
        out.print(_fields_table(summary))
        if any(figures.causes for figures in summary.figures.fields.values()):
            out.print(_causes_table(summary))
    if summary.figures.sources:
        out.print(_sources_table(summary))
        for line in _source_errors(summary):
            out.print(line)
    if states["retry"] or states["held"] or states["pending"]:
        out.print("[yellow]Not everybody has it yet: run the same command again and it goes on.[/]")
    if states["unknown"]:
        out.print("[yellow]Unknown: handed over, but the relay's answer was lost. They are not mailed again.[/]")


def _table(title: str, first: str, *numbers: str) -> Table:
    """A table that fits 80 columns: names are never cut, numbers stand to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _fields_table(summary: Summary) -> Table:
    steps = list(LadderStep)[1:] if not _has_overrides(summary) else list(LadderStep)
    table = _table("What the values were", "field", *steps, "age", "oldest")
    for name, figures in sorted(summary.figures.fields.items()):
        counts = [f"{figures.steps[step]:,}" if figures.steps[step] else "·" for step in steps]
        ages = (age(figures.age_s.percentile(50)), age(figures.age_s.largest)) if figures.age_s.count else ("", "")
        table.add_row(name, *counts, *ages)
    return table


def _has_overrides(summary: Summary) -> bool:
    return any(figures.steps[LadderStep.OVERRIDE] for figures in summary.figures.fields.values())


def _causes_table(summary: Summary) -> Table:
    met = [cause for cause in Cause if any(figures.causes[cause] for figures in summary.figures.fields.values())]
    table = _table("Why values were fallbacks", "field", *(_CAUSES[cause] for cause in met))
    for name, figures in sorted(summary.figures.fields.items()):
        if figures.causes:
            table.add_row(name, *(f"{figures.causes[cause]:,}" if figures.causes[cause] else "·" for cause in met))
    return table


_CAUSES = {
    Cause.ABSENT: "has none",
    Cause.LATE: "too late",
    Cause.ERROR: "error",
    Cause.WRONG_TYPE: "wrong type",
    Cause.WITHHELD: "withheld",
}


def _sources_table(summary: Summary) -> Table:
    table = _table("How the sources did", "source", "calls", "asked", "p50", "p95", "slowest", "retries", "errors")
    for name, figures in sorted(summary.figures.sources.items()):
        times = [age(figures.took_s.percentile(percent)) for percent in (50, 95)]
        errors = f"{sum(figures.errors.values()):,}"
        slowest = age(figures.took_s.largest)
        table.add_row(name, f"{figures.calls:,}", f"{figures.keys:,}", *times, slowest, f"{figures.retries:,}", errors)
    return table


def _source_errors(summary: Summary) -> list[str]:
    """`crm: 4 answered with status 429, 4 late`: one line for each source that failed."""
    return [
        f"  {name}: " + ", ".join(f"{count:,} {escape(what)}" for what, count in figures.commonest_errors(5))
        for name, figures in sorted(summary.figures.sources.items())
        if figures.errors
    ]


def profile_table(profile: Profile, now: datetime | None) -> Table:
    """Each field with value, step, source, age and cause."""
    table = Table("field", "value", "step", "source", "age", "why", box=box.SIMPLE_HEAD, pad_edge=False)
    table.columns[0].no_wrap = table.columns[2].no_wrap = table.columns[3].no_wrap = table.columns[4].no_wrap = True
    for name, origin in sorted(profile.provenance.items()):
        value = short(profile.values[name]) if name in profile.values else "(in its list)"
        table.add_row(name, value, _step(origin), origin.source, age_between(origin.as_of, now), _why(origin))
    return table


def print_explanation(explanation: Explanation) -> None:
    """A delivery, its values, and the branches they led to."""
    row = explanation.delivery
    moment = explanation.marked_at()
    said = f" · the relay said: {escape(row['reply'])}" if row["reply"] else ""
    reason = f" · {escape(row['reason'])}" if row["reason"] else ""
    when = f" at {moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
    out.print(
        f"[bold]{escape(row['customer'])}[/] in {escape(row['campaign'])}: [bold]{row['state']}[/]{when}{reason}{said}"
    )
    if row["message_id"]:
        out.print(f"Message-ID {escape(row['message_id'])}")
    if explanation.profile is None:
        out.print("No message was made, so there is nothing more to explain.")
        return
    if explanation.traces:
        out.print(f"Subject: {escape(explanation.traces['subject'].text)}")
    out.print(profile_table(explanation.profile, explanation.made_at))
    for each in explanation.fetched:
        out.print(f"Fetched {escape(each.told)}")
    if not explanation.traces:
        out.print("What it fetched was too long to be kept, so the message cannot be rendered again.")
        return
    out.print(f"Branches of {escape(explanation.template)}")
    for part, trace in explanation.traces.items():
        for line in _branches(part, trace):
            out.print(line)


def fetched_json(fetched: Fetched) -> dict[str, Any]:
    """One request of a message, without what came."""
    asked = {"method": fetched.method, "host": fetched.host, "path": fetched.path}
    return asked | {"status": fetched.status, "took_ms": fetched.took_ms, "is_remembered": fetched.is_remembered}


def _branches(part: str, trace: Trace) -> list[str]:
    """One line a condition; how often where a loop met it several times."""
    met: dict[tuple[int, str, bool], int] = {}
    for branch in trace.branches:
        place = (branch.line, branch.condition, branch.is_taken)
        met[place] = met.get(place, 0) + 1
    return [
        f"  {part} line {line:<4} {'[green]yes[/]' if is_taken else '[red]no [/]'} {escape(condition)}"
        + (f"  ({count} times)" if count > 1 else "")
        for (line, condition, is_taken), count in met.items()
    ]


def _step(origin: Provenance) -> str:
    return f"[{_COLOUR[origin.step]}]{origin.step}[/]"


def _why(origin: Provenance) -> str:
    if origin.cause is None:
        return ""
    return escape(f"{origin.cause.replace('_', ' ')}: {origin.detail}" if origin.detail else origin.cause)
