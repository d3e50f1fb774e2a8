"""The shared AMPscript cases, run whole: none that is scored may fail."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

SHARED = Path(os.environ.get("LIVEMERGE_SHARED", Path(__file__).parents[2].parent / "shared"))
SUITE = SHARED / "suites" / "ampscript" / "ampscript_cases.json"
NOW = datetime(2026, 3, 4, 19, 5, 7, tzinfo=UTC)

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SUITE.is_file(), reason="the shared suites are not beside this clone"),
]


def run(case: dict[str, Any], escape: Literal["html"] | None) -> str | None:
    """What a case renders to, None for a TemplateError. Any other exception fails the test."""
    try:
        return compile_template(case["template"], "ampscript", escape=escape).render(case["data"], now=NOW)
    except TemplateError:
        return None


def is_expected(case: dict[str, Any], got: str | None) -> bool:
    if case["error"] or got is None:
        return bool(case["error"]) and got is None
    expected = case["expected"]
    return got.strip() == expected.strip() if case["compare"] == "trim" else bool(got == expected)


@pytest.mark.parametrize(
    ("suite", "escape"), [("AMPscript", None), ("AMPscript, data escaped", "html")], ids=["as written", "data escaped"]
)
def test_every_scored_ampscript_case_passes(score: Any, suite: str, escape: Literal["html"] | None) -> None:
    found = score("ampscript", suite, json.loads(SUITE.read_text()), lambda case: is_expected(case, run(case, escape)))
    assert found.failed == () and found.passed
