"""A trace says which value stands where and which way each condition went."""

from __future__ import annotations

from livemerge.template import compile as compile_template

SOURCE = """Hello {{ name | upcase }},
{% if orders > 3 %}thanks{% elsif city %}in {{ city }}{% else %}welcome{% endif %}
{% for p in products %}{{ p.title }};{% endfor %}"""
DATA = {"name": "A&B", "orders": 1, "city": "Köln", "products": [{"title": "x"}, {"title": "y"}]}


def test_the_text_of_a_trace_is_what_is_rendered() -> None:
    template = compile_template(SOURCE)

    assert template.trace(DATA).text == template.render(DATA)


def test_each_value_is_found_where_it_stands() -> None:
    trace = compile_template(SOURCE).trace(DATA)
    shown = [(value.expression, trace.text[value.start : value.end], value.line) for value in trace.values]

    assert shown == [("name | upcase", "A&amp;B", 1), ("city", "Köln", 2), ("p.title", "x", 3), ("p.title", "y", 3)]
    assert trace.values[0].paths == ("name",)


def test_each_condition_that_was_looked_at_tells_its_way() -> None:
    trace = compile_template(SOURCE).trace(DATA)

    assert [(branch.condition, branch.is_taken) for branch in trace.branches] == [("orders > 3", False), ("city", True)]


def test_unless_is_told_as_what_it_tests() -> None:
    trace = compile_template("{% unless a %}x{% endunless %}").trace({"a": 1})

    assert [(branch.condition, branch.is_taken) for branch in trace.branches] == [("not (a)", False)]


def test_a_captured_text_is_one_value_where_it_is_written() -> None:
    trace = compile_template("{% capture c %}<{{ a }}>{% endcapture %}[{{ c }}]").trace({"a": "x"})

    assert [(value.expression, trace.text[value.start : value.end]) for value in trace.values] == [("c", "<x>")]


def test_mailchimp_conditions_are_told_as_written() -> None:
    trace = compile_template("*|IF:AGE >= 18|*a*|ELSE:|*b*|END:IF|*", "mailchimp").trace({"AGE": 20})

    assert [(branch.condition, branch.is_taken) for branch in trace.branches] == [("IF:AGE >= 18", True)]


def test_values_of_rendered_templates_are_found_too() -> None:
    trace = compile_template("a{% render 'p' %}").trace({"x": "1"}, templates={"p": "b{{ x }}"})

    assert trace.text == "ab1"
    assert [trace.text[value.start : value.end] for value in trace.values] == ["1"]


def test_values_of_templates_inside_a_capture_count_as_that_capture() -> None:
    partials = {"p": "<{{ x }}{% render 'q' %}>", "q": "{{ x }}"}
    trace = compile_template("a{% capture c %}{% render 'p' %}{% endcapture %}{{ c }}").trace(
        {"x": "1"}, templates=partials
    )

    assert [(value.expression, trace.text[value.start : value.end]) for value in trace.values] == [("c", "<11>")]
