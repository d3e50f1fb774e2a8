"""Can each branch be taken, by anybody? Conditions are tried with the values their fields can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from livemerge.catalog import Catalog
from livemerge.check.complaint import Complaint
from livemerge.check.trial import Trial
from livemerge.template.nodes import Expression, Literal, Not
from livemerge.template.verdict import UNKNOWN, Test

_MEND: Final = "Remove the test, or mend it."


def constant_complaints(test: Test) -> Iterator[Complaint]:
    """A condition that says the same whatever the data is."""
    if _asks_the_vendor(test.condition.expression):
        return
    verdict = test.condition.judge.verdict(test.condition.expression, lambda _: UNKNOWN)
    if verdict is False:
        what = f"`{test.source}` is never true, whatever the data"
        yield Complaint("branch-never-taken", what, "Nobody gets what stands in this branch.", "Remove the branch.")
    elif verdict is True:
        yield _always(test, f"`{test.source}` is always true, whatever the data")


def _asks_the_vendor(expression: Expression) -> bool:
    """Whether a condition only tells a mail from what else the vendor makes of a template: its page in the archive."""
    while isinstance(expression, Not):
        expression = expression.operand
    return isinstance(expression, Literal) and expression.is_vendors


def branch_complaints(trial: Trial) -> Iterator[Complaint]:
    """A condition that is false, or true, for every value that can get there."""
    test = trial.test
    if not trial.values:
        return  # nobody gets here at all, which is told where that begins
    if trial.verdicts == {False}:
        what = f"`{test.source}` is never true{_because(trial)}"
        effect = "Nobody gets what stands in this branch."
        yield Complaint("branch-never-taken", what, effect, _advice_on_never(trial))
    elif trial.verdicts == {True} and (test.has_other or not trial.is_narrowed):
        what = f"`{test.source}` is always true{_because(trial)}"
        yield _always(test, what, _advice_on_presence(trial, "test") or _MEND)


def _always(test: Test, what: str, advice: str = _MEND) -> Complaint:
    other = "Everybody gets what stands in this branch, nobody what stands in the others behind it."
    effect = other if test.has_other else "Everybody gets what stands in this branch."
    return Complaint("always-true", what, effect, advice)


def _because(trial: Trial) -> str:
    field = trial.field
    if trial.is_narrowed:
        return f" for those who get here: the conditions before have decided `{trial.name}`"
    if field is not None and _asks_for_a_value(trial):
        why = "is required" if field.is_required else "has a fallback"
        return f": `{trial.name}` {why}, so it always has a value"
    if field is not None:
        return f": it is so for every value of `{trial.name}`, which is {field.type}"
    return ""


def _asks_for_a_value(trial: Trial) -> bool:
    """Whether it is only a missing value that the test says something else of, and nobody has that."""
    return None not in trial.values and trial.verdict(None) not in trial.verdicts


def _advice_on_presence(trial: Trial, mended: str) -> str:
    """What mends a test of whether there is a value, where there always is one; empty: it is another test."""
    if trial.is_narrowed or trial.field is None or not _asks_for_a_value(trial):
        return ""
    declared = f"[field.{trial.field.name}]"
    if trial.field.is_required:
        return f"Who has no value gets no message at all: remove the {mended}, or `required` of {declared}."
    return f"The fallback makes this test pointless: drop the fallback of {declared}, or the {mended}."


def _advice_on_never(trial: Trial) -> str:
    if trial.is_narrowed:
        return "Remove the branch, or mend its condition or the one before."
    if advice := _advice_on_presence(trial, "branch"):
        return advice
    kind = f" of type {trial.field.type}" if trial.field else ""
    return f"Compare `{trial.name}` with a value{kind} that customers can have, or remove the branch."


def is_worth_trying(test: Test, catalog: Catalog) -> bool:
    """Whether every field that a condition names is declared; an unknown one is told elsewhere."""
    paths = (key.partition("#")[0] for _, key in test.condition.keys)
    return all(not path or catalog.field_of(path) is not None for path in paths)
