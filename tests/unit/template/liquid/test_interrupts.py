"""What a loop had written before it was left stays written, as in Ruby."""

from __future__ import annotations

import pytest

from livemerge.template import compile as compile_template


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            "{% for i in c %}{% ifchanged %}{{ i }}{% if i > 1 %}{% break %}{% endif %}.{% endifchanged %}{% endfor %}",
            "1.2",
        ),
        ("{% for i in c %}{% ifchanged %}{{ i }}{% continue %}x{% endifchanged %}y{% endfor %}", "123"),
        ("t{% ifchanged %}a{% break %}b{% endifchanged %}c", "ta"),
        ("{% for i in c %}{% capture x %}{{ i }}{% break %}{% endcapture %}{% endfor %}{{ x }}", "1"),
    ],
)
def test_an_interrupt_leaves_after_what_was_written(template: str, text: str) -> None:
    assert compile_template(template).render({"c": [1, 2, 3]}) == text
