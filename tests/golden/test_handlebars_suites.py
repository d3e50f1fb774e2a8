"""The shared Handlebars and Mustache suites, run whole, and floors we never fall below."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

SHARED = Path(os.environ.get("LIVEMERGE_SHARED", Path(__file__).parents[2].parent / "shared"))
OPTIONS = ("compat", "strict", "assumeObjects", "explicitPartialContext", "ignoreStandalone", "preventIndent")

Case = Mapping[str, Any]

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared suites are not beside this clone"),
]


def cases_of(name: str) -> list[Case]:
    cases: list[Case] = json.loads((SHARED / "suites" / "handlebars" / name).read_text())
    return cases


def run_handlebars(case: Case) -> str | None:
    """What a case renders to, None for a TemplateError. Any other exception fails the test."""
    asked = case.get("compile_options") or {}
    options = {name: True for name in OPTIONS if asked.get(name)}
    data = case["data"]
    private = (case.get("runtime_options") or {}).get("data") or {}
    if private:  # values with an @ before their name
        data = {**(data or {}), **{f"@{name}": value for name, value in private.items()}}
    return rendered(case, data, dialect=None, options=options, escape=None if asked.get("noEscape") else "html")


def run_mustache(case: Case) -> str | None:
    return rendered(case, case["data"], dialect="mustache")


def run_esp(case: Case) -> str | None:
    dialect = next(tag for tag in case["tags"] if tag in ("sendgrid", "mandrill", "mailgun", "ses", "iterable"))
    return rendered(case, case["data"], dialect=dialect)


def rendered(case: Case, data: Any, *, dialect: str | None, **settings: Any) -> str | None:
    templates = {name: text for name, text in (case.get("partials") or {}).items() if isinstance(text, str)}
    try:
        template = compile_template(case["template"], "handlebars", dialect=dialect, templates=templates, **settings)
        return template.render(data)
    except TemplateError:
        return None


def is_expected(case: Case, got: str | None) -> bool:
    if case["error"] or got is None:
        return bool(case["error"]) and got is None
    expected = case["expected"]
    if str(case.get("compare", "")).startswith("whitespace-collapsed"):
        return collapsed(got) == collapsed(expected)
    return bool(got == expected)


def collapsed(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\s*(<[^>]*>)\s*", r" \1 ", text)).strip()


def passes(run: Callable[[Case], str | None]) -> Callable[[Case], bool]:
    """Whether a case gives what it expects."""
    return lambda case: is_expected(case, run(case))


def test_handlebars_passes_every_case_that_is_pure_data(score: Any) -> None:
    found = score("handlebars", "handlebars-spec", cases_of("handlebars_spec_cases.json"), passes(run_handlebars))
    assert found.failed == () and found.passed


def test_mustache_passes_all_but_code_in_data(score: Any) -> None:
    assert score("handlebars", "mustache", cases_of("mustache_spec_cases.json"), passes(run_mustache)).share >= 0.97


def test_the_esps_documented_examples_pass(score: Any) -> None:
    found = score("handlebars", "ESPs' Handlebars", cases_of("esp_handlebars_cases.json"), passes(run_esp))
    assert found.failed == () and found.passed
