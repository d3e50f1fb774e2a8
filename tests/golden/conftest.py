"""How a conformance suite is run: every case, but for those that skips.toml names with a reason; one row of the table.

`score(language, suite, cases, passes)` gives the names of the cases that failed and the share of those that passed.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from livemerge.clean import clean_data
from livemerge.template import Template

SKIPS = tomllib.loads((Path(__file__).parent / "skips.toml").read_text())["skip"]

Case = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What one suite came to."""

    passed: int
    failed: tuple[str, ...]
    skipped: Mapping[str, int]  # by reason

    @property
    def share(self) -> float:
        """Of the cases that were run, those that passed; 0 where none was run."""
        return self.passed / max(self.passed + len(self.failed), 1)


def why_skipped(suite: str, case: Case) -> str:
    """The reason a case is not run; empty where it is."""
    return next((skip["reason"] for skip in SKIPS if suite in skip["suites"] and _names(skip, case)), "")


def _names(skip: Mapping[str, Any], case: Case) -> bool:
    """Whether an entry of skips.toml is about this case: all that it says must hold."""
    return (
        ("case" not in skip or fnmatchcase(case["name"], skip["case"]))
        and ("tag" not in skip or skip["tag"] in case["tags"])
        and ("without_tag" not in skip or skip["without_tag"] not in case["tags"])
        and all(case.get(key) for key in skip.get("has", ()))
        and all(case.get(key) in (None, False) for key in skip.get("lacks", ()))
        and all(str(text) in str(case.get(key)) for key, text in skip.get("where", {}).items())
    )


@pytest.fixture(autouse=True)
def clean_data_is_written_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is rendered here is rendered for clean data too: what knows that they are may not write another text."""
    render = Template.render

    def render_both(template: Template, data: Any, **given: Any) -> str:
        text = render(template, data, **given)
        if isinstance(data, Mapping):
            clean = clean_data(data)
            assert render(template, clean, **given) == render(template, dict(clean), **given)
        return text

    monkeypatch.setattr(Template, "render", render_both)


@pytest.fixture
def score(record_property: Callable[[str, object], None]) -> Callable[..., Result]:
    """Runs a suite, and leaves its row for the table at the end of the run."""

    def run(language: str, suite: str, cases: Iterable[Case], passes: Callable[[Case], bool]) -> Result:
        passed, failed, skipped = 0, [], Counter[str]()
        for case in cases:
            if reason := why_skipped(suite, case):
                skipped[reason] += 1
            elif passes(case):
                passed += 1
            else:
                failed.append(case["name"])
        row = {"language": language, "suite": suite, "passed": passed, "failed": failed, "skipped": dict(skipped)}
        record_property("suite", row)
        return Result(passed, tuple(failed), dict(skipped))

    return run
