"""Mailchimp merge tags: text to tree, and the functions they need.

The grammar is that of Mailchimp's help pages on merge tags and conditional blocks, and of Mandrill's page on
dynamic tags. Where those are silent we chose: a number or text `0` is a value, the right side of a comparison is
always text, texts that are no numbers compare as texts, and ELSE belongs to the innermost open block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from livemerge.errors import nearest
from livemerge.template.dates import as_datetime, php_date
from livemerge.template.filters import Filter, make_filter
from livemerge.template.findings import Finding, Source
from livemerge.template.html_places import HtmlPlace
from livemerge.template.limits import MAX_NESTING
from livemerge.template.nodes import (
    Block,
    Expression,
    FilterCall,
    Literal,
    Not,
    Output,
    Path,
    Place,
    Statement,
    Text,
    Unsupported,
)
from livemerge.template.open_block import OpenBlock
from livemerge.template.plain_text import TagSpan
from livemerge.template.runtime import Context, is_number, text_of

SOME_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)  # what a `_now` that says "now" means: nothing better is known
_FIELD = re.compile(r"[A-Za-z0-9_]{1,100}")
_CONDITION = re.compile(r"([A-Za-z0-9_:]{1,100})\s*(?:(!=|>=|<=|=|>|<)(.*))?", re.DOTALL)
_OPERATORS = {
    "=": "equals",
    "!=": "differs",
    ">": "above",
    "<": "below",
    ">=": "not_below",
    "<=": "not_above",
}
_FORMATS = {"UPPER": "upper", "LOWER": "lower", "TITLE": "title", "URL": "url"}
_NAMESPACES = frozenset({"LIST", "MC", "USER", "ACCOUNT", "AUTOMATION", "CAMPAIGN", "ARCHIVE", "REWARDS"})
_WITHOUT_DATA = frozenset(  # what Mailchimp fetches or counts itself
    {"RSSITEMS", "RSSITEM", "RSSFEED", "RSS", "FEED", "FEEDBLOCK", "FEEDITEM", "POLL", "SURVEY"}
    | {"TRANSLATE", "COUPON", "FACEBOOK", "TWITTER", "PRODUCT_RECOMMENDATION", "END"}
)


# --- data ------------------------------------------------------------------------------------------


def mailchimp_data(data: Mapping[str, object]) -> Mapping[str, object]:
    """Data by tag name: `_global` values under the customer's, `_defaults` for empty ones, `_groups` by category."""
    if not any(name in data for name in ("_global", "_defaults", "_groups")):
        return data
    found = {**_mapping(data.get("_global")), **data}
    for name, value in _mapping(data.get("_defaults")).items():
        if found.get(name) in (None, ""):
            found[name] = value
    for category, groups in _mapping(data.get("_groups")).items():
        found[f"INTERESTED:{category}"] = groups
    return found


def mailchimp_moment(data: Mapping[str, object]) -> datetime | None:
    """The moment of sending where the data names one (`_now`, as ISO 8601 text or a datetime)."""
    return as_datetime(data.get("_now"), lambda: SOME_MOMENT)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


# --- functions -------------------------------------------------------------------------------------


def _upper(value: Any) -> str:
    return str.__str__(text_of(value)).upper()


def _lower(value: Any) -> str:
    return str.__str__(text_of(value)).lower()


def _title(value: Any) -> str:
    return re.sub(r"(^|\s)(\S)", lambda found: found[1] + found[2].upper(), _lower(value))


def _url(value: Any) -> str:
    return quote(str.__str__(text_of(value)).encode("utf-8", "replace"), safe="-._~")


def _send_date(context: Context, form: Any) -> str:
    return php_date(context.now(), str.__str__(form))


def _has_value(value: Any) -> bool:
    """Whether a field has any value: not nil, not false, no empty text or list."""
    return is_number(value) or bool(value)


def _equals(value: Any, other: Any) -> bool:
    """Case and all: a text is equal to itself only; a number to every way of writing it."""
    if value is None:
        return False
    if is_number(value):
        number = _number(other)
        return number is not None and _number(value) == number
    return text_of(value) == text_of(other)


def _differs(value: Any, other: Any) -> bool:
    return not _equals(value, other)


def _order(value: Any, other: Any) -> int | None:
    """How two values order: as numbers where both are, else as texts; None where there is no value."""
    if value is None or value == "":
        return None
    one: Any = _number(value)
    two: Any = _number(other)
    if one is None or two is None:
        one, two = text_of(value), text_of(other)
    return int(one > two) - int(one < two)


