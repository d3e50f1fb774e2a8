"""Handlebars mail that people really send, from SendGrid's and Postmark's collections: it compiles and renders."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from livemerge.template import MessageTemplate, Template, compile_message

SHARED = Path(os.environ.get("LIVEMERGE_SHARED", Path(__file__).parents[2].parent / "shared"))
FOLDER = SHARED / "templates" / "handlebars"
FILES = sorted(FOLDER.glob("*.html"))

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILES, reason="the shared templates are not beside this clone"),
]


def compiled(path: Path) -> MessageTemplate:
    dialect = path.name.split("_")[0]
    text = f'+++\nsubject = "Hello"\ndialect = "{dialect}"\n+++\n{path.read_text()}'
    return compile_message(text, name=path.name, language="handlebars")


def sample_of(fields: frozenset[str]) -> dict[str, Any]:
    """Data in which every field is a text that names it, and every list has two items."""
    data: dict[str, Any] = {}
    for path in sorted(fields):
        place: Any = data
        *steps, last = re.split(r"\.(?![^\[]*\])", path.replace("[]", ""))
        for step in steps:
            is_list = f"{step}[]" in path
            inner = place.get(step)
            if not isinstance(inner, dict | list):
                inner = place[step] = [{}] if is_list else {}
            place = inner[0] if isinstance(inner, list) else inner
        place.setdefault(last, f"a {last} & more")
    return data


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_template_compiles_without_errors_and_has_a_text_part(path: Path) -> None:
    message = compiled(path)

    assert message.fields or path.name == "sendgrid_call_to_action.html"
    assert not [finding for finding in message.findings if finding.severity == "error"]
    assert isinstance(message.text, Template)
    assert message.text.fields <= message.html.fields
    assert "<td" not in message.text.source


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_template_renders_every_value_of_sample_data_escaped(path: Path) -> None:
    message = compiled(path)
    reads = (read for read in message.html.reads if read.usage == "output" and not read.is_guarded)
    outputs = {read.path for read in reads if "[" not in read.path}  # items may be written in some branches only

    text = message.html.render(sample_of(message.html.fields))

    assert "{{" not in re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)
    for path_read in outputs:
        assert f"a {path_read.split('.')[-1]} &amp; more" in text


@pytest.mark.parametrize("path", sorted(FOLDER.glob("sendgrid_*_data*.json")), ids=lambda path: path.name)
def test_sendgrids_own_data_appears_in_its_own_template(path: Path) -> None:
    page = FOLDER / re.sub(r"_data.*", ".html", path.name)
    if not page.exists():
        pytest.skip("the template of this data is not there")
    data = json.loads(path.read_text())

    text = compiled(page).html.render(data)

    texts = [value for value in data.values() if isinstance(value, str) and len(value) > 3]
    assert all(value in text or value.replace("=", "&#x3D;") in text for value in texts)
