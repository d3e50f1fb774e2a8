"""Mail that people really send: every template of the shared collection renders sample data, and no tag is left."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from livemerge.template import Template

SHARED = Path(os.environ.get("LIVEMERGE_SHARED", Path(__file__).parents[2].parent / "shared"))
FILES = sorted(path for path in (SHARED / "templates").glob("*/*") if path.suffix in (".html", ".liquid"))
LEFT_OVER = {
    "liquid": re.compile(r"\{\{|\{%"),
    "handlebars": re.compile(r"\{\{"),
    "mailchimp": re.compile(r"\*\|(?!FNAME\|fallback:)"),  # which is folklore: Mailchimp leaves it as it stands, too
}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILES, reason="the shared templates are not beside this clone"),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_template_renders_sample_data_and_leaves_no_tag(
    rendered_sample: Callable[[Path], tuple[Template, str]], path: Path
) -> None:
    template, text = rendered_sample(path)

    shown = re.sub(r"<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    assert not LEFT_OVER[path.parent.name].search(shown)
    outputs = {re.split(r"[.:]", read.path)[-1] for read in template.reads if read.usage == "output"}
    named = {name for name in outputs if f"a {name} &amp; more" in text or f"https://shop.example/{name}?" in text}
    assert named or not outputs
