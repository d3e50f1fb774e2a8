"""What a preview shows besides the mail, as HTML: its head, its fields, the branches taken, text and source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import default
from html import unescape
from typing import Any, Final

from markupsafe import Markup

from livemerge.app import Preview
from livemerge.catalog import Catalog
from livemerge.console.annotate import Spot
from livemerge.console.origin import Origin, age, fields_read, paths_read, shown_value, why, worst
from livemerge.console.sample import Shown
from livemerge.template import Trace
from livemerge.values import Cause, Profile, Verdict

PARTS: Final = ("subject", "preheader", "html", "text")


def head_panel(preview: Preview) -> Markup:
    """From, subject and preheader as an inbox shows them."""
    sender = BytesHeaderParser(policy=default).parsebytes(preview.message.octets)["From"]
    preheader = unescape(preview.traces["preheader"].text) if "preheader" in preview.traces else ""
    under = Markup('<p class="lm-preheader">{}</p>').format(preheader) if preheader else Markup("")
    return Markup('<p class="lm-from">{}</p><h2 class="lm-subject">{}</h2>{}').format(
        sender or preview.message.sender, preview.message.subject or "(no subject)", under
    )


def verdict_panel(profile: Profile) -> Markup:
    """What a campaign would do instead of sending this; empty where it would send."""
    told = {
        Verdict.HELD: "A campaign would hold this message: no answer for the required field ",
        Verdict.SKIPPED: "A campaign would skip this customer: there is no value for the required field ",
    }
    if profile.verdict not in told:
        return Markup("")
    return Markup('<p class="lm-note" role="status">{}<b>{}</b>.</p>').format(told[profile.verdict], profile.reason)


def problem_panel(text: str) -> Markup:
    return Markup('<div class="lm-problem" role="alert"><b>There is no message to show</b><pre>{}</pre></div>').format(
        text
    )


def fields_panel(rows: Iterable[Origin]) -> Markup:
    """One row per field; pointing at it lights its places in the mail."""
    row = Markup(
        '<tr tabindex="0" data-field="{}"><th scope="row"><span class="lm-name">{}</span>'
        '<span class="lm-value">{}</span>{}</th><td>{}<span class="lm-source">{}{}</span></td></tr>'
    )
    body = Markup("").join(
        row.format(
            origin.field,
            origin.field,
            origin.value,
            Markup('<span class="lm-cause">{}</span>').format(origin.cause) if origin.cause else "",
            chip(origin.step, is_absent=origin.is_absent),
            origin.source,
            f" · {origin.age}" if origin.age else "",
        )
        for origin in rows
    )
    if not body:
        return Markup('<p class="lm-empty">This template reads no field.</p>')
    return Markup(
        '<table class="lm-fields"><thead><tr><th scope="col">Field and value</th><th scope="col">From, age</th></tr>'
        "</thead><tbody>{}</tbody></table>"
    ).format(body)


def chip(step: str, *, is_absent: bool = False) -> Markup:
    """A ladder step in its colour. A fallback for want of a value is calm: the source is well."""
    return Markup('<span class="lm-chip lm-{}">{}</span>').format("absent" if is_absent else step, step)


def branches_panel(traces: Mapping[str, Trace]) -> Markup:
    """The conditions that were looked at, in the order of the template; those of the text part can be unfolded."""
    shown = [row for part in PARTS[:-1] for row in _branches(part, traces)]
    folded = _branches("text", traces)
    if not shown + folded:
        return Markup('<p class="lm-empty">The template asks nothing: everybody gets the same parts.</p>')
    under = Markup("<details><summary>{} in the text part</summary>{}</details>").format(
        len(folded), _branches_table(folded)
    )
    return _branches_table(shown) + (under if folded else "")


def _branches(part: str, traces: Mapping[str, Trace]) -> list[Markup]:
    row = Markup('<tr><td>{} {}</td><td><code>{}</code></td><td class="lm-{}">{}</td></tr>')
    words = {True: "yes", False: "no"}
    return [
        row.format(part, branch.line, branch.condition, words[branch.is_taken], words[branch.is_taken])
        for branch in (traces[part].branches if part in traces else ())
    ]


def _branches_table(rows: list[Markup]) -> Markup:
    return Markup(
        '<table class="lm-branches"><thead><tr><th scope="col">Line</th><th scope="col">Condition</th>'
        '<th scope="col">Taken</th></tr></thead><tbody>{}</tbody></table>'
    ).format(Markup("").join(rows))


def facts_panel(shown: Shown) -> Markup:
    """How long it took, by which plan, and the octets' digest."""
    octets = shown.preview.message.octets
    rows = (
        ("Made in", f"{shown.took_s * 1000:.0f} ms, of them {shown.preview.profile.spent_s * 1000:.0f} for data"),
        ("Size", f"{len(octets) / 1000:.1f} KB"),
        ("Message-ID", shown.preview.message.message_id),
        ("SHA-256", hashlib.sha256(octets).hexdigest()),
        *(("Fetched", each.told) for each in shown.preview.fetched),
    )
    listed = Markup("").join(
        Markup('<dt>{}</dt><dd data-fact="{}">{}</dd>').format(name, name, value) for name, value in rows
    )
    return Markup('<dl class="lm-facts">{}</dl><h3>Plan</h3><pre class="lm-plan">{}</pre>').format(listed, shown.plan)


def text_panel(text: str) -> Markup:
    return Markup('<pre class="lm-text">{}</pre>').format(text)


def source_panel(octets: bytes) -> Markup:
    return Markup('<pre class="lm-source-text">{}</pre>').format(octets.decode("utf-8", "replace"))


def elsewhere_panel(spots: Iterable[dict[str, Any]]) -> Markup:
    """Values that readers do not see as text: in attributes, styles, comments."""
    rows = [
        Markup("<tr><td>{}</td><td><code>{}</code></td><td>{}</td></tr>").format(
            f"{spot['place']}, line {spot['line']}", spot["expression"], spot["value"] or Markup("<i>empty</i>")
        )
        for spot in spots
        if spot["place"] != "text"
    ]
    if not rows:
        return Markup("")
    table = '<table class="lm-elsewhere"><tbody>{}</tbody></table>'
    head = "<details><summary>{} value{} outside the text (addresses, pictures, styles)</summary>"
    return Markup(head + table + "</details>").format(len(rows), "" if len(rows) == 1 else "s", Markup("").join(rows))


def spot_rows(spots: Iterable[Spot], shown: Shown, catalog: Catalog) -> list[dict[str, Any]]:
    """What the page's card tells of each place, as JSON has it."""
    preview = shown.preview
    return [
        _spot_row(spot, paths_read(spot.value, shown.reads), preview.profile, catalog, preview.made_at)
        for spot in spots
    ]


def _spot_row(spot: Spot, paths: tuple[str, ...], profile: Profile, catalog: Catalog, now: datetime) -> dict[str, Any]:
    fields = fields_read(paths, catalog)
    origin = worst(fields, profile)
    return {
        "number": spot.number,
        "value": shown_value(spot.text.strip()),
        "place": spot.place,
        "line": spot.value.line,
        "expression": spot.value.expression,
        "fields": fields,
        "field": ", ".join(fields) or ", ".join(paths),
        "step": origin.step.value if origin else "",
        "source": origin.source if origin else "Livemerge",
        "age": age(origin, now) if origin else "",
        "cause": why(origin) if origin else "",
        "is_absent": origin is not None and origin.cause is Cause.ABSENT,
    }
