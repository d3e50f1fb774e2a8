"""Texts put together of several values: each of them is printed, and stands where the whole says."""

from __future__ import annotations

import pytest

GAPS = [
    ("liquid", "{{ 'Dear ' | append: first_name }}"),
    ("liquid", "{{ '!' | prepend: first_name }}"),
    ("liquid", "{{ 'Dear NAME' | replace: 'NAME', first_name }}"),
    ("liquid", "{% assign u = 'https://x.example/' | append: first_name %}<a href=\"{{ u }}\">x</a>"),
    ("liquid", "{% assign u = 'https://x.example/' | append: first_name %}{% if u %}{{ u }}{% endif %}"),
    ("liquid", "{{ 'Dear ' | append: first_name | default: 'you' }}"),
    ("ampscript", "%%=Concat('Dear ', first_name)=%%"),
    ("ampscript", "%%[ SET @n = Concat('Dear ', first_name) ]%%%%=v(@n)=%%"),
    ("jinja", "{{ 'Dear ' ~ first_name }}"),
    ("jinja", "{{ 'Dear ' + first_name }}"),
    ("jinja", "{{ 'Dear %s' % first_name }}"),
    ("jinja", "{{ 'Dear %s'|format(first_name) }}"),
]
FILLED = [
    ("liquid", "{% assign n = first_name | default: 'you' %}{{ 'Dear ' | append: n }}"),
    ("liquid", "{% if first_name %}{{ 'Dear ' | append: first_name }}{% endif %}"),
    ("liquid", "{% assign n = first_name | append: nickname %}{% if n != blank %}{{ n }}{% endif %}"),
    ("ampscript", "%%=Concat('Dear ', IIf(Empty(first_name), 'you', first_name))=%%"),
    ("jinja", "{{ 'Dear ' ~ (first_name or 'you') }}"),
]
QUERIES = [
    ("liquid", "{% assign u = 'https://x.example/?q=' | append: city %}<a href=\"{{ u }}\">x</a>"),
    ("liquid", "<a href=\"{{ city | prepend: 'https://x.example/?q=' }}\">x</a>"),
    ("liquid", "<a href=\"{{ shop | append: '?q=' | append: city }}\">x</a>"),
    ("liquid", "<a href=\"{{ 'https://x.example/?q=C' | replace: 'C', city }}\">x</a>"),
    ("ampscript", "<a href=\"%%=Concat('https://x.example/?q=', city)=%%\">x</a>"),
    ("jinja", "<a href=\"{{ 'https://x.example/?q=' ~ city }}\">x</a>"),
]
ENCODED = [
    "{% assign c = city | url_encode %}{% assign u = 'https://x.example/?q=' | append: c %}<a href=\"{{ u }}\">x</a>",
    "{% assign u = 'https://x.example/' | append: city %}<a href=\"{{ u }}\">x</a>",
    "{% assign u = 'https://x.example/?n=' | append: orders %}<a href=\"{{ u }}\">x</a>",
]


@pytest.mark.parametrize(("language", "body"), GAPS)
def test_a_value_put_into_a_text_may_be_missing_there(codes, language, body):
    assert "no-fallback" in codes(body, language)


@pytest.mark.parametrize(("language", "body"), FILLED)
def test_a_value_that_is_there_before_it_is_put_into_a_text_is_in_order(codes, language, body):
    assert not {"no-fallback", "weak-guard"} & set(codes(body, language))


@pytest.mark.parametrize(("language", "body"), QUERIES)
def test_a_value_put_behind_a_question_mark_wants_to_be_encoded(codes, language, body):
    assert codes(body, language) == ["unencoded-url"]


@pytest.mark.parametrize("body", ENCODED)
def test_a_value_in_an_address_that_is_encoded_or_needs_none_is_in_order(codes, body):
    assert codes(body) == []


def test_a_text_that_begins_an_address_may_be_any_address(codes):
    assert codes("<a href=\"{{ '?x=1' | prepend: city }}\">x</a>") == ["unchecked-link"]


def test_a_number_put_into_a_text_is_compared_as_text(codes):
    assert codes("{% assign n = 'no. ' | append: orders %}{% if n == 'no. 5' %}x{% endif %}") == []


def test_a_list_made_longer_is_still_a_list_of_items(codes):
    body = "{% assign all = recommended | concat: recommended %}{% for i in all %}{{ i.price }}{% endfor %}"
    assert codes(body) == []
