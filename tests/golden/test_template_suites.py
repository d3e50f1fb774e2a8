"""The shared conformance suites, run whole: a table of what passes, and floors below which we never fall again."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
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


def liquid_skip(case: Case) -> str:
    """Why a case is not for us; empty where it is."""
    if case.get("render_errors"):
        return "writes errors into the message"
    if "strict2" in str(case.get("error_mode")) and "bare_bracket" in case["name"]:
        return "another parser mode (strict2)"
    if case["expected"] is None and not case["error"] and not case.get("expected_pattern"):
        return "expects nothing that can be compared"
    if case.get("resource_limits"):
        return "sets limits of its own"
    return ""


def run_liquid(case: Case) -> str | None:
    """What a case renders to, None for a TemplateError. Any other exception fails the test."""
    is_strict = case.get("error_mode") != "lax"
    try:
        template = compile_template(case["template"], escape=None, strict=is_strict)
        return template.render(case["data"] or {}, now=NOW, templates=case.get("templates") or {})
    except TemplateError:
        return None


def run_mailchimp(case: Case) -> str | None:
    moment = case["data"].get("_now")
    now = datetime.fromisoformat(moment) if moment else None
    try:
        return compile_template(case["template"], "mailchimp").render(case["data"], now=now)
    except TemplateError:
        return None


def is_expected(case: Case, got: str | None) -> bool:
    if case["error"] or got is None:
        return bool(case["error"]) and got is None
    if pattern := case.get("expected_pattern"):
        return re.search(pattern, got) is not None
    expected = case.get("expected_any") or [case["expected"]]
    if case.get("compare") == "trim":
        return got.strip() in [text.strip() for text in expected]
    return got in expected


def score(title: str, cases: Iterable[Case], run: Callable[[Case], str | None], skip: Callable[[Case], str]) -> float:
    """The share of cases that pass, after printing the table."""
    skipped: Counter[str] = Counter()
    failed: list[str] = []
    passed = 0
    for case in cases:
        if reason := skip(case):
            skipped[reason] += 1
        elif is_expected(case, run(case)):
            passed += 1
        else:
            failed.append(case["name"])
    print(f"\n{title}: {passed} passed, {len(failed)} failed, {skipped.total()} left out")
    for reason, count in skipped.most_common():
        print(f"  left out: {count} × {reason}")
    for name in failed:
        print(f"  failed: {name}")
    return passed / (passed + len(failed))


def test_golden_liquid_passes_whole() -> None:
    assert score("golden-liquid", cases_of("liquid/golden_liquid_cases.json"), run_liquid, liquid_skip) == 1.0


@pytest.mark.parametrize(("tag", "floor"), [("basics", 0.99), ("liquid_ruby", 0.97)])
def test_liquid_spec_stays_above_its_floor(tag: str, floor: float) -> None:
    cases = cases_of("liquid/liquid_spec_cases.json", tag)
    assert score(f"liquid-spec {tag}", cases, run_liquid, liquid_skip) >= floor


def test_every_documented_mailchimp_case_passes() -> None:
    cases = cases_of("mailchimp/mailchimp_merge_tag_cases.json")

    def skip(case: Case) -> str:
        return "" if case["documented"] else "inferred, not documented"

    assert score("mailchimp", cases, run_mailchimp, skip) == 1.0


def test_inferred_mailchimp_cases_pass_except_rss() -> None:
    cases = [case for case in cases_of("mailchimp/mailchimp_merge_tag_cases.json") if not case["documented"]]
    failed = [case["name"] for case in cases if not is_expected(case, run_mailchimp(case))]
    assert failed == ["mailchimp rss: items loop"]
