"""Jinja's expressions: read from one tag's words, by the precedence its own parser has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NoReturn

from livemerge.errors import nearest
from livemerge.template.findings import Finding, Source
from livemerge.template.jinja.names import LOCAL, Names
from livemerge.template.jinja.questions import QUESTIONS
from livemerge.template.jinja.table import (
    APPLYING,
    FUNCTIONS,
    INSIDE,
    JINJA_FILTERS,
    QUESTION,
    REFUSED_FILTERS,
    REFUSED_FUNCTIONS,
)
from livemerge.template.jinja.tokens import Word
from livemerge.template.jinja.values import UNDEFINED
from livemerge.template.limits import MAX_CHAIN, MAX_EXPRESSION_DEPTH, MAX_PATH_STEPS
from livemerge.template.nodes import (
    Call,
    Choice,
    Comparison,
    Expression,
    FilterCall,
    Index,
    Literal,
    Logic,
    Not,
    Path,
    Place,
)

VENDOR_DATA: Final = "ContentApi"  # MoEngage's name for what it fetches while sending
_ORDERS: Final = ("==", "!=", "<", "<=", ">", ">=")
_SUMS: Final = {"+": "op_add", "-": "op_subtract"}
_PRODUCTS: Final = {"*": "op_times", "/": "op_divide", "//": "op_floor_divide", "%": "op_modulo"}
_CONSTANTS: Final = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}
_AFTER_TEST: Final = frozenset({"else", "or", "and"})  # words that are no argument of a test
_STARTS: Final = frozenset({"name", "string", "integer", "float", "[", "{"})  # of a test's argument without brackets
_KINDS: Final = {"name": "a name", "string": "a text", "integer": "a number"}

Given = tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...], Expression | None, Expression | None]


class Reader:
    """Reads the words of one tag from left to right. `is_escaping`: values are escaped where they are written."""

    def __init__(
        self,
        source: Source,
        words: tuple[Word, ...],
        names: Names,
        findings: list[Finding],
        *,
        is_escaping: bool = True,
    ) -> None:
        self.source = source
        self.words = words
        self.names = names
        self.findings = findings
        self.is_escaping = is_escaping
        self.given: dict[str, Path] = {}  # names that stand for something else just here
        self.at = 0
        self.depth = 0

    # --- words ---

    @property
    def word(self) -> Word:
        return self.words[self.at]

    def place(self) -> Place:
        return self.source.place(self.word.offset)

    def take(self) -> Word:
        """This word; goes on to the next."""
        word = self.word
        if word.kind != "end":
            self.at += 1
        return word

    def is_next(self, kind: str, text: str | None = None, *, ahead: int = 0) -> bool:
        word = self.words[min(self.at + ahead, len(self.words) - 1)]
        return word.kind == kind and (text is None or word.text == text)

    def accept(self, kind: str, text: str | None = None) -> Word | None:
        """This word where it is of that kind, else None."""
        return self.take() if self.is_next(kind, text) else None

    def expect(self, kind: str, text: str | None = None) -> Word:
        word = self.accept(kind, text)
        if word is None:
            wanted = f"`{text}`" if text else _KINDS.get(kind, f"`{kind}`")
            self.refuse(f"expected {wanted}, found {self.found()}")
        return word

    def found(self) -> str:
        return "the end of the tag" if self.word.kind == "end" else f"`{self.word.text[:40]}`"

    def refuse(self, what: str, advice: str = "") -> NoReturn:
        raise self.source.error(what, self.place(), advice)

    def end(self) -> None:
        """Nothing may follow."""
        if self.word.kind == ":":
            self.refuse("unexpected `:`", "a filter's arguments stand in brackets: `default('…')`")
        if self.word.kind != "end":
            self.refuse(f"unexpected {self.found()}", "remove it, or check the signs before it")

    def text_from(self, start: int) -> str:
        """What was read since the word at position `start`, as written."""
        last = self.words[max(self.at - 1, start)]
        return self.source.text[self.words[start].offset : last.offset + len(last.text)]

    def report(self, code: str, what: str, place: Place, advice: str) -> None:
        self.findings.append(self.source.finding(code, "error", what, place, advice))

    # --- choices and logic ---

    def expression(self) -> Expression:
        """A whole expression, with `a if b else c`."""
        with_depth = self.depth
        self.depth += 1
        if self.depth > MAX_EXPRESSION_DEPTH:
            self.refuse(f"expressions are nested deeper than {MAX_EXPRESSION_DEPTH}", "set parts of it before")
        found = self.disjunction()
        rounds = 0
        while self.is_next("name", "if"):
            place = self.place()
            self.take()
            condition = self.disjunction()
            other: Expression = Literal(UNDEFINED, place)
            if self.accept("name", "else"):
                other = self.expression()
            found = Choice(condition, found, other, place)
            rounds = self.bounded(rounds)
        self.depth = with_depth
        return found

    def bounded(self, rounds: int) -> int:
        """One more turn of a chain."""
        if rounds >= MAX_CHAIN:
            self.refuse(f"more than {MAX_CHAIN} operators in one expression", "set parts of it before")
        return rounds + 1

    def disjunction(self) -> Expression:
        return self._logic("or", self.conjunction)

    def conjunction(self) -> Expression:
        return self._logic("and", self.negation)

    def _logic(self, operator: str, read: Callable[[], Expression]) -> Expression:
        """Operands of `and` or `or`; the first that decides is the value."""
        terms = [read()]
        places: list[Place] = []
        while self.is_next("name", operator):
            places.append(self.place())
            self.take()
            terms.append(read())
            self.bounded(len(terms))
        found = terms.pop()
        for term, place in zip(reversed(terms), reversed(places), strict=True):
            found = Logic(term, operator, found, place, gives_operand=True)
        return found

    def negation(self) -> Expression:
        places: list[Place] = []
        while self.is_next("name", "not"):
            places.append(self.place())
            self.take()
            self.bounded(len(places))
        found = self.comparison()
        for place in reversed(places):
            found = Not(found, place)
        return found

    def comparison(self) -> Expression:
        """Values compared; in a chain each with the next."""
        values = [self.sum()]
        signs: list[str] = []
        places: list[Place] = []
        while (sign := self._sign()) is not None:
            signs.append(sign)
            places.append(self.place())
            values.append(self.sum())
            self.bounded(len(signs))
        if not signs:
            return values[0]
        if len(signs) == 1 or all(_is_cheap(each) for each in values[1:-1]):
            found = _compared(values[-2], signs[-1], values[-1], places[-1])
            for at in range(len(signs) - 2, -1, -1):
                found = Logic(_compared(values[at], signs[at], values[at + 1], places[at]), "and", found, places[at])
            return found
        pairs = zip(signs, values[1:], strict=True)
        others = tuple(part for sign, value in pairs for part in (Literal(sign, places[0]), value))
        return FilterCall(values[0], "op_chain", others, (), places[0])

    def _sign(self) -> str | None:
        if self.word.kind in _ORDERS:
            return self.take().text
        if self.accept("name", "in"):
            return "in"
        if self.is_next("name", "not") and self.is_next("name", "in", ahead=1):
            self.take()
            self.take()
            return "not in"
        return None

    # --- arithmetic ---

    def sum(self) -> Expression:
        return self._operated(_SUMS, self.concatenation)

    def product(self) -> Expression:
        return self._operated(_PRODUCTS, self.power)

    def power(self) -> Expression:
        return self._operated({"**": "op_power"}, self.unary)

    def _operated(self, operators: dict[str, str], read: Callable[[], Expression]) -> Expression:
        found = read()
        rounds = 0
        while self.word.kind in operators:
            place = self.place()
            name = operators[self.take().kind]
            found = FilterCall(found, name, (read(),), (), place)
            rounds = self.bounded(rounds)
        return found

    def concatenation(self) -> Expression:
        place = self.place()
        values = [self.product()]
        while self.accept("~"):
            values.append(self.product())
            self.bounded(len(values))
        return values[0] if len(values) == 1 else FilterCall(values[0], "op_concat", tuple(values[1:]), (), place)

    def unary(self) -> Expression:
        signs: list[tuple[str, Place]] = []
        while self.word.kind in ("-", "+"):
            place = self.place()
            signs.append((self.take().kind, place))
            self.bounded(len(signs))
        found = self.postfix(self.primary())
        for sign, place in reversed(signs):
            found = FilterCall(found, "op_negative" if sign == "-" else "op_positive", (), (), place)
        return self.filtered(found)

    # --- values ---

    def primary(self) -> Expression:
        place, word = self.place(), self.word
        if word.kind == "name":
            self.take()
            return Literal(_CONSTANTS[word.text], place) if word.text in _CONSTANTS else self.name(word.text, place)
        if word.kind == "string":
            return self._texts(place)
        if word.kind in ("integer", "float"):
            self.take()
            return Literal(word.value, place)
        if self.accept("("):
            found = self.items(is_bracketed=True)
            self.expect(")")
            return found
        if word.kind == "[":
            return self._list(place)
        if word.kind == "{":
            return self._dict(place)
        return self.refuse(f"expected a value, found {self.found()}", "give a name, a number or a quoted text")

    def name(self, name: str, place: Place) -> Expression:
        if name in self.given:
            return replace(self.given[name], source=name, place=place)
        return Path(self.names.meaning(name), (), name, place)

    def _texts(self, place: Place) -> Literal:
        """Texts that follow each other are one."""
        pieces: list[str] = []
        while self.word.kind == "string":
            pieces.append(str(self.take().value))
        return Literal("".join(pieces), place)

    def items(self, *, is_bracketed: bool = False, ends: tuple[str, ...] = (), has_choice: bool = True) -> Expression:
        """One expression, or several with commas between them as a tuple."""
        place = self.place()
        read = self.expression if has_choice else self.disjunction
        values: list[Expression] = []
        has_comma = False
        while not self._is_tuple_end(ends):
            values.append(read())
            self.bounded_items(values)
            if not self.accept(","):
                break
            has_comma = True
        if not has_comma and values:
            return values[0]
        if not has_comma and not is_bracketed:
            self.refuse(f"expected a value, found {self.found()}", "give a name, a number or a quoted text")
        return FilterCall(Literal(None, place), "make_tuple", tuple(values), (), place)

    def _is_tuple_end(self, ends: tuple[str, ...]) -> bool:
        return self.word.kind in ("end", ")") or (self.word.kind == "name" and self.word.text in ends)

    def bounded_items(self, values: list[Expression]) -> None:
        if len(values) > 1_000:
            self.refuse("more than 1000 values in one place", "give a list in the data")

    def _list(self, place: Place) -> Expression:
        self.expect("[")
        values: list[Expression] = []
        while not self.is_next("]"):
            values.append(self.expression())
            self.bounded_items(values)
            if not self.accept(","):
                break
        self.expect("]")
        return FilterCall(Literal(None, place), "make_list", tuple(values), (), place)

    def _dict(self, place: Place) -> Expression:
        self.expect("{")
        values: list[Expression] = []
        while not self.is_next("}"):
            values.append(self.expression())
            self.expect(":")
            values.append(self.expression())
            self.bounded_items(values)
            if not self.accept(","):
                break
        self.expect("}")
        return FilterCall(Literal(None, place), "make_dict", tuple(values), (), place)

    # --- steps, calls, filters and tests ---

    def postfix(self, value: Expression) -> Expression:
        """Steps and calls behind a value."""
        rounds = 0
        while self.word.kind in (".", "[", "("):
            value = self._call(value) if self.is_next("(") else self._step(value)
            rounds += 1
            if rounds > MAX_PATH_STEPS:
                self.refuse(f"more than {MAX_PATH_STEPS} steps into a value", "set a part of it before")
        return value

    def _step(self, value: Expression) -> Expression:
        place = self.place()
        if self.accept("["):
            return self._subscript(value, place)
        self.expect(".")
        if self.is_next("integer"):
            return _stepped(value, Literal(self.take().value, place), place)
        name = self.expect("name").text
        if self.is_next("("):
            return self._method(value, name, place)
        return _stepped(value, Literal(name, place), place)

    def _subscript(self, value: Expression, place: Place) -> Expression:
        parts: list[Expression | None] = []
        colons = 0
        while not self.is_next("]") and colons < 3:
            if self.accept(":"):
                colons += 1
                parts += [None] if len(parts) < colons else []
                continue
            parts = [*parts, self.expression()]
            if not self.is_next(":"):
                break
        self.expect("]")
        if colons:
            bounds = [*parts, None, None, None][:3]
            given = tuple(Literal(None, place) if each is None else each for each in bounds)
            return FilterCall(value, "op_part", given, (), place)
        if not parts or parts[0] is None:
            self.refuse("`[]` has nothing in it", "write an index or a name in quotes")
        return _stepped(value, parts[0], place)

    def _method(self, value: Expression, name: str, place: Place) -> Expression:
        """A method's call; one of an imported template is the call of its macro."""
        if isinstance(value, Path) and not value.steps and value.root in self.names.whole().modules:
            return self._call(_stepped(value, Literal(name, place), place))
        given, named, more, names = self.arguments()
        if isinstance(value, Path) and value.root == VENDOR_DATA:
            what, advice = f"`{VENDOR_DATA}` is filled by the vendor alone", "declare a source, and read its fields"
            self.report("unsupported-function", what, place, advice)
        if more is not None or names is not None:
            self.refuse("a method takes its arguments one by one", "write them out")
        pairs = [part for key, each in named for part in (Literal(key, place), each)]
        counted = (Literal(name, place), Literal(len(given), place), *given, *pairs)
        return FilterCall(value, "call_method", counted, (), place)

    def _call(self, value: Expression) -> Expression:
        place = self.place()
        given, named, more, names = self.arguments()
        name = value.root if isinstance(value, Path) and not value.steps and isinstance(value.root, str) else ""
        if function := self.names.whole().recursions.get(name):
            depth = Path(name, (Index(Literal("depth", place), place),), "loop.depth", place)
            return Call(Path(function, (), "loop", place), (*given, depth), named, place, more, names)
        if name and LOCAL not in name:
            if name in REFUSED_FUNCTIONS:
                return self._refused("unsupported-function", f"`{name}` cannot be called here", place, name)
            if name in FUNCTIONS and name not in self.names.whole().known:
                if more is not None or names is not None:
                    self.refuse(f"`{name}` takes its arguments one by one", "write them out")
                pairs = [part for key, each in named for part in (Literal(key, place), each)]
                counted = (Literal(len(given), place), *given, *pairs)
                return FilterCall(Literal(name, place), "call_function", counted, (), place)
        return Call(value, given, named, place, more, names)

    def _refused(self, code: str, what: str, place: Place, name: str) -> Expression:
        """A call of what Jinja has and we have not; rendering it is an error."""
        self.report(code, what, place, REFUSED_FUNCTIONS.get(name) or REFUSED_FILTERS[name])
        return Call(Literal(None, place), (), (), place)

    def arguments(self) -> Given:
        """What stands in the brackets of a call: values, values by name, `*list`, `**mapping`."""
        self.expect("(")
        given: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        more = names = None
        while not self.is_next(")"):
            if self.accept("*"):
                more = self._once(more is None and names is None)
            elif self.accept("**"):
                names = self._once(names is None)
            elif self.is_next("name") and self.is_next("=", ahead=1):
                key = self.take().text
                self.take()
                if names is not None or key in dict(named):
                    self.refuse(f"`{key}` is given in the wrong order, or twice", "names come last, each once")
                named.append((key, self.expression()))
            else:
                if named or more is not None or names is not None:
                    self.refuse("a value without a name stands behind one with a name", "change their order")
                given.append(self.expression())
                self.bounded_items(given)
            if not self.accept(","):
                break
        self.expect(")")
        return tuple(given), tuple(named), more, names

    def _once(self, is_allowed: bool) -> Expression:
        if not is_allowed:
            self.refuse("`*` and `**` may stand once, in this order, behind the values")
        return self.expression()

    def filtered(self, value: Expression) -> Expression:
        """Filters and tests behind a value."""
        rounds = 0
        while True:
            if self.is_next("|"):
                self.take()
                value = self.filter(value)
            elif self.is_next("name", "is"):
                value = self._test(value)
            elif self.is_next("("):
                value = self._call(value)
            else:
                return value
            rounds = self.bounded(rounds)

    def filter(self, value: Expression) -> Expression:
        """One filter on a value, its arguments in the order of its parameters."""
        place = self.place()
        name = self.expect("name").text
        while self.accept("."):
            name = f"{name}.{self.expect('name').text}"
        given, named, more, names = self.arguments() if self.is_next("(") else ((), (), None, None)
        if more is not None or names is not None:
            self.refuse("a filter takes its arguments one by one", "write them out")
        if name in REFUSED_FILTERS:
            return self._refused("unsupported-filter", f"the filter `{name}` is not supported", place, name)
        if name == "format":
            return self._format(value, given, named, place)
        if name == "map" and not given and "attribute" in dict(named):
            others = tuple((key, each) for key, each in named if key != "attribute")
            return FilterCall(value, name, (dict(named)["attribute"],), others, place)
        if name in APPLYING or name == "map":
            name = "map_by" if name == "map" else name
            pairs = [part for key, each in named for part in (Literal(key, place), each)]
            return FilterCall(value, name, (Literal(len(given), place), *given, *pairs), (), place)
        if name == "safe" and isinstance(value, Literal) and isinstance(value.value, str):
            return FilterCall(value, "safe_text", (), (), place)
        return FilterCall(value, self._known(name), given, named, place)

    def _known(self, name: str) -> str:
        """The table's name of a filter as written; what is not one stays unknown, whatever else is called so."""
        if name not in JINJA_FILTERS:
            return f"{name} " if name in INSIDE else name
        if name in ("e", "escape"):
            return "html_escaped"
        if name == "d":
            return "default"
        return f"plain_{name}" if not self.is_escaping and f"plain_{name}" in INSIDE else name

    def _format(
        self,
        value: Expression,
        given: tuple[Expression, ...],
        named: tuple[tuple[str, Expression], ...],
        place: Place,
    ) -> Expression:
        if given and named:
            self.refuse("`format` takes values, or values by name, not both")
        kind = "make_dict" if named else "make_tuple"
        values = tuple(part for key, each in named for part in (Literal(key, place), each)) or given
        return FilterCall(value, "format", (FilterCall(Literal(None, place), kind, values, (), place),), (), place)

    def _test(self, value: Expression) -> Expression:
        place = self.place()
        self.take()
        is_negated = self.accept("name", "not") is not None
        name = self.expect("name").text
        given: tuple[Expression, ...] = ()
        if self.is_next("("):
            given, named, more, names = self.arguments()
            if named or more is not None or names is not None:
                self.refuse("a test takes its arguments one by one", "write them out, in order")
        elif self.word.kind in _STARTS and not (self.word.kind == "name" and self.word.text in _AFTER_TEST):
            if self.is_next("name", "is"):
                self.refuse("a test follows a test", "put the first into brackets")
            if not self.is_next("name", "if") and not self.is_next("name", "not") and not self.is_next("name", "in"):
                given = (self.postfix(self.primary()),)
        if name not in QUESTIONS:
            advice = nearest(name, QUESTIONS) or "use one of Jinja's tests"
            self.report("unknown-test", f"unknown test `{name}`", place, advice)
            return Call(Literal(None, place), (), (), place)
        found: Expression = FilterCall(value, f"{QUESTION}{name}", given, (), place)
        return Not(found, place) if is_negated else found


