"""Templates that other templates extend, include or import, and the blocks of them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any

from livemerge.template.jinja.callees import MAX_CALL_DEPTH, Module
from livemerge.template.jinja.values import UNDEFINED, item, items_of, plain
from livemerge.template.limits import MAX_INCLUDE_DEPTH, ROUND_WORK
from livemerge.template.runtime import MISSING, Context, Fault, Output, Program, Scope, charge, look

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
    names = items_of(name) if isinstance(name, (list, tuple)) else (name,)
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
