"""What conditions look at, and what is known where one came out true or false."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from livemerge.template import nodes
from livemerge.template.analysis.expressions import origins_of, paths_of, record, use
from livemerge.template.analysis.facts import NO_FACTS, Facts, either
from livemerge.template.analysis.joined import is_written, parts_in
from livemerge.template.analysis.origins import (
    MAX_ORIGINS,
    Names,
    Origin,
    Origins,
    compared,
    is_shown,
    kind_of,
    other_too,
)
from livemerge.template.analysis.walk import Answers, Walk
from livemerge.template.nodes import Expression
from livemerge.template.verdict import SEEN_THROUGH, Condition, literals_in
from livemerge.template.walk import expressions_in

_SAMPLES: Final = ("x", 7, True)  # values that are there, of the kinds a field may have
_COUNTED: Final = (".size", ".length")  # what is more than nothing where there is something


def look_at(walk: Walk, node: Expression, names: Names) -> None:
    """Records what a condition reads, with the kind of each comparison."""
    if isinstance(node, nodes.Logic):
        before = walk.facts
        look_at(walk, node.left, names)
        walk.facts = before.learning(learned(walk, node.left, names, is_true=node.operator == "and"))
        look_at(walk, node.right, names)
        walk.facts = before
    elif isinstance(node, nodes.Not):
        look_at(walk, node.operand, names)
    elif isinstance(node, nodes.Comparison):
        _compared(walk, node.left, node, node.right, names)
        _compared(walk, node.right, node, node.left, names)
    else:
        use(walk, node, names, "condition")


def _compared(walk: Walk, side: Expression, node: nodes.Comparison, other: Expression, names: Names) -> None:
    kind = "contains" if node.operator == "contains" else kind_of(other)
    for origin in origins_of(walk, side, names):
        record(walk, compared(origin, kind), "condition")


def learned(walk: Walk, node: Expression, names: Names, *, is_true: bool) -> Facts:
    """What is known where a condition came out true, or false."""
    if walk.found.learned_left <= 0:
        return NO_FACTS  # nothing is known, which only means more questions
    if isinstance(node, nodes.Not):
        return learned(walk, node.operand, names, is_true=not is_true)
    if not isinstance(node, nodes.Logic):
        return _learned_here(walk, node, names, is_true)
    left = learned(walk, node.left, names, is_true=is_true)
    right = learned(walk, node.right, names, is_true=is_true)
    if (node.operator == "and") is is_true:
        return left.learning(right)
    both = either((left, right))  # the right side may not have been looked at
    return replace(both, tested=_learned_first(walk, node, names).tested | both.present)


def _learned_first(walk: Walk, node: nodes.Logic, names: Names) -> Facts:
    left = node.left
    while isinstance(left, nodes.Logic | nodes.Not):
        left = left.left if isinstance(left, nodes.Logic) else left.operand
    return _learned_here(walk, left, names, True)


def _learned_here(walk: Walk, node: Expression, names: Names, is_true: bool) -> Facts:
    """What one test tells: where it fails for nothing, there is something."""
    walk.found.learned_left -= 1
    looked_at = paths_of(walk, node, names)
    answers = _answers(walk, node, names)
    if answers.path is None:
        return Facts(tested=looked_at)
    of_nothing, of_values = answers.of_nothing, answers.of_values
    if of_values == {of_nothing} and of_nothing is not None:
        return NO_FACTS  # a test that says the same of everything
    about = _about(walk, answers.path, names)
    if of_nothing is not None and of_nothing is not is_true:
        return Facts(looked_at | about, about)
    is_nothing = of_nothing is is_true and of_values == {not is_true}
    return Facts(looked_at | about, missing=about if is_nothing else NO_FACTS.missing)


def _answers(walk: Walk, node: Expression, names: Names) -> Answers:
    """What the language says of a test where its path's field has nothing, and where it has one of several values."""
    roots = (found.root for found in expressions_in(node) if isinstance(found, nodes.Path) and not found.steps)
    found = {each.is_blank for root in roots if isinstance(root, str) for each in names.get(root, ())} or {False}
    return _answers_where(walk, node, *found) if len(found) == 1 else Answers(node, None)


def _answers_where(walk: Walk, node: Expression, is_blank: bool) -> Answers:
    """The same where it is known what the variable holds for such a field: nothing, or empty text."""
    known = walk.found.answers.get((id(node), is_blank))
    if known is not None:
        return known
    paths = list(dict.fromkeys(found for found in expressions_in(node) if isinstance(found, nodes.Path)))
    if len(paths) != 1:
        found = Answers(node, None)
    else:
        judge = walk.vocabulary.judge
        values = (*_SAMPLES, *(value for value in literals_in(node) if value not in (None, "", False)))
        of_values = frozenset(judge.verdict(node, lambda _, value=value: value) for value in values)  # type: ignore[misc]
        nothing = "" if is_blank else judge.nothing
        found = Answers(node, paths[0], judge.verdict(node, lambda _: nothing), of_values)
    walk.found.answers[id(node), is_blank] = found
    return found


