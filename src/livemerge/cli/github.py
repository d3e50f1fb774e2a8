"""Findings as GitHub's workflow commands, which GitHub shows beside the lines of a pull request."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from livemerge.template import Finding


def github_commands(root: Path, name: str, findings: Iterable[Finding]) -> Iterator[str]:
    """One command a finding. `root`: the folder that names begin at."""
    for finding in findings:
        told = "\n".join(part for part in (finding.what, finding.effect, finding.advice) if part)
        place = {
            "file": path_here(root, finding.file or name),
            "line": str(finding.line),
            "col": str(finding.column),
            "title": finding.code,
        }
        named = ",".join(f"{key}={_property(value)}" for key, value in place.items())
        yield f"::{finding.severity} {named}::{_data(told)}"


def path_here(root: Path, name: str) -> str:
    """A file's path from the folder this runs in, with `/` between its parts."""
    return Path(os.path.relpath(root / name)).as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
