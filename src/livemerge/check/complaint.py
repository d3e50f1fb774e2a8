"""What one family of findings says about one place, before it is shown with its line."""

from __future__ import annotations

from dataclasses import dataclass

from livemerge.catalog import Catalog, Field
from livemerge.check.rules import RULES
from livemerge.errors import as_sentence
from livemerge.template import Finding, Read
from livemerge.template.findings import Source
from livemerge.template.nodes import Place


@dataclass(frozen=True, slots=True)
class Complaint:
    """`what` is wrong, its `effect` on which customers, and the `advice` that mends it, each a sentence."""

    code: str
    what: str
    effect: str
    advice: str

    def at(self, shown: Source, line: int, column: int, part: str) -> Finding:
        """The finding at a place of a file."""
        caret, advice = shown.caret(Place(line, column)), as_sentence(self.advice)
        severity = RULES[self.code].severity
        return Finding(self.code, severity, self.what, line, column, caret, advice, part, self.effect, shown.name)


@dataclass(frozen=True, slots=True)
class Speech:
    """The language a template is written in, for advice in its own words."""

    language: str
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One place that reads a field of the catalog. `inside`: what is read in the field's value, in parts."""

    read: Read
    field: Field
    inside: tuple[str, ...]
    catalog: Catalog
    speech: Speech

    @property
    def may_be_missing(self) -> bool:
        """Whether some customers have nothing to show here."""
        return may_be_missing(self.field)


def may_be_missing(field: Field) -> bool:
    """Whether a field may have nothing to show. An empty fallback is nothing; a missing list is one without items."""
    return field.fallback in (None, "") and not field.is_required and field.type != "list"
