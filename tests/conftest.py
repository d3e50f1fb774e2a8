"""For several folders of tests: the table of conformance suites at the end of a run, and real mail with sample data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from livemerge.template import Read, Template
from livemerge.template import compile as compile_template

# --- the table of suites ---------------------------------------------------------------------------

SUITE = "suite"  # the property of a test under which its runner leaves a row
MOST_NAMES = 40  # failed cases that are named for a suite

Row = Mapping[str, Any]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = sorted(_rows(terminalreporter), key=lambda row: (row["language"], row["suite"]))
    if not rows:
        return
    terminalreporter.section("template languages: conformance suites")
    width = max(len(row["suite"]) for row in rows)
    terminalreporter.write_line(f"{'language':<12}{'suite':<{width}}  passed  failed  skipped")
    for row in rows:
        skipped = sum(row["skipped"].values())
        figures = f"{row['passed']:>8}{len(row['failed']):>8}{skipped:>9}"
        terminalreporter.write_line(f"{row['language']:<12}{row['suite']:<{width}}{figures}")
    for line in _remarks(rows):
        terminalreporter.write_line(line)


def _rows(reporter: pytest.TerminalReporter) -> Iterator[Row]:
    for reports in reporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "call":
                yield from (value for name, value in report.user_properties if name == SUITE)  # type: ignore[misc]


def _remarks(rows: list[Row]) -> Iterator[str]:
    """Why cases were skipped, and which failed."""
    for row in rows:
        for reason, count in row["skipped"].items():
            yield f"  {row['suite']}: {count} skipped: {reason}"
        for name in row["failed"][:MOST_NAMES]:
            yield f"  {row['suite']}: failed: {name}"
        if len(row["failed"]) > MOST_NAMES:
            yield f"  {row['suite']}: and {len(row['failed']) - MOST_NAMES} more"


# --- real mail -------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)
COUNTED = {"plus", "minus", "times", "divided_by", "modulo", "round", "ceil", "floor", "abs", "compare_number", "money"}

SHOP_DATE = re.compile(r"\| date: format: '\w+'")  # a form of Shopify's own, which no Liquid has


@pytest.fixture
def rendered_sample() -> Callable[[Path], tuple[Template, str]]:
    """Compiles a template of the shared collection and renders it with data made for the fields it reads."""

    def render(path: Path) -> tuple[Template, str]:
        language = path.parent.name
        dialect = path.name.split("_")[0] if language == "handlebars" else None
        # storefront filters are the shop system's own: Ruby, too, passes values through them where it has none
        strict = language != "liquid"
        source = SHOP_DATE.sub("| date: '%B %-d'", path.read_text())
        template = compile_template(source, language, dialect=dialect, strict=strict, name=path.name)
        return template, template.render(sample_of(template.reads), now=NOW)

    return render


def sample_of(reads: tuple[Read, ...]) -> dict[str, Any]:
    """Data in which every field is a text that names it, a number or date where it is used as one, lists have two."""
    data: dict[str, Any] = {}
    uses: dict[str, set[str]] = {}
    for read in reads:
        uses.setdefault(read.path, set()).update(read.operations)
    for path in sorted(uses):
        _put(data, path, _value(path, uses[path]))
    return data


def _value(path: str, operations: set[str]) -> Any:
    if operations & COUNTED:
        return 1250
    if "date" in operations or path.endswith("_at"):
        return "2026-03-04T15:06:07Z"
    name = re.split(r"[.:\]]+", path)[-1] or path
    return f"https://shop.example/{name}?a=1&b=2" if re.search("url|URL|link|image", name) else f"a {name} & more"


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    place: Any = data
    *steps, last = re.findall(r"[^.\[\]]+(?:\[\])*", path) or [path]
    for step in steps:
        place = _inside(place, step)
    name = last.removesuffix("[]")
    if last.endswith("[]"):
        place[name] = place.get(name) if isinstance(place.get(name), list) else [value, value]
    elif not isinstance(place.get(name), dict | list):
        place[name] = value


def _inside(place: dict[str, Any], step: str) -> dict[str, Any]:
    """The mapping a step of a path leads to; both items of a sample list are the same one."""
    name = step.removesuffix("[]")
    found = place.get(name)
    if step.endswith("[]"):
        if not (isinstance(found, list) and isinstance(found[0], dict)):
            item: dict[str, Any] = {}
            found = place[name] = [item, item]
        inner: dict[str, Any] = found[0]
        return inner
    if isinstance(found, list) and isinstance(found[0], dict):
        first: dict[str, Any] = found[0]
        return first
    if not isinstance(found, dict):
        found = place[name] = {}
    return found
