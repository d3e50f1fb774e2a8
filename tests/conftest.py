"""What the runners of conformance suites recorded, as one table at the end of a run, also of many processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

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
