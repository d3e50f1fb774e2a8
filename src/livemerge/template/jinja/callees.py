"""What templates make and call, or set names of: macros, cyclers, joiners, namespaces, imported templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from livemerge.template.jinja.values import UNDEFINED, Callee, Steps, Undefined, made, not_there, plain
from livemerge.template.limits import ROUND_WORK
from livemerge.template.runtime import MISSING, Context, Fault, charge

MAX_CALL_DEPTH: Final = 60  # macros that are running; each takes a few of Python's own calls


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


CYCLER_METHODS: Final[Mapping[str, Callable[..., Any]]] = {"next": _next, "reset": _reset}


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
