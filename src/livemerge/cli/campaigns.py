"""send, explain, campaigns: mail that leaves, and why it was as it was."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import msgspec
import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from livemerge.campaign import Mistakes, Summary, list_runs, read_audience
from livemerge.campaign.ledger import moment
from livemerge.cli.output import Exit, Here, JsonOption, err, out, print_json, progress_bar, run
from livemerge.cli.settle import settle
from livemerge.cli.signals import stop_on_signal
from livemerge.cli.summary import fetched_json, print_explanation, print_summary
from livemerge.deliver import Delivery, Outcome
from livemerge.errors import AudienceError

campaigns = typer.Typer(no_args_is_help=True, help="Campaigns that have run.")


def add_to(app: typer.Typer) -> None:
    app.command()(send)
    app.command()(explain)
    app.add_typer(campaigns, name="campaigns")


def send(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(help="A campaign file, for instance campaigns/welcome.toml.")],
    test: Annotated[
        str, typer.Option("--test", metavar="ADDRESS", help="Send one message there, and nothing else.")
    ] = "",
    customer: Annotated[
        str, typer.Option("--customer", help="With --test: whose. Default: the audience's first.")
    ] = "",
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="Go on although template, catalog or audience were edited.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Send a campaign to everybody it has not reached yet.

    Running it twice mails nobody twice; a campaign that was stopped goes on where it was. Ctrl-C stops after the
    messages under way.
    """
    here: Here = context.obj
    if test:
        _report_test(run(_send_test(here, campaign, test, customer)), as_json)
        return
    summary = run(_send(here, campaign, accept_changes))
    print_summary(summary)
    if as_json:
        print_json(summary.as_json())
    if summary.is_stopped:
        raise typer.Exit(Exit.INTERRUPTED)
    if summary.is_refused:
        raise typer.Exit(Exit.OUTSIDE)


async def _send(here: Here, campaign: str, accept_changes: bool) -> Summary:
    with stop_on_signal("Stopping after the messages under way…") as stop:
        async with here.open() as project:
            send_at = project.campaign(campaign).send_at
            if send_at is not None and send_at > project.clock.now():
                err.print(f"Waiting until {send_at:%Y-%m-%d %H:%M %Z} …")
            settle()
            with progress_bar("sending") as tell:
                return await project.send(campaign, on_progress=tell, stop=stop, accept_changes=accept_changes)


async def _send_test(here: Here, campaign: str, address: str, customer: str) -> Delivery:
    async with here.open() as project:
        declared = project.campaign(campaign)
        if not customer:
            audience = read_audience(declared.audience, project.settings.root, project.settings.source)
            first = next(audience.members(Mistakes()), None)
            if first is None:
                raise AudienceError("nobody in the audience can be mailed", where=audience.name)
            customer = first.key
        preview = await project.preview(declared.template, customer, address=address, campaign=declared)
        deliveries = await project.deliver(declared.transport, [preview.message])
        return deliveries[0]


def _report_test(delivery: Delivery, as_json: bool) -> None:
    out.print(f"{delivery.outcome}: message for customer {escape(delivery.key)} · {escape(delivery.reply)}")
    if as_json:
        print_json(asdict(delivery))
    if delivery.outcome is not Outcome.SENT:
        raise typer.Exit(Exit.OUTSIDE)


def explain(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(help="The campaign's name, as its file gives it.")],
    key: Annotated[str, typer.Argument(help="The customer's key.")],
    occurrence: Annotated[str, typer.Option(help="Which run. Default: the latest.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Why did this customer see this? Each value with source, age and step, and the template's branches it led to."""
    here: Here = context.obj
    project = here.open()
    explanation = project.explain(campaign, key, occurrence or None)
    print_explanation(explanation)
    if as_json:
        print_json(_explanation_json(explanation))


def _explanation_json(explanation: Any) -> dict[str, Any]:
    profile = explanation.profile
    fields = {
        name: {"value": profile.values.get(name), **msgspec.structs.asdict(origin)}
        for name, origin in (profile.provenance.items() if profile else ())
    }
    branches = [
        {"part": part, "line": branch.line, "condition": branch.condition, "taken": branch.is_taken}
        for part, trace in explanation.traces.items()
        for branch in trace.branches
    ]
    subject = explanation.traces["subject"].text if explanation.traces else ""
    fetched = [fetched_json(each) for each in explanation.fetched]
    made_of = {"fields": fields, "branches": branches, "fetched": fetched}
    return {"delivery": dict(explanation.delivery), "subject": subject, **made_of}


@campaigns.command("ls")
def list_campaigns(context: typer.Context, as_json: JsonOption = False) -> None:
    """All runs, the newest first."""
    here: Here = context.obj
    runs = list_runs(here.open().store)
    table = Table("campaign", "occurrence", "state", "planned", "started", box=box.SIMPLE_HEAD)
    for row in runs:
        started = f"{moment(row['started_at']):%Y-%m-%d %H:%M:%S}"
        table.add_row(escape(row["campaign"]), escape(row["occurrence"]), row["state"], f"{row['planned']:,}", started)
    out.print(table if runs else "No campaign has run.")
    if as_json:
        kept = ("campaign", "occurrence", "state", "planned", "started_at", "finished_at")
        print_json({"runs": [{name: row[name] for name in kept} for row in runs]})


@campaigns.command("show")
def show_campaign(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(help="The campaign's name.")],
    occurrence: Annotated[str, typer.Option(help="Which run. Default: the latest.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Where one run stands: how many deliveries in which state, and why."""
    here: Here = context.obj
    ledger = here.open().ledger(campaign, occurrence or None)
    states = {name: count for name, count in ledger.states().items() if count}
    for name, count in states.items():
        out.print(f"  {count:>9,} {name}")
    for reason in ledger.reasons():
        out.print(f"  {escape(str(reason))}")
    if as_json:
        print_json({"campaign": campaign, "occurrence": ledger.occurrence, **ledger.states()})
