"""A campaign's summary, a profile and an explanation as text for people."""

from __future__ import annotations

from datetime import datetime

from rich import box
from rich.markup import escape
from rich.table import Table

from livemerge.campaign import Summary
from livemerge.campaign.explain import Explanation
from livemerge.cli.output import age, age_between, out, short
from livemerge.template import Trace
from livemerge.values import LadderStep, Profile, Provenance

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
    out.print(
        f"{summary.sent_now:,} messages in {summary.seconds:.1f} s = {summary.messages_per_s:,.0f} a second; "
        f"{summary.fallback_share:.1%} of their values were fallbacks"
    )
    for state, reason, count in summary.reasons:
        out.print(f"  {count:,} {state}: {escape(reason or 'refused by the relay')}")
    if summary.figures.fields:
        out.print(_fields_table(summary))
    if summary.figures.sources:
        out.print(_sources_table(summary))
    if states["retry"] or states["held"] or states["pending"]:
        out.print("[yellow]Not everybody has it yet: run the same command again and it goes on.[/]")
    if states["unknown"]:
        out.print("[yellow]Unknown: handed over, but the relay's answer was lost. They are not mailed again.[/]")


def _fields_table(summary: Summary) -> Table:
    table = Table("field", title="What the values were", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("live", "cached", "stale", "fallback", "typical age", "oldest"):
        table.add_column(name, justify="right")
    table.add_column("why fallback")
    for name, figures in sorted(summary.figures.fields.items()):
        counts = [f"{figures.steps[step]:,}" if figures.steps[step] else "·" for step in list(LadderStep)[1:]]
        ages = (age(figures.age_s.percentile(50)), age(figures.age_s.largest)) if figures.age_s.count else ("", "")
        causes = ", ".join(f"{count:,} {cause.replace('_', ' ')}" for cause, count in figures.causes.most_common())
        table.add_row(name, *counts, *ages, causes)
    return table


def _sources_table(summary: Summary) -> Table:
    table = Table("source", title="How the sources did", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("calls", "customers", "p50", "p95", "slowest", "retries", "errors"):
        table.add_column(name, justify="right")
    table.add_column("most frequent error")
    for name, figures in sorted(summary.figures.sources.items()):
        times = [age(figures.took_s.percentile(percent)) for percent in (50, 95)]
        common = figures.errors.most_common(1)
        table.add_row(
            name,
            f"{figures.calls:,}",
            f"{figures.keys:,}",
            *times,
            age(figures.took_s.largest),
            f"{figures.retries:,}",
            f"{sum(figures.errors.values()):,}",
            escape(common[0][0]) if common else "",
        )
    return table


def profile_table(profile: Profile, now: datetime | None) -> Table:
    """Each field with value, step, source, age and cause."""
    table = Table("field", "value", "step", "source", "age", "why", box=box.SIMPLE_HEAD)
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
    out.print(f"Subject: {escape(explanation.traces['subject'].text)}")
    out.print(profile_table(explanation.profile, explanation.made_at))
    out.print(f"Branches of {escape(explanation.template)}")
    for part, trace in explanation.traces.items():
        for line in _branches(part, trace):
            out.print(line)


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
