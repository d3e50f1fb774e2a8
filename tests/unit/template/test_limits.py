"""Nothing makes a rendering endless, huge or deep: each limit is a TemplateError that names itself."""

from __future__ import annotations

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template


def refused(source: str, data: dict[str, object] | None = None, templates: dict[str, str] | None = None) -> str:
    with pytest.raises(TemplateError) as caught:
        compile_template(source).render(data or {}, templates=templates)
    return caught.value.what


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("{% for i in (1..1000000000) %}x{% endfor %}", "10000000 units of work: loops"),
        ("{% for i in (1..1000) %}{% for j in (1..1000) %}x{% endfor %}{% endfor %}", "10000000 units of work: loops"),
        ("{% for i in (1..99999) %}" + "y" * 100 + "{% endfor %}", "2097152 characters"),
        ("{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a | append: a %}" * 20, "524288 characters"),
        ("{% assign a = 'xxxxxxxxxx' %}" + "{% capture a %}{{ a }}{{ a }}{{ a }}{% endcapture %}" * 20, "characters"),
        ("{% assign a = 'x' %}" + "{% assign a = a | replace: 'x', 'xxxxxxxxxx' %}" * 9, "524288 characters"),
        ("{% assign a = 99999 %}" + "{% assign a = a | times: a %}" * 12, "400 digits"),
        ("{{ (1..1000000) | join: ',' }}", "100000 numbers"),
        (
            "{% assign b = '' | split: '' %}{% assign a = (1..60000) | concat: b %}"
            "{{ a | concat: a | concat: a | size }}",
            "100000 items",
        ),
    ],
)
def test_growth_is_bounded(source: str, named: str) -> None:
    assert named in refused(source)


def test_a_long_range_is_not_gone_through_for_a_number_in_it() -> None:
    source = "{% if (1..n) contains 'x' %}A{% elsif (1..n) contains 7.5 %}B{% endif %}"
    assert compile_template(source).render({"n": 1_000}) == "B"
    assert "units of work" in refused(source, {"n": 10**18})


def test_a_long_value_written_often_is_bounded() -> None:
    assert "characters" in refused("{{ a }}" * 3_000, {"a": "x" * 100_000})


def test_templates_that_include_each_other_end() -> None:
    assert "deeper than 20" in refused("{% render 'a' %}", templates={"a": "{% render 'a' %}"})
    assert "deeper than 20" in refused(
        "{% include 'a' %}", templates={"a": "{% include 'b' %}", "b": "{% include 'a' %}"}
    )


@pytest.mark.parametrize("depth", [30, 85])
def test_nested_tags_compile(depth: int) -> None:
    source = "{% if a %}" * depth + "x" + "{% endif %}" * depth

    assert compile_template(source).render({"a": 1}) == "x"


@pytest.mark.parametrize(
    "source",
    [
        "{% if a %}" * 500 + "{% endif %}" * 500,
        "{% for a in b %}" * 18 + "{% endfor %}" * 18,
        "{{ " + "a[" * 2_000 + "0" + "]" * 2_000 + " }}",
        "{{ a" + " | upcase" * 3_000 + " }}",
        "{% if a" + " and a or a" * 3_000 + " %}{% endif %}",
        "{% capture a %}" * 300 + "{% endcapture %}" * 300,
        "{% comment %}" * 10_000,
        "x" * 1_100_000,
    ],
)
def test_what_is_too_deep_or_too_long_is_refused_when_compiling(source: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(source)


@pytest.mark.parametrize("step", [".b", "[b]", "['b']", "[0]"])
def test_a_path_of_endless_steps_is_refused_at_its_place(step: str) -> None:
    assert "more than 50 steps" in refused("{{ a" + step * 20_000 + " }}")
    assert compile_template("{{ a" + step * 50 + " }}").render({}) == ""


def test_deep_data_is_refused_or_printed_but_never_crashes() -> None:
    deep: object = "x"
    for _ in range(5_000):
        deep = [deep]

    assert "deep" in refused("{{ a }}", {"a": deep})
    assert "deep" in refused("{{ a | uniq }}", {"a": deep})
    assert refused("{{ a | json }}", {"a": deep})


def test_many_unclosed_tags_in_data_take_no_longer_than_their_length() -> None:
    assert compile_template("{{ a | strip_html | size }}").render({"a": "<script" * 100_000}) == "700000"


def test_long_odd_dates_are_left_alone() -> None:
    assert compile_template("{{ a | date: '%Y' }}").render({"a": "1" * 10_000}) == "1" * 10_000


def test_widths_of_dates_are_bounded() -> None:
    assert len(compile_template("{{ 'now' | date: '%9999d' }}").render({})) <= 40
