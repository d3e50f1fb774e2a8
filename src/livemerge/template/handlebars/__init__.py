"""Handlebars, its dialects at SendGrid, Mandrill, Mailgun, SES and Iterable, and Mustache: text to tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from livemerge.template.findings import Finding, Source
from livemerge.template.handlebars import mustachio, values
from livemerge.template.handlebars.calls import HANDLEBARS_CALLS, HANDLEBARS_TRUTH
from livemerge.template.handlebars.dialects import DIALECTS, OPTIONS, Dialect, with_options
from livemerge.template.handlebars.helpers import HANDLEBARS_FILTERS
from livemerge.template.handlebars.mustachio import MUSTACHIO_CALLS, mustachio_spans, parse_mustachio
from livemerge.template.handlebars.parser import parse
from livemerge.template.handlebars.spans import handlebars_guard, handlebars_spans, iterable_spans
from livemerge.template.handlebars.tree import build_tree
from livemerge.template.handlebars.white_space import control_white_space
from livemerge.template.nodes import Block

__all__ = [
    "DIALECTS",
    "HANDLEBARS_CALLS",
    "HANDLEBARS_FILTERS",
    "HANDLEBARS_TRUTH",
    "MUSTACHIO_CALLS",
    "OPTIONS",
    "handlebars_guard",
    "handlebars_parser",
    "handlebars_spans",
    "iterable_spans",
    "mustachio",
    "mustachio_spans",
    "parse_mustachio",
    "values",
]


def handlebars_parser(name: str) -> Callable[..., tuple[Block, tuple[Finding, ...]]]:
    """The front end of a dialect; the empty name is Handlebars itself."""
    dialect = DIALECTS[name]

    def read(
        source: Source, *, is_strict: bool, options: Mapping[str, bool] | None = None
    ) -> tuple[Block, tuple[Finding, ...]]:
        """The tree of a template and what was noticed on the way. Raises TemplateError."""
        chosen = frozenset(option for option, is_set in (options or {}).items() if is_set)
        return parse_handlebars(source, with_options(dialect, chosen))

    return read


def parse_handlebars(source: Source, dialect: Dialect) -> tuple[Block, tuple[Finding, ...]]:
    """The tree of a template in a dialect."""
    program = parse(source, dialect)
    control_white_space(program, takes_lines=dialect.takes_lines)
    return build_tree(program, source, dialect)
