"""A template × the catalog → findings: what would go wrong, for whom, and how to mend it, before anything is sent.

Each family of findings has a file of its own: fields, types, places, branches, habits, size. `rules` lists them all.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from livemerge.catalog import Catalog, Field
from livemerge.check.branches import branch_complaints, constant_complaints, is_worth_trying
from livemerge.check.complaint import Complaint, Reading, Speech
from livemerge.check.extensions import ColumnsOf, is_lookup, lookup_complaints, no_columns
from livemerge.check.fields import (
    MISREADINGS,
    absence_complaints,
    inside_of,
    is_provided,
    shape_complaints,
    unknown_field,
)
from livemerge.check.habits import logic_habits, reading_habits, trial_habits
from livemerge.check.places import place_complaints
from livemerge.check.rules import RULES, Rule
from livemerge.check.size import size_complaints
from livemerge.check.trial import Budget, trials_of
from livemerge.check.types import type_complaints
from livemerge.check.words import unsubscribe_link
from livemerge.config import Fetch
from livemerge.errors import LivemergeError, TemplateError, as_sentence
from livemerge.fetch.findings import fetch_findings
from livemerge.template import Finding, MessageTemplate, Read
from livemerge.template.analysis.templates import GIVE_IT
from livemerge.template.findings import Severity, Source
from livemerge.template.verdict import Test

__all__ = ["RULES", "Rule", "check_template", "describe", "finding_of", "has_errors"]

UNSUBSCRIBE: Final = frozenset({"unsubscribe_url", "UNSUB", "unsub_center_url"})
NO_HOSTS: Final = Fetch()
_DECIDED_HERE: Final = frozenset({"unknown-include", "dynamic-include", "circular-include"})
_SAVE_IT: Final = "Save it in templates/ under this name, a `_` before it, or give this name to a file by `alias`."
MAX_TOLD: Final = 1_000  # complaints of one kind about one template; nobody reads more
WIDTH: Final = 80  # columns of a terminal
_LINE: Final = re.compile(r":([0-9]{1,7})(?::[0-9]{1,7})?\Z")
_CODE: Final = re.compile("`[^`]{1,60}`")
_HARD_SPACE: Final = "\x1c"  # stands for a space that no line ends at
_NO_CATALOG: Final = Catalog({}, {}, {}, {}, {})
_CAUSES: Final = frozenset({"wrong-type", "never-null", "empty-fallback"})  # say why a test never comes out


def check_template(
    template: MessageTemplate,
    source: str,
    catalog: Catalog | None,
    fetch: Fetch = NO_HOSTS,
    columns_of: ColumnsOf = no_columns,
) -> list[Finding]:
    """All findings of one template file, in the order of its lines; each place and complaint once.

    source: the file's text, for the line that is shown. Without a catalog every name may be a field, of any type.
    fetch: what the project allows its templates to ask. columns_of: a declared data extension's columns.
    """
    own, speech = Source(source, template.name, 1), Speech(template.language, template.dialect)
    found = [_of_a_project(finding) for finding in template.findings]
    if catalog is None:
        found += islice(_of_open_reads(template, own, speech), MAX_TOLD)
    else:
        found += islice(_of_reads(template, own, catalog, speech), MAX_TOLD)
        found += _of_lookups(template, own, catalog, columns_of)
        found += fetch_findings(template, own, fetch, _private_paths(template, catalog))
    found += islice(_of_tests(template, own, catalog, speech), MAX_TOLD)
    found += _of_message(template, speech)
    found = [each if each.file in template.included else replace(each, file="") for each in found]
    once = {(each.code, each.file, each.line, each.column, each.what): each for each in reversed(found)}
    kept = _without_echoes(list(once.values()))
    return sorted(kept, key=lambda each: (each.file, each.line, each.column, each.code))


def _of_reads(template: MessageTemplate, own: Source, catalog: Catalog, speech: Speech) -> Iterator[Finding]:
    for read in template.reads:
        shown = template.included.get(read.file, own)
        for each in _of_read(read, catalog, speech):
            yield each.at(shown, read.line, read.column, read.part)


def _of_open_reads(template: MessageTemplate, own: Source, speech: Speech) -> Iterator[Finding]:
    """What is wrong with reads of names that nobody has declared: each may be a text, or a whole address."""
    for read in template.reads:
        if read.is_maybe or is_provided(read.path):
            continue
        shown = template.included.get(read.file, own)
        field = Field(read.path, "", "text", read.path, 0, 0, None, is_required=False, aliases=(), is_private=False)
        for each in place_complaints(Reading(read, field, (), _NO_CATALOG, speech)):
            if each.code != "unchecked-link":
                yield each.at(shown, read.line, read.column, read.part)


def _of_lookups(template: MessageTemplate, own: Source, catalog: Catalog, columns_of: ColumnsOf) -> Iterator[Finding]:
    for lookup in template.lookups:
        shown = template.included.get(lookup.file, own)
        for each, place in lookup_complaints(lookup, catalog, columns_of):
            yield each.at(shown, place.line, place.column, "")


def _of_tests(template: MessageTemplate, own: Source, catalog: Catalog | None, speech: Speech) -> Iterator[Finding]:
    budget = Budget()
    for test in template.tests:
        if catalog is None or is_worth_trying(test, catalog):
            shown = template.included.get(test.file, own)
            for each in _of_test(test, catalog or _NO_CATALOG, speech, budget):
                yield each.at(shown, test.line, test.column, test.part)


def finding_of(error: LivemergeError) -> Finding:
    """What keeps a file from being read, as a finding at its place."""
    line, column = (error.line or 1, error.column or 1) if isinstance(error, TemplateError) else (1, 1)
    told = _LINE.search(error.where)
    caret = error.caret if isinstance(error, TemplateError) else ""
    rule = RULES["not-readable"]
    line = int(told[1]) if told and line == 1 else line
    return Finding("not-readable", rule.severity, error.what, line, column, caret, error.advice, effect=rule.effect)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether the template must not be sent as it is."""
    return any(finding.severity == "error" for finding in findings)