def _number(value: Any) -> Decimal | None:
    text = text_of(value).strip()
    try:
        number = Decimal(text) if 0 < len(text) <= 100 else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _above(value: Any, other: Any) -> bool:
    return _order(value, other) == 1


def _below(value: Any, other: Any) -> bool:
    return _order(value, other) == -1


def _not_below(value: Any, other: Any) -> bool:
    return _order(value, other) in (0, 1)


def _not_above(value: Any, other: Any) -> bool:
    return _order(value, other) in (0, -1)


def _is_in_group(value: Any, names: Any) -> bool:
    """Whether a list of groups (or a text with commas) has any of the names."""
    groups = value if isinstance(value, list | tuple) else text_of(value).split(",")
    wanted = {name.strip() for name in text_of(names).split(",")}
    return any(text_of(group).strip() in wanted for group in groups)


MAILCHIMP_FILTERS: dict[str, Filter] = {
    "upper": make_filter(_upper),
    "lower": make_filter(_lower),
    "title": make_filter(_title),
    "url": make_filter(_url),
    "send_date": make_filter(_send_date),
    "has_value": make_filter(_has_value),
    "equals": make_filter(_equals),
    "differs": make_filter(_differs),
    "above": make_filter(_above),
    "below": make_filter(_below),
    "not_below": make_filter(_not_below),
    "not_above": make_filter(_not_above),
    "is_in_group": make_filter(_is_in_group),
}


# --- tags in HTML ----------------------------------------------------------------------------------

_TAG = re.compile(r"\*\|[^|*\n]{1,500}\|\*")
_STRUCTURE = re.compile(r"\*\|(?:IF|IFNOT|ELSEIF|ELSE|END|INTERESTED)\b")


def mailchimp_spans(text: str) -> Iterator[TagSpan]:
    """Every merge tag, in order."""
    for found in _TAG.finditer(text):
        yield TagSpan(found.start(), found.end(), not _STRUCTURE.match(found[0]))


def mailchimp_guard(text: str) -> str:
    """Plain text in which `*|` stays what it is: a word joiner keeps the two characters apart."""
    return text.replace("*|", "*\u2060|")


# --- text to tree ----------------------------------------------------------------------------------


def parse_mailchimp(source: Source, *, is_strict: bool) -> tuple[Block, tuple[Finding, ...]]:
    """The tree of a template and what was noticed on the way. Raises TemplateError.

    Without `is_strict` a block that is not closed ends with the text, and one that was never opened is passed over.
    """
    parser = _Parser(source, is_strict)
    return parser.parsed(), tuple(parser.findings)