def _about(walk: Walk, path: nodes.Path, names: Names) -> frozenset[str]:
    """What a test of one path is about: its field, where it is surely that one, and its variable."""
    found = set(_variable(path, names))
    origins = origins_of(walk, path, names, is_read=False)
    if len(origins) == 1 and _is_surely(origins[0]):
        found.add(origins[0].path)
    return frozenset(found | {each.removesuffix(end) for each in found for end in _COUNTED if each.endswith(end)})


def _is_surely(origin: Origin) -> bool:
    """Whether a value is that of the field, and no other."""
    return origin.is_exact and not (origin.alternatives or origin.is_maybe or origin.has_other)


def _variable(path: nodes.Path, names: Names) -> Iterator[str]:
    if isinstance(path.root, str) and path.root in names:
        steps = [step.value for step in path.steps if isinstance(step, nodes.Literal)]
        if len(steps) == len(path.steps):
            yield "".join((f"${path.root}", *(f".{step}" for step in steps)))


def choose(walk: Walk, node: nodes.Choice, names: Names, is_read: bool) -> Origins:
    """One of two values: where the condition has found the one, the other is its fallback."""
    if is_read:
        look_at(walk, node.condition, names)
    before, found = walk.facts, list[Origin]()
    for each, is_true in ((node.first, True), (node.second, False)):
        known = learned(walk, node.condition, names, is_true=is_true)
        walk.facts = before.learning(known)
        for origin in origins_of(walk, each, names, is_read=is_read):
            is_tested = known.is_tested(origin.path) and origin.path not in walk.facts.missing
            found.append(
                replace(
                    origin,
                    has_fallback=origin.has_fallback or known.has(origin.path),
                    is_tested=origin.is_tested or is_tested,
                )
            )
    walk.facts = before
    return other_too(tuple(dict.fromkeys(found))[:MAX_ORIGINS])


def made_condition(walk: Walk, node: Expression, names: Names) -> Condition:
    """The condition, with what its paths stand for here."""
    paths = dict.fromkeys(found for found in expressions_in(node) if isinstance(found, nodes.Path))
    keys = ((path, _key(walk, path, names)) for path in paths)
    return Condition(node, tuple((path, key) for path, key in keys if key), walk.vocabulary.judge)


def _key(walk: Walk, path: nodes.Path, names: Names) -> str:
    """A field's path; with `#` and more where the same path may be other values elsewhere; empty: nothing known."""
    origins = origins_of(walk, path, names, is_read=False)
    own = path.root if isinstance(path.root, str) and path.root in names else ""
    which = f"#{path.source}#{walk.found.versions.get(own, 0)}#{walk.loop}"
    if any(isinstance(step, nodes.Index) and not isinstance(step.key, nodes.Literal) for step in path.steps):
        return ""
    if len(origins) == 1 and _is_surely(origins[0]) and not origins[0].operations:
        return origins[0].path if "[" not in origins[0].path else f"{origins[0].path}{which}"
    return which if own and all(not origin.alternatives for origin in origins) else ""


def is_surely_shown(walk: Walk, node: Expression, names: Names) -> bool:
    """Whether an expression surely gives something to show."""
    if isinstance(node, nodes.Literal):
        return is_written(node)
    if isinstance(node, nodes.Choice):
        return _is_choice_shown(walk, node, names)
    if isinstance(node, nodes.FilterCall) and (parts := parts_in(node, walk.vocabulary.kinds.get(node.name))):
        return any(is_surely_shown(walk, each, names) for each in parts)
    if isinstance(node, nodes.FilterCall) and node.name == "default" and node.arguments:
        return isinstance(node.arguments[0], nodes.Literal) and is_shown(node.arguments[0])
    if isinstance(node, nodes.FilterCall) and node.name in SEEN_THROUGH:
        return is_surely_shown(walk, node.target, names)
    return isinstance(node, nodes.Path) and any(walk.facts.has(each) for each in _about(walk, node, names))


def _is_choice_shown(walk: Walk, node: nodes.Choice, names: Names) -> bool:
    before, shown = walk.facts, True
    for each, is_true in ((node.first, True), (node.second, False)):
        walk.facts = before.learning(learned(walk, node.condition, names, is_true=is_true))
        shown = shown and is_surely_shown(walk, each, names)
    walk.facts = before
    return shown
