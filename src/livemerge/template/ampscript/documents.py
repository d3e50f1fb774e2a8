"""Rowsets from JSON and XML: the paths AMPscript's pages show, over documents of any origin."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring
from xml.parsers import expat

from livemerge.template.ampscript.rows import NO_ROWS, VALUE_ALONE, Row, RowSet
from livemerge.template.ampscript.tables import places_of
from livemerge.template.ampscript.texts import flag
from livemerge.template.ampscript.values import charge, result, text
from livemerge.template.authored import plain
from livemerge.template.runtime import Context, Fault

MAX_DOCUMENT_CHARACTERS: Final = 1_048_576
CHARACTERS_A_ROUND: Final = 200  # of a document, that count as one round of a loop
MAX_ROWS: Final = 10_000
MAX_DEPTH: Final = 64  # elements in elements
MAX_STEPS: Final = 20  # of a path
MAX_VISITS: Final = 200_000  # of values, that one path may look at

Step: TypeAlias = "tuple[str, Any]"


class _Malformed(Exception):
    """A document or path that cannot be read."""


def rows_of_json(context: Context, value: Any, path: Any, gives_none: Any) -> RowSet:
    """One row for each thing a path finds: an object's columns, or `Value`. Nested values are empty.

    `gives_none`: what cannot be read gives no rows, else Fault.
    """
    try:
        found = _found(_json(_charged(context, value)), _steps(plain(text(path))))
        return RowSet(tuple(_row(name, each) for name, each in found))
    except _Malformed as error:
        if flag(gives_none):
            return NO_ROWS
        raise Fault(f"the JSON cannot be read: {error}", "give 1 as the third argument to get no rows then") from error


def _charged(context: Context, value: Any) -> str:
    """The document, counted as rounds of a loop by its length."""
    source = plain(text(value))
    charge(context, 1 + len(source) // CHARACTERS_A_ROUND)
    return source


def _json(source: str) -> Any:
    if len(source) > MAX_DOCUMENT_CHARACTERS:
        raise _Malformed("it is too long")
    try:
        return json.loads(source, parse_float=_number, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise _Malformed("it is not JSON") from error


def _number(digits: str) -> Any:
    return result(Decimal(digits)) if len(digits) < 100 else Decimal("NaN")


def _constant(_name: str) -> Any:
    raise ValueError("no JSON number")


def _row(_name: str, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(places_of(name.lower() for name in value), tuple(_cell(each) for each in value.values()))
    return Row(VALUE_ALONE, (_cell(value),))


def _cell(value: Any) -> Any:
    return "" if value is None or isinstance(value, (dict, list)) else value


# --- JSONPath --------------------------------------------------------------------------------------

_STEP = re.compile(
    r"(?P<deep>\.\.)?(?:\.?(?P<name>[A-Za-z_$][\w$-]*)|\.?(?P<all>\*)"
    r"|\[\s*(?:(?P<index>-?[0-9]{1,9})|(?P<every>\*)|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|\?\((?P<test>[^\]]{1,200})\))\s*\])"
)
_TEST = re.compile(
    r"\s*@\.([\w$-]+)\s*(?:(==|!=|<=|>=|<|>)\s*(?:'([^']*)'|\"([^\"]*)\"|(-?[0-9.]{1,30}|true|false)))?\s*"
)


def _steps(path: str) -> list[Step]:
    """A JSONPath as steps: (`name` | `index` | `all` | `test` | `deep`, what)."""
    path = path.strip()
    at = 1 if path.startswith("$") else 0
    found: list[Step] = []
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or step.end() == at or len(found) > MAX_STEPS:
            raise _Malformed("this path is not supported")
        if step["deep"]:
            found.append(("deep", None))
        found.append(_step_of(step))
        at = step.end()
    return found


def _step_of(step: re.Match[str]) -> Step:
    name = next((step[kind] for kind in ("name", "single", "double") if step[kind] is not None), None)
    if name is not None:
        return ("name", name)
    if step["index"]:
        return ("index", int(step["index"]))
    if step["test"]:
        test = _TEST.fullmatch(step["test"])
        if test is None:
            raise _Malformed("this path is not supported")
        return ("test", test)
    return ("all", None)


def _found(document: Any, steps: list[Step]) -> list[tuple[str, Any]]:
    """What a path finds, each with the key it stood under. A list found whole stands for its items."""
    visits = [MAX_VISITS]
    values: list[tuple[str, Any]] = [("", document)]
    for step in steps:
        values = [each for _, value in values for each in _taken(value, step, visits)]
    if len(values) == 1 and isinstance(values[0][1], list):
        values = [("", each) for each in values[0][1]]
    if len(values) > MAX_ROWS:
        raise _Malformed(f"it has more than {MAX_ROWS} rows")
    return values


def _taken(value: Any, step: Step, visits: list[int]) -> Iterator[tuple[str, Any]]:
    visits[0] -= 1
    if visits[0] < 0:
        raise _Malformed("the path finds too much")
    kind, what = step
    if kind == "deep":
        yield from _everything(value, visits)
    elif kind == "name" and isinstance(value, dict) and what in value:
        yield what, value[what]
    elif kind == "index" and isinstance(value, list) and -len(value) <= what < len(value):
        yield "", value[what]
    elif kind == "all":
        yield from _children(value)
    elif kind == "test":
        yield from ((name, each) for name, each in _children(value) if _passes(each, what))


def _children(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return [("", each) for each in value] if isinstance(value, list) else []


def _everything(value: Any, visits: list[int]) -> Iterator[tuple[str, Any]]:
    waiting = [("", value)]
    while waiting:
        visits[0] -= 1
        if visits[0] < 0:
            raise _Malformed("the path finds too much")
        name, each = waiting.pop()
        yield name, each
        waiting += reversed(_children(each))


def _passes(value: Any, test: re.Match[str]) -> bool:
    if not isinstance(value, dict) or test[1] not in value:
        return False
    if test[2] is None:
        return True
    wanted: Any = test[3] if test[3] is not None else test[4]
    if wanted is None:
        wanted = json.loads(test[5]) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?|true|false", test[5]) else test[5]
    return _compares(value[test[1]], test[2], wanted)


def _compares(value: Any, operator: str, wanted: Any) -> bool:
    if operator in ("==", "!="):
        return bool(value == wanted) is (operator == "==")
    is_number = all(isinstance(each, (int, float, Decimal)) and not isinstance(each, bool) for each in (value, wanted))
    if not is_number and not (isinstance(value, str) and isinstance(wanted, str)):
        return False
    less, same = bool(value < wanted), bool(value == wanted)
    return {"<": less, "<=": less or same, ">": not less and not same, ">=": not less}[operator]


# --- XML -------------------------------------------------------------------------------------------

_XPATH = re.compile(r"[\w\s/.@*\[\]='\"():-]{1,300}")


def rows_of_xml(context: Context, value: Any, path: Any, gives_none: Any) -> RowSet:
    """One row for each element a path finds: `Value`, `Xml`, and each attribute as `name_att`."""
    try:
        found = _elements(_xml(_charged(context, value)), plain(text(path)).strip())
        return _xml_rows(found)
    except _Malformed as error:
        if flag(gives_none):
            return NO_ROWS
        raise Fault(f"the XML cannot be read: {error}", "give 1 as the third argument to get no rows then") from error


@dataclass(slots=True)
class _Builder:
    """Builds a tree while a document is read; entities and deep nesting are refused."""

    tree: TreeBuilder
    depth: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _Malformed(f"it is nested deeper than {MAX_DEPTH}")
        self.tree.start(name, attributes)

    def end(self, name: str) -> None:
        self.depth -= 1
        self.tree.end(name)


def _xml(source: str) -> Element:
    if len(source) > MAX_DOCUMENT_CHARACTERS:
        raise _Malformed("it is too long")
    builder = _Builder(TreeBuilder())
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.tree.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(source.encode("utf-8", "replace"), True)
        root = Element("document")
        root.append(builder.tree.close())
    except (expat.ExpatError, AssertionError, ParseError, ValueError) as error:
        raise _Malformed("it is not XML") from error
    return root


def _refuse_doctype(*_: object) -> None:
    raise _Malformed("it declares a document type")


def _elements(root: Element, path: str) -> list[tuple[str, Element | None]]:
    """The elements of a path, each with its text; attributes (`/@name`) with their values."""
    path, _, attribute = path.partition("/@")
    path = path.removesuffix("/text()")
    if not _XPATH.fullmatch(path) or "@" in attribute:
        raise _Malformed("this path is not supported")
    inner = f".{path}" if path.startswith("//") else f"./{path.lstrip('/')}"
    try:
        found = root.findall(inner)
    except (SyntaxError, KeyError, TypeError, ValueError, IndexError, RecursionError) as error:
        raise _Malformed("this path is not supported") from error
    if attribute:
        return [(each.get(attribute, ""), None) for each in found if attribute in each.attrib]
    return [("".join(each.itertext()), each) for each in found]


def _xml_rows(found: list[tuple[str, Element | None]]) -> RowSet:
    if len(found) > MAX_ROWS:
        raise _Malformed(f"it has more than {MAX_ROWS} rows")
    attributes = list(dict.fromkeys(name for _, each in found if each is not None for name in each.attrib))
    places = places_of(("value", "xml", *(f"{name.lower()}_att" for name in attributes)))
    size, rows = 0, list[Row]()
    for value, each in found:
        source = "" if each is None else tostring(each, encoding="unicode")
        size += len(source) + len(value)
        if size > 4 * MAX_DOCUMENT_CHARACTERS:
            raise _Malformed("its rows are too long")
        given = ("" if each is None else each.get(name, "") for name in attributes)
        rows.append(Row(places, (value, source, *given)))
    return RowSet(tuple(rows))
