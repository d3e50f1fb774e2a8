"""From what a Handlebars template says to the tree: names find their contexts, helpers become tests and calls.

Every name is resolved here: `{{name}}` inside `{{#each items}}` becomes a step into the loop's item. Names the tree
gives to contexts begin with NUL, which no template has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from types import MappingProxyType

from livemerge.errors import TemplateError, nearest
from livemerge.template import nodes
from livemerge.template.findings import Finding, Source
from livemerge.template.handlebars.conditions import read_condition
from livemerge.template.handlebars.dialects import BUILT_IN, DIALECTS, Dialect
from livemerge.template.handlebars.helpers import HANDLEBARS_FILTERS
from livemerge.template.handlebars.syntax import (
    Call,
    Condition,
    Content,
    Dynamic,
    Mustache,
    Name,
    Node,
    PartialTag,
    Program,
    Section,
    Term,
    Value,
)
from livemerge.template.nodes import Block, Expression, Place, Statement

_LOOP_WORDS = frozenset({"index", "key", "first", "last"})
_WITHOUT_ARGUMENTS = frozenset({"send_date", "now", "timestamp"})  # functions that need no value
_KEPT = frozenset({"raw", "verbatim"})  # raw blocks that write their text; others are sections
_MAX_PARAMETERS = 2  # a loop gives its item and its key


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names mean in one body."""

    context: str  # the name of the context, empty for the template's own data
    outer: _Scope | None
    is_changed: bool | None = True  # whether the context is another than outside; None: known only while rendering
    loop: str = ""  # the loop whose index and key are seen here
    is_section: bool = False  # that loop may be none
    is_piece: bool = False  # what is written elsewhere: loops around are not seen
    parameters: Mapping[str, Expression] = field(default_factory=dict)

    def contexts(self) -> list[_Scope]:
        """The scopes that change the context, inmost first, with the template's own last."""
        found: list[_Scope] = []
        scope: _Scope | None = self
        while scope is not None:
            if scope.outer is None or scope.is_changed is not False:
                found.append(scope)
            scope = scope.outer
        return found


def build_tree(program: Program, source: Source, dialect: Dialect) -> tuple[Block, tuple[Finding, ...]]:
    """The tree of a parsed template and what was noticed on the way. Raises TemplateError."""
    builder = _Builder(source, dialect)
    return builder.body(program, _Scope("", None)), tuple(builder.findings)


