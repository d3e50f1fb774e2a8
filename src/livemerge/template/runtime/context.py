"""What one rendering remembers beside its output, and the names it sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from livemerge.template.fetches import Reply, Request, ask_nobody
from livemerge.template.runtime.output import Output
from livemerge.template.runtime.texts import text_of

CHECK_WORK = 6_400  # units between two looks at the size of the output


class Context:
    """Everything one rendering remembers beside its output.

    What most renderings never change belongs to the class until one does.
    """

    work = 0  # done so far: runtime.work
    checkpoint = CHECK_WORK  # the work at which the size of the output is looked at
    depth = 0  # of templates in templates
    is_isolated = False  # inside `render`, where `include` is not allowed
    changed: str | None = None  # what `ifchanged` wrote last
    environment: Environment | None = None  # of languages whose functions reach beyond their arguments

    def __init__(
        self,
        now: Callable[[], datetime],
        load: Callable[[str, str, bool], Program],
        trace: list[tuple[int, object, object]] | None = None,
        fetch: Callable[[Request], Reply] = ask_nobody,
        locale: str = "",
    ) -> None:
        self.fetch = fetch  # the reply to a request; raises Wanted where none was given
        self.now = now
        self.load = load
        self.locale = locale  # of the message, as `de-DE`; empty where it names none
        self.trace = trace
        self.cycles: dict[object, int] = {}
        self.counters: dict[str, int] = {}
        self.resume: dict[str, int] = {}


class Environment:
    """What functions find around them: the names, other texts by name, and how to run one as a template."""

    __slots__ = ("captured", "memory", "run", "scope", "texts")

    def __init__(
        self,
        scope: Scope,
        texts: Mapping[str, str],
        run: Callable[[str, str], Program],
        captured: Callable[[str], str],
    ) -> None:
        self.scope = scope
        self.texts = texts
        self.run = run  # a name for errors and a source → a program that shares our variables
        self.captured = captured  # what such a program wrote → a value
        self.memory: dict[str, object] = {}


class Scope:
    """Names a program sees: the data, and for templates that include others the variables of all of them."""

    __slots__ = ("data", "loops", "variables")

    is_clean = False  # what the data holds needs no cleaning: see CleanData

    def __init__(self, data: Mapping[str, object], variables: dict[str, object] | None = None) -> None:
        self.data = data
        self.variables: dict[str, object] = {} if variables is None else variables
        self.loops: list[dict[str, object]] = []

    def get(self, name: str, counters: Mapping[str, int]) -> object:
        """The innermost value of a name, None for none."""
        for names in reversed(self.loops):
            if name in names:
                return names[name]
        if name in self.variables:
            return self.variables[name]
        return counters[name] if name in counters else self.data.get(name)

    def push(self, names: dict[str, object]) -> dict[str, object]:
        self.loops.append(names)
        return names

    def pop(self) -> None:
        self.loops.pop()


class CleanScope(Scope):
    """A scope over CleanData."""

    __slots__ = ()

    is_clean = True


Program = Callable[[Context, Scope, Output], "str | None"]
"""One compiled body: appends to the list; gives `break` or `continue` where the template stopped with one."""


def next_of(context: Context, group: object, count: int) -> int:
    """The position a cycle is at, moved on."""
    key = group if isinstance(group, str | int | float | bool | None | tuple) else text_of(group)
    at = context.cycles.get(key, 0)
    context.cycles[key] = at + 1 if at + 1 < count else 0
    return at


def count(context: Context, name: str, step_by: int) -> int:
    """What `increment` (1) or `decrement` (-1) writes."""
    value = context.counters.get(name, 0)
    context.counters[name] = value + step_by
    return value if step_by > 0 else value + step_by
