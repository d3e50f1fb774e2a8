"""What a template's author reads when something is wrong."""

from __future__ import annotations

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template


def error_of(source: str, **options: object) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        compile_template(source, name="welcome.liquid.html", **options)  # type: ignore[arg-type]
    return caught.value


def test_an_error_points_at_the_word_that_is_wrong() -> None:
    error = error_of("Hello\n  {{ user.name | }}\n")

    assert (error.line, error.column) == (2, 18)
    assert error.caret == "    {{ user.name | }}\n                   ^"
    assert str(error).startswith("welcome.liquid.html:2:18: expected a name, found the end of the tag")


def test_a_block_that_is_never_closed_is_shown_where_it_opens() -> None:
    error = error_of("a\n{% if a %}\n{% for x in y %}{% endfor %}")

    assert (error.line, error.column) == (2, 1)
    assert "`if` is never closed" in error.what
    assert "endif" in error.advice


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("{% endif %}", "`endif` stands outside `if`"),
        ("{{ a", "`{{` is not closed"),
        ("{% if %}x{% endif %}", "`if` has no condition"),
        ("{% if a = 1 %}x{% endif %}", "`=` does not compare"),
        ("{% if a is 1 %}x{% endif %}", "unknown operator `is`"),
        ("{% for a of b %}{% endfor %}", "`for` needs `in`"),
        ("{% for a in b cols: 2 %}{% endfor %}", "unknown argument `cols`"),
        ("{% assign 1 + 1 %}", "`assign` needs a name and a value"),
        ("{% render name %}", "`render` needs a name in quotes"),
    ],
)
def test_each_mistake_is_named(source: str, what: str) -> None:
    assert what in error_of(source).what


def test_lines_count_from_where_the_part_stands_in_its_file() -> None:
    assert error_of("\n{{ a", first_line=10).line == 11


def test_a_long_line_is_cut_around_the_place() -> None:
    error = error_of("x" * 5_000 + "{{ a | }}" + "y" * 5_000)

    assert len(error.caret.splitlines()[0]) < 120
    assert error.caret.splitlines()[1].strip() == "^"


def test_an_unknown_filter_is_a_finding_with_the_nearest_name_and_stops_only_its_place() -> None:
    template = compile_template("{% if b %}{{ a | upcas }}{% endif %}ok")
    (finding,) = template.findings

    assert (finding.code, finding.severity, finding.line) == ("unknown-filter", "error", 1)
    assert finding.advice == "Did you mean `upcase`?"
    assert template.render({"b": None}) == "ok"
    with pytest.raises(TemplateError, match="unknown filter `upcas`"):
        template.render({"b": 1, "a": "x"})


def test_an_unknown_tag_is_a_finding_and_its_end_is_no_second_one() -> None:
    template = compile_template("{% form 'x' %}inside{% endform %}")

    assert [finding.what for finding in template.findings] == ["unknown tag `form`"]
    with pytest.raises(TemplateError, match="unknown tag `form`"):
        template.render({})


def test_a_misspelt_part_of_a_tag_is_told_the_nearest() -> None:
    (finding,) = compile_template("{% if a %}{% elseif b %}{% endif %}").findings
    assert finding.advice == "Did you mean `elsif`?"


def test_an_end_without_a_start_points_at_the_misspelt_start() -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template("{% iff a %}{% endif %}")
    assert caught.value.advice == "Write `if` for `iff` before it."


def test_a_rendering_error_points_at_the_template() -> None:
    template = compile_template("a\nb {{ price | divided_by: count }}", name="offer")
    with pytest.raises(TemplateError) as caught:
        template.render({"price": 3, "count": 0})

    assert (caught.value.where, caught.value.line) == ("offer", 2)
    assert caught.value.what == "divided by 0"


def test_no_data_is_in_an_error() -> None:
    template = compile_template("{{ a | date: '%Y' | base64_decode }}")
    with pytest.raises(TemplateError) as caught:
        template.render({"a": "anna@example.org"})

    assert "anna" not in str(caught.value)


def test_lenient_reading_skips_what_it_does_not_understand() -> None:
    assert compile_template("{{ a ! b }}", strict=False).render({"a": "x"}) == "x"
    assert "unexpected" in error_of("{{ a ! b }}").what


def test_an_unknown_language_is_answered_with_the_nearest() -> None:
    with pytest.raises(TemplateError, match="Did you mean `liquid`"):
        compile_template("x", "liqiud")


def test_half_a_character_is_refused_where_it_stands() -> None:
    error = error_of("ab\ud800")

    assert (error.line, error.column) == (1, 3)
