"""Jinja's filters and tests by name, and the functions that stand for its operators, calls and methods.

Templates may write the names in JINJA_FILTERS alone; the rest is what the front end makes of other syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import Parameter, signature
from typing import Any, Final

from livemerge.template.filters import Filter
from livemerge.template.filters.filter import Short
from livemerge.template.jinja import applied, callees, frames, functions, html, lists, numbers, operators, texts
from livemerge.template.jinja.questions import QUESTIONS
from livemerge.template.jinja.values import UNDEFINED, item, present
from livemerge.template.runtime import MISSING, size_of, sorting_size, whole_size

MAX_ARGUMENTS: Final = 1_000  # of one call
QUESTION: Final = "is_"  # before the name of a test


# What looks at a number, or no further than at one place of its value, has hardly any work.
_LIGHT: Final = (
    *("abs", "count", "d", "default", "first", "float", "int", "last", "length", "round", "op_subtract", "op_divide"),
    *("op_floor_divide", "op_times", "op_power", "op_negative", "op_positive", "op_item", "set_name", "value_of"),
    *("is_left_out", "member", "present", "call_function", "is_boolean", "is_callable", "is_defined", "is_divisibleby"),
    *("is_escaped", "is_even", "is_false", "is_float", "is_integer", "is_iterable", "is_mapping", "is_none"),
    *("is_number", "is_odd", "is_sequence", "is_string", "is_true", "is_undefined"),
)


def _method_size(value: Any) -> int:
    """The work of calling a value's method: those of mappings look one key up, or give what is measured then."""
    return 0 if isinstance(value, Mapping) else size_of(value)


_WORK: Final[Mapping[str, Callable[[Any], int] | None]] = {
    **dict.fromkeys(_LIGHT),
    "call_method": _method_size,
    "dictsort": sorting_size,
    "equals": whole_size,
    "differs": whole_size,
    "groupby": sorting_size,
    "sort": sorting_size,
    "tojson": whole_size,
    "unique": whole_size,
}


_SHORT_TEXT: Final = "type({named}) is str and len({name}) < 100"  # a longer one is counted as work
_HAS_TEXT: Final = "type({named}) is str and {name}"
_SHORT: Final[Mapping[str, Short]] = {
    "capitalize": Short("{name}.capitalize()", _SHORT_TEXT),
    "d": Short("{name}", _HAS_TEXT, (0, 1, 2)),
    "default": Short("{name}", _HAS_TEXT, (0, 1, 2)),
    "length": Short("len({name})", "type({named}) is list or type({name}) is str"),
    "lower": Short("{name}.lower()", _SHORT_TEXT),
    "present": Short("{name}"),
    "trim": Short("{name}.strip()", _SHORT_TEXT),
    "upper": Short("{name}.upper()", _SHORT_TEXT),
}
_GIVES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("count", "length", "wordcount"), "number"),
    **dict.fromkeys(("op_within", "op_not_within", "equals", "differs", "op_chain"), "boolean"),
    **{f"{QUESTION}{name}": "boolean" for name in ("defined", "undefined", "none", "string", "number", "mapping")},
}


def _filters(calls_by_name: Mapping[str, Callable[..., Any]]) -> dict[str, Filter]:
    return {name: _known(name, call) for name, call in calls_by_name.items()}


def _known(name: str, call: Callable[..., Any]) -> Filter:
    """The filter of a function, with what generated code may know of it."""
    found = _filter(call, _WORK.get(name, size_of))
    return replace(found, short=_SHORT.get(name), gives=_GIVES.get(name, ""))


def _filter(call: Callable[..., Any], work: Callable[[Any], int] | None = size_of) -> Filter:
    """A function's arity: any parameter may also be given by its name."""
    parameters = list(signature(call).parameters.values())
    takes_context = parameters[0].name == "context"
    given = parameters[2 if takes_context else 1 :]
    named = [each for each in given if each.kind is Parameter.POSITIONAL_OR_KEYWORD]
    is_open = len(named) < len(given)
    return Filter(
        call,
        sum(each.default is Parameter.empty for each in named),
        MAX_ARGUMENTS if is_open else len(named),
        frozenset() if is_open else frozenset(each.name for each in named),
        takes_context,
        work=work,
    )


_PLAIN: Final[Mapping[str, Callable[..., Any]]] = {
    "abs": numbers.absolute,
    "batch": lists.batch,
    "capitalize": texts.capitalize,
    "center": texts.center,
    "count": lists.length,
    "d": lists.default,
    "default": lists.default,
    "dictsort": lists.dictsort,
    "filesizeformat": numbers.filesizeformat,
    "first": lists.first,
    "float": numbers.float_,
    "forceescape": html.force_escape,
    "groupby": lists.group_by,
    "indent": texts.indent,
    "int": numbers.int_,
    "items": lists.items_or_none,
    "join": lists.join,
    "last": lists.last,
    "length": lists.length,
    "list": lists.list_,
    "lower": texts.lower,
    "max": lists.greatest,
    "min": lists.least,
    "replace": texts.replace,
    "reverse": lists.reverse,
    "round": numbers.round_,
    "safe": html.safe,
    "slice": lists.slice_,
    "sort": lists.sort,
    "strftime": texts.strftime,
    "string": texts.string,
    "striptags": html.strip_tags,
    "sum": lists.total,
    "title": texts.title,
    "tojson": html.to_json,
    "trim": texts.trim,
    "truncate": texts.truncate,
    "unique": lists.unique,
    "upper": texts.upper,
    "urlencode": texts.urlencode,
    "urlize": html.urlize,
    "wordcount": texts.wordcount,
    "wordwrap": texts.wordwrap,
    "xmlattr": html.xml_attributes,
}
_SIMPLE: Final = _filters(_PLAIN)
_ESCAPES: Final = {"e": _filter(html.escape), "escape": _filter(html.escape)}
APPLYING: Final = frozenset({"select", "reject", "selectattr", "rejectattr"})
"""Filters whose arguments are those of another filter or test."""

