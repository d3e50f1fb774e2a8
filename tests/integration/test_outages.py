"""Two workers, PostgreSQL, Redis and a source: each is killed or hangs in turn, and no client is refused."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "bench" / "outages.py"
FOLDERS = list(Path("/usr/lib/postgresql").glob("*/bin"))

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not FOLDERS, reason="Debian's package postgresql is not installed"),
    pytest.mark.skipif(
        not (shutil.which("redis-server") or shutil.which("valkey-server")), reason="no Redis or Valkey is installed"
    ),
    pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="the driver psycopg is not installed"),
]


def test_every_request_is_answered_with_data_whatever_fails() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--seconds", "1", "--json"], capture_output=True, timeout=300, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    phases = {row["phase"]: row for row in found["rows"]}
    assert len(phases) == 18
    for row in phases.values():
        assert row["answered"] > 0, row
        assert (row["refused"], row["unanswered"]) == (0, 0), row
        # A busy machine may miss the 30 ms that Redis has, and then the source's 100: once, at the worst.
        assert row["data"].get("default", 0) <= 0.05 * row["answered"] + 8, row
    assert set(phases["the source is gone"]["data"]) <= {"stale", "cache", "live"}
    assert "stale" in phases["the source is gone"]["data"]
    # What a killed worker had not yet written is lost: at most a second of it.
    assert found["log"]["logged"] >= 0.9 * found["log"]["answered"]
