"""Methods of values and functions of the language, called by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from livemerge.template.jinja.callees import CYCLER_METHODS, Cycler, Joiner, Namespace, invoked
from livemerge.template.jinja.formats import formatted
from livemerge.template.jinja.loop import LOOP_METHODS, Loop
from livemerge.template.jinja.methods import called, method_of
from livemerge.template.jinja.values import item, made
from livemerge.template.limits import MAX_ITERATIONS
from livemerge.template.runtime import Context, Fault


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
        return LOOP_METHODS.get(name)
    if isinstance(value, Cycler):
        return CYCLER_METHODS.get(name)
    return None


def _range(*bounds: Any) -> range:
    if not 1 <= len(bounds) <= 3 or not all(isinstance(each, int) for each in bounds) or bounds[2:] == (0,):
        raise Fault("`range` takes whole numbers", "turn them into such with `|int`")
    found = range(*bounds)
    if len(found) > MAX_ITERATIONS:
        raise Fault(f"`range` gives more than {MAX_ITERATIONS} numbers", "use smaller numbers")
    return found


def _dict(*given: Any, **named: Any) -> dict[Any, Any]:
    start = dict(given[0]) if given and isinstance(given[0], (Mapping, list, tuple)) else {}
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
