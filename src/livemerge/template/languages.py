"""The template languages: what each front end brings, by the names people use for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from livemerge.template.ampscript import (
    AMPSCRIPT_FILTERS,
    AMPSCRIPT_PLAIN_TEXT,
    AMPSCRIPT_UNESCAPED,
    ampscript_data,
    ampscript_guard,
    ampscript_lookups,
    ampscript_spans,
    ampscript_texts,
    parse_ampscript,
)
from livemerge.template.ampscript.kinds import AMPSCRIPT_KINDS
from livemerge.template.filters import LIQUID_FILTERS, Filter
from livemerge.template.filters.braze import BRAZE_FILTERS
from livemerge.template.filters.customerio import CUSTOMERIO_FILTERS
from livemerge.template.filters.kinds import BRAZE_KINDS, CUSTOMERIO_KINDS, LIQUID_KINDS
from livemerge.template.findings import Finding, Lookup, Source
from livemerge.template.generate import LIQUID_MANNER, Manner
from livemerge.template.handlebars import (
    DIALECTS,
    HANDLEBARS_CALLS,
    HANDLEBARS_FILTERS,
    HANDLEBARS_TRUTH,
    MUSTACHIO_CALLS,
    OPTIONS,
    handlebars_guard,
    handlebars_parser,
    handlebars_spans,
    iterable_spans,
    mustachio,
    mustachio_spans,
    parse_mustachio,
    values,
)
from livemerge.template.handlebars.kinds import HANDLEBARS_KINDS
from livemerge.template.jinja import (
    COMPARISONS,
    GUARDED,
    JINJA_CALLS,
    JINJA_LOOP,
    JINJA_TABLE,
    PLAIN_TEXT,
    UNESCAPED,
    jinja_guard,
    jinja_spans,
    parse_jinja,
    parse_moengage,
)
from livemerge.template.jinja import values as jinja_values
from livemerge.template.jinja.kinds import JINJA_KINDS
from livemerge.template.kinds import Kinds
from livemerge.template.liquid import (
    braze_data,
    braze_spans,
    customerio_spans,
    liquid_guard,
    liquid_spans,
    parse_braze,
    parse_customerio,
    parse_liquid,
)
from livemerge.template.mailchimp import (
    MAILCHIMP_FILTERS,
    mailchimp_data,
    mailchimp_guard,
    mailchimp_moment,
    mailchimp_parser,
    mailchimp_spans,
    mandrill_data,
)
from livemerge.template.nodes import Block
from livemerge.template.plain_text import TagSpan
from livemerge.template.runtime import is_true, text_of
from livemerge.template.verdict import COMPARING, Judge
from livemerge.template.wire import escape_kernel


@dataclass(frozen=True, slots=True)
class Language:
    """A front end: how its text becomes a tree, its functions, where its tags stand, how its data is laid out."""

    parse: Callable[..., tuple[Block, tuple[Finding, ...]]]
    filters: Mapping[str, Filter]
    spans: Callable[[str], Iterator[TagSpan]]
    guard: Callable[[str], str]
    arrange: Callable[[Mapping[str, object]], Mapping[str, object]] | None = None
    moment: Callable[[Mapping[str, object]], datetime | None] | None = None  # the data's own "now"
    dialects: tuple[str, ...] = ()
    unescaped: Mapping[str, Filter] = field(default_factory=dict)  # instead of filters, where nothing is escaped
    plain_text: Mapping[str, Filter] = field(default_factory=dict)  # instead of those, in parts of plain text
    guarded: Mapping[str, Filter] = field(default_factory=dict)  # instead of filters, in projects
    omits_none: bool = False  # in projects a field without a value is not in the data, and None prints as nothing
    texts: Callable[[Mapping[str, object]], Mapping[str, str]] | None = None  # the data's own templates; set where
    # functions see their environment
    shares_variables: bool = False  # the parts of a message see the variables of those before them
    manner: Manner = LIQUID_MANNER
    show: Callable[[Any], str] = text_of  # a value as it is printed
    escape: Callable[[str], str] = escape_kernel
    settings: frozenset[str] = frozenset()  # names of options its parser takes
    has_locale: bool = False  # some function formats by the message's locale
    kinds: Mapping[str, Kinds] = field(default_factory=dict)  # what its functions need and give
    lookups: Callable[[Sequence[tuple[Block, Source]]], tuple[Lookup, ...]] = lambda units: ()  # of tables

    nothing: object = None  # what a name that is not there gives
    comparing: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=lambda: COMPARING)

    def judge(self, filters: Mapping[str, Filter]) -> Judge:
        """What says how conditions of this language come out."""
        return Judge(filters, self.is_true, self.nothing, self.comparing)

    @property
    def is_true(self) -> Callable[[Any], bool]:
        """What its conditions take a value for."""
        found = self.manner.calls.get("TRUE", is_true)
        return found if callable(found) else is_true


_LIQUID = Language(
    parse_liquid,
    LIQUID_FILTERS,
    liquid_spans,
    liquid_guard,
    dialects=("braze", "customerio"),
    kinds=LIQUID_KINDS,
)
_BRAZE = replace(
    _LIQUID,
    parse=parse_braze,
    filters=BRAZE_FILTERS,
    spans=braze_spans,
    kinds=BRAZE_KINDS,
    arrange=braze_data,
    manner=Manner({"ROOT": lambda scope: scope.data}),
)
_CUSTOMERIO = replace(
    _LIQUID,
    parse=parse_customerio,
    filters=CUSTOMERIO_FILTERS,
    spans=customerio_spans,
    kinds=CUSTOMERIO_KINDS,
    has_locale=True,
)

_HANDLEBARS = Language(
    handlebars_parser(""),
    HANDLEBARS_FILTERS,
    handlebars_spans,
    handlebars_guard,
    values.as_data,
    dialects=(*filter(None, DIALECTS), "postmark"),
    manner=Manner(HANDLEBARS_CALLS, HANDLEBARS_TRUTH, has_escaped_literals=False),
    show=values.show,
    escape=values.escape,
    settings=frozenset(OPTIONS),
    kinds=HANDLEBARS_KINDS,
)

_JINJA = Language(
    parse_jinja,
    JINJA_TABLE,
    jinja_spans,
    jinja_guard,
    unescaped=UNESCAPED,
    plain_text=PLAIN_TEXT,
    guarded=GUARDED,
    omits_none=True,
    dialects=("moengage",),
    manner=Manner(
        JINJA_CALLS,
        "(not not {named})",
        has_escaped_literals=False,
        absent=", UNDEFINED",
        shared_name="NAMED(S, {name!r})",
        loop_state="LOOP({items}, {depth})",
        loop_names=JINJA_LOOP,
        loop_length="len({state}.items)",
        shares_loops=False,
    ),
    show=jinja_values.show,
    nothing=jinja_values.UNDEFINED,
    comparing=COMPARISONS,
    kinds=JINJA_KINDS,
)

LANGUAGES = {
    "liquid": _LIQUID,
    "mailchimp": Language(
        mailchimp_parser("mailchimp"),
        MAILCHIMP_FILTERS,
        mailchimp_spans,
        mailchimp_guard,
        mailchimp_data,
        mailchimp_moment,
        ("mailchimp", "mandrill"),
        has_locale=True,
    ),
    "ampscript": Language(
        parse_ampscript,
        AMPSCRIPT_FILTERS,
        ampscript_spans,
        ampscript_guard,
        ampscript_data,
        unescaped=AMPSCRIPT_UNESCAPED,
        plain_text=AMPSCRIPT_PLAIN_TEXT,
        texts=ampscript_texts,
        kinds=AMPSCRIPT_KINDS,
        lookups=ampscript_lookups,
        shares_variables=True,
        has_locale=True,
    ),
    "handlebars": _HANDLEBARS,
    "jinja": _JINJA,
}

_MANDRILL = replace(LANGUAGES["mailchimp"], parse=mailchimp_parser("mandrill"), arrange=mandrill_data, has_locale=False)

_DIALECTS: dict[tuple[str, str], Language] = (
    {
        ("liquid", "braze"): _BRAZE,
        ("liquid", "customerio"): _CUSTOMERIO,
        ("jinja", "moengage"): replace(_JINJA, parse=parse_moengage),
        ("mailchimp", "mandrill"): _MANDRILL,
    }
    | {
        ("handlebars", name): replace(
            _HANDLEBARS,
            parse=handlebars_parser(name),
            spans=iterable_spans if name == "iterable" else handlebars_spans,
            has_locale=name == "iterable",
        )
        for name in DIALECTS
    }
    | {
        ("handlebars", "postmark"): replace(
            _HANDLEBARS,
            parse=parse_mustachio,
            spans=mustachio_spans,
            manner=Manner(MUSTACHIO_CALLS, HANDLEBARS_TRUTH, has_escaped_literals=False),
            show=mustachio.show,
            escape=mustachio.escape,
            settings=frozenset(),
        )
    }
)


ENDINGS: dict[str, str] = {**{name: name for name in LANGUAGES}, "j2": "jinja", "jinja2": "jinja"}
"""What names of templates end in, and the language that means."""


def language_of(name: str, dialect: str | None) -> Language:
    """The front end of a language, or of its dialect where that is another one."""
    return _DIALECTS.get((name, dialect or ""), LANGUAGES[name])
