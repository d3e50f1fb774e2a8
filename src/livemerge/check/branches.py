"""Can each branch be taken, by anybody? Conditions are tried with the values their fields can have."""

from __future__ import annotations

from collections.abc import Iterator

from livemerge.catalog import Catalog
from livemerge.check.complaint import Complaint
from livemerge.check.trial import Trial
from livemerge.template.verdict import UNKNOWN, Test


def constant_complaints(test: Test) -> Iterator[Complaint]:
    """A condition that says the same whatever the data is."""
    verdict = test.condition.judge.verdict(test.condition.expression, lambda _: UNKNOWN)
    if verdict is False:
        what = f"`{test.source}` is never true, whatever the data"
        yield Complaint("branch-never-taken", what, "Nobody gets what stands in this branch.", "Remove the branch.")
    elif verdict is True:
        yield _always(test, f"`{test.source}` is always true, whatever the data")


def branch_complaints(trial: Trial) -> Iterator[Complaint]:
    """A condition that is false, or true, for every value that can get there."""
    test = trial.test
    if not trial.values:
        return  # nobody gets here at all, which is told where that begins
    if trial.verdicts == {False}:
        yield Complaint(
            "branch-never-taken",
            f"`{test.source}` is never true{_because(trial)}",
            "Nobody gets what stands in this branch.",
            "Remove the branch, or mend its condition or the one before." if trial.is_narrowed else _advice(trial),
        )
    elif trial.verdicts == {True} and (test.has_other or not trial.is_narrowed):
        yield _always(test, f"`{test.source}` is always true{_because(trial)}")


def _always(test: Test, what: str) -> Complaint:
    other = "Everybody gets what stands in this branch, nobody what stands in the others behind it."
    effect = other if test.has_other else "Everybody gets what stands in this branch."
    return Complaint("always-true", what, effect, "Remove the test, or mend it.")


def _because(trial: Trial) -> str:
    field = trial.field
    if trial.is_narrowed:
        return f" for those who get here: the conditions before have decided `{trial.name}`"
    has_value = None not in trial.values and trial.verdict(None) not in trial.verdicts
    if field is not None and has_value:
        why = "is required" if field.is_required else "has a fallback"
        return f": `{trial.name}` {why}, so it always has a value"
    if field is not None:
        return f": it is so for every value of `{trial.name}`, which is {field.type}"
    return ""


def _advice(trial: Trial) -> str:
    kind = f" of type {trial.field.type}" if trial.field else ""
    return f"Compare `{trial.name}` with a value{kind} that customers can have, or remove the branch."


def is_worth_trying(test: Test, catalog: Catalog) -> bool:
    """Whether every field that a condition names is declared; an unknown one is told elsewhere."""
    paths = (key.partition("#")[0] for _, key in test.condition.keys)
    return all(not path or catalog.field_of(path) is not None for path in paths)