def _stepped(value: Expression, key: Expression, place: Place) -> Expression:
    """A step into a value; steps into a name make one path."""
    step = Index(key, place)
    written = key.value if isinstance(key, Literal) else "…"
    if isinstance(value, Path):
        return replace(value, steps=(*value.steps, step), source=f"{value.source}.{written}")
    return FilterCall(value, "op_item", (key,), (), place)


def _is_cheap(value: Expression) -> bool:
    """Whether an expression may be looked at twice."""
    if isinstance(value, Path):
        return all(isinstance(step, Index) and isinstance(step.key, Literal) for step in value.steps)
    return isinstance(value, Literal)


def _compared(left: Expression, sign: str, right: Expression, place: Place) -> Expression:
    """One comparison, in the way of the tree that knows most about it."""
    if sign in ("in", "not in"):
        return FilterCall(left, "op_within" if sign == "in" else "op_not_within", (right,), (), place)
    if sign in ("==", "!=") and isinstance(right, Literal) and right.value is None:
        is_none = FilterCall(left, f"{QUESTION}none", (), (), place)
        return is_none if sign == "==" else Not(is_none, place)
    if any(isinstance(each, Literal) and isinstance(each.value, bool | float) for each in (left, right)):
        name = {"==": "equals", "!=": "differs"}.get(sign)
        if name is not None:
            return FilterCall(left, name, (right,), (), place)
    return Comparison(left, sign, right, place)
