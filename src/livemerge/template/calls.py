"""What generated code calls, by the short names it uses, and how one template writes another."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable

from livemerge.template import runtime
from livemerge.template.limits import MAX_INCLUDE_DEPTH, MAX_ITERATIONS
from livemerge.template.runtime import LISTS, MAPPINGS, SEQUENCES, Context, Fault, Output, Program, Scope
from livemerge.template.trace import TracePoint
from livemerge.template.wire import escape_kernel


def _branch(context: Context, point: TracePoint, verdict: bool) -> bool:
    if context.trace is not None:
        context.trace.append((0, point, verdict))
    return verdict


def _refuse(what: str, advice: str) -> None:
    raise Fault(what, advice)


def _lookup(context: Context, scope: Scope, name: object) -> object:
    return scope.get(name, context.counters) if isinstance(name, str) else None


def _counted(context: Context, scope: Scope, name: str, variable: object) -> object:
    """A name that is a counter too: its variable where one is set, else the counter, else the data."""
    if variable is not None:
        return variable
    return context.counters[name] if name in context.counters else scope.data.get(name)


def _columns(value: object) -> int:
    """Cells in a row; what is no number means that rows never end."""
    return runtime.whole_number(value) or MAX_ITERATIONS + 1


def _include(
    context: Context,
    scope: Scope,
    output: Output,
    name: object,
    kind: str,
    arguments: dict[str, object],
    bound: object,
    _repeats: bool,  # `for` belongs to render; here a list always repeats
    alias: str | None,
) -> str | None:
    """Writes another template that shares our variables; a list bound to it writes it once for each item."""
    if context.is_isolated:
        raise Fault("`include` is not allowed in a template that is rendered", "use `render`")
    program = _loaded(context, name, kind, shares_scope=True)
    variable = alias or _own_name(name)
    if bound is runtime.MISSING:
        bound = scope.get(str(name), context.counters)
    names = scope.push(dict(arguments))
    context.depth += 1
    result = None
    for item in runtime.rounds(context, bound if isinstance(bound, LISTS) else (bound,), output):
        names[variable] = item
        result = program(context, scope, output)
        if result:
            break
    context.depth -= 1
    scope.pop()
    return result


_REPEATED = (*SEQUENCES, *MAPPINGS)  # what `render … for` goes over; any other value is rendered once, without a loop


def _render(
    context: Context,
    scope: Scope,
    output: Output,
    name: object,
    kind: str,
    arguments: dict[str, object],
    bound: object,
    repeats: bool,
    alias: str | None,
) -> None:
    """Writes another template that sees the data and its arguments, and has counters and cycles of its own."""
    program = _loaded(context, name, kind, shares_scope=False)
    inner = Context(context.now, context.load, context.trace, context.fetch, context.locale)
    inner.depth = context.depth + 1
    inner.is_isolated = True
    inner.work, inner.checkpoint = context.work, context.checkpoint
    goes_round = repeats and isinstance(bound, _REPEATED)
    items = runtime.items_of(bound) if goes_round else (bound,)
    loop = runtime.ForLoop(_own_name(name), len(items)) if goes_round else None
    for item in runtime.rounds(inner, items, output):
        names = dict(arguments)
        if item is not runtime.MISSING and item is not None:
            names[alias or _own_name(name)] = item
        if loop is not None:
            loop.index0 += 1
            names["forloop"] = loop
        program(inner, Scope(ChainMap(names, dict(scope.data))), output)
    context.work, context.checkpoint = inner.work, inner.checkpoint


def _own_name(name: object) -> str:
    return str(name).rsplit("/", 1)[-1]


def _loaded(context: Context, name: object, kind: str, *, shares_scope: bool) -> Program:
    if not isinstance(name, str):
        raise Fault("the name of a template is no text")
    if context.depth >= MAX_INCLUDE_DEPTH:
        raise Fault(f"templates include each other deeper than {MAX_INCLUDE_DEPTH}", "check for a circle")
    return context.load(str.__str__(name), kind, shares_scope)


def _merged(context: Context, output: Output) -> str:
    """The text of a capture."""
    text = runtime.merged(output)
    runtime.charge(context, len(text))
    return text


def _getter(value: object) -> Callable[[str], object]:
    """A function that steps into a value that is no dict; plain keys only."""
    return _nothing if value is None else lambda key: runtime.item(value, key)


class View:
    """What stands in for a dict where a value is none: its `get` steps into the value."""

    __slots__ = ("get",)

    def __init__(self, get: Callable[[str], object]) -> None:
        self.get = get


def _nothing(_key: str) -> None:
    """What a step into nil gives."""


CALLS: dict[str, object] = {
    "BRANCH": _branch,
    "CELL": lambda state: f'<td class="col{state.step("col")}">',
    "CHARGE": runtime.charge,
    "CHARGED": runtime.charged,
    "CHECK": runtime.check_size,
    "CHECKED": runtime.checked,
    "COLUMNS": _columns,
    "CONTAINS": runtime.contains,
    "COUNT": runtime.count,
    "COUNTED": _counted,
    "E": escape_kernel,
    "EMPTY_DICT": {},
    "EQ": runtime.equal,
    "FAULT": Fault,
    "FORLOOP": runtime.ForLoop,
    "GE": runtime.greater_equal,
    "GETTER": _getter,
    "GT": runtime.greater,
    "INCLUDE": _include,
    "IS_BLANK": runtime.is_blank,
    "IS_EMPTY": runtime.is_empty,
    "ITEM": runtime.item,
    "ITEMS": runtime.items_of,
    "LE": runtime.less_equal,
    "LOOKUP": _lookup,
    "LT": runtime.less,
    "MERGED": _merged,
    "MISSING": runtime.MISSING,
    "NEXT": runtime.next_of,
    "ONCE": (None,),
    "OUTPUT": Output,
    "PART": runtime.part_of,
    "RANGE": runtime.whole_range,
    "REFUSE": _refuse,
    "RENDER": _render,
    "ROW": lambda state: f'</tr>\n<tr class="row{state.step("row") + 1}">',
    "SMALL": runtime.SMALL,
    "SIZE": runtime.size_of,
    "STEP": runtime.step,
    "VIEW": View,
    "WHOLE": runtime.whole_number,
    "WHOLE_SIZE": runtime.whole_size,
}
