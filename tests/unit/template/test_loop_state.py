"""What a template may ask of the loop it is in, however the loop keeps it."""

from __future__ import annotations

import pytest

from livemerge.template import compile as compile_template

ALL = ["index", "index0", "rindex", "rindex0", "first", "last", "length"]


def rendered(source: str, templates: dict[str, str] | None = None) -> str:
    return compile_template(source, templates=templates).render({"x": ["a", "b", "c"], "y": ["d", "e"]})


@pytest.mark.parametrize("name", ALL)
def test_a_position_says_the_same_as_a_whole_state(name: str) -> None:
    asked = f"{{{{ forloop.{name} }}}}{{% if forloop.{name} == true %}}!{{% endif %}},"
    alone = f"{{% for a in x %}}{asked}{{% endfor %}}"
    with_state = f"{{% for a in x %}}{asked}{{% if forloop.name == 0 %}}{{% endif %}}{{% endfor %}}"

    assert rendered(alone) == rendered(with_state) != ""


def test_the_inner_loop_knows_the_outer_one() -> None:
    source = (
        "{% for a in x %}{{ forloop.index }}:"
        "{% for b in y %}{{ forloop.parentloop.index }}{{ forloop.index }} {% endfor %}{{ forloop.last }};{% endfor %}"
    )
    assert rendered(source) == "1:11 12 false;2:21 22 false;3:31 32 true;"


def test_positions_of_nested_loops_do_not_mix() -> None:
    inner = "{% for b in y %}{{ forloop.rindex }}{% endfor %}"
    source = f"{{% for a in x %}}{{{{ forloop.index }}}}{inner}{{{{ forloop.length }}}} {{% endfor %}}"
    assert rendered(source) == "1213 2213 3213 "


def test_an_included_template_sees_the_loop_around_it() -> None:
    assert rendered("{% for a in x %}{% include 'p' %}{% endfor %}", {"p": "{{ forloop.index }}"}) == "123"


def test_a_part_of_a_list_counts_from_one() -> None:
    source = "{% for a in x limit: 2 offset: 1 reversed %}{{ forloop.index }}{{ a }}{{ forloop.rindex0 }} {% endfor %}"
    assert rendered(source) == "1c1 2b0 "


def test_a_variable_may_take_the_loops_name() -> None:
    assert rendered("{% for forloop in x %}{{ forloop.index }}{% endfor %}") == "123"


JINJA = ["index", "index0", "revindex", "revindex0", "first", "last", "length"]


@pytest.mark.parametrize("name", JINJA)
@pytest.mark.parametrize("items", [["a", "b", "c"], "xyz", {"k": 1, "l": 2}, []])
def test_a_position_of_jinja_says_the_same_as_its_whole_state(name: str, items: object) -> None:
    asked = f"{{{{ loop.{name} }}}}{{% if loop['{name}'] == 1 %}}!{{% endif %}},"
    alone = f"{{% for a in x %}}{asked}{{% endfor %}}"
    with_state = f"{{% for a in x %}}{asked}{{% if loop.previtem is none %}}{{% endif %}}{{% endfor %}}"
    one, other = (compile_template(source, "jinja").render({"x": items}) for source in (alone, with_state))

    assert one == other
    assert bool(one) is bool(items)


def test_a_step_behind_a_position_of_jinja_is_nothing() -> None:
    assert compile_template("{% for a in x %}[{{ loop.first.b }}]{% endfor %}", "jinja").render({"x": [1]}) == "[]"
