"""A template × the catalog → findings: what would go wrong, for whom, and how to mend it, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from livemerge.catalog import SYSTEM_NAMES, Catalog, Field
from livemerge.config import PROVIDED_NAMES
from livemerge.errors import nearest
from livemerge.template import Finding, MessageTemplate, Read
from livemerge.template.findings import Severity, Source
from livemerge.template.nodes import Place

NUMERIC: Final = frozenset({"integer", "number", "money"})
DATED: Final = frozenset({"date", "datetime"})
NUMBER_FILTERS: Final = frozenset(
    {"abs", "at_least", "at_most", "ceil", "divided_by", "floor", "minus", "modulo", "plus", "round", "times"}
)
CHANGES_TYPE: Final = frozenset({"date", "first", "join", "last", "map", "size", "split"})  # what comes after is theirs
UNSUBSCRIBE: Final = frozenset({"unsubscribe_url", "UNSUB", "unsub_center_url"})
INSIDE: Final = {"list": ("size", "length", "first", "last")} | dict.fromkeys(
    ("text", "html", "url"), ("size", "length")
)
"""What may be read of a value itself, by the type of its field; other types have nothing inside."""


DEFAULT_HERE: Final = "write `| default: …`, "  # in an advice: how Liquid gives a value of its own
EMPTY_IS_TRUE: Final = ("liquid",)  # languages in which "" passes a test


def check_template(template: MessageTemplate, source: str, catalog: Catalog) -> list[Finding]:
    """All findings of one template file, in the order of its lines; each place and complaint once.

    source: the file's text, for the line that is shown.
    """
    shown = Source(source, template.name, 1)
    found = [_of_a_project(finding) for finding in template.findings]
    for read in (_as_it_fits(read, catalog) for read in template.reads):
        found += (
            _finding(shown, read, code, severity, what, _in_language(advice, template.language))
            for code, severity, what, advice in _complaints(read, catalog)
            if code != "empty-fallback" or template.language in EMPTY_IS_TRUE
        )
    if not any(read.path in UNSUBSCRIBE for read in template.reads if read.part in ("html", "")):
        found.append(
            Finding(
                "no-unsubscribe",
                "warning",
                "the HTML has no unsubscribe link",
                1,
                1,
                "",
                "Readers look for it in the body, not only in the header: link {{ unsubscribe_url }}.",
            )
        )
    once = {(finding.code, finding.line, finding.column, finding.what): finding for finding in reversed(found)}
    return sorted(once.values(), key=lambda finding: (finding.line, finding.column, finding.code))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether the template must not be sent as it is."""
    return any(finding.severity == "error" for finding in findings)


def describe(name: str, finding: Finding) -> str:
    """A finding as people read it: place, what, the line with a caret, the mend."""
    place = f"{name}:{finding.line}:{finding.column}"
    parts = (f"{place}: {finding.severity}: {finding.what} [{finding.code}]", finding.caret, f"  {finding.advice}")
    return "\n".join(part for part in parts if part.strip())


def _of_a_project(finding: Finding) -> Finding:
    """What the compiler leaves open where templates may be given later is decided here: a project gives none."""
    if finding.code != "unknown-include":
        return finding
    advice = "A message is one file: write what it would include in this place."
    return replace(finding, severity="error", what="templates are not included from others yet", advice=advice)


def _finding(shown: Source, read: Read, code: str, severity: Severity, what: str, advice: str) -> Finding:
    place = Place(read.line, read.column)
    return replace(shown.finding(code, severity, what, place, advice), part=read.part)


def _as_it_fits(read: Read, catalog: Catalog) -> Read:
    """The read with the one of its paths that this catalog has: `{{#member}}{{name}}` may mean a field around it."""
    others = [replace(read, path=path, is_guarded=guarded) for path, guarded in read.alternatives]
    fitting = (each for each in (read, *others) if not _is_misread(each, catalog))
    return next(fitting, read) if others else read


def _is_misread(read: Read, catalog: Catalog) -> bool:
    return any(code in ("unknown-field", "not-a-list", "reads-into") for code, *_ in _complaints(read, catalog))


