"""Lenient reading gives what Ruby's lax parser gives; each row was checked against Liquid 5.4 on Ruby 3.1."""

from __future__ import annotations

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

DATA = {"a": 1, "b": "x", "c": [1, 2, 3], "h": {"k": "v", "n": {"m": 5}}, "f": False}


def lax(template: str) -> str:
    return compile_template(template, escape=None, strict=False).render(DATA)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ a b }}", "1"),
        ("{{ a..b }}", ""),
        ("{{ 1.2.3 }}|{{ 1. }}", "1.2|1.0"),
        ("{{ h.[k] }}{{ h.['k'] }}", "v"),
        ("{{ @a }}{{ a! }}", "11"),
        ("{{ b | upcase downcase }}", "X"),
        ("{{ b ! upcase }}", "x"),
        ("{{ b | append: a b c | append: b }}", "x1x"),
        ('{{ b | append: "|" }}', "x|"),
        ("{{ b | replace: 'x' 'y' }}", ""),
        ("{% if a = 1 %}Y{% else %}N{% endif %}", "unknown operator `=`"),
        ("{% if a %}Y{% elsif a b a %}N{% endif %}", "Y"),
        ("{% if f and a b a %}Y{% else %}N{% endif %}", "N"),
        ("{% if a and a b a %}Y{% else %}N{% endif %}", "unknown operator `b`"),
        ("{% assign x y = 2 %}{{ y }}{{ x }}", "2"),
        ("{% if a == 1 b %}Y{% endif %}", "Y"),
        ("{% if a && b %}Y{% endif %}", "Y"),
        ("{% if f || b %}Y{% else %}N{% endif %}", "N"),
        ("{% case h=>k %}{% when 'v' %}Y{% endcase %}", "Y"),
        ("{% case 1 %}{% when 2 3, 1 %}Y{% endcase %}", ""),
        ("{% for i in c limit: 2 nonsense offset:1 %}{{ i }}{% endfor %}", "23"),
        ("{% for i in c, reversed %}{{ i }}{% endfor %}", "123"),
        ("{% tablerow i in c cols:2, %}{{ i }}{% endtablerow %}", None),
        ("{% cycle 1 2, 3 %}{% cycle 1 2, 3 %}", "13"),
        ("{% assign x = a | plus 2 %}{{ x }}", "`plus` takes 1 arguments, 0 given"),
        ("{{ b | nobody_knows: 1 | upcase }}", "X"),
        ("{{ '' ' }}", ""),
    ],
)
def test_a_template_reads_as_in_ruby(template: str, text: str | None) -> None:
    if text is None:
        assert lax(template).count("<td") == 3
        return
    try:
        found = lax(template)
    except TemplateError as error:
        found = error.what
    assert found == text


@pytest.mark.parametrize(
    "template",
    [
        "{% for i c %}{% endfor %}",
        "{% if %}{% endif %}",
        "{% render a %}",
        "{% cycle %}",
        "{% raw x %}{% endraw %}",
        "{{ a } and {{ b }}",
        "{{ '}' }}",
    ],
)
def test_what_no_parser_can_read_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        lax(template)


def test_an_unknown_filter_changes_nothing_and_is_told() -> None:
    template = compile_template("{{ b | upcas }}", strict=False)
    assert template.render(DATA) == "x"
    (finding,) = template.findings
    assert (finding.code, finding.severity) == ("unknown-filter", "warning")
    assert "upcase" in finding.advice


@pytest.mark.parametrize("piece", ["[", "]", "'", '"', "|", ",", ":", "(", "a[", "and ", "= ", "'\"", ".."])
def test_long_nonsense_takes_no_long_time(piece: str) -> None:
    text = piece * (4_900 // len(piece))
    for template in (f"{{{{ {text} }}}}", f"{{% if {text} %}}{{% endif %}}", f"{{% for x in {text} %}}{{% endfor %}}"):
        try:
            lax(template)
        except TemplateError as error:
            assert error.line == 1  # it was refused at its place, not given up on


def test_many_mistakes_on_one_long_line_cost_what_each_costs() -> None:
    """A caret is cut out of its line; looking at the whole line for each mistake took minutes."""
    text = "{{ a b }}" * 5_000
    assert lax(text) == "1" * 5_000


def test_an_unknown_operator_is_told_where_nobody_reaches_it() -> None:
    template = compile_template("{% if f and a b c %}Y{% endif %}", strict=False)
    assert template.render(DATA) == ""
    assert [(each.code, each.severity) for each in template.findings] == [("unknown-operator", "error")]
