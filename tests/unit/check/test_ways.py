"""A variable set on some ways through a template hides no field on the others."""

from __future__ import annotations

import pytest

ON_SOME_WAYS = [
    ("liquid", "{% if tier == 'a' %}{% assign first_name = 'you' %}{% endif %}{{ first_name }}"),
    ("liquid", "{% if tier == 'a' %}{% assign first_name = 'you' %}{% else %}{{ first_name }}{% endif %}"),
    ("liquid", "{% case tier %}{% when 'a' %}{% assign first_name = 'you' %}{% endcase %}{{ first_name }}"),
    ("liquid", "{% for i in recommended %}{% assign first_name = 'you' %}{% endfor %}{{ first_name }}"),
    ("jinja", "{% if tier == 'a' %}{% set first_name = 'you' %}{% endif %}{{ first_name }}"),
]
ON_ALL_WAYS = [
    "{% if tier == 'a' %}{% assign first_name = 'x' %}{% else %}{% assign first_name = 'y' %}{% endif %}"
    "{{ first_name }}",
    "{% case tier %}{% when 'a' %}{% assign first_name = 'x' %}{% else %}{% assign first_name = 'y' %}{% endcase %}"
    "{{ first_name }}",
    "{% assign n = 'x' %}{% if tier == 'a' %}{% assign n = 'y' %}{% endif %}{{ n }}",
]


@pytest.mark.parametrize(("language", "body"), ON_SOME_WAYS)
def test_a_field_is_read_where_its_variable_may_not_be_set(codes, language, body):
    assert codes(body, language) == ["no-fallback"]


@pytest.mark.parametrize("body", ON_ALL_WAYS)
def test_a_variable_that_is_set_on_every_way_is_no_field(codes, body):
    assert codes(body) == []


def test_a_variable_set_on_one_way_needs_no_field(codes):
    assert codes("{% if tier == 'a' %}{% assign badge = 'gold' %}{% endif %}{% if badge %}{{ badge }}{% endif %}") == []


def test_what_a_variable_was_set_to_in_one_arm_is_not_read_in_the_next(codes):
    body = "{% if tier == 'a' %}{% assign n = first_name %}{% else %}{% assign n = city %}{{ n }}{% endif %}"
    assert codes(body) == []


def test_behind_a_choice_a_variable_is_what_either_arm_made_it(codes):
    body = "{% if tier == 'a' %}{% assign n = city %}{% else %}{% assign n = first_name %}{% endif %}{{ n }}"
    assert codes(body) == ["no-fallback"]


def test_more_variables_than_are_told_apart_are_put_together(codes):
    many = "".join(f"{{% assign v{at} = city %}}" for at in range(400))
    body = many + "{% assign n = first_name %}{% if tier == 'a' %}{% assign n = city %}{% endif %}{{ n }}"
    assert codes(body) == ["no-fallback"]
