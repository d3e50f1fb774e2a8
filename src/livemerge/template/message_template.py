"""One template file → the parts of a message: subject, preheader, HTML and text, each compiled.

+++
subject = "Hello {{ first_name }}"
+++
<html>...</html>
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from livemerge.errors import TemplateError, nearest
from livemerge.template.cultures import CULTURES, culture_of
from livemerge.template.effects import draws_alike
from livemerge.template.fetch_sites import Calls, FetchSite
from livemerge.template.fetches import Reply, Request, Unanswered
from livemerge.template.findings import Finding, Lookup, Read, Source
from livemerge.template.front_matter import FENCE, FrontMatter, read_front_matter, with_line_feeds
from livemerge.template.included import Included, included_texts
from livemerge.template.languages import ENDINGS as LANGUAGE_ENDINGS
from livemerge.template.languages import LANGUAGES, language_of
from livemerge.template.nodes import Block, Place
from livemerge.template.plain_text import is_paragraph, text_of_html, text_template
from livemerge.template.template import Template, Writer, compile  # noqa: A004
from livemerge.template.trace import Trace
from livemerge.template.verdict import Test
from livemerge.template.wire import Kind, TransferEncoding, make_encoding, whole_body


@dataclass(frozen=True, slots=True)
class RenderedText:
    """A text part made from the rendered HTML, for templates whose HTML does not turn into a text template."""

    html: Template
    name: str
    language: str
    fields: frozenset[str] = frozenset()
    reads: tuple[Read, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def may_fetch(self) -> bool:
        """False: the HTML it is made of, rendered before, has asked for all it needs."""
        return False

    def render(
        self,
        data: Mapping[str, object],
        *,
        now: datetime | None = None,
        templates: Mapping[str, str] | None = None,
        replies: Mapping[Request, Reply] | None = None,
    ) -> str:
        """The text of one customer's HTML. Raises TemplateError."""
        return text_of_html(self.html.render(data, now=now, templates=templates, replies=replies))

    def trace(
        self,
        data: Mapping[str, object],
        *,
        now: datetime | None = None,
        templates: Mapping[str, str] | None = None,
        replies: Mapping[Request, Reply] | None = None,
    ) -> Trace:
        """The text; which value stands where is told by the HTML's own trace."""
        return Trace(self.render(data, now=now, templates=templates, replies=replies), (), ())

    def writer(self, encoding: TransferEncoding) -> Writer:
        """A function that gives the text as octets."""
        if encoding == "7bit":
            raise ValueError("7bit is for HTML parts: plain text has no character references")
        kind: Kind = encoding
        static = make_encoding(kind, None, raw_is_markup=False).static

        def write(
            data: Mapping[str, object],
            now: datetime | None = None,
            replies: Mapping[Request, Reply] | None = None,
        ) -> bytes:
            return whole_body(kind, [static(self.render(data, now=now, replies=replies))])

        return write


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A message's parts, compiled. `digest` is the SHA-256 of the file's text, which pins what was sent."""

    name: str
    language: str
    locale: str
    digest: str
    subject: Template
    preheader: Template | None
    html: Template
    text: Template | RenderedText
    fields: frozenset[str]
    reads: tuple[Read, ...]
    findings: tuple[Finding, ...]
    fetches: tuple[FetchSite, ...] = ()
    most_fetches: int = 0  # different calls of one message, at most
    tests: tuple[Test, ...] = ()
    dialect: str = ""
    included: Mapping[str, Source] = field(default_factory=dict)  # the other files it is made of, by their names
    lookups: tuple[Lookup, ...] = ()

    @property
    def may_fetch(self) -> bool:
        """Whether rendering may need replies."""
        return any(part.may_fetch for part in self.parts.values())

    def rehearse(
        self,
        data: Mapping[str, object],
        *,
        now: datetime | None = None,
        replies: Mapping[Request, Reply] | None = None,
    ) -> None:
        """Renders the parts that may fetch, and gives nothing. Raises Unanswered for the next request, TemplateError.

        Where it raises nothing, these replies are all that the message needs at this moment.
        """
        for part in self.parts.values():
            if part.may_fetch:
                part.render(data, now=now, replies=replies)

    def wanted(
        self,
        data: Mapping[str, object],
        *,
        now: datetime | None = None,
        replies: Mapping[Request, Reply] | None = None,
    ) -> Request | None:
        """The next request whose reply this customer's message needs; None where it needs none. Raises TemplateError.

        Give `now` where the template reads it: each rendering on the way to the message must see the same moment.
        """
        try:
            self.rehearse(data, now=now, replies=replies)
        except Unanswered as error:
            return error.request
        return None

    @property
    def parts(self) -> dict[str, Template | RenderedText]:
        """The parts there are, by name."""
        found: dict[str, Template | RenderedText | None] = {
            "subject": self.subject,
            "preheader": self.preheader,
            "html": self.html,
            "text": self.text,
        }
        return {name: part for name, part in found.items() if part is not None}


def compile_message(
    text: str,
    *,
    name: str,
    language: str | None = None,
    dialect: str | None = None,
    templates: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
) -> MessageTemplate:
    """The parts of one template file. Raises TemplateError with the line in the file.

    The language is the front matter's, else the argument, else what the name ends in (`welcome.liquid.html`); the
    dialect the front matter's, else the argument.
    `templates`: what may be included, by name. `files`: a project's template files, by their paths below templates/.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    text = with_line_feeds(text)
    front = read_front_matter(text, name)
    if dialect:
        front.values.setdefault("dialect", dialect)
    spoken = front.values.get("language") or language or _language_of(name)
    includable = {**included_texts(files or {}, spoken), **(templates or {})}
    compiler = _Compiler(name, spoken, front, includable)
    subject = None if compiler.shares_variables else compiler.subject()
    preheader = None
    if "preheader" in front.values:
        preheader = compiler.part("preheader", front.values["preheader"], front.starts["preheader"], "html")
    html = compiler.part("html", text[front.end :], Place(front.body_line, 1), front.values.get("escape", "html"))
    if "text" in front.values:
        plain: Template | RenderedText = compiler.part("text", front.values["text"], front.starts["text"], None)
    else:
        plain = compiler.derived_text(html)
    subject = subject or compiler.subject()
    if "subject" not in front.values:
        compiler.warn_about_subject()
    if "locale" in front.values:
        compiler.warn_about_locale(Source(text, name, 1))
    parts = [part for part in (subject, preheader, html, plain) if part is not None]
    return MessageTemplate(
        name,
        spoken,
        front.values.get("locale", ""),
        digest,
        subject,
        preheader,
        html,
        plain,
        frozenset().union(*(part.fields for part in parts)),
        tuple(compiler.reads),
        tuple(compiler.findings),
        tuple(compiler.fetches),
        compiler.calls.count,
        tuple(compiler.tests),
        compiler.dialect or "",
        {source.name: source for _, source in compiler.units if source.name != name},
        language_of(spoken, compiler.dialect).lookups(compiler.units),
    )