def _complaints(read: Read, catalog: Catalog) -> Iterable[tuple[str, Severity, str, str]]:
    """(code, severity, what, advice) of everything wrong with one read."""
    field = catalog.field_of(read.path)
    if field is None:
        if (head := read.path.split(".")[0].split("[")[0]) not in PROVIDED_NAMES and head not in SYSTEM_NAMES:
            yield _unknown(read, catalog)
        return
    inside = _inside(read.path, field, catalog)
    yield from _list_complaints(read, field, inside)
    if inside and inside[0] not in ("[]", *INSIDE.get(field.type, ())):
        yield (
            "reads-into",
            "error",
            f"`{field.name}` is {field.type}: there is no `{inside[0]}` in it",
            f"Read `{read.path.removesuffix('.' + '.'.join(inside))}`, or declare a field for it.",
        )
        return
    if inside and inside[0] in ("[]", "first", "last"):
        item_field = catalog.fields.get(inside[1]) if len(inside) > 1 else None
        if item_field is not None and item_field.item_of == field.name:
            yield from _value_complaints(read, item_field)
        return
    if "size" not in inside and "length" not in inside:  # those are numbers, whatever the field is
        yield from _value_complaints(read, field)


def _inside(path: str, field: Field, catalog: Catalog) -> list[str]:
    """What a path reads inside a field's value, in parts: of `recommended[0].name` that is `[]`, `name`."""
    parts = re.sub(r"\[[^\]]*\]", ".[]", path).split(".")
    named = next(end for end in range(1, len(parts) + 1) if catalog.field_of(".".join(parts[:end])) is field)
    return parts[named:]


def _value_complaints(read: Read, field: Field) -> Iterable[tuple[str, Severity, str, str]]:
    """What is wrong with reading this field's own value here."""
    yield from _type_complaints(read, field)
    if read.usage == "output" and not _is_safe(read, field):
        yield (
            "no-fallback",
            "error",
            f"`{read.path}` may be missing, and then nothing stands here",
            f"Give [field.{field.name}] a fallback, {DEFAULT_HERE}or test it before.",
        )
    if field.fallback == "" and read.usage == "condition":
        yield (
            "empty-fallback",
            "warning",
            f'the fallback of `{field.name}` is "", which counts as a value here',
            "Leave the fallback out: then a missing value is nil and this test drops its block.",
        )


def _in_language(advice: str, language: str) -> str:
    """The advice without what only Liquid has."""
    return advice if language == "liquid" else advice.replace(DEFAULT_HERE, "")


def _unknown(read: Read, catalog: Catalog) -> tuple[str, Severity, str, str]:
    known = [*catalog.names, *PROVIDED_NAMES]
    advice = nearest(read.path, known) or f"Declare [field.…] for it, or add `{read.path}` to a field's `alias`."
    return "unknown-field", "error", f"no field is called `{read.path}`", advice


def _is_safe(read: Read, field: Field) -> bool:
    has_fallback = field.fallback is not None and field.fallback != ""
    return has_fallback or field.is_required or read.is_guarded or read.has_fallback or field.type == "list"


def _list_complaints(read: Read, field: Field, inside: list[str]) -> Iterable[tuple[str, Severity, str, str]]:
    """Lists are looped over, and only lists."""
    if "[]" in inside and field.type != "list":
        yield "not-a-list", "error", f"`{field.name}` is {field.type}, not a list", "Print it without a loop."
    elif read.usage == "loop" and field.type != "list":
        yield "not-a-list", "error", f"`{field.name}` is {field.type}, not a list", "Test it with `if` instead."
    elif read.usage == "output" and field.type == "list" and not inside and not read.operations:
        yield "prints-a-list", "warning", f"`{field.name}` is a list, printed as a whole", "Loop over it."


def _type_complaints(read: Read, field: Field) -> Iterable[tuple[str, Severity, str, str]]:
    changes = [number for number, operation in enumerate(read.operations, start=1) if operation in CHANGES_TYPE]
    operations = set(read.operations[: changes[0]] if changes else read.operations)
    if "date" in operations and field.type not in DATED:
        yield (
            "wrong-type",
            "error",
            f"the date filter needs a date, `{field.name}` is {field.type}",
            f'Declare [field.{field.name}] type = "date" or "datetime".',
        )
    if (used := operations & NUMBER_FILTERS) and field.type not in NUMERIC:
        yield (
            "wrong-type",
            "error",
            f"`{min(used)}` needs a number, `{field.name}` is {field.type}",
            f'Declare [field.{field.name}] type = "integer", "number" or "money".',
        )
    if "compare_number" in operations and field.type not in NUMERIC | {"boolean"}:
        yield (
            "wrong-type",
            "error",
            f"compared with a number, but `{field.name}` is {field.type}",
            "Compare it with text in quotes, or declare a number type.",
        )