def describe(name: str, finding: Finding) -> str:
    """A finding as people read it: place, what, the line with a caret, what it does to whom, and the mend.

    name: the template's, for findings that are not in one that it includes.
    """
    place = f"{finding.file or name}:{finding.line}:{finding.column}"
    head = _wrapped(f"{place}: {finding.severity}: {finding.what} [{finding.code}]", "")
    parts = (head, finding.caret, _wrapped(finding.effect), _wrapped(finding.advice))
    return "\n".join(part for part in parts if part.strip())


def _wrapped(text: str, indent: str = "  ") -> str:
    """A text in lines of a terminal's width; code between backticks stays together."""
    whole = _CODE.sub(lambda found: found[0].replace(" ", _HARD_SPACE), text)
    lines = textwrap.fill(
        whole, WIDTH, initial_indent=indent, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return lines.replace(_HARD_SPACE, " ")


def _private_paths(template: MessageTemplate, catalog: Catalog) -> set[str]:
    """The paths of private fields that a template reads."""
    return {each.path for each in template.reads if (field := catalog.field_of(each.path)) and field.is_private}


def _of_a_project(finding: Finding) -> Finding:
    """What compiling says, with what customers would notice of it. A project has all templates that there will be."""
    rule = RULES.get(finding.code)
    severity: Severity = "error" if finding.code in _DECIDED_HERE else finding.severity
    advice = _SAVE_IT if finding.advice == as_sentence(GIVE_IT) else finding.advice
    return replace(finding, severity=severity, effect=finding.effect or (rule.effect if rule else ""), advice=advice)


def _of_read(read: Read, catalog: Catalog, speech: Speech) -> list[Complaint]:
    """What is wrong with one read, by the first of its paths that the catalog has: `{{#a}}{{b}}` may mean `b`."""
    ways = [read, *(replace(read, path=path, is_guarded=guarded) for path, guarded in read.alternatives)]
    complaints = [list(_of_way(way, catalog, speech)) for way in ways]
    fitting = (each for each in complaints if not any(one.code in MISREADINGS for one in each))
    return next(fitting, complaints[0])


def _of_way(read: Read, catalog: Catalog, speech: Speech) -> Iterator[Complaint]:
    field = catalog.field_of(read.path)
    if field is None:
        if not read.is_maybe and not is_provided(read.path) and not is_lookup(read.path):
            yield unknown_field(read.path, catalog)
        return
    reading = Reading(read, field, inside_of(read.path, field, catalog), catalog, speech)
    shape = list(shape_complaints(reading))
    yield from shape
    inside = reading.inside
    if any(each.code == "reads-into" for each in shape):
        return
    if inside and inside[0] in ("[]", "first", "last"):
        item = catalog.fields.get(inside[1]) if len(inside) > 1 else None
        if item is not None and item.item_of == field.name:
            yield from _of_value(replace(reading, field=item))
    elif "size" not in inside and "length" not in inside:  # those are numbers, whatever the field is
        yield from _of_value(reading)


def _of_value(reading: Reading) -> Iterator[Complaint]:
    yield from type_complaints(reading)
    yield from absence_complaints(reading)
    yield from place_complaints(reading)
    yield from reading_habits(reading)


def _of_test(test: Test, catalog: Catalog, speech: Speech, budget: Budget) -> Iterator[Complaint]:
    yield from logic_habits(test, speech)
    constant = list(constant_complaints(test))
    yield from constant
    if constant:
        return
    for trial in trials_of(test, catalog, budget):
        habits = list(trial_habits(trial, speech))
        yield from habits or branch_complaints(trial)


def _of_message(template: MessageTemplate, speech: Speech) -> Iterator[Finding]:
    link = unsubscribe_link(speech)
    advice = f"Readers look for it in the body, not only in the header: link `{link}`."
    for part, fields in (("html", template.html.fields), ("text", template.text.fields)):
        if not fields & UNSUBSCRIBE and (part == "html" or (fields and template.html.fields & UNSUBSCRIBE)):
            name = "HTML" if part == "html" else "text"
            effect = f"Readers of the {name} who had enough find no link, and press “spam” instead."
            complaint = Complaint("no-unsubscribe", f"the {name} has no unsubscribe link", effect, advice)
            yield _of_all(complaint, part)
    for complaint in size_complaints(template.html.tree):
        yield _of_all(complaint, "html")


def _of_all(complaint: Complaint, part: str) -> Finding:
    """A finding about the message as a whole, which has no line of its own."""
    severity = RULES[complaint.code].severity
    found = Finding(complaint.code, severity, complaint.what, 1, 1, "", complaint.advice, part)
    return replace(found, effect=complaint.effect)


def _without_echoes(findings: list[Finding]) -> list[Finding]:
    """Where a type is wrong, or a function cannot do what is asked, that its test never comes out is no news."""
    causes = {(each.file, each.line) for each in findings if each.code in _CAUSES}
    echoes = ("branch-never-taken", "always-true")
    return [each for each in findings if each.code not in echoes or (each.file, each.line) not in causes]