class _Parser:
    def __init__(self, source: Source, is_strict: bool) -> None:
        self.source = source
        self.is_strict = is_strict
        self.findings: list[Finding] = []
        self.body: list[Statement] = []
        self.open: list[OpenBlock] = []
        self.html = HtmlPlace()

    def parsed(self) -> Block:
        text, at = self.source.text, 0
        while (start := text.find("*|", at)) >= 0:
            end = text.find("|*", start + 2)
            if end < 0:
                break
            start = text.rfind("*|", start, end)
            self.text(text[at:start], at)
            self.tag(text[start + 2 : end], self.source.place(start))
            at = end + 2
        self.text(text[at:], at)
        while self.open:
            self.not_closed()
        return tuple(self.body)

    def not_closed(self) -> None:
        block = self.open[-1]
        if self.is_strict:
            raise self.source.error(
                f"`*|{block.kind}:|*` is never closed", block.place, f"close it with `*|END:{block.kind}|*`"
            )
        self.close(block.kind, block.place)

    def add(self, statement: Statement) -> None:
        (self.open[-1].body if self.open else self.body).append(statement)

    def text(self, text: str, offset: int) -> None:
        if text:
            self.html.feed(text)
            self.add(Text(text, self.source.place(offset)))

    def tag(self, body: str, place: Place) -> None:
        """One merge tag; what is none stays the text it is."""
        head, colon, rest = body.partition(":")
        if head in ("IF", "IFNOT", "ELSEIF") and colon:
            self.condition(head, rest, place)
        elif head == "INTERESTED" and rest.count(":") >= 1:
            self.interested(rest, place)
        elif body in ("ELSE:", "ELSE"):
            self.otherwise(place)
        elif body in ("END:IF", "END:INTERESTED"):
            self.close(rest, place)
        elif head == "DATE" and rest:
            self.write(FilterCall(Literal(rest, place), "send_date", (), (), place), body, place)
        elif body == "CURRENT_YEAR":
            self.write(FilterCall(Literal("Y", place), "send_date", (), (), place), body, place)
        else:
            self.merge_field(body, head, rest, place)

    def merge_field(self, body: str, head: str, rest: str, place: Place) -> None:
        if head == "HTML" and _FIELD.fullmatch(rest):
            self.add(Output(_field(rest, place), body, place, "raw", f"*|{body}|*"))
        elif head in _FORMATS and _FIELD.fullmatch(rest):
            value = FilterCall(_field(rest, place), _FORMATS[head], (), (), place)
            self.write(value, body, place, f"*|{body}|*")
        elif head in _WITHOUT_DATA and rest != body:
            self.unsupported(body, place)
        elif _FIELD.fullmatch(body) or (head in _NAMESPACES and _FIELD.fullmatch(rest)):
            self.write(_field(body, place), body, place, f"*|{body}|*")
        else:
            self.unknown(body, head, place)

    def write(self, value: Expression, body: str, place: Place, absent: str | None = None) -> None:
        self.add(Output(value, body, place, "always", absent, not self.html.is_in_tag))

    def unknown(self, body: str, head: str, place: Place) -> None:
        """What is no merge tag stays in the mail as it stands, as Mailchimp leaves it."""
        self.add(Text(f"*|{body}|*", place))
        known = (*_FORMATS, *_NAMESPACES, "IF", "IFNOT", "ELSEIF", "ELSE", "HTML", "DATE", "INTERESTED")
        advice = nearest(head, known) or "names are letters, digits and underscores"
        what = f"`*|{body[:60]}|*` is no merge tag: it stays in the mail as it stands"
        self.findings.append(self.source.finding("unknown-tag", "error", what, place, advice))

    def unsupported(self, body: str, place: Place) -> None:
        what = f"`*|{body[:60]}|*` is filled by Mailchimp itself and cannot be rendered here"
        advice = "declare a field with this content and use its name"
        self.findings.append(self.source.finding("unsupported-tag", "error", what, place, advice))
        self.add(Unsupported(what, advice, place))

    # --- blocks ---

    def condition(self, head: str, text: str, place: Place) -> None:
        found = _CONDITION.fullmatch(text.strip())
        if found is None:
            raise self.source.error(
                f"`{text[:60]}` is no condition", place, "write a field name, or a field name, = and a value"
            )
        test = _condition(found, place)
        if head == "IFNOT":
            test = Not(test, place)
        if head != "ELSEIF":
            self.begin("IF", place)
        elif not self.open or self.open[-1].kind != "IF" or self.open[-1].condition is None:
            raise self.source.error("ELSEIF stands outside IF", place, "open it with `*|IF:FIELD|*`")
        self.branch(test, f"{head}:{text}", place)

    def interested(self, text: str, place: Place) -> None:
        category, _, names = text.partition(":")
        path = Path(f"INTERESTED:{category}", (), f"INTERESTED:{category}", place)
        self.begin("INTERESTED", place)
        test = FilterCall(path, "is_in_group", (Literal(names, place),), (), place)
        self.branch(test, f"INTERESTED:{text}", place)

    def begin(self, kind: str, place: Place) -> None:
        self.open.append(OpenBlock(kind, place))
        if len(self.open) > MAX_NESTING:
            raise self.source.error(f"blocks are nested deeper than {MAX_NESTING}", place)

    def branch(self, test: Expression, source: str, place: Place) -> None:
        block = self.open[-1]
        block.end_branch()
        block.condition, block.condition_source, block.condition_place = test, source, place

    def otherwise(self, place: Place) -> None:
        if not self.open or self.open[-1].condition is None:
            raise self.source.error("ELSE stands outside IF and INTERESTED", place, "open one, or remove it")
        self.open[-1].end_branch()
        self.open[-1].condition = None

    def close(self, kind: str, place: Place) -> None:
        if not self.open or self.open[-1].kind != kind:
            if not self.is_strict:
                return
            inside = f"; `{self.open[-1].kind}` is open" if self.open else ""
            raise self.source.error(f"`*|END:{kind}|*` closes nothing{inside}", place, "remove it, or open the block")
        block = self.open.pop()
        self.add(block.as_if())


def _field(name: str, place: Place) -> Path:
    return Path(name, (), name, place)


def _condition(found: re.Match[str], place: Place) -> Expression:
    path = _field(found[1], place)
    if found[2] is None:
        return FilterCall(path, "has_value", (), (), place)
    text = found[3].strip()
    is_ordered = found[2] not in ("=", "!=")
    value: object = _literal_number(text) if is_ordered else text
    return FilterCall(path, _OPERATORS[found[2]], (Literal(value, place),), (), place)


def _literal_number(text: str) -> object:
    """A whole number as one, so that the analysis can tell what the field must be; else the text."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else text
