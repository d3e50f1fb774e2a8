"""Mustachio, the language of Postmark's templates: text to tree, and what its values mean.

Follows wildbit/mustachio (Tokenizer.cs, Parser.cs, ContextObject.cs). Every step of a path is a context with the one
before as its parent: inside `{{#each items}}` the list is at `../` and what is around it at `../../`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from livemerge.errors import TemplateError
from livemerge.template import nodes
from livemerge.template.findings import Finding, Source
from livemerge.template.handlebars import values
from livemerge.template.handlebars.calls import HANDLEBARS_CALLS
from livemerge.template.limits import MAX_CHAIN, MAX_NESTING
from livemerge.template.nodes import Block, Expression, Place, Statement
from livemerge.template.plain_text import TagSpan
from livemerge.template.runtime import Fault, text_of
from livemerge.template.wire import escape_kernel

_TAG = re.compile(r"\{\{\{([^{}]+)\}\}\}|\{\{([^{}]+)\}\}")
_COMMENT = re.compile(r"\{\{!.*?\}\}", re.DOTALL)
_EACH = re.compile(r"#\s*each\b")
_WRONG = re.compile(r"\.{3,}|[^\w./]+|(?<!\.\.)/|\.\.(?!/)|^$")
_STEP = re.compile(r"\.\./|[^./]+")


# --- values ----------------------------------------------------------------------------------------


def show(value: Any) -> str:
    """A value as .NET prints it: True and False; lists and objects are nothing."""
    if value is True or value is False:
        return "True" if value else "False"
    if isinstance(value, (list, tuple, range, Mapping)):
        return ""
    return values.show(value) if isinstance(value, (str, float)) else text_of(value)


def escape(text: str) -> str:
    """HTML of an exact str, as .NET encodes it."""
    return escape_kernel(text).replace("&#34;", "&quot;") if '"' in text else escape_kernel(text)


def _item(value: Any, key: Any) -> Any:
    """A mapping's key; nothing else has names."""
    return value.get(str(key)) if isinstance(value, Mapping) else None


def _loop(value: Any) -> tuple[Any, None]:
    """What `each` goes over: a list; nothing where there is nothing."""
    if isinstance(value, (list, tuple, range)):
        return value, None
    if values.is_true(value):
        raise Fault("`each` goes over a list, and this is none", "use `{{#name}}` for a single value")
    return (), None


MUSTACHIO_CALLS: dict[str, object] = {
    **HANDLEBARS_CALLS,
    "E": escape,
    "EACH": _loop,
    "GETTER": lambda value: lambda key: _item(value, key),
    "ITEM": _item,
    "STEP": _item,
}


# --- tags in HTML ----------------------------------------------------------------------------------


def mustachio_spans(text: str) -> Iterator[TagSpan]:
    """Every tag, in order."""
    for found in _TAG.finditer(text):
        mark = (found[1] or found[2]).strip()[:1]
        yield TagSpan(found.start(), found.end(), mark not in ("#", "^", "/", "!"))


# --- text to tree ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Context:
    """A value that names are looked up in, and the context one step before it."""

    value: Expression
    parent: _Context | None


@dataclass(slots=True)
class _Open:
    """A scope that is not closed yet."""

    kind: str  # #, ^ or each
    path: str
    place: Place
    value: Expression
    context: _Context
    name: str = ""  # of an item
    body: list[Statement] = field(default_factory=list)


