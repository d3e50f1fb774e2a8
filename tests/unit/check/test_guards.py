"""A field is guarded when every path to its use has tested it, whatever the language calls a test."""

from __future__ import annotations

import pytest

GUARDED = [
    ("liquid", "{% if first_name %}{{ first_name }}{% endif %}"),
    ("liquid", "{% unless first_name %}x{% else %}{{ first_name }}{% endunless %}"),
    ("liquid", "{% if first_name == blank %}x{% else %}{{ first_name }}{% endif %}"),
    ("liquid", "{% unless first_name == nil or tier == 'a' %}{{ first_name }}{% endunless %}"),
    ("liquid", "{% if tier == 'a' and first_name %}{{ first_name }}{% endif %}"),
    ("liquid", "{% if first_name == 'Ann' or first_name == 'Ben' %}{{ first_name }}{% endif %}"),
    ("liquid", "{% if first_name.size > 0 %}{{ first_name }}{% endif %}"),
    ("liquid", "{% if tier == 'a' %}x{% elsif first_name %}{{ first_name }}{% endif %}"),
    ("liquid", "{% case first_name %}{% when 'Ann', 'Ben' %}{{ first_name }}{% endcase %}"),
    ("liquid", "{{ first_name | default: 'there' }}"),
    ("liquid", "{% assign n = first_name | default: 'there' %}{{ n }}"),
    ("liquid", "{% assign n = first_name %}{% if n %}{{ n }}{{ first_name }}{% endif %}"),
    ("liquid", "{% assign n = first_name %}{% unless n %}{% assign n = 'there' %}{% endunless %}{{ n }}"),
    ("liquid", "{% if FNAME %}{{ user.first_name }}{% endif %}"),
    ("liquid", "{% for i in recommended %}{% if i.title %}{{ i.title }}{% endif %}{% endfor %}"),
    ("liquid", "{% for i in recommended %}{% unless i.title %}{% continue %}{% endunless %}{{ i.title }}{% endfor %}"),
    ("liquid", "{% for i in recommended %}{% if i.title == nil %}{% break %}{% endif %}{{ i.title }}{% endfor %}"),
    ("handlebars", "{{#if first_name}}{{first_name}}{{/if}}"),
    ("handlebars", "{{#unless first_name}}x{{else}}{{first_name}}{{/unless}}"),
    ("handlebars", "{{#first_name}}{{first_name}}{{/first_name}}"),
    ("handlebars", "{{#each recommended}}{{#if title}}{{title}}{{/if}}{{/each}}"),
    ("jinja", "{% if first_name is defined %}{{ first_name }}{% endif %}"),
    ("jinja", "{% if not first_name %}x{% else %}{{ first_name }}{% endif %}"),
    ("jinja", "{{ first_name or 'there' }}{{ first_name|default('there') }}"),
    ("mailchimp", "*|IF:FNAME|**|FNAME|**|END:IF|*"),
    ("mailchimp", "*|IFNOT:FNAME|*x*|ELSE:|**|FNAME|**|END:IF|*"),
    ("mailchimp", "*|IF:FNAME=Ann|**|FNAME|**|END:IF|*"),
    ("ampscript", "%%[ IF NOT Empty(first_name) THEN ]%%%%first_name%%%%[ ENDIF ]%%"),
    ("ampscript", "%%[ IF Empty(first_name) THEN ]%%x%%[ ELSE ]%%%%first_name%%%%[ ENDIF ]%%"),
    ("ampscript", "%%[ SET @n = first_name IF Empty(@n) THEN SET @n = 'there' ENDIF ]%%%%=v(@n)=%%"),
    ("ampscript", "%%=IIf(Empty(first_name), 'there', first_name)=%%"),
    ("ampscript", "%%[ IF Empty(first_name) THEN RaiseError('no name', true) ENDIF ]%%%%first_name%%"),
    ("ampscript", "%%=IIf(Empty(first_name), '', first_name)=%%"),
    ("ampscript", "%%[ IF Length(first_name) > 0 THEN ]%%%%first_name%%%%[ ENDIF ]%%"),
    ("ampscript", "%%[ IF IndexOf(first_name, '@') > 0 THEN ]%%%%first_name%%%%[ ENDIF ]%%"),
    ("ampscript", "%%[ IF Length(Trim(first_name)) == 0 THEN RaiseError('no', true) ENDIF ]%%%%first_name%%"),
    ("jinja", "{% if first_name|length > 2 %}{{ first_name }}{% endif %}"),
    ("jinja", "{% if 'x' in first_name %}{{ first_name }}{% endif %}"),
    ("jinja", "{{ first_name if first_name is not none else 'there' }}{{ first_name if first_name }}"),
    ("liquid", "{% assign n = first_name | upcase %}{% if n != '' %}{{ n }}{% endif %}"),
]
OPEN = [
    ("liquid", "{{ first_name }}"),
    ("liquid", "{% if first_name %}x{% endif %}{{ first_name }}"),
    ("liquid", "{% unless first_name %}{{ first_name }}{% endunless %}"),
    ("liquid", "{% if first_name %}x{% else %}{{ first_name }}{% endif %}"),
    ("liquid", "{% if tier == 'a' or first_name %}{{ first_name }}{% endif %}"),
    ("liquid", "{% assign n = first_name %}{% if n %}x{% endif %}{{ n }}"),
    ("liquid", "{% for i in recommended %}{{ i.title }}{% endfor %}"),
    ("liquid", "{% for i in recommended %}{% if i.title %}x{% endif %}{{ i.title }}{% endfor %}"),
    ("liquid", "{% for i in recommended %}{% unless i.title %}x{% endunless %}{{ i.title }}{% endfor %}"),
    ("liquid", "{% if recommended %}{{ recommended[0].title }}{% endif %}"),
    ("liquid", "{% if i.title %}{% for i in recommended %}{{ i.title }}{% endfor %}{% endif %}"),
    ("handlebars", "{{#unless first_name}}{{first_name}}{{/unless}}"),
    ("handlebars", "{{#each recommended}}{{#if title}}x{{/if}}{{title}}{{/each}}"),
    ("jinja", "{% if not first_name %}{{ first_name }}{% endif %}"),
    ("mailchimp", "*|IFNOT:FNAME|**|FNAME|**|END:IF|*"),
    ("mailchimp", "*|IF:CITY=x|**|FNAME|**|END:IF|*"),
    ("ampscript", "%%[ IF Empty(first_name) THEN ]%%%%first_name%%%%[ ENDIF ]%%"),
    ("ampscript", "%%[ SET @n = first_name IF tier == 'a' THEN SET @n = 'there' ENDIF ]%%%%=v(@n)=%%"),
    ("ampscript", "%%=IIf(tier == 'a', first_name, 'there')=%%"),
    ("liquid", "{% assign n = first_name | upcase %}{% if n %}{{ n }}{% endif %}"),  # "" is true in Liquid
    ("liquid", "{% assign n = first_name | strip %}{% unless n == nil %}{{ n }}{% endunless %}"),
    ("liquid", "{% assign n = 'x' %}{% for i in recommended %}{{ n }}{% assign n = i.title %}{% endfor %}"),
    ("jinja", "{{ first_name if tier == 'a' else 'there' }}"),
    ("jinja", "{% set n = first_name|upper %}{% if n is defined %}{{ n }}{% endif %}"),
]


