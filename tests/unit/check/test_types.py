"""A value is used as what it is: dates as dates, numbers as numbers, lists as lists."""

from __future__ import annotations

import pytest

WRONG = [
    ("liquid", "", "{{ city | date: '%Y' }}"),
    ("liquid", "", "{{ city | times: 2 }}"),
    ("liquid", "", "{{ 2 | times: city }}"),
    ("liquid", "", "{% assign i = recommended | first %}{{ i.price | date: '%Y' }}"),
    ("liquid", "", "{% assign n = city %}{{ n | plus: 1 }}"),
    ("liquid", "", "{% if city > 5 %}x{% endif %}"),
    ("liquid", "", "{% if orders == '3' %}x{% endif %}"),
    ("liquid", "customerio", "{{ city | currency }}"),
    ("liquid", "customerio", "{{ city | add_day: 3 }}"),
    ("liquid", "customerio", "{{ city | array_to_sentence_string }}"),
    ("liquid", "braze", "{{ ${city} | time_zone: 'Europe/Berlin' | date: '%H' }}"),
    ("liquid", "braze", "{{ ${city} | money }}"),
    ("handlebars", "sendgrid", "{{formatDate city 'D'}}"),
    ("handlebars", "sendgrid", "{{#greaterThan city 3}}x{{/greaterThan}}"),
    ("mailchimp", "", "*|IF:CITY > 5|*x*|END:IF|*"),
    ("jinja", "", "{{ city|round }}"),
    ("jinja", "", "{{ city|strftime('%Y') }}"),
    ("jinja", "", "{{ 2 * (city / 3) }}"),
    ("jinja", "", "{{ city|sum }}"),
    ("jinja", "", "{% set n = city %}{{ n|abs }}"),
    ("ampscript", "", "%%=FormatDate(city, 'd')=%%"),
    ("ampscript", "", "%%=Add(city, 1)=%%"),
    ("ampscript", "", "%%=Add(1, city)=%%"),
    ("ampscript", "", "%%=DateAdd(Now(), city, 'D')=%%"),
    ("ampscript", "", "%%[ SET @c = city ]%%%%=FormatNumber(@c, 'N2')=%%"),
]
RIGHT = [
    ("liquid", "", "{{ since | date: '%Y' | plus: 1 }}"),
    ("liquid", "", "{{ city | size | plus: 1 }}{{ city.size | plus: 1 }}"),
    ("liquid", "", "{{ orders | plus: spent | round }}"),
    ("liquid", "", "{{ recommended | map: 'price' | join: ', ' }}"),
    ("liquid", "", "{% if since > '2026-05-01' %}x{% endif %}"),
    ("liquid", "customerio", "{{ since | add_month: 1 | date: '%Y' }}{{ spent | currency | titlecase }}"),
    ("liquid", "braze", "{{ ${since} | time_zone: 'Europe/Berlin' | date: '%H' }}{{ ${spent} | money }}"),
    ("handlebars", "sendgrid", "{{formatDate since 'D'}}{{#greaterThan orders 3}}x{{/greaterThan}}"),
    ("mailchimp", "", "*|IF:ORDERS > 5|*x*|END:IF|*"),
    ("jinja", "", "{{ since|strftime('%Y')|upper }}{{ (orders / 2)|round }}{{ city|length / 2 }}{{ city|int|abs }}"),
    ("jinja", "", "{{ recommended|map(attribute='price')|sum|round }}{{ recommended|length|round }}"),
    ("ampscript", "", "%%=FormatDate(DateAdd(since, orders, 'D'), 'd')=%%%%=Add(Length(city), 1)=%%"),
    ("ampscript", "", "%%[ IF Length(city) > 3 THEN ]%%x%%[ ENDIF ]%%%%=IIf(IndexOf(city, 'a') > 0, 'x', 'y')=%%"),
    ("jinja", "", "{% if city|length > 3 %}x{% endif %}{{ 'x' if tier|int > 3 else 'y' }}"),
    ("liquid", "", "{% assign n = city | size %}{% if n > 3 %}x{% endif %}"),
    ("liquid", "", "{% assign words = city | split: ' ' %}{% if words.size > 1 %}x{% endif %}"),
]


@pytest.mark.parametrize(("language", "dialect", "body"), WRONG)
def test_a_function_that_the_type_does_not_fit_is_an_error(check, language, dialect, body):
    assert [(each.code, each.severity) for each in check(body, language, dialect)] == [("wrong-type", "error")]


@pytest.mark.parametrize(("language", "dialect", "body"), RIGHT)
def test_what_fits_is_in_order_also_behind_functions_that_change_the_type(codes, language, dialect, body):
    assert codes(body, language, dialect) == []


def test_the_function_is_named_as_its_language_writes_it(check):
    (found,) = check("%%=FORMATDATE(city, 'd')=%%", "ampscript")
    assert found.what == "`FormatDate` needs a date, `city` is text"