def parse_mustachio(source: Source, *, is_strict: bool) -> tuple[Block, tuple[Finding, ...]]:
    """The tree of a template; its mistakes are errors, never findings. Raises TemplateError."""
    return _Parser(source).parsed(), ()


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.body: list[Statement] = []
        self.open: list[_Open] = []
        self.numbers = count()

    def parsed(self) -> Block:
        text, at = self.source.text, 0
        while found := _TAG.search(text, at):
            start = found.start()
            comment = _COMMENT.search(text, at, found.end())
            if comment is not None and comment.start() <= start:
                self.text(at, comment.start())
                at = comment.end()
                continue
            self.text(at, start)
            self.tag(found, self.source.place(start))
            at = found.end()
        self.text(at, len(text))
        if self.open:
            scope = self.open[-1]
            closing = "each" if scope.kind == "each" else scope.path
            advice = f"close it with `{{{{/{closing}}}}}`"
            raise self.source.error(f"`{scope.path}` is never closed", scope.place, advice)
        return tuple(self.body)

    def text(self, start: int, end: int) -> None:
        text = self.source.text[start:end]
        if not text:
            return
        if (at := text.find("{{")) >= 0:
            place = self.source.place(start + at)
            raise self.source.error("this tag is not closed", place, "write it as `{{name}}`, in one piece")
        self.add(nodes.Text(text, self.source.place(start)))

    def add(self, statement: Statement) -> None:
        (self.open[-1].body if self.open else self.body).append(statement)

    def tag(self, found: re.Match[str], place: Place) -> None:
        inner = (found[1] or found[2]).strip()
        mark = inner[:1]
        if found[1] is not None or mark == "&":
            self.output(inner.removeprefix("&").strip(), place, is_raw=True)
        elif mark == "!":
            return
        elif _EACH.match(inner):
            self.each(_EACH.sub("", inner, count=1).strip(), place)
        elif mark in ("#", "^"):
            self.scope(mark, inner[1:].strip(), place)
        elif mark == "/":
            self.close(inner[1:].strip(), place)
        else:
            self.output(inner, place, is_raw=False)

    # --- values ---

    def context(self) -> _Context:
        if self.open:
            return self.open[-1].context
        return _Context(nodes.Data(Place(1, 1)), None)

    def at_path(self, path: str, place: Place) -> _Context:
        """The context of a path from here. Too many `../` stay at the outermost."""
        if (wrong := _WRONG.search(path.removeprefix("@"))) and path != ".":
            raise self.wrong_path(path, wrong[0], place)
        found = self.context()
        steps = _STEP.findall(path)
        if len(steps) > MAX_CHAIN:
            raise self.source.error(f"a path has more than {MAX_CHAIN} steps", place)
        for step in steps:
            found = (found.parent or found) if step == "../" else self.stepped(found, step, path, place)
        return found

    def wrong_path(self, path: str, wrong: str, place: Place) -> TemplateError:
        if not path:
            return self.source.error("a name is missing here", place, "write what stands here")
        if " " in wrong.strip(" ") or path.split()[0] != path:
            advice = "Postmark has no helpers, comparisons or arguments: test one value with `{{#name}}`"
        else:
            advice = "names are letters, digits and _, with dots between and ../ before"
        return self.source.error(f"`{path[:60]}` is no name", place, advice)

    def stepped(self, context: _Context, key: str, source: str, place: Place) -> _Context:
        value = context.value
        step = nodes.Index(nodes.Literal(key, place), place)
        if isinstance(value, nodes.Data):
            return _Context(nodes.Path(key, (), source, place), context)
        assert isinstance(value, nodes.Path)
        return _Context(nodes.Path(value.root, (*value.steps, step), source, place), context)

    def output(self, path: str, place: Place, *, is_raw: bool) -> None:
        value = self.at_path(path, place).value
        self.add(nodes.Output(value, path, place, "raw" if is_raw else "auto"))

    # --- scopes ---

    def scope(self, kind: str, path: str, place: Place) -> None:
        """`#` or `^`; where the same name is the innermost open scope, this is its other half."""
        if self.open and self.open[-1].kind in ("#", "^") and self.open[-1].path == path:
            self.finish()
        context = self.at_path(path, place)
        self.begin(_Open(kind, path, place, context.value, context))

    def each(self, path: str, place: Place) -> None:
        if not path:
            raise self.source.error("`each` needs a list", place, "write it as `{{#each items}}`")
        items = self.at_path(path, place)
        name = f"\0item{next(self.numbers)}"
        context = _Context(nodes.Path(name, (), ".", place), items)
        self.begin(_Open("each", path, place, items.value, context, name))

    def begin(self, scope: _Open) -> None:
        self.open.append(scope)
        if len(self.open) > MAX_NESTING:
            raise self.source.error(f"scopes are nested deeper than {MAX_NESTING}", scope.place)

    def close(self, path: str, place: Place) -> None:
        scope = self.open[-1] if self.open else None
        if scope is None or path != ("each" if scope.kind == "each" else scope.path):
            inside = f"; `{scope.path}` is open" if scope else ""
            raise self.source.error(f"`{{{{/{path[:60]}}}}}` closes nothing{inside}", place, "remove it, or open it")
        self.finish()

    def finish(self) -> None:
        scope = self.open.pop()
        body = tuple(scope.body)
        if scope.kind == "each":
            self.add(nodes.Each(scope.name, scope.value, body, (), scope.place, f"each {scope.path}"))
            return
        condition = scope.value if scope.kind == "#" else nodes.Not(scope.value, scope.place)
        branch = nodes.Branch(condition, f"{scope.kind}{scope.path}", body, scope.place)
        self.add(nodes.If((branch,), (), scope.place))
