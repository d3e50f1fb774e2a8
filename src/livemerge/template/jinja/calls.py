"""What generated code of Jinja templates calls: loops' state, macros, calls, other templates and blocks of them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from livemerge.template.jinja import operators
from livemerge.template.jinja.formats import formatted
from livemerge.template.jinja.methods import called, method_of
from livemerge.template.jinja.values import (
    UNDEFINED,
    Callee,
    Steps,
    Undefined,
    getter,
    item,
    items_of,
    made,
    not_there,
    plain,
)
from livemerge.template.limits import MAX_INCLUDE_DEPTH, MAX_ITERATIONS, ROUND_WORK
from livemerge.template.runtime import MISSING, Context, Fault, Output, Program, Scope, charge, look

MAX_CALL_DEPTH: Final = 60  # macros that are running; each takes a few of Python's own calls


# --- loops -----------------------------------------------------------------------------------------


class Loop(Steps):
    """The state of one loop, read by templates as `loop`."""

    __slots__ = ("changed", "depth0", "index0", "items")

    def __init__(self, items: Sequence[Any], depth0: int) -> None:
        self.items = items
        self.depth0 = depth0
        self.index0 = -1
        self.changed: object = MISSING

    def step(self, key: object) -> object:
        read = LOOP_NAMES.get(key) if isinstance(key, str) else None
        return UNDEFINED if read is None else read(self)


def _neighbour(loop: Loop, at: int) -> object:
    return loop.items[at] if 0 <= at < len(loop.items) else UNDEFINED


LOOP_NAMES: Final[Mapping[str, Callable[[Loop], object]]] = {
    "index": lambda loop: loop.index0 + 1,
    "index0": lambda loop: loop.index0,
    "revindex": lambda loop: len(loop.items) - loop.index0,
    "revindex0": lambda loop: len(loop.items) - loop.index0 - 1,
    "first": lambda loop: loop.index0 == 0,
    "last": lambda loop: loop.index0 == len(loop.items) - 1,
    "length": lambda loop: len(loop.items),
    "depth": lambda loop: loop.depth0 + 1,
    "depth0": lambda loop: loop.depth0,
    "previtem": lambda loop: _neighbour(loop, loop.index0 - 1),
    "nextitem": lambda loop: _neighbour(loop, loop.index0 + 1),
}


JINJA_LOOP: Final[Mapping[str, str]] = {  # those that need nothing but the position and the number of items, as Python
    "index": "({at} + 1)",
    "index0": "{at}",
    "revindex": "({length} - {at})",
    "revindex0": "({length} - {at} - 1)",
    "first": "({at} == 0)",
    "last": "({at} == {length} - 1)",
    "length": "{length}",
}


def _cycle(loop: Loop, *values: Any) -> Any:
    if not values:
        raise Fault("`loop.cycle` has no values", "write the values it goes round")
    return values[loop.index0 % len(values)]


def _changed(loop: Loop, *values: Any) -> bool:
    before, loop.changed = loop.changed, values
    return before is MISSING or not operators.equal(before, values)


_LOOP_METHODS: Final[Mapping[str, Callable[..., Any]]] = {"cycle": _cycle, "changed": _changed}


# --- macros and other things that are called -------------------------------------------------------


class Macro(Callee):
    """A macro: what it writes, as a value. `written` takes its parameters, MISSING for those with a default."""

    __slots__ = ("defaults", "name", "parameters", "takes", "written")

    def __init__(
        self, written: Callable[..., str], name: str, parameters: tuple[str, ...], defaults: int, takes: str
    ) -> None:
        self.written = written
        self.name = name
        self.parameters = parameters
        self.defaults = defaults  # how many parameters, from the last, have one
        self.takes = takes  # v: more values than it names, k: more names, c: a caller

    def shown(self) -> str:
        return f"<Macro {self.name!r}>" if self.name else "<Macro anonymous>"

    def step(self, key: object) -> object:
        return {"name": self.name or None, "arguments": self.parameters}.get(str(key), UNDEFINED)

    def call(self, context: Context, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        charge(context, ROUND_WORK)
        if context.depth >= MAX_CALL_DEPTH:
            raise Fault(f"macros call each other deeper than {MAX_CALL_DEPTH}", "check for a circle")
        arguments = self._arguments(given, dict(named) if named else {})
        context.depth += 1
        found = self.written(*arguments)
        context.depth -= 1
        return found

    def _arguments(self, given: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
        """A value for each parameter, then the caller, the other names and the other values."""
        count = len(self.parameters)
        if len(given) == count and not named and not self.takes:
            return list(given)
        first_default = count - self.defaults
        values = list(given[:count])
        for at, name in enumerate(self.parameters[len(values) :], len(values)):
            values.append(named.pop(name, MISSING if at >= first_default else UNDEFINED))
        if "c" in self.takes:
            values.append(named.pop("caller", UNDEFINED))
        if "k" in self.takes:
            values.append(named)
        elif named:
            raise Fault(f"the macro takes no argument `{next(iter(named))[:40]}`", "check its parameters")
        if "v" in self.takes:
            values.append(given[count:])
        elif len(given) > count:
            raise Fault(f"the macro takes at most {count} arguments", "check its parameters")
        return values


class Cycler(Callee):
    """Values that follow each other whenever `next` is called."""

    __slots__ = ("at", "values")

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = values
        self.at = 0

    def step(self, key: object) -> object:
        return self.values[self.at] if key == "current" else UNDEFINED


def _next(cycler: Cycler) -> Any:
    found = cycler.values[cycler.at]
    cycler.at = (cycler.at + 1) % len(cycler.values)
    return found


def _reset(cycler: Cycler) -> None:
    cycler.at = 0


class Joiner(Callee):
    """Nothing the first time it is called, then what stands between things."""

    __slots__ = ("between", "is_used")

    def __init__(self, between: Any) -> None:
        self.between = between
        self.is_used = False

    def call(self, context: Context, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        was_used, self.is_used = self.is_used, True
        return self.between if was_used else ""


class Namespace(Steps):
    """Names that also loops and blocks may set."""

    __slots__ = ("names",)

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names

    def step(self, key: object) -> object:
        return self.names.get(str(key), UNDEFINED)


class Module(Namespace):
    """What a template that was imported has set."""

    __slots__ = ()


def set_name(value: Any, name: str, new: Any) -> None:
    """Sets a name of a namespace."""
    if not isinstance(value, Namespace) or isinstance(value, Module):
        raise Fault("only a namespace's names can be set", "make one with `{% set ns = namespace() %}`")
    value.names[name] = made([new])[0]


def invoked(context: Context, callee: Any, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """What calling a value gives."""
    if isinstance(callee, Undefined):
        raise not_there()
    if not isinstance(callee, Callee):
        raise Fault("this is no macro or function", "call macros, and the functions of the language")
    return callee.call(context, given, named)


def names_of(value: Any) -> Mapping[str, Any]:
    """The arguments that a mapping gives by name (`**kwargs`)."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise Fault("`**` takes a mapping whose keys are names", "give it a mapping")
    return {plain(name): each for name, each in value.items()}


