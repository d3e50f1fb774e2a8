"""Where a value came from: a field's path, what was done to it on the way, and whether something stands in for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from livemerge.template import nodes
from livemerge.template.kinds import ANYTHING, SAME, Kinds, Want
from livemerge.template.nodes import Expression

MAX_ORIGINS = 50  # fields one variable is followed to
_MAX_OPERATIONS = 20  # filters and comparisons remembered for one read
_MAX_PATH_CHARACTERS = 300
_MAX_ALTERNATIVES = 12  # paths one read may have instead of its likeliest

_SAME_LIST = frozenset(
    {"where", "reject", "sort", "sort_natural", "reverse", "uniq", "compact", "concat", "slice", "feed_items"}
    | {"limit", "list", "op_part", "rejectattr", "select", "selectattr", "unique", "where_not"}
)
_ONE_ITEM = frozenset({"first", "last", "find", "least", "greatest", "max", "min"})
_UNTOLD = frozenset({"v", "attribute", "is_true"})  # what a language's values pass through anyway


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: a field's path, what was done to it on the way, whether a fallback stands in."""

    path: str
    place: nodes.Place
    operations: tuple[str, ...] = ()
    has_fallback: bool = False
    is_exact: bool = True  # a step into the value is a step into the field
    alternatives: tuple[str, ...] = ()  # paths it may have come from instead
    kind: str = ""  # what a function made of it; empty: it is of the field's own type
    wants: tuple[Want, ...] = ()  # what functions need the field to be
    is_part: bool = False  # more than the field's value is there, also where the field has none
    behind: str = ""  # where in an address it stands, by the text put before it: path, query; empty: it begins
    is_maybe: bool = False  # some ways here have set a variable of this name, so there may be no such field
    has_other: bool = False  # another value may stand here instead: what is known of this one says nothing of the field
    is_tested: bool = False  # who chose this value has looked at the field
    is_blank: bool = False  # where the field has nothing this is empty text, which some languages take for a value


Origins = tuple[Origin, ...]
Names = dict[str, Origins]


def item_of(origin: Origin) -> Origin:
    alternatives = tuple(f"{path}[]" for path in origin.alternatives)
    return replace(origin, path=f"{origin.path}[]", operations=(), alternatives=alternatives, kind="", wants=())


def property_paths(origin: Origin, name: Expression) -> Origins:
    """What is read of each item of a list by a property's name, or several with commas; all of it by an unknown one."""
    item = item_of(origin) if origin.is_exact else replace(origin, operations=(), wants=())
    if not origin.is_exact or not isinstance(name, nodes.Literal) or not isinstance(name.value, str):
        return (item,)
    names = str.__str__(name.value)[:_MAX_PATH_CHARACTERS].split(",")
    return tuple(_longer(item, f".{each.strip()}") for each in names if each.strip())


def section_items(items: Origins, origins: Origins, outer: Origins) -> Origins:
    """A section's context: most likely an item of its list, else its value, else what is around it."""
    around = tuple(path for origin in outer for path in (origin.path, *origin.alternatives))
    values = tuple(path for origin in origins for path in (origin.path, *origin.alternatives) if path)
    others = (values + around)[:_MAX_ALTERNATIVES]
    return tuple(replace(each, alternatives=(each.alternatives + others)[:_MAX_ALTERNATIVES]) for each in items)


def one_of(origins: list[Origin]) -> Origins:
    """One origin that may be any of them; the first is the likeliest."""
    if not origins:
        return ()
    others = (path for origin in origins[1:] for path in (origin.path, *origin.alternatives))
    alternatives = dict.fromkeys((*origins[0].alternatives, *others))
    alternatives.pop(origins[0].path, None)
    return (replace(origins[0], alternatives=tuple(alternatives)[:_MAX_ALTERNATIVES]),)


def stepped(origin: Origin, steps: tuple[Expression, ...]) -> Origin:
    """The origin of a path's value: named steps are dots, numbers are items; any other step ends the path."""
    added = ""
    for step in steps:
        key = step.key if isinstance(step, nodes.Index) else step
        value = key.value if isinstance(key, nodes.Literal) else None
        if not origin.is_exact or value is None or len(origin.path) + len(added) > _MAX_PATH_CHARACTERS:
            return replace(_longer(origin, added), is_exact=False)
        added += "[]" if isinstance(value, int | float) else f".{value}"
    return _longer(origin, added)


def _longer(origin: Origin, added: str) -> Origin:
    """An origin with something added to its paths; all of the data has an empty path."""
    alternatives = tuple(dict.fromkeys(f"{path}{added}".removeprefix(".") for path in origin.alternatives))
    return replace(origin, path=f"{origin.path}{added}".removeprefix("."), alternatives=alternatives)


def wanted(origin: Origin, kind: str, function: str) -> Origin:
    """The origin of a value that a function needs to be of a kind; what a function made is not the field any more."""
    if origin.kind or kind == ANYTHING or len(origin.wants) >= _MAX_OPERATIONS:
        return origin
    return replace(origin, wants=(*origin.wants, Want(kind, function)))


def filtered_by(origin: Origin, node: nodes.FilterCall, fallback: bool, kinds: Kinds | None) -> Origin:
    path = origin.path
    if origin.is_exact and node.name in _ONE_ITEM:
        path += "[]"
    elif origin.is_exact and node.name == "map" and node.arguments:
        name = node.arguments[0]
        path += f"[].{name.value}" if isinstance(name, nodes.Literal) else "[]"
    elif origin.is_exact and node.name == "op_item":
        return stepped(origin, node.arguments)
    if kinds is not None:
        origin = wanted(origin, kinds.takes[0], kinds.name)
        origin = origin if kinds.gives == SAME else replace(origin, kind=kinds.gives)
    if path != origin.path:  # something inside: of its own type, and needed for what comes after
        origin = replace(origin, kind="" if node.name in _ONE_ITEM else origin.kind, wants=())
    is_exact = origin.is_exact and (node.name in _SAME_LIST | _ONE_ITEM or node.name == "default")
    return replace(
        origin,
        path=path,
        operations=(*origin.operations, *((node.name,) if node.name not in _UNTOLD else ()))[:_MAX_OPERATIONS],
        has_fallback=origin.has_fallback or (fallback and not origin.is_part),
        is_exact=is_exact,
        has_other=origin.has_other or node.name == "default",
    )


def is_shown(node: Expression) -> bool:
    """Whether a default is something to show: a literal that is not empty, or anything computed."""
    return not isinstance(node, nodes.Literal) or bool(str(node.value or "").strip()) or node.value == 0


def compared(origin: Origin, kind: str) -> Origin:
    """The origin of a value that is compared; what a function made of a field says nothing about the field's type."""
    is_made = origin.is_part or (origin.kind and (origin.kind, kind) != ("text", "compare_number"))
    return replace(origin, operations=(*origin.operations, "compare" if is_made else kind))


def other_too(origins: Origins) -> Origins:
    """Origins of a value that may be something else as well."""
    return tuple(replace(origin, has_other=True) for origin in origins)


def kind_of(other: Expression) -> str:
    """What a comparison with this expression takes a field for."""
    if not isinstance(other, nodes.Literal):
        return "compare"
    if isinstance(other.value, bool):
        return "compare_boolean"
    if isinstance(other.value, int | float):
        return "compare_number"
    return "compare_text" if isinstance(other.value, str) else "compare_presence"