JINJA_FILTERS: Final[Mapping[str, Filter]] = {
    **_SIMPLE,
    **_ESCAPES,
    "format": _filter(texts.format_),
    "map": _filter(lists.mapped),
    "reject": _filter(applied.reject),
    "rejectattr": _filter(applied.reject_by),
    "select": _filter(applied.select),
    "selectattr": _filter(applied.select_by),
}
REFUSED_FILTERS: Final[Mapping[str, str]] = {
    "attr": "read it as `value.name`, or `value[name]`",
    "pprint": "it is for looking at values while programming; use `tojson`",
    "random": "each rendering must give the same; let the data choose",
}

_INSIDE: Final[Mapping[str, Callable[..., Any]]] = {
    "op_add": operators.add,
    "op_subtract": operators.subtract,
    "op_times": operators.times,
    "op_divide": operators.divide,
    "op_floor_divide": operators.floor_divide,
    "op_modulo": operators.modulo,
    "op_power": operators.power,
    "op_negative": operators.negative,
    "op_positive": operators.positive,
    "op_within": operators.within,
    "op_not_within": operators.not_within,
    "op_concat": operators.concatenated,
    "op_part": operators.part,
    "op_chain": operators.chained,
    "op_item": item,
    "equals": operators.equal,
    "differs": operators.differs,
    "make_list": operators.made_list,
    "make_tuple": operators.made_tuple,
    "make_dict": operators.made_dict,
    "made_of": operators.unpacked,
    "value_of": lambda value: value,
    "is_left_out": lambda value: value is MISSING,
    "set_name": callees.set_name,
    "call_method": functions.method,
    "call_function": functions.function,
    "member": frames.member,
    "html_escaped": html.escape,
    "present": present,
    "safe_text": html.safe,
    "map_by": applied.make_map({**_SIMPLE, **_ESCAPES}),
    "plain_replace": texts.replace_plain,
    "plain_join": lists.join_plain,
    "plain_xmlattr": html.attributes_text,
}
INSIDE: Final[Mapping[str, Filter]] = {
    **_filters(_INSIDE),
    **_filters({f"{QUESTION}{name}": call for name, call in QUESTIONS.items()}),
}

JINJA_TABLE: Final[Mapping[str, Filter]] = {**INSIDE, **{k: v for k, v in JINJA_FILTERS.items() if k not in _ESCAPES}}
"""All that the tree may call."""

UNESCAPED: Final[Mapping[str, Filter]] = {
    "forceescape": _filter(html.unchanged),
    "html_escaped": _filter(html.unchanged),
    "join": _filter(lists.join_plain),
    "replace": _filter(texts.replace_plain),
    "safe": _filter(html.unchanged),
    "safe_text": _filter(html.unchanged),
    "xmlattr": _filter(html.attributes_text),
}
"""Instead of those in parts that are not escaped: nothing there is HTML."""

PLAIN_TEXT: Final[Mapping[str, Filter]] = {**UNESCAPED, "safe_text": _filter(html.safe)}
"""Instead of those in text derived from HTML: an author's HTML loses its tags where it is written."""


def _absent(call: Callable[..., Any]) -> Callable[..., Any]:
    """A function for which None is not there."""
    return lambda *given, **named: call(*(UNDEFINED if each is None else each for each in given), **named)


def _guarded(name: str) -> Filter:
    return replace(_known(name, _ALL[name]), call=_absent(_ALL[name]))


_ALL: Final = {**_PLAIN, **_INSIDE, **{f"{QUESTION}{name}": call for name, call in QUESTIONS.items()}}
_OF_TEXTS: Final = ("capitalize", "lower", "op_concat", "replace", "string", "title", "trim", "upper", "urlencode")
GUARDED: Final[Mapping[str, Filter]] = {
    "safe": _filter(html.unchanged),
    f"{QUESTION}none": _filter(lambda value: value is None or value is UNDEFINED),
    **{name: _guarded(name) for name in ("default", f"{QUESTION}defined", f"{QUESTION}undefined", *_OF_TEXTS)},
}
"""Instead of those in projects: data is raw only where its field is HTML, and a field without a value is not there."""

FUNCTIONS: Final = frozenset({*functions.GLOBALS, "now"})
REFUSED_FUNCTIONS: Final[Mapping[str, str]] = {
    "lipsum": "write the text itself",
    "caller": "it means something only inside a macro that is used with `call`",
    "super": "it means something only inside a block",
}
