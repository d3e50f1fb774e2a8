"""Which data extensions and columns a template names, as far as that is known before rendering."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from livemerge.template.findings import Lookup, Source
from livemerge.template.nodes import Assign, Block, Choice, Expression, FilterCall, Literal, Path, Place
from livemerge.template.walk import all_expressions, statements_in

PAIRS_FROM: Final = {  # the argument that the first column to match stands in, the data extension not counted
    "lookup": 1,
    "lookuprows": 0,
    "lookuprowscs": 0,
    "lookuporderedrows": 2,
    "lookuporderedrowscs": 2,
    "dataextensionrowcount": 0,
}

_Places = tuple[tuple[str, Place], ...]


def ampscript_lookups(units: Sequence[tuple[Block, Source]]) -> tuple[Lookup, ...]:
    """Every lookup of a message's templates, and every Field() of rows whose data extension is known."""
    assigned = _assigned(block for block, _ in units)
    found = [lookup for block, source in units for lookup in _lookups(block, source, assigned)]
    return tuple(dict.fromkeys(found))


def _assigned(blocks: Iterable[Block]) -> Mapping[str, list[Expression]]:
    """What each variable is set to, anywhere."""
    found: dict[str, list[Expression]] = {}
    for block in blocks:
        for statement in statements_in(block):
            if isinstance(statement, Assign):
                found.setdefault(statement.name, []).append(statement.value)
    return found


def _lookups(block: Block, source: Source, assigned: Mapping[str, list[Expression]]) -> Iterator[Lookup]:
    for call in all_expressions(block):
        if not isinstance(call, FilterCall):
            continue
        if call.name in PAIRS_FROM:
            yield Lookup((_table(call),), tuple(_columns(call)), call.place.line, call.place.column, source.name)
        elif call.name == "field" and len(call.arguments) == 1 and (column := _column(call.arguments[0])):
            tables = tuple(sorted(_tables_of(call.target, assigned), key=str))
            yield Lookup(tables, column, call.place.line, call.place.column, source.name, is_taken=True)


def _table(call: FilterCall) -> str | None:
    """The data extension that a call names, None where its name is known only while rendering."""
    step = call.target.steps[0] if isinstance(call.target, Path) and call.target.steps else None
    return str.__str__(step.value) if isinstance(step, Literal) and isinstance(step.value, str) else None


def _columns(call: FilterCall) -> Iterator[tuple[str, Place]]:
    start = PAIRS_FROM[call.name]
    if call.name == "lookup":
        yield from _column(call.arguments[0])
    elif start:
        yield from _ordering(call.arguments[1])
    for name in call.arguments[start::2]:
        yield from _column(name)


def _column(name: Expression) -> _Places:
    """A column's name, where it is written as a text; a number counts columns."""
    if not isinstance(name, Literal) or not isinstance(name.value, str):
        return ()
    written = str.__str__(name.value).strip()
    return ((written, name.place),) if written and not written.isdecimal() else ()


def _ordering(by: Expression) -> Iterator[tuple[str, Place]]:
    """The columns of `Col ASC, Other DESC`."""
    for written, place in _column(by):
        for part in written.split(","):
            words = part.split()
            if len(words) > 1 and words[-1].lower() in ("asc", "desc"):
                words.pop()
            if words:
                yield " ".join(words).strip("[]"), place


def _tables_of(row: Expression, assigned: Mapping[str, list[Expression]]) -> set[str | None]:
    """The data extensions a row may come from, None for any other; followed through variables."""
    waiting, seen, found = [row], set[str](), set[str | None]()
    while waiting:
        each = waiting.pop()
        if isinstance(each, Choice):
            waiting += (each.first, each.second)
        elif isinstance(each, FilterCall) and each.name in ("row", "v"):
            waiting.append(each.target)
        elif isinstance(each, Path) and isinstance(each.root, str) and not each.steps and each.root in assigned:
            waiting += assigned[each.root] if each.root not in seen else ()
            seen.add(each.root)
        else:
            found.add(_table(each) if isinstance(each, FilterCall) and each.name in PAIRS_FROM else None)
    return found
