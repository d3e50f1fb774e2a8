"""What a language does otherwise than people expect: what counts as true, as empty, as equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from livemerge.check.complaint import Complaint, Reading, Speech, may_be_missing
from livemerge.check.trial import Trial
from livemerge.check.types import NUMERIC
from livemerge.check.words import guard_of
from livemerge.template import nodes
from livemerge.template.verdict import Test
from livemerge.template.walk import expressions_in

_EMPTY_IS_TRUE: Final = ("liquid",)  # languages in which "" passes a test
_PRESENCE: Final = {
    "liquid": "Compare it with `blank`: `{0} == blank`.",
    "ampscript": "Write `Empty({0})`.",
}
_ORDERS: Final = frozenset({"above", "below", "not_above", "not_below"})
_NULL_TESTS: Final = frozenset({"isnull", "isnulldefault"})


def reading_habits(reading: Reading) -> Iterator[Complaint]:
    """What this language does with this read that its author may not expect."""
    read, field, speech = reading.read, reading.field, reading.speech
    if field.fallback == "" and read.usage == "condition" and speech.language in _EMPTY_IS_TRUE:
        yield Complaint(
            "empty-fallback",
            f'the fallback of `{field.name}` is "", which counts as a value here',
            f"Customers without `{field.name}` get the text around it, with a gap: “still thinking about ?”.",
            "Leave the fallback out: then a missing value is nil and this test drops its block.",
        )
    if _NULL_TESTS & set(read.operations) and speech.language == "ampscript":
        yield Complaint(
            "never-null",
            f"IsNull and IsNullDefault take `{field.name}` for a value, also where it is missing",
            f"Customers without `{field.name}` are treated like all others.",
            f"Write `Empty({read.path})`.",
        )


def trial_habits(trial: Trial, speech: Speech) -> Iterator[Complaint]:
    """What a condition says of 0, of no items, of a missing value, against what its author may expect."""
    field = trial.field
    if field is None or trial.inside:
        return
    if field.type in NUMERIC and field.fallback != 0 and _is_presence_test(trial, 0):
        yield Complaint(
            "zero-is-false",
            f"`{trial.name}` is a number, and 0 counts as nothing here",
            "Customers with 0 are treated like those without a value.",
            "Compare it with a number if 0 is a value to show, or leave it if it is not.",
        )
    of_empty = trial.verdict([]) if field.type == "list" else None
    if of_empty is not None and of_empty is trial.verdict([{}]) is not trial.verdict(None):
        yield Complaint(
            "empty-list-is-true",
            f"`{trial.name}` is a list, and an empty one counts as a value here",
            "Customers whose list has no items get the text around it.",
            f"Test its size: `{trial.name}.size > 0`.",
        )
    if may_be_missing(field):
        yield from _missing_habits(trial, speech)
    if speech.language == "ampscript" and _is_bare(trial.test) and field.type in ("text", "html", "url"):
        yield Complaint(
            "text-is-false",
            f"`{trial.name}` is text, and as a condition every text but “true” is false",
            "Everybody gets the branch for those who have no value.",
            f"Write `NOT Empty({trial.name})`.",
        )


def _is_presence_test(trial: Trial, nothing: object) -> bool:
    """Whether a test tells only values from none, and takes this one for none."""
    of_nothing = trial.verdict(None)
    has_number = any(isinstance(each, int | float) for each in trial.test.condition.literals)
    return not has_number and of_nothing is not None and trial.verdict(nothing) is of_nothing is not trial.verdict(7)


def _missing_habits(trial: Trial, speech: Speech) -> Iterator[Complaint]:
    test, of_missing = trial.test, trial.verdict(None)
    if None not in trial.values or of_missing is None:
        return
    if "" in test.condition.literals and of_missing is not trial.verdict(""):
        yield Complaint(
            "missing-is-not-empty",
            f'a missing `{trial.name}` is not equal to "" here',
            f"Customers without `{trial.name}` are treated as if they had a value.",
            _PRESENCE.get(speech.language, "Test it alone: `{0}`.").format(trial.name),
        )
    elif of_missing is True and _is_order(test):
        yield Complaint(
            "missing-passes",
            f"`{test.source}` is true for customers without `{trial.name}`",
            f"Customers without `{trial.name}` get what stands in this branch.",
            f"Test that there is a value around it: `{guard_of(speech, trial.name)}`.",
        )


def _is_order(test: Test) -> bool:
    """Whether a condition is one comparison by order."""
    node = test.condition.expression
    return isinstance(node, nodes.FilterCall) and node.name in _ORDERS


def _is_bare(test: Test) -> bool:
    """Whether a field stands as a condition by itself."""
    node = test.condition.expression
    while isinstance(node, nodes.Not):
        node = node.operand
    is_test = isinstance(node, nodes.FilterCall) and node.name == "is_true"
    return is_test and not any(
        isinstance(each, nodes.FilterCall) and each.name not in ("is_true", "attribute", "v", "trim")
        for each in expressions_in(node)
    )


def logic_habits(test: Test, speech: Speech) -> Iterator[Complaint]:
    """Liquid reads `and` and `or` from the right, where other languages read `and` first."""
    node = test.condition.expression
    mixes = any(
        isinstance(each, nodes.Logic) and each.operator == "and" and _is_or(each.right) for each in expressions_in(node)
    )
    if mixes and speech.language == "liquid":
        what = f"`{test.source}` mixes `and` with `or`, which Liquid reads from the right"
        effect = "Customers may get the other branch: `a and b or c` is `a and (b or c)`."
        yield Complaint("mixed-logic", what, effect, "Nest two conditions, or put the `or` into an `assign` before.")


def _is_or(node: nodes.Expression) -> bool:
    return isinstance(node, nodes.Logic) and node.operator == "or"
