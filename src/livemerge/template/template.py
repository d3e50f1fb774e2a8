"""One template, compiled: what it reads, what is wrong with it, and the programs that render it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeVar

from markupsafe import Markup

from livemerge.clean import CleanData
from livemerge.clock import SystemClock
from livemerge.errors import AbortCampaign, SkipRecipient, TemplateError, nearest
from livemerge.template.analysis import Vocabulary, analyse
from livemerge.template.effects import effects_of, needed_before
from livemerge.template.fetch_sites import Calls, FetchSite, fetch_sites, most_calls, runs_unknown
from livemerge.template.fetches import Reply, Request, Unanswered, Wanted, ask_nobody
from livemerge.template.filters import PLAIN_TEXT_FILTERS, UNESCAPED_FILTERS, Filter
from livemerge.template.findings import Finding, Read, Source
from livemerge.template.generate import Compiled, generate
from livemerge.template.html_places import spots_by_place
from livemerge.template.included import Included
from livemerge.template.languages import LANGUAGES, Language, language_of
from livemerge.template.limits import MAX_OUTPUT_CHARACTERS, MAX_REMEMBERED_PARTIALS, MAX_TEMPLATE_CHARACTERS
from livemerge.template.lines import with_line_breaks
from livemerge.template.named_text import named
from livemerge.template.nodes import Block, Place
from livemerge.template.reach import Reach, reach_of
from livemerge.template.replies import Replies
from livemerge.template.runtime import CleanScope, Context, Environment, Fault, Output, Program, Scope, check_size
from livemerge.template.trace import Trace, make_trace
from livemerge.template.verdict import Test
from livemerge.template.wire import (
    Encoding,
    Escape,
    Kind,
    TransferEncoding,
    make_encoding,
    whole_body,
)


class Writer(Protocol):
    """Writes one body as MIME octets with CRLF line ends."""

    def __call__(
        self,
        data: Mapping[str, object],
        now: datetime | None = None,
        replies: Mapping[Request, Reply] | None = None,
    ) -> bytes: ...


_KINDS: dict[str, Kind] = {  # of output that an included template is asked to write
    "captured": "text",
    "text": "text",
    "8bit": "8bit",
    "quoted-printable": "quoted-printable",
    "7bit": "7bit",
}
_MACHINE = SystemClock()
FEW_PIECES = 1_000  # a message of fewer is measured when it is whole
OUTPUT_TOO_LONG = f"the message grows over {MAX_OUTPUT_CHARACTERS} characters"

Body = TypeVar("Body", str, bytes)

_NO_TEMPLATES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Options:
    """How a template was asked to be compiled; partials are compiled the same way."""

    language: str
    escape: Escape
    is_strict: bool
    raw_is_markup: bool
    is_plain_text: bool  # text derived from HTML: escape filters do nothing, Markup loses its tags
    dialect: str | None = None
    settings: tuple[tuple[str, bool], ...] = ()
    locale: str = ""

    @property
    def spoken(self) -> Language:
        return language_of(self.language, self.dialect)

    def filters(self) -> Mapping[str, Filter]:
        language = self.spoken
        known = {**language.filters, **language.guarded} if self.raw_is_markup else language.filters
        if self.is_plain_text:
            known = {**known, **language.plain_text}
            return {**known, **{name: PLAIN_TEXT_FILTERS[name] for name in PLAIN_TEXT_FILTERS if name in known}}
        if self.escape is None:
            known = {**known, **language.unescaped}
            return {**known, **{name: UNESCAPED_FILTERS[name] for name in UNESCAPED_FILTERS if name in known}}
        return known

    def vocabulary(self, filters: Mapping[str, Filter], templates: Mapping[str, str]) -> Vocabulary:
        """The language as the analysis needs it."""
        judge = self.spoken.judge(filters)
        spots = spots_by_place if self.escape else _no_spots
        return Vocabulary(judge, self.spoken.kinds, spots, templates)

    def encoding(self, kind: Kind) -> Encoding:
        language = self.spoken
        return make_encoding(
            kind,
            self.escape,
            raw_is_markup=self.raw_is_markup,
            strips_markup=self.is_plain_text,
            show=_show_present(language.show) if self.raw_is_markup and language.omits_none else language.show,
            escape_text=self.spoken.escape,
        )


def _show_present(show: Callable[[Any], str]) -> Callable[[Any], str]:
    """How a language prints values, with nothing for None."""
    return lambda value: "" if value is None else show(value)


def _no_spots(_block: Block) -> Mapping[Place, str]:
    """Where values stand in text that is not HTML."""
    return {}


@dataclass(frozen=True, slots=True)
class _Unit:
    """One source text and its tree."""

    source: Source
    block: Block
    findings: tuple[Finding, ...]


class Template:
    """A compiled template. Immutable for its users; programs are generated when first needed and kept."""

    def __init__(self, unit: _Unit, options: _Options, templates: Mapping[str, str], before: Block = ()) -> None:
        self.language = options.language
        self.name = unit.source.name
        self._unit = unit
        self._options = options
        self._spoken = options.spoken
        self._filters = options.filters()
        self._templates = templates
        self._partials: dict[tuple[str, str], _Unit] = {}
        self._programs: dict[tuple[str, str, bool, bool], Compiled] = {}
        self._before_all = before
        self._before = needed_before(unit.block, before, self._filters)
        reach = reach_of(unit.block, unit.source, self._filters, self._known_partial)
        vocabulary = options.vocabulary(self._filters, templates)
        found = analyse(unit.block, unit.source, vocabulary, self._known_partial, self._before)
        self.fields: frozenset[str] = found.fields
        self.reads: tuple[Read, ...] = found.reads
        self.tests: tuple[Test, ...] = found.tests
        self.findings: tuple[Finding, ...] = (
            *unit.findings,
            *self._findings_of(reach),
            *reach.findings,
            *found.findings,
        )
        self.included: Mapping[str, Source] = reach.names
        self.units: tuple[tuple[Block, Source], ...] = ((unit.block, unit.source), *reach.templates)
        self.fetches: tuple[FetchSite, ...] = fetch_sites(self.units, self._filters, before)
        self.most_calls: Calls = most_calls(self.units, self._filters)
        self.may_fetch = bool(self.fetches) or runs_unknown(unit.block, self._filters)

    def _findings_of(self, reach: Reach) -> Iterator[Finding]:
        """What parsing the included templates has found."""
        included = {id(source) for _, source in reach.templates}
        for unit in self._partials.values():
            if id(unit.source) in included:
                yield from unit.findings

    def __repr__(self) -> str:
        return f"<Template {self.name or 'without a name'} ({self.language}), {len(self.fields)} fields>"

    @property
    def source(self) -> str:
        """The text it was compiled from."""
        return self._unit.source.text

    def render(
        self,
        data: Mapping[str, object],
        *,
        now: datetime | None = None,
        templates: Mapping[str, str] | None = None,
        replies: Mapping[Request, Reply] | None = None,
    ) -> str:
        """The text for one customer's data. Raises TemplateError; Unanswered where it lacks a reply."""
        pieces, _ = self._run("text", data, now, templates, replies, is_traced=False)
        return self._bounded("".join(pieces))

    def wanted(
        self,
        data: Mapping[str, object],
        *,
        now: datetime | None = None,
        templates: Mapping[str, str] | None = None,
        replies: Mapping[Request, Reply] | None = None,
    ) -> Request | None:
        """The next request this customer's text needs the reply to; None where it can be rendered.

        Give `now` where the template reads it: each rendering on the way to the text must see the same moment.
        """
        try:
            self._run("text", data, now, templates, replies, is_traced=False)
        except Unanswered as error:
            return error.request
        return None

    def trace(
        self,
        data: Mapping[str, object],
        *,
        now: datetime | None = None,
        templates: Mapping[str, str] | None = None,
        replies: Mapping[Request, Reply] | None = None,
    ) -> Trace:
        """The text with the place of every value in it and the way every condition went. Raises TemplateError."""
        trace = make_trace(*self._run("text", data, now, templates, replies, is_traced=True))
        self._bounded(trace.text)
        return trace

    def writer(self, encoding: TransferEncoding) -> Writer:
        """A function that gives the body as octets in a transfer encoding. Raises TemplateError, ValueError."""
        if encoding == "7bit" and self._options.escape is None:
            raise ValueError("7bit is for HTML parts: plain text has no character references")
        self._program(encoding)

        def write(
            data: Mapping[str, object],
            now: datetime | None = None,
            replies: Mapping[Request, Reply] | None = None,
        ) -> bytes:
            pieces, _ = self._run(encoding, data, now, None, replies, is_traced=False)
            return self._bounded(whole_body(encoding, pieces))

        return write

    def _bounded(self, body: Body) -> Body:
        """The body, unless it is too long."""
        if len(body) > MAX_OUTPUT_CHARACTERS:
            raise self._unit.source.error(OUTPUT_TOO_LONG, Place(1, 1), "mail this large is not delivered")
        return body

    # --- programs ---

    def _run(
        self,
        kind: Kind,
        data: Mapping[str, object],
        now: datetime | None,
        templates: Mapping[str, str] | None,
        replies: Mapping[Request, Reply] | None,
        *,
        is_traced: bool,
    ) -> tuple[list[Any], list[Any]]:
        """The pieces one rendering writes, and its trace marks."""
        program = self._program(kind, is_traced)
        known = self._templates if templates is None else {**self._templates, **templates}
        marks: list[Any] = []
        context = Context(
            self._clock(data, now),
            lambda name, wanted, shares: self._partial(name, wanted, known, is_traced, shares),
            marks if is_traced else None,
            ask_nobody if replies is None else Replies(replies),
            self._options.locale,
        )
        language, scope_of = self._spoken, CleanScope if type(data) is CleanData else Scope
        if language.omits_none and self._options.raw_is_markup:
            data = {name: value for name, value in data.items() if value is not None}
        scope = scope_of(language.arrange(data) if language.arrange else data)
        if language.texts:
            context.environment = self._environment(scope, {**known, **language.texts(data)})
        output = Output()
        try:
            program.program(context, scope, output)
            if len(output) > FEW_PIECES:
                check_size(output)
        except TemplateError as error:
            if isinstance(error, SkipRecipient | AbortCampaign) and not error.line:
                raise self._decided(error) from error
            raise
        except Wanted as wanted:
            raise self._unanswered(wanted) from None
        except Exception as error:
            raise self._located(error) from error
        return output, marks

    def _environment(self, scope: Scope, texts: Mapping[str, str]) -> Environment:
        def run(name: str, text: str) -> Program:
            return self._partial_program(name, text, "captured", is_traced=False, shares=True)

        return Environment(scope, texts, run, Markup if self._options.escape else str)

    def _clock(self, data: Mapping[str, object], now: datetime | None) -> Callable[[], datetime]:
        """What templates take for now: the caller's moment, else the data's own, else the machine's. Aware."""
        moment = self._spoken.moment
        found = moment(data) if now is None and moment else now
        if found is None:
            return _MACHINE.now
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        return lambda: aware

    def _program(self, kind: Kind, is_traced: bool = False) -> Compiled:
        """Our own program for a kind of output."""
        key = (kind, "", is_traced, False)
        found = self._programs.get(key)
        if found is None:
            found = self._programs[key] = self._generated(kind, self._unit, is_traced, False)
        return found

    def _generated(self, kind: Kind, unit: _Unit, is_traced: bool, shares_scope: bool) -> Compiled:
        encoding = self._options.encoding(kind)
        block = unit.block
        if kind in ("8bit", "7bit"):
            block = with_line_breaks(block, encoding.static, is_html=self._options.escape == "html")
        return generate(
            block,
            unit.source,
            encoding,
            self._options.encoding("text"),
            self._filters,
            is_traced=is_traced,
            shares_scope=shares_scope,
            before=self._before if unit is self._unit else (),
            manner=self._spoken.manner,
        )

    @property
    def tree(self) -> Block:
        """What the template is, as its front end has read it."""
        return self._unit.block

    @property
    def effects(self) -> Block:
        """What a part that runs after this one needs of it: what came before, and what sets variables."""
        return (*self._before_all, *effects_of(self._unit.block, self._filters))

    # --- other templates ---

    def _known_partial(self, name: str) -> tuple[Block, Source] | None:
        text = named(name, self._templates)
        if text is None:
            return None
        unit = self._parsed_partial(name, text)
        return unit.block, unit.source

    def _parsed_partial(self, name: str, text: str) -> _Unit:
        found = self._partials.get((name, text))
        if found is None:
            if len(self._partials) >= MAX_REMEMBERED_PARTIALS:
                self._partials.clear()
                self._programs.clear()
            found = _parse(_source_of(name, text), self._options)
            self._partials[name, text] = found
        return found

    def _partial(self, name: str, kind: str, known: Mapping[str, str], is_traced: bool, shares: bool) -> Program:
        indent, _, name = name.rpartition("\0")
        text = named(name, known)
        if text is None:
            raise Fault("there is no template of this name", nearest(name, known) or "check the name")
        if indent:
            text = (text if isinstance(text, Included) else Included.of(text, name)).indented(indent)
        return self._partial_program(name, text, kind, is_traced=is_traced, shares=shares)

    def _partial_program(self, name: str, text: str, kind: str, *, is_traced: bool, shares: bool) -> Program:
        unit = self._parsed_partial(name, text)
        reports = is_traced and kind != "captured"  # a captured text is one value where it is written
        key = (kind, f"{name}\0{text}", reports, shares)
        found = self._programs.get(key)
        if found is None:
            found = self._programs[key] = self._generated(_KINDS[kind], unit, reports, shares)
        return found.program

    # --- errors ---

    def _located(self, error: Exception) -> TemplateError:
        """A TemplateError at the template place where rendering stopped. No data is in its text."""
        unit, place = self._place_of(error)
        fault = error if isinstance(error, Fault) else _fault_of(error)
        return unit.source.error(fault.what, place, fault.advice)

    def _decided(self, error: SkipRecipient | AbortCampaign) -> TemplateError:
        """What the template decided, with the place where it did."""
        unit, place = self._place_of(error)
        source = unit.source
        caret = source.caret(place)
        where = source.name or "template"
        return type(error)(error.what, where=where, line=place.line, column=place.column, caret=caret)

    def _unanswered(self, wanted: Wanted) -> Unanswered:
        """The request rendering stopped for, with the place that made it."""
        unit, place = self._place_of(wanted)
        source = unit.source
        return Unanswered(wanted.request, source.name or "template", place.line, place.column, source.caret(place))

    def _place_of(self, error: Exception) -> tuple[_Unit, Place]:
        """The innermost template line of a traceback."""
        units = {f"<template {unit.source.name}>": unit for unit in (*self._partials.values(), self._unit)}
        compiled = list(self._programs.values())
        unit, place = self._unit, Place(1, 1)
        step = error.__traceback__
        while step is not None:
            code = step.tb_frame.f_code
            for each in compiled:
                if code in each.codes and step.tb_lineno in each.places:
                    unit, place = units.get(each.filename, unit), each.places[step.tb_lineno]
            step = step.tb_next
        return unit, place