@pytest.mark.parametrize(("language", "body"), GUARDED)
def test_what_was_found_on_every_way_is_guarded(check, language, body):
    found = [finding.code for finding in check(body, language)]
    assert not {"no-fallback", "weak-guard"} & set(found)


@pytest.mark.parametrize(("language", "body"), OPEN)
def test_what_one_way_has_not_found_may_be_missing(codes, language, body):
    assert "no-fallback" in codes(body, language)


@pytest.mark.parametrize(
    ("language", "body"),
    [
        ("liquid", "{% if first_name == 'Ann' %}x{% else %}{{ first_name }}{% endif %}"),
        ("liquid", "{% if first_name or tier == 'a' %}{{ first_name }}{% endif %}"),
        ("ampscript", "%%[ IF first_name != 'Ann' THEN ]%%%%first_name%%%%[ ENDIF ]%%"),
        ("ampscript", "%%=IIf(first_name == 'Ann', 'you', first_name)=%%"),
        ("jinja", "{{ 'you' if first_name == 'Ann' else first_name }}"),
        ("liquid", "{% assign n = first_name | default: 'x' %}{% if n %}{{ first_name }}{% endif %}"),
        ("jinja", "{% set n = first_name or 'x' %}{% if n %}{{ first_name }}{% endif %}"),
        ("jinja", "{% set n = first_name if tier == 'a' else 'x' %}{% if n %}{{ first_name }}{% endif %}"),
        (
            "liquid",
            "{% assign n = 'x' %}{% if tier == 'a' %}{% assign n = first_name %}{% endif %}"
            "{% if n %}{{ first_name }}{% endif %}",
        ),
        (
            "liquid",
            "{% assign n = first_name %}{% for i in recommended %}{% if n %}{{ first_name }}{% endif %}"
            "{% assign n = 'x' %}{% endfor %}",
        ),
    ],
)
def test_a_test_that_a_missing_value_passes_is_a_weak_guard(codes, language, body):
    assert codes(body, language) == ["weak-guard"]


def test_a_comparison_with_empty_text_is_no_guard_where_a_missing_value_is_none(codes):
    assert "no-fallback" in codes("{% if first_name != '' %}{{ first_name }}{% endif %}")


def test_what_was_known_of_a_variable_is_forgotten_when_it_is_set_again(codes):
    body = "{% assign n = city %}{% if n %}{% assign n = first_name %}{{ n }}{% endif %}"
    assert "no-fallback" in codes(body)
