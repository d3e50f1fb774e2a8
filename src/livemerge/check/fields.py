"""Does each name map to a declared field, is it there for everybody, and is a list read as a list?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from livemerge.catalog import SYSTEM_NAMES, Catalog, Field
from livemerge.check.complaint import Complaint, Reading, Speech
from livemerge.check.words import default_of, guard_of
from livemerge.config import PROVIDED_NAMES
from livemerge.errors import nearest
from livemerge.template import Read

_INSIDE: Final = {"list": ("size", "length", "first", "last")} | dict.fromkeys(
    ("text", "html", "url"), ("size", "length")
)
"""What may be read of a value itself, by the type of its field; other types have nothing inside."""

MISREADINGS: Final = frozenset({"unknown-field", "not-a-list", "reads-into"})


def is_provided(path: str) -> bool:
    """Whether Livemerge itself gives what a path reads."""
    head = path.split(".")[0].split("[")[0]
    return head in PROVIDED_NAMES or head in SYSTEM_NAMES


def unknown_field(path: str, catalog: Catalog) -> Complaint:
    known = [*catalog.names, *PROVIDED_NAMES]
    advice = nearest(path, known) or f"Declare [field.…] for it, or add `{path}` to a field's `alias`."
    return Complaint(
        "unknown-field",
        f"no field is called `{path}`",
        "Nobody gets a value here: it is missing for everybody.",
        advice,
    )


def inside_of(path: str, field: Field, catalog: Catalog) -> tuple[str, ...]:
    """What a path reads inside a field's value, in parts: of `recommended[0].name` that is `[]`, `name`."""
    parts = re.sub(r"\[[^\]]*\]", ".[]", path).split(".")
    named = next(end for end in range(1, len(parts) + 1) if catalog.field_of(".".join(parts[:end])) is field)
    return tuple(parts[named:])


def shape_complaints(reading: Reading) -> Iterator[Complaint]:
    """Lists are looped over, and only lists; what has no parts is read whole."""
    read, field, inside = reading.read, reading.field, reading.inside
    if "[]" in inside and field.type != "list":
        yield _no_list(field, "Print it without a loop.")
    elif read.usage == "loop" and field.type != "list":
        yield _no_list(field, "Test it with a condition instead.")
    elif read.usage == "output" and field.type == "list" and not inside and not read.operations:
        what = f"`{field.name}` is a list, printed as a whole"
        effect = "Everybody reads its items glued together, or as code."
        yield Complaint("prints-a-list", what, effect, "Loop over it, and print what is in its items.")
    if inside and inside[0] not in ("[]", *_INSIDE.get(field.type, ())):
        yield Complaint(
            "reads-into",
            f"`{field.name}` is {field.type}: there is no `{inside[0]}` in it",
            "Nobody gets a value here.",
            f"Read `{read.path.removesuffix('.' + '.'.join(inside))}`, or declare a field for it.",
        )


def _no_list(field: Field, advice: str) -> Complaint:
    effect = "Nobody gets what stands here, or everybody gets no message."
    return Complaint("not-a-list", f"`{field.name}` is {field.type}, not a list", effect, advice)


def absence_complaints(reading: Reading) -> Iterator[Complaint]:
    """What is printed may be missing for some customers: is there a fallback, or a guard that holds?"""
    read, field = reading.read, reading.field
    if read.usage != "output" or not reading.may_be_missing or read.has_fallback:
        return
    is_tested, is_there = _guarded(read, reading.catalog)
    if not is_tested:
        what = f"`{read.path}` may be missing, and then nothing stands here"
        yield Complaint("no-fallback", what, _gap(reading), _mend(field, read.path, reading.speech))
    elif not is_there:
        what = f"`{read.path}` was tested before, but may still be missing here"
        yield Complaint("weak-guard", what, _gap(reading), _mend(field, read.path, reading.speech))


def _gap(reading: Reading) -> str:
    who = f"Customers without `{reading.field.name}`"
    if reading.read.spot in ("address", "query", "path"):
        return f"{who} get a link or picture that leads nowhere."
    if reading.speech.dialect == "customerio":
        return f"{who} get a gap here; Customer.io itself does not send to them at all."
    if reading.speech.dialect == "ses":
        return f"{who} get a gap here; SES itself accepts such a message and never delivers it."
    return f"{who} get a gap here."


def _mend(field: Field, path: str, speech: Speech) -> str:
    path = _as_written(path)
    default = default_of(speech, path)
    own = f"write `{default}`, " if default else ""
    return f"Give [field.{field.name}] a fallback, {own}or test it before: `{guard_of(speech, path)}`."


def _as_written(path: str) -> str:
    """A path as a loop over its list would write it."""
    return f"item.{path.rpartition('[].')[2]}" if "[]." in path else path


def _guarded(read: Read, catalog: Catalog) -> tuple[bool, bool]:
    """Whether every way here has tested the field, and has found it; also under another of its names."""
    own = _canonical(read.path, catalog)
    present = {_canonical(path, catalog) for path in read.present}
    is_there = read.path in read.present or any(_is_part(each, own) for each in present)
    if own in {_canonical(path, catalog) for path in read.missing}:
        return False, False
    is_tested = read.is_guarded or is_there or own in {_canonical(path, catalog) for path in read.tested}
    return is_tested, is_there


def _canonical(path: str, catalog: Catalog) -> str:
    """A path by its field's own name."""
    field = catalog.field_of(path)
    return ".".join((field.name, *inside_of(path, field, catalog))) if field else path


def _is_part(path: str, whole: str) -> bool:
    return path == whole or path.startswith(f"{whole}.")