def _fault_of(error: Exception) -> Fault:
    """What an error of Python's own says to an author: sizes that no language has a word for, else only its kind."""
    if isinstance(error, ArithmeticError):
        return Fault("a number here is too large, or is none", "test the number before")
    if isinstance(error, RecursionError):
        return Fault("the values here are nested too deep", "give lists of plain values")
    if isinstance(error, MemoryError):
        return Fault("the values here are too large", "shorten the lists and texts")
    return Fault(f"this cannot be rendered ({type(error).__name__})", "check the data this place reads")


def _source_of(name: str, text: str) -> Source:
    """The text of an included template with its place. Raises TemplateError where its file cannot be included."""
    if not isinstance(text, Included):
        return Source(text, sys.intern(name), 1)
    if text.fault is not None:
        raise text.fault
    return Source(str(text), sys.intern(text.file), text.first_line)


def compile(  # noqa: A001  # the library's word for it; re is the precedent
    source: str,
    language: str = "liquid",
    *,
    dialect: str | None = None,
    escape: Literal["html"] | None = "html",
    strict: bool = True,
    name: str = "",
    raw: Literal["any", "markup"] = "any",
    first_line: int = 1,
    first_column: int = 1,
    templates: Mapping[str, str] | None = None,
    plain_text: bool = False,
    before: Block = (),
    options: Mapping[str, bool] | None = None,
    locale: str = "",
) -> Template:
    """A template compiled from its source. Raises TemplateError for what cannot be parsed.

    `raw="markup"`: raw constructs write only Markup raw and escape everything else. `templates`: texts that may be
    included. `first_line`, `first_column`: where the source begins in its file. `plain_text`: this is text derived
    from HTML; escape filters do nothing, Markup loses its tags. `before`: the effects of the message's parts that
    ran before this one. `options`: Handlebars' compile options, by its names. `locale`: how numbers and dates are
    written where the template does not say so itself, as `de-DE`.
    """
    if language not in LANGUAGES:
        advice = nearest(language, LANGUAGES) or f"languages: {', '.join(LANGUAGES)}"
        raise TemplateError(f"unknown template language `{language}`", where=name, advice=advice)
    if dialect not in (None, *LANGUAGES[language].dialects):
        advice = nearest(dialect or "", LANGUAGES[language].dialects) or "leave the dialect out"
        raise TemplateError(f"{language} has no dialect `{dialect}` here", where=name, advice=advice)
    settings = tuple(sorted((options or {}).items()))
    if unknown := [option for option, _ in settings if option not in language_of(language, dialect).settings]:
        raise TemplateError(f"{language} has no option `{unknown[0]}`", where=name, advice="leave it out")
    asked = _Options(language, escape, strict, raw == "markup", plain_text, dialect, settings, locale)
    unit = _parse(Source(source, sys.intern(name), first_line, first_column), asked)
    try:
        template = Template(unit, asked, dict(templates or _NO_TEMPLATES), before)
        template._program("text")
    except (RecursionError, MemoryError, SyntaxError) as error:
        raise TemplateError("the template is too deeply nested", where=name, advice="split it") from error
    return template


def _parse(source: Source, options: _Options) -> _Unit:
    if len(source.text) > MAX_TEMPLATE_CHARACTERS:
        what = f"the template has more than {MAX_TEMPLATE_CHARACTERS} characters"
        raise TemplateError(what, where=source.name, advice="split it")
    _refuse_surrogates(source)
    given: dict[str, Any] = {"options": dict(options.settings)} if options.settings else {}
    try:
        block, findings = options.spoken.parse(source, is_strict=options.is_strict, **given)
    except RecursionError as error:
        raise TemplateError("the template is too deeply nested", where=source.name, advice="split it") from error
    return _Unit(source, block, findings)


def _refuse_surrogates(source: Source) -> None:
    try:
        source.text.encode()
    except UnicodeEncodeError as error:
        place = source.place(error.start)
        raise source.error("the template has half a character here", place, "save it as UTF-8") from error
