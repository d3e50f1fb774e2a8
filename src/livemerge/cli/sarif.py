"""Findings as a SARIF 2.1.0 log (OASIS), which code scanning services and editors read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from livemerge import __version__
from livemerge.check import RULES
from livemerge.cli.github import path_here
from livemerge.template import Finding

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_NUMBERS: Final = {code: number for number, code in enumerate(RULES)}


def sarif_log(files: Iterable[tuple[Path, str, Iterable[Finding]]]) -> dict[str, Any]:
    """A log of one run. Of each file: the folder its name begins at, its name, its findings."""
    results = [_result(root, name, finding) for root, name, findings in files for finding in findings]
    rules = [
        {
            "id": code,
            "shortDescription": {"text": _sentence(rule.title)},
            "defaultConfiguration": {"level": rule.severity},
        }
        for code, rule in RULES.items()
    ]
    driver = {"name": "livemerge", "semanticVersion": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(root: Path, name: str, finding: Finding) -> dict[str, Any]:
    told = " ".join(_sentence(part) for part in (finding.what, finding.effect, finding.advice) if part)
    place = {
        "artifactLocation": {"uri": quote(path_here(root, finding.file or name))},
        "region": {"startLine": max(finding.line, 1), "startColumn": max(finding.column, 1)},
    }
    number = {"ruleIndex": _NUMBERS[finding.code]} if finding.code in _NUMBERS else {}
    return {
        "ruleId": finding.code,
        **number,
        "level": finding.severity,
        "message": {"text": told},
        "locations": [{"physicalLocation": place}],
    }


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
