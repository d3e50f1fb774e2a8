"""The shared Liquid and Mailchimp suites, run whole, and floors below which we never fall again."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

SHARED = Path(os.environ.get("LIVEMERGE_SHARED", Path(__file__).parents[2].parent / "shared"))
NOW = datetime(2024, 1, 1, 0, 1, 58, tzinfo=UTC)  # the suites' frozen clock

Case = Mapping[str, Any]

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared suites are not beside this clone"),
]


def cases_of(path: str, tag: str = "") -> list[Case]:
    cases: list[Case] = json.loads((SHARED / "suites" / path).read_text())
    return [case for case in cases if not tag or tag in case["tags"]]


def run_liquid(case: Case) -> str | None:
    """What a case renders to, None for a TemplateError. Any other exception fails the test."""
    is_strict = case.get("error_mode") != "lax"
    try:
        template = compile_template(case["template"], escape=None, strict=is_strict)
        return template.render(case["data"] or {}, now=NOW, templates=case.get("templates") or {})
    except TemplateError:
        return None


def run_dialect(case: Case) -> str | None:
    """The same for a case of one of Liquid's dialects, which its tags name."""
    dialect = "customerio" if "customerio" in case["tags"] else "braze"
    try:
        template = compile_template(case["template"], dialect=dialect, escape=None)
        return template.render(case["data"] or {}, now=NOW, templates=case.get("templates") or {})
    except TemplateError:
        return None


def run_mailchimp(case: Case) -> str | None:
    moment = case["data"].get("_now")
    now = datetime.fromisoformat(moment) if moment else None
    dialects = ("mailchimp", "mandrill") if case["dialect"] == "both" else (case["dialect"],)
    try:
        found = {
            compile_template(case["template"], "mailchimp", dialect=dialect).render(case["data"], now=now)
            for dialect in dialects
        }
    except TemplateError:
        return None
    return found.pop() if len(found) == 1 else None


def is_expected(case: Case, got: str | None) -> bool:
    if case["error"] or got is None:
        return bool(case["error"]) and got is None
    if pattern := case.get("expected_pattern"):
        return re.search(pattern.replace("(?m)", "(?s)"), got) is not None  # Ruby's m is Python's s
    expected = case.get("expected_any") or [case["expected"]]
    if case.get("compare") == "trim":
        return got.strip() in [text.strip() for text in expected]
    return got in expected


def passes(run: Callable[[Case], str | None]) -> Callable[[Case], bool]:
    """Whether a case gives what it expects."""
    return lambda case: is_expected(case, run(case))


def test_golden_liquid_passes_whole(score: Any) -> None:
    found = score("liquid", "golden-liquid", cases_of("liquid/golden_liquid_cases.json"), passes(run_liquid))
    assert found.failed == () and found.passed


@pytest.mark.parametrize(("tag", "floor"), [("basics", 0.99), ("liquid_ruby", 0.97)])
def test_liquid_spec_stays_above_its_floor(score: Any, tag: str, floor: float) -> None:
    cases = cases_of("liquid/liquid_spec_cases.json", tag)
    assert score("liquid", f"liquid-spec {tag}", cases, passes(run_liquid)).share >= floor


def test_every_case_of_braze_and_customerio_passes(score: Any) -> None:
    cases = cases_of("liquid/braze_customerio_cases.json")
    found = score("liquid", "braze and customer.io", cases, passes(run_dialect))
    assert found.failed == () and found.passed


@pytest.mark.parametrize(("suite", "is_documented"), [("merge tags", True), ("merge tags, inferred", False)])
def test_every_mailchimp_case_passes(score: Any, suite: str, is_documented: bool) -> None:
    cases = cases_of("mailchimp/mailchimp_merge_tag_cases.json")
    chosen = [case for case in cases if case["documented"] is is_documented]
    found = score("mailchimp", suite, chosen, passes(run_mailchimp))
    assert found.failed == () and found.passed
