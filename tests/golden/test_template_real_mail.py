"""Templates that people really send: each compiles, and what cannot be rendered is named by its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from livemerge.template import Template, compile_message

SHARED = Path(os.environ.get("LIVEMERGE_SHARED", Path(__file__).parents[2].parent / "shared"))
LANGUAGES = ("liquid", "mailchimp")
FILES = sorted(
    path
    for language in LANGUAGES
    for path in (SHARED / "templates" / language).glob("*")
    if path.suffix in (".html", ".liquid")
)

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILES, reason="the shared templates are not beside this clone"),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_template_compiles_and_names_what_is_unsupported_by_line(path: Path) -> None:
    text = path.read_text()
    message = compile_message(text, name=path.name, language=path.parent.name)

    assert message.fields
    lines = text.splitlines()
    for finding in message.findings:
        if finding.severity == "error":
            named = finding.what.split("`")[1].removeprefix("*|").removesuffix("|*")
            assert named in lines[finding.line - 1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_template_turns_into_a_text_template_that_reads_no_other_fields(path: Path) -> None:
    message = compile_message(path.read_text(), name=path.name, language=path.parent.name)

    assert isinstance(message.text, Template)
    assert message.text.fields <= message.html.fields
    assert "<td" not in message.text.source