def split(count: int, given: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Values, and values by name: a method call hands over both in one row, `count` of the first kind."""
    names = given[count:]
    return given[:count], dict(zip(names[::2], names[1::2], strict=True))


def method(context: Context, value: Any, name: str, count: int, *given: Any) -> Any:
    """What a method of a value gives: of a text, mapping, list or date, of a loop, of a module."""
    values, named = split(count, given)
    found = _own_method(value, name)
    if found is None:
        plain_method = method_of(value, name)
        if plain_method is None:
            return invoked(context, item(value, name), values, named)
        if named and plain_method is not formatted:
            raise Fault(f"`{name}` takes no arguments by name", "write their values in order")
        return called(plain_method, value, values, named)
    if named:
        raise Fault(f"`{name}` takes no arguments by name", "write their values in order")
    return found(value, *values)


def _own_method(value: object, name: str) -> Callable[..., Any] | None:
    if isinstance(value, Loop):
        return _LOOP_METHODS.get(name)
    if isinstance(value, Cycler):
        return {"next": _next, "reset": _reset}.get(name)
    return None


# --- functions -------------------------------------------------------------------------------------


def _range(*bounds: Any) -> range:
    if not 1 <= len(bounds) <= 3 or not all(isinstance(each, int) for each in bounds) or bounds[2:] == (0,):
        raise Fault("`range` takes whole numbers", "turn them into such with `|int`")
    found = range(*bounds)
    if len(found) > MAX_ITERATIONS:
        raise Fault(f"`range` gives more than {MAX_ITERATIONS} numbers", "use smaller numbers")
    return found


def _dict(*given: Any, **named: Any) -> dict[Any, Any]:
    start = dict(given[0]) if given and isinstance(given[0], Mapping | list | tuple) else {}
    found: dict[Any, Any] = made({**start, **named})
    return found


def _namespace(*given: Any, **named: Any) -> Namespace:
    return Namespace(_dict(*given, **named))


def _cycler(*values: Any) -> Cycler:
    if not values:
        raise Fault("`cycler` has no values", "write the values it goes round")
    return Cycler(values)


def _joiner(between: Any = ", ") -> Joiner:
    return Joiner(between)


GLOBALS: Final[Mapping[str, Callable[..., Any]]] = {
    "cycler": _cycler,
    "dict": _dict,
    "joiner": _joiner,
    "namespace": _namespace,
    "range": _range,
}


def function(context: Context, name: str, count: int, *given: Any) -> Any:
    """What a function of the language gives."""
    values, named = split(count, given)
    if name == "now" and not given:
        return context.now()
    if name not in GLOBALS:
        raise Fault(f"`{name}` does not take these arguments", "count them")
    try:
        return GLOBALS[name](*values, **named)
    except (TypeError, ValueError):
        raise Fault(f"`{name}` does not take these arguments", "check how many there are") from None


# --- other templates -------------------------------------------------------------------------------

BlockWriter = Callable[[Context, Scope, Output, int], None]


class Frame:
    """What the templates of one line of inheritance share: who writes each block, the last heir first."""

    __slots__ = ("blocks", "partials")

    def __init__(self) -> None:
        self.blocks: dict[str, list[BlockWriter]] = {}
        self.partials: Mapping[str, object] = {}


class FramedScope(Scope):
    """The scope of a template that another one extends, imports or includes."""

    __slots__ = ("frame",)

    def __init__(self, data: Mapping[str, object], variables: dict[str, object] | None, frame: Frame) -> None:
        super().__init__(data, variables)
        self.frame = frame


def frame_of(scope: Scope) -> Frame:
    """The frame of a scope; a message's first template begins one."""
    return scope.frame if isinstance(scope, FramedScope) else Frame()


def named(scope: Scope, name: str) -> object:
    """A name of the template, or of one around it, or of the data."""
    found = scope.variables.get(name, MISSING)
    return scope.data.get(name, UNDEFINED) if found is MISSING else found


def keep_block(frame: Frame, name: str, writer: BlockWriter) -> None:
    """Adds this template's way to write a block, behind those of the templates that extend it."""
    frame.blocks.setdefault(name, []).append(writer)


def write_block(
    context: Context, scope: Scope, output: Output, frame: Frame, name: str, at: int, names: dict[str, object] | None
) -> None:
    """Writes a block as the heir at position `at` has it; `names` are the variables around, for a scoped block."""
    writers = frame.blocks.get(name, [])
    if at >= len(writers):
        raise Fault(f"there is no block `{name}` above this one", "remove `super()`, or define the block")
    inner: Scope = scope
    if names is not None:
        inner = FramedScope(scope.data, {**scope.variables, **names}, frame)
    context.depth += 1
    charge(context, ROUND_WORK)
    look(context, output)
    if context.depth > MAX_CALL_DEPTH:
        raise Fault("blocks write each other too deep", "check for a circle")
    writers[at](context, inner, output, at)
    context.depth -= 1


def extend(context: Context, scope: Scope, output: Output, frame: Frame, name: object, kind: str) -> None:
    """Writes the template that this one extends, with our blocks and variables."""
    program = _loaded(context, name, kind, shares_scope=True)
    context.depth += 1
    program(context, FramedScope(scope.data, scope.variables, frame), output)
    context.depth -= 1


def render(
    context: Context,
    scope: Scope,
    output: Output,
    name: object,
    kind: str,
    arguments: dict[str, object],
    _bound: object,
    _repeats: bool,
    _alias: str | None,
    is_optional: bool = False,
    is_alone: bool = False,
) -> None:
    """Writes another template, which sees our data and variables unless it stands alone."""
    program = _first_of(context, name, kind, is_optional=is_optional)
    if program is None:
        return
    data: Mapping[str, object] = {}
    if not is_alone:
        data = ChainMap(arguments, dict(scope.variables), dict(scope.data))
    context.depth += 1
    program(context, Scope(data), output)
    context.depth -= 1


def _first_of(context: Context, name: object, kind: str, *, is_optional: bool) -> Program | None:
    """The first template there is of one name or several."""
    names = items_of(name) if isinstance(name, list | tuple) else (name,)
    for each in names[:-1]:
        try:
            return _loaded(context, each, kind, shares_scope=False)
        except Fault:
            pass
    try:
        return _loaded(context, names[-1] if names else "", kind, shares_scope=False)
    except Fault:
        if is_optional and context.depth < MAX_INCLUDE_DEPTH:
            return None
        raise


def imported(context: Context, scope: Scope, name: object, names: dict[str, object] | None) -> Module:
    """What a template sets, with all it writes thrown away. `names` are our variables, where it sees them."""
    program = _loaded(context, name, "captured", shares_scope=True)
    data: Mapping[str, object] = {} if names is None else ChainMap(names, dict(scope.variables), dict(scope.data))
    inner = FramedScope(data, {}, Frame())
    context.depth += 1
    program(context, inner, Output())
    context.depth -= 1
    return Module(inner.variables)


def member(module: Any, name: str) -> object:
    """One name of an imported template."""
    return item(module, name)


def _loaded(context: Context, name: object, kind: str, *, shares_scope: bool) -> Program:
    if not isinstance(name, str):
        raise Fault("the name of a template is no text", "write the name in quotes")
    if context.depth >= MAX_INCLUDE_DEPTH:
        raise Fault(f"templates include each other deeper than {MAX_INCLUDE_DEPTH}", "check for a circle")
    return context.load(plain(name), kind, shares_scope)


JINJA_CALLS: Final[Mapping[str, object]] = {
    "BLOCK": write_block,
    "CALL": invoked,
    "CONTAINS": operators.within,
    "EQ": operators.equal,
    "EXTEND": extend,
    "FRAME": frame_of,
    "GE": operators.greater_equal,
    "GETTER": getter,
    "GT": operators.greater,
    "IMPORT": imported,
    "ITEM": item,
    "ITEMS": items_of,
    "KEEP_BLOCK": keep_block,
    "LE": operators.less_equal,
    "LOOP": Loop,
    "LT": operators.less,
    "MACRO": Macro,
    "NAMED": named,
    "NAMES": names_of,
    "RENDER": render,
    "STEP": item,
    "TRUE": bool,
    "UNDEFINED": UNDEFINED,
}
