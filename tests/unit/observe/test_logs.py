"""Logs never stand among results."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
import structlog
from livemerge.observe.logs import log_to_stderr
log_to_stderr()
log = structlog.get_logger()
log.info("not shown")
log.warning("source answered nonsense", source="crm", keys=5)
print("the result")
"""


def test_a_log_line_is_one_json_object_on_standard_error() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout == "the result\n"
    line = json.loads(done.stderr)
    assert (line["event"], line["source"], line["keys"], line["level"]) == (
        "source answered nonsense",
        "crm",
        5,
        "warning",
    )
