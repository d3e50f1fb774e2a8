"""Customer.io's Liquid, as docs.customer.io has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


def customerio(
    template: str, data: Mapping[str, object] | None = None, templates: Mapping[str, str] | None = None
) -> str:
    return compile_template(template, dialect="customerio").render(data or {}, now=NOW, templates=templates)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ 10 | currency: "en-us" }}', "$10.00"),
        ("{{ 1234567.896 | currency }} {{ -5 | currency }}", "$1,234,567.90 -$5.00"),
        ("{{ 1234567.896 | currency: 'en-GB' }}", "£1,234,567.90"),
        ("{{ 1234567.896 | currency: 'en', 'EUR' }}", "€1,234,567.90"),
        ("{{ 1234567.896 | rounded_currency: 'en', 'EUR' }}", "€1,234,568"),
        ("{{ 'soon' | currency }}", "soon"),
        ("{{ 10000 | format_number }} {{ 1.5 | format_number: 'de' }}", "10,000 1,5"),
        ("{{ 10 | divided_by: 2.0 }} {{ 7 | divided_by: 2 }} {{ 1.5 | times: 2 }}", "5 3 3"),
        ("{{ 3 | pluralize: 'item', 'items' }} {{ 1 | pluralize: 'item', 'items' }}", "3 items 1 item"),
        ("{{ 'a tale of two' | titlecase }}", "A Tale Of Two"),
        ("{{ 'a,b,c' | split: ',' | array_to_sentence_string: 'or' }}", "a, b, or c"),
        ("{{ 'overview: account' | cgi_escape }}", "overview%3A+account"),
        ("{{ 1483272000 | date: '%H:%M, %a, %b %d, %Y' }}", "12:00, Sun, Jan 01, 2017"),
        ("{{ 1483272000 | date: '%H:%M', 'America/New_York' }} {{ 1483272000 | date: '%H:%M', 360 }}", "07:00 06:00"),
        ("{{ 1483272000 | timezone: 'Asia/Tokyo' | date: '%H:%M' }}", "21:00"),
        ("{{ 1485864000 | add_month: 1 | date: '%F' }}", "2017-02-28"),
        ("{{ 'now' | date: '%s' | plus: 0 | subtract_day: 5 | date: '%F' }}", "2026-02-27"),
        ("{% assign v = '{\"a\": 1}' | from_json %}{{ v.a }}", "1"),
        ("{{ 'a b c' | split: ' ' | limit: 2 | join }}", "a b"),
        ("{% assign g = rows | group_by: 'k' %}{{ g[0].name }}{{ g[0].items.size }}", "x2"),
    ],
)
def test_filters_give_what_their_page_says(template: str, text: str) -> None:
    assert customerio(template, {"rows": [{"k": "x"}, {"k": "y"}, {"k": "x"}]}) == text


def test_a_missing_value_fails_the_message_unless_something_stands_in() -> None:
    template = "Hi {{ customer.name | default: 'there' }}{% if customer.city %} in {{ customer.city }}{% endif %}"
    assert customerio(template) == "Hi there"
    with pytest.raises(TemplateError, match="nothing stands in for it"):
        customerio("Hi {{ customer.name | upcase }}")


def test_a_variable_or_a_loop_s_item_may_be_nothing() -> None:
    template = "{% assign a = customer.x %}{{ a }}{% for i in event.l %}{{ i.n }}.{% endfor %}"
    assert customerio(template, {"event": {"l": [{}]}}) == "."


def test_a_snippet_stands_in_its_place_and_sees_the_data_only() -> None:
    templates = {"foot er": "{{ mine }}{{ customer.id }}"}
    text = customerio('{% assign mine = 1 %}{{ snippets["foot er"] }}', {"customer": {"id": 7}}, templates)
    assert text == "7"


def test_addresses_are_those_livemerge_gives() -> None:
    data = {"unsubscribe_url": "https://u.example/?a=1&b=2", "view_url": "v", "preferences_url": "p"}
    template = "{% unsubscribe_url %} {% view_in_browser_url %} {% manage_subscription_preferences_url %}"
    assert customerio(template, data) == "https://u.example/?a=1&amp;b=2 v p"
    assert compile_template(template, dialect="customerio").fields == set(data)


def test_a_link_is_its_address() -> None:
    data = {"customer": {"id": "a&b"}}
    assert (
        customerio("{% cio_link url:https://x.example/{{customer.id}} track:true %}", data)
        == "https://x.example/a&amp;b"
    )
    assert customerio('{% cio_link url:"https://x.example/" url_params:false %}') == "https://x.example/"


@pytest.mark.parametrize("tag", ["countdown point:64", "generate_uuid", "random 3", "render_liquid customer.text"])
def test_what_only_customerio_fills_is_a_finding_and_no_silent_gap(tag: str) -> None:
    template = compile_template("{% " + tag + " %}", dialect="customerio")
    assert [found.code for found in template.findings] == ["unsupported-tag"]
    with pytest.raises(TemplateError):
        template.render({})


@pytest.mark.parametrize(
    "call",
    [
        "currency: 'xx-yy'",
        "date: '%F', 'Nowhere/City'",
        "date: '%F', 9999",
        "add_year: 90000",
        "append: 'x' | hex_base64",
    ],
)
def test_arguments_that_mean_nothing_are_mistakes(call: str) -> None:
    with pytest.raises(TemplateError):
        customerio("{{ 1483272000 | " + call + " }}")


def test_where_a_filter_names_no_locale_the_messages_counts() -> None:
    amounts = "{{ 1234.5 | currency }} {{ 1234.5 | rounded_currency: nil, 'USD' }} {{ 1234.5 | format_number }}"
    german = compile_template(amounts, dialect="customerio", locale="de-DE").render({}, now=NOW)
    assert german == "1.234,50 € 1.235 $ 1.234,5"
    named = compile_template("{{ 1234.5 | currency: 'en-GB' }}", dialect="customerio", locale="de-DE")
    assert named.render({}, now=NOW) == "£1,234.50"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ snippets.sign | upcase }}", "ADA"),
        ("{% assign s = snippets['sign'] | append: '!' %}{{ s }}", "Ada!"),
        ("{{ event.snippets.sign }}{{ 'snippets.sign' }}", "datasnippets.sign"),
    ],
)
def test_a_snippet_may_be_worked_on(template: str, text: str) -> None:
    compiled = compile_template(template, dialect="customerio")
    data = {"customer": {"name": "Ada"}, "event": {"snippets": {"sign": "data"}}}
    assert compiled.render(data, templates={"sign": "{{ customer.name }}"}) == text


def test_a_snippet_is_never_taken_for_a_field() -> None:
    with pytest.raises(TemplateError, match="stored text"):
        compile_template("{% if snippets.sign == 'x' %}{% endif %}", dialect="customerio")