class _Compiler:
    """Compiles the parts of one file alike, and collects what they say.

    In languages whose parts share their variables, each part sees those of the parts compiled before it.
    """

    def __init__(self, name: str, language: str, front: FrontMatter, templates: Mapping[str, str]) -> None:
        self.name = name
        self.language = language
        self.dialect = front.values.get("dialect")
        self.locale = front.values.get("locale", "")
        self.templates = templates
        self.front = front
        self.shares_variables = language in LANGUAGES and LANGUAGES[language].shares_variables
        self.before: Block = ()  # effects of the parts so far
        self.before_html: Block = ()
        self.reads: list[Read] = []
        self.findings: list[Finding] = []
        self.tests: list[Test] = []
        self.fetches: list[FetchSite] = []
        self.calls = Calls()
        self.units: list[tuple[Block, Source]] = []

    def subject(self) -> Template:
        """The subject, the last part of all where parts share their variables."""
        return self.part("subject", self.front.values.get("subject", ""), self.front.starts["subject"], None)

    def part(self, part: str, source: str, start: Place, escape: str | None) -> Template:
        """One part; its reads and findings are kept with its name."""
        is_plain = part in ("subject", "text")
        before = self.before
        template = self.compiled(source, start, "html" if escape == "html" else None, is_plain=is_plain, before=before)
        if self.shares_variables:
            self.before, self.before_html = template.effects, before if part == "html" else self.before_html
        self.reads += [replace(read, part=part) for read in template.reads]
        self.findings += [replace(finding, part=part) for finding in template.findings]
        self.tests += [replace(test, part=part) for test in template.tests]
        self.fetches += [replace(site, part=part) for site in template.fetches]
        self.calls += template.most_calls
        self.units += template.units
        return template

    def compiled(
        self,
        source: str,
        start: Place,
        escape: Literal["html"] | None,
        *,
        is_plain: bool,
        before: Block = (),
        templates: Mapping[str, str] | None = None,
    ) -> Template:
        return compile(
            source,
            self.language,
            dialect=self.dialect,
            escape=escape,
            name=self.name,
            raw="markup",
            first_line=start.line,
            first_column=start.column,
            templates=self.templates if templates is None else templates,
            plain_text=is_plain,
            before=before,
            locale=self.locale,
        )

    def derived_text(self, html: Template) -> Template | RenderedText:
        """The text part made from the HTML, as a template where that works, else from what is rendered."""
        language = language_of(self.language, self.dialect)
        try:
            paragraphs = [name for name, each in html.included.items() if is_paragraph(each.text, language.spans)]
            text = text_template(html.source, language.spans, language.guard, paragraphs)
            texts = self.included_as_text(html, paragraphs)
            derived = self.compiled(text, Place(1, 1), None, is_plain=True, before=self.before_html, templates=texts)
            if not draws_alike(html.effects, derived.effects):
                raise TemplateError("the text would draw other random values than the HTML")
            return derived
        except TemplateError:
            self.findings.append(
                Finding(
                    "derived-text",
                    "warning",
                    "the HTML does not turn into a text template, so each text part is made from the rendered HTML",
                    1,
                    1,
                    "",
                    "Write a `text` of its own into the front matter, or keep template tags out of head and style.",
                    "text",
                )
            )
            return RenderedText(html, self.name, self.language)

    def included_as_text(self, html: Template, paragraphs: Collection[str]) -> dict[str, str]:
        """What the HTML includes, as templates of text. Raises TemplateError where one does not turn into such."""
        language = language_of(self.language, self.dialect)
        reached = {source.name for _, source in html.units}
        made: dict[str, str] = {}
        for name, text in self.templates.items():
            file = text.file if isinstance(text, Included) else name
            if file in reached or not isinstance(text, Included):
                plain = text_template(text, language.spans, language.guard, paragraphs)
                made[name] = Included.of(plain.strip("\n"), file)
        return made

    def warn_about_subject(self) -> None:
        advice = f'Write `subject = "…"` between two lines of `{FENCE}` at the top of the file.'
        self.findings.append(
            Finding("no-subject", "warning", "the message has no subject", 1, 1, "", advice, "subject")
        )

    def warn_about_locale(self, source: Source) -> None:
        """Says where the front matter's locale does nothing, or names no country or language that is known."""
        what = code = advice = ""
        if not language_of(self.language, self.dialect).has_locale:
            what = f"`locale` has no effect: {self.dialect or self.language} has nothing that formats by it"
            code, advice = "unused-locale", "leave it out, and write formats where values are written"
        elif culture_of(self.locale) is None:
            what = f"`{self.locale[:40]}` is no locale that is known, so American English is used"
            code, advice = "unknown-locale", nearest(self.locale, CULTURES) or "write it as `de-DE`"
        if what:
            self.findings.append(source.finding(code, "warning", what, self.front.starts["locale"], advice))


def _language_of(name: str) -> str:
    endings = name.lower().rsplit("/", 1)[-1].split(".")[1:]
    found = next((LANGUAGE_ENDINGS[ending] for ending in reversed(endings) if ending in LANGUAGE_ENDINGS), None)
    if found is None:
        known = " or ".join(f"`{language}`" for language in LANGUAGES)
        raise TemplateError(
            "which template language this is cannot be told from its name",
            where=name,
            advice=f"call it like welcome.liquid.html, or write `language = …` ({known}) into the front matter",
        )
    return found