class _Builder:
    def __init__(self, source: Source, dialect: Dialect) -> None:
        self.source = source
        self.dialect = dialect
        self.findings: list[Finding] = []
        self.numbers = count()
        self.assigned: dict[str, Expression] = {}  # names that `assign` gave so far
        self.inside: _Scope | None = None  # the scope of the body that is being built

    def place(self, offset: int) -> Place:
        return self.source.place(offset)

    def error(self, what: str, offset: int, advice: str = "") -> TemplateError:
        return self.source.error(what, self.place(offset), advice)

    def fresh(self, word: str) -> str:
        return f"\0{word}{next(self.numbers)}"

    # --- bodies ---

    def body(self, program: Program | None, scope: _Scope) -> Block:
        """The statements of a body; its inline partials are known in all of it."""
        if program is None:
            return ()
        inside, self.inside = self.inside, scope
        around = scope if scope is inside else scope.outer  # Handlebars' inline partials see what the block is in
        pieces: dict[str, nodes.Fragment] = {}
        found: list[Statement] = []
        for node in program.body:
            if isinstance(node, Section) and node.kind == "decorator":
                name = self.inline_name(node)
                pieces.pop(name, None)
                pieces[name] = self.fragment(node.program, around, node.offset, scope.parameters)
            else:
                found += self.statements(node, scope)
        self.inside = inside
        if not pieces:
            return tuple(found)
        place = found[0].place if found else Place(1, 1)
        return (nodes.Define(tuple(pieces.items()), tuple(found), place),)

    def inline_name(self, node: Section) -> str:
        name = node.call.arguments[0]
        if not isinstance(name, Value):
            raise self.error("the name of an inline partial is written out", node.offset, 'as `{{#*inline "name"}}`')
        return name.text

    def fragment(
        self,
        program: Program | None,
        around: _Scope | None,
        offset: int,
        parameters: Mapping[str, Expression] = MappingProxyType({}),
    ) -> nodes.Fragment:
        """A piece that others write; `around` is the scope its `../` leads to."""
        name = self.fresh("piece")
        inner = _Scope(name, around, None if around else True, is_piece=True, parameters=parameters)
        outside = self.context_name(around) if around else ""
        return nodes.Fragment(name, outside, self.body(program, inner), self.place(offset))

    def statements(self, node: Node, scope: _Scope) -> Block:
        if isinstance(node, Content):
            return (nodes.Text(node.text, self.place(node.offset)),) if node.text else ()
        if isinstance(node, Mustache):
            return self.output(node, scope)
        if isinstance(node, PartialTag):
            return self.partial(node, scope)
        return self.section(node, scope) if isinstance(node, Section) else ()

    # --- values that are written ---

    def output(self, node: Mustache, scope: _Scope) -> Block:
        place = self.place(node.offset)
        called = self.called(node.call)
        if called == "log":
            return ()
        if self.dialect.has_java_ways and called in ("snippet", "sendSkip"):
            return self.snippet(node, scope) if called == "snippet" else self.skip(node, place)
        value = self.call(node.call, scope, demand="value" if self.dialect.is_strict else "")
        if isinstance(value, nodes.Unsupported):
            return (value,)
        return (
            nodes.Output(value, node.call.text, place, "raw" if node.is_raw or not self.dialect.escapes else "auto"),
        )

    def called(self, call: Call) -> str:
        """The name of the helper a call is for; empty where it reads a value."""
        head = call.head
        if not isinstance(head, Name) or not head.is_simple:
            return ""
        name = head.parts[0]
        if not call.is_bare:
            return name
        function = self.dialect.helpers.get(name)
        if name == "sendSkip" and self.dialect.has_java_ways:
            return name
        return name if function in _WITHOUT_ARGUMENTS or name in self.dialect.vendor_only else ""

    def call(self, call: Call, scope: _Scope, demand: str = "") -> Expression | nodes.Unsupported:
        """The value of a call: of a helper, or of what the head names."""
        name = self.called(call)
        if not name:
            if not call.is_bare:
                return self.unknown(call)
            self.refuse_without_arguments(call)
            self.warn_of_helper(call)
            return self.term(call.head, scope, is_head=True, demand=demand)
        if name == "lookup" and "lookup" in self.dialect.built_in:
            return self.lookup(call, scope)
        function = self.dialect.helpers.get(name) or self.dialect.tests.get(name)
        if function is None:
            return self.unknown(call)
        return self.function(function, call, scope)

    def refuse_without_arguments(self, call: Call) -> None:
        """Raises for one of Handlebars' own helpers that is called with nothing."""
        head = call.head
        if self.dialect.has_slots or not isinstance(head, Name) or not head.is_simple:
            return
        name = head.parts[0]
        if name in self.dialect.built_in and name != "log":
            advice = f"give it one, or write `{{{{this.{name}}}}}` for a field of this name"
            raise self.error(f"`{name}` needs a value", call.offset, advice)

    def warn_of_helper(self, call: Call) -> None:
        """A name alone that is a helper's: the vendor calls it, and no field of this name is seen."""
        head = call.head
        if not isinstance(head, Name) or not head.is_simple or head.parts[0] not in self.dialect.helpers:
            return
        name = head.parts[0]
        what = f"`{name}` is a helper of {self.dialect.title}, which hides a field of this name there"
        advice = f"write `{{{{this.{name}}}}}`, or call the field otherwise"
        self.findings.append(self.source.finding("hidden-by-helper", "warning", what, self.place(call.offset), advice))

    def function(self, function: str, call: Call, scope: _Scope) -> Expression:
        """A call of one of the dialect's functions."""
        place = self.place(call.offset)
        arguments = self.arguments(call, scope)
        if function == "insert":
            function, arguments = "default", self.with_fallback(call, arguments)
        options = tuple((name.lower(), self.term(value, scope)) for name, value in call.options)
        if self.dialect.has_java_ways and function in self.dialect.tests.values():
            return self.yes_or_no(function, arguments, dict(options), call)
        if function in _WITHOUT_ARGUMENTS:
            return nodes.FilterCall(nodes.Literal(None, place), function, arguments, options, place)
        self.check_count(function, arguments, call)
        return nodes.FilterCall(arguments[0], function, arguments[1:], options, place)

    def check_count(self, function: str, arguments: tuple[Expression, ...], call: Call) -> None:
        """Raises where a helper is given too few values or too many."""
        name = _text(call.head)
        if not arguments:
            raise self.error(f"`{name}` needs a value", call.offset, "write what it is applied to")
        taken = HANDLEBARS_FILTERS[function]
        least, most = taken.least + 1, taken.most + 1
        if not least <= len(arguments) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise self.error(f"`{name}` takes {wanted} values, {len(arguments)} given", call.offset, "count them")

    def yes_or_no(
        self, function: str, arguments: tuple[Expression, ...], options: dict[str, Expression], call: Call
    ) -> Expression:
        """A comparison, or what its `yes` and `no` say."""
        place = self.place(call.offset)
        self.check_count(function, arguments, call)
        yes, no = options.pop("yes", None), options.pop("no", None)
        test = nodes.FilterCall(arguments[0], function, arguments[1:], tuple(options.items()), place)
        if yes is None and no is None:
            return test
        chosen = (yes or nodes.Literal("", place), no or nodes.Literal("", place))
        return nodes.FilterCall(test, "either", chosen, (), place)

    def snippet(self, node: Mustache, scope: _Scope) -> Block:
        """Iterable's `{{{snippet "name" a=b}}}`: another template."""
        if not node.call.arguments:
            raise self.error("`snippet` needs a name", node.offset, 'as `{{{snippet "footer"}}}`')
        first, *_ = node.call.arguments
        if isinstance(first, Condition):
            raise self.error("a condition is no name", node.offset, "write the snippet's name in quotes")
        call = Call(first, (), node.call.options, node.call.text, node.offset)
        return (self.written(call, scope, node.offset),)

    def skip(self, node: Mustache, place: Place) -> Block:
        """Iterable's `sendSkip`; of its `cause` only what the author wrote out is told."""
        causes = (value for name, value in node.call.options if name == "cause")
        cause = next((value.value for value in causes if isinstance(value, Value)), None)
        return (nodes.Output(nodes.FilterCall(nodes.Literal(cause, place), "skip", (), (), place), "sendSkip", place),)

    def arguments(self, call: Call, scope: _Scope) -> tuple[Expression, ...]:
        """The arguments of a call; SendGrid writes `length list` where others write `(length list)`."""
        terms = list(call.arguments)
        found: list[Expression] = []
        while terms:
            term = terms.pop(0)
            is_length = isinstance(term, Name) and term.is_simple and term.parts[0] == "length"
            if is_length and terms and not self.dialect.has_inner_calls and "length" in self.dialect.helpers:
                value = self.term(terms.pop(0), scope)
                found.append(nodes.FilterCall(value, "size", (), (), self.place(term.offset)))
            else:
                found.append(self.term(term, scope))
        return tuple(found)

    def with_fallback(self, call: Call, arguments: tuple[Expression, ...]) -> tuple[Expression, ...]:
        """SendGrid's `insert`: its second argument may begin with `default=`."""
        if len(arguments) != 2:
            raise self.error("`insert` takes a value and a fallback", call.offset, 'as `{{insert name "default=you"}}`')
        fallback = arguments[1]
        if isinstance(fallback, nodes.Literal) and isinstance(fallback.value, str):
            fallback = replace(fallback, value=fallback.value.removeprefix("default="))
        return arguments[0], fallback

    def lookup(self, call: Call, scope: _Scope) -> Expression:
        if len(call.arguments) != 2:
            raise self.error("`lookup` takes a value and a name", call.offset, "as `{{lookup list 0}}`")
        target, key = (self.term(term, scope) for term in call.arguments)
        place = self.place(call.offset)
        is_everything = isinstance(target, nodes.Data)
        if not isinstance(key, nodes.Literal) and is_everything:
            what = f"`{call.text}` reads a field whose name is known only while rendering"
            self.findings.append(self.source.finding("dynamic-field", "warning", what, place, "write the field's name"))
        step = nodes.Index(key, place)
        if isinstance(target, nodes.Path) and not target.demand:
            return replace(target, steps=(*target.steps, step), source=call.text)
        if isinstance(target, nodes.Context):
            return nodes.Path(target, (step,), call.text, place)
        return nodes.FilterCall(target, "item", (key,), (), place)

    def unknown(self, call: Call) -> nodes.Unsupported:
        """A helper that is not there: found when compiling, an error where it is reached."""
        name = _text(call.head)
        place = self.place(call.offset)
        known = (*self.dialect.helpers, *self.dialect.tests, *self.dialect.built_in)
        if name in self.dialect.vendor_only:
            code, what = "unsupported-helper", f"`{name}` is filled by {self.dialect.title} itself"
            advice = "declare a field with this content and write its name"
        elif name in BUILT_IN or any(name in (*other.helpers, *other.tests) for other in DIALECTS.values()):
            code, what = "unsupported-helper", f"{self.dialect.title} has no helper `{name}` in what it delivers"
            advice = f"it has {', '.join(sorted(known))}"
        else:
            code, what = "unknown-helper", f"there is no helper `{name}`"
            advice = nearest(name, known) or "write a field's name alone, or one of the helpers"
            advice = "write `{{else if …}}`" if name == "elseif" else advice
        finding = self.source.finding(code, "error", what, place, advice)
        if finding not in self.findings:
            self.findings.append(finding)
        return nodes.Unsupported(what, advice, place)

    def refused(self, call: Call) -> Expression:
        """An unknown helper inside a value."""
        found = self.unknown(call)
        what, advice = nodes.Literal(found.what, found.place), nodes.Literal(found.advice, found.place)
        return nodes.FilterCall(what, "refused", (advice,), (), found.place)

    # --- names ---

    def term(self, term: Term, scope: _Scope, *, is_head: bool = False, demand: str = "") -> Expression:
        """The value of a name, literal or inner call. A literal at the head of a tag is a name."""
        if isinstance(term, Name):
            return self.name(term, scope, demand)
        if isinstance(term, Value):
            if is_head:
                return self.name(Name((term.text,), 0, False, False, term.text, term.offset), scope, demand)
            return nodes.Literal(term.value, self.place(term.offset))
        if isinstance(term, Dynamic):
            return self.name(term.name, scope) if term.name else nodes.Literal(None, self.place(term.offset))
        if isinstance(term, Condition):
            return read_condition(term, self.source, lambda name: self.name(name, scope))
        if not self.dialect.has_inner_calls:
            self.refuse_inner_call(term)
        found = self.call(term, scope) if self.called(term) else self.unknown(term)
        return self.refused(term) if isinstance(found, nodes.Unsupported) else found

    def refuse_inner_call(self, call: Call) -> None:
        place = self.place(call.offset)
        what = f"{self.dialect.title} does not deliver calls in parentheses, it only shows them in its preview"
        advice = f"use a block, as {{{{#{next(iter(self.dialect.tests), 'if')} …}}}}"
        finding = self.source.finding("unsupported-helper", "error", what, place, advice)
        if finding not in self.findings:
            self.findings.append(finding)

    def name(self, name: Name, scope: _Scope, demand: str = "") -> Expression:
        """What a path reads here."""
        place = self.place(name.offset)
        if self.dialect.has_java_ways and len(name.parts) > 1 and name.parts[-1] == "size":
            list_ = self.name(replace(name, parts=name.parts[:-1]), scope, demand)
            return nodes.FilterCall(list_, "count_or_size", (), (), place)
        steps = tuple(_step(part, place) for part in name.parts)
        if not demand and (self.dialect.is_strict or self.dialect.assumes_objects):
            demand = "parent"
        if name.is_private:
            return self.private(name, steps, scope, place, demand)
        if name.parts[:1] == ("",):  # `[]` is the context itself, whatever follows
            name, steps = replace(name, parts=()), ()
        if not name.levels and not name.is_scoped and name.parts:
            parameter = _parameter(name.parts[0], scope) or self.assigned.get(name.parts[0])
            if parameter is not None:
                return self.stepped(parameter, steps[1:], name, place, demand)
            if self.dialect.is_compat:
                contexts = tuple(self.context(each, place) for each in scope.contexts())
                around = nodes.Nearest(self.context_name(scope), name.parts[0], contexts, place)
                found = nodes.Path(around, steps[1:], name.text, place, demand if steps[1:] else "")
                return found if steps[1:] else self.demanded(found, name, demand)
        root = self.around(name.levels, scope, place)
        if root is None:
            return self.nowhere(name, place) if demand and steps else nodes.Literal(None, place)
        return self.stepped(root, steps, name, place, demand)

    def stepped(
        self, root: Expression, steps: tuple[nodes.Index, ...], name: Name, place: Place, demand: str = ""
    ) -> Expression:
        """A path from a context; from the template's own data it begins with a name."""
        if isinstance(root, nodes.Literal | nodes.FilterCall):  # a parameter that stands for nothing
            return self.nowhere(name, place) if demand and steps else root
        if not steps:
            return replace(root, place=place) if isinstance(root, nodes.Path | nodes.Data) else root
        if isinstance(root, nodes.Data) and not root.is_whole:
            key = steps[0].key
            assert isinstance(key, nodes.Literal)
            return nodes.Path(str(key.value), steps[1:], name.text, place, demand)
        if isinstance(root, nodes.Path):
            return nodes.Path(root.root, (*root.steps, *steps), name.text, place, demand)
        assert isinstance(root, nodes.Context)
        return nodes.Path(root, steps, name.text, place, demand)

    def nowhere(self, name: Name, place: Place) -> Expression:
        """A path from a context that is not there, where it must be."""
        what = nodes.Literal(f"`{name.text}` is read of something that is not there", place)
        return nodes.FilterCall(what, "refused", (nodes.Literal("take a `../` away", place),), (), place)

    def context(self, scope: _Scope, place: Place) -> Expression:
        """The context of a scope."""
        name = self.context_name(scope)
        return nodes.Path(name, (), "this", place) if name else nodes.Data(place)

    def context_name(self, scope: _Scope) -> str:
        return scope.contexts()[0].context

    def around(self, levels: int, scope: _Scope, place: Place) -> Expression | None:
        """The context so many levels outside; None where there is none."""
        contexts = scope.contexts()
        passed = contexts[:levels]
        likely = self.context(contexts[levels], place) if levels < len(contexts) else None
        if all(each.is_changed for each in passed) and (not self.dialect.is_compat or likely is not None):
            return likely
        return nodes.Around(self.context_name(scope), levels, likely, place)

    def private(
        self, name: Name, steps: tuple[nodes.Index, ...], scope: _Scope, place: Place, demand: str
    ) -> Expression:
        """`@root`, a loop's `@index` and its like, or a name that is handed over with an @ before it."""
        if not name.parts:
            raise self.error("a name is missing behind `@`", name.offset, "write `@index`, `@key` or `@root`")
        if name.parts[0] == "root":
            return self.stepped(nodes.Data(place, is_whole=True), steps[1:], name, place, demand)
        found = self.loop_word(name.parts[0], name.levels, scope, place)
        if isinstance(found, nodes.Path):
            return nodes.Path(found.root, (*found.steps, *steps[1:]), name.text, place, demand)
        if isinstance(found, nodes.Private) and steps[1:]:
            return nodes.Path(found, steps[1:], name.text, place, demand)
        for step in steps[1:]:
            found = nodes.FilterCall(found, "item", (step.key,), (), place)
        return self.demanded(found, name, demand) if isinstance(found, nodes.Private) else found

    def demanded(self, found: Expression, name: Name, demand: str) -> Expression:
        """What a name reads, an error where it must be there and is not."""
        if demand != "value":
            return found
        return nodes.FilterCall(found, "demanded", (nodes.Literal(name.text, found.place),), (), found.place)

    def loop_word(self, word: str, levels: int, scope: _Scope | None, place: Place) -> Expression:
        """`index`, `key`, `first` or `last` of the loop so many loops outside, through sections that are none."""
        while scope is not None and not scope.is_piece:
            if scope.loop and scope.context == scope.loop and scope.is_section:
                own = self.loop_value(scope.loop, word, place)
                inner = self.loop_word(word, levels - 1, scope.outer, place) if levels else own
                outer = self.loop_word(word, levels, scope.outer, place)
                is_loop = nodes.Path(f"{scope.loop}.loops", (), "", place)
                return nodes.FilterCall(is_loop, "either", (inner, outer), (), place)
            if scope.loop and scope.context == scope.loop:
                if not levels:
                    return self.loop_value(scope.loop, word, place)
                levels -= 1
            scope = scope.outer
        return nodes.Private(word, levels, place)

    def loop_value(self, loop: str, word: str, place: Place) -> Expression:
        if word not in _LOOP_WORDS:
            return nodes.Private(word, 0, place)
        return nodes.Path(f"{loop}.{word}", (), f"@{word}", place)

    # --- other templates ---

    def partial(self, node: PartialTag, scope: _Scope) -> Block:
        """`{{> name context key=value}}`."""
        found = self.written(node.call, scope, node.offset)
        if self.dialect.is_compat and self.dialect.skips_missing_partials:
            empty = nodes.Fragment(self.fresh("piece"), self.context_name(scope), (), found.place)
            found = replace(found, fallback=empty)
        if not self.dialect.indents:
            return (nodes.Text(node.indent, found.place), found) if node.indent else (found,)
        return (replace(found, indent=node.indent, indents_source=self.dialect.has_slots),)

    def written(self, call: Call, scope: _Scope, offset: int) -> nodes.Partial:
        """A call of another template, with what it sees."""
        place = self.place(offset)
        context: Expression = self.context(scope, place)
        if call.arguments:
            context = self.term(call.arguments[0], scope)
        elif self.dialect.has_explicit_context:
            context = nodes.Literal(None, place)
        private, levels = self.loops_around(scope, place)
        return nodes.Partial(
            self.partial_name(call, scope),
            context,
            tuple((name, self.term(value, scope)) for name, value in reversed(call.options)),  # the first one wins
            place,
            self.context_name(scope) if self.dialect.is_compat else None,
            private,
            levels,
        )

    def partial_name(self, call: Call, scope: _Scope) -> Expression:
        head = call.head
        if isinstance(head, Name | Value):
            return nodes.Literal(head.text, self.place(head.offset))
        return self.term(head, scope)

    def loops_around(self, scope: _Scope, place: Place) -> tuple[tuple[tuple[str, Expression], ...], int]:
        """The private names of the loops around, which other templates see too."""
        found: list[tuple[str, Expression]] = []
        levels = 0
        each: _Scope | None = scope
        while each is not None and not each.is_piece:
            if each.loop and each.context == each.loop:
                for word in sorted(_LOOP_WORDS):
                    found.append(("../" * levels + word, self.loop_word(word, levels, scope, place)))
                levels += 1
            each = each.outer
        return tuple(found), levels

    # --- blocks ---

    def section(self, node: Section, scope: _Scope) -> Block:
        if node.kind == "raw":
            return self.raw(node, scope)
        if node.kind in ("partial", "parent"):
            return self.partial_block(node, scope)
        if node.kind == "slot":
            return self.slot(node, scope)
        name = self.block_name(node.call)
        if name in self.dialect.built_in and name in _BLOCKS:
            return _BLOCKS[name](self, node, scope)
        if name == "assign" and self.dialect.has_java_ways:
            return self.assign(node, scope)
        if name == "lookup" and self.dialect.has_java_ways:
            return self.in_context(node, self.lookup(replace(node.call, options=()), scope), scope)
        if name in self.dialect.bindings:
            return self.in_context(node, self.function(self.dialect.bindings[name], node.call, scope), scope)
        if name in self.dialect.tests:
            condition = self.function(self.dialect.tests[name], node.call, scope)
            return self.choice(node, condition, scope)
        if name in self.dialect.helpers:
            return self.transformed(node, self.dialect.helpers[name], scope)
        if name:
            return (self.unknown(node.call),)
        return self.plain_section(node, scope)

    def block_name(self, call: Call) -> str:
        """The helper a block is for; empty where it is a section over a value."""
        head = call.head
        if not isinstance(head, Name) or not head.is_simple:
            return "" if call.is_bare else _text(head)
        name = head.parts[0]
        is_known = (
            name in self.dialect.built_in & _BLOCKS.keys()
            or name in self.dialect.tests
            or name in self.dialect.vendor_only
        )
        is_missing = name in BUILT_IN & _BLOCKS.keys() and not self.dialect.is_compat
        return name if is_known or is_missing or not call.is_bare or name in self.dialect.helpers else ""

    def choice(self, node: Section, condition: Expression, scope: _Scope) -> Block:
        """A block that is written where a condition holds; `else if` makes it a chain."""
        inner = self.with_parameters(node, scope, ())
        branches = [self.branch(node, condition, inner)]
        rest = node.inverse
        while rest is not None and rest.is_chained and isinstance(following := rest.body[0], Section):
            test = self.test_of(following, scope)
            if test is None:
                break
            branches.append(self.branch(following, test, scope))
            rest = following.inverse
        return (nodes.If(tuple(branches), self.body(rest, scope), self.place(node.offset)),)

    def branch(self, node: Section, condition: Expression, scope: _Scope) -> nodes.Branch:
        return nodes.Branch(condition, node.call.text, self.body(node.program, scope), self.place(node.offset))

    def test_of(self, node: Section, scope: _Scope) -> Expression | None:
        """The condition of a block that is a test; None for other blocks."""
        name = self.block_name(node.call)
        if name in ("if", "unless") and name in self.dialect.built_in:
            return self.condition(node, scope)
        if name in self.dialect.tests:
            return self.function(self.dialect.tests[name], node.call, scope)
        return None

    def condition(self, node: Section, scope: _Scope) -> Expression:
        """The condition of `if` or `unless`."""
        name = self.block_name(node.call)
        if len(node.call.arguments) != 1:
            raise self.error(f"`{name}` takes one value", node.offset, f"as `{{{{#{name} field}}}}`")
        place = self.place(node.offset)
        value = self.term(node.call.arguments[0], scope)
        zero = next((option for name, option in node.call.options if name == "includeZero"), None)
        if zero is not None:
            value = nodes.FilterCall(value, "is_true_or_zero", (self.term(zero, scope),), (), place)
        return nodes.Not(value, place) if name == "unless" else value

    def if_block(self, node: Section, scope: _Scope) -> Block:
        return self.choice(node, self.condition(node, scope), scope)

    def with_block(self, node: Section, scope: _Scope) -> Block:
        """`with`: its body's context is a value, where that is one."""
        if len(node.call.arguments) != 1:
            raise self.error("`with` takes one value", node.offset, "as `{{#with field}}`")
        return self.in_context(node, self.term(node.call.arguments[0], scope), scope)

    def in_context(self, node: Section, value: Expression, scope: _Scope) -> Block:
        """A body whose context is a value, where that is one."""
        place = self.place(node.offset)
        name = self.fresh("with")
        own = nodes.Path(name, (), node.call.text, place)
        is_changed = value != self.context(scope, value.place)
        inner = _Scope(name, scope, None if not is_changed else True)
        if not is_changed:
            inner = replace(inner, is_changed=False, context=self.context_name(scope))
        inner = self.with_parameters(node, inner, (own,))
        chosen = nodes.Bind(
            name, value, self.body(node.program, inner), place, self.context_name(scope) if is_changed else None
        )
        condition = nodes.FilterCall(value, "is_true_or_zero", (), (), place)
        branch = nodes.Branch(condition, node.call.text, (chosen,), place)
        return (nodes.If((branch,), self.body(node.inverse, scope), place),)

    def assign(self, node: Section, scope: _Scope) -> Block:
        """Iterable's `{{#assign "name"}}…{{/assign}}`: what is written in it has a name from here on."""
        name = node.call.arguments[0] if len(node.call.arguments) == 1 else None
        if not isinstance(name, Value | Name):
            raise self.error("`assign` takes a name", node.offset, 'as `{{#assign "name"}}…{{/assign}}`')
        place, held = self.place(node.offset), self.fresh("assigned")
        body = self.body(node.program, scope)
        self.assigned[name.text] = nodes.Path(held, (), name.text, place)
        return (nodes.Capture(held, body, place),)

    def each_block(self, node: Section, scope: _Scope) -> Block:
        if len(node.call.arguments) != 1:
            raise self.error("`each` takes one list", node.offset, "as `{{#each items}}`")
        return (self.loop(node, self.term(node.call.arguments[0], scope), scope, is_section=False),)

    def plain_section(self, node: Section, scope: _Scope) -> Block:
        """`{{#value}}`: a loop over a list, else a block in the value's context."""
        demand = "value" if self.dialect.is_strict else ""
        value = self.term(node.call.head, scope, is_head=True, demand=demand)
        return (self.loop(node, value, scope, is_section=True),)

    def loop(self, node: Section, value: Expression, scope: _Scope, *, is_section: bool) -> nodes.Each:
        place = self.place(node.offset)
        name = self.fresh("each")
        inner = _Scope(name, scope, None if is_section else True, name, is_section)
        given = (nodes.Path(name, (), "this", place), self.loop_value(name, "key", place))
        inner = self.with_parameters(node, inner, given)
        return nodes.Each(
            name,
            value,
            self.body(node.program, inner),
            self.body(node.inverse, scope),
            place,
            node.call.text,
            self.context(scope, place) if is_section else None,
            self.context_name(scope),
            self.dialect.skips_empty,
        )

    def with_parameters(self, node: Section, scope: _Scope, given: tuple[Expression, ...]) -> _Scope:
        """A scope that knows the names of `as |a b|`."""
        names = node.program.parameters if node.program is not None else ()
        if not names:
            return scope
        place = self.place(node.offset)
        rest: Expression = nodes.Literal(None, place)
        if not given:
            what = nodes.Literal(f"`{_text(node.call.head)}` gives no block parameters", place)
            rest = nodes.FilterCall(what, "refused", (nodes.Literal("leave `as |…|` out", place),), (), place)
        found = dict.fromkeys(names[len(given) :], rest) | dict(zip(names, given, strict=False))
        return replace(scope, parameters=found)

    def transformed(self, node: Section, function: str, scope: _Scope) -> Block:
        """A block whose text goes through a function: `{{#urlEncode}}{{email}}{{/urlEncode}}`."""
        place = self.place(node.offset)
        name = self.fresh("text")
        capture = nodes.Capture(name, self.body(node.program, scope), place)
        path = nodes.Path(name, (), node.call.text, place)
        written = nodes.FilterCall(path, "as_written", (), (), place)
        value = nodes.FilterCall(written, function, self.arguments(node.call, scope), (), place)
        return (capture, nodes.Output(value, node.call.text, place))

    def raw(self, node: Section, scope: _Scope) -> Block:
        """A block of four braces: its text as it is."""
        if node.call.is_bare and _text(node.call.head) in _KEPT:
            return self.body(node.program, scope)
        return self.section(replace(node, kind="block"), scope)

    def partial_block(self, node: Section, scope: _Scope) -> Block:
        """`{{#> name}}…{{/name}}`: another template that may write this block, which stands in where it is missing."""
        found = self.written(node.call, scope, node.offset)
        own = [
            each
            for each in (node.program or Program()).body
            if isinstance(each, Section) and each.kind in ("decorator", "slot")
        ]
        pieces = {
            (f"${_text(each.call.head)}" if each.kind == "slot" else self.inline_name(each)): self.fragment(
                each.program, scope, each.offset
            )
            for each in own
        }
        found = replace(found, fragments=tuple(pieces.items()), is_outermost_first=node.kind == "parent")
        if node.kind == "parent":
            empty = nodes.Fragment(self.fresh("piece"), self.context_name(scope), (), found.place)
            return (replace(found, fallback=empty, indent=node.indent, indents_source=True),)
        inner = self.fragment(node.program, scope, node.offset)
        return (replace(found, block=inner, fallback=inner),)

    def slot(self, node: Section, scope: _Scope) -> Block:
        """Mustache's `{{$name}}…{{/name}}`: what a template that inherits this one may replace."""
        found = self.written(Call(node.call.head, (), (), node.call.text, node.offset), scope, node.offset)
        name = nodes.Literal(f"${_text(node.call.head)}", found.place)
        own = self.fragment(node.program, scope, node.offset)
        return (replace(found, name=name, fallback=own, indent=node.indent, indents_pieces=True),)


_BLOCKS: dict[str, Callable[[_Builder, Section, _Scope], Block]] = {
    "if": _Builder.if_block,
    "unless": _Builder.if_block,
    "with": _Builder.with_block,
    "each": _Builder.each_block,
}


def _text(head: object) -> str:
    return str(getattr(head, "text", ""))


def _step(part: str, place: Place) -> nodes.Index:
    is_number = part.isascii() and part.isdigit() and len(part) < 9 and (part == "0" or part[0] != "0")
    key: object = int(part) if is_number else part
    return nodes.Index(nodes.Literal(key, place), place)


def _parameter(name: str, scope: _Scope) -> Expression | None:
    """What a block parameter stands for."""
    each: _Scope | None = scope
    while each is not None:
        if name in each.parameters:
            return each.parameters[name]
        each = each.outer
    return None
