"""Mailchimp merge tags: text to tree.

The grammar is that of Mailchimp's help pages on merge tags and conditional blocks, and of Mandrill's page on
dynamic tags. Where those are silent we chose: the right side of a comparison is always text, and ELSE belongs to the
innermost open block.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from livemerge.errors import nearest
from livemerge.template.findings import Finding, Source
from livemerge.template.html_places import HtmlPlace
from livemerge.template.limits import MAX_NESTING
from livemerge.template.mailchimp.tags import DIALECTS, FORMATS, Dialect
from livemerge.template.nodes import (
    Block,
    Expression,
    FilterCall,
    For,
    Index,
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

MOST_ITEMS = 1_000  # of a feed that are written
_FIELD = re.compile(r"[A-Za-z0-9_]{1,100}")
_CONDITION = re.compile(r"([A-Za-z0-9_:]{1,100})\s*(?:(!=|>=|<=|=|>|<)(.*))?", re.DOTALL)
_MISREAD = re.compile(  # what other languages would take for more than a text
    r"[=<>!].*|([\"']).*\1|.*\s(?:AND|OR|&&|\|\|)\s+[A-Za-z0-9_:]+\s*[=!<>].*", re.DOTALL | re.IGNORECASE
)
_FEED = re.compile(r"(?:\[\$count=([0-9]{1,3})\])?")
_PLAIN = re.compile(r"[A-Za-z0-9_]{1,60}(?::[A-Za-z0-9_]{1,60}){0,3}")
_ITEM = "\0feed item"
_HTML_OF_FEEDS = frozenset({"CONTENT", "CONTENT_FULL", "IMAGE"})
_OPERATORS = {
    "=": "equals",
    "!=": "differs",
    ">": "above",
    "<": "below",
    ">=": "not_below",
    "<=": "not_above",
}


def mailchimp_parser(name: str) -> Callable[..., tuple[Block, tuple[Finding, ...]]]:
    """The front end of a dialect, `mailchimp` or `mandrill`."""
    dialect = DIALECTS[name]

    def read(source: Source, *, is_strict: bool) -> tuple[Block, tuple[Finding, ...]]:
        """The tree of a template and what was noticed on the way. Raises TemplateError.

        Without `is_strict` a block that is not closed ends with the text; one that was never opened is passed over.
        """
        parser = _Parser(source, dialect, is_strict)
        return parser.parsed(), tuple(parser.findings)

    return read


class _Parser:
    def __init__(self, source: Source, dialect: Dialect, is_strict: bool) -> None:
        self.source = source
        self.dialect = dialect
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
        elif head == "INTERESTED" and rest.count(":") >= 1 and self.dialect.has_groups:
            self.interested(rest, place)
        elif head == "RSSITEMS" and self.dialect.has_feeds and (count := _FEED.fullmatch(rest)):
            self.feed(int(count[1] or MOST_ITEMS), place)
        elif body in ("ELSE:", "ELSE"):
            self.otherwise(place)
        elif body in ("END:IF", "END:INTERESTED", "END:RSSITEMS"):
            self.close(rest, place)
        else:
            self.value(body, head, rest, place)

    def value(self, body: str, head: str, rest: str, place: Place) -> None:
        """A tag that is written."""
        if head == "DATE" and rest:
            self.write(FilterCall(Literal(rest, place), "send_date", (), (), place), body, place)
        elif body == "CURRENT_YEAR":
            self.write(FilterCall(Literal("Y", place), "send_date", (), (), place), body, place)
        elif body == "MC:DATE" and self.dialect.has_groups:
            self.write(FilterCall(Literal("", place), "account_date", (), (), place), body, place)
        elif head == "UNSUB" and rest and self.dialect.has_unsubscribe_target:
            self.write(self.field("UNSUB", place), body, place, f"*|{body}|*")
        elif head == "RSSITEM" and self.is_in_feed and _FIELD.fullmatch(rest):
            item = Path(_ITEM, (Index(Literal(rest, place), place),), body, place)
            self.write(item, body, place, is_raw=rest in _HTML_OF_FEEDS)
        else:
            self.merge_field(body, head, rest, place)

    def merge_field(self, body: str, head: str, rest: str, place: Place) -> None:
        if head == "HTML" and self.is_field(rest):
            self.write(self.field(rest, place), body, place, f"*|{body}|*", is_raw=True)
        elif head in FORMATS and self.is_field(rest):
            value = FilterCall(self.field(rest, place), FORMATS[head], (), (), place)
            self.write(value, body, place, f"*|{body}|*")
        elif {head, body} & self.dialect.vendor_values:
            self.vendor_value(body, place)
        elif {head, body} & self.dialect.vendor_only:
            self.unsupported(body, place)
        elif self.is_field(body) or (head in self.dialect.namespaces and _FIELD.fullmatch(rest)):
            self.write(self.field(body, place), body, place, f"*|{body}|*")
        else:
            self.unknown(body, head, place)

    def is_field(self, name: str) -> bool:
        """Whether this may name a field. Mandrill's do not begin with an underscore."""
        return _FIELD.fullmatch(name) is not None and not (self.dialect.has_any_case and name[0] == "_")

    def field(self, name: str, place: Place) -> Path:
        return Path(name.upper() if self.dialect.has_any_case else name, (), name, place)

    @property
    def is_in_feed(self) -> bool:
        return any(block.kind == "RSSITEMS" for block in self.open)

    def write(
        self, value: Expression, body: str, place: Place, absent: str | None = None, *, is_raw: bool = False
    ) -> None:
        if is_raw:
            self.add(Output(value, body, place, "raw", absent))
        else:
            self.add(Output(value, body, place, "always", absent, not self.html.is_in_tag))

    def unknown(self, body: str, head: str, place: Place) -> None:
        """What is no merge tag stays in the mail as it stands, as Mailchimp leaves it."""
        self.add(Text(f"*|{body}|*", place))
        groups = ("INTERESTED",) if self.dialect.has_groups else ()
        known = (*FORMATS, *sorted(self.dialect.namespaces), "IF", "IFNOT", "ELSEIF", "ELSE", "HTML", "DATE", *groups)
        advice = nearest(head.upper(), known) or "names are letters, digits and underscores"
        what = f"`*|{body[:60]}|*` is no merge tag of {self.dialect.title}: it stays in the mail as it stands"
        self.findings.append(self.source.finding("unknown-tag", "error", what, place, advice))

    def vendor_value(self, body: str, place: Place) -> None:
        """What Mailchimp fills itself: a field of just this name, and an error where the data has none."""
        if _PLAIN.fullmatch(body) is None:
            self.unsupported(body, place)
            return
        what = f"{self.dialect.title} fills `*|{body[:60]}|*` itself; here it is the field `{body[:60]}` of the data"
        advice = "declare a field with this alias, or take the tag out"
        self.findings.append(self.source.finding("vendor-value", "warning", what, place, advice))
        value = FilterCall(self.field(body, place), "given", (Literal(body, place),), (), place)
        self.write(value, body, place)

    def unsupported(self, body: str, place: Place) -> None:
        what = f"`*|{body[:60]}|*` is filled by {self.dialect.title} itself and cannot be rendered here"
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
        test = self.comparison(found, place)
        if head == "IFNOT":
            test = Not(test, place)
        if head != "ELSEIF":
            self.begin("IF", place)
        elif not self.open or self.open[-1].kind != "IF" or self.open[-1].condition is None:
            raise self.source.error("ELSEIF stands outside IF", place, "open it with `*|IF:FIELD|*`")
        self.branch(test, f"{head}:{text}", place)

    def comparison(self, found: re.Match[str], place: Place) -> Expression:
        if found[1] == "ARCHIVE_PAGE" and self.dialect.has_archive_page:
            return Literal(False, place, is_vendors=True)  # a mail is not its page in the archive
        if found[2] is not None and _MISREAD.fullmatch(found[3].strip()):
            self.warn_about_text(found, place)
        return _condition(self.field(found[1], place), found, place)

    def warn_about_text(self, found: re.Match[str], place: Place) -> None:
        what = f"`{found[1]}` is compared with the text `{found[3].strip()[:60]}`, all of it"
        advice = "write one operator of = != > < >= <= and a text without quotes; for AND and OR nest another IF"
        self.findings.append(self.source.finding("text-in-condition", "warning", what, place, advice))

    def feed(self, most: int, place: Place) -> None:
        """`RSSITEMS`: what follows is written once for each item."""
        if self.is_in_feed:
            raise self.source.error("a feed stands inside a feed", place, "close the one around first")
        self.begin("RSSITEMS", place)
        what = "Mailchimp fills `*|RSSITEMS:|*` from a feed; here it is the list `RSSITEMS` of the data"
        advice = "declare a list field `rssitems` whose items have TITLE, URL, …"
        self.findings.append(self.source.finding("vendor-value", "warning", what, place, advice))
        self.open[-1].most = most

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
        self.add(_loop(block) if kind == "RSSITEMS" else block.as_if())


def _loop(block: OpenBlock) -> Statement:
    """A feed's block as a loop over its items."""
    place = block.place
    items = FilterCall(Path("RSSITEMS", (), "RSSITEMS", place), "feed_items", (Literal(block.most, place),), (), place)
    return For(_ITEM, items, tuple(block.body), (), place, "RSSITEMS")


def _condition(path: Path, found: re.Match[str], place: Place) -> Expression:
    if found[2] is None:
        return FilterCall(path, "has_value", (), (), place)
    text = found[3].strip()
    is_ordered = found[2] not in ("=", "!=")
    value: object = _literal_number(text) if is_ordered else text
    return FilterCall(path, _OPERATORS[found[2]], (Literal(value, place),), (), place)


def _literal_number(text: str) -> object:
    """A whole number as one, so that the analysis can tell what the field must be; else the text."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else text
