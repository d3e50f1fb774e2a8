"""AMPscript expressions: tokens to tree. `OR` binds weakest, then `AND`, `NOT`, and the comparisons."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from livemerge.errors import TemplateError, nearest
from livemerge.template.ampscript.content import MASK, masked_name
from livemerge.template.ampscript.functions import (
    CULTURE_ARGUMENTS,
    FUNCTIONS,
    LAZY,
    READING,
    SENDING,
    SENDING_DATES,
    SETTING,
    TABLE_FUNCTIONS,
    VENDOR_ONLY,
)
from livemerge.template.ampscript.patterns import read_pattern
from livemerge.template.ampscript.places import KEYWORDS
from livemerge.template.ampscript.tokens import Token
from livemerge.template.ampscript.values import MAX_WHOLE, number_from_text
from livemerge.template.authored import Authored
from livemerge.template.cultures import culture_of
from livemerge.template.findings import Finding, Source
from livemerge.template.limits import MAX_CHAIN, MAX_EXPRESSION_DEPTH
from livemerge.template.nodes import Choice, Expression, FilterCall, Literal, Logic, Not, Path, Place
from livemerge.template.runtime import Fault

TABLES = "data_extensions"  # the data's name for all data extensions
MAX_ADVICE = 50  # unknown functions of one template that a like name is looked for
SYSTEM_STRINGS = frozenset(  # which a message itself gives
    {"emailaddr", "_subscriberkey", "unsub_center_url", "profile_center_url", "subscription_center_url"}
    | {"view_email_url"}
)
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_COMPARING = {
    "==": "equals",
    "!=": "differs",
    "<": "below",
    ">": "above",
    "<=": "not_above",
    ">=": "not_below",
}
_TESTS = frozenset(_COMPARING.values())
_BOOLEAN_FUNCTIONS = frozenset({"empty", "isnull", "isemailaddress", "isphonenumber", "is_true"})


def variable(name: str, place: Place) -> Path:
    """A variable, by its name in small letters with its @."""
    return Path(name.lower(), (), name, place)


def attribute(name: str, place: Place) -> Expression:
    """A field as personalization strings and code name it; system strings are in small letters, however written."""
    low = name.lower()
    if low in SENDING_DATES:
        return FilterCall(Literal(low, place), "sending_date", (), (), place)
    if low in SENDING:
        return Literal(Authored(SENDING[low]), place)
    return Path(low if low in SYSTEM_STRINGS else name, (), name, place)


class Expressions:
    """Reads expressions off a run of tokens and remembers how far it got."""

    def __init__(self, source: Source, findings: list[Finding]) -> None:
        self.source = source
        self.findings = findings
        self.aborts: Finding | None = None  # the first call with a wrong number of arguments
        self.tokens: list[Token] = [Token("end", "", 0)]
        self.at = 0
        self.depth = 0
        self.advice: dict[str, str] = {}  # on unknown functions

    def start(self, tokens: list[Token]) -> None:
        self.tokens, self.at = tokens, 0

    # --- tokens ---

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.token
        self.at += token.kind != "end"
        return token

    def takes(self, text: str) -> bool:
        """Whether an operator or keyword stands here, which is passed then."""
        token = self.token
        found = token.word == text if token.kind == "name" else token.kind == "operator" and token.text == text
        self.at += found
        return found

    def need(self, text: str, advice: str) -> None:
        if not self.takes(text):
            raise self.unexpected(f"`{text.upper()}` is missing here", advice)

    def unexpected(self, what: str, advice: str = "") -> TemplateError:
        token = self.token
        found = f", `{token.text[:40]}` stands here" if token.kind != "end" else ", the code ends here"
        return self.source.error(what + found, self.source.place(token.start), advice)

    def place(self, token: Token) -> Place:
        return self.source.place(token.start)

    def warn(self, code: str, what: str, place: Place, advice: str) -> None:
        self.findings.append(self.source.finding(code, "warning", what, place, advice))

    def report(self, code: str, what: str, place: Place, advice: str) -> Expression:
        """An error that stops only who reaches it, and the expression that does."""
        self.findings.append(self.source.finding(code, "error", what, place, advice))
        return FilterCall(Literal(what, place), "refuse", (Literal(advice, place),), (), place)

    # --- conditions ---

    def expression(self) -> Expression:
        """The expression that starts here. Raises TemplateError."""
        self.depth += 1
        if self.depth > MAX_EXPRESSION_DEPTH:
            place = self.place(self.token)
            raise self.source.error(f"calls and brackets are nested deeper than {MAX_EXPRESSION_DEPTH}", place)
        found = self.chain("or", lambda: self.chain("and", self.negation))
        self.depth -= 1
        return found

    def condition(self) -> Expression:
        """An expression that is asked whether it is true."""
        return _test(self.expression())

    def chain(self, word: str, operand: Callable[[], Expression]) -> Expression:
        """Operands of AND or of OR, nested to the right so that a long run stays flat."""
        start = self.at
        found = [operand()]
        places: list[Place] = []
        while self.token.word == word:
            places.append(self.place(self.take()))
            found.append(operand())
            if len(found) > MAX_CHAIN:
                raise self.source.error(f"a condition has more than {MAX_CHAIN} parts", places[-1])
        if not places:
            return found[0]
        self.warn_about_mixture(start, word, places[0])
        right = _test(found.pop())
        while found:
            right = Logic(_test(found.pop()), word, right, places[len(found)])
        return right

    def warn_about_mixture(self, start: int, word: str, place: Place) -> None:
        """AND beside OR, or after a NOT, without brackets: what binds first is not the same for all who describe it."""
        depth, words, has_not = 0, set[str](), False
        for token in self.tokens[start : self.at]:
            if token.kind == "operator":
                depth += (token.text == "(") - (token.text == ")")
            elif not depth and token.word == "not":
                has_not = True
            elif not depth and token.word in ("and", "or"):
                words |= {token.word, "not"} if has_not else {token.word}
        if words - {word}:
            mixed = ", ".join(sorted(each.upper() for each in words))
            what = f"{mixed} stand together without brackets"
            self.warn("mixed-logic", what, place, "put brackets around what belongs together")

    def negation(self) -> Expression:
        token = self.token
        if self.takes("not"):
            self.depth += 1
            if self.depth > MAX_EXPRESSION_DEPTH:
                raise self.source.error("NOT stands too often", self.place(token), "one is enough")
            operand = _test(self.negation())
            self.depth -= 1
            return Not(operand, self.place(token))
        return self.comparison()

    def comparison(self) -> Expression:
        left = self.operand()
        for _ in range(MAX_EXPRESSION_DEPTH):
            token = self.token
            if token.kind != "operator" or token.text not in _COMPARING:
                return left
            self.take()
            left = _compared(left, token.text, self.operand(), self.place(token))
        raise self.unexpected("too many comparisons follow each other")

    # --- values ---

    def operand(self) -> Expression:
        token = self.token
        if token.kind == "operator" and token.text == "(":
            self.take()
            found = self.expression()
            self.need(")", "close the bracket")
            return found
        if token.kind == "name" and token.word not in KEYWORDS and token.word not in ("and", "or", "to", "downto"):
            return self.named()
        read = {"string": self.string, "number": self.number, "variable": self.variable, "attribute": self.bracketed}
        if token.kind not in read:
            advice = "texts stand in quotes, variables begin with @" if token.text != "=" else "equality is written =="
            raise self.unexpected("a value is missing", advice)
        return read[token.kind]()

    def string(self) -> Expression:
        token = self.take()
        quote = token.text[0]
        text = token.text[1:-1].replace(quote * 2, quote)
        place = self.place(token)
        if "\ue000" in text and MASK.search(text):
            return _with_data(text, place)
        return Literal(Authored(text), place)

    def number(self) -> Expression:
        token = self.take()
        found = number_from_text(token.text[:400])
        if "." not in token.text and (found is None or not -MAX_WHOLE - 1 <= found <= MAX_WHOLE):
            found = 0  # whole numbers have 64 bits; one that has more counts as 0
        if isinstance(found, Decimal):
            found = found.normalize() if found.adjusted() > -100 else 0
        return Literal(found or 0, self.place(token))

    def variable(self) -> Expression:
        token = self.take()
        return variable(token.text, self.place(token))

    def bracketed(self) -> Expression:
        token = self.take()
        return self.field(token.text[1:-1].strip(), self.place(token))

    def field(self, name: str, place: Place) -> Expression:
        """A field in code, which the data must have."""
        found = attribute(name, place)
        if not isinstance(found, Path):
            return found
        return FilterCall(found, "attribute", (Literal(name, place),), (), place)

    def named(self) -> Expression:
        """true, false, a function call or a field."""
        token = self.take()
        if self.token.kind == "operator" and self.token.text == "(":
            return self.call(token)
        if token.word in ("true", "false"):
            return Literal(token.word == "true", self.place(token))
        return self.field(token.text, self.place(token))

    # --- calls ---

    def call(self, token: Token) -> Expression:
        """A function call; the name is taken, its bracket not."""
        name, place = token.word, self.place(token)
        given = self.arguments()
        if name in LAZY | READING:
            return self.special(name, token, given)
        function = FUNCTIONS.get(name)
        if function is None:
            return self.unknown(token, place)
        if not function.least <= len(given) <= function.most:
            return self.miscounted(token.text, function.least, function.most, len(given), place)
        if function.swallows_booleans:
            given = [_without_boolean(each) for each in given]
        if name in TABLE_FUNCTIONS:
            given[0] = _table(given[0])
        for at in SETTING.get(name, ()):
            given[at : at + 1] = [self.variable_name(each) for each in given[at : at + 1]]
        if name in ("treatascontent", "treatascontentarea"):
            self.warn_about_content(token)
        if name == "regexmatch":
            self.check_pattern(given[1])
        if len(given) > (at := CULTURE_ARGUMENTS.get(name, len(given))):
            self.warn_about_culture(given[at])
        target = given[0] if given else Literal(None, place)
        return FilterCall(target, name, tuple(given[1:]), (), place)

    def arguments(self) -> list[Expression]:
        self.take()
        found: list[Expression] = []
        if self.takes(")"):
            return found
        while True:
            found.append(self.expression())
            if self.takes(")"):
                return found
            if not self.takes(","):
                raise self.unexpected("`,` or `)` is missing", "arguments have commas between them")

    def special(self, name: str, token: Token, given: list[Expression]) -> Expression:
        """IIf, of which only the chosen side runs, and AttributeValue, which reads a field."""
        place = self.place(token)
        wanted = 3 if name == "iif" else 1
        if len(given) != wanted:
            return self.miscounted(token.text, wanted, wanted, len(given), place)
        if name == "iif":
            return Choice(_test(given[0]), given[1], given[2], place)
        if isinstance(given[0], Literal) and isinstance(given[0].value, str) and given[0].value:
            return attribute(str.__str__(given[0].value), place)
        what = "AttributeValue reads a field whose name is known only while rendering"
        self.warn("dynamic-field", what, place, "write the field's name in quotes")
        return FilterCall(given[0], "attribute_value", (), (), place)

    def unknown(self, token: Token, place: Place) -> Expression:
        name = token.word
        if name in VENDOR_ONLY:
            what = f"`{token.text}` works in Marketing Cloud only"
            return self.report("unsupported-function", what, place, "declare a field with what it would give")
        if name not in self.advice:
            looked = len(self.advice) < MAX_ADVICE
            self.advice[name] = nearest(name[:60], (*FUNCTIONS, *LAZY, *READING)) if looked else ""
        advice = self.advice[name] or "check its name; variables begin with @"
        return self.report("unknown-function", f"there is no function `{token.text[:60]}`", place, advice)

    def miscounted(self, name: str, least: int, most: int, given: int, place: Place) -> Expression:
        """A call that stops every rendering, reached or not, as it does in Marketing Cloud."""
        wanted = str(least) if least == most else f"{least} to {most}" if most < 100 else f"at least {least}"
        what = f"`{name}` takes {wanted} arguments, {given} given"
        found = self.report("function-arguments", what, place, "count its arguments; every message stops here")
        self.aborts = self.aborts or self.findings[-1]
        return found

    def variable_name(self, given: Expression) -> Expression:
        """The name of a variable that a function sets."""
        is_variable = isinstance(given, Path) and isinstance(given.root, str) and given.root.startswith("@")
        if not isinstance(given, Path) or not is_variable:
            return Literal("", given.place)
        return Literal(str(given.root), given.place)

    def check_pattern(self, given: Expression) -> None:
        """Says of a pattern in quotes what RegExMatch would stop at."""
        if isinstance(given, Literal) and isinstance(given.value, str):
            try:
                read_pattern(str.__str__(given.value))
            except Fault as fault:
                what = f"RegExMatch cannot read this: {fault.what}"
                self.findings.append(
                    self.source.finding("unreadable-pattern", "error", what, given.place, fault.advice)
                )

    def warn_about_culture(self, given: Expression) -> None:
        if not isinstance(given, Literal) or not isinstance(given.value, str) or not given.value.strip():
            return
        if culture_of(given.value) is None:
            what = f"the culture `{given.value[:40]}` is not known here: this is formatted as in the United States"
            advice = "write a name like en-GB"
            self.warn("unknown-locale", what, given.place, advice)

    def warn_about_content(self, token: Token) -> None:
        what = f"`{token.text}` runs a text as a template, so what that reads is known only while rendering"
        advice = "write it into the message; data in it stays text and is never run"
        self.warn("dynamic-content", what, self.place(token), advice)


def _test(node: Expression) -> Expression:
    """A condition that gives true or false, as AMPscript takes the value."""
    if isinstance(node, Logic | Not):
        return node
    if isinstance(node, FilterCall) and node.name in _TESTS | _BOOLEAN_FUNCTIONS:
        return node
    return FilterCall(node, "is_true", (), (), node.place)


def _compared(left: Expression, operator: str, right: Expression, place: Place) -> Expression:
    """A comparison; what is no literal stands on the left, so that the analysis sees which field is tested."""
    if isinstance(left, Literal) and not isinstance(right, Literal):
        left, operator, right = right, _MIRRORED[operator], left
    return FilterCall(left, _COMPARING[operator], (right,), (), place)


def _without_boolean(given: Expression) -> Expression:
    is_boolean = isinstance(given, Literal) and isinstance(given.value, bool)
    return Literal(Authored(""), given.place) if is_boolean else given


def _table(name: Expression) -> Expression:
    """The rows of a data extension."""
    if isinstance(name, Literal) and isinstance(name.value, str):
        own = str.__str__(name.value)
        return Path(TABLES, (Literal(own, name.place),), f"{TABLES}.{own}", name.place)
    return FilterCall(Path(TABLES, (), TABLES, name.place), "extension", (name,), (), name.place)


def _with_data(text: str, place: Place) -> Expression:
    """A text of a template made while rendering: masks in it are variables that hold data."""
    pieces = MASK.split(text)
    given = [
        variable(masked_name(piece), place) if at % 2 else Literal(Authored(piece), place)
        for at, piece in enumerate(pieces)
        if piece
    ]
    return FilterCall(given[0], "concat", tuple(given[1:]), (), place)


def is_function_call(node: Expression) -> bool:
    """Whether Output() prints this: only what a function gives."""
    return isinstance(node, Choice) or (
        isinstance(node, FilterCall) and node.name not in _TESTS | {"attribute", "is_true", "refuse"}
    )
